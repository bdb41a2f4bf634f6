"""Stores: a SQL database, and its reading and writing transactions.

On every engine one writer works at a time: on SQLite it locks the file when it begins (BEGIN IMMEDIATE), on PostgreSQL
it takes an advisory lock of the database. Readers never wait, and a transaction sees one state throughout.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, delete, select

from fakeecr.errors import DatabaseError
from fakeecr.store import memory, snapshots, sqlite_file
from fakeecr.store.models import Image, ImageIdentifier, Registry, Repository, Secret, new_secret
from fakeecr.store.seeding_time import set_seeding_time
from fakeecr.store.snapshots import Snapshot
from fakeecr.store.troubles import Troubles


class Store:
    """A database that holds registries.

    Attributes:
        restores: how often the contents were replaced by a snapshot, as far as this process knows.
    """

    restores = 0

    def secret(self, connection: Connection) -> bytes:
        """Return the 32 bytes that seal the page tokens of the database that a transaction sees."""
        raise NotImplementedError

    def reading(self) -> AbstractContextManager[Connection]:
        """Open a transaction that reads.

        Raises:
            DatabaseError: the database cannot be used.
        """
        raise NotImplementedError

    def writing(self) -> AbstractContextManager[Connection]:
        """Open a transaction that writes: committed at its end, rolled back by an exception.

        Raises:
            DatabaseError: the database cannot be used.
        """
        raise NotImplementedError

    def reset(self) -> None:
        """Delete every registry. Keys are not reused, so that every earlier token becomes invalid."""
        with self.writing() as connection:
            # Foreign keys would delete all of it, but a large table is deleted faster by itself.
            for table in (ImageIdentifier, Image, Repository, Registry):
                connection.execute(delete(table))

    def snapshot(self) -> Snapshot:
        """Return the present state, which is that of one moment.

        Raises:
            DatabaseError: it is on PostgreSQL, or cannot be used.
        """
        raise NotImplementedError

    def restore(self, snapshot: Snapshot) -> None:
        """Replace every registry, and the secret, by those of a snapshot: all at once, or not at all.

        Raises:
            DatabaseError: it is on PostgreSQL, or cannot be used.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Close the database."""
        raise NotImplementedError

    def disconnect(self) -> None:
        """Close the connections that are not in use, before a fork; the store opens new ones when it needs them."""
        raise NotImplementedError

    def after_fork(self) -> None:
        """Separate this store, in a forked child, from the parent's, which other threads were using."""
        raise NotImplementedError

    def _is_writing(self) -> bool:
        """Whether this thread is inside of a writing transaction."""
        raise NotImplementedError

    def _check_not_writing(self, action: str) -> None:
        """Check that this thread is not inside of a writing transaction, whose changes may yet be rolled back."""
        if self._is_writing():
            raise RuntimeError(f"A generator of a seed's images cannot {action}. Do it before or after the seed.")


