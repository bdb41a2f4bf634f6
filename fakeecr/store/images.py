"""Images and their tags: read, written, moved and deleted, so that every identifier agrees with its image."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, String, bindparam, case, delete, func, insert, select, update

from fakeecr.rules.manifests import EMPTY_BLOB, NO_CONTENTS, Contents, Reference
from fakeecr.store.models import Image, ImageIdentifier, ImageReference, Repository, microseconds
from fakeecr.store.prepared import Prepared, in_chunks


class NewImage(NamedTuple):
    """An image to be stored.

    Attributes:
        digest: ``sha256:`` and 64 hexadecimal digits.
        pushed_at: when it was pushed, in UTC.
        manifest: the exact bytes of its manifest; None if they are not known, or if the image is made up.
        made_from: for a made-up image, the words that its manifest is made from.
        contents: what its manifest says; nothing for one that is made up.
        status: ``ACTIVE``, ``ARCHIVED`` or ``ACTIVATING``.
        pulled_at, archived_at, activated_at: when that last happened, in UTC; None if never.
    """

    digest: str
    pushed_at: datetime
    manifest: bytes | None = None
    made_from: str | None = None
    contents: Contents = NO_CONTENTS
    status: str = "ACTIVE"
    pulled_at: datetime | None = None
    archived_at: datetime | None = None
    activated_at: datetime | None = None

    def row(self, repository_id: int, *, tagged: bool) -> dict[str, Any]:
        """Return its row in the table of images."""
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
        """Return its rows in the table of references."""
        return [
            {"image_id": image_id, "repository_id": repository_id, **reference._asdict()}
            for reference in self.contents.references
        ]


class StoredImage(NamedTuple):
    """An image as an operation on it needs it."""

    key: int
    digest: str
    status: str
    tagged: bool


class StoredTag(NamedTuple):
    """A tag: the key of its identifier, and the key of the image that has it."""

    key: int
    image_key: int


class StoredManifest(NamedTuple):
    """The manifest of an image.

    Attributes:
        content: its exact bytes; None if they are not known, or if the image is made up.
        made_from: for a made-up image, the words that its manifest is made from.
        media_type: the image's media type; None for a made-up image, or if it is not known.
    """

    content: bytes | None
    made_from: str | None
    media_type: str | None


class ImageWithRelations(NamedTuple):
    """An image with its tags, and the digests of the images that it lists."""

    key: int
    digest: str
    status: str
    pushed_at: datetime
    pulled_at: datetime | None
    archived_at: datetime | None
    activated_at: datetime | None
    subject: str | None
    tags: Sequence[str] = ()
    children: Sequence[str] = ()


# The statements of a push are compiled once: compiling one takes several times as long as running it.
_identifier = ImageIdentifier
_TIMESTAMPS = ("pushed_at", "pulled_at", "archived_at", "activated_at")
_image_columns = (Image.id, Image.digest, Image.status, Image.tagged)
_get_image = Prepared(
    select(*_image_columns).where(
        Image.repository_id == bindparam("repository_id"), Image.digest == bindparam("digest")
    )
)
_insert_image = Prepared(
    insert(Image)
    .values({column.name: bindparam(column.name) for column in Image.__table__.columns if column.name != "id"})
    .returning(Image.id)
)
_insert_reference = Prepared(insert(ImageReference))
_set_tagged = Prepared(update(Image).where(Image.id == bindparam("key")).values(tagged=bindparam("is_tagged")))
_get_tag = Prepared(
    select(_identifier.id, _identifier.image_id).where(
        _identifier.repository_id == bindparam("repository_id"), _identifier.tag == bindparam("tag")
    )
)
_get_identifier = Prepared(select(_identifier.id).where(_identifier.image_id == bindparam("image_id")).limit(1))
_count_identifiers = Prepared(
    select(func.count()).select_from(_identifier).where(_identifier.image_id == bindparam("image_id"))
)
_delete_identifier = Prepared(delete(_identifier).where(_identifier.id == bindparam("key")))
# The database copies the image's columns into the identifier.
_insert_identifier = Prepared(
    insert(_identifier).from_select(
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
# A made-up image, of which no size is stored, has the size of its config.
_largest_size = select(
    func.max(func.coalesce(Image.size, case((Image.made_from.is_not(None), len(EMPTY_BLOB)), else_=0)))
).where(Image.repository_id == bindparam("repository_id"), Image.digest.in_(bindparam("digests", expanding=True)))


# --- Read ----------------------------------------------------------------------------------------


def get_image(connection: Connection, repository_id: int, digest: str) -> StoredImage | None:
    """Return an image by its digest, or None if the repository does not have it."""
    rows = _get_image.rows(connection, {"repository_id": repository_id, "digest": digest})
    return StoredImage(*rows[0]) if rows else None


def get_images(connection: Connection, repository_id: int, digests: Collection[str]) -> dict[str, StoredImage]:
    """Return images by their digests; missing ones are left out."""
    return {
        row.digest: StoredImage(*row)
        for chunk in in_chunks(digests)
        for row in connection.execute(
            select(*_image_columns).where(Image.repository_id == repository_id, Image.digest.in_(chunk))
        )
    }


def get_digests(connection: Connection, repository_id: int, beginning: str) -> list[str]:
    """Return two digests of a repository's images, or fewer, that begin with a text."""
    statement = (
        select(Image.digest)
        .where(Image.repository_id == repository_id, Image.digest >= beginning)
        # Between the digits of digests and everything that could follow one.
        .where(Image.digest < f"{beginning}g")
        .order_by(Image.digest)
        .limit(2)
    )
    return list(connection.execute(statement).scalars())


