"""The errors ECR answers with, each made in one place, and fakeecr's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fakeecr._version import __version__

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path


class ECRError(Exception):
    """An error that Amazon ECR answers a call with.

    Attributes:
        code: the name a client sees, such as ``RepositoryNotFoundException``.
        message: the sentence that goes with it; None where AWS sends none.
        status: the HTTP status.
        details: what else the model gives this error, such as `lastValidByteReceived`.
    """

    def __init__(
        self, code: str, message: str | None = None, status: int = 400, details: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.status = status
        self.details = details or {}


def invalid_parameter(name: str, constraint: str) -> ECRError:
    """Refuse a parameter's value (the sentence is observed, see its callers for the constraints)."""
    return ECRError(
        "InvalidParameterException",
        f"Invalid parameter at '{name}' failed to satisfy constraint: '{constraint}'",
    )


def invalid_next_token() -> ECRError:
    """Refuse a token that no earlier page of the same listing gave.

    The capital N is observed; what follows it in AWS's sentence is not known.
    """
    return invalid_parameter("NextToken", "Invalid next token provided")


def repository_not_found(name: str, registry_id: str) -> ECRError:
    """Say that a repository is not there (observed)."""
    return ECRError(
        "RepositoryNotFoundException",
        f"The repository with name '{name}' does not exist in the registry with id '{registry_id}'",
    )


def repository_already_exists(name: str, registry_id: str) -> ECRError:
    """Refuse a repository whose name is taken (observed)."""
    return ECRError(
        "RepositoryAlreadyExistsException",
        f"The repository with name '{name}' already exists in the registry with id '{registry_id}'",
    )


def repository_not_empty(name: str, registry_id: str) -> ECRError:
    """Refuse to delete a repository without force while it has images (observed)."""
    return ECRError(
        "RepositoryNotEmptyException",
        f"The repository with name '{name}' in registry with id '{registry_id}' cannot be deleted because it still "
        "contains images",
    )


def too_many_repositories(registry_id: str, most: int) -> ECRError:
    """Refuse one repository too many (the limit is documented, the text follows that of images)."""
    return ECRError(
        "LimitExceededException",
        f"The registry with id '{registry_id}' already has the maximum allowed number of repositories which is "
        f"'{most}'",
    )


def invalid_tag_parameter() -> ECRError:
    """Refuse a key or a value of a resource's tag (observed)."""
    return ECRError("InvalidTagParameterException", "Tag parameters are invalid")


def too_many_tags(most: int) -> ECRError:
    """Refuse more tags of a resource than it may have (the sentence is the model's own)."""
    return ECRError(
        "TooManyTagsException",
        "The list of tags on the repository is over the limit. The maximum number of tags that can be applied to a "
        f"repository is {most}.",
    )


def kms(message: str, kms_error: str) -> ECRError:
    """Report what KMS says of a key (no text is known)."""
    return ECRError("KmsException", message, details={"kmsError": kms_error})


# --- Policies ------------------------------------------------------------------------------------


def repository_policy_not_found(name: str, registry_id: str) -> ECRError:
    """Say that a repository has no policy (observed)."""
    return ECRError(
        "RepositoryPolicyNotFoundException",
        f"Repository policy does not exist for the repository with name '{name}' in the registry with id "
        f"'{registry_id}'",
    )


def registry_policy_not_found(registry_id: str) -> ECRError:
    """Say that a registry has no policy (as another fake has it)."""
    return ECRError(
        "RegistryPolicyNotFoundException", f"Registry policy does not exist in the registry with id '{registry_id}'"
    )


def lifecycle_policy_not_found(name: str, registry_id: str) -> ECRError:
    """Say that a repository has no lifecycle policy (observed)."""
    return ECRError(
        "LifecyclePolicyNotFoundException",
        f"Lifecycle policy does not exist for the repository with name '{name}' in the registry with id "
        f"'{registry_id}'",
    )


def lifecycle_policy_preview_not_found(name: str, registry_id: str) -> ECRError:
    """Say that no preview was started (no text is known)."""
    return ECRError(
        "LifecyclePolicyPreviewNotFoundException",
        f"Lifecycle policy preview does not exist for the repository with name '{name}' in the registry with id "
        f"'{registry_id}'",
    )


# --- Images --------------------------------------------------------------------------------------