class MemoryStore(Store):
    """A store in memory: one connection, used by one thread at a time.

    Writing transactions begin and end on the driver's connection, because SQLAlchemy would take a tenth of a push's
    time for that (measured). SQLAlchemy notices a transaction only if a statement is executed through it.

    Args:
        snapshot: what it contains at first. Default: nothing.
    """

    def __init__(self, snapshot: Snapshot | None = None) -> None:
        self._lock = threading.RLock()
        self._is_closed = False
        self._connection = memory.connect(snapshot)
        self._driver = memory.driver_of(self._connection)
        self._secret = new_secret() if snapshot is None else snapshots.secret_of(snapshot)

    def secret(self, connection: Connection) -> bytes:
        """Return the 32 bytes that seal the page tokens."""
        return self._secret

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a transaction that reads."""
        try:
            with self._lock:
                try:
                    yield self._connection
                finally:
                    # The driver has a transaction only if this read is inside a write of the same thread, such as a
                    # seed whose images come from a generator that lists images. The write goes on.
                    if self._connection.in_transaction() and not self._driver.in_transaction:
                        self._connection.rollback()
        finally:
            if self._is_closed:
                self.close()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction that writes."""
        try:
            with self._lock:
                self._driver.execute("BEGIN")
                try:
                    yield self._connection
                    self._end("COMMIT", self._connection.commit)
                except BaseException:
                    self._end("ROLLBACK", self._connection.rollback)
                    raise
        finally:
            if self._is_closed:
                self.close()

    def _end(self, statement: str, end_with_sqlalchemy: Callable[[], None]) -> None:
        """End the transaction with SQLAlchemy if it takes part, or else with a statement if SQLite has not ended it."""
        if self._connection.in_transaction():
            end_with_sqlalchemy()
        elif self._driver.in_transaction:
            self._driver.execute(statement)

    def snapshot(self) -> Snapshot:
        """Return the present state."""
        with self._lock:
            self._check_not_writing("make a snapshot")
            return snapshots.take(self._driver, self._secret)

    def restore(self, snapshot: Snapshot) -> None:
        """Replace every registry, and the secret, by those of a snapshot."""
        self._replace(memory.connect(snapshot), snapshots.secret_of(snapshot))

    def fill(self, snapshot: Snapshot, moment: datetime) -> None:
        """Replace every registry by those of a snapshot of seeds; the secret stays.

        Args:
            snapshot: the snapshot.
            moment: the time of the seeds, for which the snapshot has a placeholder.
        """
        connection = memory.connect(snapshot)
        try:
            set_seeding_time(connection, moment)
        except BaseException:
            connection.close()
            raise
        self._replace(connection, self._secret)

    def _replace(self, connection: Connection, secret: bytes) -> None:
        """Use another database, whose next rows have larger keys than those of this one."""
        with self._lock:
            try:
                self._check_not_writing("restore a snapshot")
                driver = memory.driver_of(connection)
                snapshots.skip_keys(driver, self._driver.execute("SELECT name, seq FROM sqlite_sequence").fetchall())
            except BaseException:
                connection.close()
                raise
            replaced, self._connection, self._driver, self._secret = self._connection, connection, driver, secret
            self.restores += 1
            replaced.close()

    def _is_writing(self) -> bool:
        """Whether this thread is inside of a writing transaction."""
        return self._driver.in_transaction

    def close(self) -> None:
        """Close the database, whose contents are lost."""
        # If a call of another thread outlives the stop, it closes the database when it ends.
        self._is_closed = True
        if self._lock.acquire(blocking=False):
            self._connection.close()
            self._lock.release()

    def disconnect(self) -> None:
        """Do nothing: a fork copies the memory."""

    def after_fork(self) -> None:
        """Replace the lock, which another thread of the parent held; the memory itself is a copy already."""
        self._lock = threading.RLock()


