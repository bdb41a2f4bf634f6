"""An HTTP request and response, as every adapter and the service know them; cheap to import."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Request(NamedTuple):
    """An HTTP request to ECR, whoever sent it.

    Attributes:
        target: the header X-Amz-Target; empty where there is none.
        body: the bytes of the body.
        region: the region it was meant for; None for the fake's own.
    """

    target: str
    body: bytes
    region: str | None = None


class Response(NamedTuple):
    """An HTTP response of ECR."""

    status: int
    headers: Mapping[str, str]
    body: bytes
