"""An HTTP request and its response, as adapters and the gate exchange them; cheap to import."""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO, NamedTuple


class Request(NamedTuple):
    """An HTTP request to ECR.

    Attributes:
        method: the HTTP method, in upper case.
        path: the path of the URL, as it was sent: escapes such as %2F are not decoded.
        headers: the headers. Adapters pass a mapping that ignores the case of names; it may be a view of the
            client's own request, so copy what has to outlive the call.
        body: the body.
        region: the region the request is meant for. None: the region of the fake that answers.
        caller: the ARN of the principal that sends the request. None: it is not known.
        query: the query string of the URL, without its question mark and not decoded.
        read_timeout: how many seconds the client waits for an answer. None: without end.
        account_id: the account whose registry is meant where the request names none. None: the fake's account.
        base_url: where the client reaches this fake by HTTP, without a slash at its end. None: it does not.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    region: str | None = None
    caller: str | None = None
    query: str = ""
    read_timeout: float | None = None
    account_id: str | None = None
    base_url: str | None = None


class Response(NamedTuple):
    """An HTTP response of ECR.

    Attributes:
        status: the HTTP status.
        headers: the headers.
        body: the body.
        notes: what fakeecr has to say about an error to the author of a test; it is not part of AWS's answer.
        delay: how many seconds the adapter waits before it passes the response on.
        file: a file whose contents are the body, in place of `body`. Whoever reads it closes it.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    notes: tuple[str, ...] = ()
    delay: float = 0.0
    file: BinaryIO | None = None


def s3_error(status: int, code: str, message: str) -> Response:
    """Build the response of an error of S3, in the form that S3 has."""
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
    body = text.encode()
    return Response(status, {"Content-Type": "application/xml", "Content-Length": str(len(body))}, body)


class NetworkError(Exception):
    """No response comes: the client is to fail as if the network had.

    Attributes:
        name: the name of botocore's error, such as ``ReadTimeoutError``.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name