def get_images_by_tag(connection: Connection, repository_id: int, tags: Collection[str]) -> dict[str, StoredImage]:
    """Return images by their tags; tags that no image has are left out."""
    if not tags:
        return {}
    statement = (
        select(*_image_columns, _identifier.tag)
        .join(Image, _identifier.image_id == Image.id)
        .where(_identifier.repository_id == repository_id, _identifier.tag.in_(tags))
    )
    return {str(row[-1]): StoredImage(*row[:-1]) for row in connection.execute(statement)}


def get_tag(connection: Connection, repository_id: int, tag: str) -> StoredTag | None:
    """Return a tag, or None if no image has it."""
    rows = _get_tag.rows(connection, {"repository_id": repository_id, "tag": tag})
    return StoredTag(*rows[0]) if rows else None


def get_tag_rows(connection: Connection, repository_id: int, tags: Iterable[str]) -> dict[str, StoredTag | None]:
    """Return tags by their names, None for a tag that no image has, as :func:`put_image` takes them."""
    return {tag: get_tag(connection, repository_id, tag) for tag in tags}


def count_tags(connection: Connection, image: StoredImage) -> int:
    """Return the number of an image's tags."""
    if not image.tagged:
        return 0
    count: int = _count_identifiers.rows(connection, {"image_id": image.key})[0][0]
    return count


def get_tags(connection: Connection, keys: Collection[int]) -> dict[int, list[str]]:
    """Return the tags of images by the images' keys, oldest tag first; untagged images are left out."""
    return _read_tags(connection, _identifier.image_id.in_(keys)) if keys else {}


def get_all_tags(connection: Connection, repository_id: int) -> dict[int, list[str]]:
    """Return the tags of all images of a repository, as :func:`get_tags` does."""
    return _read_tags(connection, _identifier.repository_id == repository_id)


def _read_tags(connection: Connection, condition: ColumnElement[bool]) -> dict[int, list[str]]:
    statement = select(_identifier.image_id, _identifier.tag).where(condition, _identifier.tag.is_not(None))
    tags: dict[int, list[str]] = {}
    for key, tag in connection.execute(statement.order_by(_identifier.id)):
        tags.setdefault(key, []).append(str(tag))
    return tags


def get_manifests(connection: Connection, keys: Collection[int]) -> dict[int, StoredManifest]:
    """Return the manifests of images by the images' keys."""
    return _read_manifests(connection, Image.id.in_(keys)) if keys else {}


def get_all_manifests(connection: Connection, repository_id: int) -> dict[int, StoredManifest]:
    """Return the manifests of all images of a repository by the images' keys."""
    return _read_manifests(connection, Image.repository_id == repository_id)