def image_not_found(digest: str | None, tag: str | None, name: str, registry_id: str) -> ECRError:
    """Say that an image is not there (observed; what was not asked for is printed as null)."""
    return ECRError(
        "ImageNotFoundException",
        f"The image with imageId {{imageDigest:'{digest or 'null'}', imageTag:'{tag or 'null'}'}} does not exist "
        f"within the repository with name '{name}' in the registry with id '{registry_id}'",
    )


def image_already_exists(digest: str, tag: str | None, name: str, registry_id: str) -> ECRError:
    """Refuse an image that is there with this very tag (observed)."""
    return ECRError(
        "ImageAlreadyExistsException",
        f"Image with digest '{digest}' and tag '{tag or 'null'}' already exists in the repository with name "
        f"'{name}' in registry with id '{registry_id}'",
    )


def image_tag_already_exists(tag: str, name: str) -> ECRError:
    """Refuse to move an immutable tag (observed)."""
    return ECRError(
        "ImageTagAlreadyExistsException",
        f"The image tag '{tag}' already exists in the '{name}' repository and cannot be overwritten because the tag "
        "is immutable.",
    )


def image_digest_does_not_match(digest: str, name: str, registry_id: str) -> ECRError:
    """Refuse a digest that is not the manifest's (observed)."""
    return ECRError(
        "ImageDigestDoesNotMatchException",
        f"The image with digest '{digest}' in repository '{name}' and registry ID '{registry_id}' does not match the "
        "image digest that Amazon ECR has calculated.",
    )


def referenced_images_not_found(digests: Collection[str], name: str, registry_id: str) -> ECRError:
    """Refuse a list whose images are not all there (observed)."""
    return ECRError("ReferencedImagesNotFoundException", _required("Images", digests, name, registry_id))


def layers_required(digests: Collection[str], name: str, registry_id: str) -> ECRError:
    """Refuse an image whose layers are not all there (the text follows that of referenced images)."""
    return ECRError("LayersNotFoundException", _required("Layers", digests, name, registry_id))


def _required(what: str, digests: Collection[str], name: str, registry_id: str) -> str:
    return (
        f"{what} with digests '[{', '.join(digests)}]' required for pushing image into repository with name '{name}' "
        f"in the registry with id '{registry_id}' do not exist"
    )


def too_many_image_tags(tag: str, name: str, registry_id: str, most: int) -> ECRError:
    """Refuse one tag too many of one image (observed)."""
    return ECRError(
        "LimitExceededException",
        f"Adding tag '{tag}' to an image in the repository with name '{name}' in registry with id '{registry_id}' "
        f"exceeds the maximum allowed number of tags per image which is '{most}'",
    )


def storage_class_update_not_supported(digest: str, status: str) -> ECRError:
    """Refuse to move an image to where it is (the first sentence is the model's own)."""
    return ECRError(
        "ImageStorageClassUpdateNotSupportedException",
        f"The requested image storage class update is not supported. The image '{digest}' is {status} already.",
    )


def scan_not_found(digest: str | None, tag: str | None, name: str, registry_id: str) -> ECRError:
    """Say that an image was not scanned (observed)."""
    return ECRError(
        "ScanNotFoundException",
        f"Image scan does not exist for the image with '{{imageDigest:'{digest or 'null'}', "
        f"imageTag:'{tag or 'null'}'}}' in the repository with name '{name}' in the registry with id '{registry_id}'",
    )


def scan_quota() -> ECRError:
    """Refuse a second scan within a day (observed)."""
    return ECRError("LimitExceededException", "The scan quota per image has been exceeded. Wait and try again.")


def feature_disabled() -> ECRError:
    """Refuse a basic scan where scans are enhanced (observed)."""
    return ECRError("ValidationException", "This feature is disabled")


def cannot_be_scanned(media_type: str) -> ECRError:
    """Refuse to scan a list (observed)."""
    return ECRError(
        "UnsupportedImageTypeException",
        f"An artifact with media type '{media_type}' cannot be scanned. For more information, see the Amazon ECR "
        "documentation.",
    )


def image_archived(digest: str) -> ECRError:
    """Refuse to scan an archived image (the sentence's core is the model's)."""
    return ECRError("ImageArchivedException", f"The image '{digest}' is archived and cannot be scanned.")


# --- Registries ----------------------------------------------------------------------------------


