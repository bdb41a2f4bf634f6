"""Which fake answers: the innermost active one, in every thread of the process."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol

from fakeecr.forks import held_at_forks

if TYPE_CHECKING:
    from fakeecr.http import Request, Response


class Fake(Protocol):
    """The part of `FakeECR` that adapters use."""

    @property
    def region(self) -> str:
        """The region of clients that are created without one."""
        ...

    @property
    def is_open(self) -> bool:
        """Whether the fake holds a database and can answer."""
        ...

    def answer(self, request: Request) -> Response:
        """Return the response to a request."""
        ...


_lock = held_at_forks(threading.Lock())
# Replaced, never changed in place, so that readers need no lock.
_active_fakes: tuple[Fake, ...] = ()


def push(fake: Fake) -> None:
    """Make a fake the innermost active one."""
    global _active_fakes
    with _lock:
        _active_fakes = (*_active_fakes, fake)


def remove(fake: Fake) -> None:
    """Make a fake inactive, wherever it is in the stack; do nothing if it is not active."""
    global _active_fakes
    with _lock:
        _active_fakes = tuple(other for other in _active_fakes if other is not fake)


def innermost() -> Fake | None:
    """Return the fake that was activated last, or None if none is active."""
    fakes = _active_fakes
    return fakes[-1] if fakes else None
