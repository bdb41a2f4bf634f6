"""JSON 1.1 on the wire: reading the bodies of requests, and writing those of responses."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import formatdate
from typing import Any

import msgspec
from botocore.model import ListShape, Shape, StructureShape

from fakeecr import clock
from fakeecr.aws_errors import ECRError, serialization
from fakeecr.http import Response

CONTENT_TYPE = "application/x-amz-json-1.1"

# The members of every structure are sorted by name. [observed]
_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder().decode


def decode(body: bytes) -> Any:
    """Return the JSON object of a request, or a list, which the validator refuses with a message.

    Raises:
        ECRError: a SerializationException without a message, for a bare value or what is not JSON [observed].
    """
    try:
        content = _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
        error = serialization()
        error.add_note(f"The body of the request is not JSON: {problem}." if body else "The request has no body.")
        raise error from None
    if not isinstance(content, dict | list):
        raise serialization()
    return content


Writer = Callable[[Any], Any]


def writer(shape: Shape | None) -> Writer | None:
    """Build a function that turns the timestamps of a response into numbers; None if the shape has no timestamps.

    The function changes structures in place. AWS writes a timestamp as seconds since 1970 with a fraction [observed];
    msgspec would write a text.
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


@functools.lru_cache(maxsize=1)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)


def response(status: int, body: Mapping[str, Any], request_id: str) -> Response:
    """Build a response: compact JSON, and the headers of a sample [reference]."""
    content = _encode(body)
    headers = {
        "Server": "Server",
        "Date": _date(int(clock.timestamp())),
        "Content-Type": CONTENT_TYPE,
        "Content-Length": str(len(content)),
        "Connection": "keep-alive",
        "x-amzn-RequestId": request_id,
    }
    return Response(status, headers, content)


def error_response(error: ECRError, request_id: str) -> Response:
    """Build the response of an error: its name without a namespace, and its message if it has one [observed].

    Notes that were added to the error come along, beside the body.
    """
    body: dict[str, Any] = {"__type": error.code}
    if error.message is not None:
        body["message"] = error.message
    body.update(error.details)
    return response(error.status, body, request_id)._replace(notes=tuple(getattr(error, "__notes__", ())))
