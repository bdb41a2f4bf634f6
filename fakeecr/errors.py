"""The errors ECR answers with, each made in one place, and fakeecr's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakeecr._version import __version__

if TYPE_CHECKING:
    from pathlib import Path


class ECRError(Exception):
    """An error that Amazon ECR answers a call with.

    Attributes:
        code: the name a client sees, such as ``RepositoryNotFoundException``.
        message: the sentence that goes with it; None where AWS sends none.
        status: the HTTP status.
    """

    def __init__(self, code: str, message: str | None = None, status: int = 400) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.status = status


def invalid_parameter(name: str, constraint: str) -> ECRError:
    """Refuse a parameter's value (the sentence is observed, see its callers for the constraints)."""
    return ECRError(
        "InvalidParameterException",
        f"Invalid parameter at '{name}' failed to satisfy constraint: '{constraint}'",
    )


def invalid_next_token() -> ECRError:
    """Refuse a token that no earlier page of the same listing gave.

    The capital N is observed; what follows it in AWS's sentence is not known.
    """
    return invalid_parameter("NextToken", "Invalid next token provided")


def repository_not_found(name: str, registry_id: str) -> ECRError:
    """Say that a repository is not there (observed)."""
    return ECRError(
        "RepositoryNotFoundException",
        f"The repository with name '{name}' does not exist in the registry with id '{registry_id}'",
    )


def serialization(message: str | None = None) -> ECRError:
    """Refuse a body that is not JSON, or a value of the wrong JSON type."""
    return ECRError("SerializationException", message)


def unknown_operation() -> ECRError:
    """Refuse a target that names no operation of the API; AWS adds no message."""
    return ECRError("UnknownOperationException")


def server_fault(operation: str, cause: BaseException) -> ECRError:
    """Report a fault inside the fake as AWS reports one of its own, with the cause in the message."""
    return ECRError(
        "ServerException",
        f"fakeecr {__version__} failed inside {operation}: {type(cause).__name__}: {cause} "
        "(the traceback is in the log of 'fakeecr')",
        500,
    )


def not_implemented(operation: str) -> ECRError:
    """Say loudly that an operation of ECR is not answered yet; 501 is a status botocore does not retry."""
    return ECRError(
        "NotImplementedByFakeECR",
        f"fakeecr {__version__} does not answer {operation} yet; nothing was sent to AWS. "
        "The README lists the operations that it answers.",
        501,
    )


class FakeECRError(Exception):
    """What fakeecr itself has to say to the person who uses it; every error of its own is one."""


class DatabaseError(FakeECRError):
    """A database cannot be used as a fake's state: the message names it and says what to do."""


class SeedError(FakeECRError):
    """A seed cannot be used; nothing of it was kept.

    Attributes:
        file: the file it was read from, or None for a mapping.
        line: the line in that file, counted from 1, or None.
        path: the key path to the value, such as ``registries[0].repositories[2].name``.
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


class PublishedLimitWarning(UserWarning):
    """A call was refused only by the published reference's limit; the installed botocore allows it.

    ``FakeECR(limits="installed")`` takes the installed limits instead.
    """
