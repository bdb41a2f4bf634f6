"""The hook in botocore's clients: which calls a fake answers, and what else handles them."""

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
from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from botocore.config import Config
from botocore.exceptions import WaiterError
from botocore.history import HistoryRecorder
from botocore.stub import Stubber

import fakeecr
from fakeecr import FakeECR, PublishedLimitWarning
from fakeecr.adapters.botocore.calls import BotocoreCall
from fakeecr.adapters.botocore.hook import build_request
from tests.adapters.botocore.responses import aws_response
from tests.answers import ONCE, code_of, error_of, listed_tags, reaches_for_the_network

# --- The requests that a fake gets ----------------------------------------------------------------


@pytest.mark.parametrize("name", ["X-Amz-Target", "x-amz-target"])
@pytest.mark.parametrize("value", ["Service.ListImages", b"Service.ListImages"])
def test_a_header_is_looked_up_in_any_case_and_read_as_text(name, value):
    prepared = AWSPreparedRequest(
        "POST", "https://api.ecr.us-east-1.amazonaws.com/", HeadersDict({"X-AMZ-Target": value}), b"{}", False
    )

    headers = build_request(prepared, BotocoreCall({})).headers

    assert headers[name] == "Service.ListImages"
    assert dict(headers) == {"X-AMZ-Target": "Service.ListImages"}
    assert headers.get("Authorization") is None


def test_a_request_is_passed_with_its_method_path_query_body_and_region():
    prepared = AWSPreparedRequest("POST", "https://example.com:8443/a%2Fb?n=1&last=c#d", HeadersDict(), "{}", False)

    request = build_request(prepared, BotocoreCall({"client_region": "mars-north-1"}))

    assert (request.method, request.path, request.query) == ("POST", "/a%2Fb", "n=1&last=c")
    assert (request.body, request.region) == (b"{}", "mars-north-1")
    assert request.caller is None


# --- Clients that a fake answers ------------------------------------------------------------------


@pytest.mark.parametrize(
    "make_client",
    [
        lambda: boto3.client("ecr"),
        lambda: boto3.Session().client("ecr"),
        lambda: botocore.session.get_session().create_client("ecr"),
        lambda: botocore.session.Session().create_client(service_name="ecr"),
        lambda: botocore.session.Session().create_client("ecr", None),
        lambda: boto3.client("ecr", config=Config(region_name="us-east-1")),
        lambda: boto3.client("ecr", config=Config(signature_version=UNSIGNED)),
        lambda: boto3.client("ecr", config=Config(signature_version="v4")),
        lambda: boto3.client("ecr", aws_access_key_id="mine", aws_secret_access_key="mine", aws_session_token="mine"),
        lambda: boto3.Session(aws_access_key_id="mine", aws_secret_access_key="mine").client("ecr"),
        lambda: boto3.client("ecr", use_ssl=False, verify=False),
        lambda: boto3.client("ecr", api_version="2015-09-21"),
    ],
)
def test_a_client_is_answered_whichever_way_it_is_created(ecr, make_client):
    ecr.push("web", "latest")

    assert listed_tags(make_client()) == ["latest"]


def test_a_call_that_a_fake_answers_is_not_signed(ecr, monkeypatch):
    client = boto3.client("ecr")
    monkeypatch.setattr(client._request_signer, "get_auth_instance", lambda **_: pytest.fail("signed"))

    assert code_of(client.list_images, repositoryName="web") == "RepositoryNotFoundException"


def test_a_client_created_before_the_fake_is_answered_only_while_the_fake_is_active(session):
    client = session.client("ecr", "us-east-1", **ONCE)

    assert reaches_for_the_network(client.list_images, repositoryName="web")
    for tag in ("first", "second"):
        with FakeECR() as ecr:
            ecr.push("web", tag)
            assert listed_tags(client) == [tag]
    assert reaches_for_the_network(client.list_images, repositoryName="web")


