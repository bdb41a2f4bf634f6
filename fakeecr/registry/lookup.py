"""Looking up what a request names: a registry, a repository, one image, many images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from fakeecr.aws_errors import invalid_parameter
from fakeecr.registry import hints
from fakeecr.registry.call import Call
from fakeecr.rules.names import IMAGE_DIGEST, IMAGE_TAG, is_image_digest, is_image_tag
from fakeecr.store import images, repositories
from fakeecr.store.images import StoredImage
from fakeecr.store.repositories import StoredRepository

if TYPE_CHECKING:
    from mypy_boto3_ecr.literals import ImageFailureCodeType
    from mypy_boto3_ecr.type_defs import ImageFailureTypeDef, ImageIdentifierTypeDef


# --- Registries ----------------------------------------------------------------------------------


def get_registry_key(call: Call, account_id: str | None = None) -> int | None:
    """Return the key of an account's registry, or else of the default registry; None if it does not exist yet."""
    return repositories.get_registry(call.connection, call.account_id(account_id), call.region.name)


def ensure_registry(call: Call, account_id: str | None = None) -> int:
    """Return the key of an account's registry, or else of the default registry, which is created if needed."""
    return repositories.ensure_registry(call.connection, call.account_id(account_id), call.region.name)


# --- Repositories --------------------------------------------------------------------------------


def get_repository(call: Call, name: str, registry_id: str | None = None) -> StoredRepository | None:
    """Return the repository of a name, or None if it does not exist."""
    return repositories.get_repository(call.connection, call.account_id(registry_id), call.region.name, name)


def find_repository(call: Call, name: str, registry_id: str | None = None) -> StoredRepository:
    """Return the repository of a name.

    Args:
        call: the call.
        name: the repository's name.
        registry_id: the account of its registry; None for the default registry.

    Raises:
        ECRError: a RepositoryNotFoundException.
    """
    repository = get_repository(call, name, registry_id)
    if repository is None:
        raise hints.repository_not_found(call, name, call.account_id(registry_id))
    return repository


# --- Images --------------------------------------------------------------------------------------


class Failure(NamedTuple):
    """Why an operation on many images leaves one of them out."""

    code: ImageFailureCodeType
    reason: str

    def of(self, image_id: ImageIdentifierTypeDef) -> ImageFailureTypeDef:
        """Return the failure as a response has it, with the image id as it was requested."""
        return {"failureCode": self.code, "failureReason": self.reason, "imageId": image_id}


NOT_FOUND = Failure("ImageNotFound", "Requested image not found")
_NO_DIGEST_OR_TAG = Failure("MissingDigestAndTag", "Invalid request parameters: both tag and digest cannot be null")
_INVALID_DIGEST = Failure(
    "InvalidImageDigest", f"Invalid request parameters: image digest should satisfy the regex '{IMAGE_DIGEST}'"
)
_INVALID_TAG = Failure(
    "InvalidImageTag", f"Invalid request parameters: image tag should satisfy the regex '{IMAGE_TAG}'"
)
_MISMATCH = Failure(
    "ImageTagDoesNotMatchDigest", "Invalid request parameters: given tag does not map to the given digest"
)

# An image id of a request, and the image that it names, or why there is none.
ImageResult = tuple["ImageIdentifierTypeDef", StoredImage | Failure]


def find_images(
    call: Call, repository: StoredRepository, image_ids: Sequence[ImageIdentifierTypeDef]
) -> list[ImageResult]:
    """Return one result for each image id, in the order given; an id that is given twice has one result."""
    digests = {image_id["imageDigest"] for image_id in image_ids if "imageDigest" in image_id}
    tags = {image_id["imageTag"] for image_id in image_ids if "imageTag" in image_id}
    by_digest = images.get_images(call.connection, repository.key, list(filter(is_image_digest, digests)))
    by_tag = images.get_images_by_tag(call.connection, repository.key, list(filter(is_image_tag, tags)))
    results: dict[tuple[str | None, str | None], ImageResult] = {}
    for image_id in image_ids:
        digest, tag = image_id.get("imageDigest"), image_id.get("imageTag")
        results[digest, tag] = image_id, _match(digest, tag, by_digest, by_tag)
    return list(results.values())


def _match(
    digest: str | None, tag: str | None, by_digest: Mapping[str, StoredImage], by_tag: Mapping[str, StoredImage]
) -> StoredImage | Failure:
    if digest is None and tag is None:
        return _NO_DIGEST_OR_TAG
    if digest is not None and not is_image_digest(digest):
        return _INVALID_DIGEST
    if tag is None:
        return by_digest.get(digest or "", NOT_FOUND)
    if not is_image_tag(tag):
        return _INVALID_TAG
    image = by_tag.get(tag)
    if image is None:
        return NOT_FOUND
    return image if digest in (None, image.digest) else _MISMATCH


def require_image(call: Call, repository: StoredRepository, result: ImageResult) -> StoredImage:
    """Return the image of a result of :func:`find_images`, for operations that fail as a whole without it.

    Raises:
        ECRError: an ImageNotFoundException or InvalidParameterException.
    """
    image_id, image = result
    if isinstance(image, StoredImage):
        return image
    check_image_id(result)
    raise hints.image_not_found(call, image_id, repository)


def check_image_id(result: ImageResult) -> None:
    """Check that the image id of a result of :func:`find_images` is well-formed, whether or not it names an image.

    Raises:
        ECRError: an InvalidParameterException.
    """
    _, image = result
    if image is _NO_DIGEST_OR_TAG:
        raise invalid_parameter("imageId", "both tag and digest cannot be null")
    if image is _INVALID_DIGEST:
        raise invalid_parameter("imageDigest", f"must satisfy regular expression '{IMAGE_DIGEST}'")
    if image is _INVALID_TAG:
        raise invalid_parameter("imageTag", f"must satisfy regular expression '{IMAGE_TAG}'")


def find_image(call: Call, repository: StoredRepository, image_id: ImageIdentifierTypeDef) -> StoredImage:
    """Return the one image that a request names.

    Raises:
        ECRError: an ImageNotFoundException or InvalidParameterException.
    """
    (result,) = find_images(call, repository, [image_id])
    return require_image(call, repository, result)
