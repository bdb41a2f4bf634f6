"""The errors that Amazon ECR answers with, each made in one place.

Each function builds one error about the objects it is given. Its docstring says where the message comes from:
[observed] if it is quoted from the real service, [model] if the core of the sentence is in the service model,
[documented] if the limit is documented and the text is not, or [text unknown]. The file is long because it is one flat
catalogue.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from fakeecr._version import __version__

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import ImageIdentifierTypeDef


class ECRError(Exception):
    """An error that Amazon ECR answers a call with.

    Attributes:
        code: the name that a client sees, such as ``RepositoryNotFoundException``.
        message: the sentence that goes with it; None if AWS sends none.
        status: the HTTP status.
        details: further members that the model gives this error, such as `lastValidByteReceived`.
    """

    def __init__(
        self, code: str, message: str | None = None, status: int = 400, details: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.status = status
        self.details = details or {}


class InvalidTokenError(ECRError):
    """The error of a page token that is not one of its listing."""


class Repository(Protocol):
    """What an error says about a repository."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def account_id(self) -> str:
        """The account of its registry."""
        ...


def invalid_parameter(name: str, constraint: str) -> ECRError:
    """Build the error of an invalid parameter value [observed; see the callers for the constraints]."""
    return ECRError(
        "InvalidParameterException",
        f"Invalid parameter at '{name}' failed to satisfy constraint: '{constraint}'",
    )


def invalid_next_token() -> ECRError:
    """Build the error of a token that no earlier page of the same listing gave.

    The capital N is observed; the rest of AWS's sentence is unknown.
    """
    error = invalid_parameter("NextToken", "Invalid next token provided")
    return InvalidTokenError(error.code, error.message)


def _in_repository(repository: Repository) -> str:
    return f"in the repository with name '{repository.name}' in the registry with id '{repository.account_id}'"


def _for_repository(repository: Repository) -> str:
    return f"for the repository with name '{repository.name}' in the registry with id '{repository.account_id}'"


def _format_image_id(image_id: ImageIdentifierTypeDef) -> str:
    """Return an image id as AWS prints it: a member that the request does not give is null."""
    digest, tag = image_id.get("imageDigest") or "null", image_id.get("imageTag") or "null"
    return f"{{imageDigest:'{digest}', imageTag:'{tag}'}}"


# --- Repositories --------------------------------------------------------------------------------


def repository_not_found(name: str, registry_id: str) -> ECRError:
    """Build the error of a missing repository [observed]."""
    return ECRError(
        "RepositoryNotFoundException",
        f"The repository with name '{name}' does not exist in the registry with id '{registry_id}'",
    )


def repository_already_exists(name: str, registry_id: str) -> ECRError:
    """Build the error of a repository name that is taken [observed]."""
    return ECRError(
        "RepositoryAlreadyExistsException",
        f"The repository with name '{name}' already exists in the registry with id '{registry_id}'",
    )


def repository_not_empty(repository: Repository) -> ECRError:
    """Build the error of deleting a repository that has images, without force [observed]."""
    return ECRError(
        "RepositoryNotEmptyException",
        f"The repository with name '{repository.name}' in registry with id '{repository.account_id}' cannot be deleted "
        "because it still contains images",
    )


def too_many_repositories(registry_id: str, quota: int) -> ECRError:
    """Build the error of one repository too many [documented; the text follows that of images]."""
    return ECRError(
        "LimitExceededException",
        f"The registry with id '{registry_id}' already has the maximum allowed number of repositories which is "
        f"'{quota}'",
    )


def invalid_tag_parameter() -> ECRError:
    """Build the error of an invalid key or value of a resource tag [observed]."""
    return ECRError("InvalidTagParameterException", "Tag parameters are invalid")


def too_many_tags(quota: int) -> ECRError:
    """Build the error of too many resource tags [model]."""
    return ECRError(
        "TooManyTagsException",
        "The list of tags on the repository is over the limit. The maximum number of tags that can be applied to a "
        f"repository is {quota}.",
    )


def kms(message: str, kms_error: str) -> ECRError:
    """Build the error of a key that KMS does not accept [text unknown]."""
    return ECRError("KmsException", message, details={"kmsError": kms_error})


# --- Policies ------------------------------------------------------------------------------------


def repository_policy_not_found(repository: Repository) -> ECRError:
    """Build the error of a repository without a policy [observed]."""
    return ECRError(
        "RepositoryPolicyNotFoundException", f"Repository policy does not exist {_for_repository(repository)}"
    )


