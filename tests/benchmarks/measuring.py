"""How everything is measured: a ratio of medians, its sides timed in turn in one run."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import boto3
from botocore import UNSIGNED
from botocore.awsrequest import AWSResponse
from botocore.config import Config

from fakeecr.adapters.botocore.hook import remove_hook
from fakeecr.http import Response

REGION = "us-east-1"
PAGE = 100


class Row(NamedTuple):
    """A line of the table."""

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
    """Time calls in turn, so that a slow moment of the machine falls on all of them; seconds for one call."""
    taken: list[list[float]] = [[] for _ in calls]
    for number in range(rounds + 3):
        for index, call in enumerate(calls):
            begin = time.perf_counter()
            for _ in range(each):
                call()
            if number >= 3:  # what came before was to warm up
                taken[index].append((time.perf_counter() - begin) / each)
    return [statistics.median(times) for times in taken]


def registry(count: int, **image: Any) -> dict[str, Any]:
    """Describe a repository of tagged images."""
    images = [{"count": count, "tags": ["build-{n}"]}, *image.get("more", [])]
    return {"registries": [{"repositories": [{"name": "big", "images": images}]}]}


def floor_client(response: Response) -> Any:
    """Make an unsigned client that gets one response from a handler, and does nothing else."""

    class Raw:
        def stream(self) -> Iterator[bytes]:
            yield response.body

    def canned(request: Any, **_: Any) -> AWSResponse:
        return AWSResponse(request.url, response.status, response.headers, Raw())  # type: ignore[arg-type]

    client = boto3.Session().client("ecr", REGION, config=Config(signature_version=UNSIGNED))
    remove_hook(client.meta.events)
    client.meta.events.register("before-send.ecr", canned)  # type: ignore[arg-type]
    return client
