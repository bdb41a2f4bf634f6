"""The server's connections: kept, ended, dropped; bodies in chunks; many clients; a stop in the middle."""

from __future__ import annotations

import http.client
import os
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from fakeecr import FakeECR
from fakeecr.adapters.server import listener
from tests.adapters.server.conftest import post, read_answer, send_bytes
from tests.manifests import digest_of

HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: AmazonEC2ContainerRegistry_V20150921.DescribeRepositories\r\n"
REQUEST = HEAD + b"Content-Length: 2\r\n\r\n{}"


def open_socket(server):
    host, port = server.registry.rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout=30)


def read_from(connection):
    response = http.client.HTTPResponse(connection)
    response.begin()
    return read_answer(response)


def test_a_connection_is_kept_for_any_number_of_requests(connect):
    connection = connect()
    connection.connect()
    sent_from = connection.sock.getsockname()

    for _ in range(50):
        assert post(connection, "DescribeRepositories", {}).status == 200
        assert connection.sock.getsockname() == sent_from


def test_a_connection_is_kept_after_an_error_of_ecr(connect):
    connection = connect()

    answer = post(connection, "ListImages", {"repositoryName": "missing"})

    assert answer.headers["Connection"] == "keep-alive"
    assert post(connection, "DescribeRepositories", {}).status == 200


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(HEAD + b"Connection: close\r\n", id="asked to"),
        pytest.param(HEAD.replace(b"HTTP/1.1", b"HTTP/1.0"), id="HTTP 1.0"),
    ],
)
def test_a_connection_is_closed_when_its_client_wants_that(server, head):
    with open_socket(server) as connection:
        connection.sendall(head + b"Content-Length: 2\r\n\r\n{}")

        answer = read_from(connection)

        assert (answer.status, answer.headers["Connection"]) == (200, "close")
        assert connection.recv(1) == b""


def test_requests_that_are_sent_at_once_are_answered_in_their_order(server):
    missing = b'{"repositoryName":"missing"}'
    other = HEAD.replace(b"DescribeRepositories", b"ListImages") + b"Content-Length: %d\r\n\r\n%b" % (
        len(missing),
        missing,
    )
    with open_socket(server) as connection:
        connection.sendall(REQUEST + other + REQUEST)

        # http.client reads ahead, so one file reads all of them.
        file = connection.makefile("rb")
        statuses = []
        for _ in range(3):
            statuses.append(int(file.readline().split()[1]))
            headers = http.client.parse_headers(file)
            file.read(int(headers["Content-Length"]))

    assert statuses == [200, 400, 200]


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([b"2\r\n{}\r\n0\r\n\r\n"], id="one chunk"),
        pytest.param([b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"], id="two chunks"),
        pytest.param([b"1\r\n", b"{\r\n1\r\n}\r\n", b"0\r\n\r\n"], id="sent by and by"),
        pytest.param(
            [b"2;name=value\r\n{}\r\n0\r\nTrailer: 1\r\nAnother: 2\r\n\r\n"], id="with an extension and trailers"
        ),
    ],
)
def test_a_body_may_come_in_chunks(server, pieces):
    with open_socket(server) as connection:
        connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        for piece in pieces:
            connection.sendall(piece)
        first = read_from(connection)
        connection.sendall(REQUEST)
        second = read_from(connection)

    assert (first.status, second.status) == (200, 200)


@pytest.mark.parametrize(
    ("head", "body", "status"),
    [
        pytest.param(b"Transfer-Encoding: chunked\r\n", b"0\r\nXX", 400, id="end of chunks that is none"),
        pytest.param(b"Transfer-Encoding: chunked\r\n", b"2\r\n{}X", 400, id="chunk that is longer than it says"),
        pytest.param(b"Transfer-Encoding: chunked\r\n", b"0x2\r\n{}\r\n0\r\n\r\n", 400, id="size that is not hexadecimal"),
        pytest.param(b"Transfer-Encoding: xchunked\r\n", b"", 501, id="unknown coding"),
        pytest.param(b"Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n", 501, id="compressed"),
        pytest.param(b"Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", b"0\r\n\r\n", 400, id="chunks with a length"),
        pytest.param(b"Content-Length: 2\r\nContent-Length: 0\r\n", b"{}", 400, id="two lengths"),
        pytest.param(b"Content-Length : 2\r\n", b"{}", 400, id="space before a colon"),
        pytest.param(b"Content-Length: 40000000\r\n", b"", 413, id="too long"),
    ],
)  # fmt: skip
def test_what_follows_a_body_without_a_clear_end_is_no_request(ecr, server, head, body, status):
    create = b'{"repositoryName":"smuggled"}'
    smuggled = HEAD.replace(b"DescribeRepositories", b"CreateRepository") + b"Content-Length: %d\r\n\r\n%b" % (
        len(create),
        create,
    )
    with open_socket(server) as connection:
        connection.sendall(HEAD + head + b"\r\n" + body + smuggled)
        answer = read_from(connection)

        assert (answer.status, answer.headers["Connection"]) == (status, "close")
        assert connection.recv(1) == b""
    ecr.assert_not_called("CreateRepository")


