"""Keyset pages: what comes after a key, in the key's order, at the same cost at any depth."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, select

from fakeecr.store.models import ImageIdentifier
from fakeecr.store.prepared import Prepared


class Page(NamedTuple):
    """One page of a listing.

    Attributes:
        rows: at most as many as were asked for; each begins with what the listing shows, and ends with its key.
        last_key: the key of the last row where more follow, else None.
    """

    rows: Sequence[tuple[Any, ...]]
    last_key: int | None


class Filter(NamedTuple):
    """What ListImages shows: images of one status, with a tag or without; None shows all."""

    status: str | None = None
    tagged: bool | None = None


@functools.cache
def identifiers_statement(by_status: bool, by_tagged: bool) -> Prepared:
    """Prepare the one SELECT of a page; each way of filtering has an index in the order of its keys."""
    row = ImageIdentifier.__table__.c
    statement = select(row.digest, row.tag, row.id).where(
        row.repository_id == bindparam("repository_id"), row.id > bindparam("after")
    )
    if by_status:
        statement = statement.where(row.image_status == bindparam("status"))
    if by_tagged:
        statement = statement.where(row.tagged == bindparam("tagged"))
    return Prepared(statement.order_by(row.id).limit(bindparam("rows")))


def identifiers(connection: Connection, repository_id: int, shown: Filter, *, after: int = 0, size: int) -> Page:
    """Read a page of a repository's identifiers: rows of digest, tag and key.

    Args:
        connection: a transaction.
        repository_id: the repository's key.
        shown: what the page may show.
        after: the last key of the page before; 0 for the first page.
        size: how many rows at most.
    """
    values: dict[str, Any] = {"repository_id": repository_id, "after": after, "rows": size + 1}
    if shown.status is not None:
        values["status"] = shown.status
    if shown.tagged is not None:
        values["tagged"] = shown.tagged
    statement = identifiers_statement(shown.status is not None, shown.tagged is not None)
    rows = statement.rows(connection, values)
    if len(rows) <= size:
        return Page(rows, None)
    return Page(rows[:size], rows[size - 1][-1])
