"""A database's schema revision: what it is, how a new one is made, and how an older one is brought up to date.

Alembic is imported only where an older revision is found: a new database is made straight from the models,
which a test holds equal to the migrations.
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

# Alembic's own table under a name of ours: by it a fakeecr database is known.
VERSION_TABLE = "fakeecr_schema"
_version = Table(
    VERSION_TABLE,
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name=f"{VERSION_TABLE}_pkc"),
)


def scripts() -> Path:
    """Find the migrations: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parent.parent
    installed = package / "_migrations"
    return installed if installed.is_dir() else package.parent / "migrations"


def revision(connection: Connection, name: str) -> str | None:
    """Read a database's revision; None for a database that has no table at all.

    Raises:
        DatabaseError: it has tables, and they are not fakeecr's.
    """
    tables = inspect(connection).get_table_names()
    if VERSION_TABLE in tables:
        return connection.execute(select(_version.c.version_num)).scalar() or "(none)"
    if tables:
        raise DatabaseError(
            f"{name} is a database, but not one of fakeecr's: it has the table '{tables[0]}' and no "
            f"'{VERSION_TABLE}'. Nothing in it was changed. Give fakeecr a database of its own."
        )
    return None


def check_revision(found: str | None, name: str) -> None:
    """Refuse a revision that this fakeecr does not know.

    Raises:
        DatabaseError: a newer fakeecr wrote the database.
    """
    if found in (None, HEAD):
        return
    from alembic.script import ScriptDirectory

    known = {script.revision for script in ScriptDirectory(str(scripts())).walk_revisions()}
    if found not in known:
        raise DatabaseError(
            f"{name} has the schema revision {found}; this fakeecr knows revisions up to {HEAD}. Nothing in it "
            "was changed. Upgrade fakeecr, or give it another database."
        )


def bring_up_to_date(connection: Connection, name: str) -> None:
    """Create the schema where there is none, or migrate an older one; the caller holds the writers' lock.

    Raises:
        DatabaseError: the database is not fakeecr's, or newer.
    """
    found = revision(connection, name)
    if found == HEAD:
        return
    check_revision(found, name)
    if found is None:
        create(connection)
    else:
        _upgrade(connection)


def create(connection: Connection) -> None:
    """Make the schema of the newest revision in an empty database."""
    Base.metadata.create_all(connection)
    _version.create(connection)
    connection.execute(insert(_version).values(version_num=HEAD))
    connection.execute(insert(Secret).values(id=1, value=new_secret().hex()))


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    # The configuration interpolates percent signs, which a path may have.
    config.set_main_option("script_location", str(scripts()).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
