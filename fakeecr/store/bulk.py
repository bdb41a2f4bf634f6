"""Many images at once, for seeds."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Insert, bindparam, func, insert, select

from fakeecr.store.images import NewImage
from fakeecr.store.models import Base, Image, ImageIdentifier, ImageReference


class Clash(NamedTuple):
    """An image that could not be added, because the repository already has its digest or one of its tags.

    Attributes:
        position: the image's position among the images to be added.
        tag: the tag that is taken; None if it is the digest.
    """

    position: int
    tag: str | None


# Images, each with its tags.
_TaggedImages = Sequence[tuple[NewImage, tuple[str, ...]]]

_LAST_IMAGE = select(func.max(Image.id))
_NEW_IMAGES = select(Image.id, Image.digest).where(Image.id > bindparam("before"))


@functools.cache
def _insert_into(table: type[Base], dialect: str) -> Insert:
    """Return an INSERT that skips each row whose unique values are taken, and counts the rows that it inserts."""
    insert_of_dialect: Any
    if dialect == "sqlite":
        from sqlalchemy.dialects.sqlite import insert as insert_of_dialect
    else:
        from sqlalchemy.dialects.postgresql import insert as insert_of_dialect
    statement: Insert = insert_of_dialect(table).on_conflict_do_nothing()
    return statement.execution_options(preserve_rowcount=True)


def add_images(connection: Connection, repository_id: int, images: _TaggedImages) -> Clash | None:
    """Add images with their tags to a repository.

    Returns:
        None if all were added. Otherwise the first image whose digest or tag is taken, and the caller must roll back.
    """
    dialect = connection.dialect.name
    before = connection.execute(_LAST_IMAGE).scalar() or 0
    rows = [image.row(repository_id, tagged=bool(tags)) for image, tags in images]
    connection.execute(_insert_into(Image, dialect), _without_empty_columns(rows))
    keys = {row.digest: row.id for row in connection.execute(_NEW_IMAGES, {"before": before})}
    if len(keys) != len(images):
        return _digest_clash(images, keys)
    _add_references(
        connection, repository_id, [(keys[image.digest], image) for image, _ in images if image.contents.references]
    )
    # The image's columns are given here, instead of being copied by the database as for a single image, because
    # copying takes four times as long (measured). The foreign key checks them all the same.
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
    """Return the rows without the columns that none of them uses, which for made-up images are most of them."""
    used = [name for name in rows[0] if any(row[name] is not None for row in rows)]
    return [{name: row[name] for name in used} for row in rows]


def _add_references(connection: Connection, repository_id: int, images: Sequence[tuple[int, NewImage]]) -> None:
    references = [row for key, image in images for row in image.reference_rows(repository_id, key)]
    if references:
        connection.execute(insert(ImageReference), references)


def _digest_clash(images: _TaggedImages, keys: Mapping[str, int]) -> Clash | None:
    """Return the first image that was not added: its digest was taken, or occurs twice among the images."""
    seen = set()
    for position, (image, _) in enumerate(images):
        if image.digest in seen or image.digest not in keys:
            return Clash(position, None)
        seen.add(image.digest)
    return None


def _tag_clash(connection: Connection, repository_id: int, images: _TaggedImages) -> Clash | None:
    """Return the first tag that was not added: another image has it, or its own image names it twice."""
    row = ImageIdentifier
    tags = [tag for _, tags in images for tag in tags]
    statement = select(row.tag, row.digest).where(row.repository_id == repository_id, row.tag.in_(tags))
    digest_by_tag = {row.tag: row.digest for row in connection.execute(statement)}
    for position, (image, image_tags) in enumerate(images):
        for index, tag in enumerate(image_tags):
            if digest_by_tag[tag] != image.digest or tag in image_tags[:index]:
                return Clash(position, tag)
    return None


def get_tags_by_digest(
    connection: Connection, repository_id: int, digests: Sequence[str]
) -> dict[str, set[str | None]]:
    """Return the tags of images by their digests, {None} for an untagged image; missing images are left out."""
    row = ImageIdentifier
    statement = select(row.digest, row.tag).where(row.repository_id == repository_id, row.digest.in_(digests))
    tags: dict[str, set[str | None]] = {}
    for digest, tag in connection.execute(statement):
        tags.setdefault(digest, set()).add(tag)
    return tags
