"""Operations on repositories."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from fakeecr import clock
from fakeecr.errors import (
    invalid_parameter,
    kms,
    repository_already_exists,
    repository_not_empty,
    too_many_repositories,
)
from fakeecr.operations.call import Call
from fakeecr.operations.finding import find_repository, repository_at
from fakeecr.operations.names import key_arn, registry_host, repository_arn
from fakeecr.operations.paging import read_page, refuse_paging
from fakeecr.operations.tags import checked_tags
from fakeecr.store import pages, registries

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import (
        CreateRepositoryRequestTypeDef,
        CreateRepositoryResponseTypeDef,
        DeleteRepositoryRequestTypeDef,
        DeleteRepositoryResponseTypeDef,
        DescribeRepositoriesRequestTypeDef,
        DescribeRepositoriesResponseTypeDef,
        EncryptionConfigurationTypeDef,
        ImageTagMutabilityExclusionFilterTypeDef,
        PutImageScanningConfigurationRequestTypeDef,
        PutImageScanningConfigurationResponseTypeDef,
        PutImageTagMutabilityRequestTypeDef,
        PutImageTagMutabilityResponseTypeDef,
        RepositoryTypeDef,
    )

# Quotas (documented).
_MOST_REPOSITORIES = 100_000
_MOST_WILDCARDS = 2

_KEY_ID = re.compile(r"(mrk-)?[0-9a-f-]{32,36}")
_KEY_ARN = re.compile(r"arn:[a-z-]+:kms:(?P<region>[a-z0-9-]+):[0-9]{12}:(key|alias)/[a-zA-Z0-9/_-]{1,256}")
_KEY_ALIAS = re.compile(r"alias/[a-zA-Z0-9/_-]{1,250}")


def create_repository(call: Call, request: CreateRepositoryRequestTypeDef) -> CreateRepositoryResponseTypeDef:
    """Create a repository."""
    account_id, name = call.account_of(request), request["repositoryName"]
    mutability = request.get("imageTagMutability", "MUTABLE")
    filters = checked_filters(mutability, request.get("imageTagMutabilityExclusionFilters"))
    encryption_type, kms_key = encryption_of(call, account_id, request.get("encryptionConfiguration"))
    tags = checked_tags(request.get("tags", ()))
    if registries.find_repository(call.connection, account_id, call.region, name) is not None:
        raise repository_already_exists(name, account_id)
    if registries.count_repositories(call.connection, account_id, call.region) >= _MOST_REPOSITORIES:
        raise too_many_repositories(account_id, _MOST_REPOSITORIES)
    key = registries.create_repository(
        call.connection,
        account_id,
        call.region,
        name,
        clock.now(),
        tag_mutability=mutability,
        exclusion_filters=filters,
        scan_on_push=request.get("imageScanningConfiguration", {}).get("scanOnPush", False),
        encryption_type=encryption_type,
        kms_key=kms_key,
    )
    registries.set_tags(call.connection, key, tags)
    return {"repository": _repository(call, account_id, name), "ResponseMetadata": call.metadata}


def describe_repositories(
    call: Call, request: DescribeRepositoriesRequestTypeDef
) -> DescribeRepositoriesResponseTypeDef:
    """Describe a registry's repositories: all, page by page, or those named, in the order of the request."""
    account_id = call.account_of(request)
    names = request.get("repositoryNames")
    if names is not None:
        refuse_paging(request, "repositoryNames")
        named = pages.repositories_of(call.connection, account_id, call.region, names)
        for name in names:
            if name not in named:
                repository_at(call, account_id, name)
        described = [_described(call, named[name]) for name in dict.fromkeys(names)]
        return {"repositories": described, "ResponseMetadata": call.metadata}
    listing = ("DescribeRepositories", registries.find_registry(call.connection, account_id, call.region))
    rows, token = read_page(
        call, request, listing, partial(pages.repositories, call.connection, account_id, call.region)
    )
    response: DescribeRepositoriesResponseTypeDef = {
        "repositories": [_described(call, row) for row in rows],
        "ResponseMetadata": call.metadata,
    }
    if token is not None:
        response["nextToken"] = token
    return response


def delete_repository(call: Call, request: DeleteRepositoryRequestTypeDef) -> DeleteRepositoryResponseTypeDef:
    """Delete a repository; with `force` also one that has images."""
    repository = find_repository(call, request)
    if not request.get("force") and registries.has_images(call.connection, repository.key):
        raise repository_not_empty(repository.name, repository.account_id)
    deleted = _repository(call, repository.account_id, repository.name)
    registries.delete_repository(call.connection, repository.key)
    return {"repository": deleted, "ResponseMetadata": call.metadata}


