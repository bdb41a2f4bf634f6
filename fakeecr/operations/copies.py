"""Copies an image with all that belongs to it from one repository to another: for replication, and for caches."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fakeecr import clock
from fakeecr.operations.call import Call
from fakeecr.operations.scanning import scan_on_push
from fakeecr.policies.filters import is_immutable
from fakeecr.store import images, layers
from fakeecr.store.registries import FoundRepository


def copy_image(
    call: Call,
    source: int,
    digest: str,
    target: FoundRepository,
    tags: Sequence[str] = (),
    *,
    restored_at: datetime | None = None,
) -> list[int]:
    """Copy an image, the images that it lists, and their layers, as far as they are not there already.

    Args:
        call: the call.
        source: the key of the repository where it is.
        digest: the image's digest.
        target: where it is to be.
        tags: the tags that it gets there, but for those that may not be moved there (documented).
        restored_at: from when on it is active there, if that is given, and it was not.

    Returns:
        The keys that these images have at the source.
    """
    there = images.find(call.connection, source, digest)
    if there is None:
        return []
    copied = [there.key]
    image = images.as_new(call.connection, there.key, clock.now())
    for reference in image.contents.references:
        if reference.is_layer:
            layers.copy_layer(call.connection, source, target.key, reference.digest)
        else:
            copied += copy_image(call, source, reference.digest, target, restored_at=restored_at)
    found = images.find(call.connection, target.key, digest)
    allowed = [
        tag
        for tag in tags
        if images.holder_of(call.connection, target.key, tag) is None
        or not is_immutable(target.tag_mutability, target.exclusion_filters, tag)
    ]
    images.put_found(call.connection, target.key, found, image, allowed, restored_at=restored_at)
    if found is None:
        scan_on_push(call, target, image)
    return copied
