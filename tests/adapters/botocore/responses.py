"""Responses of AWS, for the handlers that tests add to a client."""

from __future__ import annotations

from collections.abc import Iterator

from botocore.awsrequest import AWSPreparedRequest, AWSResponse


class RawBody:
    """A body as botocore reads it from urllib3."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> Iterator[bytes]:
        yield self._body


def aws_response(request: AWSPreparedRequest, status: int, body: bytes = b"") -> AWSResponse:
    """Build a response that a handler of before-send returns in place of sending the request."""
    return AWSResponse(request.url, status, {}, RawBody(body))
