"""Operations on managed signing: a registry's configuration, and what became of each image pushed under it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakeecr import clock
from fakeecr.errors import signing_configuration_not_found
from fakeecr.operations.call import Call
from fakeecr.operations.finding import find_image, find_repository
from fakeecr.operations.registry import default_registry
from fakeecr.policies.filters import is_wildcard_of
from fakeecr.store import documents, registries
from fakeecr.store.images import Known
from fakeecr.store.models import ImageDocument, RegistryDocument
from fakeecr.store.registries import FoundRepository

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import (
        DeleteSigningConfigurationResponseTypeDef,
        DescribeImageSigningStatusRequestTypeDef,
        DescribeImageSigningStatusResponseTypeDef,
        GetSigningConfigurationResponseTypeDef,
        PutSigningConfigurationRequestTypeDef,
        PutSigningConfigurationResponseTypeDef,
        SigningConfigurationTypeDef,
    )

SIGNING = "signing"


def put_signing_configuration(
    call: Call, request: PutSigningConfigurationRequestTypeDef
) -> PutSigningConfigurationResponseTypeDef:
    """Set which images are signed as they are pushed."""
    configuration = request["signingConfiguration"]
    documents.put(call.connection, RegistryDocument, default_registry(call), SIGNING, configuration, clock.now())
    return {"signingConfiguration": configuration, "ResponseMetadata": call.metadata}  # type: ignore[typeddict-item]


def get_signing_configuration(call: Call, request: object) -> GetSigningConfigurationResponseTypeDef:
    """Give the signing configuration."""
    registry = registries.find_registry(call.connection, call.account_id, call.region)
    found = documents.find(call.connection, RegistryDocument, registry, SIGNING)
    if found is None:
        raise signing_configuration_not_found(call.account_id)
    return {
        "registryId": call.account_id,
        "signingConfiguration": found.content,
        "ResponseMetadata": call.metadata,
    }


def delete_signing_configuration(call: Call, request: object) -> DeleteSigningConfigurationResponseTypeDef:
    """Delete the signing configuration, and give it; what was signed stays signed."""
    deleted = get_signing_configuration(call, request)
    registry = registries.find_registry(call.connection, call.account_id, call.region)
    documents.remove(call.connection, RegistryDocument, registry, SIGNING)
    return deleted


def sign(call: Call, configuration: SigningConfigurationTypeDef, repository: FoundRepository, image: Known) -> None:
    """Note that a pushed image was signed with every profile whose filters fit; there is no real signature."""
    for rule in configuration["rules"]:
        filters = rule.get("repositoryFilters", [])
        if not filters or any(is_wildcard_of(each["filter"], repository.name) for each in filters):
            profile = rule["signingProfileArn"]
            documents.put(call.connection, ImageDocument, image.key, SIGNING, None, clock.now(), profile)


def describe_image_signing_status(
    call: Call, request: DescribeImageSigningStatusRequestTypeDef
) -> DescribeImageSigningStatusResponseTypeDef:
    """Tell with which profiles an image was signed."""
    repository = find_repository(call, request)
    image = find_image(call, repository, request["imageId"])
    signed = documents.find_all(call.connection, ImageDocument, image.key, SIGNING)
    return {
        "imageId": {"imageDigest": image.digest, **request["imageId"]},
        "registryId": repository.account_id,
        "repositoryName": repository.name,
        "signingStatuses": [{"signingProfileArn": document.name, "status": "COMPLETE"} for document in signed],
        "ResponseMetadata": call.metadata,
    }
