"""Locks that are held while the process forks.

A forked child has only the thread that forked. A lock that another thread held at that moment would stay locked in the
child forever, and what the lock protects could be half changed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Protocol, TypeVar


class _Lock(Protocol):
    def acquire(self) -> bool: ...

    def release(self) -> None: ...


_AnyLock = TypeVar("_AnyLock", bound=_Lock)


def held_at_forks(lock: _AnyLock) -> _AnyLock:
    """Return a lock of the whole process, which from now on is acquired before a fork and released after it.

    Call this when a module is imported, because locks are acquired in the reverse order of these calls: a module whose
    lock is held while another module's is acquired has to be the one that is imported later.
    """
    at_forks(lock.acquire, lock.release, lock.release)
    return lock


def at_forks(
    before: Callable[[], object], after_in_parent: Callable[[], object], after_in_child: Callable[[], object]
) -> None:
    """Call functions around each fork of the process; do nothing on a system that has no forks."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=before, after_in_parent=after_in_parent, after_in_child=after_in_child)
