"""What commands read of registries, in the shapes of AWS's responses: in one transaction, and without a trace."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from fakeecr.operations.images import describe_images
from fakeecr.operations.repositories import describe_repositories

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import ImageDetailTypeDef, RepositoryTypeDef

    from fakeecr.registry.call import Call
    from fakeecr.store.repositories import StoredRepository

# AWS's largest page.
_PAGE = 1000


def all_repositories(call: Call, account_id: str) -> Iterator[RepositoryTypeDef]:
    """Yield every repository of a registry as DescribeRepositories describes it, oldest first."""
    return _all(call, describe_repositories, "repositories", {"registryId": account_id})


def all_images(call: Call, repository: StoredRepository) -> Iterator[ImageDetailTypeDef]:
    """Yield every image of a repository, of any status, as DescribeImages describes it, oldest first."""
    request = {
        "registryId": repository.account_id,
        "repositoryName": repository.name,
        "filter": {"imageStatus": "ANY"},
    }
    return _all(call, describe_images, "imageDetails", request)


def _all(call: Call, operation: Callable[[Call, Any], Any], member: str, request: dict[str, Any]) -> Iterator[Any]:
    """Yield what a paged operation lists."""
    token: dict[str, str] = {}
    while True:
        response = operation(call, {**request, **token, "maxResults": _PAGE})
        yield from response[member]
        if "nextToken" not in response:
            return
        token = {"nextToken": response["nextToken"]}
