"""What is answered by HTTP: the same as in process, and errors of ECR's form for what is no request of its API."""

from __future__ import annotations

import json
import re
from base64 import b64encode

import pytest
from freezegun import freeze_time

from fakeecr.http import Request
from fakeecr.operations import OPERATIONS
from tests.adapters.server.conftest import JSON, TARGET, post, read_answer, send_bytes
from tests.installed_model import INSTALLED_OPERATIONS
from tests.operations.every_operation import REQUESTS, build

SAMPLE_DIGEST = "sha256:f1d4ae3f7261a72e98c6ebefe9985cf10a0ea5bd762585a43e0700ed99863807"
# As it is on the wire: the reference shows its body in another layout, but says that it has 33 bytes.
SAMPLE_REQUEST = b"\r\n".join(
    [
        b"POST / HTTP/1.1",
        b"Host: ecr.us-west-2.amazonaws.com",
        b"Accept-Encoding: identity",
        b"Content-Length: 33",
        b"X-Amz-Target: AmazonEC2ContainerRegistry_V20150921.ListImages",
        b"X-Amz-Date: 20161216T200542Z",
        b"User-Agent: aws-cli/1.11.22 Python/2.7.12 Darwin/16.3.0 botocore/1.4.79",
        b"Content-Type: application/x-amz-json-1.1",
        b"Authorization: AWUTHPARAMS",
        b"",
        b'{"repositoryName": "amazonlinux"}',
    ]
)
HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: AmazonEC2ContainerRegistry_V20150921.ListImages\r\n"

# Whose answer is a new one each time.
_NEVER_THE_SAME = {"GetAuthorizationToken", "GetDownloadUrlForLayer"}


def test_the_sample_request_of_the_reference_returns_its_235_bytes(ecr, server):
    with freeze_time("2016-12-16T20:05:42Z"):
        ecr.push("amazonlinux", "2016.09", "latest", digest=SAMPLE_DIGEST, region="us-west-2")

        answer = send_bytes(server, SAMPLE_REQUEST)

    assert answer.status == 200
    assert len(answer.body) == 235
    assert answer.headers == {
        "Server": "Server",
        "Date": "Fri, 16 Dec 2016 20:05:42 GMT",
        "Content-Type": JSON,
        "Content-Length": "235",
        "Connection": "keep-alive",
        "x-amzn-RequestId": answer.headers["x-amzn-RequestId"],
    }


def test_every_operation_that_reads_answers_with_the_same_bytes_as_in_process(ecr, connect):
    world = build(ecr, ecr.client())
    connection = connect()
    for operation in sorted(INSTALLED_OPERATIONS):
        if operation in _NEVER_THE_SAME or OPERATIONS[operation].writes:
            continue
        request = REQUESTS[operation]
        body = json.dumps(request(world) if callable(request) else request).encode()

        answer = post(connection, operation, body)

        in_process = ecr.answer(Request("POST", "/", {"X-Amz-Target": TARGET + operation}, body))
        assert (answer.status, answer.body) == (in_process.status, in_process.body), operation
        assert answer.headers.keys() == in_process.headers.keys()


def test_what_one_client_writes_by_http_another_reads_in_process(ecr, call):
    answer = call("CreateRepository", {"repositoryName": "web"})

    assert answer.status == 200
    assert [call.operation for call in ecr.calls] == ["CreateRepository"]
    assert ecr.client().describe_repositories()["repositories"][0]["repositoryName"] == "web"


def test_an_error_of_ecr_has_its_status_and_its_form(call):
    answer = call("ListImages", {"repositoryName": "web"})

    assert answer.status == 400
    assert answer.json == {
        "__type": "RepositoryNotFoundException",
        "message": "The repository with name 'web' does not exist in the registry with id '123456789012'",
    }


