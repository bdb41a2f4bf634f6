"""A threaded HTTP/1.1 server for the application: one thread for each connection, which is kept for further requests.

werkzeug's own server closes each connection after one response, so only its request handler is used here: it reads
requests, also those whose bodies come in chunks.
"""

from __future__ import annotations

import ipaddress
import os
import selectors
import socket
import threading
import time
from contextlib import suppress
from http import HTTPStatus
from io import BufferedIOBase
from socketserver import TCPServer, ThreadingMixIn
from typing import TYPE_CHECKING, Any

import msgspec
from werkzeug.serving import WSGIRequestHandler

from fakeecr.adapters.server.app import Application, log
from fakeecr.errors import ServerError
from fakeecr.http import NetworkError

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from fakeecr.adapters.active import Fake

# How many seconds the server waits for the next bytes of a request, or for the next request of a connection.
IDLE = 60.0

# How many seconds a stop waits for requests that are being answered.
_PATIENCE = 30.0

# How much of a body that was refused is read, so that its sender reads the answer: bytes, and seconds.
_DRAINED_BYTES = 64 * 2**20
_DRAINED_SECONDS = 5.0


class Listener(ThreadingMixIn, TCPServer):
    """Listens at an address, and answers by a fake.

    Args:
        fake: the fake.
        host: the name or address to listen at.
        port: the port; 0 for any that is free.

    Raises:
        ServerError: it cannot listen there.
    """

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128
    timeout = 0  # handle_request() does not wait for a connection that is gone again

    # What werkzeug's handler asks its server for.
    multithread = True
    multiprocess = False
    ssl_context = None
    _server_version = "fakeecr"

    def __init__(self, fake: Fake, host: str, port: int) -> None:
        self.stopping = threading.Event()
        self.app = Application(fake, self.stopping.wait)
        self._lock = threading.Lock()
        # The thread of each connection → what answers its requests, while it waits for one.
        self._connections: dict[threading.Thread, _Handler | None] = {}
        self._wakes, self._waker = os.pipe()
        self._process = os.getpid()
        if ":" in host:
            self.address_family = socket.AF_INET6
        try:
            super().__init__((host, port), _Handler)
        except OSError as error:
            self._close_pipe()
            raise ServerError(
                f"The server cannot listen at port {port} of {host}: {error}. Give another port, or 0 for any that is "
                "free."
            ) from error
        self._thread = threading.Thread(target=self._accept, name=f"fakeecr server at port {self.port}", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that it listens at."""
        return int(self.server_address[1])

    @property
    def is_exposed(self) -> bool:
        """Whether other machines can reach it."""
        return not ipaddress.ip_address(str(self.server_address[0]).partition("%")[0]).is_loopback

    def _accept(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self, selectors.EVENT_READ)
            selector.register(self._wakes, selectors.EVENT_READ)
            while not self.stopping.is_set():
                selector.select()
                if not self.stopping.is_set():
                    self.handle_request()

    def stop(self) -> None:
        """Stop listening, let requests that are being answered end, and close every connection."""
        if self.stopping.is_set():
            return
        self.stopping.set()
        os.write(self._waker, b"!")
        if self._thread is not threading.current_thread():
            self._thread.join()
        self.server_close()
        with self._lock:
            for handler in self._connections.values():
                if handler is not None:
                    handler.wake()
            threads = [thread for thread in self._connections if thread is not threading.current_thread()]
        end = time.monotonic() + _PATIENCE
        for thread in threads:
            thread.join(max(end - time.monotonic(), 0))
        if any(thread.is_alive() for thread in threads):
            log.warning("The server was stopped although it has answered a request for %d seconds.", _PATIENCE)
        self._close_pipe()

    def leave_to_parent(self) -> None:
        """Close the socket in a forked child, where no thread listens to it."""
        self.stopping.set()
        self.socket.close()
        self._close_pipe()

    def _close_pipe(self) -> None:
        os.close(self._wakes)
        os.close(self._waker)

    # --- Connections -------------------------------------------------------------------------

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer the requests of a new connection in a thread of its own."""
        thread = threading.Thread(target=self.process_request_thread, args=(request, client_address), daemon=True)
        with self._lock:
            self._connections[thread] = None
        thread.start()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer the requests of a connection until it ends."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._lock:
                del self._connections[threading.current_thread()]

    def note(self, waiting: _Handler | None) -> bool:
        """Note what waits for a request in the present thread, if anything; return whether the server goes on."""
        with self._lock:
            self._connections[threading.current_thread()] = waiting
        return not self.stopping.is_set()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log an error that ended a connection."""
        log.exception("A connection ended with an error.")


class _Handler(WSGIRequestHandler):
    """Answers the requests of one connection, one after the other."""

    server: Listener  # type: ignore[assignment]
    protocol_version = "HTTP/1.1"
    timeout = IDLE
    wbufsize = 2**16
    # A response is one write; it must not wait for the client to acknowledge the one before.
    disable_nagle_algorithm = True

    def handle(self) -> None:
        """Answer requests until the client or the server ends the connection."""
        self.close_connection = False
        # The client may have gone, or may be as good as gone.
        with suppress(ConnectionError, TimeoutError):
            while not self.close_connection and self.server.note(self):
                self.handle_one_request()
        self.server.note(None)

    def wake(self) -> None:
        """End the wait for a request, from another thread."""
        with suppress(OSError):  # the connection may have ended by itself just now
            self.connection.shutdown(socket.SHUT_RD)

    def parse_request(self) -> bool:
        """Parse the request line that was read, and read the headers."""
        self.server.note(None)
        return super().parse_request()

    def handle_expect_100(self) -> bool:
        """Tell a client that asks whether to send the body that it may."""
        goes_on = super().handle_expect_100()
        self.wfile.flush()
        return goes_on

    def run_wsgi(self) -> None:
        """Answer a request, whose headers have been read."""
        environ = self.make_environ()
        if not self._bound_body(environ):
            self.send_error(HTTPStatus.BAD_REQUEST, "The header Content-Length is not a number.")
            return
        has_begun = False

        def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> Any:
            nonlocal has_begun
            has_begun = True
            if self.server.stopping.is_set() or not _is_read(environ["wsgi.input"]):
                self.close_connection = True
            self._send_head(status, headers)

        try:
            chunks = self.server.app(environ, start_response)
            try:
                for chunk in chunks:
                    self.wfile.write(chunk)
            finally:
                getattr(chunks, "close", lambda: None)()
            self.wfile.flush()
        except NetworkError as error:
            self._drop(error)
        except (ConnectionError, TimeoutError):
            self.close_connection = True
        except Exception:
            log.exception("A request could not be answered.")
            self.close_connection = True
            if not has_begun:
                self.send_error(HTTPStatus.INTERNAL_SERVER_ERROR, "fakeecr could not answer; its log says why.")
        if self.close_connection and not _is_read(environ["wsgi.input"]):
            self._drain()

    def _bound_body(self, environ: WSGIEnvironment) -> bool:
        """Let the body of a request end where it ends; return whether that is known."""
        if "wsgi.input_terminated" in environ:
            return True  # werkzeug reads it in chunks
        length = environ.get("CONTENT_LENGTH", "") or "0"
        if not (length.isascii() and length.isdecimal()):
            return False
        environ["wsgi.input"] = _Body(self.rfile, int(length))
        environ["wsgi.input_terminated"] = True
        return True

    def _send_head(self, status: str, headers: list[tuple[str, str]]) -> None:
        # Without a length, the end of the connection is the end of the body.
        if self.command != "HEAD" and not any(name == "Content-Length" for name, _ in headers):
            self.close_connection = True
        lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers)]
        lines.append("Connection: close" if self.close_connection else "Connection: keep-alive")
        self.wfile.write("\r\n".join([*lines, "", ""]).encode("latin-1"))

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer a request that is no HTTP, in the form of ECR's errors."""
        status = HTTPStatus(code)
        kind = "SerializationException" if code < HTTPStatus.INTERNAL_SERVER_ERROR else "ServerException"
        body = msgspec.json.encode({"__type": kind, "message": message or status.phrase})
        self.close_connection = True
        headers = [("Content-Type", "application/x-amz-json-1.1"), ("Content-Length", str(len(body)))]
        self._send_head(f"{code} {status.phrase}", headers)
        self.wfile.write(body)
        self.wfile.flush()

    def _drop(self, error: NetworkError) -> None:
        """End the connection without an answer; if the client is to run into its timeout, when it does."""
        self.close_connection = True
        if error.name != "ReadTimeoutError":
            return
        with selectors.DefaultSelector() as selector:
            selector.register(self.connection, selectors.EVENT_READ)
            while not self.server.stopping.wait(0.1):
                if selector.select(0) and not self.connection.recv(1, socket.MSG_PEEK):
                    return

    def _drain(self) -> None:
        """Read what the client still sends, for a while: it would not read the answer before it has sent all."""
        end, count = time.monotonic() + _DRAINED_SECONDS, 0
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(_DRAINED_SECONDS)
            while count < _DRAINED_BYTES and time.monotonic() < end:
                piece = self.rfile.read1(2**16)
                if not piece:
                    return
                count += len(piece)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - so it is called
        """Log what Python's own handler says."""
        log.debug(format, *args)


class _Body:
    """The body of a request, which ends after the number of bytes that its header says."""

    def __init__(self, file: BufferedIOBase, length: int) -> None:
        self._file = file
        self._left = length

    def read(self, size: int = -1) -> bytes:
        """Return so many bytes, or all that are left; fewer only if the client sends no more."""
        data = self._file.read(self._left if size < 0 else min(size, self._left)) if self._left else b""
        self._left -= len(data)
        return data


def _is_read(body: Any) -> bool:
    """Whether the body of a request was read to its end."""
    try:
        return not body.read(1)
    except Exception:
        return False  # it ended early, or is malformed
