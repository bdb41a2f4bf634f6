"""Waiting for a lock on a SQLite file, and naming the program that holds it.

SQLite's own waiting is not used. Its pauses grow to a tenth of a second, so a process can starve among busy writers;
and it cannot tell a program that holds a lock and does nothing from writers that take turns.
"""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple, TypeVar

from sqlalchemy.exc import DBAPIError

from fakeecr import clock

_Result = TypeVar("_Result")
# The modification time and the size of the file and of its log; None for one that does not exist.
_Contents = list[tuple[int, int] | None]

_SHORTEST_PAUSE = 0.0005
_LONGEST_PAUSE = 0.01
# After a wait that was in vain, botocore tries the same call again within moments; seconds.
_NO_SECOND_WAIT = 1.0

# The bytes that SQLite locks: in the index of the write-ahead log for a writer; in the file itself for other locks.
_WRITER_BYTE = 120
_FILE_BYTES = range(0x40000000, 0x40000000 + 512)
_LONGEST_COMMAND = 60

# Not the module's functions, whose state belongs to the tests that seed it.
_random = random.Random()  # noqa: S311 - it spreads the pauses of waiting processes


class LockWait:
    """Attempts of what needs a lock on a file, until the lock is free.

    Args:
        path: the file.
        seconds: how long to wait for a program that holds the lock and writes nothing. Each write to the file restarts
            this time, so that many writers, or a large seed, do not make the others give up.
    """

    def __init__(self, path: Path, seconds: float) -> None:
        self.path = path
        self.seconds = seconds
        self._files = (path, path.with_name(f"{path.name}-wal"))
        # When a wait was in vain, and what the file contained then.
        self._given_up: tuple[float, _Contents] | None = None

    def run(self, attempt: Callable[[], _Result]) -> _Result:
        """Return the result of an attempt, which is repeated while another connection holds the lock.

        Raises:
            sqlite3.OperationalError: the lock was not released; or whatever else the attempt raises.
        """
        try:
            return attempt()
        except (sqlite3.OperationalError, DBAPIError) as error:
            if not is_locked(error):
                raise
        began, contents, pause = clock.elapsed(), self._contents(), _SHORTEST_PAUSE
        given_up = self._given_up
        if given_up is not None and began - given_up[0] < _NO_SECOND_WAIT and contents == given_up[1]:
            return attempt()
        while True:
            time.sleep(pause * _random.uniform(0.5, 1))
            try:
                return attempt()
            except (sqlite3.OperationalError, DBAPIError) as error:
                if not is_locked(error):
                    raise
                now, present_contents = clock.elapsed(), self._contents()
                if present_contents != contents:
                    began, contents = now, present_contents
                elif now - began >= self.seconds:
                    self._given_up = now, contents
                    raise
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _contents(self) -> _Contents:
        """Return what changes with every write to the file or to its log."""
        # Only its status: closing a file gives up every lock that this process has on it.
        return [_status(file) for file in self._files]


def is_locked(error: BaseException) -> bool:
    """Whether an error, possibly in SQLAlchemy's wrapping, says that another connection holds a lock."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    # The low byte of an extended code is the code itself.
    return getattr(cause, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _status(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


# --- Who holds the lock --------------------------------------------------------------------------


class _Lock(NamedTuple):
    """A lock that writes, as Linux lists it; the file is its device and inode."""

    process: int
    file: str
    bytes: range


def holder(path: Path) -> str:
    """Return the name of what probably holds the lock on a file, for a message."""
    log_index = path.with_name(f"{path.name}-shm")
    locks = list(_locks())
    holders = [lock.process for lock in locks if lock.file == _file(log_index) and _WRITER_BYTE in lock.bytes]
    holders += [lock.process for lock in locks if lock.file == _file(path) and _overlap(lock.bytes, _FILE_BYTES)]
    for process in holders:
        if process == os.getpid():
            return "another connection of this process"
        if process > 0:
            return f"process {process}{_command(process)}"
    return "another program, such as a database browser"


def _locks() -> Iterable[_Lock]:
    """Yield the locks of all processes that write; none on a system other than Linux."""
    try:
        lines = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return
    for line in lines:
        # 1: POSIX  ADVISORY  WRITE 1234 fd:01:5678 120 120
        fields = line.split()
        if len(fields) == 8 and fields[3] == "WRITE":
            first, last = int(fields[6]), fields[7]
            end = 1 << 63 if last == "EOF" else int(last) + 1
            yield _Lock(int(fields[4]), fields[5], range(first, end))


def _overlap(one: range, other: range) -> bool:
    return one.start < other.stop and other.start < one.stop


def _file(path: Path) -> str | None:
    """Return the device and the inode of a file, as Linux lists them."""
    try:
        status = path.stat()
    except OSError:
        return None
    return f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"


def _command(process: int) -> str:
    """Return the command line of a process in parentheses, shortened; nothing if it cannot be read."""
    try:
        arguments = Path(f"/proc/{process}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return ""
    command = " ".join(" ".join(arguments).split())
    if len(command) > _LONGEST_COMMAND:
        command = f"{command[:_LONGEST_COMMAND]}…"
    return f" ({command})" if command else ""
