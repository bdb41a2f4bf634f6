"""State files: which files can be opened as one, and how SQLite is configured for them."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection, Engine, NullPool, QueuePool, create_engine, event
from sqlalchemy.exc import DatabaseError as SQLDatabaseError
from sqlalchemy.exc import DBAPIError

from fakeecr.errors import DatabaseError
from fakeecr.forks import held_at_forks
from fakeecr.store import lock_wait, migrations
from fakeecr.store.lock_wait import LockWait
from fakeecr.store.troubles import Troubles

_HEADER = b"SQLite format 3\0"
# Of SQLite's steps, of which it takes about a hundred million in a second.
_STEPS = 100_000

# The device and inode of every file that this process uses, once for each store.
_files_in_use: list[tuple[int, int]] = []


# One file is opened at a time, because a file that is not in use yet is opened other than by SQLite.
opening = held_at_forks(threading.Lock())


def begin_use(path: Path) -> Callable[[], None]:
    """Note that this process uses a file, whose schema is the newest; return what to call when it no longer does."""
    file = _identity(path)
    _files_in_use.append(file)
    return lambda: _files_in_use.remove(file)


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def engine(wait: LockWait) -> Engine:
    """Build the engine of the state file that a wait is for; nothing is opened yet."""

    def connect() -> sqlite3.Connection:
        return wait.run(lambda: _connect(wait.path))

    file_engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool, pool_size=0)
    _begin_explicitly(file_engine, wait)
    return file_engine


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        # With a write-ahead log this does not wait for the disk, and loses nothing if the process is killed.
        connection.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        connection.close()
        raise
    return connection


def _begin_explicitly(engine: Engine, wait: LockWait) -> None:
    """Send SQLite a BEGIN when a transaction begins; Python's sqlite3 would send it too late, or not at all."""

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        dbapi = connection.connection.dbapi_connection
        assert isinstance(dbapi, sqlite3.Connection)  # noqa: S101 - created above
        statement = connection.get_execution_options().get("fakeecr_begin", "BEGIN")
        connection.info["restores"] = wait.run(lambda: begin_with(dbapi, statement))


def begin_with(dbapi: sqlite3.Connection, statement: str) -> int:
    """Begin a transaction and take its lock, after which no statement of it can find the file locked.

    Returns:
        How often a snapshot was restored into the file.
    """
    dbapi.execute(statement)
    try:
        # A transaction that reads takes its lock when it reads.
        return int(dbapi.execute("PRAGMA user_version").fetchone()[0])
    except BaseException:
        dbapi.execute("ROLLBACK")
        raise


def restores(connection: Connection) -> int:
    """Return how often a snapshot was restored into the file before a transaction began, by any process."""
    return int(connection.info["restores"])


def count_restore(connection: Connection) -> int:
    """Count one more restored snapshot, so that every process notices it at its next transaction; return the number."""
    count = restores(connection) + 1
    connection.exec_driver_sql(f"PRAGMA user_version = {count}")
    return count


def is_current(wait: LockWait) -> bool:
    """Whether the file that a wait is for has the newest schema already; the file is not changed.

    Raises:
        DatabaseError: it cannot become a state file, or a newer fakeecr wrote it.
    """
    path = wait.path
    if path.is_dir():
        raise DatabaseError(f"{path} is a directory. Give the path of a file in it, such as {path / 'fakeecr.db'}.")
    if not path.parent.is_dir():
        raise DatabaseError(f"{path} cannot be created: the directory {path.parent} does not exist. Create it first.")
    if not path.exists():
        _check_writable(path.parent, path)
        return False
    if not path.is_file():
        raise DatabaseError(f"{path} is not a file. Give the path of a file, which is created if it does not exist.")
    if _identity(path) in _files_in_use:
        # It must not be opened other than by SQLite: closing it would give up the locks of the other connections, and
        # the next process to close the file would delete the log that they write to.
        return True
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
    revision = _revision(wait)
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


def _revision(wait: LockWait) -> str | None:
    """Return the schema revision of a file, which is not changed."""
    path = wait.path
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
        return wait.run(lambda: _revision_in(path, "mode=ro"))
    except SQLDatabaseError as error:
        if lock_wait.is_locked(error):
            raise
        raise DatabaseError(f"{path} cannot be read as a SQLite file: {error.orig}. {_remedy(error.orig)}") from error


