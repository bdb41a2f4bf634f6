"""Operations on managed signing: a registry's configuration, and the profiles with which an image was signed.

Differences from AWS:
    - **Signatures** do not exist; there is only their status, COMPLETE. Signing profiles are not looked up.
    - **An image is signed when it is new** in its repository, not when it gets another tag.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakeecr import clock
from fakeecr.aws_errors import signing_configuration_not_found
from fakeecr.operations.envelopes import EMPTY, of_registry, of_repository
from fakeecr.registry.call import Call
from fakeecr.registry.kinds import SIGNATURE, SIGNING
from fakeecr.registry.lookup import ensure_registry, find_image, find_repository, get_registry_key

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import (
        DeleteSigningConfigurationResponseTypeDef,
        DescribeImageSigningStatusRequestTypeDef,
        DescribeImageSigningStatusResponseTypeDef,
        GetSigningConfigurationResponseTypeDef,
        PutSigningConfigurationRequestTypeDef,
        PutSigningConfigurationResponseTypeDef,
    )


def put_signing_configuration(
    call: Call, request: PutSigningConfigurationRequestTypeDef
) -> PutSigningConfigurationResponseTypeDef:
    """Set which images are signed when they are pushed."""
    configuration = request["signingConfiguration"]
    document = SIGNING.put(call.connection, ensure_registry(call), configuration, clock.now())  # type: ignore[arg-type] # the stubs have another type for requests, of the same JSON
    return {"signingConfiguration": document.content, **EMPTY}


def get_signing_configuration(call: Call, request: object) -> GetSigningConfigurationResponseTypeDef:
    """Return the signing configuration."""
    document = SIGNING.get(call.connection, get_registry_key(call))
    if document is None:
        raise signing_configuration_not_found(call.account_id())
    return {"signingConfiguration": document.content, **of_registry(call.account_id())}


def delete_signing_configuration(call: Call, request: object) -> DeleteSigningConfigurationResponseTypeDef:
    """Delete the signing configuration, and return it; signed images stay signed."""
    document = SIGNING.remove(call.connection, get_registry_key(call))
    if document is None:
        raise signing_configuration_not_found(call.account_id())
    return {"signingConfiguration": document.content, **of_registry(call.account_id())}


def describe_image_signing_status(
    call: Call, request: DescribeImageSigningStatusRequestTypeDef
) -> DescribeImageSigningStatusResponseTypeDef:
    """Return the profiles with which an image was signed."""
    repository = find_repository(call, request["repositoryName"], request.get("registryId"))
    image = find_image(call, repository, request["imageId"])
    signatures = SIGNATURE.get_all(call.connection, image.key)
    return {
        "imageId": {"imageDigest": image.digest, **request["imageId"]},
        "signingStatuses": [{"signingProfileArn": signature.name, "status": "COMPLETE"} for signature in signatures],
        **of_repository(repository),
    }
