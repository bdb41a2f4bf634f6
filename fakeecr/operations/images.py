"""Operations on images: listed, described, pulled, deleted, archived."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from fakeecr import clock
from fakeecr.errors import invalid_parameter, storage_class_update_not_supported
from fakeecr.operations.caches import repository_to_pull_from
from fakeecr.operations.call import Call
from fakeecr.operations.finding import (
    DIGEST_PATTERN,
    NOT_FOUND,
    Failure,
    find_image,
    find_images,
    find_repository,
    is_digest,
    required,
)
from fakeecr.operations.paging import read_page, refuse_paging
from fakeecr.operations.registry import records_pulls
from fakeecr.operations.replication import replicate_deletions
from fakeecr.store import images, pages
from fakeecr.store.manifests import EMPTY_BLOB, OCI_CONFIG, OCI_MANIFEST, annotations_of
from fakeecr.store.registries import FoundRepository

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import (
        BatchDeleteImageRequestTypeDef,
        BatchDeleteImageResponseTypeDef,
        BatchGetImageRequestTypeDef,
        BatchGetImageResponseTypeDef,
        DescribeImagesRequestTypeDef,
        DescribeImagesResponseTypeDef,
        ImageDetailTypeDef,
        ImageFailureTypeDef,
        ImageIdentifierTypeDef,
        ImageReferrerTypeDef,
        ImageTypeDef,
        ListImageReferrersRequestTypeDef,
        ListImageReferrersResponseTypeDef,
        ListImagesRequestTypeDef,
        ListImagesResponseTypeDef,
        UpdateImageStorageClassRequestTypeDef,
        UpdateImageStorageClassResponseTypeDef,
    )

# What a page of referrers holds where maxResults is absent (model).
_DEFAULT_REFERRERS = 20


def list_images(call: Call, request: ListImagesRequestTypeDef) -> ListImagesResponseTypeDef:
    """List the image identifiers of a repository, oldest first.

    One identifier for each tag, and one without a tag for an image that has none. AWS promises no order;
    this one is that of the keyset, in which what comes and goes between two pages disturbs nothing.
    """
    repository = find_repository(call, request)
    shown = _filter(request)
    listing = ("ListImages", repository.key, *shown)
    rows, token = read_page(call, request, listing, partial(pages.identifiers, call.connection, repository.key, shown))
    response: ListImagesResponseTypeDef = {
        "imageIds": [_identifier(digest, tag) for digest, tag, _ in rows],
        "ResponseMetadata": call.metadata,
    }
    if token is not None:
        response["nextToken"] = token
    return response


def _filter(request: ListImagesRequestTypeDef | DescribeImagesRequestTypeDef) -> pages.Filter:
    """Read a request's filter: without an imageStatus only ACTIVE images are shown (model)."""
    given = request.get("filter", {})
    status = given.get("imageStatus", "ACTIVE")
    tag_status = given.get("tagStatus", "ANY")
    return pages.Filter(
        status=None if status == "ANY" else status,
        tagged=None if tag_status == "ANY" else tag_status == "TAGGED",
    )


def _identifier(digest: str, tag: str | None) -> ImageIdentifierTypeDef:
    return {"imageDigest": digest} if tag is None else {"imageDigest": digest, "imageTag": tag}


# --- Described -----------------------------------------------------------------------------------


def describe_images(call: Call, request: DescribeImagesRequestTypeDef) -> DescribeImagesResponseTypeDef:
    """Describe a repository's images: all, page by page, or those asked for, in the order of the request.

    An image that is asked for by its id is described whatever its status, unless the request has a filter as well.
    """
    repository = find_repository(call, request)
    image_ids = request.get("imageIds")
    if image_ids is not None:
        refuse_paging(request, "imageIds")
        found = find_images(call, repository, image_ids)
        # Two ids may mean one image.
        keys = list(dict.fromkeys(required(repository, image_id, image).key for image_id, image in found))
        there = pages.images_of(call.connection, keys)
        details = _described(call, repository, [there[key] for key in keys])
        if "filter" in request:
            details = [each for each in details if _fits(each, _filter(request))]
        return {"imageDetails": details, "ResponseMetadata": call.metadata}
    shown = _filter(request)
    listing = ("DescribeImages", repository.key, *shown)
    rows, token = read_page(call, request, listing, partial(pages.images, call.connection, repository.key, shown))
    response: DescribeImagesResponseTypeDef = {
        "imageDetails": _described(call, repository, rows),
        "ResponseMetadata": call.metadata,
    }
    if token is not None:
        response["nextToken"] = token
    return response