def registry_policy_not_found(registry_id: str) -> ECRError:
    """Build the error of a registry without a policy [from another fake]."""
    return ECRError(
        "RegistryPolicyNotFoundException", f"Registry policy does not exist in the registry with id '{registry_id}'"
    )


def lifecycle_policy_not_found(repository: Repository) -> ECRError:
    """Build the error of a repository without a lifecycle policy [observed]."""
    return ECRError(
        "LifecyclePolicyNotFoundException", f"Lifecycle policy does not exist {_for_repository(repository)}"
    )


def lifecycle_policy_preview_not_found(repository: Repository) -> ECRError:
    """Build the error of a repository without a preview [text unknown]."""
    return ECRError(
        "LifecyclePolicyPreviewNotFoundException",
        f"Lifecycle policy preview does not exist {_for_repository(repository)}",
    )


def lifecycle_policy_preview_in_progress() -> ECRError:
    """Build the error of starting a preview before the last one has ended [text of the model]."""
    return ECRError(
        "LifecyclePolicyPreviewInProgressException",
        "The previous lifecycle policy preview request has not completed. Wait and try again.",
    )


# --- Images --------------------------------------------------------------------------------------


def image_not_found(image_id: ImageIdentifierTypeDef, repository: Repository) -> ECRError:
    """Build the error of a missing image [observed]."""
    return ECRError(
        "ImageNotFoundException",
        f"The image with imageId {_format_image_id(image_id)} does not exist within the repository with name "
        f"'{repository.name}' in the registry with id '{repository.account_id}'",
    )


def image_already_exists(digest: str, tag: str | None, repository: Repository) -> ECRError:
    """Build the error of pushing an image that already has this tag [observed]."""
    return ECRError(
        "ImageAlreadyExistsException",
        f"Image with digest '{digest}' and tag '{tag or 'null'}' already exists in the repository with name "
        f"'{repository.name}' in registry with id '{repository.account_id}'",
    )


def image_tag_already_exists(tag: str, repository: Repository) -> ECRError:
    """Build the error of moving an immutable tag [observed]."""
    return ECRError(
        "ImageTagAlreadyExistsException",
        f"The image tag '{tag}' already exists in the '{repository.name}' repository and cannot be overwritten because "
        "the tag is immutable.",
    )


def image_digest_does_not_match(digest: str, repository: Repository) -> ECRError:
    """Build the error of a digest that is not the manifest's [observed]."""
    return ECRError(
        "ImageDigestDoesNotMatchException",
        f"The image with digest '{digest}' in repository '{repository.name}' and registry ID '{repository.account_id}' "
        "does not match the image digest that Amazon ECR has calculated.",
    )


def referenced_images_not_found(digests: Collection[str], repository: Repository) -> ECRError:
    """Build the error of pushing a list some of whose images are missing [observed]."""
    return ECRError("ReferencedImagesNotFoundException", _required("Images", digests, repository))


def layers_required(digests: Collection[str], repository: Repository) -> ECRError:
    """Build the error of pushing an image some of whose layers are missing [the text follows that of images]."""
    return ECRError("LayersNotFoundException", _required("Layers", digests, repository))


def _required(objects: str, digests: Collection[str], repository: Repository) -> str:
    return (
        f"{objects} with digests '[{', '.join(digests)}]' required for pushing image into repository with name "
        f"'{repository.name}' in the registry with id '{repository.account_id}' do not exist"
    )


def too_many_image_tags(tag: str, repository: Repository, quota: int) -> ECRError:
    """Build the error of one tag too many on an image [observed]."""
    return ECRError(
        "LimitExceededException",
        f"Adding tag '{tag}' to an image in the repository with name '{repository.name}' in registry with id "
        f"'{repository.account_id}' exceeds the maximum allowed number of tags per image which is '{quota}'",
    )


def storage_class_update_not_supported(digest: str, status: str) -> ECRError:
    """Build the error of moving an image to the storage class that it has [model, first sentence]."""
    return ECRError(
        "ImageStorageClassUpdateNotSupportedException",
        f"The requested image storage class update is not supported. The image '{digest}' is {status} already.",
    )


def scan_not_found(image_id: ImageIdentifierTypeDef, repository: Repository) -> ECRError:
    """Build the error of an image that was never scanned [observed]."""
    return ECRError(
        "ScanNotFoundException",
        f"Image scan does not exist for the image with '{_format_image_id(image_id)}' {_in_repository(repository)}",
    )


