"""Every operation of the installed model is implemented, and every error it declares is tested or explained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.config import Config

from fakeecr.api.model import operation_model, operation_names
from fakeecr.operations import OPERATIONS
from tests.answers import check_answers, code_of
from tests.installed_model import INSTALLED_OPERATIONS
from tests.manifests import digest_of, image, index
from tests.operations import test_in_progress, test_layer_uploads, test_put_image, test_repositories
from tests.operations.every_operation import ARN, NEVER, ONE, build, request_for
from tests.operations.helpers import archive_image, begin_upload, delete_image, put_image, send_part
from tests.operations.samples import PUBLIC_RULE, SCANNER_ROLE


def call(client, operation, request):
    """Call an operation by its name in the model; return the response."""
    return client._make_api_call(operation, request)


def test_every_operation_of_the_installed_model_is_implemented():
    """An operation that is listed here is new in the installed botocore: implement it."""
    assert sorted(operation_names() - set(OPERATIONS)) == []


# Members, besides nextToken, that the response to a minimal request may omit: the request does not set them, or nothing
# failed.
OMITTED = {
    "CreatePullThroughCacheRule": {"credentialArn", "customRoleArn"},
    "DeletePullThroughCacheRule": {"credentialArn", "customRoleArn"},
    "DescribeReplicationBackfillResults": {"failureCode"},
    "PutImageTagMutability": {"imageTagMutabilityExclusionFilters"},
    "UpdatePullThroughCacheRule": {"credentialArn", "customRoleArn"},
    "ValidatePullThroughCacheRule": {"credentialArn", "customRoleArn", "failure"},
}


@pytest.mark.parametrize("operation", INSTALLED_OPERATIONS)
def test_a_minimal_valid_request_is_answered(ecr, operation):
    # This client validates the request.
    client = check_answers(ecr.client(config=Config(retries={"total_max_attempts": 1})))
    request = request_for(operation, build(ecr, client))
    if operation in NEVER:
        assert code_of(call, client=client, operation=operation, request=request) == NEVER[operation]
    else:
        response = call(client, operation, request)
        omitted = set(operation_model(operation).output_shape.members) - set(response)
        assert omitted - {"nextToken"} <= OMITTED.get(operation, set())
    # No member is superfluous. This is checked last: if an older model requires more, the call has skipped the test.
    assert sorted(request) == sorted(operation_model(operation).input_shape.required_members)


# --- Declared errors -----------------------------------------------------------------------------

# Error → why no request causes it in the fake; a test has to order it with fail().
ONLY_ORDERED = {
    "ServerException": "the fake has no internal failures",
    "ValidationException": "AWS does not document when it prefers this error to InvalidParameterException",
    "KmsException": "the fake does not call KMS",
    "UnableToAccessSecretException": "the fake does not call Secrets Manager",
    "UnableToDecryptSecretValueException": "the fake does not call Secrets Manager",
    "SecretNotFoundException": "the fake does not call Secrets Manager",
    "UnableToGetUpstreamImageException": "an upstream image is always available",
    "UnableToGetUpstreamLayerException": "an upstream image always has its layers",
    "UnableToListUpstreamImageReferrersException": "the fake does not ask the upstream registry for referrers",
    "BlockedByOrganizationPolicyException": "the fake has no organization",
    "ReplicationBackfillInProgressException": "a backfill is complete at once",
}
# (operation, error) → the test of it, where the error needs more than one request.
TESTED_ELSEWHERE = {
    ("CreateRepository", "LimitExceededException"): (
        test_repositories.test_a_registry_has_at_most_a_hundred_thousand_repositories
    ),
    (
        "PutImage",
        "LayersNotFoundException",
    ): test_put_image.test_with_require_layers_an_image_is_refused_until_its_layers_are_uploaded,
    ("PutImage", "LimitExceededException"): test_put_image.test_an_image_has_at_most_a_thousand_tags,
    (
        "StartLifecyclePolicyPreview",
        "LifecyclePolicyPreviewInProgressException",
    ): test_in_progress.test_a_preview_cannot_be_started_while_the_last_one_is_in_progress,
    ("UploadLayerPart", "LimitExceededException"): test_layer_uploads.test_an_upload_of_more_than_4200_parts_is_refused,
}
NO_DOCUMENTED_QUOTA = "AWS documents no quota that it could exceed"
NO_MEMBERS = "a request without members is always valid"
# (operation, error) → why no request of this operation causes the error in the fake.
ONLY_ORDERED_OF = {
    ("BatchGetImage", "LimitExceededException"): "the fake does not limit the rate of pulls",
    ("BatchGetRepositoryScanningConfiguration", "RepositoryNotFoundException"): "it is a failure in the response",
    ("CreateRepositoryCreationTemplate", "LimitExceededException"): NO_DOCUMENTED_QUOTA,
    ("DeregisterPullTimeUpdateExclusion", "LimitExceededException"): NO_DOCUMENTED_QUOTA,
    ("ListPullTimeUpdateExclusions", "LimitExceededException"): NO_DOCUMENTED_QUOTA,
    ("PutAccountSetting", "LimitExceededException"): NO_DOCUMENTED_QUOTA,
    ("StartReplicationBackfill", "LimitExceededException"): "a backfill is complete at once",
    ("UntagResource", "TooManyTagsException"): "UntagResource adds no tags",
    **{
        (operation, "InvalidParameterException"): NO_MEMBERS
        for operation in INSTALLED_OPERATIONS
        if not operation_model(operation).input_shape.members and operation != "DeleteSigningConfiguration"
    },
}

# Operation → an invalid member of its request, where neither repositoryName nor registryId can be invalid.
_INVALID: dict[str, dict[str, Any]] = {
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


def _tags(count: int) -> list[dict[str, str]]:
    return [{"Key": f"key{n}", "Value": ""} for n in range(count)]


def _call_before(operation: str) -> Callable[[Any], Any]:
    """Build a function that sends the minimal request of an operation, for example of the one that deletes."""
    return lambda client: call(client, operation, request_for(operation, None))  # type: ignore[arg-type]


def _repeat(operation: str, count: int, member: str, **request: Any) -> Callable[[Any], Any]:
    """Build a function that sends a request several times, with another value of one member each time."""
    return lambda client: [call(client, operation, {**request, member: f"{request[member]}{n}"}) for n in range(count)]


def _new_upload(client: Any) -> dict[str, Any]:
    """Begin an upload; return its id as a change of the request."""
    return {"uploadId": begin_upload(client)}


def _upload_of_short_parts(client: Any) -> dict[str, Any]:
    """Upload two parts, the first of which is too short to be followed by another."""
    upload = _new_upload(client)
    for byte in (0, 1):
        send_part(client, upload["uploadId"], byte, b"x")
    return upload


def _upload_of_an_existing_layer(client: Any) -> dict[str, Any]:
    """Upload the parts of a layer that the repository has."""
    upload = _new_upload(client)
    send_part(client, upload["uploadId"], 0, b"layer")
    return {**upload, "layerDigests": [digest_of("layer")]}


def _new_image(client: Any) -> dict[str, Any]:
    """Push an image that is not scanned; return its id as a change of the request."""
    put_image(client, image("new"), "new")
    return {"imageId": {"imageTag": "new"}}


def _new_list(client: Any) -> dict[str, Any]:
    """Push a list of images; return its id as a change of the request."""
    put_image(client, index(ONE), "multi")
    return {"imageId": {"imageTag": "multi"}}


def _immutable_tag(client: Any) -> dict[str, Any]:
    """Make the repository's tags immutable; return one of them as a change of the request."""
    client.put_image_tag_mutability(repositoryName="web", imageTagMutability="IMMUTABLE")
    return {"imageTag": "one"}


