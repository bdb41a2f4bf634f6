"""Operations on images: listed, described, pushed, pulled, deleted, archived.

Differences from AWS:
    - **ListImages: order.** AWS promises none. fakeecr lists identifiers in the order in which they were added.
    - **BatchGetImage by digest** returns an image once for each of its tags, as another fake has observed.
      **DescribeImages by id** returns images of every status unless the request has a filter.
    - **BatchGetImage: acceptedMediaTypes.** An image of another media type is an ImageNotFound failure. No
      manifest is translated into another schema, and no list into one of its images.
    - **PutImage: the same manifest and tag again** is an ImageAlreadyExistsException, in an immutable repository
      too. Sources disagree: aws-sdk#750 and older reports say the same, containers-roadmap#2380 and #2179 quote
      an ImageTagAlreadyExistsException.
    - **PutImage: manifests.** Refused is what ECR's schema is known to refuse, such as a media type with
      parameters. `push()` and seeds accept any manifest. An artifact type of more than 255 characters is
      accepted; where AWS refuses it is unknown.
    - **Images of which only the digest is known** can be listed, described and deleted. Pulling one says what is
      missing.
    - **UpdateImageStorageClass** archives and restores at once. Only the answer to a restoration says ACTIVATING;
      AWS takes minutes. An image cannot be moved to the storage class that it has.
    - **lastRecordedPullTime** is the time of each BatchGetImage and GetDownloadUrlForLayer. AWS may record only
      one pull in 24 hours.
    - **Referrers of a deleted image** stay after BatchDeleteImage; AWS removes them later. A lifecycle policy
      takes the referrers of what it deletes or archives along.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fakeecr import clock
from fakeecr.aws_errors import invalid_parameter, storage_class_update_not_supported
from fakeecr.operations.envelopes import EMPTY, LAST_PAGE, of_repository
from fakeecr.operations.paging import Listing, refuse_paging
from fakeecr.registry import events
from fakeecr.registry.caching import find_repository_to_pull_from
from fakeecr.registry.call import Call
from fakeecr.registry.creation import find_repository_to_push_to
from fakeecr.registry.deleting import delete_images
from fakeecr.registry.lookup import find_image, find_images, find_repository, require_image
from fakeecr.registry.pulling import pull_images
from fakeecr.registry.pushing import push_manifest
from fakeecr.rules.manifests import EMPTY_BLOB, OCI_MANIFEST, annotations_of, media_types_of
from fakeecr.rules.names import IMAGE_DIGEST, is_image_digest
from fakeecr.store import images, pages
from fakeecr.store.pages import ImageFilter, ImageRow, ReferrerRow
from fakeecr.store.repositories import StoredRepository

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import (
        BatchDeleteImageRequestTypeDef,
        BatchDeleteImageResponseTypeDef,
        BatchGetImageRequestTypeDef,
        BatchGetImageResponseTypeDef,
        DescribeImagesRequestTypeDef,
        DescribeImagesResponseTypeDef,
        ImageDetailTypeDef,
        ImageIdentifierTypeDef,
        ImageReferrerTypeDef,
        ListImageReferrersRequestTypeDef,
        ListImageReferrersResponseTypeDef,
        ListImagesRequestTypeDef,
        ListImagesResponseTypeDef,
        PutImageRequestTypeDef,
        PutImageResponseTypeDef,
        UpdateImageStorageClassRequestTypeDef,
        UpdateImageStorageClassResponseTypeDef,
    )

# The number of referrers on a page if maxResults is absent. [model]
_REFERRERS_PER_PAGE = 20


def list_images(call: Call, request: ListImagesRequestTypeDef) -> ListImagesResponseTypeDef:
    """List the image identifiers of a repository, oldest first.

    There is one identifier for each tag, and one without a tag for an untagged image. AWS promises no order. This one
    is the order of the keys, so that pushes and deletions between two pages neither hide nor repeat an identifier.
    """
    repository = find_repository(call, request["repositoryName"], request.get("registryId"))
    image_filter = _filter(request)
    listing = Listing(call, request, "ListImages", repository.key, *image_filter)
    page = pages.identifiers(call.connection, repository.key, image_filter, listing.place)
    # Not by _identifier(): a hundred function calls take longer than building a hundred identifiers (measured).
    image_ids: list[ImageIdentifierTypeDef] = [
        {"imageDigest": digest} if tag is None else {"imageDigest": digest, "imageTag": tag}
        for digest, tag, _ in page.rows
    ]
    return {"imageIds": image_ids, **listing.envelope(page)}


def _filter(request: ListImagesRequestTypeDef | DescribeImagesRequestTypeDef) -> ImageFilter:
    """Return a request's filter; without an imageStatus, only ACTIVE images match [model]."""
    filters = request.get("filter", {})
    status = filters.get("imageStatus", "ACTIVE")
    tag_status = filters.get("tagStatus", "ANY")
    return ImageFilter(
        status=None if status == "ANY" else status,
        tagged=None if tag_status == "ANY" else tag_status == "TAGGED",
    )