def put_image_tag_mutability(
    call: Call, request: PutImageTagMutabilityRequestTypeDef
) -> PutImageTagMutabilityResponseTypeDef:
    """Set whether a repository's tags may be moved, and which of them are excepted."""
    repository = find_repository(call, request)
    mutability, filters = request["imageTagMutability"], request.get("imageTagMutabilityExclusionFilters")
    registries.set_repository(
        call.connection,
        repository.key,
        tag_mutability=mutability,
        exclusion_filters=checked_filters(mutability, filters),
    )
    response: PutImageTagMutabilityResponseTypeDef = {
        "imageTagMutability": mutability,
        "imageTagMutabilityExclusionFilters": [*filters] if filters else [],
        "registryId": repository.account_id,
        "repositoryName": repository.name,
        "ResponseMetadata": call.metadata,
    }
    if not filters:
        del response["imageTagMutabilityExclusionFilters"]  # type: ignore[misc] # the stubs require what AWS leaves out
    return response


def put_image_scanning_configuration(
    call: Call, request: PutImageScanningConfigurationRequestTypeDef
) -> PutImageScanningConfigurationResponseTypeDef:
    """Set whether a repository's images are scanned as they are pushed."""
    repository = find_repository(call, request)
    scan_on_push = request["imageScanningConfiguration"].get("scanOnPush", False)
    registries.set_repository(call.connection, repository.key, scan_on_push=scan_on_push)
    return {
        "imageScanningConfiguration": {"scanOnPush": scan_on_push},
        "registryId": repository.account_id,
        "repositoryName": repository.name,
        "ResponseMetadata": call.metadata,
    }


# --- Settings ------------------------------------------------------------------------------------


def checked_filters(mutability: str, filters: Sequence[ImageTagMutabilityExclusionFilterTypeDef] | None) -> str | None:
    """Check exclusion filters against a mutability, and give them as they are kept."""
    name = "imageTagMutabilityExclusionFilters"
    if not mutability.endswith("_WITH_EXCLUSION"):
        if filters:
            raise invalid_parameter(
                name, f"ImageTagMutabilityExclusionFilters must be null when imageTagMutability is set as {mutability}"
            )
        return None
    if not filters:
        raise invalid_parameter(
            name, f"ImageTagMutabilityExclusionFilters can't be null when imageTagMutability is set as {mutability}"
        )
    wildcards = [each["filter"] for each in filters]
    if any(wildcard.count("*") > _MOST_WILDCARDS for wildcard in wildcards):
        raise invalid_parameter(name, f"A filter must have at most {_MOST_WILDCARDS} wildcards")
    return json.dumps(wildcards)


def encryption_of(call: Call, account_id: str, given: EncryptionConfigurationTypeDef | None) -> tuple[str, str | None]:
    """Give a new repository's encryption type, and its key's ARN; without a key the one that AWS manages."""
    if given is None:
        return "AES256", None
    encryption_type, key = given["encryptionType"], given.get("kmsKey")
    if encryption_type == "AES256":
        if key is not None:
            raise invalid_parameter(
                "encryptionConfiguration.kmsKey", "kmsKey must be null when encryptionType is set as AES256"
            )
        return encryption_type, None
    if key is None:
        managed = uuid5(NAMESPACE_URL, key_arn(call, account_id, "alias/aws/ecr"))
        return encryption_type, key_arn(call, account_id, f"key/{managed}")
    arn = _KEY_ARN.fullmatch(key)
    if arn:
        if arn["region"] != call.region:
            raise kms(f"The key '{key}' is not in the region {call.region} of the repository", "NotFoundException")
        return encryption_type, key
    if _KEY_ALIAS.fullmatch(key):
        return encryption_type, key_arn(call, account_id, key)
    if _KEY_ID.fullmatch(key):
        return encryption_type, key_arn(call, account_id, f"key/{key}")
    raise kms(f"'{key}' is no id, alias or ARN of a key", "NotFoundException")


# --- Described -----------------------------------------------------------------------------------


def _repository(call: Call, account_id: str, name: str) -> RepositoryTypeDef:
    return _described(call, pages.repositories_of(call.connection, account_id, call.region, [name])[name])


def _described(call: Call, row: Any) -> RepositoryTypeDef:
    """Describe a repository; what is not set has no key (observed)."""
    described: RepositoryTypeDef = {
        "createdAt": row.created_at,
        "encryptionConfiguration": {"encryptionType": row.encryption_type},
        "imageScanningConfiguration": {"scanOnPush": row.scan_on_push},
        "imageTagMutability": row.tag_mutability,
        "registryId": row.account_id,
        "repositoryArn": repository_arn(call, row.account_id, row.name),
        "repositoryName": row.name,
        "repositoryUri": f"{registry_host(call, row.account_id)}/{row.name}",
    }
    if row.kms_key is not None:
        described["encryptionConfiguration"]["kmsKey"] = row.kms_key
    if row.exclusion_filters is not None:
        described["imageTagMutabilityExclusionFilters"] = [
            {"filter": wildcard, "filterType": "WILDCARD"} for wildcard in json.loads(row.exclusion_filters)
        ]
    return described
