"""Images: written, and their tags moved, so that every identifier tells the truth afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, String, delete, insert, literal, select, update

from fakeecr.store.manifests import made_digest
from fakeecr.store.models import Image, ImageIdentifier, Repository

_COLUMNS = ("repository_id", "image_id", "digest", "tag", "image_status", "tagged")


@dataclass(frozen=True, slots=True)
class NewImage:
    """An image to be written.

    Attributes:
        digest: ``sha256:`` and 64 hexadecimal digits.
        pushed_at: when it was pushed, in UTC.
        manifest: the exact bytes of its manifest, or None where they are not known.
        made_from: instead of a manifest, the words it is made from (see :mod:`fakeecr.store.manifests`).
        status: ``ACTIVE``, ``ARCHIVED`` or ``ACTIVATING``.
    """

    digest: str
    pushed_at: datetime
    manifest: bytes | None = None
    made_from: str | None = None
    status: str = "ACTIVE"


def put_image(connection: Connection, repository_id: int, image: NewImage, tags: Sequence[str] = ()) -> None:
    """Write an image that may be there already, and give it tags, which leave the images that had them.

    An image that is there keeps what it has, its other tags and the moment of its first push among them.
    """
    found = connection.execute(
        select(Image.id, Image.tagged).where(Image.repository_id == repository_id, Image.digest == image.digest)
    ).one_or_none()
    if found is None:
        image_id = _insert(connection, repository_id, image, tagged=bool(tags))
    else:
        image_id = found.id
        if tags and not found.tagged:
            _set_tagged(connection, image_id, True)
    for tag in tags:
        _move_tag(connection, repository_id, image_id, tag)


def _insert(connection: Connection, repository_id: int, image: NewImage, *, tagged: bool) -> int:
    made = connection.execute(
        insert(Image)
        .values(
            repository_id=repository_id,
            digest=image.digest,
            status=image.status,
            tagged=tagged,
            pushed_at=image.pushed_at,
            manifest=image.manifest,
            made_from=image.made_from,
        )
        .returning(Image.id)
    )
    image_id = made.scalar_one()
    if not tagged:
        _add_identifier(connection, image_id, None)
    return image_id


def _set_tagged(connection: Connection, image_id: int, tagged: bool) -> None:
    """Turn an image that has no tag into one that is about to get its first, or back."""
    connection.execute(
        delete(ImageIdentifier).where(ImageIdentifier.image_id == image_id, ImageIdentifier.tag.is_(None))
    )
    connection.execute(update(Image).where(Image.id == image_id).values(tagged=tagged))
    if not tagged:
        _add_identifier(connection, image_id, None)


def _move_tag(connection: Connection, repository_id: int, image_id: int, tag: str) -> None:
    """Give an image a tag; the image that had it stays behind, untagged if it was its last."""
    row = ImageIdentifier
    held = connection.execute(
        select(row.id, row.image_id).where(row.repository_id == repository_id, row.tag == tag)
    ).one_or_none()
    if held is not None:
        if held.image_id == image_id:
            return
        connection.execute(delete(row).where(row.id == held.id))
        others = select(row.id).where(row.image_id == held.image_id).limit(1)
        if connection.execute(others).scalar() is None:
            _set_tagged(connection, held.image_id, False)
    _add_identifier(connection, image_id, tag)


def _add_identifier(connection: Connection, image_id: int, tag: str | None) -> None:
    """Add a row for an image; what it carries of the image is copied by the database."""
    copied = select(
        Image.repository_id, Image.id, Image.digest, literal(tag, String), Image.status, Image.tagged
    ).where(Image.id == image_id)
    connection.execute(insert(ImageIdentifier).from_select(_COLUMNS, copied))


def make_up(connection: Connection, repository_id: int, name: str) -> str:
    """Give the words for an image that the repository has not, by counting those that were made up for it."""
    while True:
        counted = connection.execute(
            update(Repository)
            .where(Repository.id == repository_id)
            .values(pushes=Repository.pushes + 1)
            .returning(Repository.pushes)
        )
        words = f"{name}#{counted.scalar_one()}"
        # It is there where a seed brought what was made up elsewhere.
        there = select(Image.id).where(Image.repository_id == repository_id, Image.digest == made_digest(words))
        if connection.execute(there).scalar() is None:
            return words