def _identifier(digest: str, tag: str | None) -> ImageIdentifierTypeDef:
    return {"imageDigest": digest} if tag is None else {"imageDigest": digest, "imageTag": tag}


# --- Described -----------------------------------------------------------------------------------


def describe_images(call: Call, request: DescribeImagesRequestTypeDef) -> DescribeImagesResponseTypeDef:
    """Describe the images of a repository: page by page, or those named in the request, in its order.

    An image named in the request is described whatever its status, unless the request also has a filter.
    """
    repository = find_repository(call, request["repositoryName"], request.get("registryId"))
    if "imageIds" in request:
        return {"imageDetails": _describe_named(call, repository, request), **LAST_PAGE}
    image_filter = _filter(request)
    listing = Listing(call, request, "DescribeImages", repository.key, *image_filter)
    page = pages.images(call.connection, repository.key, image_filter, listing.place)
    return {"imageDetails": _describe(call, repository, page.rows), **listing.envelope(page)}


def _describe_named(
    call: Call, repository: StoredRepository, request: DescribeImagesRequestTypeDef
) -> list[ImageDetailTypeDef]:
    refuse_paging(request, "imageIds")
    results = find_images(call, repository, request["imageIds"])
    # Two ids may name one image.
    keys = list(dict.fromkeys(require_image(call, repository, result).key for result in results))
    rows = pages.get_images(call.connection, keys)
    details = _describe(call, repository, [rows[key] for key in keys])
    if "filter" not in request:
        return details
    status, tagged = _filter(request)
    return [
        image for image in details if status in (None, image["imageStatus"]) and tagged in (None, "imageTags" in image)
    ]


def _describe(call: Call, repository: StoredRepository, rows: Sequence[ImageRow]) -> list[ImageDetailTypeDef]:
    """Return the details of images, without members that have no value, such as an untagged image's tags [observed]."""
    tags = images.get_tags(call.connection, [row.key for row in rows])
    details = []
    for row in rows:
        size = row.size if row.size is not None else len(EMPTY_BLOB) if row.made_from else 0
        media_type, artifact_media_type = media_types_of(row.media_type, row.artifact_media_type)
        image: ImageDetailTypeDef = {
            "imageDigest": row.digest,
            "imageManifestMediaType": media_type,
            "imagePushedAt": row.pushed_at,
            "imageSizeInBytes": size,
            "imageStatus": row.status,  # type: ignore[typeddict-item] # a constraint of the table
            "registryId": repository.account_id,
            "repositoryName": repository.name,
        }
        if artifact_media_type is not None:
            image["artifactMediaType"] = artifact_media_type
        if row.key in tags:
            image["imageTags"] = tags[row.key]
        if row.subject is not None:
            image["subjectManifestDigest"] = row.subject
        if row.pulled_at is not None:
            image["lastRecordedPullTime"] = row.pulled_at
        if row.archived_at is not None:
            image["lastArchivedAt"] = row.archived_at
        if row.activated_at is not None:
            image["lastActivatedAt"] = row.activated_at
        details.append(image)
    return details


def list_image_referrers(call: Call, request: ListImageReferrersRequestTypeDef) -> ListImageReferrersResponseTypeDef:
    """List the images that refer to a subject, oldest first; the subject itself need not exist (OCI)."""
    repository = find_repository(call, request["repositoryName"], request.get("registryId"))
    subject = request["subjectId"]["imageDigest"]
    if not is_image_digest(subject):
        raise invalid_parameter("subjectId.imageDigest", f"must satisfy regular expression '{IMAGE_DIGEST}'")
    filters = request.get("filter", {})
    artifact_types = sorted(set(filters.get("artifactTypes", ())))
    status = filters.get("artifactStatus", "ACTIVE")
    listing = Listing(
        call,
        request,
        "ListImageReferrers",
        repository.key,
        subject,
        artifact_types,
        status,
        default_size=_REFERRERS_PER_PAGE,
    )
    page = pages.referrers(
        call.connection,
        repository.key,
        subject,
        listing.place,
        # PostgreSQL refuses a NUL even in a condition. No stored type has one, and none matches the empty type.
        artifact_types=["" if "\0" in artifact_type else artifact_type for artifact_type in artifact_types],
        status=None if status == "ANY" else status,
    )
    return {"referrers": [_referrer(row) for row in page.rows], **listing.envelope(page)}


