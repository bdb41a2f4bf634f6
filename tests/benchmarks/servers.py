"""Servers in processes of their own, and a client of theirs that costs next to nothing."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.benchmarks.measuring import REGION

HOST = "127.0.0.1"
# How many seconds a server may take to start, and to answer.
_PATIENCE = 60.0

_FAKEECR = ("-m", "fakeecr", "serve", "--quiet")
_MOTO = ("-m", "moto.server", "--host", HOST)


class Process(NamedTuple):
    """A server: the id of its process, and its port."""

    pid: int
    port: int

    def memory(self, name: str = "VmRSS") -> int:
        """Return how many bytes of memory its process has now, or with `VmHWM` the most that it has had."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return int(re.findall(rf"^{name}:\s+(\d+) kB$", status, re.MULTILINE)[0]) * 1024

    def forget_peak(self) -> None:
        """Let the most memory that it has had be what it has now."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5", encoding="ascii")


@contextmanager
def fakeecr_server(database: Path | None = None) -> Iterator[Process]:
    """Run fakeecr's server, by its command; its state is in memory unless a database is given."""
    with _running(*_FAKEECR, *(() if database is None else ("--database", str(database)))) as process:
        yield process


@contextmanager
def moto_server() -> Iterator[Process]:
    """Run moto's server, by its command."""
    with _running(*_MOTO) as process:
        yield process


@contextmanager
def _running(*command: str) -> Iterator[Process]:
    with socket.create_server((HOST, 0)) as probe:
        port = probe.getsockname()[1]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen([sys.executable, *command, "--port", str(port)], stdout=quiet, stderr=quiet)
    try:
        _wait_for(port)
        yield Process(process.pid, port)
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int) -> None:
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            return socket.create_connection((HOST, port)).close()
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


# --- The client ----------------------------------------------------------------------------------


def request(operation: str, **parameters: Any) -> bytes:
    """Return the bytes of a request of ECR's API."""
    body = json.dumps(parameters).encode()
    head = (
        f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/x-amz-json-1.1\r\n"
        f"X-Amz-Target: AmazonEC2ContainerRegistry_V20150921.{operation}\r\n"
        f"Authorization: AWS4-HMAC-SHA256 Credential=AKID/20150921/{REGION}/ecr/aws4_request, Signature=0\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Client:
    """One connection, which is kept if the server keeps it: moto's closes each after one answer.

    It does no more than it must, so that the time of a request is the server's.

    Args:
        port: the server's port.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None

    def send(self, request: bytes, status: int = 200) -> bytes:
        """Send a request and return the body of its answer, which must have a status."""
        if self._socket is None:
            self._socket = socket.create_connection((HOST, self._port), timeout=_PATIENCE)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(request)
        head, separator, body = b"", b"", b""
        received = []
        while not separator:
            received.append(self._receive())
            head, separator, body = b"".join(received).partition(b"\r\n\r\n")
        words = head.lower()
        bodies = [body]
        missing = int(words.split(b"\r\ncontent-length:")[1].split(b"\r\n")[0]) - len(body)
        while missing > 0:
            bodies.append(self._receive())
            missing -= len(bodies[-1])
        body = b"".join(bodies)
        if int(head.split(b" ", 2)[1]) != status:
            raise AssertionError(body)
        if head.startswith(b"HTTP/1.0") or b"\r\nconnection: close" in words:
            self.close()
        return body

    def _receive(self) -> bytes:
        assert self._socket is not None
        received = self._socket.recv(2**16)
        if not received:
            raise ConnectionError("The server closed the connection in the middle of an answer.")
        return received

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
