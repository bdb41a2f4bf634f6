"""The service on the wire: bytes in, bytes out, and every fault as AWS would show it."""

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


class TestTheSampleOfTheReference:
    @pytest.fixture
    def response(self, ecr):
        with freeze_time("2016-12-16T20:05:42Z"):
            ecr.push("amazonlinux", "2016.09", "latest", digest=SAMPLE_DIGEST)
            return post(ecr, b'{ "repositoryName": "amazonlinux" }')

    def test_is_answered_with_its_body_in_compact_json(self, response):
        assert response.status == 200
        assert len(response.body) == 235
        assert response.body.decode() == (
            '{"imageIds":['
            f'{{"imageDigest":"{SAMPLE_DIGEST}","imageTag":"2016.09"}},'
            f'{{"imageDigest":"{SAMPLE_DIGEST}","imageTag":"latest"}}'
            "]}"
        )

    def test_is_answered_with_its_headers(self, response):
        assert dict(response.headers) == {
            "Server": "Server",
            "Date": "Fri, 16 Dec 2016 20:05:42 GMT",
            "Content-Type": "application/x-amz-json-1.1",
            "Content-Length": "235",
            "Connection": "keep-alive",
            "x-amzn-RequestId": response.headers["x-amzn-RequestId"],
        }
        assert str(UUID(response.headers["x-amzn-RequestId"])) == response.headers["x-amzn-RequestId"]

    def test_reaches_a_client_through_boto3(self, ecr):
        ecr.push("amazonlinux", "2016.09", "latest", digest=SAMPLE_DIGEST, registry_id="012345678910")
        answered = ecr.client("us-east-1").list_images(repositoryName="amazonlinux", registryId="012345678910")
        metadata = answered["ResponseMetadata"]
        assert metadata["HTTPHeaders"]["content-length"] == "235"
        assert metadata["RequestId"] == metadata["HTTPHeaders"]["x-amzn-requestid"]


def test_every_request_has_an_id_of_its_own(ecr):
    ids = {post(ecr, b"{}").headers["x-amzn-RequestId"] for _ in range(50)}
    assert len(ids) == 50


def test_the_date_is_the_clocks(ecr):
    with freeze_time("2020-02-29T12:00:00Z") as frozen:
        dates = []
        for _ in range(2):
            dates.append(parsedate_to_datetime(post(ecr, b"{}").headers["Date"]).isoformat())
            frozen.tick(1)
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
def test_a_body_that_is_no_json_object_is_a_serialization_error_without_a_message(ecr, body):
    response = post(ecr, body)
    assert (response.status, json.loads(response.body)) == (400, {"__type": "SerializationException"})


def test_a_list_for_a_body_is_a_serialization_error_that_says_so(ecr):
    assert json.loads(post(ecr, b"[]").body) == {
        "__type": "SerializationException",
        "message": "Start of list found where not expected",
    }


def test_an_error_has_its_bare_name_and_a_message_in_lower_case(ecr):
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
)
def test_a_target_that_names_no_operation_is_unknown(ecr, target):
    response = post(ecr, b"{}", target)
    assert (response.status, json.loads(response.body)) == (400, {"__type": "UnknownOperationException"})


def test_a_request_without_a_target_is_unknown(ecr):
    response = ecr.answer(Request("POST", "/", {"Content-Type": "application/x-amz-json-1.1"}, b"{}"))

    assert (response.status, json.loads(response.body)) == (400, {"__type": "UnknownOperationException"})


def test_an_operation_that_is_not_there_yet_says_so_loudly_and_at_once(ecr, monkeypatch):
    """As one of a newer botocore would be."""
    known = {name: operation for name, operation in OPERATIONS.items() if name != "DescribeRegistry"}
    monkeypatch.setattr("fakeecr.api.service.OPERATIONS", known)
    response = post(ecr, b"{}", TARGET + "DescribeRegistry")
    error = json.loads(response.body)
    assert (response.status, error["__type"]) == (501, "NotImplementedByFakeECR")
    assert error["message"].startswith(f"fakeecr {__version__} does not answer DescribeRegistry yet;")
    code, message, status = error_of(ecr.client().describe_registry)
    assert (code, status) == ("NotImplementedByFakeECR", 501)
    assert "DescribeRegistry" in message


class TestAFaultInsideTheFake:
    @pytest.fixture
    def faulty(self, ecr, monkeypatch):
        def fail(call, request):
            return {"ResponseMetadata": {}}["no such key"]

        monkeypatch.setattr("fakeecr.api.service.find_function", lambda operation: fail)
        return ecr

    def test_reaches_the_caller_as_a_server_exception_that_names_its_cause(self, faulty, client):
        code, message, status = error_of(client.list_images, repositoryName="web")
        assert (code, status) == ("ServerException", 500)
        assert re.match(
            rf"fakeecr {re.escape(__version__)} failed inside ListImages: KeyError: 'no such key' ", message
        )

    def test_is_logged_with_its_traceback(self, faulty, client, caplog):
        error_of(client.list_images, repositoryName="web")
        assert 'return {"ResponseMetadata": {}}["no such key"]' in caplog.text

    def test_leaves_nothing_behind(self, ecr, client, monkeypatch):
        ecr.push("web", "latest")

        def write_and_fail(call, request):
            call.connection.exec_driver_sql("DELETE FROM repository")
            raise RuntimeError("midway")

        with monkeypatch.context() as patched:
            patched.setattr("fakeecr.api.service.OPERATIONS", {"ListImages": Operation("images", writes=True)})
            patched.setattr("fakeecr.api.service.find_function", lambda operation: write_and_fail)
            assert error_of(client.list_images, repositoryName="web")[0] == "ServerException"
        assert len(client.list_images(repositoryName="web")["imageIds"]) == 1

    def test_does_not_swallow_an_interrupt(self, ecr, client, monkeypatch):
        def interrupt(call, request):
            raise KeyboardInterrupt

        monkeypatch.setattr("fakeecr.api.service.find_function", lambda operation: interrupt)
        with pytest.raises(KeyboardInterrupt):
            client.list_images(repositoryName="web")
