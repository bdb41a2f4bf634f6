"""Databases in memory: each is a copy of a template whose schema is created once in a process."""

from __future__ import annotations

import functools
import sqlite3
import threading

from sqlalchemy import Connection, Engine, NullPool, create_engine

from fakeecr.forks import held_at_forks
from fakeecr.store import migrations

_building = held_at_forks(threading.Lock())
_copying = held_at_forks(threading.Lock())

# Larger than SQLite's default, for flatter trees: a push costs the same among 100,000 images as among 1,000 (measured).
_PAGE_SIZE = "PRAGMA page_size = 8192"


def engine() -> Engine:
    """Return the engine whose every connection is a new, empty database.

    One engine serves all fakes of a process, so that each statement is compiled only once.
    """
    with _building:
        return _engine()


@functools.cache
def _engine() -> Engine:
    template = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
    template.execute(_PAGE_SIZE)
    template_engine = create_engine("sqlite://", creator=lambda: template)
    with template_engine.begin() as connection:
        migrations.create(connection)

    def copy() -> sqlite3.Connection:
        # The store's lock lets only one thread at a time use a connection.
        fresh = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        fresh.execute(_PAGE_SIZE)
        with _copying:
            template.backup(fresh)
        fresh.execute("PRAGMA foreign_keys = ON")
        return fresh

    return create_engine("sqlite://", creator=copy, poolclass=NullPool)


def driver_of(connection: Connection) -> sqlite3.Connection:
    """Return the driver's connection that a connection of SQLAlchemy uses."""
    driver = connection.connection.dbapi_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - created above
    return driver
