"""Statements of the hottest path: SQLAlchemy compiles them once, and the driver's own cursor runs them.

Listing and pushing are what tests call in loops. SQLAlchemy's handling of statements that never change took half of a
listing's time (measured: 45 µs to find a repository, 8 µs this way). Everything else uses SQLAlchemy's own execution.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Dialect, Select, UpdateBase

_Value = TypeVar("_Value")

# Below the largest number of parameters of a statement on every engine.
_CHUNK = 500


def in_chunks(values: Iterable[_Value]) -> Iterator[list[_Value]]:
    """Return values in lists that are short enough to be the parameters of one statement."""
    remaining = iter(values)
    return iter(lambda: list(islice(remaining, _CHUNK)), [])


class Prepared:
    """A statement whose named parameters are plain texts, bytes and numbers, which need no conversion.

    Args:
        statement: a SELECT, UPDATE or DELETE, each of whose parameters is a ``bindparam`` with a name; or an INSERT,
            each of whose parameters is a column.
    """

    def __init__(self, statement: Select[*tuple[Any, ...]] | UpdateBase) -> None:
        self.statement = statement
        # By dialect: the SQL, and the parameters that SQLAlchemy adds, such as the OFFSET of a LIMIT.
        self._compiled: dict[str, tuple[str, dict[str, Any]]] = {}

    def rows(self, connection: Connection, values: dict[str, Any]) -> list[Any]:
        """Run the statement in a connection's transaction and return all rows, each a tuple.

        Args:
            connection: the transaction.
            values: the parameters by name.
        """
        rows: list[Any] = self._execute(connection, values).fetchall()
        return rows

    def run(self, connection: Connection, values: dict[str, Any]) -> None:
        """Run a statement that returns no rows in a connection's transaction.

        Args:
            connection: the transaction.
            values: the parameters by name.
        """
        self._execute(connection, values)

    def run_all(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
        """Run the statement once for each of these sets of parameters."""
        dbapi = connection.connection.dbapi_connection
        assert dbapi is not None  # noqa: S101 - a connection in use has one
        sql, _ = self._compiled.get(connection.dialect.name) or self.compile(connection)
        dbapi.cursor().executemany(sql, rows)

    def _execute(self, connection: Connection, values: dict[str, Any]) -> Any:
        dbapi = connection.connection.dbapi_connection
        assert dbapi is not None  # noqa: S101 - a connection in use has one
        sql, added = self._compiled.get(connection.dialect.name) or self.compile(connection)
        # Both drivers create the cursor themselves.
        return dbapi.execute(sql, {**added, **values} if added else values)

    def compile(self, connection: Connection) -> tuple[str, dict[str, Any]]:
        """Return the SQL for a connection's engine, and the parameters that SQLAlchemy adds to it."""
        dialect: Dialect
        if connection.dialect.name == "sqlite":
            from sqlalchemy.dialects import sqlite

            dialect = sqlite.dialect(paramstyle="named")
        else:
            from sqlalchemy.dialects.postgresql import psycopg

            dialect = psycopg.dialect()  # type: ignore[no-untyped-call]
        compiled = self.statement.compile(dialect=dialect)
        added = {name: value for name, value in compiled.params.items() if value is not None}
        self._compiled[connection.dialect.name] = str(compiled), added
        return self._compiled[connection.dialect.name]
