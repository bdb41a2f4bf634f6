"""The adapter for aiobotocore, and so for aioboto3: what is replaced in it is awaited, and otherwise as in botocore.

It is imported when the user has imported aiobotocore.
"""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import Callable, Iterator
from typing import Any

# Not `import aiobotocore.…`: its last module may still be being imported, and is not an attribute of the package yet.
from aiobotocore import endpoint, waiter
from aiobotocore.awsrequest import AioAWSResponse
from aiobotocore.client import AioBaseClient
from aiobotocore.retries.bucket import AsyncTokenBucket
from aiobotocore.session import AioSession

from fakeecr.adapters.botocore.calls import (
    BotocoreCall,
    BotocoreWait,
    NotedCall,
    is_current_call_answered,
    is_current_wait_answered,
)
from fakeecr.adapters.botocore.patches import StandIn, Wrap, prepare_client, wrap_create_client
from fakeecr.http import Response


def replacements() -> Iterator[tuple[Any, str, Wrap]]:
    """Yield what is replaced in aiobotocore while a fake is in use: owner, attribute, and what builds its replacement.

    botocore's methods that aiobotocore inherits are replaced in botocore.
    """
    yield AioSession, "create_client", wrap_create_client
    yield AioBaseClient, "_make_api_call", _wrap_make_api_call
    yield endpoint.AioEndpoint, "_send_request", _wrap_send_request
    yield waiter.AIOWaiter, "wait", _wrap_wait
    yield AsyncTokenBucket, "acquire", _wrap_acquire
    for module, is_answered in ((endpoint, is_current_call_answered), (waiter, is_current_wait_answered)):
        yield module, "asyncio", _without_sleep(is_answered)
        # Since 3.0 the classes for httpx sleep on their own, by anyio.
        for name in ("AnyioEndpoint", "AnyioWaiter"):
            owner = getattr(module, name, None)
            if owner is not None:
                yield owner, "_sleep", _wrap_sleep(is_answered)


class _AwaitedCall(BotocoreCall):
    """A call of aiobotocore, which awaits the response."""

    __slots__ = ()

    async def pass_on(self, response: Response, url: str) -> Any:
        # At least one turn for other tasks, as while a request is on its way: a loop that polls ECR until another task
        # has pushed an image would otherwise never end, and could not be cancelled.
        await _sleep(response.delay)
        return AioAWSResponse(url, response.status, response.headers, _RawBody(response))


class _RawBody:
    """The body of a response, with the method of aiohttp's and of httpx's responses that aiobotocore reads it by."""

    def __init__(self, response: Response) -> None:
        self._response = response

    @property
    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        """The headers, where aiobotocore before 2.21 reads them."""
        return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in self._response.headers.items()]

    async def read(self) -> bytes:
        return self._response.body


async def _sleep(seconds: float) -> None:
    """Let other tasks run for this time, or at least for one turn."""
    # With httpx, aiobotocore also runs in trio's loop; then anyio has been imported.
    await sys.modules.get("anyio", asyncio).sleep(seconds)


def _without_sleep(is_answered: Callable[[], bool]) -> Wrap:
    """Build a stand-in for the module `asyncio` that does not sleep between attempts that a fake answers.

    Args:
        is_answered: whether a fake answers the call or the wait in progress.
    """

    async def sleep(seconds: float) -> None:
        # Another task may change the fake's state in the meantime.
        await asyncio.sleep(0 if is_answered() else seconds)

    return lambda module: StandIn(module, sleep)


def _wrap_sleep(is_answered: Callable[[], bool]) -> Wrap:
    def wrap(original: Any) -> Any:
        @functools.wraps(original)
        async def sleep(self: Any, seconds: float) -> None:
            await original(self, 0 if is_answered() else seconds)

        return sleep

    return wrap


def _wrap_wait(original: Any) -> Any:
    @functools.wraps(original)
    async def wait(self: Any, **kwargs: Any) -> Any:
        with BotocoreWait():
            return await original(self, **kwargs)

    return wait


def _wrap_acquire(original: Any) -> Any:
    @functools.wraps(original)
    async def acquire(self: Any, amount: float = 1, block: bool = True) -> Any:
        return True if is_current_call_answered() else await original(self, amount, block)

    return acquire


def _wrap_send_request(original: Any) -> Any:
    @functools.wraps(original)
    async def send_request(self: Any, request_dict: Any, operation_model: Any) -> Any:
        prepare_client(self, operation_model)
        with _AwaitedCall(request_dict["context"]):
            return await original(self, request_dict, operation_model)

    return send_request


def _wrap_make_api_call(original: Any) -> Any:
    @functools.wraps(original)
    async def make_api_call(self: Any, operation_name: str, api_params: Any) -> Any:
        __tracebackhide__ = True
        with NotedCall():
            return await original(self, operation_name, api_params)

    return make_api_call
