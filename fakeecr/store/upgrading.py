"""Upgrades: an older database is migrated to the newest schema, and a copy of its file is kept."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection
from sqlalchemy.engine import URL

from fakeecr.errors import DatabaseError
from fakeecr.store import memory, migrations, sqlite_file
from fakeecr.store.lock_wait import LockWait

# How many pages of a file are copied at a time.
_PAGES = 1024


class Upgrade(NamedTuple):
    """What an upgrade did.

    Attributes:
        from_revision: the schema revision before.
        to_revision: the schema revision now; the same if nothing had to be done.
        copy: the copy of the file as it was; None if none was made.
    """

    from_revision: str
    to_revision: str
    copy: Path | None


def upgrade(
    place: Path | URL, *, keeps_copy: bool, lock_timeout: float = 10.0, advance: Callable[[], None] = lambda: None
) -> Upgrade:
    """Migrate a database to the newest schema, all of it or nothing.

    Args:
        place: where the database is, as :func:`fakeecr.store.database.locate` returns it.
        keeps_copy: whether an older file is copied before, which is impossible for a database on a server.
        lock_timeout: how many seconds to wait for a lock that another program holds.
        advance: called again and again while the file is read and copied.

    Raises:
        DatabaseError: it cannot be upgraded, and was not changed.
    """
    if isinstance(place, Path):
        return _upgrade_file(place, keeps_copy, lock_timeout, advance)
    return _upgrade_postgresql(place, keeps_copy, lock_timeout)


def _upgrade_file(path: Path, keeps_copy: bool, lock_timeout: float, advance: Callable[[], None]) -> Upgrade:
    wait = LockWait(path, lock_timeout)
    engine = sqlite_file.engine(wait)
    try:
        with sqlite_file.opening, sqlite_file.troubles(wait).explained():
            # It refuses what cannot be a state file before anything opens it for writing.
            if sqlite_file.is_current(wait):
                return Upgrade(migrations.HEAD, migrations.HEAD, None)
            with sqlite_file.schema_transaction(engine) as connection:
                # No other program can write now, so that the copy is what the migration begins with.
                revision = _older_revision(connection, str(path))
                copy = None
                if revision != migrations.HEAD:
                    sqlite_file.check_integrity(memory.driver_of(connection), path, advance)
                    copy = _copy(path, revision, advance) if keeps_copy else None
                    _migrate(connection, str(path), revision, copy)
            sqlite_file.switch_to_wal(engine, wait)
            return Upgrade(revision, migrations.HEAD, copy)
    finally:
        engine.dispose()


def _upgrade_postgresql(url: URL, keeps_copy: bool, lock_timeout: float) -> Upgrade:
    from fakeecr.store import postgresql  # SQLAlchemy's dialect takes 10 ms to be imported

    name = postgresql.name_of(url)
    engine = postgresql.engine(url)
    try:
        with postgresql.troubles(engine).explained(), postgresql.writers(engine, lock_timeout).begin() as connection:
            revision = _older_revision(connection, name)
            if revision != migrations.HEAD:
                if keeps_copy:
                    raise DatabaseError(
                        f"{name} has the schema revision {revision} and is on a server, where fakeecr cannot copy it. "
                        "It was not changed. Make a copy with the server's own tools, such as pg_dump or "
                        "CREATE DATABASE … TEMPLATE …, and upgrade it with --no-copy."
                    )
                _migrate(connection, name, revision, None)
            return Upgrade(revision, migrations.HEAD, None)
    finally:
        engine.dispose()


def _older_revision(connection: Connection, name: str) -> str:
    """Return the revision of a database, which is one that this fakeecr knows.

    Raises:
        DatabaseError: it is empty, not fakeecr's, or newer.
    """
    revision = migrations.revision(connection, name)
    migrations.check_revision(revision, name)
    if revision is None:
        raise DatabaseError(f"{name} is empty, so there is nothing to upgrade. `fakeecr seed` fills it.")
    return revision


def _migrate(connection: Connection, name: str, revision: str, copy: Path | None) -> None:
    try:
        migrations.bring_up_to_date(connection, name)
    except Exception as error:
        # What an older fakeecr wrote can be migrated, so that the contents must have been damaged.
        kept = f" A copy of it is {copy}." if copy else ""
        raise DatabaseError(
            f"{name} could not be migrated from the schema revision {revision} to {migrations.HEAD}: "
            f"{type(error).__name__}: {error}. It was not changed.{kept} Restore an intact copy and upgrade that."
        ) from error


# --- The copy ------------------------------------------------------------------------------------


def _copy(path: Path, revision: str, advance: Callable[[], None]) -> Path:
    """Copy a file, with what its write-ahead log holds, to a new file beside it, and return its path.

    The copy is complete and on the disk before it gets its name.

    Raises:
        DatabaseError: there is no space, or no permission.
    """
    number, unfinished = tempfile.mkstemp(prefix=f"{path.name}.", suffix=".copying", dir=path.parent)
    os.close(number)
    try:
        _back_up(path, Path(unfinished), advance)
        shutil.copymode(path, unfinished)
        copy = _free_name(path, revision)
        Path(unfinished).rename(copy)
        _sync(path.parent)
    except (OSError, sqlite3.Error) as error:
        raise DatabaseError(
            f"{path} was not upgraded, because it cannot be copied: {error}. It was not changed. Free some space on "
            "the disk, or upgrade it without a copy, with --no-copy."
        ) from error
    finally:
        Path(unfinished).unlink(missing_ok=True)
    return copy


def _back_up(path: Path, target: Path, advance: Callable[[], None]) -> None:
    source = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    try:
        copy = sqlite3.connect(target)
        try:
            source.backup(copy, pages=_PAGES, progress=lambda *_: advance())
        finally:
            copy.close()
    finally:
        source.close()
    _sync(target)


def _sync(target: Path) -> None:
    """Write a file, or the names in a directory, to the disk."""
    if target.is_dir() and os.name == "nt":
        return  # Windows opens no directories
    number = os.open(target, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _free_name(path: Path, revision: str) -> Path:
    """Return the name of a copy that does not exist yet: ``state.db.0002.bak``, or else ``state.db.0002-2.bak``."""
    copy, number = path.with_name(f"{path.name}.{revision}.bak"), 1
    while copy.exists() or copy.is_symlink():
        number += 1
        copy = path.with_name(f"{path.name}.{revision}-{number}.bak")
    return copy
