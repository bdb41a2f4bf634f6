"""Layers and other blobs: uploads, parts, contents, and the images that refer to them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, select, update

from fakeecr.store.models import Image, ImageReference, Layer, LayerPart
from fakeecr.store.prepared import in_chunks


class Upload(NamedTuple):
    """An open upload.

    Attributes:
        key: its key.
        size: the number of bytes received.
        parts: the number of parts received.
    """

    key: int
    size: int
    parts: int


class StoredLayer(NamedTuple):
    """A layer: its key and its size in bytes."""

    key: int
    size: int


class LayerUse(NamedTuple):
    """How an image uses a layer: the image's status, and the media type that it gives the layer."""

    status: str
    media_type: str | None


# --- Uploads -------------------------------------------------------------------------------------


def create_upload(connection: Connection, repository_id: int, upload_id: str) -> None:
    """Open an upload."""
    connection.execute(insert(Layer).values(repository_id=repository_id, upload_id=upload_id))


def get_upload(connection: Connection, repository_id: int, upload_id: str) -> Upload | None:
    """Return an open upload, or None if there is none of this id."""
    statement = (
        select(Layer.id, Layer.size, func.count(LayerPart.first_byte))
        .outerjoin(LayerPart, LayerPart.layer_id == Layer.id)
        .where(Layer.repository_id == repository_id, Layer.upload_id == upload_id, Layer.digest.is_(None))
        .group_by(Layer.id, Layer.size)
    )
    row = connection.execute(statement).first()
    return None if row is None else Upload(*row)


def add_part(connection: Connection, upload: Upload, content: bytes) -> None:
    """Store a part that follows what an upload has received."""
    _insert_part(connection, upload.key, upload.size, content)
    connection.execute(update(Layer).where(Layer.id == upload.key).values(size=upload.size + len(content)))


def smallest_part_but_the_last(connection: Connection, upload: Upload) -> int | None:
    """Return the size of the smallest part that another part follows, or None if there is no such part."""
    last = select(func.max(LayerPart.first_byte)).where(LayerPart.layer_id == upload.key).scalar_subquery()
    statement = select(func.min(func.length(LayerPart.content)))
    return connection.execute(statement.where(LayerPart.layer_id == upload.key, LayerPart.first_byte < last)).scalar()


def digest_of_upload(connection: Connection, upload: Upload) -> str:
    """Return the digest of what an upload has received, calculated part by part."""
    return digest_of(connection, upload.key)


def digest_of(connection: Connection, key: int) -> str:
    """Return the digest of the bytes of a layer or an open upload, calculated part by part."""
    sha256 = hashlib.sha256()
    for part in parts_of(connection, key):
        sha256.update(part)
    return f"sha256:{sha256.hexdigest()}"


def complete_upload(connection: Connection, repository_id: int, upload: Upload, digest: str) -> None:
    """Turn an upload into a layer; other uploads that received the same bytes are dropped [observed]."""
    others = select(Layer.id).where(
        Layer.repository_id == repository_id,
        Layer.digest.is_(None),
        Layer.size == upload.size,
        Layer.id != upload.key,
    )
    for key in connection.execute(others).scalars().all():
        if digest_of(connection, key) == digest:
            connection.execute(delete(Layer).where(Layer.id == key))
    connection.execute(update(Layer).where(Layer.id == upload.key).values(digest=digest, upload_id=None))


# --- Layers --------------------------------------------------------------------------------------


def get_layers(connection: Connection, repository_id: int, digests: Collection[str]) -> dict[str, StoredLayer]:
    """Return layers by their digests; missing ones are left out."""
    layer = select(Layer.digest, Layer.id, Layer.size).where(Layer.repository_id == repository_id)
    return {
        str(digest): StoredLayer(key, size)
        for chunk in in_chunks(digests)
        for digest, key, size in connection.execute(layer.where(Layer.digest.in_(chunk)))
    }