def test_a_client_created_during_the_import_of_the_code_under_test_is_answered(no_metadata, monkeypatch, tmp_path):
    (tmp_path / "code_under_test.py").write_text("import boto3\nclient = boto3.client('ecr', 'us-east-1')\n")
    monkeypatch.syspath_prepend(tmp_path)
    code_under_test = importlib.import_module("code_under_test")
    monkeypatch.delitem(sys.modules, "code_under_test")

    with FakeECR() as ecr:
        ecr.push("web", "latest")
        assert listed_tags(code_under_test.client) == ["latest"]


@pytest.mark.parametrize(
    ("region", "registry_region"),
    [
        ("us-east-1", "us-east-1"),
        ("eu-central-1", "eu-central-1"),
        ("cn-north-1", "cn-north-1"),
        ("us-gov-west-1", "us-gov-west-1"),
        ("us-iso-east-1", "us-iso-east-1"),
        ("us-isob-east-1", "us-isob-east-1"),
        ("mars-north-1", "mars-north-1"),  # unknown to botocore
        ("fips-us-west-2", "us-west-2"),  # how older versions of botocore ask for FIPS
    ],
)
def test_a_client_is_answered_from_the_registry_of_its_region(ecr, session, region, registry_region):
    ecr.push("web", "same-region", region=registry_region)
    ecr.push("web", "other-region", region="eu-north-1")

    assert listed_tags(session.client("ecr", region)) == ["same-region"]


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
def test_a_client_is_answered_from_the_registry_of_its_region_whatever_its_endpoint(ecr, session, region, options):
    ecr.push("web", "latest", region=region)

    assert listed_tags(session.client("ecr", region, **options)) == ["latest"]


def test_a_client_is_answered_in_every_thread(ecr):
    for number in range(250):
        ecr.push("web", f"{number}")
    client = boto3.client("ecr")

    def count_images(_: int) -> int:
        assert fakeecr.current() is ecr
        pages = client.get_paginator("list_images").paginate(repositoryName="web")
        return sum(len(page["imageIds"]) for page in pages)

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(count_images, range(32))) == [250] * 32


def test_a_waiter_gets_the_error_of_a_fake(ecr, session):
    waiter = session.client("ecr", "us-east-1", **ONCE).get_waiter("image_scan_complete")
    ecr.fail("DescribeImageScanFindings", "ScanNotFoundException")

    with pytest.raises(WaiterError, match="ScanNotFoundException"):
        waiter.wait(repositoryName="web", imageId={"imageTag": "latest"})


def test_a_response_is_parsed_by_botocore(ecr, session, monkeypatch):
    payloads = {}

    class Handler:
        def emit(self, event_type, payload, source):
            payloads[event_type] = payload

    recorder = HistoryRecorder()
    recorder.add_handler(Handler())
    recorder.enable()
    monkeypatch.setattr(botocore.endpoint, "history_recorder", recorder)
    image = ecr.push("web", "latest")

    session.client("ecr", "us-east-1").list_images(repositoryName="web")

    assert payloads["HTTP_REQUEST"]["url"] == "https://api.ecr.us-east-1.amazonaws.com/"
    assert payloads["HTTP_REQUEST"]["body"] == b'{"repositoryName": "web"}'
    assert payloads["HTTP_RESPONSE"]["body"].startswith(b'{"imageIds":[{"imageDigest":"sha256:')
    assert payloads["PARSED_RESPONSE"]["imageIds"] == [{"imageDigest": image.digest, "imageTag": "latest"}]


# --- Handlers of the user -------------------------------------------------------------------------


def test_handlers_of_every_event_of_a_call_run(ecr, session):
    events = ["provide-client-params", "before-call", "request-created", "before-sign", "before-send", "after-call"]
    emitted = []
    client = session.client("ecr", "us-east-1")
    for event in events:
        client.meta.events.register(f"{event}.ecr.ListImages", lambda event_name, **_: emitted.append(event_name))

    error_of(client.list_images, repositoryName="web")

    assert [event_name.partition(".")[0] for event_name in emitted] == events


@pytest.mark.parametrize("event", ["before-send", "before-send.ecr", "before-send.ecr.ListImages"])
def test_handlers_of_before_send_get_the_url_of_aws(ecr, session, monkeypatch, event):
    monkeypatch.delitem(sys.modules, "moto", raising=False)  # with it, the URL is hidden from later handlers
    requests = []
    client = session.client("ecr", "us-west-2")
    client.meta.events.register(event, lambda request, **_: requests.append((request.method, request.url)))

    error_of(client.list_images, repositoryName="web")

    assert requests == [("POST", "https://api.ecr.us-west-2.amazonaws.com/")]


