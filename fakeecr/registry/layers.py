"""Layers and their uploads, including the empty config that all made-up images share."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple
from uuid import uuid4

from fakeecr import aws_errors, clock
from fakeecr.registry import hints
from fakeecr.registry.call import Call
from fakeecr.registry.exclusions import records_pulls
from fakeecr.rules import quotas
from fakeecr.rules.manifests import EMPTY_BLOB, EMPTY_DIGEST, OCI_CONFIG
from fakeecr.store import images, layers
from fakeecr.store.layers import LayerUse, StoredLayer, Upload
from fakeecr.store.repositories import StoredRepository


class Layer(NamedTuple):
    """A layer that a repository has.

    Attributes:
        size: its size in bytes.
        stored: where its bytes are; None for the empty config of made-up images.
    """

    size: int
    stored: StoredLayer | None


# --- Uploads -------------------------------------------------------------------------------------


def begin_upload(call: Call, repository: StoredRepository) -> str:
    """Begin an upload, and return its id."""
    upload_id = str(uuid4())
    layers.create_upload(call.connection, repository.key, upload_id)
    return upload_id


def find_upload(call: Call, repository: StoredRepository, upload_id: str) -> Upload:
    """Return an open upload.

    Raises:
        ECRError: an UploadNotFoundException.
    """
    upload = layers.get_upload(call.connection, repository.key, upload_id)
    if upload is None:
        raise aws_errors.upload_not_found(upload_id, repository)
    return upload


def add_part(
    call: Call, repository: StoredRepository, upload_id: str, content: bytes, first_byte: int, last_byte: int
) -> None:
    """Add the next part to an upload; whether it is large enough is checked when the upload is completed.

    Raises:
        ECRError: an UploadNotFoundException, InvalidLayerPartException or LimitExceededException.
    """
    upload = find_upload(call, repository, upload_id)
    problem = None
    if first_byte != upload.size:
        problem = f"The part begins at byte {first_byte} instead of {upload.size}, where the last part ended"
    elif last_byte - first_byte + 1 != len(content) or not content:
        problem = f"The part has {len(content)} bytes, which are not those from {first_byte} to {last_byte}"
    if problem:
        raise aws_errors.invalid_layer_part(problem, upload_id, repository, upload.size)
    if upload.parts >= quotas.PARTS_PER_LAYER:
        raise aws_errors.layer_too_big(upload_id, repository, f"number of parts which is '{quotas.PARTS_PER_LAYER}'")
    if upload.size + len(content) > quotas.LARGEST_LAYER:
        raise aws_errors.layer_too_big(
            upload_id, repository, f"size of a layer which is '{quotas.LARGEST_LAYER}' bytes"
        )
    layers.add_part(call.connection, upload, content)


def complete_upload(call: Call, repository: StoredRepository, upload_id: str, digests: Collection[str]) -> str:
    """Turn an upload into a layer, and return its digest, which every given digest must be equal to.

    Raises:
        ECRError: an UploadNotFoundException, EmptyUploadException, LayerPartTooSmallException, InvalidLayerException
            or LayerAlreadyExistsException.
    """
    upload = find_upload(call, repository, upload_id)
    if not upload.parts:
        raise aws_errors.empty_upload(upload_id, repository)
    smallest = layers.smallest_part_but_the_last(call.connection, upload)
    if smallest is not None and smallest < quotas.SMALLEST_LAYER_PART:
        raise aws_errors.layer_part_too_small(upload_id, repository, quotas.SMALLEST_LAYER_PART)
    calculated = layers.digest_of_upload(call.connection, upload)
    for digest in digests:
        if digest != calculated:
            raise aws_errors.invalid_layer(digest, calculated)
    if layers.get_layers(call.connection, repository.key, [calculated]):
        raise aws_errors.layer_already_exists(calculated, repository)
    layers.complete_upload(call.connection, repository.key, upload, calculated)
    return calculated


# --- Layers --------------------------------------------------------------------------------------


def get_layers(call: Call, repository_key: int, digests: Collection[str]) -> dict[str, Layer]:
    """Return a repository's layers by their digests; missing ones are left out."""
    stored = layers.get_layers(call.connection, repository_key, digests)
    available = {digest: Layer(layer.size, layer) for digest, layer in stored.items()}
    if EMPTY_DIGEST in digests and EMPTY_DIGEST not in stored:
        status = images.get_made_up_status(call.connection, repository_key)
        if status is not None:
            available[EMPTY_DIGEST] = Layer(len(EMPTY_BLOB), None)
    return available


def get_use(call: Call, repository_key: int, digest: str) -> LayerUse | None:
    """Return the use of a layer by an image, preferably an active one, or None if no image uses the layer.

    Every made-up image uses the empty config, although no reference to it is stored.
    """
    use = layers.get_use(call.connection, repository_key, digest)
    if digest == EMPTY_DIGEST and (use is None or use.status != "ACTIVE"):
        status = images.get_made_up_status(call.connection, repository_key)
        if status is not None and (use is None or status == "ACTIVE"):
            return LayerUse(status, OCI_CONFIG)
    return use


def pull_layer(call: Call, repository: StoredRepository, digest: str) -> Layer:
    """Return a layer that images use, and record the pull.

    Raises:
        ECRError: a LayersNotFoundException or LayerInaccessibleException.
    """
    layer = get_layers(call, repository.key, [digest]).get(digest)
    if layer is None:
        raise hints.layer_not_found(call, digest, repository)
    use = get_use(call, repository.key, digest)
    if use is None:
        raise aws_errors.layer_inaccessible(digest, "it is not associated with an image")
    if use.status != "ACTIVE":
        raise aws_errors.layer_inaccessible(digest, "the images that it is associated with are archived")
    if records_pulls(call, repository):
        layers.set_pulled(call.connection, repository.key, digest, clock.now())
    return layer


def parts_of(call: Call, layer: Layer) -> Iterable[bytes]:
    """Return the bytes of a layer, part by part."""
    return [EMPTY_BLOB] if layer.stored is None else layers.parts_of(call.connection, layer.stored.key)


def copy_layer(call: Call, source_key: int, target_key: int, digest: str) -> None:
    """Copy a layer to another repository, if the source has it and the target does not."""
    layer = get_layers(call, source_key, [digest]).get(digest)
    if layer is not None:
        layers.add_layer(call.connection, target_key, digest, layer.size, parts_of(call, layer))
