"""The WSGI application that answers HTTP requests by a fake, with any WSGI server."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import msgspec
from werkzeug.exceptions import ClientDisconnected, HTTPException, RequestEntityTooLarge
from werkzeug.wrappers import Response as FileResponse
from werkzeug.wsgi import FileWrapper, get_content_length, get_input_stream

from fakeecr.adapters.server.origin import origin_of
from fakeecr.errors import FakeECRError, collected_warnings
from fakeecr.http import NetworkError, Request, Response, s3_error

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from fakeecr.adapters.active import Fake

# A request of the API cannot be longer: a part of a layer has 20 MiB at most, in base64; a manifest 4 MiB, of which
# each character may be escaped.
LARGEST_REQUEST = 32 * 2**20

# How many bytes of a layer are sent at once.
_PIECE = 2**18

# One range of bytes.
_RANGE = re.compile(r"bytes=(\d+-\d*|-\d+)")

log = logging.getLogger("fakeecr.server")


class Application:
    """A WSGI application that answers by a fake.

    Args:
        fake: the fake.
        wait: waits for so many seconds; a server passes its own, which ends early when it stops.
    """

    def __init__(self, fake: Fake, wait: Callable[[float], object] = time.sleep) -> None:
        self._fake = fake
        self._wait = wait

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request.

        Raises:
            NetworkError: a fault that a test ordered. The server closes the connection without an answer; one that does
                not know this error may answer with status 500.
        """
        started = time.perf_counter()
        with collected_warnings() as warnings:
            try:
                response = self._answer(environ)
            except NetworkError as error:
                log.info("%s %s %s", _name_of(environ), error.name, _duration(started))
                raise
        if response.delay:
            self._wait(response.delay)
        notes = (*response.notes, *warnings)
        # What a note says helps the author of a test, whose client sees AWS's message alone.
        level = logging.WARNING if notes else logging.INFO
        if response.file is not None:
            file = _file_response(response, environ)
            log.log(level, "%s %d %s", _name_of(environ), file.status_code, _duration(started))
            return file(environ, start_response)
        if log.isEnabledFor(level):
            line = "; ".join([f"{_name_of(environ)} {_outcome_of(response)} {_duration(started)}", *notes])
            log.log(level, "%s", line)
        start_response(_status_line(response.status), _headers_of(response))
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [response.body]

    def _answer(self, environ: WSGIEnvironment) -> Response:
        try:
            body = _read_body(environ)
        except RequestEntityTooLarge:
            return refusal(413, "RequestEntityTooLargeException", f"A request has at most {LARGEST_REQUEST} bytes.")
        except (HTTPException, OSError) as error:
            if TimeoutError in (type(error), type(error.__context__)):
                return refusal(408, "RequestTimeoutException", "The body of the request did not arrive in time.")
            return refusal(400, "SerializationException", "The body of the request ended early, or is malformed.")
        try:
            return self._fake.answer(_build_request(environ, body))
        except FakeECRError as error:
            # The fake was stopped while the request was on its way.
            return refusal(503, "ServiceUnavailable", str(error))


def _read_body(environ: WSGIEnvironment) -> bytes:
    """Return the body of a request.

    Raises:
        RequestEntityTooLarge: it is too long.
        HTTPException: it ended early.
        OSError: it is malformed, or did not arrive in time.
    """
    length = get_content_length(environ)
    if length is None:
        # In chunks. One byte more shows that it is too long.
        content = get_input_stream(environ, max_content_length=LARGEST_REQUEST + 1).read()
        if len(content) > LARGEST_REQUEST:
            raise RequestEntityTooLarge
        return content
    if length > LARGEST_REQUEST:
        raise RequestEntityTooLarge
    # At once: by pieces, it would be in memory several times.
    body: bytes = environ["wsgi.input"].read(length)
    if len(body) < length:
        raise ClientDisconnected
    return body


def _build_request(environ: WSGIEnvironment, body: bytes) -> Request:
    headers = _Headers(environ)
    host = headers.get("Host", "")
    origin = origin_of(headers.get("Authorization", ""), host)
    return Request(
        method=environ["REQUEST_METHOD"],
        path=_path_of(environ),
        headers=headers,
        body=body,
        region=origin.region,
        query=environ.get("QUERY_STRING", ""),
        account_id=origin.account_id,
        # A host of AWS leads to this server only for a client that was told so by other means.
        base_url=f"{environ['wsgi.url_scheme']}://{host}{_prefix_of(environ)}" if host and not origin.is_aws else None,
    )