def _read_manifests(connection: Connection, condition: ColumnElement[bool]) -> dict[int, StoredManifest]:
    statement = select(Image.id, Image.manifest, Image.made_from, Image.media_type).where(condition)
    return {row.id: StoredManifest(*row[1:]) for row in connection.execute(statement)}


def get_lists_of(connection: Connection, repository_id: int, digests: Collection[str]) -> dict[str, list[str]]:
    """Return, for each of these digests, the digests of the lists that contain it, oldest first."""
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
    lists: dict[str, list[str]] = {}
    for child, parent in connection.execute(statement) if digests else ():
        lists.setdefault(child, []).append(parent)
    return lists


def get_made_up_status(connection: Connection, repository_id: int) -> str | None:
    """Return the status of an image that fakeecr made up, an active one if there is one; None if there is none."""
    statement = select(Image.status).where(Image.repository_id == repository_id, Image.made_from.is_not(None)).limit(1)
    active = connection.execute(statement.where(Image.status == "ACTIVE")).scalar()
    return active or connection.execute(statement).scalar()


def all_with_relations(connection: Connection, repository_id: int) -> list[ImageWithRelations]:
    """Return every image of a repository with its tags and the images that it lists, in the order of their pushes."""
    tags = get_all_tags(connection, repository_id)
    children: dict[int, list[str]] = {}
    for key, digest in connection.execute(
        select(ImageReference.image_id, ImageReference.digest).where(
            ImageReference.repository_id == repository_id, ImageReference.is_layer.is_(False)
        )
    ):
        children.setdefault(key, []).append(digest)
    statement = (
        select(
            Image.id,
            Image.digest,
            Image.status,
            Image.pushed_at,
            Image.pulled_at,
            Image.archived_at,
            Image.activated_at,
            Image.subject,
        )
        .where(Image.repository_id == repository_id)
        .order_by(Image.pushed_at, Image.id)
    )
    return [
        ImageWithRelations(*row, tags=tags.get(row.id, ()), children=children.get(row.id, ()))
        for row in connection.execute(statement)
    ]


def get_as_new(connection: Connection, key: int, pushed_at: datetime) -> NewImage:
    """Return a stored image as one to be stored elsewhere: active, pushed now, never pulled or archived."""
    row = connection.execute(select(Image.__table__).where(Image.id == key)).one()
    references = connection.execute(
        select(ImageReference.digest, ImageReference.is_layer, ImageReference.media_type).where(
            ImageReference.image_id == key
        )
    )
    contents = Contents(
        media_type=row.media_type,
        artifact_media_type=row.artifact_media_type,
        artifact_type=row.artifact_type,
        size=row.size,
        subject=row.subject,
        references=[Reference(*reference) for reference in references],
    )
    return NewImage(row.digest, pushed_at, row.manifest, row.made_from, contents)


# --- Written -------------------------------------------------------------------------------------


def put_image(
    connection: Connection,
    repository_id: int,
    existing: StoredImage | None,
    image: NewImage,
    tags: Mapping[str, StoredTag | None],
    *,
    restored_at: datetime | None = None,
) -> StoredImage:
    """Store an image, unless the repository has it, and give it tags, which other images lose.

    An image that the repository has keeps everything else, such as its other tags and the time of its first push.

    Args:
        connection: a writing transaction.
        repository_id: the repository's key.
        existing: the image of this digest, as :func:`get_image` returned it.
        image: the image to be stored.
        tags: the tags by their names, as :func:`get_tag_rows` returned them.
        restored_at: when an image that is not active becomes active again; None if it stays as it is.

    Returns:
        The image as it is stored now.
    """
    if existing is None:
        key = _insert(connection, repository_id, image, tagged=bool(tags))
        stored = StoredImage(key, image.digest, image.status, bool(tags))
    else:
        stored = existing
        if stored.status != "ACTIVE" and restored_at is not None:
            set_status(connection, stored.key, "ACTIVE", restored_at)
            stored = stored._replace(status="ACTIVE")
        if tags and not stored.tagged:
            _replace_identifiers(connection, stored.key, tagged=True)
            stored = stored._replace(tagged=True)
    for name, tag in tags.items():
        _move_tag(connection, stored.key, name, tag)
    return stored


