"""The fakes that are active, the innermost last: it answers for the whole process, in every thread."""

from __future__ import annotations

import threading
from typing import Protocol

from fakeecr.http import Request, Response


class Answering(Protocol):
    """What a hook needs of a fake."""

    @property
    def region(self) -> str:
        """The region of clients that have none."""
        ...

    @property
    def is_open(self) -> bool:
        """Whether it holds a database now."""
        ...

    def answer(self, request: Request) -> Response:
        """Answer a request."""
        ...


_changing = threading.Lock()
_stack: tuple[Answering, ...] = ()


def push(fake: Answering) -> None:
    """Make a fake the innermost."""
    global _stack
    with _changing:
        _stack = (*_stack, fake)


def remove(fake: Answering) -> None:
    """Take a fake out, wherever it stands; nothing happens where it does not."""
    global _stack
    with _changing:
        _stack = tuple(other for other in _stack if other is not fake)


def innermost() -> Answering | None:
    """Give the fake that answers now, if there is one."""
    stack = _stack
    return stack[-1] if stack else None
