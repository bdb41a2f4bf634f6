"""What is held still while the process forks: objects that are in use, and locks.

A forked child has only the thread that forked. A lock that another thread held at that moment would stay locked in the
child forever, and what that thread was changing would stay half changed.
"""

from __future__ import annotations

import os
import threading
import weakref
from contextlib import AbstractContextManager, ExitStack
from typing import Protocol, TypeVar


class _Pausable(Protocol):
    def paused(self) -> AbstractContextManager[None]: ...


class _Lock(Protocol):
    def acquire(self) -> bool: ...

    def release(self) -> None: ...


_AnyLock = TypeVar("_AnyLock", bound=_Lock)

_objects: weakref.WeakSet[_Pausable] = weakref.WeakSet()
_objects_lock = threading.Lock()
_locks: list[_Lock] = []
# What ends after the fork, in the parent and in the child. Two threads that fork take turns.
_held = ExitStack()
_turn = threading.Lock()


def paused_at_forks(pausable: _Pausable) -> None:
    """Pause an object before each fork for as long as it exists, and let it continue afterwards.

    Its method `paused` is the context manager that does so. It must keep other threads from using the object.
    """
    with _objects_lock:
        _objects.add(pausable)


def held_at_forks(lock: _AnyLock) -> _AnyLock:
    """Return a lock, which from now on is acquired before each fork, and released after it.

    Locks are acquired after all objects are paused, the last of these calls first: of two modules, the one that holds
    its lock while it acquires the other's has to be imported later.
    """
    _locks.append(lock)
    return lock


def _before() -> None:
    _turn.acquire()
    _held.callback(_turn.release)
    paused: set[_Pausable] = set()
    while True:
        _objects_lock.acquire()
        unpaused = set(_objects) - paused
        if not unpaused:
            break
        # Without the lock, because a thread that is waited for may be making an object.
        _objects_lock.release()
        for pausable in unpaused:
            _held.enter_context(pausable.paused())
        paused |= unpaused
    _held.callback(_objects_lock.release)
    for lock in reversed(_locks):
        lock.acquire()
        _held.callback(lock.release)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_held.close, after_in_child=_held.close)
