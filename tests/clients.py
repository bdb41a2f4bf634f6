"""Clients of each kind that a fake answers: boto3's, and aiobotocore's where it is installed."""

from __future__ import annotations

import asyncio
import functools
import importlib.util
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from botocore.config import Config
from botocore.model import OperationModel
from mypy_boto3_ecr import ECRClient

from fakeecr import FakeECR
from tests.answers import ONCE, check_answer, check_answers
from tests.installed_model import IS_NEWEST, skip_what_a_request_lacks

HAS_AIOBOTOCORE = importlib.util.find_spec("aiobotocore") is not None
HAS_AIOBOTO3 = importlib.util.find_spec("aioboto3") is not None
KINDS = ["boto3", *(["aiobotocore"] if HAS_AIOBOTOCORE else [])]


def new_client(kind: str, ecr: FakeECR, *, checks_answers: bool = True, **kwargs: Any) -> ECRClient:
    """Make a client of a fake that does not validate parameters and does not retry.

    Args:
        kind: one of `KINDS`.
        ecr: the fake.
        checks_answers: whether each answer is checked against the model.
        kwargs: other arguments of `FakeECR.client`.
    """
    options = {"parameter_validation": False, "retries": {"total_max_attempts": 1}}
    if kind == "boto3":
        client = ecr.client(**{"config": Config(**options), **kwargs})
        return check_answers(client) if checks_answers else client
    from aiobotocore.config import AioConfig

    async_client = new_async_client(**{"region_name": ecr.region, "config": AioConfig(**options), **kwargs})
    ecr.patch(async_client)

    async def check(http_response: Any, parsed: dict[str, Any], model: OperationModel, **_: Any) -> None:
        check_answer(await http_response.content, parsed, model)

    if checks_answers:
        async_client.meta.events.register("after-call.ecr", check)
    return BlockingClient(async_client)  # type: ignore[return-value]


def new_async_client(**kwargs: Any) -> Any:
    """Make a client of aiobotocore outside of any coroutine; it needs no closing if it opens no connection."""
    keys = {name: value for name, value in ONCE.items() if name != "config"}
    return asyncio.run(_async_session()._create_client("ecr", **{**keys, **kwargs}))


@functools.cache
def _async_session() -> Any:
    """Return a session that all tests share: reading the service model takes most of the time of making a client."""
    from aiobotocore.session import get_session

    return get_session()


class BlockingClient:
    """A client of aiobotocore with the methods of boto3's: each runs in an event loop of its own until its end.

    So one test can use either kind of client.

    Args:
        client: the client of aiobotocore.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        if name not in self._client.meta.method_to_api_mapping:
            return getattr(self._client, name)
        method = getattr(self._client, name)
        if IS_NEWEST:
            return _blocking(method)
        operation = self._client.meta.service_model.operation_model(self._client.meta.method_to_api_mapping[name])

        def checked(**parameters: Any) -> Any:
            skip_what_a_request_lacks(operation, parameters)
            return _blocking(method)(**parameters)

        return checked

    def get_paginator(self, name: str) -> Any:
        """Return a paginator that blocks."""
        return _BlockingPaginator(self._client.get_paginator(name))

    def get_waiter(self, name: str) -> Any:
        """Return a waiter that blocks."""
        waiter = self._client.get_waiter(name)
        waiter.wait = _blocking(waiter.wait)
        return waiter


class _BlockingPaginator:
    def __init__(self, paginator: Any) -> None:
        self._paginator = paginator

    def paginate(self, **parameters: Any) -> Any:
        return _BlockingPages(self._paginator.paginate(**parameters))


class _BlockingPages:
    def __init__(self, pages: Any) -> None:
        self._pages = pages

    def __iter__(self) -> Iterator[Any]:
        return iter(_collect(self._pages))

    def search(self, expression: str) -> Iterator[Any]:
        return iter(_collect(self._pages.search(expression)))

    def build_full_result(self) -> Any:
        return _blocking(self._pages.build_full_result)()


def _blocking(method: Callable[..., Awaitable[Any]]) -> Callable[..., Any]:
    async def call(parameters: dict[str, Any]) -> Any:
        return await method(**parameters)

    return lambda **parameters: asyncio.run(call(parameters))


def _collect(items: Any) -> list[Any]:
    async def collect() -> list[Any]:
        return [item async for item in items]

    return asyncio.run(collect())
