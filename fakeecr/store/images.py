"""Images: found, written, moved between tags and deleted, so that every identifier tells the truth afterwards."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, String, bindparam, case, delete, func, insert, select, update

from fakeecr.store.manifests import (
    EMPTY_BLOB,
    NOTHING,
    OCI_MANIFEST,
    Contents,
    Reference,
    digest_of,
    index,
    made_digest,
    read,
    read_leniently,
    words_for,
)
from fakeecr.store.manifests import manifest as made_manifest
from fakeecr.store.models import Image, ImageIdentifier, ImageReference, Repository, microseconds
from fakeecr.store.prepared import Prepared, in_chunks


class NewImage(NamedTuple):
    """An image to be written.

    Attributes:
        digest: ``sha256:`` and 64 hexadecimal digits.
        pushed_at: when it was pushed, in UTC.
        manifest: the exact bytes of its manifest, or None where they are not known.
        made_from: instead of a manifest, the words it is made from (see :mod:`fakeecr.store.manifests`).
        contents: what its manifest says; nothing for one that is made up.
        status: ``ACTIVE``, ``ARCHIVED`` or ``ACTIVATING``.
        pulled_at, archived_at, activated_at: when that happened last, in UTC; None for never.
    """

    digest: str
    pushed_at: datetime
    manifest: bytes | None = None
    made_from: str | None = None
    contents: Contents = NOTHING
    status: str = "ACTIVE"
    pulled_at: datetime | None = None
    archived_at: datetime | None = None
    activated_at: datetime | None = None

    def row(self, repository_id: int, *, tagged: bool) -> dict[str, Any]:
        """Give its row in the table of images."""
        return {
            "repository_id": repository_id,
            "digest": self.digest,
            "status": self.status,
            "tagged": tagged,
            "pushed_at": self.pushed_at,
            "manifest": self.manifest,
            "made_from": self.made_from,
            "media_type": self.contents.media_type,
            "artifact_media_type": self.contents.artifact_media_type,
            "artifact_type": self.contents.artifact_type,
            "size": self.contents.size,
            "subject": self.contents.subject,
            "pulled_at": self.pulled_at,
            "archived_at": self.archived_at,
            "activated_at": self.activated_at,
        }

    def reference_rows(self, repository_id: int, image_id: int) -> list[dict[str, Any]]:
        """Give its rows in the table of references."""
        return [
            {"image_id": image_id, "repository_id": repository_id, **reference._asdict()}
            for reference in self.contents.references
        ]


class MismatchError(ValueError):
    """What is said of an image does not fit together; `about` names what is wrong."""

    def __init__(self, about: str, problem: str) -> None:
        super().__init__(problem)
        self.about = about


def described(
    pushed_at: datetime,
    *,
    digest: str | None = None,
    manifest: bytes | None = None,
    media_type: str | None = None,
    size: int | None = None,
    platforms: Sequence[str] = (),
) -> NewImage:
    """Give an image as a test describes it; it has no digest if it is to be made up.

    Args:
        pushed_at: when it was pushed.
        digest: its digest; that of its manifest if it has one.
        manifest: the exact bytes of its manifest, which need not be one.
        media_type: the media type of a manifest that names none itself, or is known by its digest alone.
        size: its size in bytes; None for what its manifest says.
        platforms: those of an index that is to be made up.

    Raises:
        MismatchError: these contradict each other.
    """
    contents = NOTHING if media_type is None else Contents(media_type)
    if platforms and (manifest is not None or digest is not None):
        raise MismatchError("platforms", "the index of platforms is made up; it can have no digest or manifest")
    if manifest is not None:
        calculated = digest_of(manifest)
        if digest not in (None, calculated):
            raise MismatchError("digest", f"{digest} is not the manifest's, which is {calculated}")
        digest, contents = calculated, read_leniently(manifest, media_type)
    if media_type is not None and digest is None:
        raise MismatchError("media_type", "it goes with a manifest or a digest; a manifest that is made up has its own")
    if media_type not in (None, contents.media_type):
        raise MismatchError("media_type", f"the manifest has its own, {contents.media_type}")
    if size is not None:
        contents = contents._replace(size=size)
    return NewImage(digest or "", pushed_at, manifest, contents=contents)


class Known(NamedTuple):
    """An image that is there."""

    key: int
    digest: str
    status: str
    tagged: bool


# The statements of one image's push, written once: to write one anew takes several times as long as to run it.
_row = ImageIdentifier
_known = (Image.id, Image.digest, Image.status, Image.tagged)
_find_image = Prepared(
    select(*_known).where(Image.repository_id == bindparam("repository_id"), Image.digest == bindparam("digest"))
)
_new_image = Prepared(
    insert(Image)
    .values({column.name: bindparam(column.name) for column in Image.__table__.columns if column.name != "id"})
    .returning(Image.id)
)
_new_reference = Prepared(insert(ImageReference))
_set_tagged = Prepared(update(Image).where(Image.id == bindparam("key")).values(tagged=bindparam("is_tagged")))
_find_tag = Prepared(
    select(_row.id, _row.image_id).where(_row.repository_id == bindparam("repository_id"), _row.tag == bindparam("tag"))
)
_find_row = Prepared(select(_row.id).where(_row.image_id == bindparam("image_id")).limit(1))
_count_rows = Prepared(select(func.count()).select_from(_row).where(_row.image_id == bindparam("image_id")))
_remove_row = Prepared(delete(_row).where(_row.id == bindparam("key")))
# What a row carries of its image is copied by the database.
_new_row = Prepared(
    insert(_row).from_select(
        ["repository_id", "image_id", "digest", "tag", "image_status", "tagged"],
        select(
            Image.repository_id, Image.id, Image.digest, bindparam("tag", type_=String), Image.status, Image.tagged
        ).where(Image.id == bindparam("key")),
    )
)
_count_push = Prepared(
    update(Repository)
    .where(Repository.id == bindparam("key"))
    .values(pushes=Repository.pushes + 1)
    .returning(Repository.pushes)
)
_biggest = select(
    func.max(func.coalesce(Image.size, case((Image.made_from.is_not(None), len(EMPTY_BLOB)), else_=0)))
).where(Image.repository_id == bindparam("repository_id"), Image.digest.in_(bindparam("digests", expanding=True)))


# --- Found ---------------------------------------------------------------------------------------


def find(connection: Connection, repository_id: int, digest: str) -> Known | None:
    """Find an image by its digest."""
    found = _find_image.rows(connection, {"repository_id": repository_id, "digest": digest})
    return Known(*found[0]) if found else None


def find_all(connection: Connection, repository_id: int, digests: Collection[str]) -> dict[str, Known]:
    """Find images by their digests; those that are not there are left out."""
    return {
        row.digest: Known(*row)
        for some in in_chunks(digests)
        for row in connection.execute(
            select(*_known).where(Image.repository_id == repository_id, Image.digest.in_(some))
        )
    }


def find_tagged(connection: Connection, repository_id: int, tags: Collection[str]) -> dict[str, Known]:
    """Find images by their tags; tags that no image has are left out."""
    statement = (
        select(*_known, _row.tag)
        .join(Image, _row.image_id == Image.id)
        .where(_row.repository_id == repository_id, _row.tag.in_(tags))
    )
    return {str(row[-1]): Known(*row[:-1]) for row in connection.execute(statement)} if tags else {}


def holder_of(connection: Connection, repository_id: int, tag: str) -> int | None:
    """Give the key of the image that has a tag."""
    held = _find_tag.rows(connection, {"repository_id": repository_id, "tag": tag})
    return held[0][1] if held else None


def image_key(connection: Connection, repository_id: int, digest: str | None, tag: str | None) -> int | None:
    """Give the key of an image, known by its digest, or else by a tag; None where there is none."""
    if digest is None:
        return holder_of(connection, repository_id, tag or "")
    found = find(connection, repository_id, digest)
    return None if found is None else found.key


def count_tags(connection: Connection, image: Known) -> int:
    """Count an image's tags."""
    if not image.tagged:
        return 0
    count: int = _count_rows.rows(connection, {"image_id": image.key})[0][0]
    return count


