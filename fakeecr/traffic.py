"""The traffic of fakes: the threads that use them, which a stop and a fork have to wait for."""

from __future__ import annotations

import logging
import os
import threading
import weakref
from types import TracebackType
from typing import Protocol

from fakeecr.errors import FakeECRError
from fakeecr.forks import held_at_forks

# How many seconds a stop and a fork wait for calls that run in other threads. Then they continue all the same, because
# such a call may itself be waiting for the thread that stops or forks.
PATIENCE = 60.0

_log = logging.getLogger("fakeecr")

# One lock for all traffic, so that a fork can wait for every thread at once.
_lock = threading.RLock()
_changed = threading.Condition(_lock)
# Thread → what it is inside of, the innermost last.
_inside: dict[int, list[Traffic]] = {}


class Traffic:
    """A context that any number of threads can be inside of, until one of them closes it or forks."""

    def __init__(self) -> None:
        self._closers = 0
        self._is_closed = False

    def __enter__(self) -> None:
        thread = threading.get_ident()
        with _lock:
            entered = _inside.get(thread)
            if entered is None:
                # A thread that is inside of something is waited for, so it must not wait itself.
                while self._closers or _every_traffic.is_held:
                    _changed.wait()
                entered = _inside[thread] = []
            if self._is_closed and self not in entered:
                if not entered:
                    del _inside[thread]
                raise FakeECRError("This FakeECR was stopped before it could answer; nothing was sent to AWS.")
            entered.append(self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        thread = threading.get_ident()
        with _lock:
            entered = _inside[thread]
            entered.pop()
            if not entered:
                del _inside[thread]
            # Each thread that waits checks its own condition.
            _changed.notify_all()

    def close(self) -> bool:
        """Wait until no other thread is inside, and refuse every thread that enters from now on.

        Returns:
            Whether no other thread is inside; False if one stayed for too long.
        """
        with _lock:
            self._closers += 1
            try:
                return _changed.wait_for(lambda: not self._other_threads(), PATIENCE)
            finally:
                self._closers -= 1
                self._is_closed = True
                _changed.notify_all()

    def _other_threads(self) -> list[int]:
        own = threading.get_ident()
        return [thread for thread, entered in _inside.items() if thread != own and self in entered]


# What starts and stops fakes is inside of it, so that a fork waits for that, too.
LIFECYCLE = Traffic()


# --- Forks -------------------------------------------------------------------------------------------


class _Forked(Protocol):
    def before_fork(self) -> None:
        """Give up what a child must not inherit; no thread uses this object now."""

    def leave_to_parent(self) -> None:
        """Give up, in a child, what only the parent goes on with."""

    def after_fork_in_child(self) -> None:
        """Replace what threads of the parent were using, which do not exist in the child."""


_forked: weakref.WeakSet[_Forked] = weakref.WeakSet()


def prepare_for_forks(user: _Forked) -> None:
    """Let an object prepare for each fork, for as long as it exists."""
    with _lock:
        _forked.add(user)


class _EveryTraffic:
    """The traffic of all fakes, as a lock that a fork holds."""

    def __init__(self) -> None:
        self.is_held = False
        self._is_quiet = False
        self._process = 0

    def acquire(self) -> None:
        """Wait until no other thread is inside of any traffic, and let none in."""
        _lock.acquire()
        self.is_held, self._process = True, os.getpid()
        try:
            self._is_quiet = _changed.wait_for(lambda: not self._other_threads(), PATIENCE)
            if self._is_quiet:
                for user in list(_forked):
                    user.before_fork()
            else:
                _log.warning("The process forks although a call has run in another thread for %d seconds.", PATIENCE)
        except BaseException:
            self._end()
            raise

    def release(self) -> None:
        """Let threads in again, in the parent and in the child."""
        if os.getpid() != self._process:
            for user in list(_forked):
                user.leave_to_parent()
            if not self._is_quiet:
                for thread in self._other_threads():
                    del _inside[thread]
                for user in list(_forked):
                    user.after_fork_in_child()
        self._end()

    def _end(self) -> None:
        self.is_held = False
        _changed.notify_all()
        _lock.release()

    def _other_threads(self) -> set[int]:
        return _inside.keys() - {threading.get_ident()}


_every_traffic = held_at_forks(_EveryTraffic(), first=True)
