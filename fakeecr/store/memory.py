"""Databases in memory: each is a copy of a template whose schema is created once in a process."""

from __future__ import annotations

import functools
import sqlite3
import threading

from sqlalchemy import Connection, Engine, NullPool, create_engine, event

from fakeecr.store import migrations

_building = threading.Lock()

# Larger than a file's, for flatter trees: then a push costs the same among 100,000 images as among 1,000 (measured).
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
    building = create_engine("sqlite://", creator=lambda: template)
    with building.begin() as connection:
        migrations.create(connection)
    copying = threading.Lock()

    def copy() -> sqlite3.Connection:
        # The store's lock lets only one thread at a time use a connection.
        fresh = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        fresh.execute(_PAGE_SIZE)
        with copying:
            template.backup(fresh)
        fresh.execute("PRAGMA foreign_keys = ON")
        return fresh

    copies = create_engine("sqlite://", creator=copy, poolclass=NullPool)
    begin_by_hand(copies)
    return copies


def begin_by_hand(engine: Engine) -> None:
    """Begin transactions explicitly; Python's sqlite3 would begin them too late, or not at all."""

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        dbapi = connection.connection.dbapi_connection
        assert dbapi is not None  # noqa: S101 - a connection that begins is connected
        dbapi.execute(connection.get_execution_options().get("fakeecr_begin", "BEGIN"))
