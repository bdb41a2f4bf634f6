"""What commands read of registries, in the shapes of AWS's responses: in one transaction, and without a trace."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from fakeecr.operations.images import describe_images
from fakeecr.operations.repositories import describe_repositories
from fakeecr.registry.lookup import find_repository
from fakeecr.store import repositories

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import ImageDetailTypeDef, RepositoryTypeDef

    from fakeecr.registry.call import Call
    from fakeecr.rules.image_names import ImageName
    from fakeecr.store.repositories import RegistryRow, StoredRepository

# AWS's largest page.
_PAGE = 1000


def get_registries(call: Call, account_id: str | None, region: str | None) -> list[RegistryRow]:
    """Return the registries of an account and a region, None for any, without those upstream of caches."""
    return [
        registry
        for registry in repositories.get_registries(call.connection)
        if registry.account_id != repositories.UPSTREAM
        and account_id in (None, registry.account_id)
        and region in (None, registry.region)
    ]


def find_named(call: Call, name: ImageName) -> tuple[Call, StoredRepository]:
    """Return a call to the region of a repository, and the repository itself.

    Args:
        call: a call to the default region.
        name: the repository's name, which may also say in which registry it is.

    Raises:
        ECRError: a RepositoryNotFoundException.
    """
    local_call = call if name.region is None else call.in_region(name.region)
    return local_call, find_repository(local_call, name.repository, name.account_id)


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
