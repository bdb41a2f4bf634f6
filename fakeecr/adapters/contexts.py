"""Contexts of their own, such as that of a decorated coroutine, which have their own innermost of something."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

_Item = TypeVar("_Item")


@contextmanager
def own_context(stack: ContextVar[tuple[_Item, ...] | None]) -> Iterator[None]:
    """Give the present context a stack of its own, which begins with what an outer one has.

    Tasks and threads that copy the context have what the stack contained then.

    Args:
        stack: the stack of each context; None in a context that has none of its own.
    """
    outer = stack.get()
    stack.set(outer or ())
    try:
        yield
    finally:
        # Not reset(), which fails in another context than that of the first set().
        stack.set(outer)
