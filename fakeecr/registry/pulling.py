"""Pulling the manifests of images, and recording the pulls."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple

from fakeecr import clock
from fakeecr.registry import made_up
from fakeecr.registry.call import Call
from fakeecr.registry.exclusions import records_pulls
from fakeecr.registry.lookup import NOT_FOUND, Failure, find_images
from fakeecr.store import images
from fakeecr.store.repositories import StoredRepository

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import ImageFailureTypeDef, ImageIdentifierTypeDef

_ARCHIVED = Failure("ImageInaccessible", "Requested image is archived, and must be restored before it can be pulled")
_MANIFEST_UNKNOWN = Failure(
    "ImageInaccessible",
    "fakeecr knows this image by its digest alone; give the seed or the push its manifest, and it can be pulled",
)


class PulledImage(NamedTuple):
    """An image that was pulled, by one of its tags or without one."""

    digest: str
    tag: str | None
    manifest: bytes
    media_type: str


class Pull(NamedTuple):
    """The result of pulling images."""

    images: Collection[PulledImage]
    failures: Sequence[ImageFailureTypeDef]


def pull_images(
    call: Call,
    repository: StoredRepository,
    image_ids: Sequence[ImageIdentifierTypeDef],
    accepted_media_types: Sequence[str] | None = None,
) -> Pull:
    """Pull images; one that is named by its digest alone is returned once for each of its tags.

    Args:
        call: the call.
        repository: the repository that has the images.
        image_ids: the ids that name the images.
        accepted_media_types: the media types that the client takes; None for all.
    """
    results = find_images(call, repository, image_ids)
    keys = [image.key for _, image in results if not isinstance(image, Failure)]
    manifests, tags = images.get_manifests(call.connection, keys), images.get_tags(call.connection, keys)
    pulled: dict[tuple[str, str | None], PulledImage] = {}
    failures: list[ImageFailureTypeDef] = []
    pulled_keys = set()
    for image_id, image in results:
        if isinstance(image, Failure):
            failures.append(image.of(image_id))
            continue
        manifest = made_up.content_of(manifests[image.key])
        media_type = made_up.media_type_of(manifests[image.key])
        if image.status != "ACTIVE":
            failures.append(_ARCHIVED.of(image_id))
        elif manifest is None:
            failures.append(_MANIFEST_UNKNOWN.of(image_id))
        elif accepted_media_types is not None and media_type not in accepted_media_types:
            failures.append(NOT_FOUND.of(image_id))
        else:
            pulled_keys.add(image.key)
            named_tags: Sequence[str | None] = (
                [image_id["imageTag"]] if "imageTag" in image_id else tags.get(image.key) or [None]
            )
            for tag in named_tags:
                pulled[image.digest, tag] = PulledImage(image.digest, tag, manifest, media_type)
    if records_pulls(call, repository):
        images.set_pulled(call.connection, pulled_keys, clock.now())
    return Pull(pulled.values(), failures)
