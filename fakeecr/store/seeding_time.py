"""The time of a seed: stored as a placeholder, so that each copy of what was seeded gets its own time."""

from __future__ import annotations

import functools
from datetime import UTC, datetime

from sqlalchemy import BindParameter, Connection, bindparam, case, or_, update

from fakeecr.store.models import Base, Timestamp, microseconds
from fakeecr.store.prepared import Prepared

# No stored moment is equal to it, because all others are whole milliseconds.
PLACEHOLDER = datetime(1970, 1, 1, microsecond=1, tzinfo=UTC)


def set_seeding_time(connection: Connection, moment: datetime) -> None:
    """Replace each placeholder in a database by a moment."""
    for statement in _replacements():
        statement.run(connection, {"placeholder": microseconds(PLACEHOLDER), "moment": microseconds(moment)})


@functools.cache
def _replacements() -> list[Prepared]:
    """Return an UPDATE of each table that has moments."""
    placeholder: BindParameter[int] = bindparam("placeholder")
    moment: BindParameter[int] = bindparam("moment")
    replacements = []
    for table in Base.metadata.sorted_tables:
        columns = [column for column in table.columns if isinstance(column.type, Timestamp)]
        if columns:
            statement = update(table).where(or_(*(column == placeholder for column in columns)))
            values = {column: case((column == placeholder, moment), else_=column) for column in columns}
            replacements.append(Prepared(statement.values(values)))
    return replacements