def test_a_request_that_is_too_long_is_refused_before_it_is_sent(server):
    with open_socket(server) as connection:
        connection.sendall(HEAD + b"Expect: 100-continue\r\nContent-Length: 40000000\r\n\r\n")

        assert read_from(connection).status == 413


def test_an_empty_line_before_a_request_is_ignored(server):
    assert send_bytes(server, b"\r\n" + REQUEST).status == 200


def test_a_request_may_name_the_whole_url(server):
    assert send_bytes(server, REQUEST.replace(b"POST / ", b"POST http://127.0.0.1/ ")).status == 200


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"GET http://[x HTTP/1.1\r\n\r\n", id="URL"),
        pytest.param(HEAD + b"Content-Length: " + b"1" * 5000 + b"\r\n\r\n", id="length of 5000 digits"),
    ],
)
def test_what_cannot_be_read_is_no_traceback(server, caplog, sent):
    assert send_bytes(server, sent).status == 400
    assert not [record for record in caplog.records if record.exc_info]


def test_chunks_that_are_too_long_together_are_refused(server, monkeypatch):
    monkeypatch.setattr("fakeecr.adapters.server.app.LARGEST_REQUEST", 10)

    answer = send_bytes(server, HEAD + b"Transfer-Encoding: chunked\r\n\r\n8\r\n        \r\n8\r\n        \r\n0\r\n\r\n")

    assert (answer.status, answer.json["__type"]) == (413, "RequestEntityTooLargeException")
    assert answer.headers["Connection"] == "close"


def test_a_client_that_asks_whether_to_go_on_is_told_so(server):
    with open_socket(server) as connection:
        connection.sendall(HEAD + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"{}")

        assert read_from(connection).status == 200


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"POST / HT", id="half a line"),
        pytest.param(HEAD, id="half of the headers"),
    ],
)
def test_a_client_that_sends_no_more_is_disconnected(server, monkeypatch, sent):
    monkeypatch.setattr(listener._Handler, "timeout", 0.05)

    with open_socket(server) as connection:
        connection.sendall(sent)

        assert connection.recv(1) == b""


def test_a_client_that_sends_only_a_part_of_a_body_is_told_so_and_disconnected(server, monkeypatch):
    monkeypatch.setattr(listener._Handler, "timeout", 0.5)

    answer = send_bytes(server, HEAD + b"Content-Length: 9\r\n\r\n{")

    assert (answer.status, answer.json["__type"]) == (408, "RequestTimeoutException")


def test_a_client_that_goes_away_before_the_answer_leaves_the_server_as_it_was(server, connect):
    for _ in range(20):
        with open_socket(server) as connection:
            connection.sendall(REQUEST)

    assert post(connect(), "DescribeRepositories", {}).status == 200


def test_clients_that_write_at_once_all_succeed(ecr, connect):
    connections = [connect() for _ in range(8)]

    def create(number):
        return [
            post(connections[number], "CreateRepository", {"repositoryName": f"web{number}-{index}"}).status
            for index in range(10)
        ]

    with ThreadPoolExecutor(8) as pool:
        statuses = [status for of_client in pool.map(create, range(8)) for status in of_client]

    assert statuses == [200] * 80
    assert len(ecr.client().describe_repositories(maxResults=1000)["repositories"]) == 80


# --- Ordered faults ------------------------------------------------------------------------------


def test_a_delayed_answer_arrives_later(ecr, connect):
    ecr.delay("DescribeRepositories", 0.1)
    started = time.monotonic()

    answer = post(connect(), "DescribeRepositories", {})

    assert answer.status == 200
    assert time.monotonic() - started >= 0.1