def scan_quota() -> ECRError:
    """Build the error of a second scan within 24 hours [observed]."""
    return ECRError("LimitExceededException", "The scan quota per image has been exceeded. Wait and try again.")


def feature_disabled() -> ECRError:
    """Build the error of a basic scan in a registry with enhanced scanning [observed]."""
    return ECRError("ValidationException", "This feature is disabled")


def cannot_be_scanned(media_type: str) -> ECRError:
    """Build the error of scanning a list of images [observed]."""
    return ECRError(
        "UnsupportedImageTypeException",
        f"An artifact with media type '{media_type}' cannot be scanned. For more information, see the Amazon ECR "
        "documentation.",
    )


def image_archived(digest: str) -> ECRError:
    """Build the error of scanning an archived image [model]."""
    return ECRError("ImageArchivedException", f"The image '{digest}' is archived and cannot be scanned.")


# --- Registries ----------------------------------------------------------------------------------


def exclusion_already_exists(principal_arn: str) -> ECRError:
    """Build the error of excluding a principal twice [model]."""
    return ECRError(
        "ExclusionAlreadyExistsException",
        f"The pull time update exclusion for '{principal_arn}' already exists for the registry.",
    )


def exclusion_not_found(principal_arn: str) -> ECRError:
    """Build the error of a principal that is not excluded [model]."""
    return ECRError(
        "ExclusionNotFoundException", f"The pull time update exclusion for '{principal_arn}' was not found."
    )


def too_many_exclusions(quota: int) -> ECRError:
    """Build the error of one exclusion too many [documented]."""
    return ECRError(
        "LimitExceededException",
        f"The registry already has the maximum allowed number of exclusions which is '{quota}'",
    )


def signing_configuration_not_found(registry_id: str) -> ECRError:
    """Build the error of a registry without a signing configuration [text unknown]."""
    return ECRError(
        "SigningConfigurationNotFoundException",
        f"Signing configuration does not exist in the registry with id '{registry_id}'",
    )


def template_already_exists(prefix: str) -> ECRError:
    """Build the error of a second template for a prefix [model]."""
    return ECRError(
        "TemplateAlreadyExistsException",
        f"The repository creation template with prefix '{prefix}' already exists. Specify a unique prefix and try "
        "again.",
    )


def template_not_found(prefix: str) -> ECRError:
    """Build the error of a prefix without a template [model]."""
    return ECRError(
        "TemplateNotFoundException",
        f"The repository creation template with prefix '{prefix}' can't be found. Verify the registry ID and prefix "
        "and try again.",
    )


def cache_rule_already_exists(prefix: str, registry_id: str) -> ECRError:
    """Build the error of a second pull-through cache rule for a prefix [text unknown]."""
    return ECRError(
        "PullThroughCacheRuleAlreadyExistsException",
        f"A pull through cache rule with prefix '{prefix}' already exists in the registry with id '{registry_id}'.",
    )


def cache_rule_not_found(prefix: str, registry_id: str) -> ECRError:
    """Build the error of a prefix without a pull-through cache rule [text unknown]."""
    return ECRError(
        "PullThroughCacheRuleNotFoundException",
        f"The pull through cache rule with prefix '{prefix}' does not exist in the registry with id '{registry_id}'.",
    )


def too_many_cache_rules(registry_id: str, quota: int) -> ECRError:
    """Build the error of one pull-through cache rule too many [documented]."""
    return ECRError(
        "LimitExceededException",
        f"The registry with id '{registry_id}' already has the maximum allowed number of pull through cache rules "
        f"which is '{quota}'",
    )


def unsupported_upstream(message: str) -> ECRError:
    """Build the error of an upstream registry that a rule cannot have [observed, both messages]."""
    return ECRError("UnsupportedUpstreamRegistryException", message)


def backfill_not_found(backfill_id: str, registry_id: str) -> ECRError:
    """Build the error of a missing replication backfill [text unknown]."""
    return ECRError(
        "ReplicationBackfillNotFoundException",
        f"The replication backfill with id '{backfill_id}' does not exist in the registry with id '{registry_id}'",
    )


def backfill_not_in_progress(backfill_id: str) -> ECRError:
    """Build the error of stopping a backfill that is complete [text unknown]."""
    return ECRError(
        "ReplicationBackfillInvalidStatusException",
        f"The replication backfill with id '{backfill_id}' is not in progress; its status is COMPLETE",
    )


