"""Inspection: an existing database is opened to be read alone. It is neither created, nor migrated, nor changed."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, NullPool, create_engine
from sqlalchemy.engine import URL

from fakeecr.errors import DatabaseError
from fakeecr.store import memory, migrations, sqlite_file
from fakeecr.store.lock_wait import LockWait


@contextmanager
def inspecting(
    place: Path | URL, *, lock_timeout: float = 10.0, advance: Callable[[], None] = lambda: None
) -> Iterator[Connection]:
    """Open a transaction that reads a database of the newest schema, which may be damaged.

    Args:
        place: where the database is, as :func:`fakeecr.store.database.locate` returns it.
        lock_timeout: how many seconds to wait for a lock that another program holds.
        advance: called again and again while SQLite works.

    Raises:
        DatabaseError: it cannot be read, is not fakeecr's, or has another schema revision.
    """
    if isinstance(place, Path):
        inspection = _inspecting_file(place, lock_timeout, advance)
    else:
        inspection = _inspecting_postgresql(place, lock_timeout)
    with inspection as connection:
        revision = migrations.revision(connection, str(connection.info["name"]))
        _check_current(revision, str(connection.info["name"]))
        yield connection


def _check_current(revision: str | None, name: str) -> None:
    migrations.check_revision(revision, name)
    if revision is None:
        raise DatabaseError(f"{name} is empty: it holds no state of fakeecr. `fakeecr seed` fills it.")
    if revision != migrations.HEAD:
        raise DatabaseError(
            f"{name} has the schema revision {revision}; this fakeecr reads {migrations.HEAD}. It was not changed. "
            "`fakeecr upgrade` brings it up to date and keeps a copy."
        )


@contextmanager
def _inspecting_file(path: Path, lock_timeout: float, advance: Callable[[], None]) -> Iterator[Connection]:
    if not path.is_file():
        raise DatabaseError(f"{path} is not a file. Give the path of a state file.")
    wait = LockWait(path, lock_timeout)
    engine = create_engine("sqlite://", creator=lambda: _connect(path), poolclass=NullPool)
    with sqlite_file.troubles(wait).explained(), engine.connect() as connection:
        driver = memory.driver_of(connection)
        connection.info["name"] = path
        wait.run(lambda: sqlite_file.begin_with(driver, "BEGIN"))
        with sqlite_file.watched(driver, advance):
            yield connection


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.as_uri()}?{_options(path)}", uri=True, timeout=0, isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA query_only = ON")
    # Text that is damaged must not hide what else is.
    connection.text_factory = lambda content: content.decode(errors="replace")
    return connection


def _options(path: Path) -> str:
    """Return how SQLite opens a file so that nothing in it, or beside it, is different afterwards."""
    path = path.resolve()  # SQLite keeps a log beside the file itself, and not beside a link to it
    if any(path.with_name(path.name + suffix).exists() for suffix in ("-wal", "-journal")):
        # A program uses the file, or was killed. Opened for writing, the file would get what the log holds.
        return "mode=ro"
    if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK):
        # SQLite keeps a log and its index beside the file, as long as it is open, for programs that begin to write.
        # Only who may write removes them again.
        return "mode=rw"
    return "mode=ro&immutable=1"


@contextmanager
def _inspecting_postgresql(url: URL, lock_timeout: float) -> Iterator[Connection]:
    from fakeecr.store import postgresql  # SQLAlchemy's dialect takes 10 ms to be imported

    engine = postgresql.engine(url)
    readers = postgresql.readers(engine, lock_timeout, postgresql_readonly=True)
    try:
        with postgresql.troubles(engine).explained(), readers.begin() as connection:
            connection.info["name"] = postgresql.name_of(url)
            yield connection
    finally:
        engine.dispose()
