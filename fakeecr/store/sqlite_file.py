"""State files: which files can be opened as one, and how SQLite is configured for them."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, NullPool, QueuePool, create_engine, event
from sqlalchemy.exc import DatabaseError as SQLDatabaseError
from sqlalchemy.exc import OperationalError

from fakeecr.errors import DatabaseError
from fakeecr.store import migrations

# How many seconds a connection waits for another's lock: long enough for a large seed to finish.
_BUSY_TIMEOUT = 60.0
_HEADER = b"SQLite format 3\0"


def engine(path: Path) -> Engine:
    """Build the engine of a state file; nothing is opened yet."""

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(path, timeout=_BUSY_TIMEOUT, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA foreign_keys = ON")
        # With a write-ahead log this does not wait for the disk, and loses nothing if the process is killed.
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection

    file_engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool, pool_size=0)
    _begin_explicitly(file_engine)
    return file_engine


def _begin_explicitly(engine: Engine) -> None:
    """Send SQLite a BEGIN when a transaction begins; Python's sqlite3 would send it too late, or not at all."""

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        dbapi = connection.connection.dbapi_connection
        assert dbapi is not None  # noqa: S101 - a connection that begins is connected
        dbapi.execute(connection.get_execution_options().get("fakeecr_begin", "BEGIN"))


def is_current(path: Path) -> bool:
    """Whether a file has the newest schema already; the file is not changed.

    Raises:
        DatabaseError: it cannot become a state file, or a newer fakeecr wrote it.
    """
    if path.is_dir():
        raise DatabaseError(f"{path} is a directory. Give the path of a file in it, such as {path / 'fakeecr.db'}.")
    if not path.parent.is_dir():
        raise DatabaseError(f"{path} cannot be created: the directory {path.parent} does not exist. Create it first.")
    if not path.exists():
        _check_writable(path.parent, path)
        return False
    if not path.is_file():
        raise DatabaseError(f"{path} is not a file. Give the path of a file, which is created if it does not exist.")
    if not os.access(path, os.R_OK):
        raise DatabaseError(f"{path} cannot be read by this user. Change its permissions, or give another path.")
    with path.open("rb") as file:
        header = file.read(len(_HEADER))
    if header not in (b"", _HEADER):
        raise DatabaseError(
            f"{path} is not a SQLite file, so it cannot be a fakeecr database. It was not changed. "
            "Give another path, or move the file away."
        )
    _check_writable(path, path)
    _check_writable(path.parent, path)
    if not header:
        return False
    revision = _revision(path)
    migrations.check_revision(revision, str(path))
    return revision == migrations.HEAD


def _check_writable(target: Path, path: Path) -> None:
    """Check that a state file, or its directory, can be written; the message names the path of the state file."""
    if not os.access(target, os.W_OK):
        subject = "it" if target == path else "its directory"
        raise DatabaseError(
            f"{path} cannot be written: {subject} is read-only for this user. Change the permissions of {target}, or "
            "give a copy of the file in a directory that can be written."
        )


def _revision(path: Path) -> str | None:
    """Return the schema revision of a file, which is not changed."""
    log = path.with_name(f"{path.name}-wal")
    try:
        if _is_empty(log):
            # No process is writing: the file can be read by itself, which creates no lock file beside it.
            try:
                return _revision_in(path, "mode=ro&immutable=1")
            except SQLDatabaseError:
                if not log.exists():
                    raise
                # Another process began to write in the meantime, so the file has to be read with its log.
        return _revision_in(path, "mode=ro")
    except SQLDatabaseError as error:
        raise DatabaseError(f"{path} cannot be read as a SQLite file: {error.orig}. {remedy(error)}") from error


def _is_empty(log: Path) -> bool:
    """Whether a write-ahead log is empty or missing; SQLite deletes it when the last process closes the file."""
    try:
        return log.stat().st_size == 0
    except FileNotFoundError:
        return True


def _revision_in(path: Path, options: str) -> str | None:
    reader = create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(f"{path.as_uri()}?{options}", uri=True, timeout=_BUSY_TIMEOUT),
        poolclass=NullPool,
    )
    with reader.connect() as connection:
        return migrations.revision(connection, str(path))


def remedy(error: SQLDatabaseError) -> str:
    """Return what to do about an error of SQLite's."""
    text = str(error.orig)
    if "readonly" in text or "unable to open" in text:
        return "Change the permissions of the file and its directory, or give another path."
    if "locked" in text:
        return "Another program has locked it: close that program, or give another path."
    return "Give another path, or restore an intact copy of the file."


def switch_to_wal(engine: Engine) -> None:
    """Give the file a write-ahead log, so that readers and a writer do not wait for each other.

    The switch needs the file exclusively for a moment. SQLite does not wait for that, so this function tries again for
    half a minute.
    """
    attempts = 600
    while True:
        attempts -= 1
        with engine.connect() as connection:
            dbapi = connection.connection.dbapi_connection
            assert isinstance(dbapi, sqlite3.Connection)  # noqa: S101 - created above
            try:
                dbapi.execute("PRAGMA journal_mode = WAL").fetchone()
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or not attempts:
                    raise OperationalError("PRAGMA journal_mode = WAL", None, error) from error
            else:
                return
        time.sleep(0.05)


@contextmanager
def schema_transaction(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that may rebuild tables: foreign keys are off, and all of them are checked at its end."""
    options = {"fakeecr_begin": "BEGIN IMMEDIATE"}
    with engine.connect().execution_options(**options) as connection:
        dbapi = connection.connection.dbapi_connection
        assert isinstance(dbapi, sqlite3.Connection)  # noqa: S101 - created above
        dbapi.execute("PRAGMA foreign_keys = OFF")
        try:
            with connection.begin():
                yield connection
                broken = dbapi.execute("PRAGMA foreign_key_check").fetchone()
                if broken is not None:
                    raise DatabaseError(f"The migration would have broken a reference of table {broken[0]}.")
        finally:
            dbapi.execute("PRAGMA foreign_keys = ON")