# (operation, error) → the change of the minimal request that causes the error, or a function that is called before the
# request, and may return such a change.
CAUSES: dict[tuple[str, str], dict[str, Any] | Callable[[Any], Any]] = {
    ("CompleteLayerUpload", "EmptyUploadException"): _new_upload,
    ("CompleteLayerUpload", "InvalidLayerException"): {"layerDigests": [digest_of("another")]},
    ("CompleteLayerUpload", "LayerAlreadyExistsException"): _upload_of_an_existing_layer,
    ("CompleteLayerUpload", "LayerPartTooSmallException"): _upload_of_short_parts,
    ("CompleteLayerUpload", "UploadNotFoundException"): _NO_UPLOAD,
    ("CreatePullThroughCacheRule", "LimitExceededException"): _repeat(
        "CreatePullThroughCacheRule", 49, "ecrRepositoryPrefix", **PUBLIC_RULE
    ),
    ("CreatePullThroughCacheRule", "PullThroughCacheRuleAlreadyExistsException"): PUBLIC_RULE,
    ("CreatePullThroughCacheRule", "UnsupportedUpstreamRegistryException"): {"upstreamRegistryUrl": "example.com"},
    ("CreateRepository", "KmsException"): {"encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": "no key"}},
    ("CreateRepository", "InvalidTagParameterException"): {"tags": [{"Key": "", "Value": ""}]},
    ("CreateRepository", "RepositoryAlreadyExistsException"): {"repositoryName": "web"},
    ("CreateRepository", "TooManyTagsException"): {"tags": _tags(51)},
    ("CreateRepositoryCreationTemplate", "TemplateAlreadyExistsException"): {"prefix": "prod"},
    ("DeleteLifecyclePolicy", "LifecyclePolicyNotFoundException"): _call_before("DeleteLifecyclePolicy"),
    ("DeletePullThroughCacheRule", "PullThroughCacheRuleNotFoundException"): _NO_RULE,
    ("DeleteRegistryPolicy", "RegistryPolicyNotFoundException"): _call_before("DeleteRegistryPolicy"),
    ("DeleteRepository", "RepositoryNotEmptyException"): {"repositoryName": "web"},
    ("DeleteRepositoryCreationTemplate", "TemplateNotFoundException"): {"prefix": "no"},
    ("DeleteRepositoryPolicy", "RepositoryPolicyNotFoundException"): _call_before("DeleteRepositoryPolicy"),
    ("DeleteSigningConfiguration", "SigningConfigurationNotFoundException"): _call_before("DeleteSigningConfiguration"),
    ("DeregisterPullTimeUpdateExclusion", "ExclusionNotFoundException"): {"principalArn": SCANNER_ROLE + "2"},
    ("DescribeImageReplicationStatus", "ImageNotFoundException"): _NO_IMAGE,
    ("DescribeImageScanFindings", "ImageNotFoundException"): _NO_IMAGE,
    ("DescribeImageScanFindings", "ScanNotFoundException"): _new_image,
    ("DescribeImageSigningStatus", "ImageNotFoundException"): _NO_IMAGE,
    ("DescribeImages", "ImageNotFoundException"): {"imageIds": [{"imageTag": "no"}]},
    ("DescribePullThroughCacheRules", "PullThroughCacheRuleNotFoundException"): {"ecrRepositoryPrefixes": ["no"]},
    ("DescribeReplicationBackfillResults", "ReplicationBackfillNotFoundException"): _NO_BACKFILL,
    ("DescribeRepositories", "RepositoryNotFoundException"): {"repositoryNames": ["unknown"]},
    ("GetDownloadUrlForLayer", "LayerInaccessibleException"): lambda client: delete_image(client, imageTag="one"),
    ("GetDownloadUrlForLayer", "LayersNotFoundException"): {"layerDigest": digest_of("no")},
    ("GetLifecyclePolicy", "LifecyclePolicyNotFoundException"): _call_before("DeleteLifecyclePolicy"),
    ("GetLifecyclePolicyPreview", "LifecyclePolicyPreviewNotFoundException"): {"repositoryName": "empty"},
    ("GetRegistryPolicy", "RegistryPolicyNotFoundException"): _call_before("DeleteRegistryPolicy"),
    ("GetRepositoryPolicy", "RepositoryPolicyNotFoundException"): {"repositoryName": "empty"},
    ("GetSigningConfiguration", "SigningConfigurationNotFoundException"): _call_before("DeleteSigningConfiguration"),
    ("ListTagsForResource", "RepositoryNotFoundException"): _UNKNOWN_ARN,
    ("PutImage", "ImageAlreadyExistsException"): {"imageManifest": ONE},
    ("PutImage", "ImageDigestDoesNotMatchException"): {"imageDigest": digest_of(ONE)},
    ("PutImage", "ImageTagAlreadyExistsException"): _immutable_tag,
    ("PutImage", "ReferencedImagesNotFoundException"): {"imageManifest": index(image("no"))},
    ("RegisterPullTimeUpdateExclusion", "ExclusionAlreadyExistsException"): {"principalArn": SCANNER_ROLE},
    ("RegisterPullTimeUpdateExclusion", "LimitExceededException"): _repeat(
        "RegisterPullTimeUpdateExclusion", 99, "principalArn", principalArn=SCANNER_ROLE + "x"
    ),
    ("StartImageScan", "ImageArchivedException"): lambda client: archive_image(client, imageTag="one"),
    ("StartImageScan", "ImageNotFoundException"): _NO_IMAGE,
    ("StartImageScan", "LimitExceededException"): _call_before("StartImageScan"),
    ("StartImageScan", "UnsupportedImageTypeException"): _new_list,
    ("StartImageScan", "ValidationException"): lambda client: client.put_registry_scanning_configuration(
        scanType="ENHANCED"
    ),
    ("StartLifecyclePolicyPreview", "LifecyclePolicyNotFoundException"): {"repositoryName": "empty"},
    ("StopReplicationBackfill", "ReplicationBackfillInvalidStatusException"): {},
    ("StopReplicationBackfill", "ReplicationBackfillNotFoundException"): _NO_BACKFILL,
    ("TagResource", "InvalidTagParameterException"): {"tags": [{"Key": "", "Value": ""}]},
    ("TagResource", "RepositoryNotFoundException"): _UNKNOWN_ARN,
    ("TagResource", "TooManyTagsException"): {"tags": _tags(51)},
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