def _fits(details: ImageDetailTypeDef, shown: pages.Filter) -> bool:
    return shown.status in (None, details["imageStatus"]) and shown.tagged in (None, "imageTags" in details)


def _described(call: Call, repository: FoundRepository, rows: Sequence[Any]) -> list[ImageDetailTypeDef]:
    """Describe images; what an image has not has no key, such as the tags of an untagged one (observed)."""
    tags = images.tags_of(call.connection, [row.id for row in rows])
    described = []
    for row in rows:
        size = row.size if row.size is not None else len(EMPTY_BLOB) if row.made_from else 0
        details: ImageDetailTypeDef = {
            "imageDigest": row.digest,
            "imageManifestMediaType": row.media_type or OCI_MANIFEST,
            "imagePushedAt": row.pushed_at,
            "imageSizeInBytes": size,
            "imageStatus": row.status,
            "registryId": repository.account_id,
            "repositoryName": repository.name,
        }
        artifact_media_type = row.artifact_media_type or (None if row.media_type else OCI_CONFIG)
        if artifact_media_type is not None:
            details["artifactMediaType"] = artifact_media_type
        if row.id in tags:
            details["imageTags"] = tags[row.id]
        if row.subject is not None:
            details["subjectManifestDigest"] = row.subject
        if row.pulled_at is not None:
            details["lastRecordedPullTime"] = row.pulled_at
        if row.archived_at is not None:
            details["lastArchivedAt"] = row.archived_at
        if row.activated_at is not None:
            details["lastActivatedAt"] = row.activated_at
        described.append(details)
    return described


def list_image_referrers(call: Call, request: ListImageReferrersRequestTypeDef) -> ListImageReferrersResponseTypeDef:
    """List the images that have another as their subject, oldest first; the other need not be there (OCI)."""
    repository = find_repository(call, request)
    subject = request["subjectId"]["imageDigest"]
    if not is_digest(subject):
        raise invalid_parameter("subjectId.imageDigest", f"must satisfy regular expression '{DIGEST_PATTERN}'")
    shown = request.get("filter", {})
    artifact_types = sorted(set(shown.get("artifactTypes", ())))
    status = shown.get("artifactStatus", "ACTIVE")
    listing = ("ListImageReferrers", repository.key, subject, artifact_types, status)
    read = partial(
        pages.referrers,
        call.connection,
        repository.key,
        subject,
        # Nothing that is kept has a NUL in it, and PostgreSQL would not even be asked for one; an empty type fits none.
        artifact_types=["" if "\0" in kind else kind for kind in artifact_types],
        status=None if status == "ANY" else status,
    )
    rows, token = read_page(call, request, listing, read, _DEFAULT_REFERRERS)
    response: ListImageReferrersResponseTypeDef = {
        "referrers": [_referrer(row) for row in rows],
        "ResponseMetadata": call.metadata,
    }
    if token is not None:
        response["nextToken"] = token
    return response


def _referrer(row: Any) -> ImageReferrerTypeDef:
    referrer: ImageReferrerTypeDef = {
        "artifactStatus": row.status,
        "digest": row.digest,
        "mediaType": row.media_type or OCI_MANIFEST,
        # That of the manifest, as in the descriptors of OCI's referrers.
        "size": len(row.manifest),
    }
    annotations = annotations_of(row.manifest)
    if annotations:
        referrer["annotations"] = annotations
    if row.artifact_type is not None:
        referrer["artifactType"] = row.artifact_type
    return referrer


# --- Pulled --------------------------------------------------------------------------------------

_ARCHIVED = Failure("ImageInaccessible", "Requested image is archived, and must be restored before it can be pulled")
_MANIFEST_UNKNOWN = Failure(
    "ImageInaccessible",
    "fakeecr knows this image by its digest alone; give the seed or the push its manifest, and it can be pulled",
)


