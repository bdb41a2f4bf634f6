"""aiobotocore's clients that send by httpx, in asyncio and in trio; collected where httpx and trio are installed."""

from __future__ import annotations

import asyncio

import anyio
import pytest
import trio
from aiobotocore.config import AioConfig
from aiobotocore.httpxsession import HttpxSession
from botocore.exceptions import WaiterError

import fakeecr
from fakeecr import FakeECR, UnfakedCallError
from tests.adapters.aiobotocore.calls import listed_tags
from tests.answers import ONCE

HTTPX = {**ONCE, "config": AioConfig(http_session_cls=HttpxSession, retries={"mode": "adaptive", "max_attempts": 4})}


def in_each_loop(test):
    """Run a coroutine function in asyncio's loop, and in trio's."""
    return pytest.mark.parametrize("run", [lambda function, *args: asyncio.run(function(*args)), trio.run])(test)


@in_each_loop
def test_calls_retries_and_waits_are_answered_without_sleeping(run, ecr, session):
    async def use() -> None:
        async with session.create_client("ecr", "us-east-1", **HTTPX) as client:
            ecr.push("web", "latest")
            ecr.fail("ListImages", "ThrottlingException", times=2)
            assert await listed_tags(client) == ["latest"]
            await client.put_registry_scanning_configuration(
                scanType="ENHANCED",
                rules=[
                    {
                        "scanFrequency": "CONTINUOUS_SCAN",
                        "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}],
                    }
                ],
            )
            ecr.push("web", "scanned")
            waiter = client.get_waiter("image_scan_complete")
            with anyio.fail_after(10), pytest.raises(WaiterError, match="Max attempts exceeded"):
                await waiter.wait(repositoryName="web", imageId={"imageTag": "scanned"})

    run(use)


@in_each_loop
def test_tasks_that_each_enter_a_fake_are_each_answered_by_their_own(run, session):
    results = {}

    async def use() -> None:
        async with session.create_client("ecr", "us-east-1", **HTTPX) as client, anyio.create_task_group() as group:

            async def work(tag: str) -> None:
                async with FakeECR() as ecr:
                    ecr.push("web", tag)
                    await anyio.sleep(0)
                    results[tag] = await listed_tags(client)

            for number in range(5):
                group.start_soon(work, f"{number}")

    run(use)
    assert results == {f"{number}": [f"{number}"] for number in range(5)}


@in_each_loop
def test_a_guard_refuses_a_call_that_no_fake_answers(run, session):
    async def use() -> None:
        async with session.create_client("ecr", "us-east-1", **HTTPX) as client:
            with fakeecr.guard(), pytest.raises(UnfakedCallError):
                await client.list_images(repositoryName="web")

    run(use)