def _referrer(row: ReferrerRow) -> ImageReferrerTypeDef:
    # Only a manifest gives an image its subject, so a referrer has one.
    manifest = row.manifest or b""
    referrer: ImageReferrerTypeDef = {
        "artifactStatus": row.status,  # type: ignore[typeddict-item] # a constraint of the table
        "digest": row.digest,
        "mediaType": row.media_type or OCI_MANIFEST,
        # The manifest's own size, as in the descriptors of OCI's referrers.
        "size": len(manifest),
    }
    annotations = annotations_of(manifest)
    if annotations:
        referrer["annotations"] = annotations
    if row.artifact_type is not None:
        referrer["artifactType"] = row.artifact_type
    return referrer


# --- Pushed and pulled ---------------------------------------------------------------------------


def put_image(call: Call, request: PutImageRequestTypeDef) -> PutImageResponseTypeDef:
    """Push an image: a new manifest, a new tag of an existing image, or an archived image again."""
    repository = find_repository_to_push_to(call, request["repositoryName"], request.get("registryId"))
    tag = request.get("imageTag")
    pushed = push_manifest(
        call,
        repository,
        request["imageManifest"].encode(),
        media_type=request.get("imageManifestMediaType"),
        digest=request.get("imageDigest"),
        tag=tag,
    )
    return {
        "image": {
            "imageId": _identifier(pushed.digest, tag),
            "imageManifest": request["imageManifest"],
            "imageManifestMediaType": pushed.media_type,
            "registryId": repository.account_id,
            "repositoryName": repository.name,
        },
        **EMPTY,
    }


def batch_get_image(call: Call, request: BatchGetImageRequestTypeDef) -> BatchGetImageResponseTypeDef:
    """Return the manifests of images, which counts as a pull."""
    repository = find_repository_to_pull_from(
        call, request["repositoryName"], request.get("registryId"), request["imageIds"]
    )
    pull = pull_images(call, repository, request["imageIds"], request.get("acceptedMediaTypes"))
    return {
        "failures": [*pull.failures],
        "images": [
            {
                "imageId": _identifier(image.digest, image.tag),
                "imageManifest": image.manifest.decode(),
                "imageManifestMediaType": image.media_type,
                "registryId": repository.account_id,
                "repositoryName": repository.name,
            }
            for image in pull.images
        ],
        **EMPTY,
    }


# --- Deleted and archived ------------------------------------------------------------------------


def batch_delete_image(call: Call, request: BatchDeleteImageRequestTypeDef) -> BatchDeleteImageResponseTypeDef:
    """Delete images, or only tags of them."""
    repository = find_repository(call, request["repositoryName"], request.get("registryId"))
    deletion = delete_images(call, repository, request["imageIds"])
    return {
        "failures": [*deletion.failures],
        "imageIds": [_identifier(digest, tag) for digest, tag in deletion.identifiers],
        **EMPTY,
    }


def update_image_storage_class(
    call: Call, request: UpdateImageStorageClassRequestTypeDef
) -> UpdateImageStorageClassResponseTypeDef:
    """Archive or restore an image. AWS takes some minutes to restore one, and says so; here it is active at once."""
    repository = find_repository(call, request["repositoryName"], request.get("registryId"))
    image = find_image(call, repository, request["imageId"])
    is_archiving = request["targetStorageClass"] == "ARCHIVE"
    if image.status != ("ACTIVE" if is_archiving else "ARCHIVED"):
        raise storage_class_update_not_supported(image.digest, image.status)
    now = clock.now()
    images.set_status(call.connection, image.key, "ARCHIVED" if is_archiving else "ACTIVE", now)
    row = pages.get_images(call.connection, [image.key])[image.key]
    events.storage_class_changed(call, repository, image.digest, row, None if is_archiving else now)
    return {
        "imageId": _identifier(image.digest, request["imageId"].get("imageTag")),
        "imageStatus": "ARCHIVED" if is_archiving else "ACTIVATING",
        **of_repository(repository),
    }
