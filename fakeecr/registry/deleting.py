"""Deleting images and their tags."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from fakeecr.registry import events
from fakeecr.registry.call import Call
from fakeecr.registry.lookup import Failure, find_images
from fakeecr.registry.replication import replicate_deletions
from fakeecr.store import images, pages
from fakeecr.store.images import StoredImage
from fakeecr.store.repositories import StoredRepository

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import ImageFailureTypeDef, ImageIdentifierTypeDef


class Deletion(NamedTuple):
    """The result of deleting images: digest and tag of every deleted identifier, and the failures."""

    identifiers: Sequence[tuple[str, str | None]]
    failures: Sequence[ImageFailureTypeDef]


def delete_images(call: Call, repository: StoredRepository, image_ids: Sequence[ImageIdentifierTypeDef]) -> Deletion:
    """Delete images: by digest with all their tags, by tag only that tag, and with its last tag the image.

    An image of a list cannot be deleted while the list exists, not even together with it in one call. [observed]
    """
    results = find_images(call, repository, image_ids)
    stored = [image for _, image in results if isinstance(image, StoredImage)]
    tags_left = images.get_tags(call.connection, [image.key for image in stored])
    lists = images.get_lists_of(call.connection, repository.key, {image.digest for image in stored})
    identifiers: list[tuple[str, str | None]] = []
    failures: list[ImageFailureTypeDef] = []
    deleted: dict[int, str] = {}
    removed_tags: dict[str, str] = {}
    for image_id, image in results:
        if isinstance(image, Failure):
            failures.append(image.of(image_id))
            continue
        tag, remaining = image_id.get("imageTag"), tags_left.get(image.key, [])
        if image.key in deleted or tag in removed_tags:
            continue  # an earlier id of this call named the same image or tag
        if tag is not None and remaining != [tag]:
            remaining.remove(tag)
            removed_tags[tag] = image.digest
            identifiers.append((image.digest, tag))
        elif image.digest in lists:
            failures.append(_referenced_by(lists[image.digest]).of(image_id))
        else:
            deleted[image.key] = image.digest
            names: Sequence[str | None] = remaining or [None]
            identifiers += [(image.digest, name) for name in names]
    rows = {row.digest: row for row in pages.get_images(call.connection, [image.key for image in stored]).values()}
    for digest, name in identifiers:
        events.deleted(call, repository, digest, rows[digest], name)
    images.remove_tags(call.connection, repository.key, removed_tags)
    images.delete_images(call.connection, deleted)
    if repository.is_registry_configured:
        replicate_deletions(call, repository, set(deleted.values()), removed_tags)
    return Deletion(identifiers, failures)


def _referenced_by(lists: Sequence[str]) -> Failure:
    return Failure(
        "ImageReferencedByManifestList", f"Requested image referenced by manifest list: [{', '.join(lists)}]"
    )