def tags_of(connection: Connection, keys: Collection[int]) -> dict[int, list[str]]:
    """Give the tags of images, in the order in which they came; an image without one is left out."""
    statement = select(_row.image_id, _row.tag).where(_row.image_id.in_(keys), _row.tag.is_not(None)).order_by(_row.id)
    tags: dict[int, list[str]] = {}
    for key, tag in connection.execute(statement) if keys else ():
        tags.setdefault(key, []).append(str(tag))
    return tags


def manifests_of(connection: Connection, keys: Collection[int]) -> dict[int, tuple[bytes | None, str]]:
    """Give the manifests of images, None where one is not known, and their media types."""
    statement = select(Image.id, Image.manifest, Image.made_from, Image.media_type).where(Image.id.in_(keys))
    return {
        row.id: (
            row.manifest if row.made_from is None else made_manifest(row.made_from),
            row.media_type or OCI_MANIFEST,
        )
        for row in (connection.execute(statement) if keys else ())
    }


def lists_with(connection: Connection, repository_id: int, digests: Collection[str]) -> dict[str, list[str]]:
    """Give for each of these digests the lists and indexes that refer to it as one of their images, oldest first."""
    statement = (
        select(ImageReference.digest, Image.digest)
        .join(Image, ImageReference.image_id == Image.id)
        .where(
            ImageReference.repository_id == repository_id,
            ImageReference.digest.in_(digests),
            ImageReference.is_layer.is_(False),
        )
        .order_by(Image.id)
    )
    parents: dict[str, list[str]] = {}
    for child, parent in connection.execute(statement) if digests else ():
        parents.setdefault(child, []).append(parent)
    return parents


