"""Push, pull and delete an image for several platforms: `python examples/multi_arch.py`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3

from fakeecr import FakeECR

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecr.type_defs import ImageIdentifierTypeDef


def manifest_for(client: ECRClient, repository: str, tag: str, platform: str) -> Any:
    """Pull the manifest for a platform, as a container runtime does: first the index, then the image that it lists."""
    index = pull(client, repository, {"imageTag": tag})
    for descriptor in index["manifests"]:
        if f"{descriptor['platform']['os']}/{descriptor['platform']['architecture']}" == platform:
            return pull(client, repository, {"imageDigest": descriptor["digest"]})
    raise LookupError(f"{repository}:{tag} has no image for {platform}")


def pull(client: ECRClient, repository: str, image_id: ImageIdentifierTypeDef) -> Any:
    """Return the manifest of an image, or raise LookupError."""
    response = client.batch_get_image(repositoryName=repository, imageIds=[image_id])
    for failure in response["failures"]:
        raise LookupError(failure["failureReason"])
    return json.loads(response["images"][0]["imageManifest"])


def main() -> None:
    """Push an index, pull its images, and delete all in the order that ECR requires."""
    with FakeECR() as ecr:
        pushed = ecr.push("web", "1.0", platforms=["linux/amd64", "linux/arm64"])
        client = boto3.client("ecr", region_name="us-east-1")

        for platform, digest in pushed.platforms.items():
            manifest = manifest_for(client, "web", "1.0", platform)
            print(platform, "is", digest[:15] + "…,", manifest["mediaType"])

        children: list[ImageIdentifierTypeDef] = [{"imageDigest": digest} for digest in pushed.platforms.values()]
        refused = client.batch_delete_image(repositoryName="web", imageIds=children)
        print("before the index:", {each["failureCode"] for each in refused["failures"]})
        client.batch_delete_image(repositoryName="web", imageIds=[{"imageTag": "1.0"}])
        deleted = client.batch_delete_image(repositoryName="web", imageIds=children)
        print("after it:", len(deleted["imageIds"]), "deleted")


if __name__ == "__main__":
    main()