def _is_empty(log: Path) -> bool:
    """Whether a write-ahead log is empty or missing; SQLite deletes it when the last process closes the file."""
    try:
        return log.stat().st_size == 0
    except FileNotFoundError:
        return True


def _revision_in(path: Path, options: str) -> str | None:
    reader = create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(f"{path.as_uri()}?{options}", uri=True, timeout=0),
        poolclass=NullPool,
    )
    with reader.connect() as connection:
        return migrations.revision(connection, str(path))


def integrity_problems(driver: sqlite3.Connection, most: int) -> list[str]:
    """Return what SQLite itself finds wrong with a database, up to a number of problems; it reads all pages."""
    rows = driver.execute(f"PRAGMA integrity_check({most})").fetchall()
    return [] if rows == [("ok",)] else [" ".join(str(text).split()) for (text,) in rows]


def check_integrity(driver: sqlite3.Connection, path: Path, advance: Callable[[], None]) -> None:
    """Check that SQLite finds nothing wrong with a file.

    Raises:
        DatabaseError: it is damaged.
    """
    with watched(driver, advance):
        problems = integrity_problems(driver, 1)
    if problems:
        raise DatabaseError(
            f"{path} is damaged: {problems[0]}. It was not changed. Give another path, or restore an intact copy of "
            "the file."
        )


@contextmanager
def watched(driver: sqlite3.Connection, advance: Callable[[], None]) -> Iterator[None]:
    """Call a function again and again while SQLite works, which Ctrl-C then interrupts like Python.

    Raises:
        KeyboardInterrupt: SQLite was interrupted.
    """

    def go_on() -> int:
        advance()
        return 0

    driver.set_progress_handler(go_on, _STEPS)
    try:
        yield
    except (sqlite3.OperationalError, DBAPIError) as error:
        # An exception of the handler, as Ctrl-C raises it there, is such an error.
        if is_interrupt(error):
            raise KeyboardInterrupt from None
        raise
    finally:
        # SQLAlchemy closes a connection that Ctrl-C interrupts.
        with suppress(sqlite3.ProgrammingError):
            driver.set_progress_handler(None, 0)


def is_interrupt(error: BaseException) -> bool:
    """Whether an error, possibly in SQLAlchemy's wrapping, says that a statement was interrupted."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT


def troubles(wait: LockWait) -> Troubles:
    """Return the errors of the state file that a wait is for, which become DatabaseErrors."""

    def explain(error: BaseException) -> str:
        if lock_wait.is_locked(error):
            return (
                f"{wait.path} is locked by {lock_wait.holder(wait.path)}, which has written nothing for "
                f"{wait.seconds:g} seconds. Let it finish its transaction, or close it; FakeECR(lock_timeout=…) waits "
                "longer."
            )
        return f"{wait.path} cannot be used: {error}. {_remedy(error)}"

    return Troubles(sqlite3, explain, (sqlite3.OperationalError, sqlite3.InternalError))


def _remedy(error: BaseException | None) -> str:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return "Free some space on the disk, or give a path on another one."
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return "Change the permissions of the file and its directory, or give another path."
    if code == sqlite3.SQLITE_IOERR:
        return "Check the disk and its free space, or give another path."
    return "Give another path, or restore an intact copy of the file."


def switch_to_wal(engine: Engine, wait: LockWait) -> None:
    """Give the file a write-ahead log, so that readers and a writer do not wait for each other."""

    def switch() -> None:
        with engine.connect() as connection:
            dbapi = connection.connection.dbapi_connection
            assert isinstance(dbapi, sqlite3.Connection)  # noqa: S101 - created above
            # It needs the file exclusively for a moment.
            dbapi.execute("PRAGMA journal_mode = WAL").fetchone()

    wait.run(switch)


@contextmanager
def schema_transaction(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that may replace tables: foreign keys are off, and all of them are checked at its end."""
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
                    raise DatabaseError(f"A reference of table {broken[0]} would have been broken; nothing changed.")
        finally:
            dbapi.execute("PRAGMA foreign_keys = ON")
