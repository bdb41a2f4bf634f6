"""The hook in botocore: which calls are answered, whatever their client, and which pass by."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import warnings
from concurrent.futures import ThreadPoolExecutor

import boto3
import botocore.endpoint
import botocore.session
import pytest
from botocore import UNSIGNED
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.stub import Stubber

from fakeecr import FakeECR, PublishedLimitWarning
from tests.answers import ONCE, error_of, identifiers, reaches_for_the_network


def tags(client, repository: str = "web") -> list[str | None]:
    return [tag for _, tag in identifiers(client.list_images(repositoryName=repository))]


class TestAClient:
    @pytest.mark.parametrize(
        "make",
        [
            lambda: boto3.client("ecr"),
            lambda: boto3.Session().client("ecr"),
            lambda: botocore.session.get_session().create_client("ecr"),
            lambda: botocore.session.Session().create_client("ecr", None),
            lambda: boto3.client("ecr", config=Config(region_name="us-east-1")),
            lambda: boto3.client("ecr", config=Config(signature_version=UNSIGNED)),
            lambda: boto3.client("ecr", config=Config(signature_version="v4")),
            lambda: boto3.client(
                "ecr", aws_access_key_id="mine", aws_secret_access_key="mine", aws_session_token="mine"
            ),
            lambda: boto3.Session(aws_access_key_id="mine", aws_secret_access_key="mine").client("ecr"),
            lambda: boto3.client("ecr", use_ssl=False, verify=False),
            lambda: boto3.client("ecr", api_version="2015-09-21"),
        ],
    )
    def test_is_answered_however_it_is_made(self, ecr, make):
        ecr.push("web", "latest")
        assert tags(make()) == ["latest"]

    def test_keeps_the_credentials_and_the_region_it_was_given(self, ecr):
        session = boto3.Session(aws_access_key_id="mine", aws_secret_access_key="mine", region_name="eu-west-1")
        client = session.client("ecr")
        assert client._request_signer._credentials.access_key == "mine"
        assert client.meta.region_name == "eu-west-1"
        assert session.client("ecr", config=Config(region_name="eu-west-2")).meta.region_name == "eu-west-2"

    def test_takes_the_region_of_the_environment_before_the_fakes(self, ecr, monkeypatch):
        monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-south-1")
        assert boto3.client("ecr").meta.region_name == "ap-south-1"

    def test_takes_the_fakes_region_where_there_is_none(self):
        with FakeECR(region="sa-east-1") as ecr:
            ecr.push("web", "latest")
            client = boto3.client("ecr")
            assert client.meta.region_name == "sa-east-1"
            assert tags(client) == ["latest"]

    def test_made_before_the_fake_is_answered_while_it_is_active(self):
        client = boto3.client("ecr", "us-east-1", **ONCE)
        assert reaches_for_the_network(client.list_images, repositoryName="web")
        for tag in ("first", "second"):
            with FakeECR() as ecr:
                ecr.push("web", tag)
                assert tags(client) == [tag]
        assert reaches_for_the_network(client.list_images, repositoryName="web")

    @pytest.mark.parametrize(
        "region",
        ["us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1", "us-iso-east-1", "us-isob-east-1", "mars-north-1"],
    )
    def test_is_answered_in_its_own_region(self, ecr, region):
        ecr.push("web", region, region=region)
        ecr.push("web", "elsewhere", region="eu-north-1")
        assert tags(boto3.client("ecr", region)) == [region]

    @pytest.mark.parametrize(
        "options",
        [
            {"endpoint_url": "http://localhost:4566"},
            {"endpoint_url": "https://vpce-1.api.ecr.us-west-2.vpce.amazonaws.com"},
            {"endpoint_url": "https://example.com:8443/path"},
            {"endpoint_url": "http://[::1]:1"},
            {"config": Config(use_fips_endpoint=True)},
            {"config": Config(use_dualstack_endpoint=True)},
            {"config": Config(use_fips_endpoint=True, use_dualstack_endpoint=True)},
            {"config": Config(proxies={"https": "http://proxy:1"})},
        ],
        ids=["local", "private link", "a path", "IPv6", "FIPS", "dual stack", "both", "a proxy"],
    )
    def test_is_answered_whatever_its_endpoint(self, ecr, options):
        ecr.push("web", "there", region="us-west-2")
        assert tags(boto3.client("ecr", "us-west-2", **options)) == ["there"]

    def test_is_answered_in_every_thread(self, ecr):
        for n in range(250):
            ecr.push("web", f"{n}")
        client = boto3.client("ecr")

        def listed(_: int) -> int:
            pages = client.get_paginator("list_images").paginate(repositoryName="web")
            return sum(len(page["imageIds"]) for page in pages)

        with ThreadPoolExecutor(16) as pool:
            assert list(pool.map(listed, range(32))) == [250] * 32


class TestOthersHandlers:
    def test_that_watch_a_call_go_on_watching(self, ecr):
        seen = []
        client = boto3.client("ecr")
        for event in (
            "provide-client-params",
            "before-call",
            "request-created",
            "before-sign",
            "before-send",
            "after-call",
        ):
            client.meta.events.register(f"{event}.ecr.ListImages", lambda event_name, **_: seen.append(event_name))
        error_of(client.list_images, repositoryName="web")
        assert [event.partition(".")[0] for event in seen] == [
            "provide-client-params", "before-call", "request-created", "before-sign", "before-send", "after-call",
        ]  # fmt: skip

    def test_that_answer_more_specifically_win(self, ecr):
        class Raw:
            def stream(self):
                yield b'{"imageIds": []}'

        client = boto3.client("ecr")
        client.meta.events.register(
            "before-send.ecr.ListImages", lambda request, **_: AWSResponse(request.url, 200, {}, Raw())
        )
        assert tags(client) == []

    def test_of_a_stubber_win(self, ecr):
        client = boto3.client("ecr")
        with Stubber(client) as stubber:
            stubber.add_response("list_images", {"imageIds": [{"imageTag": "stubbed", "imageDigest": "x"}]})
            assert tags(client) == ["stubbed"]
        ecr.push("web", "latest")
        assert tags(client) == ["latest"]


class TestOtherServices:
    @pytest.mark.parametrize(
        ("service", "operation"),
        [("ecr-public", "describe_repositories"), ("s3", "list_buckets"), ("sts", "get_caller_identity")],
    )
    def test_pass_by_untouched(self, ecr, service, operation):
        client = boto3.client(service, "us-east-1", **ONCE)
        assert reaches_for_the_network(getattr(client, operation))

    def test_still_sleep_before_a_retry(self, ecr, monkeypatch):
        slept = []
        monkeypatch.setattr("time.sleep", slept.append)
        ecr.fail("ListImages", "ServerException")
        error_of(boto3.client("ecr").list_images, repositoryName="web")
        assert slept == []
        botocore.endpoint.time.sleep(3)
        assert slept == [3]

    def test_need_their_credentials_as_ever(self, ecr, monkeypatch):
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        assert boto3.Session().get_credentials() is None


class TestBesideMoto:
    @pytest.fixture(autouse=True)
    def _quiet(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            yield

    @pytest.mark.parametrize("outside", ["moto", "fakeecr"])
    def test_s3_is_motos_and_ecr_is_fakeecrs(self, outside):
        from moto import mock_aws

        fakes = [mock_aws(), FakeECR()]
        if outside == "fakeecr":
            fakes.reverse()
        with fakes[0], fakes[1]:
            ecr = next(fake for fake in fakes if isinstance(fake, FakeECR))
            ecr.push("web", "latest")
            boto3.client("s3", "us-east-1").create_bucket(Bucket="bucket")
            assert [bucket["Name"] for bucket in boto3.client("s3").list_buckets()["Buckets"]] == ["bucket"]
            assert tags(boto3.client("ecr")) == ["latest"]
            assert tags(ecr.client()) == ["latest"]

    def test_moto_hears_nothing_of_what_fakeecr_answers(self):
        from moto import mock_aws

        with mock_aws():
            client = boto3.client("ecr", "us-east-1")
            with FakeECR():
                assert error_of(client.create_repository, repositoryName="web")[0] == "NotImplementedByFakeECR"
                # An operation that moto does not have would raise its own NotImplementedError.
                assert error_of(client.describe_pull_through_cache_rules)[0] == "NotImplementedByFakeECR"
            assert client.describe_repositories()["repositories"] == []
            client.create_repository(repositoryName="web")
            assert len(client.describe_repositories()["repositories"]) == 1

    def test_moto_decorates_a_test_that_uses_fakeecr(self):
        from moto import mock_aws

        @mock_aws
        @FakeECR()
        def check() -> None:
            assert error_of(boto3.client("ecr").list_images, repositoryName="web")[0] == "RepositoryNotFoundException"
            boto3.client("s3", "us-east-1").create_bucket(Bucket="bucket")

        check()


def test_a_published_limits_warning_points_to_the_caller(ecr):
    client = boto3.client("ecr")
    with pytest.warns(PublishedLimitWarning) as caught:
        error_of(client.list_images, repositoryName="web", maxResults=101)
    assert [warning.filename for warning in caught] == [error_of.__code__.co_filename]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(PublishedLimitWarning, match="only by the published limits"):
            client.list_images(repositoryName="web", maxResults=101)


def run_python(script: str) -> None:
    environment = {
        "PATH": "",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "y",
    }
    prelude = "import socket, pytest_socket; pytest_socket.disable_socket()\n"
    done = subprocess.run(
        [sys.executable, "-c", prelude + textwrap.dedent(script)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr


LISTED = """
with fakeecr.FakeECR() as ecr:
    ecr.push("web", "latest")
    for client in clients:
        assert len(client.list_images(repositoryName="web")["imageIds"]) == 1
    ecr.fail("ListImages", "ServerException", times=1)
    assert clients[0].list_images(repositoryName="web")["ResponseMetadata"]["RetryAttempts"] == 1
"""


def test_clients_are_answered_that_were_made_before_fakeecr_was_imported():
    run_python(
        """
        import boto3
        early = boto3.Session()
        clients = [boto3.client("ecr"), early.client("ecr")]
        import fakeecr
        clients += [boto3.client("ecr"), early.client("ecr"), boto3.Session().client("ecr")]
        """
        + textwrap.indent(LISTED, " " * 8)
    )


def test_clients_are_answered_that_were_made_after_fakeecr_was_imported():
    run_python(
        """
        import sys
        import fakeecr
        assert "botocore" not in sys.modules
        import boto3
        assert not [finder for finder in sys.meta_path if type(finder).__module__.startswith("fakeecr")]
        import botocore.handlers
        assert type(botocore.handlers.__loader__).__name__ == "SourceFileLoader"
        assert botocore.handlers.__spec__.loader is botocore.handlers.__loader__
        clients = [boto3.client("ecr"), boto3.Session().client("ecr")]
        """
        + textwrap.indent(LISTED, " " * 8)
    )
