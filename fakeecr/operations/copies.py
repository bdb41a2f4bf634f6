"""Copies an image with all that belongs to it from one repository to another: for replication, and for caches."""

from __future__ import annotations

from collections.abc import Sequence

from fakeecr import clock
from fakeecr.operations.call import Call
from fakeecr.operations.scanning import scan_on_push
from fakeecr.policies.filters import is_immutable
from fakeecr.store import images, layers
from fakeecr.store.registries import FoundRepository


def copy_image(call: Call, source: int, digest: str, target: FoundRepository, tags: Sequence[str] = ()) -> None:
    """Copy an image, the images that it lists, and their layers, as far as they are not there already.

    Args:
        call: the call.
        source: the key of the repository where it is.
        digest: the image's digest.
        target: where it is to be.
        tags: the tags that it gets there, but for those that may not be moved there (documented).
    """
    there = images.find(call.connection, source, digest)
    if there is None:
        return
    image = images.as_new(call.connection, there.key, clock.now())
    for reference in image.contents.references:
        if reference.is_layer:
            layers.copy_layer(call.connection, source, target.key, reference.digest)
        else:
            copy_image(call, source, reference.digest, target)
    found = images.find(call.connection, target.key, digest)
    allowed = [
        tag
        for tag in tags
        if images.holder_of(call.connection, target.key, tag) is None
        or not is_immutable(target.tag_mutability, target.exclusion_filters, tag)
    ]
    images.put_found(call.connection, target.key, found, image, allowed)
    if found is None:
        scan_on_push(call, target, image)