class EngineStore(Store):
    """A store in a file or on a server, shared by threads and processes.

    Args:
        name: its path or URL, for messages.
        readers: the engine whose transactions read.
        writers: the same engine with the options that make its transactions take the writers' lock.
        troubles: its errors.

    Raises:
        DatabaseError: it has no secret.
    """

    def __init__(self, name: str, readers: Engine, writers: Engine, troubles: Troubles) -> None:
        self._readers = readers
        self._writers = writers
        self._troubles = troubles
        # Only one thread of a process waits for the database's lock, because SQLite does not queue waiters fairly.
        self._turn = threading.RLock()
        self._is_closed = False
        self._writer: int | None = None
        self._name = name
        with readers.connect() as connection:
            self._secret = _secret_of(connection, name)

    def secret(self, connection: Connection) -> bytes:
        """Return the 32 bytes that seal the page tokens."""
        return self._secret

    def snapshot(self) -> Snapshot:
        """Refuse to make a snapshot."""
        raise self._no_snapshots()

    def restore(self, snapshot: Snapshot) -> None:
        """Refuse to restore a snapshot."""
        raise self._no_snapshots()

    def _no_snapshots(self) -> DatabaseError:
        return DatabaseError(
            f"{self._name} is on a server; fakeecr makes and restores snapshots of databases in memory and in SQLite "
            "files only. Use one of those, or copy the database with the server's own tools, such as "
            "CREATE DATABASE … TEMPLATE … or pg_dump."
        )

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a transaction that reads."""
        with self._troubles.explained(), self._readers.begin() as connection:
            self._has_begun(connection)
            try:
                yield connection
            finally:
                self._forget_if_closed(connection)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction that writes."""
        with self._troubles.explained(), self._turn, self._writers.begin() as connection:
            self._has_begun(connection)
            self._writer = threading.get_ident()
            try:
                yield connection
            finally:
                self._writer = None
                self._forget_if_closed(connection)

    def _has_begun(self, connection: Connection) -> None:
        """Note what a transaction sees that has begun."""

    def _is_writing(self) -> bool:
        """Whether this thread is inside of a writing transaction."""
        return self._writer == threading.get_ident()

    def _forget_if_closed(self, connection: Connection) -> None:
        """Let a connection whose call outlived the stop be closed at its end, and not be kept for another call."""
        if self._is_closed and not connection.closed:
            connection.detach()

    def close(self) -> None:
        """Close the connections."""
        self._is_closed = True
        self._readers.dispose()

    def disconnect(self) -> None:
        """Close the connections that are not in use: a child must not use a connection of its parent."""
        self._readers.dispose()

    def after_fork(self) -> None:
        """Drop the parent's connections without closing them."""
        self._turn = threading.RLock()
        self._readers.dispose(close=False)


class FileStore(EngineStore):
    """A store in a file of SQLite."""

    def __init__(self, path: Path, engine: Engine, troubles: Troubles) -> None:
        super().__init__(str(path), engine, engine.execution_options(fakeecr_begin="BEGIN IMMEDIATE"), troubles)
        self._end_use = sqlite_file.begin_use(path)

    def _has_begun(self, connection: Connection) -> None:
        self.restores = sqlite_file.restores(connection)

    def secret(self, connection: Connection) -> bytes:
        """Return the 32 bytes that seal the page tokens, which change when any process restores a snapshot."""
        restores = sqlite_file.restores(connection)
        # Connections are used again. This is remembered with each, because a transaction may have begun before the
        # restore, and still be reading what was there then.
        known: tuple[int, bytes] | None = connection.info.get("secret")
        if known is None or known[0] != restores:
            known = connection.info["secret"] = restores, _secret_of(connection, self._name)
        return known[1]

    def snapshot(self) -> Snapshot:
        """Return the present state."""
        self._check_not_writing("make a snapshot")
        with self.reading() as connection:
            return snapshots.take(memory.driver_of(connection), self.secret(connection))

    def restore(self, snapshot: Snapshot) -> None:
        """Replace every registry, and the secret, by those of a snapshot."""
        self._check_not_writing("restore a snapshot")
        with self._troubles.explained(), self._turn, sqlite_file.schema_transaction(self._readers) as connection:
            restores = sqlite_file.count_restore(connection)
            connection.detach()  # to be closed afterwards
            snapshots.write_over(memory.driver_of(connection), snapshot)
        self.restores = restores

    def close(self) -> None:
        """Close the connections."""
        super().close()
        self._end_use()


def _secret_of(connection: Connection, name: str) -> bytes:
    """Return what seals the page tokens of a database.

    Raises:
        DatabaseError: it has none.
    """
    value = connection.execute(select(Secret.value)).scalar()
    try:
        return bytes.fromhex(value or "none")
    except (TypeError, ValueError):
        raise DatabaseError(
            f"{name} is damaged: the secret of its page tokens is missing. Restore an intact copy, or give another "
            "database."
        ) from None