def exclusion_already_exists(arn: str) -> ECRError:
    """Refuse to exclude a principal twice (the sentence's core is the model's)."""
    return ECRError(
        "ExclusionAlreadyExistsException",
        f"The pull time update exclusion for '{arn}' already exists for the registry.",
    )


def exclusion_not_found(arn: str) -> ECRError:
    """Say that a principal is not excluded (the sentence's core is the model's)."""
    return ECRError("ExclusionNotFoundException", f"The pull time update exclusion for '{arn}' was not found.")


def too_many_exclusions(most: int) -> ECRError:
    """Refuse one exclusion too many (the limit is documented)."""
    return ECRError(
        "LimitExceededException", f"The registry already has the maximum allowed number of exclusions which is '{most}'"
    )


def signing_configuration_not_found(registry_id: str) -> ECRError:
    """Say that a registry signs nothing (no text is known)."""
    return ECRError(
        "SigningConfigurationNotFoundException",
        f"Signing configuration does not exist in the registry with id '{registry_id}'",
    )


def template_already_exists(prefix: str) -> ECRError:
    """Refuse a second template of a prefix (the sentence's core is the model's)."""
    return ECRError(
        "TemplateAlreadyExistsException",
        f"The repository creation template with prefix '{prefix}' already exists. Specify a unique prefix and try "
        "again.",
    )


def template_not_found(prefix: str) -> ECRError:
    """Say that there is no template of a prefix (the sentence's core is the model's)."""
    return ECRError(
        "TemplateNotFoundException",
        f"The repository creation template with prefix '{prefix}' can't be found. Verify the registry ID and prefix "
        "and try again.",
    )


def cache_rule_already_exists(prefix: str, registry_id: str) -> ECRError:
    """Refuse a second pull-through cache rule of a prefix (no text is known)."""
    return ECRError(
        "PullThroughCacheRuleAlreadyExistsException",
        f"A pull through cache rule with prefix '{prefix}' already exists in the registry with id '{registry_id}'.",
    )


def cache_rule_not_found(prefix: str, registry_id: str) -> ECRError:
    """Say that there is no pull-through cache rule of a prefix (no text is known)."""
    return ECRError(
        "PullThroughCacheRuleNotFoundException",
        f"The pull through cache rule with prefix '{prefix}' does not exist in the registry with id '{registry_id}'.",
    )


def too_many_cache_rules(registry_id: str, most: int) -> ECRError:
    """Refuse one pull-through cache rule too many (the limit is documented)."""
    return ECRError(
        "LimitExceededException",
        f"The registry with id '{registry_id}' already has the maximum allowed number of pull through cache rules "
        f"which is '{most}'",
    )


def unsupported_upstream(message: str) -> ECRError:
    """Refuse an upstream registry (both sentences are observed)."""
    return ECRError("UnsupportedUpstreamRegistryException", message)


def backfill_not_found(backfill_id: str, registry_id: str) -> ECRError:
    """Say that there was no such backfill (no text is known)."""
    return ECRError(
        "ReplicationBackfillNotFoundException",
        f"The replication backfill with id '{backfill_id}' does not exist in the registry with id '{registry_id}'",
    )


def backfill_is_over(backfill_id: str) -> ECRError:
    """Refuse to stop a backfill that is over (no text is known)."""
    return ECRError(
        "ReplicationBackfillInvalidStatusException",
        f"The replication backfill with id '{backfill_id}' is not in progress; its status is COMPLETE",
    )


# --- Layers --------------------------------------------------------------------------------------


def upload_not_found(upload_id: str, name: str, registry_id: str) -> ECRError:
    """Say that no such upload is open (observed but for its middle)."""
    return ECRError("UploadNotFoundException", f"{_upload(upload_id, name, registry_id)} does not exist")


def empty_upload(upload_id: str, name: str, registry_id: str) -> ECRError:
    """Refuse to complete an upload that received nothing (observed)."""
    return ECRError(
        "EmptyUploadException",
        f"{_upload(upload_id, name, registry_id)} cannot be completed because it does not have any parts",
    )


def _upload(upload_id: str, name: str, registry_id: str) -> str:
    return f"The upload with id '{upload_id}' in the repository with name '{name}' in registry with id '{registry_id}'"


