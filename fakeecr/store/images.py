"""Images: written, and their tags moved, so that every identifier tells the truth afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, String, bindparam, delete, insert, select, update

from fakeecr.store.manifests import made_digest
from fakeecr.store.models import Image, ImageIdentifier, Repository
from fakeecr.store.prepared import Prepared


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


# The statements, written once: to write one anew takes several times as long as to run it.
_row = ImageIdentifier
_find_image = Prepared(
    select(Image.id, Image.tagged).where(
        Image.repository_id == bindparam("repository_id"), Image.digest == bindparam("digest")
    )
)
_new_image = insert(Image).returning(Image.id)
_set_tagged = update(Image).where(Image.id == bindparam("key")).values(tagged=bindparam("is_tagged"))
_find_tag = Prepared(
    select(_row.id, _row.image_id).where(_row.repository_id == bindparam("repository_id"), _row.tag == bindparam("tag"))
)
_find_row = Prepared(select(_row.id).where(_row.image_id == bindparam("image_id")).limit(1))
_remove_row = delete(_row).where(_row.id == bindparam("key"))
# What a row carries of its image is copied by the database.
_new_row = insert(_row).from_select(
    ["repository_id", "image_id", "digest", "tag", "image_status", "tagged"],
    select(
        Image.repository_id, Image.id, Image.digest, bindparam("tag", type_=String), Image.status, Image.tagged
    ).where(Image.id == bindparam("key")),
)
_count_push = (
    update(Repository)
    .where(Repository.id == bindparam("key"))
    .values(pushes=Repository.pushes + 1)
    .returning(Repository.pushes)
)


def put_image(connection: Connection, repository_id: int, image: NewImage, tags: Sequence[str] = ()) -> None:
    """Write an image that may be there already, and give it tags, which leave the images that had them.

    An image that is there keeps what it has, its other tags and the moment of its first push among them.
    """
    found = _find_image.rows(connection, {"repository_id": repository_id, "digest": image.digest})
    if not found:
        image_id = _insert(connection, repository_id, image, tagged=bool(tags))
    else:
        image_id, is_tagged = found[0]
        if tags and not is_tagged:
            _become(connection, image_id, tagged=True)
    for tag in tags:
        _move_tag(connection, repository_id, image_id, tag)


def _insert(connection: Connection, repository_id: int, image: NewImage, *, tagged: bool) -> int:
    values = {"repository_id": repository_id, "tagged": tagged, **asdict(image)}
    image_id: int = connection.execute(_new_image, values).scalar_one()
    if not tagged:
        connection.execute(_new_row, {"key": image_id, "tag": None})
    return image_id


def _become(connection: Connection, image_id: int, *, tagged: bool) -> None:
    """Turn an image that has no tag now into one that is about to get its first, or into an untagged one."""
    for (row,) in _find_row.rows(connection, {"image_id": image_id}):
        connection.execute(_remove_row, {"key": row})
    connection.execute(_set_tagged, {"key": image_id, "is_tagged": tagged})
    if not tagged:
        connection.execute(_new_row, {"key": image_id, "tag": None})


def _move_tag(connection: Connection, repository_id: int, image_id: int, tag: str) -> None:
    """Give an image a tag; the image that had it stays behind, untagged if it was its last."""
    held = _find_tag.rows(connection, {"repository_id": repository_id, "tag": tag})
    if held:
        row, holder = held[0]
        if holder == image_id:
            return
        connection.execute(_remove_row, {"key": row})
        if not _find_row.rows(connection, {"image_id": holder}):
            _become(connection, holder, tagged=False)
    connection.execute(_new_row, {"key": image_id, "tag": tag})


def make_up(connection: Connection, repository_id: int, name: str) -> str:
    """Give the words for an image that the repository has not, by counting those that were made up for it."""
    while True:
        words = f"{name}#{connection.execute(_count_push, {'key': repository_id}).scalar_one()}"
        # It is there where a seed brought what was made up elsewhere.
        if not _find_image.rows(connection, {"repository_id": repository_id, "digest": made_digest(words)}):
            return words
