"""An image for several platforms, pushed, pulled and deleted as one: `python examples/multi_arch.py`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3

from fakeecr import FakeECR

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecr.type_defs import ImageIdentifierTypeDef


def manifest_for(client: ECRClient, repository: str, tag: str, platform: str) -> Any:
    """Pull the manifest for one platform, as a container runtime does: first the index, then what it lists."""
    index = pull(client, repository, {"imageTag": tag})
    for listed in index["manifests"]:
        if f"{listed['platform']['os']}/{listed['platform']['architecture']}" == platform:
            return pull(client, repository, {"imageDigest": listed["digest"]})
    raise LookupError(f"{repository}:{tag} is not there for {platform}")


def pull(client: ECRClient, repository: str, image_id: ImageIdentifierTypeDef) -> Any:
    """Pull one manifest."""
    response = client.batch_get_image(repositoryName=repository, imageIds=[image_id])
    for failure in response["failures"]:
        raise LookupError(failure["failureReason"])
    return json.loads(response["images"][0]["imageManifest"])


def main() -> None:
    """Push an index, pull one of its images, and delete both in the order that ECR wants."""
    with FakeECR() as ecr:
        pushed = ecr.push("web", "1.0", platforms=["linux/amd64", "linux/arm64"])
        client = boto3.client("ecr", region_name="us-east-1")

        for platform, digest in pushed.platforms.items():
            manifest = manifest_for(client, "web", "1.0", platform)
            print(platform, "is", digest[:15] + "…,", manifest["mediaType"])

        children: list[ImageIdentifierTypeDef] = [{"imageDigest": digest} for digest in pushed.platforms.values()]
        early = client.batch_delete_image(repositoryName="web", imageIds=children)
        print("before the index:", {each["failureCode"] for each in early["failures"]})
        client.batch_delete_image(repositoryName="web", imageIds=[{"imageTag": "1.0"}])
        late = client.batch_delete_image(repositoryName="web", imageIds=children)
        print("after it:", len(late["imageIds"]), "deleted")


if __name__ == "__main__":
    main()
