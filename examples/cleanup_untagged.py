"""Delete every untagged image of a repository: `python examples/cleanup_untagged.py`.

As the API reference proposes, the images that ListImages returns for UNTAGGED are given to BatchDeleteImage, at most
100 in one call. The tests are in test_cleanup_untagged.py. This script runs against a fake; for AWS, pass
`delete_untagged` a client of AWS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3

from fakeecr import FakeECR

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecr.type_defs import ImageFailureTypeDef, ImageIdentifierTypeDef

# The most images that BatchDeleteImage accepts in one call.
MAX_IMAGES = 100


def delete_untagged(client: ECRClient, repository: str) -> list[ImageFailureTypeDef]:
    """Delete the untagged images of a repository; return the failures."""
    pages = client.get_paginator("list_images").paginate(
        repositoryName=repository, filter={"tagStatus": "UNTAGGED"}, PaginationConfig={"PageSize": MAX_IMAGES}
    )
    failures: list[ImageFailureTypeDef] = []
    # Deletions between two pages do not affect the rest of the listing.
    for page in pages:
        if page["imageIds"]:
            failures += delete(client, repository, page["imageIds"])
    # An image of an index cannot be deleted before the index. If the index was untagged, it is now deleted: try again.
    retried = [each["imageId"] for each in failures if each["failureCode"] == "ImageReferencedByManifestList"]
    remaining = [each for each in failures if each["failureCode"] != "ImageReferencedByManifestList"]
    for first in range(0, len(retried), MAX_IMAGES):
        remaining += delete(client, repository, retried[first : first + MAX_IMAGES])
    return remaining


def delete(client: ECRClient, repository: str, image_ids: list[ImageIdentifierTypeDef]) -> list[ImageFailureTypeDef]:
    """Delete up to 100 images; return the failures."""
    return client.batch_delete_image(repositoryName=repository, imageIds=image_ids)["failures"]


def main() -> None:
    """Clean up a repository in which each of 250 builds moved the tag `latest`."""
    with FakeECR() as ecr:
        for _ in range(250):
            ecr.push("web", "latest")
        multi_arch = ecr.push("web", "multi", platforms=["linux/amd64", "linux/arm64"])

        client = boto3.client("ecr", region_name="us-east-1")
        print("images before:", len(image_digests(client, "web")))
        failures = delete_untagged(client, "web")
        print("images after: ", len(image_digests(client, "web")))
        print("still needed: ", len(failures), "images of an index with a tag")
        assert {each["imageId"]["imageDigest"] for each in failures} == set(multi_arch.platforms.values())


def image_digests(client: ECRClient, repository: str) -> set[str]:
    """Return the digests of the images of a repository."""
    pages = client.get_paginator("list_images").paginate(repositoryName=repository)
    return {image["imageDigest"] for page in pages for image in page["imageIds"]}


if __name__ == "__main__":
    main()