@pytest.mark.parametrize(
    ("sent", "status", "kind"),
    [
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", 400, "UnknownOperationException", id="no operation"),
        pytest.param(b"PUT /v2/x HTTP/1.1\r\nContent-Length: 1\r\n\r\nx", 400, "UnknownOperationException", id="another method"),
        pytest.param(HEAD + b"Content-Length: 1\r\n\r\n{", 400, "SerializationException", id="half a document"),
        pytest.param(HEAD + b"Content-Length: 0\r\n\r\n", 400, "SerializationException", id="empty body"),
        pytest.param(HEAD + b"\r\n", 400, "SerializationException", id="no body"),
        pytest.param(HEAD + b"Content-Length: x\r\n\r\n", 400, "SerializationException", id="length that is no number"),
        pytest.param(HEAD + b"Content-Length: -1\r\n\r\n", 400, "SerializationException", id="negative length"),
        pytest.param(HEAD + "Content-Length: ²\r\n\r\n".encode("latin-1"), 400, "SerializationException", id="a length of other digits"),
        pytest.param(HEAD + b"Content-Length: 40000000\r\n\r\n", 413, "RequestEntityTooLargeException", id="too long"),
        pytest.param(HEAD + b"Content-Length: 9\r\n\r\n{}", 400, "SerializationException", id="shorter than it says"),
        pytest.param(HEAD + b"Transfer-Encoding: chunked\r\n\r\nnonsense\r\n", 400, "SerializationException", id="no chunk"),
        pytest.param(HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", 400, "SerializationException", id="last chunk missing"),
        pytest.param(b"nonsense\r\n\r\n", 400, "SerializationException", id="no HTTP"),
        pytest.param(b"POST / HTTP/4.0\r\n\r\n", 505, "ServerException", id="another version of HTTP"),
        pytest.param(b"GET /" + b"x" * 70000 + b" HTTP/1.1\r\n\r\n", 414, "SerializationException", id="long path"),
        pytest.param(b"GET / HTTP/1.1\r\n" + b"X-A: b\r\n" * 200 + b"\r\n", 431, "SerializationException", id="many headers"),
        pytest.param(b"GET / HTTP/1.1\r\nA: " + b"x" * 70000 + b"\r\n\r\n", 431, "SerializationException", id="long header"),
    ],
)  # fmt: skip
def test_a_malformed_request_gets_an_error_of_ecrs_form(server, sent, status, kind):
    answer = send_bytes(server, sent, ends=True)

    assert (answer.status, answer.json["__type"]) == (status, kind)
    assert answer.headers["Content-Type"] == JSON


def test_a_request_that_is_too_long_is_answered_although_its_client_sends_all_of_it(server):
    answer = send_bytes(server, HEAD + b"Content-Length: 40000000\r\n\r\n", *[b" " * 10_000_000] * 4)

    assert answer.status == 413
    assert answer.json["message"] == "A request has at most 33554432 bytes."
    assert answer.headers["Connection"] == "close"


def test_the_largest_part_of_a_layer_and_the_largest_manifest_fit_into_a_request(ecr, connect):
    ecr.client().create_repository(repositoryName="web")
    upload_id = ecr.client().initiate_layer_upload(repositoryName="web")["uploadId"]
    part = {"repositoryName": "web", "uploadId": upload_id, "partFirstByte": 0, "partLastByte": 20 * 2**20 - 1}
    part["layerPartBlob"] = b64encode(bytes(20 * 2**20)).decode()
    connection = connect()

    sent = post(connection, "UploadLayerPart", part)
    manifest = post(connection, "PutImage", {"repositoryName": "web", "imageManifest": "\x01" * 4194304})

    assert sent.status == 200
    assert manifest.json["__type"] == "InvalidParameterException"


def test_a_head_request_has_no_body(connect):
    connection = connect()
    connection.request("HEAD", "/")

    answer = read_answer(connection.getresponse())

    assert (answer.status, answer.body) == (400, b"")
    assert post(connection, "DescribeRepositories", {}).status == 200


def test_a_fault_of_fakeecr_is_an_error_of_ecrs_form(server, call, monkeypatch):
    def fail(request):
        raise RuntimeError("a bug")

    monkeypatch.setattr(server._fake, "answer", fail)

    answer = call("ListImages", {})

    assert answer.status == 500
    assert answer.json == {"__type": "ServerException", "message": "fakeecr could not answer; its log says why."}


@pytest.mark.newest_model("names with two hyphens")
def test_a_limit_of_the_reference_is_noted_in_the_log_and_not_warned_of(ecr, call, caplog):
    with caplog.at_level("INFO", "fakeecr.server"):
        answer = call("CreateRepository", {"repositoryName": "my--repository"})

    assert answer.status == 400
    assert 'FakeECR(limits="installed")' in caplog.text


@pytest.mark.parametrize(
    ("operation", "content", "line"),
    [
        pytest.param("DescribeRepositories", {}, r"DescribeRepositories 200 \d+\.\d ms", id="success"),
        pytest.param(
            "ListImages", {"repositoryName": "wep"},
            r"ListImages 400 RepositoryNotFoundException: \"The repository with name 'wep' .*; Registry .*'web'.*",
            id="error with its note",
        ),
        pytest.param("X\x07Y", {}, r"'X\\x07Y' 400 UnknownOperationException \d+\.\d ms; .*", id="control characters"),
        pytest.param(
            "ListImage", {}, r"ListImage 400 UnknownOperationException \d+\.\d ms; Expected .* Did you mean 'ListImages'\?",
            id="misspelt operation",
        ),
        pytest.param(
            "ListImages", b'{"repositoryName": web}', r"ListImages 400 SerializationException .* ms; .* is not JSON: .*\.",
            id="malformed JSON",
        ),
        pytest.param("ListImages", b"", r"ListImages 400 SerializationException .* ms; The request has no body\.", id="no body"),
    ],
)  # fmt: skip
def test_each_call_is_a_line_of_the_log(ecr, connect, caplog, operation, content, line):
    ecr.push("web")

    with caplog.at_level("INFO", "fakeecr.server"):
        post(connect(), operation, content)

    assert [record.getMessage() for record in caplog.records if re.fullmatch(line, record.getMessage())]
