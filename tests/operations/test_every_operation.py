"""Every operation of the installed model: implemented, answered, and each declared error met or explained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.config import Config

from fakeecr.operations import OPERATIONS
from fakeecr.protocol.model import operation_model, operation_names
from tests.answers import check_answers, code_of
from tests.manifests import digest_of, image, index
from tests.operations import test_layers, test_put_image, test_repositories
from tests.operations.every_operation import ARN, NEVER, ONE, build, request_for
from tests.operations.test_pull_through_caches import PUBLIC
from tests.operations.test_registry import ROLE

HERE = sorted(set(OPERATIONS) & operation_names())


def call(client, operation, request):
    return client._make_api_call(operation, request)


def test_none_is_missing():
    """What stands here is new in the botocore that is installed: implement it."""
    assert sorted(operation_names() - set(OPERATIONS)) == []


# The members that the answer to a minimal request may lack, beside nextToken: nobody gave them, or nothing failed.
LACKED = {
    "CreatePullThroughCacheRule": {"credentialArn", "customRoleArn"},
    "DeletePullThroughCacheRule": {"credentialArn", "customRoleArn"},
    "DescribeReplicationBackfillResults": {"failureCode"},
    "PutImageTagMutability": {"imageTagMutabilityExclusionFilters"},
    "UpdatePullThroughCacheRule": {"credentialArn", "customRoleArn"},
    "ValidatePullThroughCacheRule": {"credentialArn", "customRoleArn", "failure"},
}


@pytest.mark.parametrize("operation", HERE)
def test_a_minimal_valid_request_is_answered(ecr, operation):
    # A client that checks what it sends: so the request is valid, and each member of it is required.
    client = check_answers(ecr.client(config=Config(retries={"total_max_attempts": 1})))
    request = request_for(operation, build(ecr, client))
    assert sorted(request) == sorted(operation_model(operation).input_shape.required_members)
    if operation in NEVER:
        assert code_of(call, client=client, operation=operation, request=request) == NEVER[operation]
    else:
        answer = call(client, operation, request)
        lacked = set(operation_model(operation).output_shape.members) - set(answer)
        assert lacked - {"nextToken"} <= LACKED.get(operation, set())


# --- Declared errors -----------------------------------------------------------------------------

# Errors that no request meets here; a test has to order them with fail().
ONLY_ORDERED = {
    "ServerException": "nothing breaks",
    "ValidationException": "when AWS prefers it to InvalidParameterException is not documented",
    "KmsException": "KMS is not asked",
    "UnableToAccessSecretException": "Secrets Manager is not asked",
    "UnableToDecryptSecretValueException": "Secrets Manager is not asked",
    "SecretNotFoundException": "Secrets Manager is not asked",
    "UnableToGetUpstreamImageException": "what is upstream can be had",
    "UnableToGetUpstreamLayerException": "an image comes with its layers",
    "UnableToListUpstreamImageReferrersException": "upstream is not asked for referrers",
    "BlockedByOrganizationPolicyException": "there is no organization",
    "LifecyclePolicyPreviewInProgressException": "a preview takes no time",
    "ReplicationBackfillInProgressException": "a backfill takes no time",
}
# … and those that other tests meet, which need more than a request to come there.
ELSEWHERE = {
    ("CreateRepository", "LimitExceededException"): (
        test_repositories.TestCreateRepository.test_refuses_more_than_a_registry_may_have
    ),
    ("PutImage", "LayersNotFoundException"): test_put_image.TestRequiredLayers.test_must_be_uploaded_before,
    ("PutImage", "LimitExceededException"): test_put_image.TestTags.test_an_image_has_a_thousand_tags_at_most,
    ("UploadLayerPart", "LimitExceededException"): test_layers.TestUpload.test_refuses_more_than_4200_parts,
}
NOTHING_TO_EXCEED = "no quota of it is documented"
NO_INPUT = "a request without members cannot be wrong"
ONLY_ORDERED_OF = {
    ("BatchGetImage", "LimitExceededException"): "pulls are not counted",
    ("BatchGetRepositoryScanningConfiguration", "RepositoryNotFoundException"): "it is a failure of one name",
    ("CreateRepositoryCreationTemplate", "LimitExceededException"): NOTHING_TO_EXCEED,
    ("DeregisterPullTimeUpdateExclusion", "LimitExceededException"): NOTHING_TO_EXCEED,
    ("ListPullTimeUpdateExclusions", "LimitExceededException"): NOTHING_TO_EXCEED,
    ("PutAccountSetting", "LimitExceededException"): NOTHING_TO_EXCEED,
    ("StartReplicationBackfill", "LimitExceededException"): "none is ever in progress",
    ("UntagResource", "TooManyTagsException"): "to untag adds no tag",
    **{
        (operation, "InvalidParameterException"): NO_INPUT
        for operation in HERE
        if not operation_model(operation).input_shape.members and operation != "DeleteSigningConfiguration"
    },
}

# What is wrong with a request whose operation has neither repositoryName nor registryId, or none that says so.
_WRONG: dict[str, dict[str, Any]] = {
    "BatchGetRepositoryScanningConfiguration": {"repositoryNames": ["A"]},
    "CreateRepositoryCreationTemplate": {"prefix": "A"},
    "DeleteRepositoryCreationTemplate": {"prefix": "A"},
    "DeregisterPullTimeUpdateExclusion": {"principalArn": "A"},
    "DescribeRepositoryCreationTemplates": {"maxResults": 0},
    "GetAccountSetting": {"name": ""},
    "GetAuthorizationToken": {"registryIds": ["A"]},
    "ListPullTimeUpdateExclusions": {"maxResults": 0},
    "ListTagsForResource": {"resourceArn": "A"},
    "PutAccountSetting": {"name": ""},
    "PutRegistryPolicy": {"policyText": "{}"},
    "PutRegistryScanningConfiguration": {"scanType": "A"},
    "PutReplicationConfiguration": {"replicationConfiguration": {}},
    "PutSigningConfiguration": {"signingConfiguration": {}},
    "RegisterPullTimeUpdateExclusion": {"principalArn": "A"},
    "TagResource": {"resourceArn": "A"},
    "UntagResource": {"resourceArn": "A"},
    "UpdateRepositoryCreationTemplate": {"prefix": "A"},
}
_NO_IMAGE = {"imageId": {"imageTag": "no"}}
_NO_RULE = {"ecrRepositoryPrefix": "no"}
_NO_UPLOAD = {"uploadId": "00000000-0000-0000-0000-000000000000"}
_NO_BACKFILL = {"replicationBackfillId": "00000000-0000-0000-0000-000000000000"}
_UNKNOWN_ARN = {"resourceArn": ARN.replace("web", "unknown")}


def _many(count: int) -> list[dict[str, str]]:
    return [{"Key": f"key{n}", "Value": ""} for n in range(count)]


def _delete(operation: str) -> Callable[[Any], Any]:
    """Delete first what a request is about."""
    return lambda client: call(client, operation, request_for(operation, None))  # type: ignore[arg-type]


def _repeat(operation: str, count: int, member: str, **request: Any) -> Callable[[Any], Any]:
    return lambda client: [call(client, operation, {**request, member: f"{request[member]}{n}"}) for n in range(count)]


def _new_upload(client: Any) -> dict[str, Any]:
    return {"uploadId": client.initiate_layer_upload(repositoryName="web")["uploadId"]}


def _short_parts(client: Any) -> dict[str, Any]:
    """Upload two parts, the first of which is shorter than any but the last may be."""
    upload = _new_upload(client)
    for byte in (0, 1):
        client.upload_layer_part(
            repositoryName="web", **upload, partFirstByte=byte, partLastByte=byte, layerPartBlob=b"x"
        )
    return upload


def _layer_that_is_there(client: Any) -> dict[str, Any]:
    upload = _new_upload(client)
    client.upload_layer_part(repositoryName="web", **upload, partFirstByte=0, partLastByte=4, layerPartBlob=b"layer")
    return {**upload, "layerDigests": [digest_of("layer")]}


def _archive(client: Any) -> None:
    client.update_image_storage_class(repositoryName="web", imageId={"imageTag": "one"}, targetStorageClass="ARCHIVE")


# (operation, error) → what a minimal request changes, or what is done before, which may give what it changes.
MET: dict[tuple[str, str], dict[str, Any] | Callable[[Any], Any]] = {
    ("CompleteLayerUpload", "EmptyUploadException"): _new_upload,
    ("CompleteLayerUpload", "InvalidLayerException"): {"layerDigests": [digest_of("another")]},
    ("CompleteLayerUpload", "LayerAlreadyExistsException"): _layer_that_is_there,
    ("CompleteLayerUpload", "LayerPartTooSmallException"): _short_parts,
    ("CompleteLayerUpload", "UploadNotFoundException"): _NO_UPLOAD,
    ("CreatePullThroughCacheRule", "LimitExceededException"): _repeat(
        "CreatePullThroughCacheRule", 49, "ecrRepositoryPrefix", **PUBLIC
    ),
    ("CreatePullThroughCacheRule", "PullThroughCacheRuleAlreadyExistsException"): PUBLIC,
    ("CreatePullThroughCacheRule", "UnsupportedUpstreamRegistryException"): {"upstreamRegistryUrl": "example.com"},
    ("CreateRepository", "KmsException"): {"encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": "no key"}},
    ("CreateRepository", "InvalidTagParameterException"): {"tags": [{"Key": "", "Value": ""}]},
    ("CreateRepository", "RepositoryAlreadyExistsException"): {"repositoryName": "web"},
    ("CreateRepository", "TooManyTagsException"): {"tags": _many(51)},
    ("CreateRepositoryCreationTemplate", "TemplateAlreadyExistsException"): {"prefix": "prod"},
    ("DeleteLifecyclePolicy", "LifecyclePolicyNotFoundException"): _delete("DeleteLifecyclePolicy"),
    ("DeletePullThroughCacheRule", "PullThroughCacheRuleNotFoundException"): _NO_RULE,
    ("DeleteRegistryPolicy", "RegistryPolicyNotFoundException"): _delete("DeleteRegistryPolicy"),
    ("DeleteRepository", "RepositoryNotEmptyException"): {"repositoryName": "web"},
    ("DeleteRepositoryCreationTemplate", "TemplateNotFoundException"): {"prefix": "no"},
    ("DeleteRepositoryPolicy", "RepositoryPolicyNotFoundException"): _delete("DeleteRepositoryPolicy"),
    ("DeleteSigningConfiguration", "SigningConfigurationNotFoundException"): _delete("DeleteSigningConfiguration"),
    ("DeregisterPullTimeUpdateExclusion", "ExclusionNotFoundException"): {"principalArn": ROLE + "2"},
    ("DescribeImageReplicationStatus", "ImageNotFoundException"): _NO_IMAGE,
    ("DescribeImageScanFindings", "ImageNotFoundException"): _NO_IMAGE,
    ("DescribeImageScanFindings", "ScanNotFoundException"): lambda client: (
        client.put_image(repositoryName="web", imageManifest=image("new"), imageTag="new"),
        {"imageId": {"imageTag": "new"}},
    )[1],
    ("DescribeImageSigningStatus", "ImageNotFoundException"): _NO_IMAGE,
    ("DescribeImages", "ImageNotFoundException"): {"imageIds": [{"imageTag": "no"}]},
    ("DescribePullThroughCacheRules", "PullThroughCacheRuleNotFoundException"): {"ecrRepositoryPrefixes": ["no"]},
    ("DescribeReplicationBackfillResults", "ReplicationBackfillNotFoundException"): _NO_BACKFILL,
    ("DescribeRepositories", "RepositoryNotFoundException"): {"repositoryNames": ["unknown"]},
    ("GetDownloadUrlForLayer", "LayerInaccessibleException"): lambda client: client.batch_delete_image(
        repositoryName="web", imageIds=[{"imageTag": "one"}]
    ),
    ("GetDownloadUrlForLayer", "LayersNotFoundException"): {"layerDigest": digest_of("no")},
    ("GetLifecyclePolicy", "LifecyclePolicyNotFoundException"): _delete("DeleteLifecyclePolicy"),
    ("GetLifecyclePolicyPreview", "LifecyclePolicyPreviewNotFoundException"): {"repositoryName": "empty"},
    ("GetRegistryPolicy", "RegistryPolicyNotFoundException"): _delete("DeleteRegistryPolicy"),
    ("GetRepositoryPolicy", "RepositoryPolicyNotFoundException"): {"repositoryName": "empty"},
    ("GetSigningConfiguration", "SigningConfigurationNotFoundException"): _delete("DeleteSigningConfiguration"),
    ("ListTagsForResource", "RepositoryNotFoundException"): _UNKNOWN_ARN,
    ("PutImage", "ImageAlreadyExistsException"): {"imageManifest": ONE},
    ("PutImage", "ImageDigestDoesNotMatchException"): {"imageDigest": digest_of(ONE)},
    ("PutImage", "ImageTagAlreadyExistsException"): lambda client: (
        client.put_image_tag_mutability(repositoryName="web", imageTagMutability="IMMUTABLE"),
        {"imageTag": "one"},
    )[1],
    ("PutImage", "ReferencedImagesNotFoundException"): {"imageManifest": index(image("no"))},
    ("RegisterPullTimeUpdateExclusion", "ExclusionAlreadyExistsException"): {"principalArn": ROLE},
    ("RegisterPullTimeUpdateExclusion", "LimitExceededException"): _repeat(
        "RegisterPullTimeUpdateExclusion", 99, "principalArn", principalArn=ROLE + "x"
    ),
    ("StartImageScan", "ImageArchivedException"): _archive,
    ("StartImageScan", "ImageNotFoundException"): _NO_IMAGE,
    ("StartImageScan", "LimitExceededException"): _delete("StartImageScan"),
    ("StartImageScan", "UnsupportedImageTypeException"): lambda client: (
        client.put_image(repositoryName="web", imageManifest=index(ONE), imageTag="multi"),
        {"imageId": {"imageTag": "multi"}},
    )[1],
    ("StartImageScan", "ValidationException"): lambda client: client.put_registry_scanning_configuration(
        scanType="ENHANCED"
    ),
    ("StartLifecyclePolicyPreview", "LifecyclePolicyNotFoundException"): {"repositoryName": "empty"},
    ("StopReplicationBackfill", "ReplicationBackfillInvalidStatusException"): {},
    ("StopReplicationBackfill", "ReplicationBackfillNotFoundException"): _NO_BACKFILL,
    ("TagResource", "InvalidTagParameterException"): {"tags": [{"Key": "", "Value": ""}]},
    ("TagResource", "RepositoryNotFoundException"): _UNKNOWN_ARN,
    ("TagResource", "TooManyTagsException"): {"tags": _many(51)},
    ("UntagResource", "InvalidTagParameterException"): {"tagKeys": [""]},
    ("UntagResource", "RepositoryNotFoundException"): _UNKNOWN_ARN,
    ("UpdateImageStorageClass", "ImageNotFoundException"): _NO_IMAGE,
    ("UpdateImageStorageClass", "ImageStorageClassUpdateNotSupportedException"): {"targetStorageClass": "STANDARD"},
    ("UpdatePullThroughCacheRule", "PullThroughCacheRuleNotFoundException"): _NO_RULE,
    ("UpdateRepositoryCreationTemplate", "TemplateNotFoundException"): {"prefix": "no"},
    ("UploadLayerPart", "InvalidLayerPartException"): {"partFirstByte": 100, "partLastByte": 100},
    ("UploadLayerPart", "UploadNotFoundException"): _NO_UPLOAD,
    ("ValidatePullThroughCacheRule", "PullThroughCacheRuleNotFoundException"): _NO_RULE,
}


def changes(operation: str, error: str) -> dict[str, Any] | Callable[[Any], Any] | None:
    """Give how a minimal request meets an error: what it changes, or what happens before; None if nothing does."""
    if (operation, error) in MET:
        return MET[operation, error]
    members = operation_model(operation).input_shape.members
    if error == "InvalidParameterException" and (operation, error) not in ONLY_ORDERED_OF:
        return _WRONG.get(operation) or {"repositoryName" if "repositoryName" in members else "registryId": "A"}
    if error == "RepositoryNotFoundException" and "repositoryName" in members:
        return {"repositoryName": "unknown"}
    return None


DECLARED = [(operation, shape.name) for operation in HERE for shape in operation_model(operation).error_shapes]
TO_MEET = [pair for pair in DECLARED if changes(*pair) is not None]
TO_ORDER = [pair for pair in DECLARED if changes(*pair) is None and pair not in ELSEWHERE]


@pytest.mark.parametrize(("operation", "error"), TO_MEET)
def test_a_declared_error_is_met(ecr, client, operation, error):
    world = build(ecr, client)
    change = changes(operation, error)
    if callable(change):
        found = change(client)
        change = found if isinstance(found, dict) and "ResponseMetadata" not in found else {}
    assert code_of(call, client=client, operation=operation, request={**request_for(operation, world), **change}) == (
        error
    )


@pytest.mark.parametrize(("operation", "error"), TO_ORDER)
def test_a_declared_error_that_cannot_be_met_is_explained_and_can_be_ordered(ecr, client, operation, error):
    assert ONLY_ORDERED.get(error) or ONLY_ORDERED_OF[operation, error]
    ecr.fail(operation, error)
    assert code_of(call, client=client, operation=operation, request={}) == error


def test_the_tables_speak_of_what_is_declared():
    assert set(MET) | set(ONLY_ORDERED_OF) | set(ELSEWHERE) <= set(DECLARED)
    assert set(ONLY_ORDERED) <= {error for _, error in TO_ORDER}
    assert set(TO_MEET).isdisjoint(ELSEWHERE)