def batch_get_image(call: Call, request: BatchGetImageRequestTypeDef) -> BatchGetImageResponseTypeDef:
    """Give the manifests of images, which counts as a pull; by digest alone, one for each tag of the image."""
    repository = repository_to_pull_from(call, request)
    found = find_images(call, repository, request["imageIds"])
    keys = [image.key for _, image in found if not isinstance(image, Failure)]
    manifests, tags = images.manifests_of(call.connection, keys), images.tags_of(call.connection, keys)
    accepted = request.get("acceptedMediaTypes")
    given: dict[tuple[str, str | None], ImageTypeDef] = {}
    failures: list[ImageFailureTypeDef] = []
    pulled = set()
    for image_id, image in found:
        if isinstance(image, Failure):
            failures.append(image.of(image_id))
            continue
        content, media_type = manifests[image.key]
        if image.status != "ACTIVE":
            failures.append(_ARCHIVED.of(image_id))
        elif content is None:
            failures.append(_MANIFEST_UNKNOWN.of(image_id))
        elif accepted is not None and media_type not in accepted:
            failures.append(NOT_FOUND.of(image_id))
        else:
            pulled.add(image.key)
            asked: Sequence[str | None] = (
                [image_id["imageTag"]] if "imageTag" in image_id else tags.get(image.key) or [None]
            )
            for tag in asked:
                given[image.digest, tag] = {
                    "imageId": _identifier(image.digest, tag),
                    "imageManifest": content.decode(),
                    "imageManifestMediaType": media_type,
                    "registryId": repository.account_id,
                    "repositoryName": repository.name,
                }
    if records_pulls(call, repository):
        images.pulled(call.connection, pulled, clock.now())
    return {"failures": failures, "images": list(given.values()), "ResponseMetadata": call.metadata}


# --- Deleted and archived ------------------------------------------------------------------------


def batch_delete_image(call: Call, request: BatchDeleteImageRequestTypeDef) -> BatchDeleteImageResponseTypeDef:
    """Delete images: by digest with all their tags; by tag only that tag, and the image with its last.

    An image of a list or index cannot be deleted while that is there, nor together with it in one call (observed).
    """
    repository = find_repository(call, request)
    found = find_images(call, repository, request["imageIds"])
    known = [image for _, image in found if not isinstance(image, Failure)]
    tags_left = images.tags_of(call.connection, [image.key for image in known])
    lists = images.lists_with(call.connection, repository.key, {image.digest for image in known})
    deleted: list[ImageIdentifierTypeDef] = []
    failures: list[ImageFailureTypeDef] = []
    gone: set[int] = set()
    removed: dict[str, str] = {}
    for image_id, image in found:
        if isinstance(image, Failure):
            failures.append(image.of(image_id))
            continue
        tag, left = image_id.get("imageTag"), tags_left.get(image.key, [])
        if image.key in gone or tag in removed:
            continue  # an earlier id of this call meant it too
        if tag is not None and left != [tag]:
            left.remove(tag)
            removed[tag] = image.digest
            deleted.append(_identifier(image.digest, tag))
        elif image.digest in lists:
            failures.append(_referenced(lists[image.digest]).of(image_id))
        else:
            gone.add(image.key)
            deleted += [_identifier(image.digest, each) for each in left] or [_identifier(image.digest, None)]
    images.remove_tags(call.connection, repository.key, removed)
    images.delete_images(call.connection, gone)
    if repository.configured:
        replicate_deletions(call, repository, {image.digest for image in known if image.key in gone}, removed)
    return {"failures": failures, "imageIds": deleted, "ResponseMetadata": call.metadata}


def _referenced(lists: Sequence[str]) -> Failure:
    return Failure(
        "ImageReferencedByManifestList", f"Requested image referenced by manifest list: [{', '.join(lists)}]"
    )


def update_image_storage_class(
    call: Call, request: UpdateImageStorageClassRequestTypeDef
) -> UpdateImageStorageClassResponseTypeDef:
    """Archive an image, or restore it, which AWS takes some minutes for and fakeecr does at once."""
    repository = find_repository(call, request)
    image = find_image(call, repository, request["imageId"])
    before, after = ("ACTIVE", "ARCHIVED") if request["targetStorageClass"] == "ARCHIVE" else ("ARCHIVED", "ACTIVE")
    if image.status != before:
        raise storage_class_update_not_supported(image.digest, image.status)
    images.set_status(call.connection, image.key, after, clock.now())
    return {
        "imageId": _identifier(image.digest, request["imageId"].get("imageTag")),
        "imageStatus": "ARCHIVED" if after == "ARCHIVED" else "ACTIVE",
        "registryId": repository.account_id,
        "repositoryName": repository.name,
        "ResponseMetadata": call.metadata,
    }