def all_of(connection: Connection, repository_id: int) -> list[tuple[Any, list[str], list[str]]]:
    """Give every image of a repository, by the time of its push, with its tags and the digests that it lists."""
    tags: dict[int, list[str]] = {}
    for key, tag in connection.execute(
        select(_row.image_id, _row.tag).where(_row.repository_id == repository_id, _row.tag.is_not(None))
    ):
        tags.setdefault(key, []).append(str(tag))
    lists: dict[int, list[str]] = {}
    listed = select(ImageReference.image_id, ImageReference.digest).where(
        ImageReference.repository_id == repository_id, ImageReference.is_layer.is_(False)
    )
    for key, digest in connection.execute(listed):
        lists.setdefault(key, []).append(digest)
    columns = (
        Image.id, Image.digest, Image.status, Image.pushed_at, Image.pulled_at, Image.archived_at, Image.activated_at,
        Image.subject,
    )  # fmt: skip
    oldest_first = (Image.pushed_at, Image.id)
    rows = connection.execute(select(*columns).where(Image.repository_id == repository_id).order_by(*oldest_first))
    return [(row, tags.get(row.id, []), lists.get(row.id, [])) for row in rows]


def as_new(connection: Connection, key: int, pushed_at: datetime) -> NewImage:
    """Give an image as one that is yet to be written: active, pushed now, never pulled or archived."""
    row = connection.execute(select(Image.__table__).where(Image.id == key)).one()
    references = connection.execute(
        select(ImageReference.digest, ImageReference.is_layer, ImageReference.media_type).where(
            ImageReference.image_id == key
        )
    )
    contents = Contents(
        row.media_type,
        row.artifact_media_type,
        row.artifact_type,
        row.size,
        row.subject,
        [Reference(*each) for each in references],
    )
    return NewImage(row.digest, pushed_at, row.manifest, row.made_from, contents)


# --- Written -------------------------------------------------------------------------------------


def put_image(
    connection: Connection,
    repository_id: int,
    image: NewImage,
    tags: Sequence[str] = (),
) -> None:
    """Write an image that may be there already, and give it tags, which leave the images that had them.

    An image that is there keeps what it has, its other tags and the moment of its first push among them.
    """
    put_found(connection, repository_id, find(connection, repository_id, image.digest), image, tags)


def put_found(
    connection: Connection,
    repository_id: int,
    found: Known | None,
    image: NewImage,
    tags: Sequence[str],
    *,
    restored_at: datetime | None = None,
) -> None:
    """Do what :func:`put_image` does, where it is known already whether the image is there.

    From `restored_at` on it is active, if that is given, and it was not.
    """
    if found is None:
        image_id = _insert(connection, repository_id, image, tagged=bool(tags))
    else:
        image_id = found.key
        if found.status != "ACTIVE" and restored_at is not None:
            set_status(connection, image_id, "ACTIVE", restored_at)
        if tags and not found.tagged:
            _become(connection, image_id, tagged=True)
    for tag in tags:
        _move_tag(connection, repository_id, image_id, tag)


