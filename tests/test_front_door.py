"""Every way in to FakeECR: started and stopped, as a decorator, forgotten; and what stands at the front door."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import inspect
import os
import unittest
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest

import fakeecr
from fakeecr import FakeECR, FakeECRError
from tests.adapters.processes import run_python
from tests.adapters.untouched import everything_is_as_before
from tests.answers import ONCE, api_request, code_of, identifiers, reaches_for_the_network

DIGEST = "sha256:" + "a" * 64

# It has read the service model when it makes its second client, which takes most of the time of making one.
SESSION = boto3.Session()


@pytest.fixture(autouse=True)
def _everything_is_as_before() -> Iterator[None]:
    with everything_is_as_before():
        yield


def tags(client=None) -> list[str | None]:
    client = client or SESSION.client("ecr")
    return [tag for _, tag in identifiers(client.list_images(repositoryName="web"))]


class TestStartedAndStopped:
    def test_with(self):
        with FakeECR() as ecr:
            assert fakeecr.current() is ecr
            assert fakeecr.is_active()
            ecr.push("web", "latest", digest=DIGEST)
            assert identifiers(SESSION.client("ecr").list_images(repositoryName="web")) == [(DIGEST, "latest")]
        assert not fakeecr.is_active()
        with pytest.raises(RuntimeError, match=r"No FakeECR is active\."):
            fakeecr.current()

    def test_by_hand(self):
        ecr = FakeECR().start()
        assert fakeecr.current() is ecr
        ecr.push("web", "latest")
        assert tags() == ["latest"]
        ecr.stop()

    def test_after_an_exception(self):
        client = SESSION.client("ecr", "us-east-1", **ONCE)

        def fail():
            with FakeECR() as ecr:
                ecr.push("web", "latest")
                assert tags(client) == ["latest"]
                raise LookupError("the test's own")

        with pytest.raises(LookupError, match="the test's own"):
            fail()
        assert reaches_for_the_network(client.list_images, repositoryName="web")

    def test_a_database_that_cannot_be_used_leaves_nothing_behind(self, tmp_path):
        for _ in range(2):
            with pytest.raises(fakeecr.DatabaseError):
                FakeECR(tmp_path).start()

    def test_it_can_be_started_again_and_is_empty_then(self):
        ecr = FakeECR()
        for _ in range(2):
            with ecr:
                assert ecr.dump() == {"registries": []}
                ecr.push("web", "latest")

    def test_what_is_pushed_before_the_start_is_there(self):
        ecr = FakeECR()
        ecr.push("web", "latest")
        with ecr:
            assert tags() == ["latest"]

    def test_to_start_twice_is_a_mistake(self):
        with FakeECR() as ecr:
            with pytest.raises(RuntimeError, match=r"started already; stop\(\) it first"):
                ecr.start()
            with pytest.raises(RuntimeError, match=r"started already; stop\(\) it first"), ecr:
                pass
            assert fakeecr.current() is ecr

    def test_to_stop_what_is_not_started_is_a_mistake(self):
        ecr = FakeECR()
        with pytest.raises(RuntimeError, match=r"not started; there is nothing to stop"):
            ecr.stop()
        ecr.push("web", "latest")
        ecr.stop()  # used, and so there is something to let go of
        with pytest.raises(RuntimeError, match=r"not started; there is nothing to stop"):
            ecr.stop()

    def test_the_innermost_answers(self):
        client = SESSION.client("ecr", "us-east-1", **ONCE)
        with FakeECR() as outer:
            outer.push("web", "outer")
            with FakeECR() as inner:
                inner.push("web", "inner")
                assert (fakeecr.current(), tags(client)) == (inner, ["inner"])
            assert (fakeecr.current(), tags(client)) == (outer, ["outer"])
        assert reaches_for_the_network(client.list_images, repositoryName="web")

    @pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
    def test_they_may_stop_in_any_order(self, order):
        client = SESSION.client("ecr", "us-east-1", **ONCE)
        fakes = [FakeECR().start() for _ in range(3)]
        for number, fake in enumerate(fakes):
            fake.push("web", f"{number}")
        left = [0, 1, 2]
        for number in order:
            assert tags(client) == [f"{left[-1]}"]
            fakes[number].stop()
            left.remove(number)
        assert reaches_for_the_network(client.list_images, repositoryName="web")

    def test_a_call_that_comes_too_late_is_refused_and_opens_nothing(self):
        with FakeECR() as ecr:
            pass
        with pytest.raises(FakeECRError, match=r"stopped before it could answer; nothing was sent to AWS"):
            ecr.answer(api_request("ListImages", b"{}"))
        assert not ecr.is_open

    def test_threads_may_start_and_stop_while_others_call(self):
        client = SESSION.client("ecr", "us-east-1", **ONCE)

        def life(number: int) -> None:
            with FakeECR() as ecr:
                ecr.push("mine", "latest")
                assert len(ecr.client().list_images(repositoryName="mine")["imageIds"]) == 1

        def call(_: int) -> str:
            return code_of(client.list_images, repositoryName="web")

        with FakeECR(), ThreadPoolExecutor(8) as pool:
            lives = [pool.submit(life, number) for number in range(40)]
            # Whichever answers, none of them has this repository; one that was just stopped says so.
            codes = set()
            for each in [pool.submit(call, number) for number in range(80)]:
                with contextlib.suppress(FakeECRError):
                    codes.add(each.result())
            for each in lives:
                each.result()
        assert codes <= {"RepositoryNotFoundException", "ServerException"}

    def test_the_environment_is_left_as_it_was(self):
        before = dict(os.environ)
        with FakeECR() as ecr:
            ecr.client()
            boto3.client("ecr")
            assert dict(os.environ) == before


class TestForgotten:
    """A fake that was used and never stopped lasts as long as anybody can see it."""

    @pytest.fixture(autouse=True)
    def _collected(self, _everything_is_as_before: None) -> Iterator[None]:
        yield
        gc.collect()

    def test_it_leaves_nothing(self):
        ecr = FakeECR()
        ecr.push("web", "latest")
        ecr.patch(SESSION.client("ecr", "us-east-1", **ONCE))

    def test_it_lives_on_in_its_client(self):
        client = FakeECR().client()
        gc.collect()
        assert code_of(client.list_images, repositoryName="web") == "RepositoryNotFoundException"

    def test_it_lives_on_in_what_it_patched(self):
        session = boto3.Session()
        FakeECR().patch(session)
        gc.collect()
        client = session.client("ecr")
        del session
        gc.collect()
        assert code_of(client.list_images, repositoryName="web") == "RepositoryNotFoundException"

    def test_it_lives_on_while_it_is_active(self):
        FakeECR().start().push("web", "latest")
        gc.collect()
        assert tags() == ["latest"]
        fakeecr.current().stop()

    def test_the_collector_and_the_end_of_the_process_may_come_at_any_moment(self, tmp_path):
        run_python(
            f"""
