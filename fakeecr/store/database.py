"""Databases: how one is opened, from None, a path, a URL or a snapshot."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, cast

from sqlalchemy import make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError

from fakeecr.errors import DatabaseError
from fakeecr.settings import MEMORY, is_path, is_snapshot
from fakeecr.store import migrations, sqlite_file
from fakeecr.store.lock_wait import LockWait
from fakeecr.store.stores import EngineStore, FileStore, MemoryStore, Store

if TYPE_CHECKING:
    from fakeecr.settings import Database


def open_store(database: Database = None, lock_timeout: float = 10.0) -> Store:
    """Open a database; it is created if it does not exist, and migrated if its schema is older.

    Args:
        database: None or ``":memory:"`` for one in memory, a snapshot for a copy of it in memory, the path of a file,
            or a SQLAlchemy URL of SQLite or PostgreSQL.
        lock_timeout: how many seconds to wait for a lock that another program holds.

    Raises:
        DatabaseError: it cannot be used; it was not changed.
    """
    if is_snapshot(database):
        return MemoryStore(database)
    place = locate(database)
    if place is None:
        return MemoryStore()
    return _open_file(place, lock_timeout) if isinstance(place, Path) else _open_postgresql(place, lock_timeout)


def locate(database: Database) -> Path | URL | None:
    """Return where a database is: the absolute path of a SQLite file, the URL of PostgreSQL, or None for memory.

    Args:
        database: as :func:`open_store` takes it, except a snapshot.

    Raises:
        DatabaseError: it is neither of them.
    """
    if database is None or database == MEMORY:
        return None
    if is_path(database):
        return Path(database).expanduser().absolute()
    try:
        url = make_url(cast("str | URL", database))
    except (ArgumentError, ValueError) as error:  # a port that is not a number is a ValueError
        raise DatabaseError(f"{database!r} is not a SQLAlchemy URL: {error}") from error
    backend = url.get_backend_name()
    if backend == "sqlite":
        return _path_of(url)
    if backend == "postgresql":
        return url
    raise DatabaseError(
        f"fakeecr stores its state in SQLite or PostgreSQL, not in {backend}. Give a path, or a URL that begins with "
        "postgresql+psycopg://."
    )


def _path_of(url: URL) -> Path | None:
    if url.query:
        raise DatabaseError(
            f"fakeecr sets SQLite's options itself; give the file's path alone instead of {url.render_as_string()}."
        )
    return None if url.database in (None, "", MEMORY) else Path(str(url.database)).absolute()


def describe(database: Database) -> str:
    """Return a database's path or URL for a message, without a password."""
    if is_snapshot(database):
        return "memory, from a snapshot"
    if database is None or isinstance(database, os.PathLike):
        return str(database or "memory")
    try:
        return make_url(cast("str | URL", database)).render_as_string()
    except (ArgumentError, ValueError):
        return str(database)


def _open_file(path: Path, lock_timeout: float) -> Store:
    wait = LockWait(path, lock_timeout)
    engine = sqlite_file.engine(wait)
    troubles = sqlite_file.troubles(wait)
    try:
        with sqlite_file.opening, troubles.explained():
            if not sqlite_file.is_current(wait):
                sqlite_file.switch_to_wal(engine, wait)
                with sqlite_file.schema_transaction(engine) as connection:
                    migrations.bring_up_to_date(connection, str(path))
            return FileStore(path, engine, troubles)
    except OSError as error:
        engine.dispose()
        raise DatabaseError(
            f"{path} cannot be reached: {error.strerror}. Change the permissions of its directories, or give "
            "another path."
        ) from error
    except BaseException:
        engine.dispose()
        raise


def _open_postgresql(url: URL, lock_timeout: float) -> Store:
    # Imported here: SQLAlchemy's dialect takes 10 ms to be imported, and most fakes are in memory.
    from fakeecr.store import postgresql

    name = postgresql.name_of(url)
    engine = postgresql.engine(url)
    troubles = postgresql.troubles(engine)
    readers = postgresql.readers(engine, lock_timeout)
    writers = postgresql.writers(engine, lock_timeout)
    try:
        with troubles.explained():
            with writers.begin() as connection:
                migrations.bring_up_to_date(connection, name)
            return EngineStore(name, readers, writers, troubles)
    except BaseException:
        engine.dispose()
        raise
