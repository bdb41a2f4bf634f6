"""The service at the level of HTTP: bytes in, bytes out, and errors as AWS returns them."""

from __future__ import annotations

import json
import re
from email.utils import parsedate_to_datetime
from uuid import UUID

import pytest
from freezegun import freeze_time

from fakeecr import FakeECR, __version__
from fakeecr.http import Request, Response
from fakeecr.operations import OPERATIONS, Operation
from tests.answers import error_of

TARGET = "AmazonEC2ContainerRegistry_V20150921."
SAMPLE_DIGEST = "sha256:f1d4ae3f7261a72e98c6ebefe9985cf10a0ea5bd762585a43e0700ed99863807"


def post(ecr: FakeECR, body: bytes, target: str = f"{TARGET}ListImages") -> Response:
    return ecr.answer(Request("POST", "/", {"X-Amz-Target": target}, body))


@pytest.fixture
def sample_response(ecr):
    """Return the response to the sample request of the reference."""
    with freeze_time("2016-12-16T20:05:42Z"):
        ecr.push("amazonlinux", "2016.09", "latest", digest=SAMPLE_DIGEST)
        return post(ecr, b'{ "repositoryName": "amazonlinux" }')


def test_the_body_of_the_sample_response_is_compact_json(sample_response):
    assert sample_response.status == 200
    assert len(sample_response.body) == 235
    assert sample_response.body.decode() == (
        '{"imageIds":['
        f'{{"imageDigest":"{SAMPLE_DIGEST}","imageTag":"2016.09"}},'
        f'{{"imageDigest":"{SAMPLE_DIGEST}","imageTag":"latest"}}'
        "]}"
    )


def test_the_sample_response_has_the_headers_of_the_reference(sample_response):
    request_id = sample_response.headers["x-amzn-RequestId"]

    assert dict(sample_response.headers) == {
        "Server": "Server",
        "Date": "Fri, 16 Dec 2016 20:05:42 GMT",
        "Content-Type": "application/x-amz-json-1.1",
        "Content-Length": "235",
        "Connection": "keep-alive",
        "x-amzn-RequestId": request_id,
    }
    assert str(UUID(request_id)) == request_id


def test_a_boto3_client_receives_the_sample_response(ecr):
    ecr.push("amazonlinux", "2016.09", "latest", digest=SAMPLE_DIGEST, registry_id="012345678910")

    response = ecr.client("us-east-1").list_images(repositoryName="amazonlinux", registryId="012345678910")

    metadata = response["ResponseMetadata"]
    assert metadata["HTTPHeaders"]["content-length"] == "235"
    assert metadata["RequestId"] == metadata["HTTPHeaders"]["x-amzn-requestid"]


def test_every_response_has_a_different_request_id(ecr):
    ids = {post(ecr, b"{}").headers["x-amzn-RequestId"] for _ in range(50)}

    assert len(ids) == 50


def test_the_date_header_is_the_time_of_the_clock(ecr):
    with freeze_time("2020-02-29T12:00:00Z") as clock:
        dates = []
        for _ in range(2):
            dates.append(parsedate_to_datetime(post(ecr, b"{}").headers["Date"]).isoformat())
            clock.tick(1)

    assert dates == ["2020-02-29T12:00:00+00:00", "2020-02-29T12:00:01+00:00"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b'"text"',
        b"12",
        b"true",
        b"{",
        b'{"repositoryName": "web",}',
        b"{'repositoryName': 'web'}",
        b'{"repositoryName": NaN}',
        b'{"repositoryName": "\\ud800"}',
        b'{"maxResults": 1e400}',
        b"\xff\xfe",
        b"\x00",
        b"[" * 100_000,
        b'{"filter":' * 100_000,
    ],
    ids=lambda body: repr(body[:20]),
)
def test_a_body_that_is_not_a_json_object_is_a_serialization_error_without_a_message(ecr, body):
    response = post(ecr, body)

    assert (response.status, json.loads(response.body)) == (400, {"__type": "SerializationException"})


def test_a_body_that_is_a_list_is_a_serialization_error_with_a_message(ecr):
    response = post(ecr, b"[]")

    assert json.loads(response.body) == {
        "__type": "SerializationException",
        "message": "Start of list found where not expected",
    }


def test_the_body_of_an_error_has_its_bare_name_and_a_lower_case_message_key(ecr):
    response = post(ecr, b'{"repositoryName":"web"}')

    assert response.status == 400
    assert response.body.decode() == (
        '{"__type":"RepositoryNotFoundException","message":"The repository with name \'web\' '
        "does not exist in the registry with id '123456789012'\"}"
    )


