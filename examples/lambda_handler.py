"""A Lambda function for ECR's events: an image that is pushed as `latest` also gets a tag with the date.

An EventBridge rule calls `handler` for each `ECR Image Action`. The tests are in test_lambda_handler.py.
"""

from __future__ import annotations

from typing import Any

import boto3


def handler(event: dict[str, Any], context: object) -> None:
    """Tag a push of `latest` with its date, such as `2026-11-25`."""
    detail = event["detail"]
    if detail["action-type"] != "PUSH" or detail["image-tag"] != "latest":
        return
    client = boto3.client("ecr", region_name=event["region"])
    repository, registry_id = detail["repository-name"], event["account"]
    pulled = client.batch_get_image(
        repositoryName=repository, registryId=registry_id, imageIds=[{"imageDigest": detail["image-digest"]}]
    )
    try:
        client.put_image(
            repositoryName=repository,
            registryId=registry_id,
            imageManifest=pulled["images"][0]["imageManifest"],
            imageTag=event["time"].partition("T")[0],
        )
    except client.exceptions.ImageAlreadyExistsException:
        return  # EventBridge may deliver an event twice
