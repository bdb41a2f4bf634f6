"""fakeecr's own errors and warnings; the errors that AWS answers with are in :mod:`fakeecr.aws_errors`."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class FakeECRError(Exception):
    """The base class of fakeecr's own errors."""


class DatabaseError(FakeECRError):
    """A database cannot hold the state of a fake; the message names the database and says what to do."""


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
    """Only a limit of the published reference refused a call; the installed botocore allows it.

    ``FakeECR(limits="installed")`` uses the installed limits instead.
    """


class DisputedPolicyWarning(UserWarning):
    """A policy was accepted that AWS accepts according to some sources, and refuses according to others."""


def warn_caller(message: str, category: type[Warning]) -> None:
    """Issue a warning that points to the code that made the call: the first frame outside fakeecr and botocore."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] in (
        "fakeecr",
        "boto3",
        "botocore",
    ):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)