def cause(operation: str, error: str) -> dict[str, Any] | Callable[[Any], Any] | None:
    """Return how a request of an operation causes an error, as CAUSES has it; None if no request does."""
    if (operation, error) in CAUSES:
        return CAUSES[operation, error]
    members = operation_model(operation).input_shape.members
    if error == "InvalidParameterException" and (operation, error) not in ONLY_ORDERED_OF:
        return _INVALID.get(operation) or {"repositoryName" if "repositoryName" in members else "registryId": "A"}
    if error == "RepositoryNotFoundException" and "repositoryName" in members:
        return {"repositoryName": "unknown"}
    return None


DECLARED = [
    (operation, shape.name) for operation in INSTALLED_OPERATIONS for shape in operation_model(operation).error_shapes
]
CAUSED = [pair for pair in DECLARED if cause(*pair) is not None]
ORDERED = [pair for pair in DECLARED if cause(*pair) is None and pair not in TESTED_ELSEWHERE]


@pytest.mark.parametrize(("operation", "error"), CAUSED)
def test_a_request_causes_each_declared_error(ecr, client, operation, error):
    world = build(ecr, client)
    change = cause(operation, error)
    if callable(change):
        result = change(client)
        change = result if isinstance(result, dict) and "ResponseMetadata" not in result else {}
    request = {**request_for(operation, world), **change}

    assert code_of(call, client=client, operation=operation, request=request) == error


@pytest.mark.parametrize(("operation", "error"), ORDERED)
def test_a_declared_error_that_no_request_causes_is_explained_and_can_be_ordered(ecr, client, operation, error):
    assert ONLY_ORDERED.get(error) or ONLY_ORDERED_OF[operation, error]
    ecr.fail(operation, error)

    assert code_of(call, client=client, operation=operation, request={}) == error


@pytest.mark.newest_model("error that AWS added later")
def test_the_tables_of_errors_have_only_declared_errors():
    assert set(CAUSES) | set(ONLY_ORDERED_OF) | set(TESTED_ELSEWHERE) <= set(DECLARED)
    assert set(ONLY_ORDERED) <= {error for _, error in ORDERED}
    assert set(CAUSED).isdisjoint(TESTED_ELSEWHERE)
