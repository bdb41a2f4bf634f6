"""Locks that are held while the process forks.

A forked child has only the thread that forked. A lock that another thread held at that moment would stay locked in the
child forever, and what that thread was changing would stay half changed.
"""

from __future__ import annotations

import os
import threading
from typing import Protocol, TypeVar


class _Lock(Protocol):
    def acquire(self) -> object: ...

    def release(self) -> None: ...


_AnyLock = TypeVar("_AnyLock", bound=_Lock)

_first: list[_Lock] = []
_locks: list[_Lock] = []
_held: list[_Lock] = []
# Two threads that fork take turns.
_turn = threading.Lock()
_is_registered = False


def held_at_forks(lock: _AnyLock, *, first: bool = False) -> _AnyLock:
    """Return a lock, which from now on is acquired before each fork, and released after it.

    Args:
        lock: the lock.
        first: whether it is acquired before the other locks. Of those, the last in these calls is acquired first: of
            two modules, the one that holds its lock while it acquires the other's has to be imported later.
    """
    (_first if first else _locks).append(lock)
    return lock


def register() -> None:
    """Let each fork of the process hold the locks; calling this again changes nothing.

    Python calls what was registered last first. So this has to be called after the import of logging, whose lock would
    otherwise be held while a thread that wants to log is waited for.
    """
    global _is_registered
    if not _is_registered and hasattr(os, "register_at_fork"):
        _is_registered = True
        os.register_at_fork(before=_before, after_in_parent=_after, after_in_child=_after)


def _before() -> None:
    _turn.acquire()
    for lock in [*_first, *reversed(_locks)]:
        lock.acquire()
        _held.append(lock)


def _after() -> None:
    held = _held.copy()
    _held.clear()
    for lock in reversed(held):
        lock.release()
    _turn.release()
