"""The schema revision of a database: reading it, creating the newest, and migrating from an older one.

A new database is created from the models, and a test checks that the migrations lead to the same schema. So Alembic is
imported only for an older database.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    insert,
    inspect,
    select,
)

from fakeecr.errors import DatabaseError
from fakeecr.store.models import Base, Secret, new_secret

HEAD = "0003"

# Alembic's table of the revision; its name marks a database as fakeecr's.
VERSION_TABLE = "fakeecr_schema"
_version = Table(
    VERSION_TABLE,
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name=f"{VERSION_TABLE}_pkc"),
)


def scripts() -> Path:
    """Return the directory of the migrations: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parent.parent
    installed = package / "_migrations"
    return installed if installed.is_dir() else package.parent / "migrations"


def revision(connection: Connection, name: str) -> str | None:
    """Return a database's revision, or None if it has no table at all.

    Raises:
        DatabaseError: it has tables that are not fakeecr's.
    """
    tables = inspect(connection).get_table_names()
    if VERSION_TABLE in tables:
        # A table without a row is refused like a revision that this fakeecr does not know.
        return connection.execute(select(_version.c.version_num)).scalar() or "(none)"
    if tables:
        raise DatabaseError(
            f"{name} is a database, but not one of fakeecr's: it has the table '{tables[0]}' and no "
            f"'{VERSION_TABLE}'. It was not changed. Give fakeecr a database of its own."
        )
    return None


def check_revision(current: str | None, name: str) -> None:
    """Check that this fakeecr knows a revision.

    Raises:
        DatabaseError: a newer fakeecr wrote the database.
    """
    if current in (None, HEAD):
        return
    from alembic.script import ScriptDirectory

    revisions = {script.revision for script in ScriptDirectory(str(scripts())).walk_revisions()}
    if current not in revisions:
        raise DatabaseError(
            f"{name} has the schema revision {current}; this fakeecr knows revisions up to {HEAD}. It was not "
            "changed. Upgrade fakeecr, or give it another database."
        )


def bring_up_to_date(connection: Connection, name: str) -> None:
    """Create the schema in an empty database, or migrate an older one; the caller holds the lock of writers.

    Raises:
        DatabaseError: the database is not fakeecr's, or newer.
    """
    current = revision(connection, name)
    if current == HEAD:
        return
    check_revision(current, name)
    if current is None:
        create(connection)
    else:
        _upgrade(connection)


def create(connection: Connection) -> None:
    """Create the newest schema in an empty database."""
    Base.metadata.create_all(connection, checkfirst=False)
    _version.create(connection, checkfirst=False)
    connection.execute(insert(_version).values(version_num=HEAD))
    connection.execute(insert(Secret).values(id=1, value=new_secret().hex()))


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    # Alembic interpolates percent signs, which a path may contain.
    config.set_main_option("script_location", str(scripts()).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
