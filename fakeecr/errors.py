"""fakeecr's own errors and warnings; the errors that AWS answers with are in :mod:`fakeecr.aws_errors`."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType

# The packages between the code that makes a call and what answers it. The event loop is between them if the call is a
# task of its own.
_PACKAGES = ("fakeecr", "boto3", "botocore", "aioboto3", "aiobotocore", "asyncio", "contextlib")


class FakeECRError(Exception):
    """The base class of fakeecr's own errors."""


class DatabaseError(FakeECRError):
    """A database cannot hold the state of a fake; the message names the database and says what to do."""


class UnfakedCallError(FakeECRError):
    """A call to ECR was refused because no fake was active; nothing was sent to AWS."""


class ServerError(FakeECRError):
    """A server cannot listen at an address; the message says why, and what to do."""


class SeedError(FakeECRError):
    """A seed is invalid; nothing of it was stored.

    Attributes:
        problem: what is wrong, without the file, the line and the key path.
        file: the file that it was read from, or None for a mapping.
        line: the line in that file, counted from 1, or None.
        path: the key path of the value, such as ``registries[0].repositories[2].name``; empty for the whole seed.
    """

    def __init__(self, problem: str, *, file: Path | None = None, line: int | None = None, path: str = "") -> None:
        self.problem = problem
        self.file = file
        self.line = line
        self.path = path
        place = "seed" if file is None else str(file)
        if line is not None:
            place += f", line {line}"
        super().__init__(f"{place}: {path}: {problem}" if path else f"{place}: {problem}")

    def at(self, path: str) -> SeedError:
        """Return the same error with a key path put before its own."""
        return SeedError(self.problem, path=f"{path}.{self.path}" if self.path else path)


class PublishedLimitWarning(UserWarning):
    """Only a limit of the published reference refused a call, a push or a seed; newer limits allow it.

    ``FakeECR(limits="installed")`` uses those instead: of a call, the limits of the installed botocore, and of the name
    of a repository in a push or a seed, those of the newest service model.
    """


class DisputedPolicyWarning(UserWarning):
    """A policy was accepted that AWS accepts according to some sources, and refuses according to others."""


class UnfakedCallWarning(UserWarning):
    """A call to ECR is sent to AWS because no fake is active; see :func:`fakeecr.guard`."""


class ExposedServerWarning(UserWarning):
    """A fake is served to other machines, although whoever reaches it can do anything with it."""


class EventHandlerWarning(UserWarning):
    """A handler of events raised an exception; the message has its traceback. See :meth:`FakeECR.subscribe`."""


class UnstoppedFakeWarning(UserWarning):
    """A test started a fake and did not stop it; it would have answered the calls of the next tests."""


def caller() -> FrameType:
    """Return the frame of the code that made the call in progress: the first one outside fakeecr and the AWS client."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] in _PACKAGES:
        frame = frame.f_back
    return frame


# Where the warnings of the call in progress go; None: to Python's warnings.
_collected: ContextVar[list[str] | None] = ContextVar("fakeecr_collected_warnings", default=None)


@contextmanager
def collected_warnings() -> Iterator[list[str]]:
    """Collect the messages of warnings about a call that comes from another process, where no warning can point to."""
    messages: list[str] = []
    token = _collected.set(messages)
    try:
        yield messages
    finally:
        _collected.reset(token)


def warn_caller(message: str, category: type[Warning]) -> None:
    """Issue a warning that points to the code that made the call in progress."""
    collected = _collected.get()
    if collected is not None:
        collected.append(message)
        return
    target = caller()
    level, frame = 1, sys._getframe()
    while frame is not target and frame.f_back is not None:
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)