def _insert(connection: Connection, repository_id: int, image: NewImage, *, tagged: bool) -> int:
    values = image.row(repository_id, tagged=tagged)
    if image.contents.references and values["size"] is None:
        values["size"] = largest_size(connection, repository_id, image.contents)
    for name in _TIMESTAMPS:
        if values[name] is not None:
            values[name] = microseconds(values[name])
    key: int = _insert_image.rows(connection, values)[0][0]
    if image.contents.references:
        _insert_reference.run_all(connection, image.reference_rows(repository_id, key))
    if not tagged:
        _insert_identifier.run(connection, {"key": key, "tag": None})
    return key


def _replace_identifiers(connection: Connection, image_key: int, *, tagged: bool) -> None:
    """Remove the identifier without a tag before an image gets its first tag, or add it after the last one is lost."""
    for (key,) in _get_identifier.rows(connection, {"image_id": image_key}):
        _delete_identifier.run(connection, {"key": key})
    _set_tagged.run(connection, {"key": image_key, "is_tagged": tagged})
    if not tagged:
        _insert_identifier.run(connection, {"key": image_key, "tag": None})


def _move_tag(connection: Connection, image_key: int, name: str, tag: StoredTag | None) -> None:
    """Give an image a tag; the image that had it becomes untagged if it has no other."""
    if tag is not None:
        if tag.image_key == image_key:
            return
        _delete_identifier.run(connection, {"key": tag.key})
        if not _get_identifier.rows(connection, {"image_id": tag.image_key}):
            _replace_identifiers(connection, tag.image_key, tagged=False)
    _insert_identifier.run(connection, {"key": image_key, "tag": name})


def largest_size(connection: Connection, repository_id: int, contents: Contents) -> int:
    """Return the size of a list: that of the largest of its images in the repository [model]."""
    digests = [child.digest for child in contents.references]
    sizes = [
        connection.execute(_largest_size, {"repository_id": repository_id, "digests": chunk}).scalar()
        for chunk in in_chunks(digests)
    ]
    return max((size for size in sizes if size is not None), default=0)


def set_list_sizes(connection: Connection, repository_id: int, lists: Mapping[str, Contents]) -> None:
    """Set the size of each list to that of its largest image, which may itself be one of these lists."""
    pending = dict(lists)

    def measure(digest: str) -> None:
        contents = pending.pop(digest, None)
        if contents is not None:
            for child in contents.references:
                measure(child.digest)
            size = largest_size(connection, repository_id, contents)
            condition = (Image.repository_id == repository_id, Image.digest == digest)
            connection.execute(update(Image).where(*condition).values(size=size))

    for digest in lists:
        measure(digest)


def set_status(connection: Connection, key: int, status: str, moment: datetime) -> None:
    """Archive an image, or activate it again."""
    changed_at = {"archived_at": moment} if status == "ARCHIVED" else {"activated_at": moment}
    connection.execute(update(Image).where(Image.id == key).values(status=status, **changed_at))


def set_pulled(connection: Connection, keys: Collection[int], moment: datetime) -> None:
    """Record a pull of images."""
    if keys:
        connection.execute(update(Image).where(Image.id.in_(keys)).values(pulled_at=moment))


def remove_tags(connection: Connection, repository_id: int, tags: Collection[str]) -> None:
    """Remove tags from images; each image must have another tag, because its identifiers are not replaced."""
    if tags:
        connection.execute(
            delete(_identifier).where(_identifier.repository_id == repository_id, _identifier.tag.in_(tags))
        )


def delete_images(connection: Connection, keys: Iterable[int]) -> None:
    """Delete images with their tags, references and documents."""
    for chunk in in_chunks(keys):
        connection.execute(delete(Image).where(Image.id.in_(chunk)))


def count_push(connection: Connection, repository_id: int) -> int:
    """Count one more image that fakeecr makes up for a repository, and return the number."""
    number: int = _count_push.rows(connection, {"key": repository_id})[0][0]
    return number