def add_layer(connection: Connection, repository_id: int, digest: str, size: int, parts: Iterable[bytes]) -> None:
    """Store a layer, unless the repository has it already; then its parts are not read.

    Args:
        connection: the transaction.
        repository_id: the key of the repository.
        digest: the digest of all parts together.
        size: the number of bytes in all parts together.
        parts: its bytes, stored part by part, because a layer may be larger than memory.
    """
    if get_layers(connection, repository_id, [digest]):
        return
    values = {"repository_id": repository_id, "digest": digest, "size": size}
    key = connection.execute(insert(Layer).values(**values).returning(Layer.id)).scalar_one()
    first_byte = 0
    for part in parts:
        _insert_part(connection, key, first_byte, part)
        first_byte += len(part)


def _insert_part(connection: Connection, key: int, first_byte: int, content: bytes) -> None:
    # As parameters of the execution: SQLAlchemy keeps the statement, and with it any values inside.
    connection.execute(insert(LayerPart), {"layer_id": key, "first_byte": first_byte, "content": content})


def contents_of_repository(connection: Connection, repository_id: int) -> Iterator[bytes]:
    """Return the bytes of every layer of a repository, oldest first."""
    statement = select(Layer.id).where(Layer.repository_id == repository_id, Layer.digest.is_not(None))
    for key in connection.execute(statement.order_by(Layer.id)).scalars().all():
        yield b"".join(parts_of(connection, key))


def parts_of(connection: Connection, key: int) -> Iterator[bytes]:
    """Yield the bytes of a layer or an open upload part by part."""
    first_bytes = select(LayerPart.first_byte).where(LayerPart.layer_id == key).order_by(LayerPart.first_byte)
    for first_byte in connection.execute(first_bytes).scalars().all():
        # One part at a time, because a layer may be larger than memory.
        statement = select(LayerPart.content).where(LayerPart.layer_id == key, LayerPart.first_byte == first_byte)
        yield connection.execute(statement).scalar_one()


def piece_of(connection: Connection, key: int, digest: str, start: int, size: int) -> bytes:
    """Return bytes of a layer from a position on: at most `size`, and no more than one part has.

    There are none at its end, and none if the layer with this key has another digest, or does not exist any more.
    """
    statement = (
        select(LayerPart.first_byte, func.substr(LayerPart.content, start - LayerPart.first_byte + 1, size))
        .join(Layer, Layer.id == LayerPart.layer_id)
        .where(LayerPart.layer_id == key, Layer.digest == digest, LayerPart.first_byte <= start)
        .order_by(LayerPart.first_byte.desc())
        .limit(1)
    )
    row = connection.execute(statement).first()
    return b"" if row is None else bytes(row[1])


# --- Images that use them ------------------------------------------------------------------------


def get_use(connection: Connection, repository_id: int, digest: str) -> LayerUse | None:
    """Return how an image uses a layer, an active image if there is one, or None if no image does."""
    statement = (
        select(Image.status, ImageReference.media_type)
        .join(Image, ImageReference.image_id == Image.id)
        .where(_refers_to(repository_id, digest))
        .limit(1)
    )
    row = connection.execute(statement.where(Image.status == "ACTIVE")).first() or connection.execute(statement).first()
    return None if row is None else LayerUse(*row)


def set_pulled(connection: Connection, repository_id: int, digest: str, moment: datetime) -> None:
    """Record a pull of the active images that refer to a layer, except those that fakeecr made up."""
    image_ids = select(ImageReference.image_id).where(_refers_to(repository_id, digest))
    connection.execute(update(Image).where(Image.id.in_(image_ids), Image.status == "ACTIVE").values(pulled_at=moment))


def _refers_to(repository_id: int, digest: str) -> ColumnElement[bool]:
    return and_(
        ImageReference.repository_id == repository_id,
        ImageReference.digest == digest,
        ImageReference.is_layer.is_(True),
    )
