"""Coroutines that run at the same time are each answered by the fake of their own context."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

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


# --- async with -----------------------------------------------------------------------------------


def test_tasks_that_each_enter_a_fake_by_async_with_are_each_answered_by_their_own():
    client = client_of_aws()

    async def work(tag: str) -> list[object]:
        async with FakeECR() as ecr:
            ecr.push("web", tag)
            await asyncio.sleep(0)
            child = asyncio.create_task(asyncio.to_thread(tags_in_web, client))
            return [fakeecr.current() is ecr, tags_in_web(client), await child]

    async def run() -> list[list[object]]:
        return await asyncio.gather(*[work(f"{number}") for number in range(10)])

    assert asyncio.run(run()) == [[True, [f"{number}"], [f"{number}"]] for number in range(10)]


def test_a_fake_that_a_plain_with_starts_inside_of_an_async_with_answers_its_task_alone():
    async def work(tag: str) -> list[list[str | None]]:
        async with FakeECR() as outer:
            outer.push("web", f"outer-{tag}")
            with FakeECR() as inner:
                inner.push("web", f"inner-{tag}")
                await asyncio.sleep(0)
                tags = tags_in_web()
            await asyncio.sleep(0)
            return [tags, tags_in_web()]

    async def run() -> list[list[list[str | None]]]:
        return await asyncio.gather(work("a"), work("b"))

    assert asyncio.run(run()) == [[[f"inner-{tag}"], [f"outer-{tag}"]] for tag in "ab"]


def test_an_async_with_leaves_the_context_and_the_process_as_they_were():
    async def run() -> None:
        ecr = FakeECR()
        for _ in range(2):  # it can be entered again
            with pytest.raises(LookupError):
                async with ecr:
                    raise LookupError
            assert not ecr.is_open
            assert active._fakes_of_context.get() is None

    asyncio.run(run())


def test_a_fake_that_is_started_cannot_be_entered_by_async_with_and_stays_started(ecr):
    async def run() -> None:
        with pytest.raises(RuntimeError, match="started already"):
            async with ecr:
                pass
        assert fakeecr.current() is ecr
        assert active._fakes_of_context.get() is None

    asyncio.run(run())


def test_an_async_fixture_can_yield_inside_of_an_async_with():
    async def fixture():
        async with FakeECR() as ecr:
            yield ecr

    async def run() -> None:
        steps = fixture()
        ecr = await asyncio.create_task(anext(steps))  # its context is not that of the test
        ecr.push("web", "latest")
        assert tags_in_web() == ["latest"]
        await asyncio.create_task(anext(steps, None))
        assert not ecr.is_open

    asyncio.run(run())
