"""Operations on repositories.

Differences from AWS:
    - **Encryption** is stored and returned. Nothing is encrypted, and KMS is not asked; a key only has to look
      like one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakeecr import clock
from fakeecr.aws_errors import repository_already_exists, too_many_repositories
from fakeecr.operations.envelopes import EMPTY, LAST_PAGE, of_repository
from fakeecr.operations.paging import Listing, refuse_paging
from fakeecr.registry import hints
from fakeecr.registry.call import Call
from fakeecr.registry.creation import check_settings
from fakeecr.registry.lookup import find_repository, get_registry_key, get_repository
from fakeecr.rules import quotas
from fakeecr.rules.arns import registry_host, repository_arn
from fakeecr.rules.mutability import check_exclusion_filters
from fakeecr.rules.resource_tags import check_tags
from fakeecr.store import repositories
from fakeecr.store.repositories import RepositoryRow

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import (
        CreateRepositoryRequestTypeDef,
        CreateRepositoryResponseTypeDef,
        DeleteRepositoryRequestTypeDef,
        DeleteRepositoryResponseTypeDef,
        DescribeRepositoriesRequestTypeDef,
        DescribeRepositoriesResponseTypeDef,
        PutImageScanningConfigurationRequestTypeDef,
        PutImageScanningConfigurationResponseTypeDef,
        PutImageTagMutabilityRequestTypeDef,
        PutImageTagMutabilityResponseTypeDef,
        RepositoryTypeDef,
    )


def create_repository(call: Call, request: CreateRepositoryRequestTypeDef) -> CreateRepositoryResponseTypeDef:
    """Create a repository.

    Its settings come from `imageTagMutability`, `imageTagMutabilityExclusionFilters`, `imageScanningConfiguration` and
    `encryptionConfiguration`, which :func:`check_settings` reads.
    """
    account_id, name = call.account_id(request.get("registryId")), request["repositoryName"]
    settings = check_settings(call, account_id, request)
    tags = check_tags(request.get("tags", ()))
    if get_repository(call, name, account_id) is not None:
        raise repository_already_exists(name, account_id)
    count = repositories.count_repositories(call.connection, account_id, call.region.name)
    if count >= quotas.REPOSITORIES_PER_REGISTRY:
        raise too_many_repositories(account_id, quotas.REPOSITORIES_PER_REGISTRY)
    now = clock.now()
    created = repositories.create_repository(call.connection, account_id, call.region.name, name, now, settings)
    repositories.set_tags(call.connection, created.key, tags)
    row = RepositoryRow(key=created.key, account_id=account_id, name=name, created_at=now, settings=settings)
    return {"repository": _describe(call, row), **EMPTY}


def describe_repositories(
    call: Call, request: DescribeRepositoriesRequestTypeDef
) -> DescribeRepositoriesResponseTypeDef:
    """Describe the repositories of a registry: page by page, or those named in the request, in its order."""
    account_id = call.account_id(request.get("registryId"))
    if "repositoryNames" in request:
        refuse_paging(request, "repositoryNames")
        names = request["repositoryNames"]
        rows = repositories.get_rows(call.connection, account_id, call.region.name, names)
        for name in names:
            if name not in rows:
                find_repository(call, name, account_id)
        return {"repositories": [_describe(call, rows[name]) for name in dict.fromkeys(names)], **LAST_PAGE}
    listing = Listing(call, request, "DescribeRepositories", get_registry_key(call, account_id))
    page = repositories.page_of_repositories(call.connection, account_id, call.region.name, listing.place)
    return {"repositories": [_describe(call, row) for row in page.rows], **listing.envelope(page)}


def delete_repository(call: Call, request: DeleteRepositoryRequestTypeDef) -> DeleteRepositoryResponseTypeDef:
    """Delete a repository; if it has images, only with `force`."""
    repository = find_repository(call, request["repositoryName"], request.get("registryId"))
    if not request.get("force") and repositories.has_images(call.connection, repository.key):
        raise hints.repository_not_empty(call, repository)
    account_id, name = repository.account_id, repository.name
    row = repositories.get_rows(call.connection, account_id, call.region.name, [name])[name]
    repositories.delete_repository(call.connection, repository.key)
    return {"repository": _describe(call, row), **EMPTY}


def put_image_tag_mutability(
    call: Call, request: PutImageTagMutabilityRequestTypeDef
) -> PutImageTagMutabilityResponseTypeDef:
    """Set whether the tags of a repository can be moved, and which tags are exempt from this."""
    repository = find_repository(call, request["repositoryName"], request.get("registryId"))
    mutability, filters = request["imageTagMutability"], request.get("imageTagMutabilityExclusionFilters")
    patterns = check_exclusion_filters(mutability, filters)
    repositories.set_tag_mutability(call.connection, repository.key, mutability, patterns)
    response: PutImageTagMutabilityResponseTypeDef = {
        "imageTagMutability": mutability,
        "imageTagMutabilityExclusionFilters": [*filters] if filters else [],
        **of_repository(repository),
    }
    if not filters:
        del response["imageTagMutabilityExclusionFilters"]  # type: ignore[misc] # the stubs require what AWS leaves out
    return response


def put_image_scanning_configuration(
    call: Call, request: PutImageScanningConfigurationRequestTypeDef
) -> PutImageScanningConfigurationResponseTypeDef:
    """Set whether the images of a repository are scanned when they are pushed."""
    repository = find_repository(call, request["repositoryName"], request.get("registryId"))
    scan_on_push = request["imageScanningConfiguration"].get("scanOnPush", False)
    repositories.set_scan_on_push(call.connection, repository.key, scan_on_push)
    return {"imageScanningConfiguration": {"scanOnPush": scan_on_push}, **of_repository(repository)}


def _describe(call: Call, row: RepositoryRow) -> RepositoryTypeDef:
    """Return the description of a repository, without the members that have no value [observed]."""
    settings = row.settings
    repository: RepositoryTypeDef = {
        "createdAt": row.created_at,
        "encryptionConfiguration": {"encryptionType": settings.encryption_type},  # type: ignore[typeddict-item] # a constraint of the table
        "imageScanningConfiguration": {"scanOnPush": settings.scan_on_push},
        "imageTagMutability": settings.tag_mutability,  # type: ignore[typeddict-item] # a constraint of the table
        "registryId": row.account_id,
        "repositoryArn": repository_arn(call.region, row.account_id, row.name),
        "repositoryName": row.name,
        "repositoryUri": f"{registry_host(call.region, row.account_id)}/{row.name}",
    }
    if settings.kms_key is not None:
        repository["encryptionConfiguration"]["kmsKey"] = settings.kms_key
    if settings.exclusion_filters:
        repository["imageTagMutabilityExclusionFilters"] = [
            {"filter": pattern, "filterType": "WILDCARD"} for pattern in settings.exclusion_filters
        ]
    return repository
