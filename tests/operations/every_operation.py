"""A minimal valid request for every operation, and a registry in which the request succeeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from mypy_boto3_ecr import ECRClient

from fakeecr import FakeECR
from tests.installed_model import INSTALLED_OPERATIONS
from tests.manifests import blob, digest_of, image
from tests.operations.helpers import seed_of, send_part
from tests.operations.samples import (
    EXPIRE_OLD_UNTAGGED,
    POLICY_TEXT,
    PUBLIC_RULE,
    SCANNER_ROLE,
    WEST,
    signing_configuration,
)

ARN = "arn:aws:ecr:us-east-1:123456789012:repository/web"
ONE = image("one", layers=[blob("layer", 5)])
NEW_LAYER = b"a new layer"


class World(NamedTuple):
    """The ids in the registry that the requests need."""

    upload_id: str
    backfill_id: str


def build(ecr: FakeECR, client: ECRClient) -> World:
    """Fill the default registry, as far as the installed model has the operations for it.

    Args:
        ecr: The fake.
        client: A client of the fake.

    Returns:
        The ids that the requests need; an id is empty if the model lacks the operation that creates it.
    """
    ecr.seed(seed_of(
        {"name": "web", "policy": POLICY_TEXT, "lifecycle_policy": EXPIRE_OLD_UNTAGGED,
         "layers": [{"content": "layer"}], "images": [{"manifest": ONE, "tags": ["one"], "findings": []}]},
        {"name": "empty"},
    ))  # fmt: skip
    requests = {
        "PutRegistryPolicy": {"policyText": POLICY_TEXT},
        "PutSigningConfiguration": {"signingConfiguration": signing_configuration()},
        "PutReplicationConfiguration": {"replicationConfiguration": {"rules": [{"destinations": [WEST]}]}},
        "CreatePullThroughCacheRule": PUBLIC_RULE,
        "CreateRepositoryCreationTemplate": {"prefix": "prod", "appliedFor": ["REPLICATION"]},
        "RegisterPullTimeUpdateExclusion": {"principalArn": SCANNER_ROLE},
        "StartLifecyclePolicyPreview": {"repositoryName": "web"},
        "InitiateLayerUpload": {"repositoryName": "web"},
        "StartReplicationBackfill": {"destination": WEST},
    }
    responses = {
        operation: client._make_api_call(operation, request)  # type: ignore[attr-defined]
        for operation, request in requests.items()
        if operation in INSTALLED_OPERATIONS
    }
    upload_id = responses.get("InitiateLayerUpload", {}).get("uploadId", "")
    if upload_id:
        send_part(client, upload_id, 0, NEW_LAYER)
    return World(upload_id, responses.get("StartReplicationBackfill", {}).get("replicationBackfillId", ""))


_WEB = {"repositoryName": "web"}
_WEB_IMAGE = {**_WEB, "imageId": {"imageTag": "one"}}
_WEB_IMAGES = {**_WEB, "imageIds": [{"imageTag": "one"}]}

# Operation → its smallest valid request, or a function that builds it.
REQUESTS: Mapping[str, Mapping[str, Any] | Callable[[World], Mapping[str, Any]]] = {
    "BatchCheckLayerAvailability": {**_WEB, "layerDigests": [digest_of("layer")]},
    "BatchDeleteImage": _WEB_IMAGES,
    "BatchGetImage": _WEB_IMAGES,
    "BatchGetRepositoryScanningConfiguration": {"repositoryNames": ["web"]},
    "CompleteLayerUpload": lambda world: {**_WEB, "uploadId": world.upload_id, "layerDigests": [digest_of(NEW_LAYER)]},
    "CreatePullThroughCacheRule": {**PUBLIC_RULE, "ecrRepositoryPrefix": "another"},
    "CreateRepository": {"repositoryName": "another"},
    "CreateRepositoryCreationTemplate": {"prefix": "another", "appliedFor": ["REPLICATION"]},
    "DeleteLifecyclePolicy": _WEB,
    "DeletePullThroughCacheRule": {"ecrRepositoryPrefix": PUBLIC_RULE["ecrRepositoryPrefix"]},
    "DeleteRegistryPolicy": {},
    "DeleteRepository": {"repositoryName": "empty"},
    "DeleteRepositoryCreationTemplate": {"prefix": "prod"},
    "DeleteRepositoryPolicy": _WEB,
    "DeleteSigningConfiguration": {},
    "DeregisterPullTimeUpdateExclusion": {"principalArn": SCANNER_ROLE},
    "DescribeImageReplicationStatus": _WEB_IMAGE,
    "DescribeImageScanFindings": _WEB_IMAGE,
    "DescribeImageSigningStatus": _WEB_IMAGE,
    "DescribeImages": _WEB,
    "DescribePullThroughCacheRules": {},
    "DescribeRegistry": {},
    "DescribeReplicationBackfillResults": lambda world: {"replicationBackfillId": world.backfill_id},
    "DescribeRepositories": {},
    "DescribeRepositoryCreationTemplates": {},
    "GetAccountSetting": {"name": "BLOB_MOUNTING"},
    "GetAuthorizationToken": {},
    "GetDownloadUrlForLayer": {**_WEB, "layerDigest": digest_of("layer")},
    "GetLifecyclePolicy": _WEB,
    "GetLifecyclePolicyPreview": _WEB,
    "GetRegistryPolicy": {},
    "GetRegistryScanningConfiguration": {},
    "GetRepositoryPolicy": _WEB,
    "GetSigningConfiguration": {},
    "InitiateLayerUpload": _WEB,
    "ListImageReferrers": {**_WEB, "subjectId": {"imageDigest": digest_of(ONE)}},
    "ListImages": _WEB,
    "ListPullTimeUpdateExclusions": {},
    "ListReplicationBackfills": {},
    "ListTagsForResource": {"resourceArn": ARN},
    "PutAccountSetting": {"name": "BLOB_MOUNTING", "value": "ENABLED"},
    "PutImage": {**_WEB, "imageManifest": image("new")},
    "PutImageScanningConfiguration": {**_WEB, "imageScanningConfiguration": {}},
    "PutImageTagMutability": {**_WEB, "imageTagMutability": "IMMUTABLE"},
    "PutLifecyclePolicy": {**_WEB, "lifecyclePolicyText": EXPIRE_OLD_UNTAGGED},
    "PutRegistryPolicy": {"policyText": POLICY_TEXT},
    "PutRegistryScanningConfiguration": {},
    "PutReplicationConfiguration": {"replicationConfiguration": {"rules": []}},
    "PutSigningConfiguration": {"signingConfiguration": {"rules": []}},
    "RegisterPullTimeUpdateExclusion": {"principalArn": SCANNER_ROLE + "2"},
    "SetRepositoryPolicy": {**_WEB, "policyText": POLICY_TEXT},
    "StartImageScan": _WEB_IMAGE,
    "StartLifecyclePolicyPreview": _WEB,
    "StartReplicationBackfill": {"destination": WEST},
    "StopReplicationBackfill": lambda world: {"replicationBackfillId": world.backfill_id},
    "TagResource": {"resourceArn": ARN, "tags": []},
    "UntagResource": {"resourceArn": ARN, "tagKeys": []},
    "UpdateImageStorageClass": {**_WEB_IMAGE, "targetStorageClass": "ARCHIVE"},
    "UpdatePullThroughCacheRule": {"ecrRepositoryPrefix": PUBLIC_RULE["ecrRepositoryPrefix"]},
    "UpdateRepositoryCreationTemplate": {"prefix": "prod"},
    "UploadLayerPart": lambda world: {
        **_WEB, "uploadId": world.upload_id, "partFirstByte": len(NEW_LAYER), "partLastByte": len(NEW_LAYER),
        "layerPartBlob": b"!"},
    "ValidatePullThroughCacheRule": {"ecrRepositoryPrefix": PUBLIC_RULE["ecrRepositoryPrefix"]},
}  # fmt: skip
# Operation that succeeds in no state of the fake → its error.
NEVER = {
    "StopReplicationBackfill": "ReplicationBackfillInvalidStatusException",  # a backfill is complete as soon as it is started
}


def request_for(operation: str, world: World) -> dict[str, Any]:
    """Return the smallest valid request of an operation."""
    request = REQUESTS[operation]
    return dict(request(world) if callable(request) else request)
