"""Calls that several tests of operations make: pushes, listings, uploads, replication, scans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mypy_boto3_ecr import ECRClient

from fakeecr import FakeECR
from tests.answers import identifiers
from tests.conftest import unchecked
from tests.manifests import digest_of, image
from tests.operations.samples import WEST


def content(response: Any) -> dict[str, Any]:
    """Return a response without its ResponseMetadata."""
    return {name: value for name, value in response.items() if name != "ResponseMetadata"}


def seed_of(*repositories: dict[str, Any]) -> dict[str, Any]:
    """Build a seed that has these repositories in the default registry."""
    return {"registries": [{"repositories": list(repositories)}]}


def put_image(
    client: ECRClient, manifest: str | None = None, tag: str | None = None, repository: str = "web", **parameters: Any
) -> Any:
    """Push an image with PutImage; return the response's image.

    Args:
        client: The client that pushes.
        manifest: The manifest, `tests.manifests.image()` unless given.
        tag: The tag; None for an untagged image.
        repository: The repository's name.
        parameters: More parameters of PutImage.
    """
    if tag is not None:
        parameters["imageTag"] = tag
    return client.put_image(
        repositoryName=repository, imageManifest=image() if manifest is None else manifest, **parameters
    )["image"]


def delete_image(client: ECRClient, **image_id: str) -> None:
    """Delete an image or a tag of the repository "web", given by imageTag, imageDigest or both."""
    client.batch_delete_image(repositoryName="web", imageIds=[image_id])


def archive_image(client: ECRClient, **image_id: str) -> None:
    """Archive an image of the repository "web", given by imageTag, imageDigest or both."""
    client.update_image_storage_class(repositoryName="web", imageId=image_id, targetStorageClass="ARCHIVE")


def listed_identifiers(client: ECRClient, repository: str = "web", **parameters: Any) -> list[tuple[str, str | None]]:
    """Return the (digest, tag) of a repository's first hundred image identifiers, whatever their status."""
    return identifiers(client.list_images(repositoryName=repository, filter={"imageStatus": "ANY"}, **parameters))


def only_image(client: ECRClient, **parameters: Any) -> Any:
    """Return the details of the one image that DescribeImages finds in the repository "web"."""
    (details,) = client.describe_images(repositoryName="web", **parameters)["imageDetails"]
    return details


def only_repository(client: ECRClient) -> Any:
    """Return the one repository that DescribeRepositories finds in the registry."""
    (repository,) = client.describe_repositories()["repositories"]
    return repository


def begin_upload(client: ECRClient) -> str:
    """Begin the upload of a layer to the repository "web"; return the upload's id."""
    return client.initiate_layer_upload(repositoryName="web")["uploadId"]


def send_part(client: ECRClient, upload_id: str, first: int, part: bytes, last: int | None = None) -> Any:
    """Upload a part of a layer; return the response.

    Args:
        client: The client that uploads.
        upload_id: The upload's id.
        first: The position of the part's first byte.
        part: The part's bytes.
        last: The position of the part's last byte; computed unless given.
    """
    return client.upload_layer_part(
        repositoryName="web",
        uploadId=upload_id,
        partFirstByte=first,
        partLastByte=first + len(part) - 1 if last is None else last,
        layerPartBlob=part,
    )


def complete_upload(client: ECRClient, upload_id: str, *digests: str) -> Any:
    """Complete the upload of a layer; return the response."""
    return client.complete_layer_upload(repositoryName="web", uploadId=upload_id, layerDigests=list(digests))


def upload_layer(client: ECRClient, *parts: bytes) -> str:
    """Upload a layer in these parts to the repository "web"; return its digest."""
    upload_id, first = begin_upload(client), 0
    for part in parts:
        send_part(client, upload_id, first, part)
        first += len(part)
    return complete_upload(client, upload_id, digest_of(b"".join(parts)))["layerDigest"]


def replication_rule(*destinations: dict[str, str], prefixes: Sequence[str] = (), **settings: Any) -> dict[str, Any]:
    """Build a replication rule, for the repositories with one of the prefixes or for all."""
    rule: dict[str, Any] = {"destinations": list(destinations), **settings}
    if prefixes:
        rule["repositoryFilters"] = [{"filter": prefix, "filterType": "PREFIX_MATCH"} for prefix in prefixes]
    return rule


def configure_replication(client: ECRClient, *rules: Any) -> None:
    """Put a replication configuration of these rules."""
    client.put_replication_configuration(replicationConfiguration={"rules": list(rules)})


def replica(
    ecr: FakeECR, destination: Mapping[str, str] = WEST, repository: str = "web"
) -> list[tuple[str, str | None]] | None:
    """Return the (digest, tag) of a repository's identifiers at a destination; None if there is no repository."""
    client = unchecked(ecr, region_name=destination["region"])
    try:
        return identifiers(client.list_images(repositoryName=repository, registryId=destination["registryId"]))
    except client.exceptions.RepositoryNotFoundException:
        return None


def scanning_rules(*wildcards: str, frequency: str = "SCAN_ON_PUSH") -> list[Any]:
    """Build the rules of a registry scanning configuration: one rule, with a filter for each wildcard."""
    filters = [{"filter": wildcard, "filterType": "WILDCARD"} for wildcard in wildcards]
    return [{"scanFrequency": frequency, "repositoryFilters": filters}]


def is_scanned(client: ECRClient, tag: str = "one", repository: str = "web") -> bool:
    """Whether DescribeImageScanFindings finds a scan of an image."""
    try:
        client.describe_image_scan_findings(repositoryName=repository, imageId={"imageTag": tag})
    except client.exceptions.ScanNotFoundException:
        return False
    return True
