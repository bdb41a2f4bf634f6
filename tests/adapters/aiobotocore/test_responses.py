"""Answers that come late do not hold up other tasks."""

from __future__ import annotations

import asyncio
import time

import pytest

from fakeecr.gate import Gate
from tests.adapters.aiobotocore.calls import listed_tags

pytestmark = pytest.mark.asyncio


@pytest.fixture
def _late_answers(monkeypatch):
    """Let every answer come half a second late."""
    original = Gate.answer
    monkeypatch.setattr(Gate, "answer", lambda gate, request: original(gate, request)._replace(delay=0.5))


@pytest.mark.usefixtures("_late_answers")
async def test_late_answers_come_at_the_same_time_and_let_other_tasks_run(ecr, session, monkeypatch):
    ecr.push("web", "latest")
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("the event loop was blocked"))
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.01)
            turns += 1

    async with session.create_client("ecr") as client:
        counting = asyncio.create_task(count_turns())
        async with asyncio.timeout(4):  # one after another, they would take 10 seconds
            tags = await asyncio.gather(*(listed_tags(client) for _ in range(20)))
        counting.cancel()

    assert tags == [["latest"]] * 20
    assert turns > 5


@pytest.mark.usefixtures("_late_answers")
async def test_a_call_can_be_cancelled_while_its_answer_is_late_and_has_been_carried_out(ecr, session):
    async with session.create_client("ecr") as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await client.create_repository(repositoryName="web")

    assert [repository["name"] for repository in ecr.dump()["registries"][0]["repositories"]] == ["web"]
