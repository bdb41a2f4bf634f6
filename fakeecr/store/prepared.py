"""Statements of the hottest path: SQLAlchemy writes them once, the driver's own cursor runs them.

Listings and pushes are what people call in loops, and half of a listing's time went into SQLAlchemy's handling of two
statements that never change (measured: 45 µs for finding a repository, 8 µs this way). Elsewhere its own execution
is used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, UpdateBase
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import psycopg

_Value = TypeVar("_Value")

# A statement takes a few ten thousand values at most, and that on every engine.
_CHUNK = 500


def in_chunks(values: Iterable[_Value]) -> Iterator[list[_Value]]:
    """Give values in lists that are short enough to be the parameters of one statement."""
    remaining = iter(values)
    return iter(lambda: list(islice(remaining, _CHUNK)), [])


class Prepared:
    """A statement of plain texts, bytes and numbers, which need no conversion, with named parameters.

    Args:
        statement: a SELECT, each parameter of which is a ``bindparam`` with a name; or an INSERT, UPDATE or DELETE,
            each parameter of an INSERT being a column.
    """

    def __init__(self, statement: Select[*tuple[Any, ...]] | UpdateBase) -> None:
        self.statement = statement
        self._sql = {}
        for dialect in (sqlite.dialect(paramstyle="named"), psycopg.dialect()):  # type: ignore[no-untyped-call]
            compiled = statement.compile(dialect=dialect)
            # SQLAlchemy adds parameters of its own, such as the OFFSET of a LIMIT.
            own = {name: value for name, value in compiled.params.items() if value is not None}
            self._sql[dialect.name] = (str(compiled), own)

    def rows(self, connection: Connection, values: dict[str, Any]) -> Sequence[Any]:
        """Run it in a connection's transaction and give all rows, each a tuple.

        Args:
            connection: the transaction.
            values: the parameters by name.
        """
        rows: Sequence[Any] = self._execute(connection, values).fetchall()
        return rows

    def run(self, connection: Connection, values: dict[str, Any]) -> None:
        """Run it in a connection's transaction, where it gives no rows.

        Args:
            connection: the transaction.
            values: the parameters by name.
        """
        self._execute(connection, values)

    def run_all(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
        """Run it once for each of these parameters."""
        dbapi = connection.connection.dbapi_connection
        assert dbapi is not None  # noqa: S101 - a connection in use is connected
        dbapi.cursor().executemany(self._sql[connection.dialect.name][0], rows)

    def _execute(self, connection: Connection, values: dict[str, Any]) -> Any:
        dbapi = connection.connection.dbapi_connection
        assert dbapi is not None  # noqa: S101 - a connection in use is connected
        sql, own = self._sql[connection.dialect.name]
        # Both drivers make the cursor themselves.
        return dbapi.execute(sql, {**own, **values} if own else values)