def invalid_layer_part(reason: str, upload_id: str, name: str, registry_id: str, received: int) -> ECRError:
    """Refuse a part that is not what it says, or does not follow the last (no text is known)."""
    details: dict[str, Any] = {"registryId": registry_id, "repositoryName": name, "uploadId": upload_id}
    if received:
        details["lastValidByteReceived"] = received - 1
    return ECRError("InvalidLayerPartException", reason, details=details)


def layer_part_too_small(upload_id: str, name: str, registry_id: str, least: int) -> ECRError:
    """Refuse to complete an upload of which a part is too small (no text is known)."""
    return ECRError(
        "LayerPartTooSmallException",
        f"{_upload(upload_id, name, registry_id)} has a part that is not its last and smaller than {least} bytes",
    )


def invalid_layer(digest: str, calculated: str) -> ECRError:
    """Refuse a digest that is not the layer's (no text is known)."""
    return ECRError(
        "InvalidLayerException",
        f"The layer digest '{digest}' does not match the one that Amazon ECR has calculated, '{calculated}'",
    )


def layer_already_exists(digest: str, name: str, registry_id: str) -> ECRError:
    """Refuse a layer that is there (no text is known)."""
    return ECRError(
        "LayerAlreadyExistsException",
        f"The layer with digest '{digest}' already exists in the repository with name '{name}' in registry with id "
        f"'{registry_id}'",
    )


def layer_too_big(upload_id: str, name: str, registry_id: str, limit: str) -> ECRError:
    """Refuse a part beyond a quota of uploads (the quotas are documented, the text is not)."""
    return ECRError("LimitExceededException", f"{_upload(upload_id, name, registry_id)} exceeds the maximum {limit}")


def layer_not_found(digest: str, name: str, registry_id: str) -> ECRError:
    """Say that a layer is not there (observed)."""
    return ECRError(
        "LayersNotFoundException",
        f"The layer with digest '{digest}' does not exist within the repository with name '{name}' in the registry "
        f"with id '{registry_id}'",
    )


def layer_inaccessible(digest: str, why: str) -> ECRError:
    """Refuse a layer that no image refers to that could be pulled (the sentence's core is the model's)."""
    return ECRError("LayerInaccessibleException", f"The layer with digest '{digest}' is not available because {why}")


# --- Any call ------------------------------------------------------------------------------------


def serialization(message: str | None = None) -> ECRError:
    """Refuse a body that is not JSON, or a value of the wrong JSON type."""
    return ECRError("SerializationException", message)


def unknown_operation() -> ECRError:
    """Refuse a target that names no operation of the API; AWS adds no message."""
    return ECRError("UnknownOperationException")


def server_fault(operation: str, cause: BaseException) -> ECRError:
    """Report a fault inside the fake as AWS reports one of its own, with the cause in the message."""
    return ECRError(
        "ServerException",
        f"fakeecr {__version__} failed inside {operation}: {type(cause).__name__}: {cause} "
        "(the traceback is in the log of 'fakeecr')",
        500,
    )


def not_implemented(operation: str) -> ECRError:
    """Say loudly that an operation of ECR is not answered yet; 501 is a status botocore does not retry."""
    return ECRError(
        "NotImplementedByFakeECR",
        f"fakeecr {__version__} does not answer {operation} yet; nothing was sent to AWS. "
        "The README lists the operations that it answers.",
        501,
    )


class FakeECRError(Exception):
    """What fakeecr itself has to say to the person who uses it; every error of its own is one."""


class DatabaseError(FakeECRError):
    """A database cannot be used as a fake's state: the message names it and says what to do."""


class SeedError(FakeECRError):
    """A seed cannot be used; nothing of it was kept.

    Attributes:
        file: the file it was read from, or None for a mapping.
        line: the line in that file, counted from 1, or None.
        path: the key path to the value, such as ``registries[0].repositories[2].name``.
    """

    def __init__(self, problem: str, *, file: Path | None = None, line: int | None = None, path: str = "") -> None:
        self.problem = problem
        self.file = file
        self.line = line
        self.path = path
        place = "seed" if file is None else str(file)
        if line is not None:
            place += f", line {line}"
        super().__init__(f"{place}: {path}: {problem}" if path else f"{place}: {problem}")


class PublishedLimitWarning(UserWarning):
    """A call was refused only by the published reference's limit; the installed botocore allows it.

    ``FakeECR(limits="installed")`` takes the installed limits instead.
    """
