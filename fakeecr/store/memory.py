"""Databases in memory: each is a copy of a snapshot, or of a template whose schema is created once in a process."""

from __future__ import annotations

import functools
import sqlite3
import threading

from sqlalchemy import Connection, Engine, NullPool, create_engine

from fakeecr.forks import held_at_forks
from fakeecr.store import migrations, snapshots
from fakeecr.store.snapshots import Snapshot

_building = held_at_forks(threading.Lock())

# Larger than SQLite's default, for flatter trees: a push costs the same among 100,000 images as among 1,000 (measured).
_PAGE_SIZE = "PRAGMA page_size = 8192"


def connect(snapshot: Snapshot | None = None) -> Connection:
    """Open a new database that is a copy of a snapshot, or empty; one thread at a time may use it."""
    with _building:
        engine, template = _engine(), snapshot or _template()
    connection = engine.connect()
    try:
        driver = driver_of(connection)
        snapshots.copy_into(driver, template)
        driver.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        connection.close()
        raise
    return connection


@functools.cache
def _engine() -> Engine:
    """Return the engine of all databases in memory: each statement is compiled only once for an engine."""
    return create_engine("sqlite://", creator=snapshots.open_in_memory, poolclass=NullPool)


@functools.cache
def _template() -> Snapshot:
    state = snapshots.open_in_memory()
    state.execute(_PAGE_SIZE)
    with create_engine("sqlite://", creator=lambda: state).begin() as connection:
        migrations.create(connection)
    return snapshots.snapshot_of(state)


def driver_of(connection: Connection) -> sqlite3.Connection:
    """Return the driver's connection that a connection of SQLAlchemy uses."""
    driver = connection.connection.dbapi_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - created above
    return driver
