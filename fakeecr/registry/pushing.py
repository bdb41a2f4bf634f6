"""Pushing an image: checking its manifest, storing it, and then scanning, signing and replicating it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from fakeecr import aws_errors, clock
from fakeecr.aws_errors import invalid_parameter
from fakeecr.registry import events, hints, layers, scanning
from fakeecr.registry.call import Call
from fakeecr.registry.kinds import REPLICATION, SCANNING, SIGNING
from fakeecr.registry.replication import replicate
from fakeecr.registry.signing import sign
from fakeecr.rules import manifests, quotas
from fakeecr.rules.manifests import Contents, digest_of
from fakeecr.rules.mutability import is_immutable
from fakeecr.rules.names import IMAGE_TAG, is_image_tag
from fakeecr.store import documents, images
from fakeecr.store.images import NewImage, StoredImage, StoredTag
from fakeecr.store.repositories import StoredRepository


class PushedManifest(NamedTuple):
    """What a push stored: the manifest's digest, and its media type."""

    digest: str
    media_type: str


def push_manifest(
    call: Call,
    repository: StoredRepository,
    manifest: bytes,
    *,
    media_type: str | None = None,
    digest: str | None = None,
    tag: str | None = None,
) -> PushedManifest:
    """Push a manifest: a new image, a new tag of an existing image, or an archived image again.

    Args:
        call: the call.
        repository: the repository to push to.
        manifest: the exact bytes of the manifest.
        media_type: the media type that was given beside the manifest.
        digest: the digest that the client calculated.
        tag: the tag that the image gets.

    Raises:
        ECRError: the push is invalid; any error of PutImage, except one about the repository.
    """
    if tag is not None and not is_image_tag(tag):
        raise invalid_parameter("imageTag", f"must satisfy regular expression '{IMAGE_TAG}'")
    contents = _parse(manifest, media_type)
    calculated = digest_of(manifest)
    if digest not in (None, calculated):
        raise hints.image_digest_does_not_match(digest or "", calculated, repository)
    existing = images.get_image(call.connection, repository.key, calculated)
    if existing is None:
        _check_references(call, repository, contents)
    tag_row = None if tag is None else images.get_tag(call.connection, repository.key, tag)
    _check_change(call, repository, calculated, existing, tag, tag_row)
    image = NewImage(calculated, clock.now(), manifest, contents=contents)
    push_image(call, repository, existing, image, {} if tag is None else {tag: tag_row})
    return PushedManifest(calculated, contents.media_type or "")


def push_image(
    call: Call,
    repository: StoredRepository,
    existing: StoredImage | None,
    image: NewImage,
    tags: Mapping[str, StoredTag | None],
) -> None:
    """Store an image as a push does, and scan, sign and replicate it as the registry is configured.

    Args:
        call: the call.
        repository: the repository to push to.
        existing: the image of the same digest that the repository has already; None if it is new.
        image: the image.
        tags: the tags that it gets, each with its row, or None if no image has the tag yet.
    """
    stored = images.put_image(call.connection, repository.key, existing, image, tags, restored_at=image.pushed_at)
    events.pushed(call, repository, image.digest, image.contents, tags)
    if existing is not None and existing.status != "ACTIVE":
        events.storage_class_changed(call, repository, image.digest, image.contents, image.pushed_at)
    if not (repository.is_registry_configured or repository.scan_on_push):
        return
    configurations = documents.get_configurations(call.connection, repository.registry_key)
    if existing is None:
        scanning.scan_on_push(
            call, repository, stored, image.contents.media_type, configurations.get(SCANNING.name, scanning.DEFAULT)
        )
        if SIGNING.name in configurations:
            sign(call, configurations[SIGNING.name], repository, stored)
    if REPLICATION.name in configurations:
        replicate(call, configurations[REPLICATION.name], repository, stored, list(tags))


def _parse(manifest: bytes, media_type: str | None) -> Contents:
    try:
        contents = manifests.parse(manifest, media_type, strict=True)
    except ValueError as problem:
        raise hints.invalid_manifest(str(problem)) from None
    if media_type not in (None, contents.media_type):
        raise invalid_parameter("imageManifestMediaType", "must be the media type that the manifest itself has")
    return contents


def _check_references(call: Call, repository: StoredRepository, contents: Contents) -> None:
    """Check that the repository has the images of a list, and the layers of an image if they are required."""
    digests = [reference.digest for reference in contents.references]
    if contents.is_list:
        available = set(images.get_images(call.connection, repository.key, digests))
        make_error = hints.referenced_images_not_found
    elif call.settings.require_layers:
        available = {*layers.get_layers(call, repository.key, digests), *contents.foreign_layers}
        make_error = hints.layers_required
    else:
        return
    missing = [digest for digest in digests if digest not in available]
    if missing:
        raise make_error(call, missing, repository)


def _check_change(
    call: Call,
    repository: StoredRepository,
    digest: str,
    existing: StoredImage | None,
    tag: str | None,
    tag_row: StoredTag | None,
) -> None:
    """Check that a push changes something, moves no immutable tag, and does not exceed the quota of tags."""
    if existing is not None and (tag is None or (tag_row is not None and tag_row.image_key == existing.key)):
        if existing.status == "ACTIVE":
            raise aws_errors.image_already_exists(digest, tag, repository)
        return  # the push restores an archived image
    if tag is None:
        return
    if tag_row is not None and is_immutable(repository.tag_mutability, repository.exclusion_filters, tag):
        raise hints.image_tag_already_exists(call, tag, repository)
    if existing is not None and images.count_tags(call.connection, existing) >= quotas.TAGS_PER_IMAGE:
        raise aws_errors.too_many_image_tags(tag, repository, quotas.TAGS_PER_IMAGE)
