"""Fixtures of the tests of async clients, which are collected only where aiobotocore is installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import pytest
from aiobotocore.awsrequest import AioAWSResponse
from aiobotocore.httpsession import AIOHTTPSession
from aiobotocore.retries.bucket import AsyncTokenBucket
from aiobotocore.session import AioSession, get_session


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch, no_metadata: None) -> None:
    """Let whatever is sent fail before a name is looked up, which pytest-socket does not forbid."""

    def refuse(*_: object) -> None:
        raise RuntimeError("A test tried to use socket")

    monkeypatch.setattr(AIOHTTPSession, "_get_session", refuse)


@pytest.fixture(scope="session")
def session() -> AioSession:
    """Return a session that all tests share: reading the service model takes most of the time of creating a client."""
    return get_session()


@pytest.fixture
def sleeps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Record for how long tasks would sleep, instead of sleeping; 0 is a turn for other tasks."""
    sleeps: list[float] = []

    async def sleep(seconds: float) -> None:
        sleeps.append(seconds)

    monkeypatch.setattr("asyncio.sleep", sleep)
    monkeypatch.setattr(AsyncTokenBucket, "_sleep_amount", lambda *_: sleeps.append(1.0) or 0)
    return sleeps


def answer_with(status: int) -> Callable[..., Any]:
    """Return a handler of before-send that answers with a status, as AWS might."""

    class Body:
        async def read(self) -> bytes:
            return b""

    return lambda request, **_: AioAWSResponse(request.url, status, {}, Body())


# As with this whole folder: what is not installed is not tested.
collect_ignore = [
    file
    for file, packages in {"test_aioboto3.py": ["aioboto3"], "test_httpx.py": ["trio", "anyio"]}.items()
    if not all(importlib.util.find_spec(package) for package in packages)
]
