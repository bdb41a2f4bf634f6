"""Coroutines that run at the same time are each answered by the fake of their own context."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import fakeecr
from fakeecr import FakeECR
from fakeecr.adapters import active
from tests.front_door.clients import client_of_aws, tags_in_web


def run_together(*functions) -> list[object]:
    """Run coroutine functions at the same time, and return their results."""

    async def run() -> list[object]:
        return await asyncio.gather(*(function() for function in functions))

    return asyncio.run(run())


def worker(tag: str):
    """Make a decorated coroutine function that pushes a tag, lets the others run, and returns what it then lists."""

    @FakeECR()
    async def work() -> list[list[str | None]]:
        fakeecr.current().push("web", tag)
        await asyncio.sleep(0)
        in_another_thread = await asyncio.to_thread(tags_in_web)
        return [tags_in_web(), in_another_thread, tags_in_web(fakeecr.current().client())]

    return work


def test_decorated_coroutines_that_run_at_the_same_time_each_have_their_fake():
    results = run_together(*[worker(f"{number}") for number in range(10)])

    assert results == [[[f"{number}"]] * 3 for number in range(10)]


def test_a_task_of_a_decorated_coroutine_is_answered_by_its_fake():
    @FakeECR()
    async def parent() -> list[str | None]:
        async def child() -> list[str | None]:
            return tags_in_web()

        fakeecr.current().push("web", "parent")
        return await asyncio.create_task(child())

    assert run_together(parent, worker("other"), parent)[::2] == [["parent"], ["parent"]]


def test_a_fake_that_is_started_in_a_decorated_coroutine_answers_until_its_stop():
    client = client_of_aws()

    @FakeECR()
    async def work() -> None:
        fakeecr.current().push("web", "outer")
        with FakeECR() as inner:
            inner.push("web", "inner")
            await asyncio.sleep(0)
            assert tags_in_web(client) == ["inner"]
        await asyncio.sleep(0)
        assert tags_in_web(client) == ["outer"]

    run_together(work, work, worker("other"))


def test_a_decorated_coroutine_that_awaits_another_has_its_own_fake_again_afterwards():
    @FakeECR()
    async def outer() -> list[str | None]:
        fakeecr.current().push("web", "outer")
        await worker("inner")()
        return tags_in_web()

    assert run_together(outer, outer) == [["outer"]] * 2


def test_a_task_that_outlives_its_decorated_coroutine_is_answered_by_the_fake_of_the_process():
    with FakeECR() as process_wide:
        process_wide.push("web", "process-wide")

        @FakeECR()
        async def work() -> asyncio.Task[list[str | None]]:
            async def later() -> list[str | None]:
                await may_continue.wait()
                return tags_in_web()

            return asyncio.create_task(later())

        async def run() -> list[str | None]:
            task = await work()
            may_continue.set()
            return await task

        may_continue = asyncio.Event()

        assert asyncio.run(run()) == ["process-wide"]


def test_a_thread_without_the_context_is_answered_by_the_innermost_fake_of_the_process():
    @FakeECR()
    async def work() -> list[str | None]:
        fakeecr.current().push("web", "decorated")
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(tags_in_web).result()

    assert asyncio.run(work()) == ["decorated"]


def test_a_decorated_coroutine_keeps_no_fakes_that_were_stopped():
    @FakeECR()
    async def work() -> int:
        for _ in range(50):
            with FakeECR():
                pass
        return len(active._fakes_of_context.get())

    assert asyncio.run(work()) <= 2
