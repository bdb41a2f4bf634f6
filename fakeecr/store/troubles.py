"""Troubles with a database, such as a full disk or a damaged file, raised as one kind of error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import DBAPIError

from fakeecr.errors import DatabaseError

# Whose frames are between a transaction and an error of its database; sqlite3 has none of its own.
_PACKAGES = {"fakeecr", "sqlalchemy", "psycopg", "psycopg_binary", "psycopg_c"} | sys.stdlib_module_names


class Troubles:
    """The errors of one database.

    Args:
        driver: the driver's module, by the names of DB-API 2.0.
        explain: returns what an error of the driver's means for the database, and what to do.
        kinds: the driver's errors that are troubles. Others, such as a violated constraint, are faults of fakeecr.
    """

    def __init__(
        self, driver: Any, explain: Callable[[BaseException], str], kinds: tuple[type[Exception], ...]
    ) -> None:
        self._driver = driver
        self._explain = explain
        self._kinds = kinds

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Raise each trouble inside this context as a DatabaseError.

        Raises:
            DatabaseError: the database cannot be used; the cause is the driver's error, without SQL.
        """
        try:
            yield
        except (DBAPIError, self._driver.Error, UnicodeDecodeError) as error:
            cause = (error.orig if isinstance(error, DBAPIError) else error) or error
            if not (self._is_trouble(cause) and _is_own(error)):
                raise
            raise DatabaseError(self._explain(cause)) from cause

    def _is_trouble(self, cause: BaseException) -> bool:
        # A damaged file raises the base class of a driver's errors, or has text that cannot be decoded.
        return isinstance(cause, (*self._kinds, UnicodeDecodeError)) or type(cause) is self._driver.DatabaseError


def _is_own(error: BaseException) -> bool:
    """Whether an error comes from this package's use of its database, and not from a generator of a user's seed."""
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_globals.get("__name__", "").partition(".")[0] not in _PACKAGES:
            return False
        trace = trace.tb_next
    return True
