"""Previews of lifecycle policies: what would happen to each image, read page by page."""

from __future__ import annotations

from collections.abc import Sequence, Set
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Select, delete, insert, or_, select

from fakeecr.store.models import PreviewedImage
from fakeecr.store.pages import Page, Place, page_of

_table = PreviewedImage
_rows = select(
    _table.digest, _table.tags, _table.pushed_at, _table.action, _table.priority, _table.storage_class, _table.id
)
_decode_tags = msgspec.json.Decoder(list[str]).decode


class PreviewRow(NamedTuple):
    """What a policy would do with an image.

    Attributes:
        digest: the image's digest.
        tags: its tags.
        pushed_at: when it was pushed.
        action: ``EXPIRE`` or ``TRANSITION``.
        priority: the priority of the rule that acts.
        storage_class: the image's storage class, ``STANDARD`` or ``ARCHIVE``.
        key: the key of the row; 0 before it is stored.
    """

    digest: str
    tags: Sequence[str]
    pushed_at: datetime
    action: Any
    priority: int
    storage_class: Any
    key: int = 0


def put_preview(connection: Connection, repository_id: int, rows: Sequence[PreviewRow]) -> None:
    """Store a preview in place of the repository's last one."""
    connection.execute(delete(_table).where(_table.repository_id == repository_id))
    values = [
        {
            "repository_id": repository_id,
            "digest": row.digest,
            "tags": msgspec.json.encode(row.tags).decode(),
            "tagged": bool(row.tags),
            "pushed_at": row.pushed_at,
            "action": row.action,
            "priority": row.priority,
            "storage_class": row.storage_class,
        }
        for row in rows
    ]
    if values:
        connection.execute(insert(_table), values)


def page_statement(repository_id: int, tagged: bool | None, place: Place) -> Select[*tuple[Any, ...]]:
    """Return the SELECT of a page, and of one row more; each filter has an index in the order of the keys."""
    statement = _rows.where(_table.repository_id == repository_id, _table.id > place.after)
    if tagged is not None:
        statement = statement.where(_table.tagged.is_(tagged))
    return statement.order_by(_table.id).limit(place.size + 1)


def page_of_preview(connection: Connection, repository_id: int, tagged: bool | None, place: Place) -> Page[PreviewRow]:
    """Return a page of a repository's last preview, in the order of evaluation.

    Args:
        connection: a transaction.
        repository_id: the repository's key.
        tagged: whether the images to include had tags; None for both.
        place: where the page begins.
    """
    return page_of(_read(connection, page_statement(repository_id, tagged, place)), place)


def get_previewed(
    connection: Connection,
    repository_id: int,
    tagged: bool | None,
    image_ids: Set[tuple[str | None, str | None]],
) -> list[PreviewRow]:
    """Return the rows of the last preview for these images.

    Args:
        connection: a transaction.
        repository_id: the repository's key.
        tagged: whether the images to include had tags; None for both.
        image_ids: the digest and the tag of each image at the time of the preview; one of the two may be None.
    """
    digests = [digest for digest, _ in image_ids if digest is not None]
    statement = _rows.where(_table.repository_id == repository_id, or_(_table.digest.in_(digests), _table.tagged))
    rows = []
    for row in _read(connection, statement.order_by(_table.id)):
        names = {(digest, tag) for digest in (None, row.digest) for tag in (None, *row.tags)}
        if tagged in (None, bool(row.tags)) and names & image_ids:
            rows.append(row)
    return rows


def _read(connection: Connection, statement: Select[*tuple[Any, ...]]) -> list[PreviewRow]:
    return [PreviewRow(digest, _decode_tags(tags), *others) for digest, tags, *others in connection.execute(statement)]
