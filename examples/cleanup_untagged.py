"""Delete every untagged image of a repository: `python examples/cleanup_untagged.py`.

What the reference proposes: list the UNTAGGED images, and pipe them to BatchDeleteImage, a hundred at a time. Its
tests are in test_cleanup_untagged.py. Here it runs against a fake; for AWS, give it a client of AWS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3

from fakeecr import FakeECR

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecr.type_defs import ImageFailureTypeDef, ImageIdentifierTypeDef

# What BatchDeleteImage takes in one call.
HUNDRED = 100


def delete_untagged(client: ECRClient, repository: str) -> list[ImageFailureTypeDef]:
    """Delete a repository's untagged images; give those that could not be deleted."""
    pages = client.get_paginator("list_images").paginate(
        repositoryName=repository, filter={"tagStatus": "UNTAGGED"}, PaginationConfig={"PageSize": HUNDRED}
    )
    failures: list[ImageFailureTypeDef] = []
    # What is deleted between two pages disturbs the listing in no way.
    for page in pages:
        if page["imageIds"]:
            failures += delete(client, repository, page["imageIds"])
    # The images of an index cannot go before it; if it was untagged as well, it is gone by now.
    again = [each["imageId"] for each in failures if each["failureCode"] == "ImageReferencedByManifestList"]
    others = [each for each in failures if each["failureCode"] != "ImageReferencedByManifestList"]
    for first in range(0, len(again), HUNDRED):
        others += delete(client, repository, again[first : first + HUNDRED])
    return others


def delete(client: ECRClient, repository: str, image_ids: list[ImageIdentifierTypeDef]) -> list[ImageFailureTypeDef]:
    """Delete up to a hundred images; give those that could not be deleted."""
    return client.batch_delete_image(repositoryName=repository, imageIds=image_ids)["failures"]


def main() -> None:
    """Clean up a repository in which every build moved the tag `latest`."""
    with FakeECR() as ecr:
        for _ in range(250):
            ecr.push("web", "latest")
        multi = ecr.push("web", "multi", platforms=["linux/amd64", "linux/arm64"])

        client = boto3.client("ecr", region_name="us-east-1")
        print("images before:", len(list(images(client, "web"))))
        kept = delete_untagged(client, "web")
        print("images after: ", len(list(images(client, "web"))))
        print("still needed: ", len(kept), "images of an index with a tag")
        assert {each["imageId"]["imageDigest"] for each in kept} == set(multi.platforms.values())


def images(client: ECRClient, repository: str) -> set[str]:
    """Give the digest of every image of a repository."""
    pages = client.get_paginator("list_images").paginate(repositoryName=repository)
    return {image["imageDigest"] for page in pages for image in page["imageIds"]}


if __name__ == "__main__":
    main()
