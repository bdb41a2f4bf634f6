"""What a request means by its names: a repository, an image, many images."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from fakeecr.errors import image_not_found, invalid_parameter, repository_not_found
from fakeecr.operations.call import Call
from fakeecr.store import images, registries
from fakeecr.store.images import Known
from fakeecr.store.registries import FoundRepository

if TYPE_CHECKING:
    from mypy_boto3_ecr.literals import ImageFailureCodeType
    from mypy_boto3_ecr.type_defs import ImageFailureTypeDef, ImageIdentifierTypeDef

_log = logging.getLogger("fakeecr")

# The model has no pattern for either; the service has (observed).
DIGEST_PATTERN = "[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+"
TAG_PATTERN = "[a-zA-Z0-9-_.]+"
is_digest = re.compile(DIGEST_PATTERN).fullmatch
is_tag = re.compile(TAG_PATTERN).fullmatch


def find_repository(call: Call, request: Mapping[str, Any]) -> FoundRepository:
    """Find the repository that a request is about.

    Args:
        call: the call.
        request: its `repositoryName`, and its `registryId` where it has one; else the default registry is meant.

    Raises:
        ECRError: a RepositoryNotFoundException.
    """
    return repository_at(call, call.account_of(request), request["repositoryName"])


def repository_at(call: Call, account_id: str, name: str) -> FoundRepository:
    """Find the repository of a name in an account's registry.

    Raises:
        ECRError: a RepositoryNotFoundException.
    """
    found = registries.find_repository(call.connection, account_id, call.region, name)
    if found is None:
        elsewhere = registries.places_of(call.connection, name)
        if elsewhere:
            places = ", ".join(f"registry {account} in {region}" for account, region in elsewhere)
            _log.warning(
                "There is no repository %r in registry %s in %s; this fake has one in %s.",
                name,
                account_id,
                call.region,
                places,
            )
        raise repository_not_found(name, account_id)
    return found


class Failure(NamedTuple):
    """Why one image of a batch cannot be had."""

    code: ImageFailureCodeType
    reason: str

    def of(self, image_id: ImageIdentifierTypeDef) -> ImageFailureTypeDef:
        """Give it as the response has it, with the image's id as it was requested."""
        return {"failureCode": self.code, "failureReason": self.reason, "imageId": image_id}


NOT_FOUND = Failure("ImageNotFound", "Requested image not found")
_NEITHER = Failure("MissingDigestAndTag", "Invalid request parameters: both tag and digest cannot be null")
_BAD_DIGEST = Failure(
    "InvalidImageDigest",
    f"Invalid request parameters: image digest should satisfy the regex '{DIGEST_PATTERN}'",
)
_BAD_TAG = Failure("InvalidImageTag", f"Invalid request parameters: image tag should satisfy the regex '{TAG_PATTERN}'")
_NO_MATCH = Failure(
    "ImageTagDoesNotMatchDigest", "Invalid request parameters: given tag does not map to the given digest"
)


def find_images(
    call: Call, repository: FoundRepository, image_ids: Sequence[ImageIdentifierTypeDef]
) -> list[tuple[ImageIdentifierTypeDef, Known | Failure]]:
    """Find the images of a batch: each id once, in the order of the request, with its image or why there is none."""
    digests = {image_id["imageDigest"] for image_id in image_ids if "imageDigest" in image_id}
    tags = {image_id["imageTag"] for image_id in image_ids if "imageTag" in image_id}
    by_digest = images.find_all(call.connection, repository.key, list(filter(is_digest, digests)))
    by_tag = images.find_tagged(call.connection, repository.key, list(filter(is_tag, tags)))
    found: dict[tuple[str | None, str | None], tuple[ImageIdentifierTypeDef, Known | Failure]] = {}
    for image_id in image_ids:
        digest, tag = image_id.get("imageDigest"), image_id.get("imageTag")
        found[digest, tag] = image_id, _choose(digest, tag, by_digest, by_tag)
    return list(found.values())


def _choose(
    digest: str | None, tag: str | None, by_digest: Mapping[str, Known], by_tag: Mapping[str, Known]
) -> Known | Failure:
    if digest is None and tag is None:
        return _NEITHER
    if digest is not None and not is_digest(digest):
        return _BAD_DIGEST
    if tag is None:
        return by_digest.get(digest or "", NOT_FOUND)
    if not is_tag(tag):
        return _BAD_TAG
    image = by_tag.get(tag)
    if image is None:
        return NOT_FOUND
    return image if digest in (None, image.digest) else _NO_MATCH


def required(repository: FoundRepository, image_id: ImageIdentifierTypeDef, found: Known | Failure) -> Known:
    """Give the image that was found, for operations that fail as a whole without it.

    Raises:
        ECRError: an ImageNotFoundException, or an InvalidParameterException.
    """
    if isinstance(found, Known):
        return found
    refuse_malformed(found)
    raise image_not_found(image_id.get("imageDigest"), image_id.get("imageTag"), repository.name, repository.account_id)


def refuse_malformed(found: Known | Failure) -> None:
    """Refuse an image's id that is none.

    Raises:
        ECRError: an InvalidParameterException.
    """
    if found is _NEITHER:
        raise invalid_parameter("imageId", "both tag and digest cannot be null")
    if found is _BAD_DIGEST:
        raise invalid_parameter("imageDigest", f"must satisfy regular expression '{DIGEST_PATTERN}'")
    if found is _BAD_TAG:
        raise invalid_parameter("imageTag", f"must satisfy regular expression '{TAG_PATTERN}'")


def find_image(call: Call, repository: FoundRepository, image_id: ImageIdentifierTypeDef) -> Known:
    """Find the one image that a request is about; it raises what :func:`required` does."""
    ((_, found),) = find_images(call, repository, [image_id])
    return required(repository, image_id, found)
