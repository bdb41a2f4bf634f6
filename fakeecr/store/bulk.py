"""Many images at once."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Insert, bindparam, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from fakeecr.store.images import NewImage
from fakeecr.store.models import Base, Image, ImageIdentifier, ImageReference


class Clash(NamedTuple):
    """What could not be added, because its like stands in the repository already.

    Attributes:
        position: which of the images.
        tag: the tag that stands there already; None where it is the digest that does.
    """

    position: int
    tag: str | None


_LAST_IMAGE = select(func.max(Image.id))
_NEW_IMAGES = select(Image.id, Image.digest).where(Image.id > bindparam("before"))


@functools.cache
def _insert_into(table: type[Base], dialect: str) -> Insert:
    """Write an INSERT, once an engine, that passes over a row whose like is there; the count of rows tells."""
    new = sqlite.insert if dialect == "sqlite" else postgresql.insert
    return new(table).on_conflict_do_nothing().execution_options(preserve_rowcount=True)


def add_images(
    connection: Connection, repository_id: int, images: Sequence[tuple[NewImage, tuple[str, ...]]]
) -> Clash | None:
    """Add images with their tags to a repository.

    Returns:
        None; or the first of them that is there already, or has a tag that is: then the caller is to undo all.
    """
    dialect = connection.dialect.name
    before = connection.execute(_LAST_IMAGE).scalar() or 0
    rows = [image.row(repository_id, tagged=bool(tags)) for image, tags in images]
    connection.execute(_insert_into(Image, dialect), _without_empty_columns(rows))
    keys = {row.digest: row.id for row in connection.execute(_NEW_IMAGES, {"before": before})}
    if len(keys) != len(images):
        return _digest_clash(images, keys)
    _refer(connection, repository_id, [(keys[image.digest], image) for image, _ in images if image.contents.references])
    # What these rows carry of their image is given here, and not copied by the database as for one image,
    # because that takes four times as long (measured); the foreign key holds them to be true all the same.
    identifiers = [
        {
            "repository_id": repository_id,
            "image_id": keys[image.digest],
            "digest": image.digest,
            "tag": tag,
            "image_status": image.status,
            "tagged": tag is not None,
        }
        for image, tags in images
        for tag in tags or (None,)
    ]
    if connection.execute(_insert_into(ImageIdentifier, dialect), identifiers).rowcount != len(identifiers):
        return _tag_clash(connection, repository_id, images)
    return None


def _without_empty_columns(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out the columns that no row uses: among made-up images that is most of them."""
    used = [name for name in rows[0] if any(row[name] is not None for row in rows)]
    return [{name: row[name] for name in used} for row in rows]


def _refer(connection: Connection, repository_id: int, images: Sequence[tuple[int, NewImage]]) -> None:
    """Write what images refer to."""
    references = [row for key, image in images for row in image.reference_rows(repository_id, key)]
    if references:
        connection.execute(insert(ImageReference), references)


def _digest_clash(images: Sequence[tuple[NewImage, tuple[str, ...]]], keys: Mapping[str, int]) -> Clash | None:
    """Find the first image that was not added: it stood there before, or stands twice among them."""
    seen = set()
    for position, (image, _) in enumerate(images):
        if image.digest in seen or image.digest not in keys:
            return Clash(position, None)
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
    for number, (image, image_tags) in enumerate(images):
        for position, tag in enumerate(image_tags):
            if holders[tag] != image.digest or tag in image_tags[:position]:
                return Clash(number, tag)
    return None


def identifiers_of(connection: Connection, repository_id: int, digests: Sequence[str]) -> dict[str, set[str | None]]:
    """Give the tags of those images that are there; an image without a tag has None among them, and alone."""
    row = ImageIdentifier
    statement = select(row.digest, row.tag).where(row.repository_id == repository_id, row.digest.in_(digests))
    found: dict[str, set[str | None]] = {}
    for digest, tag in connection.execute(statement):
        found.setdefault(digest, set()).add(tag)
    return found
