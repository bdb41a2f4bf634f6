"""Layers and other blobs: uploaded in parts, found, and read."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, literal, select, update

from fakeecr.store.manifests import EMPTY_BLOB, EMPTY_DIGEST, OCI_CONFIG, digest_of
from fakeecr.store.models import Image, ImageReference, Layer, LayerPart
from fakeecr.store.prepared import in_chunks


class Upload(NamedTuple):
    """An upload that is open.

    Attributes:
        key: its key.
        size: how many bytes it has received.
        parts: in how many parts.
    """

    key: int
    size: int
    parts: int


class FoundLayer(NamedTuple):
    """A layer that is there.

    Attributes:
        key: its key; None for the empty blob of an image that fakeecr made up.
        size: its size in bytes.
    """

    key: int | None
    size: int


# --- Uploaded ------------------------------------------------------------------------------------


def open_upload(connection: Connection, repository_id: int, upload_id: str) -> None:
    """Begin an upload."""
    connection.execute(insert(Layer).values(repository_id=repository_id, upload_id=upload_id))


def find_upload(connection: Connection, repository_id: int, upload_id: str) -> Upload | None:
    """Find an upload that is open."""
    statement = (
        select(Layer.id, Layer.size, func.count(LayerPart.first_byte))
        .outerjoin(LayerPart, LayerPart.layer_id == Layer.id)
        .where(Layer.repository_id == repository_id, Layer.upload_id == upload_id, Layer.digest.is_(None))
        .group_by(Layer.id, Layer.size)
    )
    row = connection.execute(statement).first()
    return None if row is None else Upload(*row)


def add_part(connection: Connection, upload: Upload, content: bytes) -> None:
    """Keep a part that follows what an upload has received."""
    connection.execute(insert(LayerPart).values(layer_id=upload.key, first_byte=upload.size, content=content))
    connection.execute(update(Layer).where(Layer.id == upload.key).values(size=upload.size + len(content)))


def smallest_part_but_the_last(connection: Connection, upload: Upload) -> int | None:
    """Give the size in bytes of the smallest part that another follows; None where there is none."""
    size = func.length(LayerPart.content)
    last = select(func.max(LayerPart.first_byte)).where(LayerPart.layer_id == upload.key).scalar_subquery()
    statement = select(func.min(size)).where(LayerPart.layer_id == upload.key, LayerPart.first_byte < last)
    return connection.execute(statement).scalar()


def digest_of_upload(connection: Connection, upload: Upload) -> str:
    """Calculate the digest of what an upload has received, part by part."""
    return _digest_of(connection, upload.key)


def _digest_of(connection: Connection, key: int) -> str:
    hashed = hashlib.sha256()
    for part in _parts(connection, key):
        hashed.update(part)
    return f"sha256:{hashed.hexdigest()}"


def complete_upload(connection: Connection, repository_id: int, upload: Upload, digest: str) -> None:
    """Close an upload: from now on it is a layer. Others that received the same are dropped (observed)."""
    others = select(Layer.id).where(
        Layer.repository_id == repository_id,
        Layer.digest.is_(None),
        Layer.size == upload.size,
        Layer.id != upload.key,
    )
    for key in connection.execute(others).scalars().all():
        if _digest_of(connection, key) == digest:
            connection.execute(delete(Layer).where(Layer.id == key))
    connection.execute(update(Layer).where(Layer.id == upload.key).values(digest=digest, upload_id=None))


def add_layer(connection: Connection, repository_id: int, content: bytes) -> str:
    """Write a layer that may be there already, and give its digest."""
    digest = digest_of(content)
    if not kept_layers(connection, repository_id, [digest]):
        values = {"repository_id": repository_id, "digest": digest, "size": len(content)}
        key = connection.execute(insert(Layer).values(**values).returning(Layer.id)).scalar_one()
        connection.execute(insert(LayerPart).values(layer_id=key, first_byte=0, content=content))
    return digest


def copy_layer(connection: Connection, source: int, target: int, digest: str) -> None:
    """Copy a layer from one repository to another, if it is there, and not here already."""
    found = find_layers(connection, source, [digest]).get(digest)
    if found is not None and not kept_layers(connection, target, [digest]):
        add_layer(connection, target, content_of(connection, found))


# --- Found ---------------------------------------------------------------------------------------


def find_layers(connection: Connection, repository_id: int, digests: Collection[str]) -> dict[str, FoundLayer]:
    """Find layers by their digests, that of images which fakeecr made up included; others are left out."""
    found = kept_layers(connection, repository_id, digests)
    if EMPTY_DIGEST in digests and EMPTY_DIGEST not in found and _has_made_up(connection, repository_id):
        found[EMPTY_DIGEST] = FoundLayer(None, len(EMPTY_BLOB))
    return found


def kept_layers(connection: Connection, repository_id: int, digests: Collection[str]) -> dict[str, FoundLayer]:
    """Find layers that were brought, which stay whatever becomes of images that fakeecr made up."""
    layer = select(Layer.digest, Layer.id, Layer.size).where(Layer.repository_id == repository_id)
    return {
        str(digest): FoundLayer(key, size)
        for some in in_chunks(digests)
        for digest, key, size in connection.execute(layer.where(Layer.digest.in_(some)))
    }


def _has_made_up(connection: Connection, repository_id: int) -> bool:
    statement = select(Image.id).where(Image.repository_id == repository_id, Image.made_from.is_not(None))
    return connection.execute(statement.limit(1)).first() is not None


class Use(NamedTuple):
    """An image that refers to a layer: its status, and the media type that it gives the layer."""

    status: str
    media_type: str | None


def use_of(connection: Connection, repository_id: int, digest: str) -> Use | None:
    """Give an image that refers to a layer, an active one if there is any; None where there is none at all."""
    refers = select(Image.status, ImageReference.media_type).join(Image, ImageReference.image_id == Image.id)
    refers = refers.where(_refers_to(repository_id, digest))
    made_up = select(Image.status, literal(OCI_CONFIG)).where(
        Image.repository_id == repository_id, Image.made_from.is_not(None)
    )
    candidates = [refers, made_up] if digest == EMPTY_DIGEST else [refers]
    for statement in [*(each.where(Image.status == "ACTIVE") for each in candidates), *candidates]:
        found = connection.execute(statement.limit(1)).first()
        if found is not None:
            return Use(*found)
    return None


def pulled(connection: Connection, repository_id: int, digest: str, moment: datetime) -> None:
    """Note that the active images that refer to a layer were pulled; not those that fakeecr made up."""
    images = select(ImageReference.image_id).where(_refers_to(repository_id, digest))
    connection.execute(update(Image).where(Image.id.in_(images), Image.status == "ACTIVE").values(pulled_at=moment))


def _refers_to(repository_id: int, digest: str) -> ColumnElement[bool]:
    return and_(
        ImageReference.repository_id == repository_id,
        ImageReference.digest == digest,
        ImageReference.is_layer.is_(True),
    )


def content_of(connection: Connection, layer: FoundLayer) -> bytes:
    """Read a layer."""
    return EMPTY_BLOB if layer.key is None else b"".join(_parts(connection, layer.key))


def layers_of(connection: Connection, repository_id: int) -> Iterator[bytes]:
    """Read every layer of a repository, oldest first."""
    statement = select(Layer.id).where(Layer.repository_id == repository_id, Layer.digest.is_not(None))
    for key in connection.execute(statement.order_by(Layer.id)).scalars().all():
        yield b"".join(_parts(connection, key))


def _parts(connection: Connection, key: int) -> Iterator[Any]:
    first_bytes = select(LayerPart.first_byte).where(LayerPart.layer_id == key).order_by(LayerPart.first_byte)
    for first_byte in connection.execute(first_bytes).scalars().all():
        # One at a time: a layer may be of any size.
        statement = select(LayerPart.content).where(LayerPart.layer_id == key, LayerPart.first_byte == first_byte)
        yield connection.execute(statement).scalar_one()
