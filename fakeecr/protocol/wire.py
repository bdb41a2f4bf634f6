"""JSON 1.1 on the wire: the bodies of requests read, and those of responses written."""

from __future__ import annotations

import functools
import random
from collections.abc import Mapping
from email.utils import formatdate
from typing import Any

import msgspec

from fakeecr import clock
from fakeecr.errors import ECRError, serialization
from fakeecr.protocol.http import Response

CONTENT_TYPE = "application/x-amz-json-1.1"


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def decode(body: bytes) -> Any:
    """Read the JSON of a request: an object, or a list, which the validator refuses with a message.

    Raises:
        ECRError: a SerializationException without a message, as AWS answers what is not JSON, or a bare value.
    """
    try:
        content = _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise serialization() from None
    if not isinstance(content, dict | list):
        raise serialization()
    return content


# Of its own, so that a test that seeds `random` neither disturbs it nor is disturbed.
_random = random.Random()  # noqa: S311 - an id, not a secret


def request_id() -> str:
    """Make a request's id: a UUID, written without the help of its slower class."""
    digits = f"{_random.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


@functools.lru_cache(maxsize=1)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)


def response(status: int, body: Mapping[str, Any], request_id: str) -> Response:
    """Write a response: compact JSON, and the headers of the reference's sample."""
    content = _encode(body)
    headers = {
        "Server": "Server",
        "Date": _date(int(clock.now().timestamp())),
        "Content-Type": CONTENT_TYPE,
        "Content-Length": str(len(content)),
        "Connection": "keep-alive",
        "x-amzn-RequestId": request_id,
    }
    return Response(status, headers, content)


def error_response(error: ECRError, request_id: str) -> Response:
    """Write an error: its bare name, without a namespace, and the message where it has one (observed)."""
    body = {"__type": error.code}
    if error.message is not None:
        body["message"] = error.message
    return response(error.status, body, request_id)
