"""Alembic's environment: it migrates the connection that fakeecr gives it, or a developer's database.

For a developer: `alembic -x database=sqlite:///state.db revision --autogenerate -m "…"`.
"""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, create_engine

from fakeecr.store.migrations import VERSION_TABLE
from fakeecr.store.models import Base


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        version_table=VERSION_TABLE,
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        context.run_migrations()


given_connection = context.config.attributes.get("connection")
if given_connection is not None:
    migrate(given_connection)
else:
    with create_engine(context.get_x_argument(as_dictionary=True)["database"]).begin() as new_connection:
        migrate(new_connection)
