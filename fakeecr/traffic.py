"""The traffic of a fake: the calls that run in its threads, which a stop and a fork have to wait for."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import NoReturn

from fakeecr.errors import FakeECRError

# How many seconds a stop and a fork wait for the calls that run. They go on afterwards: a call may itself be waiting
# for the thread that stops or forks.
PATIENCE = 60.0


class Traffic:
    """A context that any number of threads can be inside of at the same time, until one thread keeps the others out.

    A thread that is inside already can enter again. :meth:`acquire` and :meth:`release` are those of a lock: the thread
    that acquires it waits until no other thread is inside, and lets nobody in until it is released.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        # Thread → how often it has entered and not left again.
        self._inside: dict[int, int] = {}
        self._keepers = 0
        self._is_closed = False

    def __enter__(self) -> None:
        thread = threading.get_ident()
        with self._lock:
            depth = self._inside.get(thread, 0)
            while self._keepers and not depth:
                self._changed.wait()
            if self._is_closed and not depth:
                _refuse()
            self._inside[thread] = depth + 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        thread = threading.get_ident()
        with self._lock:
            depth = self._inside.pop(thread) - 1
            if depth:
                self._inside[thread] = depth
            elif self._keepers:
                self._changed.notify_all()

    def acquire(self) -> bool:
        """Wait until no other thread is inside, and keep others out from now on.

        Returns:
            Whether it was acquired; False if another thread stayed inside for too long.
        """
        self._lock.acquire()
        self._keepers += 1
        if self._changed.wait_for(self._is_quiet, PATIENCE):
            return True
        self.release()
        return False

    def release(self) -> None:
        """Let other threads in again."""
        self._keepers -= 1
        self._changed.notify_all()
        self._lock.release()

    def close(self) -> None:
        """Wait until no other thread is inside, and refuse everyone who enters from now on."""
        was_acquired = self.acquire()
        self._is_closed = True
        if was_acquired:
            self.release()

    def _is_quiet(self) -> bool:
        return not (self._inside.keys() - {threading.get_ident()})


def _refuse() -> NoReturn:
    raise FakeECRError("This FakeECR was stopped before it could answer; nothing was sent to AWS.")
