"""What FakeECR does as a decorator."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any
from unittest import TestCase


def decorate_function(function: Any, make: Callable[[], Any]) -> Any:
    """Let each call of a function, or of a coroutine function, run in a new fake.

    Args:
        function: the function.
        make: makes a fake, which is a context manager.

    Raises:
        TypeError: it is a generator function, or none at all.
    """
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError(
            f"{function.__name__} is a generator function, which runs on after the call that a decorator sees. "
            "Use `with FakeECR() as ecr:` inside it; for a pytest fixture there is `fake_ecr`."
        )
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def coroutine(*args: Any, **kwargs: Any) -> Any:
            with make():
                return await function(*args, **kwargs)

        return coroutine
    if not callable(function):
        raise TypeError(f"FakeECR decorates functions and TestCase classes, not {type(function).__name__}.")

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        with make():
            return function(*args, **kwargs)

    return call


def decorate_class(decorated: Any, make: Callable[[], Any]) -> Any:
    """Let each test of a ``unittest.TestCase`` class run in a new fake, which it finds as ``self.fake_ecr``.

    Args:
        decorated: the class.
        make: makes a fake, which is a context manager.

    Raises:
        TypeError: it is another class.
    """
    if not issubclass(decorated, TestCase):
        raise TypeError(
            f"FakeECR decorates unittest.TestCase classes; {decorated.__name__} is none. "
            "For a class of pytest's, use the fixture: @pytest.mark.usefixtures('fake_ecr')."
        )
    decorated.run, decorated.debug = _in_a_fake(decorated.run), _in_a_fake(decorated.debug)
    # An attribute, so that a child that is decorated as well has its own arguments, also in its parent's run.
    decorated._make_fake_ecr = staticmethod(make)
    return decorated


def _in_a_fake(run: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(run)
    def run_in_a_fake(self: Any, *args: Any, **kwargs: Any) -> Any:
        with self._make_fake_ecr() as self.fake_ecr:
            return run(self, *args, **kwargs)

    return run_in_a_fake
