"""Copying an image with everything that belongs to it to another repository: for replication, and for caches."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fakeecr import clock
from fakeecr.registry import layers, scanning
from fakeecr.registry.call import Call
from fakeecr.rules.mutability import is_immutable
from fakeecr.store import images
from fakeecr.store.images import StoredImage
from fakeecr.store.repositories import StoredRepository


def copy_image(
    call: Call,
    source_key: int,
    image: StoredImage,
    target: StoredRepository,
    tags: Sequence[str] = (),
    *,
    restored_at: datetime | None = None,
) -> list[int]:
    """Copy an image, the images that it lists, and their layers, except what the target has already.

    Args:
        call: the call.
        source_key: the key of the repository that has the image.
        image: the image.
        target: the repository that gets it.
        tags: the tags that it gets there, except those that are immutable there. [documented]
        restored_at: when an archived copy in the target becomes active again; None if it stays archived.

    Returns:
        The keys of these images in the source.
    """
    copied = [image.key]
    new = images.get_as_new(call.connection, image.key, clock.now())
    for reference in new.contents.references:
        if reference.is_layer:
            layers.copy_layer(call, source_key, target.key, reference.digest)
            continue
        child = images.get_image(call.connection, source_key, reference.digest)
        if child is not None:
            copied += copy_image(call, source_key, child, target, restored_at=restored_at)
    existing = images.get_image(call.connection, target.key, image.digest)
    rows = images.get_tag_rows(call.connection, target.key, tags)
    movable = {
        tag: row
        for tag, row in rows.items()
        if row is None or not is_immutable(target.tag_mutability, target.exclusion_filters, tag)
    }
    stored = images.put_image(call.connection, target.key, existing, new, movable, restored_at=restored_at)
    if existing is None:
        configuration = scanning.get_configuration(call, target.registry_key)
        scanning.scan_on_push(call, target, stored, new.contents.media_type, configuration)
    return copied
