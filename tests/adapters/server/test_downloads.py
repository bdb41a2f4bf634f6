"""Layers by the URLs of GetDownloadUrlForLayer while a fake is served."""

from __future__ import annotations

import http.client
import json
import os
import random
import threading
from urllib.parse import urlsplit

import pytest
import requests
import urllib3
from freezegun import freeze_time

from fakeecr import FakeECR, FakeECRError
from fakeecr.http import Request
from fakeecr.store import layers
from tests.adapters.server.conftest import Answer, post, read_answer
from tests.manifests import digest_of

CONTENT = bytes(range(256)) * 4
DIGEST = digest_of(CONTENT)


@pytest.fixture
def stored(ecr):
    """Store an image with the layer `CONTENT` in the repository `team/web`."""
    ecr.seed(seed_with(CONTENT))


def seed_with(content: bytes) -> dict[str, object]:
    from base64 import b64encode

    layer = {"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest_of(content), "size": len(content)}
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": [layer]}
    repository = {
        "name": "team/web",
        "layers": [{"base64": b64encode(content).decode()}],
        "images": [{"manifest": json.dumps(manifest), "tags": ["latest"]}],
    }
    return {"registries": [{"repositories": [repository]}]}


def url_of(ecr: FakeECR, digest: str = DIGEST) -> str:
    answer = ecr.client().get_download_url_for_layer(repositoryName="team/web", layerDigest=digest)
    return answer["downloadUrl"]


def get(url: str, method: str = "GET", **headers: str) -> Answer:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    connection.request(
        method, f"{parts.path}?{parts.query}", headers={k.replace("_", "-"): v for k, v in headers.items()}
    )
    answer = read_answer(connection.getresponse())
    connection.close()
    return answer


def test_a_caller_in_process_gets_a_url_of_the_server(ecr, server, stored):
    url = url_of(ecr)

    assert url.startswith(f"{server.url}/layers/123456789012/us-east-1/team/web/{DIGEST}?Expires=")
    answer = get(url)
    assert (answer.status, answer.body) == (200, CONTENT)
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["ETag"] == f'"{DIGEST}"'


def test_a_caller_by_http_gets_a_url_with_the_host_that_it_used(ecr, server, stored, call):
    port = server.registry.rpartition(":")[2]

    answer = call(
        "GetDownloadUrlForLayer", {"repositoryName": "team/web", "layerDigest": DIGEST}, Host=f"build-host:{port}"
    )

    assert answer.json["downloadUrl"].startswith(f"http://build-host:{port}/layers/")


def test_a_caller_that_used_a_host_of_aws_gets_a_url_of_the_server(server, stored, call):
    answer = call(
        "GetDownloadUrlForLayer",
        {"repositoryName": "team/web", "layerDigest": DIGEST},
        Host="api.ecr.us-east-1.amazonaws.com",
    )

    assert answer.json["downloadUrl"].startswith(f"{server.url}/layers/")


def test_without_a_server_the_url_contains_the_layer(ecr, stored):
    with ecr.serve():
        assert url_of(ecr).startswith("http://")

    assert url_of(ecr).startswith("data:")


def test_of_two_servers_the_newest_that_runs_is_in_the_url(ecr, stored):
    with ecr.serve() as first:
        with ecr.serve() as second:
            assert url_of(ecr).startswith(second.url)
        assert url_of(ecr).startswith(first.url)


@pytest.mark.parametrize(
    ("asked", "status", "begin", "end"),
    [
        pytest.param("bytes=0-0", 206, 0, 1, id="first byte"),
        pytest.param("bytes=10-19", 206, 10, 20, id="in the middle"),
        pytest.param("bytes=1000-", 206, 1000, 1024, id="to the end"),
        pytest.param("bytes=-24", 206, 1000, 1024, id="the last"),
        pytest.param("bytes=0-99999", 206, 0, 1024, id="more than there is"),
        pytest.param("bytes=0-3,10-12", 200, 0, 1024, id="several, which S3 does not know"),
        pytest.param("lines=1-2", 200, 0, 1024, id="another unit"),
    ],
)
def test_a_range_of_a_layer_can_be_downloaded(ecr, server, stored, asked, status, begin, end):
    answer = get(url_of(ecr), Range=asked)

    assert (answer.status, answer.body) == (status, CONTENT[begin:end])
    assert answer.headers.get("Content-Range") == (f"bytes {begin}-{end - 1}/1024" if status == 206 else None)
    assert answer.headers["Accept-Ranges"] == "bytes"


def test_a_range_that_the_layer_does_not_have_is_refused(ecr, server, stored):
    answer = get(url_of(ecr), Range="bytes=1024-")

    assert answer.status == 416
    assert answer.headers["Content-Range"] == "bytes */1024"
    assert b"<Code>InvalidRange</Code>" in answer.body


def test_the_log_has_the_status_of_a_range(ecr, server, stored, caplog):
    with caplog.at_level("INFO", "fakeecr.server"):
        get(url_of(ecr), Range="bytes=0-1")

    assert f"/{DIGEST} 206 " in caplog.text


def test_a_head_request_tells_the_size(ecr, server, stored):
    answer = get(url_of(ecr), "HEAD")

    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (200, b"", "1024")


def test_a_layer_that_the_client_has_is_not_sent_again(ecr, server, stored):
    answer = get(url_of(ecr), If_None_Match=f'"{DIGEST}"')

    assert (answer.status, answer.body) == (304, b"")


def test_a_layer_of_several_parts_is_read_at_any_place(ecr, server):
    content = random.Random(1).randbytes(5 * 2**20 + 17)
    client = ecr.client()
    client.create_repository(repositoryName="team/web")
    upload = client.initiate_layer_upload(repositoryName="team/web")["uploadId"]
    for first in (0, 5 * 2**20):
        part = content[first : first + 5 * 2**20]
        client.upload_layer_part(
            repositoryName="team/web", uploadId=upload, partFirstByte=first, partLastByte=first + len(part) - 1,
            layerPartBlob=part,
        )  # fmt: skip
    client.complete_layer_upload(repositoryName="team/web", uploadId=upload, layerDigests=[digest_of(content)])
    ecr.seed(seed_with(content))
    url = url_of(ecr, digest_of(content))

    assert get(url).body == content
    for begin, end in [(0, 3), (5 * 2**20 - 5, 5 * 2**20 + 5), (2**20 - 1, 3 * 2**20), (5 * 2**20, 5 * 2**20 + 17)]:
        assert get(url, Range=f"bytes={begin}-{end - 1}").body == content[begin:end]


def test_a_url_is_valid_for_an_hour(ecr, server, stored):
    with freeze_time("2026-01-01T12:00:00Z") as time:
        url = url_of(ecr)
        time.tick(3600)
        assert get(url).status == 200
        time.tick(1)

        answer = get(url)

    assert answer.status == 403
    assert b"<Code>AccessDenied</Code><Message>Request has expired</Message>" in answer.body


@pytest.mark.parametrize(
    ("old", "new", "status", "code"),
    [
        pytest.param("Signature=", "Signature=0", 403, b"SignatureDoesNotMatch", id="signature"),
        pytest.param("Signature=", "x=", 403, b"SignatureDoesNotMatch", id="no signature"),
        pytest.param("Signature=", "Signature=%C3%A9", 403, b"SignatureDoesNotMatch", id="not ASCII"),
        pytest.param("Expires=1", "Expires=9", 403, b"SignatureDoesNotMatch", id="expiry"),
        pytest.param("team/web", "team/wep", 403, b"SignatureDoesNotMatch", id="repository"),
        pytest.param("sha256:", "sha256:/../", 404, b"NoSuchKey", id="path"),
    ],
)  # fmt: skip
def test_a_url_that_was_changed_is_refused(ecr, server, stored, old, new, status, code):
    answer = get(url_of(ecr).replace(old, new))

    assert answer.status == status
    assert b"<Code>" + code + b"</Code>" in answer.body


def test_a_url_of_a_layer_that_was_deleted_is_refused(ecr, server, stored):
    url = url_of(ecr)
    ecr.client().delete_repository(repositoryName="team/web", force=True)

    assert get(url).status == 404


def test_a_url_of_a_snapshot_is_valid_in_its_copies(ecr, server, stored):
    path = urlsplit(url_of(ecr))

    with FakeECR(ecr.snapshot()) as copy, copy.serve() as other:
        answer = get(f"{other.url}{path.path}?{path.query}")

    assert answer.body == CONTENT


def test_downloads_are_no_calls_and_count_no_pull(ecr, server, stored):
    with freeze_time("2026-01-01T12:00:00Z") as time:
        url = url_of(ecr)
        time.tick(60)
        assert get(url).status == 200

    assert [call.operation for call in ecr.calls] == ["GetDownloadUrlForLayer"]
    (image,) = ecr.client().describe_images(repositoryName="team/web")["imageDetails"]
    assert image["lastRecordedPullTime"].isoformat() == "2026-01-01T12:00:00+00:00"


def test_the_config_of_an_image_that_fakeecr_made_up_can_be_downloaded(ecr, server):
    ecr.push("team/web", "latest")

    assert get(url_of(ecr, digest_of(b"{}"))).body == b"{}"


def read_with_urllib3(url):
    with urllib3.PoolManager() as pool:
        return pool.request("GET", url).data


@pytest.mark.parametrize(
    "read",
    [
        pytest.param(lambda url: requests.get(url, timeout=30).content, id="requests"),
        pytest.param(
            read_with_urllib3,
            id="urllib3",
        ),
    ],
)
def test_libraries_that_cannot_read_data_urls_read_these(ecr, server, stored, read):
    assert read(url_of(ecr)) == CONTENT


def test_a_layer_that_is_deleted_while_it_is_read_ends_the_connection(ecr, server, monkeypatch):
    content = random.Random(1).randbytes(9 * 2**20)
    ecr.seed(seed_with(content))
    parts = urlsplit(url_of(ecr, digest_of(content)))
    read, pieces = layers.piece_of, []

    def read_once(*arguments):
        pieces.append(arguments)
        return read(*arguments) if len(pieces) == 1 else b""

    monkeypatch.setattr(layers, "piece_of", read_once)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    connection.request("GET", f"{parts.path}?{parts.query}")

    with pytest.raises(http.client.IncompleteRead):
        connection.getresponse().read()
    connection.close()


def test_a_layer_that_a_restore_replaces_is_not_continued(ecr, server):
    random_bytes = random.Random(1)
    first, second = random_bytes.randbytes(9 * 2**20), random_bytes.randbytes(9 * 2**20)
    with FakeECR() as other:
        other.seed(seed_with(second))
        snapshot = other.snapshot()
    ecr.seed(seed_with(first))
    parts = urlsplit(url_of(ecr, digest_of(first)))
    response = ecr.answer(Request("GET", parts.path, {}, b"", query=parts.query))
    assert response.file is not None
    beginning = response.file.read(5 * 2**20)

    ecr.restore(snapshot)

    assert beginning == first[: 5 * 2**20]
    with pytest.raises(EOFError):
        response.file.read()


def test_a_download_ends_with_the_fake_and_leaves_its_file_alone(tmp_path):
    content = random.Random(1).randbytes(9 * 2**20)
    database = tmp_path / "state.db"
    ecr = FakeECR(database)
    with ecr.serve():
        ecr.seed(seed_with(content))
        parts = urlsplit(url_of(ecr, digest_of(content)))
    response = ecr.answer(Request("GET", parts.path, {}, b"", query=parts.query))
    assert response.file is not None
    response.file.read(5 * 2**20)
    ecr.stop()
    database.unlink()

    with pytest.raises(FakeECRError, match="was stopped"):
        response.file.read()
    assert not database.exists()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_fork_waits_for_the_piece_that_is_being_read(ecr, server, stored, connect, monkeypatch):
    is_held, goes_on, read = threading.Event(), threading.Event(), layers.piece_of

    def piece_of(*arguments):
        is_held.set()
        assert goes_on.wait(30)
        return read(*arguments)

    monkeypatch.setattr(layers, "piece_of", piece_of)
    parts, connection, client = urlsplit(url_of(ecr)), connect(), ecr.client()
    connection.request("GET", f"{parts.path}?{parts.query}")
    assert is_held.wait(30)
    threading.Timer(0.05, goes_on.set).start()

    child = os.fork()
    if child == 0:
        client.list_images(repositoryName="team/web")  # does not wait for a lock that nobody gives back
        os._exit(0)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert read_answer(connection.getresponse()).body == CONTENT


def test_a_kept_connection_answers_calls_after_a_download(ecr, stored, server, connect):
    connection = connect()
    parts = urlsplit(url_of(ecr))

    for _ in range(3):
        connection.request("GET", f"{parts.path}?{parts.query}")
        assert read_answer(connection.getresponse()).body == CONTENT
        assert post(connection, "DescribeRepositories", {}).status == 200