@pytest.mark.parametrize(
    "target",
    [
        "",
        "ListImages",
        TARGET,
        f"{TARGET}listImages",
        f"{TARGET}ListImage",
        f"{TARGET}ListImages ",
        "AmazonEC2ContainerRegistry_V20150922.ListImages",
        "DynamoDB_20120810.ListTables",
    ],
    ids=[
        "empty",
        "no service",
        "no operation",
        "lower case",
        "singular",
        "trailing space",
        "other version",
        "DynamoDB",
    ],
)
def test_a_target_without_an_operation_of_ecr_is_refused(ecr, target):
    response = post(ecr, b"{}", target)

    assert (response.status, json.loads(response.body)) == (400, {"__type": "UnknownOperationException"})


def test_a_request_without_a_target_is_refused(ecr):
    response = ecr.answer(Request("POST", "/", {"Content-Type": "application/x-amz-json-1.1"}, b"{}"))

    assert (response.status, json.loads(response.body)) == (400, {"__type": "UnknownOperationException"})


def test_an_operation_that_fakeecr_does_not_implement_is_refused_by_name(ecr, monkeypatch):
    """A newer botocore can have such an operation."""
    implemented = {name: operation for name, operation in OPERATIONS.items() if name != "DescribeRegistry"}
    monkeypatch.setattr("fakeecr.api.service.OPERATIONS", implemented)

    response = post(ecr, b"{}", TARGET + "DescribeRegistry")
    error = json.loads(response.body)
    assert (response.status, error["__type"]) == (501, "NotImplementedByFakeECR")
    assert error["message"].startswith(f"fakeecr {__version__} does not answer DescribeRegistry yet;")

    code, message, status = error_of(ecr.client().describe_registry)
    assert (code, status) == ("NotImplementedByFakeECR", 501)
    assert "DescribeRegistry" in message


# --- Bugs in the fake ------------------------------------------------------------------------------


@pytest.fixture
def _buggy_list_images(ecr, monkeypatch):
    """Replace ListImages by a function with a bug."""

    def list_images(call, request):
        return {"ResponseMetadata": {}}["no such key"]

    monkeypatch.setattr("fakeecr.api.service.find_function", lambda operation: list_images)


@pytest.mark.usefixtures("_buggy_list_images")
def test_a_bug_in_an_operation_is_a_server_exception_that_names_its_cause(client):
    code, message, status = error_of(client.list_images, repositoryName="web")

    assert (code, status) == ("ServerException", 500)
    assert re.match(rf"fakeecr {re.escape(__version__)} failed inside ListImages: KeyError: 'no such key' ", message)


@pytest.mark.usefixtures("_buggy_list_images")
def test_a_bug_in_an_operation_is_logged_once_in_one_line_with_its_traceback_at_debug(ecr, caplog):
    caplog.set_level("DEBUG", logger="fakeecr")

    error_of(ecr.client().list_images, repositoryName="web")  # botocore tries several times

    line, traceback = caplog.records
    assert (line.levelname, line.exc_info, line.getMessage().count("\n")) == ("ERROR", None, 0)
    assert "failed inside ListImages: KeyError: 'no such key'" in line.getMessage()
    assert traceback.levelname == "DEBUG"
    assert 'return {"ResponseMetadata": {}}["no such key"]' in caplog.text


def test_the_writes_of_an_operation_that_fails_are_rolled_back(ecr, client, monkeypatch):
    ecr.push("web", "latest")

    def write_and_fail(call, request):
        call.connection.exec_driver_sql("DELETE FROM repository")
        raise RuntimeError("midway")

    with monkeypatch.context() as patched:
        patched.setattr("fakeecr.api.service.OPERATIONS", {"ListImages": Operation("images", writes=True)})
        patched.setattr("fakeecr.api.service.find_function", lambda operation: write_and_fail)
        assert error_of(client.list_images, repositoryName="web")[0] == "ServerException"

    assert len(client.list_images(repositoryName="web")["imageIds"]) == 1


def test_an_interrupt_during_an_operation_reaches_the_caller(ecr, client, monkeypatch):
    def interrupt(call, request):
        raise KeyboardInterrupt

    monkeypatch.setattr("fakeecr.api.service.find_function", lambda operation: interrupt)

    with pytest.raises(KeyboardInterrupt):
        client.list_images(repositoryName="web")
