"""Statements of the hottest path: SQLAlchemy compiles them once, and the driver's own cursor runs them.

Listing and pushing are what tests call in loops. SQLAlchemy's handling of statements that never change took half of a
listing's time (measured: 45 µs to find a repository, 8 µs this way). Everything else uses SQLAlchemy's own execution.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, Dialect, Select, UpdateBase

_Value = TypeVar("_Value")

# Below the largest number of parameters of a statement on every engine.
_CHUNK = 500


def in_chunks(values: Iterable[_Value]) -> Iterator[list[_Value]]:
    """Return values in lists that are short enough to be the parameters of one statement."""
    remaining = iter(values)
    return iter(lambda: list(islice(remaining, _CHUNK)), [])


class Compiled(NamedTuple):
    """A statement compiled for an engine.

    Attributes:
        sql: the statement.
        bind: a function that turns parameters by name into the form that the engine's driver takes.
    """

    sql: str
    bind: Callable[[dict[str, Any]], Any]


class Prepared:
    """A statement whose parameters are plain texts, bytes and numbers, which SQLAlchemy need not convert.

    Args:
        statement: a SELECT, UPDATE or DELETE, each of whose parameters is a ``bindparam`` with a name; or an INSERT,
            each of whose parameters is a column.
    """

    def __init__(self, statement: Select[*tuple[Any, ...]] | UpdateBase) -> None:
        self.statement = statement
        self._compiled: dict[str, Compiled] = {}

    def rows(self, connection: Connection, values: dict[str, Any]) -> list[Any]:
        """Run the statement in a connection's transaction and return all rows, each a tuple.

        Args:
            connection: the transaction.
            values: the parameters by name.
        """
        rows: list[Any] = self._execute(connection, values).fetchall()
        return rows

    def run(self, connection: Connection, values: dict[str, Any]) -> None:
        """Run the statement, which returns no rows, in a connection's transaction.

        Args:
            connection: the transaction.
            values: the parameters by name.
        """
        self._execute(connection, values)

    def run_all(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
        """Run the statement once for each of these sets of parameters."""
        dbapi = connection.connection.dbapi_connection
        assert dbapi is not None  # noqa: S101 - a connection in use has one
        sql, bind = self.compile(connection)
        dbapi.cursor().executemany(sql, [bind(row) for row in rows])

    def _execute(self, connection: Connection, values: dict[str, Any]) -> Any:
        dbapi = connection.connection.dbapi_connection
        assert dbapi is not None  # noqa: S101 - a connection in use has one
        sql, bind = self.compile(connection)
        # Both drivers create the cursor themselves.
        return dbapi.execute(sql, bind(values))

    def compile(self, connection: Connection) -> Compiled:
        """Return the statement for a connection's engine; it is compiled at its first use there."""
        name = connection.dialect.name
        compiled = self._compiled.get(name)
        if compiled is None:
            compiled = self._compiled[name] = _compile(self.statement, name)
        return compiled


def _compile(statement: Select[*tuple[Any, ...]] | UpdateBase, dialect_name: str) -> Compiled:
    dialect: Dialect
    if dialect_name == "sqlite":
        from sqlalchemy.dialects import sqlite

        # By position: sqlite3 takes a microsecond for each parameter that it looks up by name (measured).
        dialect = sqlite.dialect(paramstyle="qmark")
    else:
        from sqlalchemy.dialects.postgresql import psycopg

        dialect = psycopg.dialect()  # type: ignore[no-untyped-call]
    compiled = statement.compile(dialect=dialect)
    # SQLAlchemy adds parameters of its own, such as the OFFSET of a LIMIT.
    added = {name: value for name, value in compiled.params.items() if value is not None}
    names = compiled.positiontup
    if names is None:
        return Compiled(str(compiled), lambda values: {**added, **values})
    # With one name only, itemgetter would return the value itself.
    pick = itemgetter(*names) if len(names) > 1 else lambda values: (values[names[0]],)
    return Compiled(str(compiled), (lambda values: pick({**added, **values})) if added else pick)
