"""JSON 1.1 on the wire: the bodies of requests read, and those of responses written."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import formatdate
from typing import Any

import msgspec
from botocore.model import ListShape, Shape, StructureShape

from fakeecr import clock
from fakeecr.errors import ECRError, serialization
from fakeecr.http import Response

CONTENT_TYPE = "application/x-amz-json-1.1"


# The members of every structure in alphabetical order, as AWS has them (observed).
_encode = msgspec.json.Encoder(order="deterministic").encode
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


Writer = Callable[[Any], Any]


def writer(shape: Shape | None) -> Writer | None:
    """Compile what turns a response's moments into numbers; None where the shape has none.

    AWS writes a moment as seconds since 1970 with a fraction (observed), where msgspec would write a text. What a
    writer is given it changes in place.
    """
    if isinstance(shape, StructureShape):
        members = {name: write for name, member in shape.members.items() if (write := writer(member))}
        return _structure_writer(members) if members else None
    if isinstance(shape, ListShape):
        item = writer(shape.member)
        return _list_writer(item) if item else None
    return _seconds if shape is not None and shape.type_name == "timestamp" else None


def _seconds(moment: datetime) -> float:
    return moment.timestamp()


def _structure_writer(members: Mapping[str, Writer]) -> Writer:
    def write(value: dict[str, Any]) -> dict[str, Any]:
        for name in members.keys() & value.keys():
            value[name] = members[name](value[name])
        return value

    return write


def _list_writer(item: Writer) -> Writer:
    return lambda values: [item(value) for value in values]


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
    body: dict[str, Any] = {"__type": error.code}
    if error.message is not None:
        body["message"] = error.message
    body.update(error.details)
    return response(error.status, body, request_id)