def _insert(connection: Connection, repository_id: int, image: NewImage, *, tagged: bool) -> int:
    values = image.row(repository_id, tagged=tagged)
    if image.contents.references and values["size"] is None:
        values["size"] = size_of_list(connection, repository_id, image.contents)
    plain = {name: microseconds(value) if isinstance(value, datetime) else value for name, value in values.items()}
    image_id: int = _new_image.rows(connection, plain)[0][0]
    if image.contents.references:
        _new_reference.run_all(connection, image.reference_rows(repository_id, image_id))
    if not tagged:
        _new_row.run(connection, {"key": image_id, "tag": None})
    return image_id


def size_of_list(connection: Connection, repository_id: int, contents: Contents) -> int:
    """Give the size of a list: that of the biggest of its images that are there (model)."""
    found = [
        connection.execute(_biggest, {"repository_id": repository_id, "digests": some}).scalar()
        for some in in_chunks([child.digest for child in contents.references])
    ]
    return max((size for size in found if size is not None), default=0)


def measure_lists(connection: Connection, repository_id: int, lists: Mapping[str, Contents]) -> None:
    """Set the sizes of lists by those of their images, whichever of them came first."""
    pending = dict(lists)

    def measure(digest: str) -> None:
        contents = pending.pop(digest, None)
        if contents is not None:
            for child in contents.references:
                measure(child.digest)
            size = size_of_list(connection, repository_id, contents)
            mine = (Image.repository_id == repository_id, Image.digest == digest)
            connection.execute(update(Image).where(*mine).values(size=size))

    for digest in lists:
        measure(digest)


def _become(connection: Connection, image_id: int, *, tagged: bool) -> None:
    """Turn an image that has no tag now into one that is about to get its first, or into an untagged one."""
    for (row,) in _find_row.rows(connection, {"image_id": image_id}):
        _remove_row.run(connection, {"key": row})
    _set_tagged.run(connection, {"key": image_id, "is_tagged": tagged})
    if not tagged:
        _new_row.run(connection, {"key": image_id, "tag": None})


def _move_tag(connection: Connection, repository_id: int, image_id: int, tag: str) -> None:
    """Give an image a tag; the image that had it stays behind, untagged if it was its last."""
    held = _find_tag.rows(connection, {"repository_id": repository_id, "tag": tag})
    if held:
        row, holder = held[0]
        if holder == image_id:
            return
        _remove_row.run(connection, {"key": row})
        if not _find_row.rows(connection, {"image_id": holder}):
            _become(connection, holder, tagged=False)
    _new_row.run(connection, {"key": image_id, "tag": tag})


def set_status(connection: Connection, key: int, status: str, moment: datetime) -> None:
    """Archive an image, or activate it again."""
    when = {"archived_at": moment} if status == "ARCHIVED" else {"activated_at": moment}
    connection.execute(update(Image).where(Image.id == key).values(status=status, **when))


def pulled(connection: Connection, keys: Collection[int], moment: datetime) -> None:
    """Note that images were pulled."""
    if keys:
        connection.execute(update(Image).where(Image.id.in_(keys)).values(pulled_at=moment))


def remove_tags(connection: Connection, repository_id: int, tags: Collection[str]) -> None:
    """Take tags from images, none of which may lose its last."""
    if tags:
        connection.execute(delete(_row).where(_row.repository_id == repository_id, _row.tag.in_(tags)))


def delete_images(connection: Connection, keys: Iterable[int]) -> None:
    """Delete images with all that is theirs."""
    for some in in_chunks(keys):
        connection.execute(delete(Image).where(Image.id.in_(some)))


def make_up(connection: Connection, repository_id: int, name: str, platforms: Sequence[str] = ()) -> str:
    """Give the words for an image that the repository has not, by counting those that were made up for it."""
    while True:
        words = f"{name}#{_count_push.rows(connection, {'key': repository_id})[0][0]}"
        digest = digest_of(index(words, platforms)) if platforms else made_digest(words)
        # It is there where a seed brought what was made up elsewhere.
        if find(connection, repository_id, digest) is None:
            return words


def for_platforms(image: NewImage, platforms: Sequence[str]) -> list[NewImage]:
    """Give an index in place of a made-up image, preceded by an image for each of its platforms.

    Args:
        image: what the index and its images have in common; a size is that of each image.
        platforms: such as ``linux/arm64/v8``.
    """
    words = image.made_from or ""
    children = [
        image._replace(digest=made_digest(child), made_from=child)
        for child in (words_for(words, platform) for platform in platforms)
    ]
    content = index(words, platforms)
    listed = image._replace(digest=digest_of(content), manifest=content, made_from=None, contents=read(content))
    return [*children, listed]
