"""What the tests of the server share: sockets of this machine, a served fake, and connections to it."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from fakeecr import FakeECR, Server

TARGET = "AmazonEC2ContainerRegistry_V20150921."
JSON = "application/x-amz-json-1.1"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let these tests use sockets, but only within this machine."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.allow_hosts(["127.0.0.1", "::1"]))


@pytest.fixture
def server(ecr: FakeECR) -> Iterator[Server]:
    """Yield a server of the fake `ecr`."""
    with ecr.serve() as server:
        yield server


class Answer(NamedTuple):
    """A response, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def read_answer(response: http.client.HTTPResponse) -> Answer:
    return Answer(response.status, dict(response.getheaders()), response.read())


@pytest.fixture
def connect(server: Server) -> Iterator[Callable[[], http.client.HTTPConnection]]:
    """Return a function that opens a connection to the server; all are closed at the end."""
    with ExitStack() as stack:

        def open_connection() -> http.client.HTTPConnection:
            connection = http.client.HTTPConnection(server.registry, timeout=30)
            stack.callback(connection.close)
            return connection

        yield open_connection


def post(
    connection: http.client.HTTPConnection, operation: str, content: object, headers: Mapping[str, str] = {}
) -> Answer:
    """Send a request of the API, and return its answer."""
    body = content if isinstance(content, bytes) else json.dumps(content)
    connection.request("POST", "/", body, {"X-Amz-Target": TARGET + operation, "Content-Type": JSON, **headers})
    return read_answer(connection.getresponse())


@pytest.fixture
def call(connect: Callable[[], http.client.HTTPConnection]) -> Callable[..., Answer]:
    """Return a function that sends a request of the API on a connection of its own."""
    return lambda operation, content, **headers: post(connect(), operation, content, headers)


def send_bytes(server: Server, *pieces: bytes, ends: bool = False) -> Answer:
    """Send bytes on a connection of their own, and return the answer.

    Args:
        server: the server.
        pieces: what is sent, each by itself.
        ends: whether the client then says that nothing more follows.
    """
    host, port = server.registry.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        for piece in pieces:
            connection.sendall(piece)
        if ends:
            connection.shutdown(socket.SHUT_WR)
        response = http.client.HTTPResponse(connection)
        response.begin()
        return read_answer(response)
