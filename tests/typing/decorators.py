"""`@FakeECR()` and `@fakeecr.guard()`: what they decorate keeps its type."""

from __future__ import annotations

import unittest
from typing import TypeVar, assert_type

import pytest

import fakeecr
from fakeecr import FakeECR

T = TypeVar("T")

# --- Functions and coroutine functions -----------------------------------------------------------


@FakeECR()
def function(number: int, *, word: str = "") -> str:
    return word * number


assert_type(function(1), str)
assert_type(function(number=1, word="a"), str)
function("1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
function(1, "a")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
function(1, words="a")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


@FakeECR(region="eu-west-1")
async def coroutine_function(number: int) -> str:
    return str(number)


async def awaits() -> None:
    assert_type(await coroutine_function(1), str)
    await coroutine_function("1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await function(1)  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]


@FakeECR()
def generic_function(value: T) -> list[T]:
    return [value]


assert_type(generic_function(1), list[int])
assert_type(FakeECR()(function)(1), str)

# --- Methods -------------------------------------------------------------------------------------


class Methods:
    @FakeECR()
    def method(self, number: int) -> str:
        return str(number)

    @FakeECR()
    async def coroutine_method(self, number: int) -> str:
        return str(number)

    @classmethod
    @FakeECR()
    def of_class(cls, number: int) -> str:
        return str(number)

    @staticmethod
    @FakeECR()
    def static(number: int) -> str:
        return str(number)

    @property
    @FakeECR()
    def attribute(self) -> str:
        return ""


assert_type(Methods().method(1), str)
assert_type(Methods.of_class(1), str)
assert_type(Methods.static(1), str)
assert_type(Methods().attribute, str)
Methods().method()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


async def awaits_a_method() -> None:
    assert_type(await Methods().coroutine_method(1), str)


# --- Classes of tests ----------------------------------------------------------------------------


@FakeECR(account_id="012345678910")
class Case(unittest.TestCase):
    fake_ecr: FakeECR  # which the decorator sets; a type checker sees it only so

    def setUp(self) -> None:
        self.image = self.fake_ecr.push("web", "latest")

    def test_pushed(self) -> None:
        assert self.fake_ecr.region == self.image.region


assert_type(Case("test_pushed"), Case)
assert_type(Case().image, fakeecr.PushedImage)
case_class: type[unittest.TestCase] = Case


@FakeECR()
class ChildCase(Case):
    def test_pushed_again(self) -> str:
        return self.fake_ecr.push("web").digest


assert_type(ChildCase().test_pushed_again(), str)


@FakeECR()
class TestWithPytest:
    fake_ecr: FakeECR

    @pytest.mark.parametrize("tag", ["1.0", "1.1"])
    def test_pushed(self, tag: str) -> tuple[str, ...]:
        return self.fake_ecr.push("web", tag).tags


assert_type(TestWithPytest().test_pushed("1.0"), tuple[str, ...])
TestWithPytest().test_pushed(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@FakeECR()
class TestWithoutAnAnnotation:
    def test_pushed(self) -> None:
        self.fake_ecr.push("web")  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]


# --- Mistakes ------------------------------------------------------------------------------------


@FakeECR  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
def without_parentheses() -> None: ...


FakeECR()("function")  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
FakeECR()()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]

# --- guard() -------------------------------------------------------------------------------------


@fakeecr.guard()
def guarded(number: int) -> str:
    return str(number)


@fakeecr.guard("warn")
async def guarded_coroutine_function(number: int) -> str:
    return str(number)


class GuardedMethods:
    @fakeecr.guard("off")
    def method(self, number: int) -> str:
        return str(number)


async def calls_what_is_guarded() -> None:
    assert_type(guarded(1), str)
    assert_type(await guarded_coroutine_function(1), str)
    assert_type(GuardedMethods().method(1), str)
    guarded("1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await guarded_coroutine_function()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


@fakeecr.guard  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
def guarded_without_parentheses() -> None: ...


# --- Both, with other decorators -----------------------------------------------------------------


@pytest.mark.asyncio
@fakeecr.guard()
@FakeECR()
async def test_decorated_often(number: int) -> str:
    return str(number)


async def awaits_what_is_decorated_often() -> None:
    assert_type(await test_decorated_often(1), str)