# --- Layers --------------------------------------------------------------------------------------


def upload_not_found(upload_id: str, repository: Repository) -> ECRError:
    """Build the error of an upload that is not open [observed except for its middle]."""
    return ECRError("UploadNotFoundException", f"{_upload(upload_id, repository)} does not exist")


def empty_upload(upload_id: str, repository: Repository) -> ECRError:
    """Build the error of completing an upload without parts [observed]."""
    return ECRError(
        "EmptyUploadException",
        f"{_upload(upload_id, repository)} cannot be completed because it does not have any parts",
    )


def _upload(upload_id: str, repository: Repository) -> str:
    return (
        f"The upload with id '{upload_id}' in the repository with name '{repository.name}' in registry with id "
        f"'{repository.account_id}'"
    )


def invalid_layer_part(reason: str, upload_id: str, repository: Repository, received_bytes: int) -> ECRError:
    """Build the error of a part that does not follow the last one, or is not of the size it names [text unknown]."""
    details: dict[str, Any] = {
        "registryId": repository.account_id,
        "repositoryName": repository.name,
        "uploadId": upload_id,
    }
    if received_bytes:
        details["lastValidByteReceived"] = received_bytes - 1
    return ECRError("InvalidLayerPartException", reason, details=details)


def layer_part_too_small(upload_id: str, repository: Repository, minimum: int) -> ECRError:
    """Build the error of completing an upload with a part that is too small [text unknown]."""
    return ECRError(
        "LayerPartTooSmallException",
        f"{_upload(upload_id, repository)} has a part that is not its last and smaller than {minimum} bytes",
    )


def invalid_layer(digest: str, calculated: str) -> ECRError:
    """Build the error of a digest that is not the layer's [text unknown]."""
    return ECRError(
        "InvalidLayerException",
        f"The layer digest '{digest}' does not match the one that Amazon ECR has calculated, '{calculated}'",
    )


def layer_already_exists(digest: str, repository: Repository) -> ECRError:
    """Build the error of completing a layer that the repository already has [text unknown]."""
    return ECRError(
        "LayerAlreadyExistsException",
        f"The layer with digest '{digest}' already exists in the repository with name '{repository.name}' in registry "
        f"with id '{repository.account_id}'",
    )


def layer_too_big(upload_id: str, repository: Repository, limit: str) -> ECRError:
    """Build the error of a part beyond a quota of uploads [documented]."""
    return ECRError("LimitExceededException", f"{_upload(upload_id, repository)} exceeds the maximum {limit}")


def layer_not_found(digest: str, repository: Repository) -> ECRError:
    """Build the error of a missing layer [observed]."""
    return ECRError(
        "LayersNotFoundException",
        f"The layer with digest '{digest}' does not exist within the repository with name '{repository.name}' in the "
        f"registry with id '{repository.account_id}'",
    )


def layer_inaccessible(digest: str, reason: str) -> ECRError:
    """Build the error of a layer that no pullable image refers to [model]."""
    return ECRError("LayerInaccessibleException", f"The layer with digest '{digest}' is not available because {reason}")


# --- Any call ------------------------------------------------------------------------------------


def serialization(message: str | None = None) -> ECRError:
    """Build the error of a body that is not JSON, or a value of the wrong JSON type."""
    return ECRError("SerializationException", message)


def unknown_operation() -> ECRError:
    """Build the error of a target that is not an operation of the API; AWS adds no message."""
    return ECRError("UnknownOperationException")


def server_fault(operation: str, cause: BaseException) -> ECRError:
    """Build the error of a fault inside fakeecr, in the form of a fault inside AWS, with the cause in the message."""
    message = (
        f"fakeecr {__version__} failed inside {operation}: {type(cause).__name__}: {cause} "
        "(please report it; the log of 'fakeecr' has the traceback at the level DEBUG)"
    )
    return ECRError("ServerException", message, 500)


def unusable_database(operation: str, cause: BaseException) -> ECRError:
    """Build the error of a database that cannot be used, in the form of a fault inside AWS."""
    return ECRError("ServerException", f"fakeecr could not answer {operation}: {cause}", 500)


def not_implemented(operation: str) -> ECRError:
    """Build the error of an operation that fakeecr does not answer; botocore does not retry status 501."""
    return ECRError(
        "NotImplementedByFakeECR",
        f"fakeecr {__version__} does not answer {operation} yet; nothing was sent to AWS. "
        "The documentation lists the operations that it answers.",
        501,
    )
