"""The hook in botocore: which calls are answered, whatever their client, and which pass by."""

from __future__ import annotations

import importlib
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor

import boto3
import botocore.endpoint
import botocore.session
import pytest
from botocore import UNSIGNED
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import NoRegionError, WaiterError
from botocore.history import HistoryRecorder
from botocore.stub import Stubber

import fakeecr
from fakeecr import FakeECR, PublishedLimitWarning
from fakeecr.adapters.botocore.hook import DEFAULT_HOOK
from tests.answers import ONCE, code_of, error_of, identifiers, reaches_for_the_network


def tags(client, repository: str = "web") -> list[str | None]:
    return [tag for _, tag in identifiers(client.list_images(repositoryName=repository))]


class Raw:
    """The body of a response that a test's own handler gives."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def stream(self):
        yield self.body


class TestAClient:
    @pytest.mark.parametrize(
        "make",
        [
            lambda: boto3.client("ecr"),
            lambda: boto3.Session().client("ecr"),
            lambda: botocore.session.get_session().create_client("ecr"),
            lambda: botocore.session.Session().create_client(service_name="ecr"),
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

    def test_takes_the_region_of_a_profile_and_none_of_its_credentials(self, ecr, monkeypatch, tmp_path):
        config = tmp_path / "config"
        # Nobody asks for these credentials: the process that would give them cannot be started.
        config.write_text("[profile work]\nregion = eu-west-3\ncredential_process = /no/such/program\n")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
        ecr.push("web", "latest", region="eu-west-3")
        assert tags(boto3.Session(profile_name="work").client("ecr")) == ["latest"]

    def test_takes_the_fakes_region_where_there_is_none(self, no_metadata):
        with FakeECR(region="sa-east-1") as ecr:
            ecr.push("web", "latest")
            client = boto3.client("ecr")
            assert client.meta.region_name == "sa-east-1"
            assert tags(client) == ["latest"]
        with pytest.raises(NoRegionError):
            boto3.client("ecr")

    def test_is_answered_though_nothing_signs_its_calls(self, ecr, monkeypatch):
        client = boto3.client("ecr")
        monkeypatch.setattr(client._request_signer, "get_auth_instance", lambda **_: pytest.fail("signed"))
        assert code_of(client.list_images, repositoryName="web") == "RepositoryNotFoundException"

    def test_made_before_the_fake_is_answered_while_it_is_active(self, session):
        client = session.client("ecr", "us-east-1", **ONCE)
        assert reaches_for_the_network(client.list_images, repositoryName="web")
        for tag in ("first", "second"):
            with FakeECR() as ecr:
                ecr.push("web", tag)
                assert tags(client) == [tag]
        assert reaches_for_the_network(client.list_images, repositoryName="web")

    def test_made_as_the_code_under_test_is_imported_is_answered(self, no_metadata, monkeypatch, tmp_path):
        (tmp_path / "code_under_test.py").write_text("import boto3\nclient = boto3.client('ecr', 'us-east-1')\n")
        monkeypatch.syspath_prepend(tmp_path)
        code_under_test = importlib.import_module("code_under_test")
        monkeypatch.delitem(sys.modules, "code_under_test")
        with FakeECR() as ecr:
            ecr.push("web", "latest")
            assert tags(code_under_test.client) == ["latest"]

    @pytest.mark.parametrize(
        ("region", "meant"),
        [
            ("us-east-1", "us-east-1"),
            ("eu-central-1", "eu-central-1"),
            ("cn-north-1", "cn-north-1"),
            ("us-gov-west-1", "us-gov-west-1"),
            ("us-iso-east-1", "us-iso-east-1"),
            ("us-isob-east-1", "us-isob-east-1"),
            ("mars-north-1", "mars-north-1"),  # unknown to botocore
            ("fips-us-west-2", "us-west-2"),  # botocore's own old way to ask for FIPS
        ],
    )
    def test_is_answered_in_its_own_region(self, ecr, session, region, meant):
        ecr.push("web", "here", region=meant)
        ecr.push("web", "elsewhere", region="eu-north-1")
        assert tags(session.client("ecr", region)) == ["here"]

    @pytest.mark.parametrize("region", ["us-west-2", "cn-north-1", "us-gov-west-1", "mars-north-1"])
    @pytest.mark.parametrize(
        "options",
        [
            {"endpoint_url": "http://localhost:4566"},
            {"endpoint_url": "https://vpce-1.api.ecr.us-east-1.vpce.amazonaws.com"},
            {"endpoint_url": "https://example.com:8443/path"},
            {"endpoint_url": "http://[::1]:1"},
            {"use_ssl": False},
            {"config": Config(use_fips_endpoint=True)},
            {"config": Config(use_dualstack_endpoint=True)},
            {"config": Config(use_fips_endpoint=True, use_dualstack_endpoint=True)},
            {"config": Config(proxies={"https": "http://proxy:1"})},
        ],
        ids=["local", "private link", "a path", "IPv6", "no TLS", "FIPS", "dual stack", "both", "a proxy"],
    )
    def test_is_answered_in_its_own_region_whatever_its_endpoint(self, ecr, session, region, options):
        ecr.push("web", "there", region=region)
        assert tags(session.client("ecr", region, **options)) == ["there"]

    def test_is_answered_in_every_thread(self, ecr):
        for n in range(250):
            ecr.push("web", f"{n}")
        client = boto3.client("ecr")

        def listed(_: int) -> int:
            assert fakeecr.current() is ecr
            pages = client.get_paginator("list_images").paginate(repositoryName="web")
            return sum(len(page["imageIds"]) for page in pages)

        with ThreadPoolExecutor(16) as pool:
            assert list(pool.map(listed, range(32))) == [250] * 32

    def test_finds_an_error_in_its_waiter(self, ecr, session):
        waiter = session.client("ecr", "us-east-1", **ONCE).get_waiter("image_scan_complete")
        ecr.fail("DescribeImageScanFindings", "ScanNotFoundException")
        with pytest.raises(WaiterError, match="ScanNotFoundException"):
            waiter.wait(repositoryName="web", imageId={"imageTag": "latest"})

    def test_is_read_by_botocores_own_parser(self, ecr, session, monkeypatch):
        seen = {}

        class Handler:
            def emit(self, event_type, payload, source):
                seen[event_type] = payload

        recorder = HistoryRecorder()
        recorder.add_handler(Handler())
        recorder.enable()
        monkeypatch.setattr(botocore.endpoint, "history_recorder", recorder)
        image = ecr.push("web", "latest")
        session.client("ecr", "us-east-1").list_images(repositoryName="web")
        assert seen["HTTP_REQUEST"]["url"] == "https://api.ecr.us-east-1.amazonaws.com/"
        assert seen["HTTP_REQUEST"]["body"] == b'{"repositoryName": "web"}'
        assert seen["HTTP_RESPONSE"]["body"].startswith(b'{"imageIds":[{"imageDigest":"sha256:')
        assert seen["PARSED_RESPONSE"]["imageIds"] == [{"imageDigest": image.digest, "imageTag": "latest"}]

    def test_carries_the_hook_once_however_many_threads_begin_with_it(self, no_metadata, session):
        client = session.client("ecr", "us-east-1")
        for event, handler in DEFAULT_HOOK.handlers():  # as though it had been made before fakeecr was imported
            client.meta.events.unregister(event, handler)
        with FakeECR() as ecr, ThreadPoolExecutor(16) as pool:
            ecr.push("web", "latest")
            assert list(pool.map(lambda _: tags(client), range(16))) == [["latest"]] * 16
            ecr.fail("ListImages", "AccessDeniedException", times=2)
            assert code_of(client.list_images, repositoryName="web") == "AccessDeniedException"
            assert code_of(client.list_images, repositoryName="web") == "AccessDeniedException"
            assert tags(client) == ["latest"]


class TestOthersHandlers:
    def test_that_watch_a_call_go_on_watching(self, ecr, session):
        seen = []
        client = session.client("ecr", "us-east-1")
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

    @pytest.mark.parametrize("event", ["before-send", "before-send.ecr", "before-send.ecr.ListImages"])
    def test_see_where_the_request_would_have_gone(self, ecr, session, monkeypatch, event):
        monkeypatch.delitem(sys.modules, "moto", raising=False)  # whose handler must not see it
        seen = []
        client = session.client("ecr", "us-west-2")
        client.meta.events.register(event, lambda request, **_: seen.append((request.method, request.url)))
        error_of(client.list_images, repositoryName="web")
        assert seen == [("POST", "https://api.ecr.us-west-2.amazonaws.com/")]

    def test_that_answer_more_specifically_win(self, ecr, session):
        client = session.client("ecr", "us-east-1")
        client.meta.events.register(
            "before-send.ecr.ListImages",
            lambda request, **_: AWSResponse(request.url, 200, {}, Raw(b'{"imageIds": []}')),
        )
        assert tags(client) == []

    def test_that_answer_for_all_services_come_too_late(self, ecr, session):
        ecr.push("web", "latest")
        client = session.client("ecr", "us-east-1")
        client.meta.events.register(
            "before-send", lambda request, **_: AWSResponse(request.url, 200, {}, Raw(b'{"imageIds": []}'))
        )
        assert tags(client) == ["latest"]

    @pytest.mark.parametrize("event", ["before-call", "before-call.ecr", "before-call.ecr.ListImages"])
    def test_that_answer_before_the_request_is_made_win(self, ecr, session, event):
        client = session.client("ecr", "us-east-1")
        client.meta.events.register(event, lambda **_: (AWSResponse(None, 200, {}, None), {"imageIds": []}))
        assert tags(client) == []

    def test_that_choose_a_signer_keep_no_call_from_its_fake(self, ecr, session):
        ecr.push("web", "latest")
        client = session.client("ecr", "us-east-1")
        client.meta.events.register("choose-signer.ecr.ListImages", lambda **_: "v4")
        assert tags(client) == ["latest"]

    def test_that_fail_are_heard(self, ecr, session):
        def fail(**_: object) -> None:
            raise LookupError("the handler's own")

        client = session.client("ecr", "us-east-1")
        client.meta.events.register("before-send.ecr.ListImages", fail)
        with pytest.raises(LookupError, match="the handler's own"):
            client.list_images(repositoryName="web")

    @pytest.mark.parametrize("make", [lambda ecr: boto3.client("ecr"), lambda ecr: ecr.client()], ids=["boto3", "fake"])
    def test_of_a_stubber_win(self, ecr, make):
        client = make(ecr)
        with Stubber(client) as stubber:
            stubber.add_response("list_images", {"imageIds": [{"imageTag": "stubbed", "imageDigest": "x"}]})
            stubber.add_client_error("list_images", "AccessDeniedException")
            assert tags(client) == ["stubbed"]
            assert code_of(client.list_images, repositoryName="web") == "AccessDeniedException"
        ecr.push("web", "latest")
        assert tags(client) == ["latest"]


class TestOtherServices:
    @pytest.mark.parametrize(
        ("service", "operation"),
        [("ecr-public", "describe_repositories"), ("s3", "list_buckets"), ("sts", "get_caller_identity")],
    )
    def test_pass_by_untouched(self, ecr, session, service, operation):
        client = session.client(service, "us-east-1", **ONCE)
        assert reaches_for_the_network(getattr(client, operation))

    def test_need_their_region_and_their_credentials_as_ever(self, ecr, no_metadata):
        boto3.client("ecr")
        with pytest.raises(NoRegionError):
            boto3.client("ecr-public")
        assert boto3.Session().get_credentials() is None


class TestAPublishedLimitsWarning:
    @pytest.mark.parametrize(
        "call",
        [
            lambda client: client.list_images(repositoryName="web", maxResults=101),
            lambda client: list(client.get_paginator("list_images").paginate(repositoryName="web", maxResults=101)),
        ],
        ids=["a call", "a paginator"],
    )
    def test_points_to_the_callers_line(self, ecr, session, call):
        client = session.client("ecr", "us-east-1", **ONCE)
        with pytest.warns(PublishedLimitWarning) as caught:
            assert code_of(call, client=client) == "InvalidParameterException"
        assert [(each.filename, each.lineno) for each in caught] == [(__file__, call.__code__.co_firstlineno)]

    @pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
    def test_reaches_the_caller_as_an_exception_where_warnings_are_errors(self, ecr, session, mode):
        client = session.client("ecr", "us-east-1", config=Config(retries={"mode": mode}))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(PublishedLimitWarning, match="only by the published limits"):
                client.list_images(repositoryName="web", maxResults=101)
        assert code_of(client.list_images, repositoryName="web") == "RepositoryNotFoundException"
