"""fakeecr and moto in one process: fakeecr answers ECR, moto answers everything else."""

from __future__ import annotations

import warnings
from contextlib import ExitStack

import boto3
import pytest
from botocore.exceptions import ClientError

from fakeecr import FakeECR
from fakeecr.operations import OPERATIONS
from tests.answers import code_of, listed_tags

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from moto import mock_aws
    from moto.backends import get_backend


@pytest.mark.parametrize("outer", ["moto", "fakeecr"])
@pytest.mark.parametrize("created", ["before both", "between", "inside both"])
def test_moto_answers_s3_and_fakeecr_answers_ecr_however_they_are_nested(no_metadata, outer, created):
    ecr = FakeECR()
    clients = {}

    def create_clients(moment: str) -> None:
        if moment == created:
            session = boto3.Session(aws_access_key_id="x", aws_secret_access_key="y", region_name="us-east-1")
            clients.update(ecr=session.client("ecr"), s3=session.client("s3"))

    with ExitStack() as stack:
        create_clients("before both")
        stack.enter_context(mock_aws() if outer == "moto" else ecr)
        create_clients("between")
        stack.enter_context(ecr if outer == "moto" else mock_aws())
        create_clients("inside both")

        ecr.push("web", "latest")
        assert listed_tags(clients["ecr"]) == listed_tags(ecr.client()) == ["latest"]
        clients["s3"].create_bucket(Bucket="bucket")
        assert [bucket["Name"] for bucket in clients["s3"].list_buckets()["Buckets"]] == ["bucket"]


def test_a_call_that_fakeecr_answers_does_not_change_the_state_of_moto():
    with mock_aws():
        client = boto3.client("ecr", "us-east-1")
        with FakeECR() as ecr:
            ecr.push("web", "latest")
            assert listed_tags(client) == ["latest"]
            ecr.fail("CreateRepository", "AccessDeniedException")
            assert code_of(client.create_repository, repositoryName="web") == "AccessDeniedException"
            assert dict(get_backend("ecr")["123456789012"]["us-east-1"].repositories) == {}
        client.create_repository(repositoryName="motos")
        assert [each["repositoryName"] for each in client.describe_repositories()["repositories"]] == ["motos"]


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("create_repository", {"repositoryName": "web"}),
        # moto does not have it either, and would raise NotImplementedError.
        ("describe_pull_through_cache_rules", {}),
    ],
)
def test_moto_does_not_answer_an_operation_that_fakeecr_lacks(monkeypatch, method, parameters):
    for operation in ("CreateRepository", "DescribePullThroughCacheRules"):
        monkeypatch.delitem(OPERATIONS, operation, raising=False)

    with mock_aws(), FakeECR():
        client = boto3.client("ecr", "us-east-1")
        with pytest.raises(ClientError, match=r"fakeecr \S+ does not answer \w+ yet; nothing was sent to AWS"):
            getattr(client, method)(**parameters)
        assert dict(get_backend("ecr")["123456789012"]["us-east-1"].repositories) == {}


def test_moto_answers_ecr_while_a_fake_is_in_use_but_not_active():
    ecr = FakeECR()
    ecr.push("web", "latest")

    with mock_aws():
        client = boto3.client("ecr", "us-east-1")
        client.create_repository(repositoryName="motos")
        assert len(client.describe_repositories()["repositories"]) == 1
        assert listed_tags(ecr.client()) == ["latest"]
    ecr.stop()


def test_fakeecr_and_moto_may_decorate_one_function_in_either_order():
    @mock_aws
    @FakeECR()
    def function_with_moto_outside() -> None:
        assert code_of(boto3.client("ecr").list_images, repositoryName="web") == "RepositoryNotFoundException"
        boto3.client("s3", "us-east-1").create_bucket(Bucket="bucket")

    @FakeECR()
    @mock_aws
    def function_with_moto_inside() -> None:
        assert code_of(boto3.client("ecr").list_images, repositoryName="web") == "RepositoryNotFoundException"
        boto3.client("s3", "us-east-1").create_bucket(Bucket="bucket")

    # moto replaces boto3's default session; the sessions of both must carry the hook, on later calls too.
    for _ in range(2):
        function_with_moto_outside()
        function_with_moto_inside()
