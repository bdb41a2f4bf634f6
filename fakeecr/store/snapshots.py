"""Snapshots: the state of a database at one moment, kept in memory for copies."""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterable

from sqlalchemy import StaticPool, create_engine

from fakeecr.forks import held_at_forks
from fakeecr.store import migrations
from fakeecr.store.models import Base
from fakeecr.store.troubles import Troubles

# SQLite copies from one connection for one thread at a time, and a fork must not interrupt it.
_copying = held_at_forks(threading.Lock())

# The two bytes of a file's header that say that it has a write-ahead log, which a database in memory cannot have.
_LOG_VERSIONS = slice(18, 20)
_WITHOUT_LOG = b"\1\1"

_TROUBLES = Troubles(
    sqlite3,
    lambda error: f"The pickled snapshot is damaged: {error}. Make it again with FakeECR.snapshot().",
    (sqlite3.OperationalError, sqlite3.InternalError),
)


class Snapshot:
    """The registries of a fake at one moment, made by :meth:`FakeECR.snapshot`; it never changes.

    It is in memory, and as large as the database was. It can be pickled, for example to cache it in a file or to send
    it to another process. A snapshot that an older fakeecr has pickled is brought up to date when it is unpickled; one
    of a newer fakeecr is refused with a :class:`DatabaseError`.
    """

    # `_state` is a database that nobody else has, and that is only read.
    __slots__ = ("__weakref__", "_state")

    _state: sqlite3.Connection

    def __init__(self) -> None:
        raise TypeError("FakeECR.snapshot() makes snapshots; this class cannot be called.")

    @property
    def size(self) -> int:
        """How many bytes of memory it takes, and about as many every fake that starts from it."""
        return self._number("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")

    def _number(self, query: str) -> int:
        with _copying:
            (number,) = self._state.execute(query).fetchone()
        return int(number)

    def __repr__(self) -> str:
        repositories = self._number("SELECT count(*) FROM repository")
        images = self._number("SELECT count(*) FROM image")
        return f"<Snapshot repositories={repositories} images={images}>"

    def __reduce__(self) -> tuple[Callable[[bytes], Snapshot], tuple[bytes]]:
        return _unpickle, (content_of(self),)


def snapshot_of(state: sqlite3.Connection) -> Snapshot:
    """Make a snapshot of a database that nobody else uses, and that is closed with it."""
    snapshot = object.__new__(Snapshot)
    snapshot._state = state
    weakref.finalize(snapshot, state.close)
    return snapshot


def take(source: sqlite3.Connection, secret: bytes) -> Snapshot:
    """Make a snapshot of what a connection sees now; its thread is the only one that uses it.

    Args:
        source: the connection.
        secret: the secret that seals the page tokens of the database.
    """
    state = open_in_memory()
    try:
        source.backup(state)
        # A store in memory does not keep its secret in the database.
        state.execute("UPDATE secret SET value = ?", [secret.hex()])
    except BaseException:
        state.close()
        raise
    return snapshot_of(state)


def open_in_memory() -> sqlite3.Connection:
    """Open a new database in memory without tables; one thread at a time may use it."""
    return sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)


def copy_into(target: sqlite3.Connection, snapshot: Snapshot) -> None:
    """Copy a snapshot into a database without tables."""
    # Copying its bytes instead would be faster still, but such a database can grow to 1 GiB only.
    with _copying:
        snapshot._state.backup(target)


def secret_of(snapshot: Snapshot) -> bytes:
    """Return the secret that seals the page tokens of a snapshot."""
    with _copying:
        (value,) = snapshot._state.execute("SELECT value FROM secret").fetchone()
    return bytes.fromhex(value)


def content_of(snapshot: Snapshot) -> bytes:
    """Return the bytes of a snapshot: those of a SQLite file."""
    with _copying:
        content = bytearray(snapshot._state.serialize())
    content[_LOG_VERSIONS] = _WITHOUT_LOG
    return bytes(content)


def write_over(target: sqlite3.Connection, snapshot: Snapshot) -> None:
    """Replace the rows of a database by those of a snapshot, in the transaction that a connection has begun.

    No key that the database has used is used again, so that a page token cannot lead to what came later. Foreign keys
    must be off. The snapshot stays attached to the connection, which therefore has to be closed after the transaction.
    """
    target.execute("ATTACH ':memory:' AS snapshot")
    target.deserialize(content_of(snapshot), name="snapshot")
    tables = Base.metadata.sorted_tables
    for table in tables:
        target.execute(f"DELETE FROM main.{table.name}")  # noqa: S608 - a name of the models
    for table in tables:
        # By their names: a database that was migrated may have its columns in another order.
        columns = ", ".join(f'"{column.name}"' for column in table.columns)
        target.execute(
            f"INSERT INTO main.{table.name} ({columns}) SELECT {columns} FROM snapshot.{table.name}"  # noqa: S608
        )
    skip_keys(target, target.execute("SELECT name, seq FROM snapshot.sqlite_sequence").fetchall())


def skip_keys(target: sqlite3.Connection, last_keys: Iterable[tuple[str, int]]) -> None:
    """Let the next rows of a database have larger keys than these, given by the names of their tables."""
    for table, last in last_keys:
        known = target.execute("UPDATE main.sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", [last, table])
        if known.rowcount == 0:
            target.execute("INSERT INTO main.sqlite_sequence (name, seq) VALUES (?, ?)", [table, last])


def _unpickle(content: bytes) -> Snapshot:
    """Return a snapshot from its bytes, brought up to date.

    Raises:
        DatabaseError: a newer fakeecr made it, or it is damaged.
    """
    state = open_in_memory()
    try:
        # Forks wait, because another thread may fork while SQLite works.
        with _copying, _TROUBLES.explained():
            state.deserialize(content)
            engine = create_engine("sqlite://", creator=lambda: state, poolclass=StaticPool)
            with engine.begin() as connection:
                migrations.bring_up_to_date(connection, "The pickled snapshot")
    except BaseException:
        state.close()
        raise
    return snapshot_of(state)
