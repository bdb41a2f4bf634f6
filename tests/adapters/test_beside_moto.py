"""fakeecr and moto in one process: ECR is fakeecr's, everything else is moto's."""

from __future__ import annotations

import warnings
from contextlib import ExitStack

import boto3
import pytest
from botocore.exceptions import ClientError

from fakeecr import FakeECR
from fakeecr.operations import OPERATIONS
from tests.answers import code_of, identifiers

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from moto import mock_aws
    from moto.backends import get_backend


def tags(client) -> list[str | None]:
    return [tag for _, tag in identifiers(client.list_images(repositoryName="web"))]


@pytest.mark.parametrize("outside", ["moto", "fakeecr"])
@pytest.mark.parametrize("made", ["before both", "between", "inside both"])
def test_s3_is_motos_and_ecr_is_fakeecrs(no_metadata, outside, made):
    ecr = FakeECR()
    clients = {}

    def make(moment: str) -> None:
        if moment == made:
            session = boto3.Session(aws_access_key_id="x", aws_secret_access_key="y", region_name="us-east-1")
            clients.update(ecr=session.client("ecr"), s3=session.client("s3"))

    with ExitStack() as stack:
        make("before both")
        stack.enter_context(mock_aws() if outside == "moto" else ecr)
        make("between")
        stack.enter_context(ecr if outside == "moto" else mock_aws())
        make("inside both")

        ecr.push("web", "latest")
        assert tags(clients["ecr"]) == tags(ecr.client()) == ["latest"]
        clients["s3"].create_bucket(Bucket="bucket")
        assert [bucket["Name"] for bucket in clients["s3"].list_buckets()["Buckets"]] == ["bucket"]


def test_moto_hears_nothing_of_what_fakeecr_answers():
    with mock_aws():
        client = boto3.client("ecr", "us-east-1")
        with FakeECR() as ecr:
            ecr.push("web", "latest")
            assert tags(client) == ["latest"]
            ecr.fail("CreateRepository", "AccessDeniedException")
            assert code_of(client.create_repository, repositoryName="web") == "AccessDeniedException"
            assert dict(get_backend("ecr")["123456789012"]["us-east-1"].repositories) == {}
        client.create_repository(repositoryName="motos")
        assert [each["repositoryName"] for each in client.describe_repositories()["repositories"]] == ["motos"]


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("create_repository", {"repositoryName": "web"}),
        ("describe_pull_through_cache_rules", {}),  # moto lacks it, and would raise its own NotImplementedError
    ],
)
def test_an_operation_that_fakeecr_lacks_is_refused_by_fakeecr(monkeypatch, operation, parameters):
    for name in ("CreateRepository", "DescribePullThroughCacheRules"):
        monkeypatch.delitem(OPERATIONS, name, raising=False)
    with mock_aws(), FakeECR():
        client = boto3.client("ecr", "us-east-1")
        with pytest.raises(ClientError, match=r"fakeecr \S+ does not answer \w+ yet; nothing was sent to AWS"):
            getattr(client, operation)(**parameters)
        assert dict(get_backend("ecr")["123456789012"]["us-east-1"].repositories) == {}


def test_a_fake_that_is_not_active_leaves_ecr_to_moto():
    ecr = FakeECR()
    ecr.push("web", "latest")
    with mock_aws():
        client = boto3.client("ecr", "us-east-1")
        client.create_repository(repositoryName="motos")
        assert len(client.describe_repositories()["repositories"]) == 1
        assert tags(ecr.client()) == ["latest"]
    ecr.stop()


def test_moto_may_decorate_what_fakeecr_decorates():
    @mock_aws
    @FakeECR()
    def motos_outside() -> None:
        assert code_of(boto3.client("ecr").list_images, repositoryName="web") == "RepositoryNotFoundException"
        boto3.client("s3", "us-east-1").create_bucket(Bucket="bucket")

    @FakeECR()
    @mock_aws
    def motos_inside() -> None:
        assert code_of(boto3.client("ecr").list_images, repositoryName="web") == "RepositoryNotFoundException"
        boto3.client("s3", "us-east-1").create_bucket(Bucket="bucket")

    # moto puts another default session in place of boto3's, and ours must be found in both.
    for _ in range(2):
        motos_outside()
        motos_inside()