import gc, fakeecr
from fakeecr.adapters.botocore.patches import PATCHES
with fakeecr.FakeECR(), PATCHES._lock:
    forgotten = fakeecr.FakeECR()
    forgotten.push("web", "latest")
    forgotten.itself = forgotten
    del forgotten
    gc.collect()
left = fakeecr.FakeECR({str(tmp_path / "state.db")!r}).start()
left.push("web", "latest")
"""
        )
        assert [path.name for path in tmp_path.iterdir()] == ["state.db"]


@FakeECR()
class TestATestCase(unittest.TestCase):
    """Run by pytest as it stands: each test has a fake of its own, from its setUp to its clean-ups."""

    def setUp(self):
        assert self.fake_ecr.dump() == {"registries": []}
        self.fake_ecr.push("web", "set-up")
        self.addCleanup(self.is_current)

    def is_current(self):
        assert fakeecr.current() is self.fake_ecr

    def tearDown(self):
        self.is_current()

    def test_one(self):
        self.fake_ecr.push("web", "one")
        assert tags() == ["set-up", "one"]

    def test_two(self):
        self.fake_ecr.push("web", "two")
        assert tags() == ["set-up", "two"]


class TestAChildOfATestCase(TestATestCase):
    def test_three(self):
        assert tags() == ["set-up"]


@FakeECR(region="eu-west-1")
class TestADecoratedChildOfATestCase(TestATestCase):
    def test_three(self):
        assert self.fake_ecr.region == "eu-west-1"
        assert tags() == ["set-up"]


@FakeECR()
class TestAnAsyncioTestCase(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.fake_ecr.push("web", "set-up")

    async def test_one(self):
        assert await asyncio.to_thread(tags) == ["set-up"]
        self.fake_ecr.push("web", "one")

    async def test_two(self):
        assert await asyncio.to_thread(tags) == ["set-up"]

    async def asyncTearDown(self):
        assert fakeecr.current() is self.fake_ecr


CASES = [TestATestCase, TestAChildOfATestCase, TestADecoratedChildOfATestCase, TestAnAsyncioTestCase]


class TestAsADecorator:
    def test_of_a_function_gives_each_call_a_fake_of_its_own(self):
        @FakeECR(region="eu-west-1")
        def push(number: int, *, tag: str) -> str:
            """Push."""
            assert fakeecr.current().dump() == {"registries": []}
            fakeecr.current().push("web", tag)
            assert fakeecr.current().region == "eu-west-1"
            return f"{number} {tags()[0]}"

        assert (push(1, tag="a"), push(2, tag="b")) == ("1 a", "2 b")
        assert (push.__name__, push.__doc__) == ("push", "Push.")
        assert list(inspect.signature(push).parameters) == ["number", "tag"]

    def test_of_a_method_gives_it_its_object(self):
        class Plain:
            @FakeECR()
            def method(self) -> object:
                return self, fakeecr.is_active()

        plain = Plain()
        assert plain.method() == (plain, True)

    def test_of_a_function_that_fails_ends_all_the_same(self):
        @FakeECR()
        def fail() -> None:
            raise LookupError("the function's own")

        with pytest.raises(LookupError):
            fail()

    def test_twice_is_a_fake_in_a_fake(self):
        @FakeECR(region="eu-west-1")
        @FakeECR(region="eu-west-2")
        def region() -> str:
            return fakeecr.current().region

        assert region() == "eu-west-2"

    def test_of_a_coroutine_function_is_active_while_it_runs(self):
        @FakeECR()
        async def push() -> list[str | None]:
            fakeecr.current().push("web", "latest")
            await asyncio.sleep(0)
            return await asyncio.to_thread(tags)

        assert inspect.iscoroutinefunction(push)
        coroutine = push()
        assert not fakeecr.is_active()
        assert asyncio.run(coroutine) == ["latest"]

    @pytest.mark.asyncio
    @FakeECR()
    async def test_of_a_coroutine_test(self):
        fakeecr.current().push("web", "latest")
        assert tags() == ["latest"]

    @pytest.mark.parametrize("tag", ["latest"])
    @FakeECR()
    def test_of_a_test_with_parameters_and_fixtures(self, tag, tmp_path):
        assert tmp_path.exists()
        fakeecr.current().push("web", tag)
        assert tags() == [tag]

    @pytest.mark.parametrize("case", CASES)
    def test_of_a_testcase_works_with_unittests_own_runner(self, case):
        result = unittest.TestResult()
        suite = unittest.defaultTestLoader.loadTestsFromTestCase(case)
        count = suite.countTestCases()
        suite.run(result)
        assert (result.testsRun, result.failures, result.errors) == (count, [], [])

    @pytest.mark.parametrize("case", CASES)
    def test_of_a_testcase_works_in_a_debugger(self, case):
        unittest.defaultTestLoader.loadTestsFromTestCase(case).debug()

    def test_of_a_testcase_lets_its_tests_fail(self):
        @FakeECR()
        class Case(unittest.TestCase):
            def test_fails(self):
                self.fail("as it must")

            def test_errs(self):
                raise LookupError

            @unittest.skip("as it may")
            def test_is_skipped(self):
                raise AssertionError

        result = unittest.TestResult()
        unittest.defaultTestLoader.loadTestsFromTestCase(Case).run(result)
        assert (result.testsRun, len(result.failures), len(result.errors), len(result.skipped)) == (3, 1, 1, 1)

    def test_refuses_what_it_cannot_enclose(self):
        def generator():
            yield

        async def async_generator():
            yield

        class Plain:
            pass

        for refused, message in [
            (generator, "generator is a generator function.*fake_ecr"),
            (async_generator, "async_generator is a generator function"),
            (Plain, r"Plain is none.*usefixtures\('fake_ecr'\)"),
            (12, "functions and TestCase classes, not int"),
        ]:
            with pytest.raises(TypeError, match=message):
                FakeECR()(refused)

    def test_refuses_to_be_written_without_parentheses(self):
        with pytest.raises(TypeError, match=r"a decorator is written with parentheses: @FakeECR\(\)"):

            @FakeECR
            def function() -> None: ...

    def test_refuses_a_fake_that_holds_something_already(self):
        ecr = FakeECR()
        ecr.push("web", "latest")
        with pytest.raises(RuntimeError, match=r"Decorate with a new one: @FakeECR\(\)"):
            ecr(lambda: None)
        ecr.stop()


class TestTheFrontDoor:
    def test_shows_what_there_is(self):
        assert set(fakeecr.__all__) <= set(dir(fakeecr))
        for name in fakeecr.__all__:
            assert getattr(fakeecr, name) is not None
        with pytest.raises(AttributeError, match="no attribute 'FakeEcr'"):
            fakeecr.FakeEcr  # noqa: B018

    def test_a_fake_in_memory_needs_no_alembic(self, tmp_path):
        script = (
            "import sys, fakeecr\n"
            f"for database in (None, {str(tmp_path / 'x.db')!r}, {str(tmp_path / 'x.db')!r}):\n"
            "    with fakeecr.FakeECR(database) as ecr: ecr.push('web')\n"
            "print('alembic' in sys.modules)"
        )
        assert run_python(script).strip() == "False"
