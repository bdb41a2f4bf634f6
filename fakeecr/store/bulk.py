"""Many images at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Insert, String, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from fakeecr.store.images import IDENTIFIER_COLUMNS, NewImage
from fakeecr.store.models import Image, ImageIdentifier


class Clash(NamedTuple):
    """What could not be added, because its like stands in the repository already.

    Attributes:
        position: which of the images.
        digest: its digest.
        tag: the tag that stands there already; None where it is the digest that does.
    """

    position: int
    digest: str
    tag: str | None


# What an identifier carries of its image is copied by the database.
_COPIED = select(
    Image.repository_id,
    Image.id,
    Image.digest,
    bindparam("tag", type_=String),
    Image.status,
    Image.tagged,
).where(Image.repository_id == bindparam("in_repository"), Image.digest == bindparam("of_digest"))


def _unless_there(connection: Connection, table: Any) -> Insert:
    """Begin an INSERT that passes over a row whose like is there; its count of rows tells."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    made: Insert = dialect.insert(table).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
    return made


def add_images(
    connection: Connection, repository_id: int, images: Sequence[tuple[NewImage, tuple[str, ...]]]
) -> Clash | None:
    """Add images with their tags to a repository that has none of them.

    Returns:
        None; or the first of them that is there already, or has a tag that is: then the caller is to undo all.
    """
    rows = [
        {
            "repository_id": repository_id,
            "digest": image.digest,
            "status": image.status,
            "tagged": bool(tags),
            "pushed_at": image.pushed_at,
            "manifest": image.manifest,
            "made_from": image.made_from,
        }
        for image, tags in images
    ]
    added = connection.execute(_unless_there(connection, Image), rows).rowcount
    if added != len(rows):
        return _digest_clash(connection, repository_id, images, added)
    identifiers = [
        {"in_repository": repository_id, "of_digest": image.digest, "tag": tag}
        for image, tags in images
        for tag in tags or (None,)
    ]
    statement = _unless_there(connection, ImageIdentifier).from_select(IDENTIFIER_COLUMNS, _COPIED)
    if connection.execute(statement, identifiers).rowcount != len(identifiers):
        return _tag_clash(connection, repository_id, images)
    return None


def _digest_clash(
    connection: Connection,
    repository_id: int,
    images: Sequence[tuple[NewImage, tuple[str, ...]]],
    added: int,
) -> Clash | None:
    """Find the first image that was not added: its digest stood there before, or stands twice among them."""
    statement = (
        select(Image.digest)
        .where(Image.repository_id == repository_id, Image.digest.in_([image.digest for image, _ in images]))
        .order_by(Image.id)
    )
    there = connection.execute(statement).scalars().all()
    seen = set(there[: len(there) - added])
    for index, (image, _) in enumerate(images):
        if image.digest in seen:
            return Clash(index, image.digest, None)
        seen.add(image.digest)
    return None


def _tag_clash(
    connection: Connection, repository_id: int, images: Sequence[tuple[NewImage, tuple[str, ...]]]
) -> Clash | None:
    """Find the first tag that was not added: another image has it, or its own image twice."""
    row = ImageIdentifier
    tags = [tag for _, tags in images for tag in tags]
    statement = select(row.tag, row.digest).where(row.repository_id == repository_id, row.tag.in_(tags))
    holders = {row.tag: row.digest for row in connection.execute(statement)}
    for index, (image, image_tags) in enumerate(images):
        for position, tag in enumerate(image_tags):
            if holders[tag] != image.digest or tag in image_tags[:position]:
                return Clash(index, image.digest, tag)
    return None


def identifiers_of(connection: Connection, repository_id: int, digests: Sequence[str]) -> dict[str, set[str | None]]:
    """Give the tags of those images that are there; an image without a tag has None among them, and alone."""
    row = ImageIdentifier
    statement = select(row.digest, row.tag).where(row.repository_id == repository_id, row.digest.in_(digests))
    found: dict[str, set[str | None]] = {}
    for digest, tag in connection.execute(statement):
        found.setdefault(digest, set()).add(tag)
    return found
