"""Copies an image with all that belongs to it from one repository to another: for replication, and for caches."""

from __future__ import annotations

from fakeecr import clock
from fakeecr.operations.call import Call
from fakeecr.policies.filters import is_immutable
from fakeecr.store import images, layers
from fakeecr.store.registries import FoundRepository


def copy_image(call: Call, source: int, digest: str, target: FoundRepository, tag: str | None) -> None:
    """Copy an image, the images that it lists, and their layers, as far as they are not there already.

    Args:
        call: the call.
        source: the key of the repository where it is.
        digest: the image's digest.
        target: where it is to be.
        tag: the tag that it gets there; a tag that may not be moved there it does not get (documented).
    """
    there = images.find(call.connection, source, digest)
    if there is None:
        return
    image = images.as_new(call.connection, there.key, clock.now())
    for reference in image.contents.references:
        if reference.is_layer:
            layers.copy_layer(call.connection, source, target.key, reference.digest)
        else:
            copy_image(call, source, reference.digest, target, None)
    if tag is not None:
        holder = images.holder_of(call.connection, target.key, tag)
        found = images.find(call.connection, target.key, digest)
        is_moved = holder is not None and (found is None or holder != found.key)
        if is_moved and is_immutable(target.tag_mutability, target.exclusion_filters, tag):
            tag = None
    images.put_image(call.connection, target.key, image, [] if tag is None else [tag])
