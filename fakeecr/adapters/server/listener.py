"""A threaded HTTP/1.1 server for the application: one thread for each connection, which is kept for further requests.

werkzeug's own server closes each connection after one response, so only its request handler is used here, which reads
the heads of requests.
"""

from __future__ import annotations

import ipaddress
import os
import re
import selectors
import socket
import threading
import time
from contextlib import suppress
from http import HTTPStatus
from socketserver import TCPServer, ThreadingMixIn
from typing import TYPE_CHECKING, Any

from werkzeug.serving import WSGIRequestHandler

from fakeecr.adapters.server.app import LARGEST_REQUEST, Application, log, refusal
from fakeecr.adapters.server.bodies import ChunkedBody, SizedBody
from fakeecr.errors import FakeECRError, ServerError
from fakeecr.http import NetworkError

if TYPE_CHECKING:
    from fakeecr.adapters.active import Fake

# How many seconds the server waits for the next bytes of a request, or for the next request of a connection.
IDLE = 60.0

# How many bytes the first line of a request may have, and one more.
_LONGEST_LINE = 2**16 + 1

# More digits are more bytes than anybody sends.
_LENGTH = re.compile(r"[0-9]{1,18}")

# How many seconds a stop waits for requests that are being answered.
_PATIENCE = 30.0

# How many seconds pass after a connection could not be accepted.
_PAUSE = 0.05

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
    allow_reuse_address = os.name == "posix"  # on Windows two servers would share the port
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
        # The thread of each connection → what answers its requests.
        self._connections: dict[threading.Thread, _Handler | None] = {}
        # What is written to the one ends a wait for the other. Not a pipe, for which Windows does not wait.
        self._waker, self._wakes = socket.socketpair()
        if ":" in host:
            self.address_family = socket.AF_INET6
        try:
            super().__init__((host, port), _Handler)
        except OSError as error:
            self._close_pair()
            raise ServerError(_explain(error, host, port)) from error
        except BaseException:
            self._close_pair()
            raise
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
        self._waker.send(b"!")
        if self._thread is not threading.current_thread():
            self._thread.join()
        self.server_close()
        with self._lock:
            connections = {
                thread: handler
                for thread, handler in self._connections.items()
                if thread is not threading.current_thread()
            }
            for handler in connections.values():
                if handler is not None and handler.is_waiting:
                    handler.end(socket.SHUT_RD)
        end = time.monotonic() + _PATIENCE
        for thread in connections:
            thread.join(max(end - time.monotonic(), 0))
        for thread, handler in connections.items():
            if thread.is_alive() and handler is not None:
                log.warning("The server was stopped although it has answered a request for %d seconds.", _PATIENCE)
                handler.end(socket.SHUT_RDWR)
        self._close_pair()

    def leave_to_parent(self) -> None:
        """Close the socket in a forked child, where no thread listens to it."""
        self.stopping.set()
        self.socket.close()
        self._close_pair()

    def _close_pair(self) -> None:
        self._wakes.close()
        self._waker.close()

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

    def note(self, handler: _Handler, *, is_waiting: bool) -> bool:
        """Note whether a connection waits for a request, or for more of it; return whether the server goes on."""
        with self._lock:
            self._connections[threading.current_thread()] = handler
            handler.is_waiting = is_waiting
        return not self.stopping.is_set()

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection."""
        try:
            return super().get_request()
        except OSError:
            # The process may have no more file descriptors; then trying again at once would do nothing else.
            self.stopping.wait(_PAUSE)
            raise

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

    raw_requestline: bytes
    # Whether it waits for a request, or for more of it.
    is_waiting = False

    def handle(self) -> None:
        """Answer requests until the client or the server ends the connection."""
        self.close_connection = False
        # The client may have gone, or may be as good as gone.
        with suppress(ConnectionError, TimeoutError):
            while not self.close_connection and self.server.note(self, is_waiting=True):
                self.handle_one_request()
        self.server.note(self, is_waiting=False)

    def end(self, how: int) -> None:
        """End the connection, or the wait for a request, from another thread."""
        with suppress(OSError):  # the connection may have ended by itself just now
            self.connection.shutdown(how)

    def parse_request(self) -> bool:
        """Parse the request line that was read, and read the headers."""
        if self.raw_requestline in (b"\r\n", b"\n"):
            # Some clients send an empty line after a body. [RFC 9112, 2.2]
            self.raw_requestline = self.rfile.readline(_LONGEST_LINE)
        return super().parse_request()

    def handle_expect_100(self) -> bool:
        """Tell a client that asks whether to send the body that it may, unless it is too long."""
        length = self.headers.get("Content-Length", "")
        if _LENGTH.fullmatch(length) and int(length) > LARGEST_REQUEST:
            return True
        goes_on = super().handle_expect_100()
        self.wfile.flush()
        return goes_on

    def run_wsgi(self) -> None:
        """Answer a request, whose headers have been read."""
        try:
            body = self._body()
            environ = self.make_environ()
        except ValueError as error:  # a URL that is none, for example
            self.send_error(HTTPStatus.BAD_REQUEST, f"The request is malformed: {error}.")
            return
        except NotImplementedError as error:
            self.send_error(HTTPStatus.NOT_IMPLEMENTED, str(error))
            return
        environ["wsgi.input"] = body
        environ["wsgi.input_terminated"] = True
        has_begun = False

        def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> Any:
            nonlocal has_begun
            has_begun = True
            # After a body that was not read to its end, nobody knows where the next request begins.
            if self.server.stopping.is_set() or not body.is_read:
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
        except (EOFError, FakeECRError) as error:  # a layer was deleted, or the fake stopped, while the layer was sent
            log.warning("%s", error)
            self.close_connection = True
        except Exception:
            log.exception("A request could not be answered.")
            self.close_connection = True
            if not has_begun:
                self.send_error(HTTPStatus.INTERNAL_SERVER_ERROR, "fakeecr could not answer; its log says why.")
        if self.close_connection and not body.is_read:
            self._drain()

    def _body(self) -> SizedBody | ChunkedBody:
        """Return the body of a request.

        Raises:
            ValueError: nobody knows where it ends.
            NotImplementedError: it is encoded in an unknown way.
        """
        if self.headers.defects:
            raise ValueError("a line of its headers is no header")
        lengths, codings = self.headers.get_all("Content-Length", []), self.headers.get_all("Transfer-Encoding", [])
        if not codings:
            if not lengths:
                lengths = ["0"]
            if len(set(lengths)) > 1 or not _LENGTH.fullmatch(lengths[0]):
                raise ValueError("the header Content-Length is not a number")
            return SizedBody(self.rfile, int(lengths[0]), self._has_read)
        if lengths:
            raise ValueError("it has both Content-Length and Transfer-Encoding")
        if [coding.strip().lower() for coding in codings] != ["chunked"]:
            raise NotImplementedError("The only Transfer-Encoding that is known is chunked.")
        return ChunkedBody(self.rfile, self._has_read)

    def _has_read(self) -> None:
        """Note that all of a request was read, so that a stop lets it be answered."""
        self.server.note(self, is_waiting=False)

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
        response = refusal(code, kind, message or status.phrase)
        self.close_connection = True
        self._send_head(f"{code} {status.phrase}", list(response.headers.items()))
        self.wfile.write(response.body)
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


def _explain(error: OSError, host: str, port: int) -> str:
    if isinstance(error, socket.gaierror):
        return f"The server cannot listen at {host}: {error.strerror}. Give a name or an address of this machine."
    return f"The server cannot listen at port {port} of {host}: {error}. Give another port, or 0 for any that is free."