def test_a_handler_that_answers_one_operation_takes_precedence_over_a_fake(ecr, session):
    client = session.client("ecr", "us-east-1")
    client.meta.events.register(
        "before-send.ecr.ListImages", lambda request, **_: aws_response(request, 200, b'{"imageIds": []}')
    )

    assert listed_tags(client) == []


def test_a_fake_takes_precedence_over_a_handler_that_answers_all_services(ecr, session):
    ecr.push("web", "latest")
    client = session.client("ecr", "us-east-1")
    client.meta.events.register("before-send", lambda request, **_: aws_response(request, 200, b'{"imageIds": []}'))

    assert listed_tags(client) == ["latest"]


@pytest.mark.parametrize("event", ["before-call", "before-call.ecr", "before-call.ecr.ListImages"])
def test_a_handler_that_answers_before_the_request_is_built_takes_precedence_over_a_fake(ecr, session, event):
    client = session.client("ecr", "us-east-1")
    client.meta.events.register(event, lambda **_: (AWSResponse(None, 200, {}, None), {"imageIds": []}))

    assert listed_tags(client) == []


def test_a_call_is_answered_although_a_handler_chooses_a_signer(ecr, session):
    ecr.push("web", "latest")
    client = session.client("ecr", "us-east-1")
    client.meta.events.register("choose-signer.ecr.ListImages", lambda **_: "v4")

    assert listed_tags(client) == ["latest"]


def test_an_exception_of_a_handler_reaches_the_caller(ecr, session):
    def fail(**_: object) -> None:
        raise LookupError("the handler's own")

    client = session.client("ecr", "us-east-1")
    client.meta.events.register("before-send.ecr.ListImages", fail)

    with pytest.raises(LookupError, match="the handler's own"):
        client.list_images(repositoryName="web")


@pytest.mark.parametrize("make_client", [lambda ecr: boto3.client("ecr"), FakeECR.client], ids=["boto3", "fake"])
def test_a_stubber_takes_precedence_over_a_fake(ecr, make_client):
    client = make_client(ecr)
    with Stubber(client) as stubber:
        stubber.add_response("list_images", {"imageIds": [{"imageTag": "stubbed", "imageDigest": "x"}]})
        stubber.add_client_error("list_images", "AccessDeniedException")
        assert listed_tags(client) == ["stubbed"]
        assert code_of(client.list_images, repositoryName="web") == "AccessDeniedException"
    ecr.push("web", "latest")
    assert listed_tags(client) == ["latest"]


# --- Other services -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("service", "operation"),
    [("ecr-public", "describe_repositories"), ("s3", "list_buckets"), ("sts", "get_caller_identity")],
)
def test_a_call_to_another_service_is_sent(ecr, session, service, operation):
    client = session.client(service, "us-east-1", **ONCE)

    assert reaches_for_the_network(getattr(client, operation))


# --- Warnings about published limits --------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.list_images(repositoryName="web", maxResults=101),
        lambda client: list(client.get_paginator("list_images").paginate(repositoryName="web", maxResults=101)),
    ],
    ids=["a call", "a paginator"],
)
def test_a_warning_about_a_published_limit_points_to_the_line_of_the_call(ecr, session, call):
    client = session.client("ecr", "us-east-1", **ONCE)

    with pytest.warns(PublishedLimitWarning) as caught:
        assert code_of(call, client=client) == "InvalidParameterException"

    assert [(each.filename, each.lineno) for each in caught] == [(__file__, call.__code__.co_firstlineno)]


@pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
def test_a_warning_about_a_published_limit_is_raised_to_the_caller_if_warnings_are_errors(ecr, session, mode):
    client = session.client("ecr", "us-east-1", config=Config(retries={"mode": mode}))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(PublishedLimitWarning, match="only by the published limits"):
            client.list_images(repositoryName="web", maxResults=101)

    assert code_of(client.list_images, repositoryName="web") == "RepositoryNotFoundException"
