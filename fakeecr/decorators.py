"""FakeECR as a decorator of functions, coroutine functions and test classes."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from unittest import TestCase


def decorate_function(
    function: Any,
    make_manager: Callable[[], AbstractContextManager[Any]],
    own_context: Callable[[], AbstractContextManager[None]],
    name: str = "FakeECR",
) -> Any:
    """Return a function, or coroutine function, each call of which runs inside a context manager.

    Args:
        function: the function.
        make_manager: makes the context manager, such as a fake.
        own_context: makes a context of its own, so that coroutines that run at the same time each have their fake.
        name: what the decorator is called in messages.

    Raises:
        TypeError: it is a generator function, or not a function.
    """
    fixture = ", or let it use the fixture `fake_ecr`" if name == "FakeECR" else ""
    # A fixture of pytest 8.4 and newer is an object, of earlier versions a function with this attribute.
    if type(function).__name__ == "FixtureFunctionDefinition" or hasattr(function, "_pytestfixturefunction"):
        raise TypeError(
            f"@{name}() cannot decorate a pytest fixture, because it would end before the test. Use `with {name}():` "
            f"around the fixture's yield{fixture}."
        )
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError(
            f"{getattr(function, '__name__', function)} is a generator function, whose body runs after the call that a "
            f"decorator sees. Use `with {name}():` inside it{fixture}."
        )
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def coroutine(*args: Any, **kwargs: Any) -> Any:
            with own_context(), make_manager():
                return await function(*args, **kwargs)

        return coroutine
    if inspect.isclass(function) or not callable(function):
        kind = "classes" if inspect.isclass(function) else type(function).__name__
        raise TypeError(f"@{name}() decorates functions and coroutine functions, not {kind}.")

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        with make_manager():
            return function(*args, **kwargs)

    return call


def decorate_class(decorated: Any, make_fake: Callable[[], Any], current_fake: Callable[[], Any]) -> Any:
    """Return a test class, each test of which runs in a new fake, available as ``self.fake_ecr``.

    Args:
        decorated: a ``unittest.TestCase`` class, or a class of pytest tests; fakeecr's pytest plugin runs the latter.
        make_fake: makes a fake, which is a context manager.
        current_fake: returns the fake that is active.

    Raises:
        TypeError: it is not a class of tests.
    """
    if issubclass(decorated, TestCase):
        decorated.run, decorated.debug = _in_a_fake(decorated.run), _in_a_fake(decorated.debug)
        decorated._fake_ecr_in_run = True
    elif any(name.startswith("test") for name in dir(decorated)):
        decorated.fake_ecr = property(lambda test: current_fake())
    else:
        raise TypeError(
            f"FakeECR decorates classes of tests, and {decorated.__name__} has no test. In another class, decorate its "
            "methods, or use `with FakeECR() as ecr:`."
        )
    # An attribute, so that a decorated subclass uses its own arguments, even in a run method of its parent.
    decorated._make_fake_ecr = staticmethod(make_fake)
    return decorated


def _in_a_fake(run: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(run)
    def run_in_a_fake(self: Any, *args: Any, **kwargs: Any) -> Any:
        with self._make_fake_ecr() as self.fake_ecr:
            return run(self, *args, **kwargs)

    return run_in_a_fake