def _path_of(environ: WSGIEnvironment) -> str:
    """Return the path as it was sent, if the server says so, or else encoded again."""
    sent = environ.get("RAW_URI") or environ.get("REQUEST_URI")
    if isinstance(sent, str):
        # A client of a proxy sends the whole URL.
        path = sent.partition("?")[0] if sent.startswith("/") else urlsplit(sent).path
        return path.removeprefix(_prefix_of(environ))
    return quote(environ.get("PATH_INFO", "").encode("latin-1"))


def _prefix_of(environ: WSGIEnvironment) -> str:
    """Return the path under which a server has mounted the application; empty at its root."""
    return quote(environ.get("SCRIPT_NAME", "").encode("latin-1"))


class _Headers(Mapping[str, str]):
    """The headers of a request, as WSGI passes them; their names may be in any case."""

    __slots__ = ("_environ",)

    def __init__(self, environ: WSGIEnvironment) -> None:
        self._environ = environ

    def __getitem__(self, name: str) -> str:
        key = name.upper().replace("-", "_")
        value: str = self._environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"]
        return value

    def __iter__(self) -> Iterator[str]:
        for key in self._environ:
            if key.startswith("HTTP_"):
                yield key[5:].replace("_", "-").title()
            elif key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
                yield key.replace("_", "-").title()

    def __len__(self) -> int:
        return sum(1 for _ in self)


# --- Responses -----------------------------------------------------------------------------------


def refusal(status: int, code: str, message: str) -> Response:
    """Build the response to a request that does not reach the fake, in the form of ECR's errors."""
    body = msgspec.json.encode({"__type": code, "message": message})
    return Response(status, {"Content-Type": "application/x-amz-json-1.1", "Content-Length": str(len(body))}, body)


def _status_line(status: int) -> str:
    return f"{status} {HTTPStatus(status).phrase}"


def _headers_of(response: Response) -> list[tuple[str, str]]:
    # Whether the connection is kept is for the server to say.
    return [(name, value) for name, value in response.headers.items() if name != "Connection"]


def _file_response(response: Response, environ: WSGIEnvironment) -> FileResponse:
    """Build a response of werkzeug that sends a file, or the range of it that was asked for."""
    assert response.file is not None  # noqa: S101 - the caller has looked
    if not _RANGE.fullmatch(environ.get("HTTP_RANGE", "bytes=0-")):
        # Of several ranges S3 knows nothing [documented], and units that are unknown are ignored [RFC 9110].
        environ = {name: value for name, value in environ.items() if name != "HTTP_RANGE"}
    # Only newer releases of werkzeug say of a whole file that it has ranges.
    headers = {**response.headers, "Accept-Ranges": "bytes"}
    sent = FileResponse(FileWrapper(response.file, _PIECE), direct_passthrough=True, headers=headers)
    size = int(response.headers["Content-Length"])
    try:
        return sent.make_conditional(environ, accept_ranges=True, complete_length=size)
    except HTTPException:  # the file does not have this range
        response.file.close()
        refused = s3_error(416, "InvalidRange", "The requested range is not satisfiable")
        headers = {**refused.headers, "Content-Range": f"bytes */{size}"}
        return FileResponse(refused.body, refused.status, headers)


# --- The log -------------------------------------------------------------------------------------


def _name_of(environ: WSGIEnvironment) -> str:
    """Return the operation that a request is for, or else its method and path; control characters are escaped."""
    operation = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    name: str = operation or f"{environ['REQUEST_METHOD']} {_path_of(environ)}"
    return name if name.isprintable() else ascii(name)


def _outcome_of(response: Response) -> str:
    if response.status < 400 or not response.body.startswith(b"{"):
        return str(response.status)
    error = msgspec.json.decode(response.body)
    message = error.get("message")
    return f"{response.status} {error['__type']}" + (f": {message!r}"[:500] if message else "")


def _duration(started: float) -> str:
    return f"{(time.perf_counter() - started) * 1000:.1f} ms"
