"""Which fake answers: the innermost active one, in every thread of the process.

A context of its own, such as that of a decorated coroutine, is answered by the fakes that were started in it. What they
do not answer, because they were stopped, the innermost of the process does.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol

from fakeecr.adapters import contexts
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

    def stop(self) -> None:
        """Stop answering."""
        ...

    def answer(self, request: Request) -> Response:
        """Return the response to a request."""
        ...


_lock = held_at_forks(threading.Lock())
# Replaced, never changed in place, so that readers need no lock.
_active_fakes: tuple[Fake, ...] = ()
# The fakes that were started in a context of its own, the innermost last; None outside of such a context.
_fakes_of_context: ContextVar[tuple[Fake, ...] | None] = ContextVar("fakeecr_fakes_of_context", default=None)


# The fake whose handler of an event runs in this context, started or not.
_fake_of_handler: ContextVar[Fake | None] = ContextVar("fakeecr_fake_of_handler", default=None)


@contextmanager
def answering(fake: Fake) -> Iterator[None]:
    """Let a fake answer the present context, whether or not it is active; fakes that are started in it come first."""
    fakes, outer = _fakes_of_context.get(), _fake_of_handler.get()
    _fakes_of_context.set(())
    _fake_of_handler.set(fake)
    try:
        yield
    finally:
        _fakes_of_context.set(fakes)
        _fake_of_handler.set(outer)


def own_context() -> AbstractContextManager[None]:
    """Let the fakes that are started in this context answer it before those that are started elsewhere."""
    return contexts.own_context(_fakes_of_context)


def push(fake: Fake) -> None:
    """Make a fake the innermost active one, of the process and of the present context."""
    global _active_fakes
    with _lock:
        _active_fakes = (*_active_fakes, fake)
    own = _fakes_of_context.get()
    if own is not None:
        _fakes_of_context.set((*[other for other in own if other in _active_fakes], fake))


def remove(fake: Fake) -> None:
    """Make a fake inactive, wherever it is in the stack; do nothing if it is not active."""
    global _active_fakes
    with _lock:
        _active_fakes = tuple(other for other in _active_fakes if other is not fake)


def all_fakes() -> tuple[Fake, ...]:
    """Return every active fake, the innermost last."""
    return _active_fakes


def innermost() -> Fake | None:
    """Return the fake that answers now: of this context if it has fakes of its own, otherwise of the process.

    It is None while no fake is active.
    """
    fakes = _active_fakes
    own = _fakes_of_context.get()
    if own:
        for fake in reversed(own):
            if fake in fakes:
                return fake
    handled = _fake_of_handler.get()
    if handled is not None and handled.is_open:
        return handled
    return fakes[-1] if fakes else None
