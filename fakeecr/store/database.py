"""Stores: a SQL database, how it is opened, and its reading and writing transactions.

Writers take their turn on every engine: SQLite's take the file's lock as they begin (BEGIN IMMEDIATE),
PostgreSQL's an advisory lock of the database. Readers never wait, and see one moment throughout.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TypeGuard, cast

from sqlalchemy import Connection, Engine, create_engine, delete, event, make_url, select, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, OperationalError, SQLAlchemyError

from fakeecr.errors import DatabaseError
from fakeecr.store import memory, migrations, sqlite_file
from fakeecr.store.models import Image, ImageIdentifier, Registry, Repository, Secret, new_secret

Database = str | os.PathLike[str] | URL | None

# Any number will do that other users of the same PostgreSQL database are unlikely to lock; this is "fakeecr".
_ADVISORY_LOCK = int.from_bytes(b"fakeecr")
# What SQLite calls a database that is in no file.
_MEMORY = ":memory:"


_forked_along: weakref.WeakSet[Store] = weakref.WeakSet()


class Store:
    """A database that holds registries.

    Attributes:
        secret: what seals this database's tokens, 32 bytes.
    """

    secret: bytes

    def reading(self) -> AbstractContextManager[Connection]:
        """Open a transaction that reads."""
        raise NotImplementedError

    def writing(self) -> AbstractContextManager[Connection]:
        """Open a transaction that writes: committed at its end, undone by an exception."""
        raise NotImplementedError

    def reset(self) -> None:
        """Empty the database; no number is given again, so that every earlier token is void."""
        with self.writing() as connection:
            for table in (ImageIdentifier, Image, Repository, Registry):
                connection.execute(delete(table))

    def close(self) -> None:
        """Let go of the database."""
        raise NotImplementedError

    def after_fork(self) -> None:
        """Go on in a child process, apart from the parent."""
        raise NotImplementedError


class MemoryStore(Store):
    """A store of its own in memory: one connection, used by one thread at a time."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._connection = memory.engine().connect()
        self.secret = new_secret()
        _forked_along.add(self)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a transaction that reads."""
        with self._lock:
            try:
                yield self._connection
            finally:
                if self._connection.in_transaction():
                    self._connection.rollback()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction that writes."""
        with self._lock, self._connection.begin():
            yield self._connection

    def close(self) -> None:
        """Throw the database away."""
        with self._lock:
            self._connection.close()

    def after_fork(self) -> None:
        """Leave the lock to the parent, whose other threads may hold it; the memory is a copy already."""
        self._lock = threading.RLock()


class EngineStore(Store):
    """A store in a file or on a server, shared by threads and processes.

    Args:
        readers: the engine whose transactions read.
        writers: the same engine with the options that make its transactions take the writers' lock.
    """

    def __init__(self, readers: Engine, writers: Engine) -> None:
        self._readers = readers
        self._writers = writers
        # One thread of a process at a time asks for the database's lock: its own waiting is not a fair queue.
        self._turn = threading.RLock()
        with readers.connect() as connection:
            self.secret = bytes.fromhex(connection.execute(select(Secret.value)).scalar_one())
        _forked_along.add(self)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a transaction that reads."""
        with self._readers.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction that writes."""
        with self._turn, self._writers.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close the connections."""
        self._readers.dispose()

    def after_fork(self) -> None:
        """Leave the parent's connections to the parent."""
        self._turn = threading.RLock()
        self._readers.dispose(close=False)


def _after_fork() -> None:
    for store in list(_forked_along):
        store.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def open_store(database: Database = None) -> Store:
    """Open a database, making it or bringing it up to date where need be.

    Args:
        database: None or ``":memory:"`` for one in memory, the path of a file, or a SQLAlchemy URL of SQLite or
            PostgreSQL.

    Raises:
        DatabaseError: it cannot be used; it was left as it was.
    """
    if database is None or database == _MEMORY:
        return MemoryStore()
    if is_path(database):
        return _open_file(Path(database).expanduser())
    try:
        url = make_url(cast("str | URL", database))
    except ArgumentError as error:
        raise DatabaseError(f"{database!r} is no SQLAlchemy URL: {error}") from error
    backend = url.get_backend_name()
    if backend == "sqlite":
        return _open_sqlite_url(url)
    if backend == "postgresql":
        return _open_postgresql(url)
    raise DatabaseError(
        f"fakeecr keeps its state in SQLite or PostgreSQL, not in {backend}. Give a path, or a URL that begins with "
        "postgresql+psycopg://."
    )


def is_path(database: Database) -> TypeGuard[str | os.PathLike[str]]:
    """Whether a database is the path of a file, and neither a URL nor in memory."""
    if isinstance(database, os.PathLike):
        return True
    return isinstance(database, str) and "://" not in database and database != _MEMORY


def shown(database: Database) -> str:
    """Name a database in one line, without its password."""
    if database is None or isinstance(database, os.PathLike):
        return str(database or "memory")
    try:
        return make_url(database).render_as_string()
    except ArgumentError:
        return str(database)


def _open_sqlite_url(url: URL) -> Store:
    if url.query:
        raise DatabaseError(
            f"fakeecr sets SQLite's options itself; give the file's path alone instead of {url.render_as_string()}."
        )
    if url.database in (None, "", _MEMORY):
        return MemoryStore()
    return _open_file(Path(str(url.database)))


def _open_file(path: Path) -> Store:
    path = path.absolute()
    engine = sqlite_file.engine(path)
    try:
        if not sqlite_file.is_current(path):
            sqlite_file.switch_to_wal(engine)
            with sqlite_file.schema_transaction(engine) as connection:
                migrations.bring_up_to_date(connection, str(path))
        return EngineStore(engine, engine.execution_options(fakeecr_begin="BEGIN IMMEDIATE"))
    except OperationalError as error:
        engine.dispose()
        raise DatabaseError(f"{path} cannot be used: {error.orig}. {sqlite_file.remedy(error)}") from error
    except OSError as error:
        engine.dispose()
        raise DatabaseError(
            f"{path} cannot be reached: {error.strerror}. Change the permissions of its directories, or give "
            "another path."
        ) from error
    except BaseException:
        engine.dispose()
        raise


def _open_postgresql(url: URL) -> Store:
    name = url.render_as_string(hide_password=True)
    try:
        engine = create_engine(url, pool_size=0)
    except ImportError as error:
        raise DatabaseError(
            f"{name} needs a driver that is not installed ({error.name}): pip install 'fakeecr[postgresql]'."
        ) from error
    writers = engine.execution_options(fakeecr_writer=True)

    @event.listens_for(writers, "begin")
    def take_turn(connection: Connection) -> None:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _ADVISORY_LOCK})

    try:
        with writers.begin() as connection:
            migrations.bring_up_to_date(connection, name)
        return EngineStore(engine.execution_options(isolation_level="REPEATABLE READ"), writers)
    except SQLAlchemyError as error:
        engine.dispose()
        cause = getattr(error, "orig", None) or error
        raise DatabaseError(f"{name} cannot be used: {str(cause).strip()}") from error
    except BaseException:
        engine.dispose()
        raise