@pytest.mark.parametrize("error", ["ConnectionClosedError", "EndpointConnectionError", "ConnectTimeoutError"])
def test_a_connection_that_is_to_fail_is_closed_without_an_answer(ecr, connect, error):
    ecr.fail("DescribeRepositories", error)
    connection = connect()

    with pytest.raises(http.client.RemoteDisconnected):
        post(connection, "DescribeRepositories", {})

    assert post(connection, "DescribeRepositories", {}).status == 200


def test_a_read_that_is_to_time_out_is_not_answered(ecr, connect):
    ecr.fail("DescribeRepositories", "ReadTimeoutError")
    connection = connect()
    connection.timeout = 0.1

    with pytest.raises(TimeoutError):
        post(connection, "DescribeRepositories", {})


# --- The end -------------------------------------------------------------------------------------


def test_a_stop_ends_connections_that_wait_for_a_request(ecr):
    server = ecr.serve()
    with open_socket(server) as idle:
        idle.sendall(REQUEST)
        assert read_from(idle).status == 200

        server.stop()

        assert idle.recv(1) == b""
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("fakeecr server")]


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"POST / HTTP/1.1\r\n", id="half of the headers"),
        pytest.param(HEAD + b"Content-Length: 9\r\n\r\n{", id="half of the body"),
        pytest.param(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{", id="half of the chunks"),
    ],
)
def test_a_stop_does_not_wait_for_the_rest_of_a_request(ecr, monkeypatch, sent):
    noted = threading.Event()
    original = listener.Listener.note

    def note(self, handler, *, is_waiting):
        goes_on = original(self, handler, is_waiting=is_waiting)
        noted.set()
        return goes_on

    monkeypatch.setattr(listener.Listener, "note", note)
    server = ecr.serve()
    with open_socket(server) as connection:
        connection.sendall(sent)
        assert noted.wait(30)
        started = time.monotonic()

        server.stop()

        assert time.monotonic() - started < listener._PATIENCE / 2


def test_a_stop_lets_a_request_end_that_is_being_answered(ecr, monkeypatch):
    is_inside, may_go_on = threading.Event(), threading.Event()
    answer = FakeECR.answer

    def slow(self, request):
        is_inside.set()
        assert may_go_on.wait(30)
        return answer(self, request)

    monkeypatch.setattr(FakeECR, "answer", slow)
    server = ecr.serve()
    stopping = threading.Thread(target=server.stop)
    with open_socket(server) as connection:
        connection.sendall(REQUEST)
        assert is_inside.wait(30)
        stopping.start()
        assert server._listener.stopping.wait(30)
        may_go_on.set()

        received = read_from(connection)

        assert (received.status, received.headers["Connection"]) == (200, "close")
    stopping.join(30)
    assert not stopping.is_alive()


def test_a_stop_does_not_wait_for_a_delay(ecr):
    ecr.delay("DescribeRepositories", 3600)
    server = ecr.serve()
    with open_socket(server) as connection:
        connection.sendall(REQUEST)
        while not ecr.calls:
            time.sleep(0.001)

        server.stop()

        assert read_from(connection).status == 200


def test_a_stop_does_not_wait_for_a_client_that_is_to_time_out(ecr):
    ecr.fail("DescribeRepositories", "ReadTimeoutError")
    server = ecr.serve()
    with open_socket(server) as connection:
        connection.sendall(REQUEST)
        while not ecr.calls:
            time.sleep(0.001)

        server.stop()

        assert connection.recv(1) == b""


def test_a_handler_of_events_may_stop_the_server_that_delivers_them(ecr):
    server = ecr.serve()
    ecr.subscribe(lambda event: server.stop())
    connection = http.client.HTTPConnection(server.registry, timeout=30)

    answer = post(connection, "CreateRepository", {"repositoryName": "web"})

    assert answer.status == 200
    connection.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_leaves_the_server_to_its_parent(ecr, server, connect):
    ecr.push("web", "latest")
    child = os.fork()
    if child == 0:
        # It has no server, so a layer is in its URL.
        answer = ecr.client().get_download_url_for_layer(repositoryName="web", layerDigest=digest_of("{}"))
        os._exit(0 if answer["downloadUrl"].startswith("data:") else 1)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert post(connect(), "DescribeRepositories", {}).status == 200
