"""How a row is measured: the ratio of two medians, whose sides are timed in turn."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

import boto3
from botocore import UNSIGNED
from botocore.awsrequest import AWSResponse
from botocore.config import Config

from fakeecr import FakeECR
from fakeecr.adapters.botocore.hook import remove_hook
from fakeecr.http import Response
from tests.answers import api_request

REGION = "us-east-1"
PAGE = 100


class Row(NamedTuple):
    """A line of the table: what was measured, against what, both in seconds for one call, and the goal."""

    what: str
    median: float
    against: str
    other: float
    goal: str

    def __str__(self) -> str:
        ratio = self.median / self.other
        shown = f"{ratio:.2f}×" if ratio >= 0.5 else f"1/{1 / ratio:.1f}"
        times = f"{_time(self.median):>10} {_time(self.other):>10}"
        return f"{self.what:<58} {self.against:<34} {times} {shown:>7}  {self.goal}"


def _time(seconds: float) -> str:
    return f"{seconds * 1e6:,.0f} µs" if seconds < 0.1 else f"{seconds:,.2f} s"


def medians(*calls: Callable[[], Any], rounds: int, each: int = 1) -> list[float]:
    """Return the median time of each call, in seconds.

    The calls are timed in turn, so that a slow moment of the machine affects all of them. The first three rounds only
    warm up.

    Args:
        calls: The sides of the comparison.
        rounds: How often each side is timed.
        each: How many calls are timed together.
    """
    durations: list[list[float]] = [[] for _ in calls]
    for number in range(rounds + 3):
        for index, call in enumerate(calls):
            begin = time.perf_counter()
            for _ in range(each):
                call()
            if number >= 3:
                durations[index].append((time.perf_counter() - begin) / each)
    return [statistics.median(times) for times in durations]


def registry(count: int, *more: dict[str, Any]) -> dict[str, Any]:
    """Return the seed of a repository with that many tagged images, and with more images."""
    images = [{"count": count, "tags": ["build-{n}"]}, *more]
    return {"registries": [{"repositories": [{"name": "big", "images": images}]}]}


def floor_client(responses: Mapping[str, Response], session: boto3.Session | None = None) -> Any:
    """Return the floor of every comparison: a new client that gets canned responses.

    A handler of botocore's before-send event returns the response in place of the network, so such a call costs
    botocore's own work alone. The client is unsigned, because a fake's calls are not signed either.

    Args:
        responses: The response to each operation.
        session: The session that makes the client. Default: a new one.
    """
    client = (session or boto3.Session()).client("ecr", REGION, config=Config(signature_version=UNSIGNED))
    remove_hook(client.meta.events)
    for operation, response in responses.items():
        canned: Any = partial(_canned, response)
        client.meta.events.register(f"before-send.ecr.{operation}", canned)
    return client


class _Raw:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> Iterator[bytes]:
        yield self._body


def _canned(response: Response, request: Any, **_: Any) -> AWSResponse:
    return AWSResponse(request.url, response.status, response.headers, _Raw(response.body))  # type: ignore[arg-type]


def answer(ecr: FakeECR, operation: str, request: dict[str, Any]) -> Response:
    """Return a fake's response to one request, to be canned."""
    return ecr.answer(api_request(operation, json.dumps(request).encode(), REGION))
