"""What commands read of registries, in the shapes of AWS's responses: in one transaction, and without a trace."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from fakeecr.aws_errors import ECRError
from fakeecr.operations.images import describe_images
from fakeecr.operations.repositories import describe_repositories
from fakeecr.operations.scanning import describe_image_scan_findings
from fakeecr.registry import made_up
from fakeecr.registry.kinds import LIFECYCLE_POLICY, REPOSITORY_POLICY
from fakeecr.registry.layers import get_layers, parts_of
from fakeecr.registry.lookup import NOT_FOUND, find_image, find_repository
from fakeecr.rules.descriptors import Descriptor, read_descriptors
from fakeecr.store import images, repositories, totals

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import ImageDetailTypeDef, RepositoryTypeDef

    from fakeecr.registry.call import Call
    from fakeecr.rules.image_names import ImageName
    from fakeecr.store.images import StoredImage
    from fakeecr.store.repositories import RegistryRow, StoredRepository

# AWS's largest page.
_PAGE = 1000

# How many images are described at a time.
_BATCH = 100

# Configs that are larger are not shown; those of images have some kilobytes.
_LARGEST_CONFIG = 4 * 1024 * 1024


def get_registries(call: Call, account_id: str | None, region: str | None) -> list[RegistryRow]:
    """Return the registries of an account and a region, None for any, without those upstream of caches."""
    return [
        registry
        for registry in repositories.get_registries(call.connection)
        if registry.account_id != repositories.UPSTREAM
        and account_id in (None, registry.account_id)
        and region in (None, registry.region)
    ]


def find_named(call: Call, name: ImageName) -> tuple[Call, StoredRepository]:
    """Return a call to the region of a repository, and the repository itself.

    Args:
        call: a call to the default region.
        name: the repository's name, which may also say in which registry it is.

    Raises:
        ECRError: a RepositoryNotFoundException.
    """
    local_call = call if name.region is None else call.in_region(name.region)
    return local_call, find_repository(local_call, name.repository, name.account_id)


def all_repositories(call: Call, account_id: str) -> Iterator[RepositoryTypeDef]:
    """Yield every repository of a registry as DescribeRepositories describes it, oldest first."""
    return _all(call, describe_repositories, "repositories", {"registryId": account_id})


def all_images(call: Call, repository: StoredRepository) -> Iterator[ImageDetailTypeDef]:
    """Yield every image of a repository, of any status, as DescribeImages describes it, oldest first."""
    request = {**_request(repository), "filter": {"imageStatus": "ANY"}}
    return _all(call, describe_images, "imageDetails", request)


def _all(call: Call, operation: Callable[[Call, Any], Any], member: str, request: dict[str, Any]) -> Iterator[Any]:
    """Yield what a paged operation lists."""
    token: dict[str, str] = {}
    while True:
        response = operation(call, {**request, **token, "maxResults": _PAGE})
        yield from response[member]
        if "nextToken" not in response:
            return
        token = {"nextToken": response["nextToken"]}


# --- One repository, one image -------------------------------------------------------------------


def describe_repository(call: Call, repository: StoredRepository) -> dict[str, Any]:
    """Return a repository as DescribeRepositories describes it, with its tags, its policies, and how much it has."""
    request = {"registryId": repository.account_id, "repositoryNames": [repository.name]}
    description: dict[str, Any] = {
        **describe_repositories(call, request)["repositories"][0],  # type: ignore[arg-type] # a request
        "tags": [
            {"Key": key, "Value": value}
            for key, value in repositories.get_tags(call.connection, repository.key).items()
        ],
    }
    policy = REPOSITORY_POLICY.get(call.connection, repository.key)
    if policy is not None:
        description["policyText"] = policy.content
    lifecycle_policy = LIFECYCLE_POLICY.get(call.connection, repository.key)
    if lifecycle_policy is not None:
        description["lifecyclePolicyText"] = lifecycle_policy.content["text"]
    counts = totals.count_images(call.connection, repository.key)
    return {**description, "imageCount": counts.images, "untaggedImageCount": counts.untagged, "tagCount": counts.tags}


def find_named_image(call: Call, repository: StoredRepository, name: ImageName) -> StoredImage:
    """Return the image of a name, whose digest may be the beginning of one.

    Raises:
        ECRError: there is no such image.
        ValueError: several images have digests that begin so.
    """
    image_id: dict[str, str] = {}
    if name.tag is not None:
        image_id["imageTag"] = name.tag
    if name.digest is not None:
        beginning = name.digest if ":" in name.digest else f"sha256:{name.digest}"
        digests = images.get_digests(call.connection, repository.key, beginning)
        if len(digests) > 1:
            raise ValueError(
                f"several images of {repository.name!r} have a digest that begins with {beginning}: give more of it"
            )
        image_id["imageDigest"] = digests[0] if digests else beginning
    return find_image(call, repository, image_id)  # type: ignore[arg-type] # an image id


def describe_image(
    call: Call, repository: StoredRepository, image: StoredImage, advance: Callable[[int], object] = lambda _: None
) -> dict[str, Any]:
    """Return an image with its manifest, its config and layers or its images, and what a scan found.

    The members are those of AWS's responses, except `config`, `images` and `platform`. An image that several indexes
    have is described once; elsewhere it has only its `imageId`.

    Args:
        call: a call to the region of the repository.
        repository: the repository.
        image: the image.
        advance: called with the number of images that have been read since the last time.
    """
    return _describe_images(call, repository, [image], {image.digest}, advance)[image.digest]


def _describe_images(
    call: Call,
    repository: StoredRepository,
    stored: Sequence[StoredImage],
    seen: set[str],
    advance: Callable[[int], object],
) -> dict[str, dict[str, Any]]:
    """Return images by their digests.

    Args:
        call: the call.
        repository: their repository.
        stored: the images, at most a batch.
        seen: the digests of what is described, these images included; those of their images are added.
        advance: called when an image has been read.
    """
    request = {**_request(repository), "imageIds": [{"imageDigest": image.digest} for image in stored]}
    details = describe_images(call, request)["imageDetails"]  # type: ignore[arg-type] # a request
    manifests = images.get_manifests(call.connection, [image.key for image in stored])
    described = {}
    for image, detail in zip(stored, details, strict=True):
        description: dict[str, Any] = {**detail}
        manifest = made_up.content_of(manifests[image.key])
        if manifest is not None:
            description["imageManifest"] = manifest.decode(errors="replace")
            descriptors = read_descriptors(manifest)
            if descriptors.config is not None:
                description["config"] = _read_config(call, repository, descriptors.config.digest)
            if descriptors.manifests is None:
                description["layers"] = _describe_layers(call, repository, descriptors.layers or ())
            else:
                description["images"] = _describe_children(call, repository, descriptors.manifests, seen, advance)
        described[image.digest] = {**description, **_describe_findings(call, repository, image)}
        advance(1)
    return described


def _request(repository: StoredRepository) -> dict[str, Any]:
    return {"registryId": repository.account_id, "repositoryName": repository.name}


def _describe_children(
    call: Call,
    repository: StoredRepository,
    children: Sequence[Descriptor],
    seen: set[str],
    advance: Callable[[int], object],
) -> list[dict[str, Any]]:
    """Return the images of an index with their platforms: described, or a reference, or why it cannot be described."""
    new = {child.digest for child in children} - seen
    found = images.get_images(call.connection, repository.key, new)
    seen |= found.keys()
    remaining = iter(found.values())
    described: dict[str, dict[str, Any]] = {}
    while batch := list(islice(remaining, _BATCH)):
        described.update(_describe_images(call, repository, batch, seen, advance))
    result = []
    for child in children:
        platform = {} if child.platform is None else {"platform": str(child.platform)}
        image_id = {"imageDigest": child.digest}
        if child.digest not in seen:
            result.append({**platform, **NOT_FOUND.of(image_id)})  # type: ignore[arg-type] # an image id
        else:
            # Only the first one of a digest has the description.
            result.append({**platform, **described.pop(child.digest, {"imageId": image_id})})
    return result


def _describe_layers(
    call: Call, repository: StoredRepository, descriptors: Sequence[Descriptor]
) -> list[dict[str, Any]]:
    """Return layers as BatchCheckLayerAvailability describes them."""
    stored = get_layers(call, repository.key, [layer.digest for layer in descriptors])
    return [
        {
            "layerDigest": layer.digest,
            "layerAvailability": "AVAILABLE" if layer.digest in stored else "UNAVAILABLE",
            "layerSize": layer.size,
            **({} if layer.media_type is None else {"mediaType": layer.media_type}),
        }
        for layer in descriptors
    ]


def _read_config(call: Call, repository: StoredRepository, digest: str) -> Any:
    """Return the config of an image, or None if its bytes are not stored, or are not JSON."""
    layer = get_layers(call, repository.key, [digest]).get(digest)
    if layer is None or layer.size > _LARGEST_CONFIG:
        return None
    try:
        return msgspec.json.decode(b"".join(parts_of(call, layer)))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _describe_findings(call: Call, repository: StoredRepository, image: StoredImage) -> dict[str, Any]:
    """Return what DescribeImageScanFindings does of an image, on one page; nothing if it was not scanned."""
    request = {**_request(repository), "imageId": {"imageDigest": image.digest}, "maxResults": _PAGE}
    try:
        response: Any = describe_image_scan_findings(call, request)  # type: ignore[arg-type] # a request
    except ECRError as error:
        if error.code == "ScanNotFoundException":
            return {}
        raise
    scan = {"imageScanStatus": response["imageScanStatus"]}
    if "imageScanFindings" not in response:
        return scan
    findings = response["imageScanFindings"]
    while "nextToken" in response:
        response = describe_image_scan_findings(call, {**request, "nextToken": response["nextToken"]})  # type: ignore[typeddict-item]
        for member in ("findings", "enhancedFindings"):
            if member in findings:
                findings[member] += response["imageScanFindings"][member]
    return {**scan, "imageScanFindings": findings}
