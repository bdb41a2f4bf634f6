"""A minimal valid request for every operation, and a registry in which each has something to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from mypy_boto3_ecr import ECRClient

from fakeecr import FakeECR
from tests.manifests import blob, digest_of, image
from tests.operations.test_pull_through_caches import PUBLIC
from tests.operations.test_lifecycle import OLD_UNTAGGED
from tests.operations.test_policies import WRITTEN
from tests.operations.test_registry import ROLE
from tests.operations.test_signing import signing

ARN = "arn:aws:ecr:us-east-1:123456789012:repository/web"
WEST = {"region": "eu-west-1", "registryId": "123456789012"}
ONE = image("one", layers=[blob("layer", 5)])
NEW_LAYER = b"a new layer"


class World(NamedTuple):
    """What the requests need to know of the registry."""

    upload: str
    backfill: str


def build(ecr: FakeECR, client: ECRClient, has: Callable[[str], bool] = lambda operation: True) -> World:
    """Fill the default registry, as far as a client has the operations for it."""
    ecr.seed({"registries": [{"repositories": [
        {"name": "web", "policy": WRITTEN, "lifecycle_policy": OLD_UNTAGGED, "layers": [{"content": "layer"}],
         "images": [{"manifest": ONE, "tags": ["one"], "findings": []}]},
        {"name": "empty"},
    ]}]})  # fmt: skip
    made = {
        "PutRegistryPolicy": {"policyText": WRITTEN},
        "PutSigningConfiguration": {"signingConfiguration": signing()},
        "PutReplicationConfiguration": {"replicationConfiguration": {"rules": [{"destinations": [WEST]}]}},
        "CreatePullThroughCacheRule": PUBLIC,
        "CreateRepositoryCreationTemplate": {"prefix": "prod", "appliedFor": ["REPLICATION"]},
        "RegisterPullTimeUpdateExclusion": {"principalArn": ROLE},
        "StartLifecyclePolicyPreview": {"repositoryName": "web"},
        "InitiateLayerUpload": {"repositoryName": "web"},
        "StartReplicationBackfill": {"destination": WEST},
    }
    answers = {name: client._make_api_call(name, request) for name, request in made.items() if has(name)}  # type: ignore[attr-defined]
    upload = answers.get("InitiateLayerUpload", {}).get("uploadId", "")
    if upload:
        client.upload_layer_part(
            repositoryName="web",
            uploadId=upload,
            partFirstByte=0,
            partLastByte=len(NEW_LAYER) - 1,
            layerPartBlob=NEW_LAYER,
        )
    return World(upload, answers.get("StartReplicationBackfill", {}).get("replicationBackfillId", ""))


_WEB = {"repositoryName": "web"}
_ONE = {**_WEB, "imageId": {"imageTag": "one"}}
_ONES = {**_WEB, "imageIds": [{"imageTag": "one"}]}

# Operation → its smallest valid request, or a function that gives it.
REQUESTS: Mapping[str, Mapping[str, Any] | Callable[[World], Mapping[str, Any]]] = {
    "BatchCheckLayerAvailability": {**_WEB, "layerDigests": [digest_of("layer")]},
    "BatchDeleteImage": _ONES,
    "BatchGetImage": _ONES,
    "BatchGetRepositoryScanningConfiguration": {"repositoryNames": ["web"]},
    "CompleteLayerUpload": lambda world: {**_WEB, "uploadId": world.upload, "layerDigests": [digest_of(NEW_LAYER)]},
    "CreatePullThroughCacheRule": {**PUBLIC, "ecrRepositoryPrefix": "another"},
    "CreateRepository": {"repositoryName": "another"},
    "CreateRepositoryCreationTemplate": {"prefix": "another", "appliedFor": ["REPLICATION"]},
    "DeleteLifecyclePolicy": _WEB,
    "DeletePullThroughCacheRule": {"ecrRepositoryPrefix": PUBLIC["ecrRepositoryPrefix"]},
    "DeleteRegistryPolicy": {},
    "DeleteRepository": {"repositoryName": "empty"},
    "DeleteRepositoryCreationTemplate": {"prefix": "prod"},
    "DeleteRepositoryPolicy": _WEB,
    "DeleteSigningConfiguration": {},
    "DeregisterPullTimeUpdateExclusion": {"principalArn": ROLE},
    "DescribeImageReplicationStatus": _ONE,
    "DescribeImageScanFindings": _ONE,
    "DescribeImageSigningStatus": _ONE,
    "DescribeImages": _WEB,
    "DescribePullThroughCacheRules": {},
    "DescribeRegistry": {},
    "DescribeReplicationBackfillResults": lambda world: {"replicationBackfillId": world.backfill},
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
    "PutLifecyclePolicy": {**_WEB, "lifecyclePolicyText": OLD_UNTAGGED},
    "PutRegistryPolicy": {"policyText": WRITTEN},
    "PutRegistryScanningConfiguration": {},
    "PutReplicationConfiguration": {"replicationConfiguration": {"rules": []}},
    "PutSigningConfiguration": {"signingConfiguration": {"rules": []}},
    "RegisterPullTimeUpdateExclusion": {"principalArn": ROLE + "2"},
    "SetRepositoryPolicy": {**_WEB, "policyText": WRITTEN},
    "StartImageScan": _ONE,
    "StartLifecyclePolicyPreview": _WEB,
    "StartReplicationBackfill": {"destination": WEST},
    "StopReplicationBackfill": lambda world: {"replicationBackfillId": world.backfill},
    "TagResource": {"resourceArn": ARN, "tags": []},
    "UntagResource": {"resourceArn": ARN, "tagKeys": []},
    "UpdateImageStorageClass": {**_ONE, "targetStorageClass": "ARCHIVE"},
    "UpdatePullThroughCacheRule": {"ecrRepositoryPrefix": PUBLIC["ecrRepositoryPrefix"]},
    "UpdateRepositoryCreationTemplate": {"prefix": "prod"},
    "UploadLayerPart": lambda world: {
        **_WEB, "uploadId": world.upload, "partFirstByte": len(NEW_LAYER), "partLastByte": len(NEW_LAYER),
        "layerPartBlob": b"!"},
    "ValidatePullThroughCacheRule": {"ecrRepositoryPrefix": PUBLIC["ecrRepositoryPrefix"]},
}  # fmt: skip
# Operations that no state of this fake lets succeed, with what they answer, and why.
NEVER = {
    "StopReplicationBackfill": "ReplicationBackfillInvalidStatusException",  # each is over as soon as it was started
}


def request_for(operation: str, world: World) -> dict[str, Any]:
    """Give the smallest valid request of an operation."""
    request = REQUESTS[operation]
    return dict(request(world) if callable(request) else request)
