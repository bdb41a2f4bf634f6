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
    """Copy an image, the images that it lists, and their layers, except those that the target has already.

    Args:
        call: the call.
        source_key: the key of the repository that has the image.
        image: the image.
        target: the repository that it is copied to.
        tags: the tags of the copy; a tag that another image of the target has and that is immutable stays. [documented]
        restored_at: when an archived copy in the target becomes active again; None if it stays archived.

    Returns:
        The keys of the image and of the images that it lists, in the source.
    """
    image_keys = [image.key]
    copy = images.get_as_new(call.connection, image.key, clock.now())
    for reference in copy.contents.references:
        if reference.is_layer:
            layers.copy_layer(call, source_key, target.key, reference.digest)
            continue
        child = images.get_image(call.connection, source_key, reference.digest)
        if child is not None:  # a test may push or seed a list without its images
            image_keys += copy_image(call, source_key, child, target, restored_at=restored_at)
    existing = images.get_image(call.connection, target.key, image.digest)
    rows = images.get_tag_rows(call.connection, target.key, tags)
    movable = {
        tag: row
        for tag, row in rows.items()
        if row is None or not is_immutable(target.tag_mutability, target.exclusion_filters, tag)
    }
    stored = images.put_image(call.connection, target.key, existing, copy, movable, restored_at=restored_at)
    if existing is None:
        configuration = scanning.get_configuration(call, target.registry_key)
        scanning.scan_on_push(call, target, stored, copy.contents.media_type, configuration)
    return image_keys
