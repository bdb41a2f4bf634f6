"""A fake as a decorator: of functions, coroutine functions and TestCase classes."""

from __future__ import annotations

import asyncio
import functools
import inspect
import unittest

import pytest

import fakeecr
from fakeecr import FakeECR
from tests.front_door.clients import tags_in_web

# --- TestCase classes that pytest, unittest and a debugger run -------------------------------------


@FakeECR()
class TestADecoratedTestCase(unittest.TestCase):
    """Each test has a new fake, which is active from its setUp to its clean-ups."""

    def setUp(self):
        assert self.fake_ecr.dump() == {"registries": []}
        self.fake_ecr.push("web", "set-up")
        self.addCleanup(self.check_fake_is_active)

    def check_fake_is_active(self):
        assert fakeecr.current() is self.fake_ecr

    def tearDown(self):
        self.check_fake_is_active()

    def test_the_first_test_of_a_case_has_an_empty_fake(self):
        self.fake_ecr.push("web", "one")
        assert tags_in_web() == ["set-up", "one"]

    def test_the_second_test_of_a_case_has_an_empty_fake(self):
        self.fake_ecr.push("web", "two")
        assert tags_in_web() == ["set-up", "two"]


class TestASubclassOfADecoratedTestCase(TestADecoratedTestCase):
    def test_a_test_of_a_subclass_has_a_fake(self):
        assert tags_in_web() == ["set-up"]


@FakeECR(region="eu-west-1")
class TestADecoratedSubclassOfADecoratedTestCase(TestADecoratedTestCase):
    def test_a_test_of_a_decorated_subclass_has_the_fake_of_the_subclass(self):
        assert self.fake_ecr.region == "eu-west-1"
        assert tags_in_web() == ["set-up"]


@FakeECR()
class TestADecoratedAsyncioTestCase(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.fake_ecr.push("web", "set-up")

    async def test_the_first_test_of_an_asyncio_case_has_an_empty_fake(self):
        assert await asyncio.to_thread(tags_in_web) == ["set-up"]
        self.fake_ecr.push("web", "one")

    async def test_the_second_test_of_an_asyncio_case_has_an_empty_fake(self):
        assert await asyncio.to_thread(tags_in_web) == ["set-up"]

    async def asyncTearDown(self):
        assert fakeecr.current() is self.fake_ecr


every_case = pytest.mark.parametrize(
    "case",
    [
        TestADecoratedTestCase,
        TestASubclassOfADecoratedTestCase,
        TestADecoratedSubclassOfADecoratedTestCase,
        TestADecoratedAsyncioTestCase,
    ],
)


@every_case
def test_the_runner_of_unittest_runs_a_decorated_case(case):
    result = unittest.TestResult()
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(case)
    count = suite.countTestCases()

    suite.run(result)

    assert (result.testsRun, result.failures, result.errors) == (count, [], [])


@every_case
def test_a_debugger_runs_a_decorated_case(case):
    unittest.defaultTestLoader.loadTestsFromTestCase(case).debug()


def test_the_outcomes_of_a_decorated_case_are_reported():
    @FakeECR()
    class Case(unittest.TestCase):
        def test_failure(self):
            self.fail("expected")

        def test_error(self):
            raise LookupError

        @unittest.skip("expected")
        def test_skip(self):
            raise AssertionError

    result = unittest.TestResult()

    unittest.defaultTestLoader.loadTestsFromTestCase(Case).run(result)

    # Not testsRun, which leaves out skipped tests on Python 3.12.1.
    assert (len(result.failures), len(result.errors), len(result.skipped)) == (1, 1, 1)


# --- Functions -------------------------------------------------------------------------------------


def test_each_call_of_a_decorated_function_has_a_new_fake():
    @FakeECR(region="eu-west-1")
    def push(number: int, *, tag: str) -> str:
        """Push."""
        assert fakeecr.current().dump() == {"registries": []}
        fakeecr.current().push("web", tag)
        assert fakeecr.current().region == "eu-west-1"
        return f"{number} {tags_in_web()[0]}"

    assert (push(1, tag="a"), push(2, tag="b")) == ("1 a", "2 b")
    assert (push.__name__, push.__doc__) == ("push", "Push.")
    assert list(inspect.signature(push).parameters) == ["number", "tag"]


def test_a_decorated_method_receives_its_object():
    class Example:
        @FakeECR()
        def method(self) -> object:
            return self, fakeecr.is_active()

    example = Example()

    assert example.method() == (example, True)


def test_the_fake_of_a_decorated_function_stops_when_the_function_raises():
    @FakeECR()
    def fail() -> None:
        raise LookupError("the function's own")

    with pytest.raises(LookupError):
        fail()


def test_the_inner_of_two_decorators_is_the_current_fake():
    @FakeECR(region="eu-west-1")
    @FakeECR(region="eu-west-2")
    def region() -> str:
        return fakeecr.current().region

    assert region() == "eu-west-2"


def test_the_fake_of_a_decorated_coroutine_function_is_active_while_it_runs():
    @FakeECR()
    async def push() -> list[str | None]:
        fakeecr.current().push("web", "latest")
        await asyncio.sleep(0)
        return await asyncio.to_thread(tags_in_web)

    assert inspect.iscoroutinefunction(push)
    coroutine = push()
    assert not fakeecr.is_active()
    assert asyncio.run(coroutine) == ["latest"]


@pytest.mark.asyncio
@FakeECR()
async def test_a_decorated_coroutine_test_has_a_fake():
    fakeecr.current().push("web", "latest")

    assert tags_in_web() == ["latest"]


@pytest.mark.parametrize("tag", ["latest"])
@FakeECR()
def test_a_decorated_test_can_have_parameters_and_fixtures(tag, tmp_path):
    assert tmp_path.exists()
    fakeecr.current().push("web", tag)

    assert tags_in_web() == [tag]


# --- What cannot be decorated ----------------------------------------------------------------------


def test_generators_other_classes_and_other_objects_cannot_be_decorated():
    def generator():
        yield

    async def async_generator():
        yield

    class Plain:
        pass

    for target, message in [
        (generator, "generator is a generator function.*fake_ecr"),
        (async_generator, "async_generator is a generator function"),
        (functools.partial(generator), r"functools\.partial\(.*\) is a generator function"),
        (Plain, r"Plain has no test"),
        (pytest.fixture(lambda: None), r"cannot decorate a pytest fixture.*fixture `fake_ecr`"),
        (12, "decorates functions and coroutine functions, not int"),
    ]:
        with pytest.raises(TypeError, match=message):
            FakeECR()(target)


def test_a_decorator_without_parentheses_is_refused():
    with pytest.raises(TypeError, match=r"a decorator is written with parentheses: @FakeECR\(\)"):

        @FakeECR
        def function() -> None: ...


def test_a_fake_that_was_used_cannot_decorate():
    ecr = FakeECR()
    ecr.push("web", "latest")

    with pytest.raises(RuntimeError, match=r"Decorate with a new one: @FakeECR\(\)"):
        ecr(lambda: None)
    ecr.stop()
