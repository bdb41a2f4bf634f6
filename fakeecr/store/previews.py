"""Previews of lifecycle policies: what becomes of each image that one acts on, read page by page."""

from __future__ import annotations

from collections.abc import Sequence, Set
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Select, delete, insert, or_, select

from fakeecr.store.models import PreviewedImage
from fakeecr.store.pages import Page, page_of

_row = PreviewedImage
_shown = select(_row.digest, _row.tags, _row.pushed_at, _row.action, _row.priority, _row.storage_class, _row.id)
_read_tags = msgspec.json.Decoder(list[str]).decode


class Previewed(NamedTuple):
    """What a policy does with an image.

    Attributes:
        digest: the image's digest.
        tags: its tags.
        pushed_at: when it was pushed.
        action: ``EXPIRE`` or ``TRANSITION``.
        priority: that of the rule which does it.
        storage_class: where the image is, ``STANDARD`` or ``ARCHIVE``.
        key: the key of the row; 0 of one that is yet to be written.
    """

    digest: str
    tags: Sequence[str]
    pushed_at: datetime
    action: Any
    priority: int
    storage_class: Any
    key: int = 0


def keep(connection: Connection, repository_id: int, previewed: Sequence[Previewed]) -> None:
    """Keep a preview in place of the repository's last one."""
    connection.execute(delete(_row).where(_row.repository_id == repository_id))
    rows = [
        {
            "repository_id": repository_id,
            "digest": each.digest,
            "tags": msgspec.json.encode(each.tags).decode(),
            "tagged": bool(each.tags),
            "pushed_at": each.pushed_at,
            "action": each.action,
            "priority": each.priority,
            "storage_class": each.storage_class,
        }
        for each in previewed
    ]
    if rows:
        connection.execute(insert(_row), rows)


def page_statement(repository_id: int, tagged: bool | None, after: int, size: int) -> Select[*tuple[Any, ...]]:
    """Write the SELECT of a page, and of one row more; each way of filtering has an index in the order of its keys."""
    statement = _shown.where(_row.repository_id == repository_id, _row.id > after)
    if tagged is not None:
        statement = statement.where(_row.tagged.is_(tagged))
    return statement.order_by(_row.id).limit(size + 1)


def read_page(connection: Connection, repository_id: int, tagged: bool | None, *, after: int = 0, size: int) -> Page:
    """Read a page of a repository's last preview, in the order in which it was kept.

    Args:
        connection: a transaction.
        repository_id: the repository's key.
        tagged: whether the images that are shown had tags; None for all.
        after: the last key of the page before; 0 for the first page.
        size: how many rows at most.
    """
    return page_of(_read(connection, page_statement(repository_id, tagged, after, size)), size)


def find_all(
    connection: Connection, repository_id: int, tagged: bool | None, wanted: Set[tuple[str | None, str | None]]
) -> list[Previewed]:
    """Give of a repository's last preview what is shown and about these images, each known by a digest, a tag or both.

    What they were called counts, and whether they were there, when it was made.
    """
    digests = [digest for digest, _ in wanted if digest is not None]
    statement = _shown.where(_row.repository_id == repository_id, or_(_row.digest.in_(digests), _row.tagged))
    found = []
    for each in _read(connection, statement.order_by(_row.id)):
        names = {(digest, tag) for digest in (None, each.digest) for tag in (None, *each.tags)}
        if tagged in (None, bool(each.tags)) and names & wanted:
            found.append(each)
    return found


def _read(connection: Connection, statement: Select[*tuple[Any, ...]]) -> list[Previewed]:
    return [Previewed(digest, _read_tags(tags), *others) for digest, tags, *others in connection.execute(statement)]
