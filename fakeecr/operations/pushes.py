"""PutImage: what a push is checked for, and what it does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fakeecr import clock
from fakeecr.errors import (
    image_already_exists,
    image_digest_does_not_match,
    image_tag_already_exists,
    invalid_parameter,
    layers_required,
    referenced_images_not_found,
    too_many_image_tags,
)
from fakeecr.operations.call import Call
from fakeecr.operations.finding import TAG_PATTERN, is_tag
from fakeecr.operations.registry import REPLICATION
from fakeecr.operations.replication import replicate
from fakeecr.operations.scanning import scan_on_push
from fakeecr.operations.signing import SIGNING, sign
from fakeecr.operations.templates import repository_to_push_to
from fakeecr.policies.filters import is_immutable
from fakeecr.store import documents, images, layers, manifests
from fakeecr.store.images import Known, NewImage
from fakeecr.store.manifests import Contents, digest_of
from fakeecr.store.registries import FoundRepository

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import PutImageRequestTypeDef, PutImageResponseTypeDef

# Quota (documented).
_MOST_TAGS = 1000


def put_image(call: Call, request: PutImageRequestTypeDef) -> PutImageResponseTypeDef:
    """Push an image: a new manifest, a new tag for one that is there, or an archived image once more."""
    repository = repository_to_push_to(call, request)
    tag, told_type = request.get("imageTag"), request.get("imageManifestMediaType")
    if tag is not None and not is_tag(tag):
        raise invalid_parameter("imageTag", f"must satisfy regular expression '{TAG_PATTERN}'")
    manifest = request["imageManifest"].encode()
    contents = _contents(manifest, told_type)
    digest = digest_of(manifest)
    if request.get("imageDigest", digest) != digest:
        raise image_digest_does_not_match(request["imageDigest"], repository.name, repository.account_id)
    there = images.find(call.connection, repository.key, digest)
    if there is None:
        _check_references(call, repository, contents)
    _check_tag(call, repository, digest, there, tag)
    now = clock.now()
    new, tags = NewImage(digest, now, manifest, contents=contents), [] if tag is None else [tag]
    images.put_found(call.connection, repository.key, there, new, tags, restored_at=now)
    follow_up(call, repository, new, tags, is_new=there is None)
    return {
        "image": {
            "imageId": {"imageDigest": digest} if tag is None else {"imageDigest": digest, "imageTag": tag},
            "imageManifest": request["imageManifest"],
            "imageManifestMediaType": contents.media_type or "",
            "registryId": repository.account_id,
            "repositoryName": repository.name,
        },
        "ResponseMetadata": call.metadata,
    }


def follow_up(call: Call, repository: FoundRepository, pushed: NewImage, tags: Sequence[str], *, is_new: bool) -> None:
    """Do what the registry is configured to do with an image that was pushed: scan, sign and replicate it."""
    if not (repository.configured or repository.scan_on_push):
        return
    configured = documents.singletons(call.connection, repository.registry)
    image = images.find(call.connection, repository.key, pushed.digest)
    assert image is not None  # noqa: S101 - it was just pushed
    if is_new:
        scan_on_push(call, repository, pushed)
        if SIGNING in configured:
            sign(call, configured[SIGNING], repository, image)
    if REPLICATION in configured:
        replicate(call, configured[REPLICATION], repository, image, tags)


def _contents(manifest: bytes, told_type: str | None) -> Contents:
    try:
        contents = manifests.read(manifest, told_type)
    except ValueError:
        # Whatever is wrong with it, this is all that AWS says (observed).
        raise invalid_parameter("ImageManifest", "Invalid JSON syntax") from None
    if told_type not in (None, contents.media_type):
        raise invalid_parameter("imageManifestMediaType", "must be the media type that the manifest itself has")
    return contents


def _check_references(call: Call, repository: FoundRepository, contents: Contents) -> None:
    """Check that what a new image refers to is there: the images of a list, and the layers if they are required."""
    wanted = [each.digest for each in contents.references]
    if contents.media_type in manifests.LISTS:
        there = set(images.find_all(call.connection, repository.key, wanted))
        refuse = referenced_images_not_found
    elif call.require_layers:
        there = {*layers.find_layers(call.connection, repository.key, wanted), *contents.elsewhere}
        refuse = layers_required
    else:
        return
    missing = [digest for digest in wanted if digest not in there]
    if missing:
        raise refuse(missing, repository.name, repository.account_id)


def _check_tag(call: Call, repository: FoundRepository, digest: str, there: Known | None, tag: str | None) -> None:
    """Check that the push changes something, and may: a tag that it moves is mutable, one that it adds not too many."""
    holder = None if tag is None else images.holder_of(call.connection, repository.key, tag)
    if there is not None and (tag is None or holder == there.key):
        if there.status == "ACTIVE":
            raise image_already_exists(digest, tag, repository.name, repository.account_id)
        return  # it is pushed to be restored
    if tag is None:
        return
    if holder is not None and is_immutable(repository.tag_mutability, repository.exclusion_filters, tag):
        raise image_tag_already_exists(tag, repository.name)
    if there is not None and images.count_tags(call.connection, there) >= _MOST_TAGS:
        raise too_many_image_tags(tag, repository.name, repository.account_id, _MOST_TAGS)
