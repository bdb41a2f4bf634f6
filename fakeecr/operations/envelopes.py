"""What many responses have in common, each as one typed mapping: ``{"imageIds": […], **listing.envelope(page)}``."""

from __future__ import annotations

from typing import TYPE_CHECKING, NotRequired, TypedDict, cast

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import ResponseMetadataTypeDef

    from fakeecr.store.repositories import StoredRepository


class Envelope(TypedDict):
    """What boto3-stubs' types require of every response. botocore makes it from the HTTP response; it is never sent."""

    ResponseMetadata: ResponseMetadataTypeDef


class RepositoryEnvelope(Envelope):
    """The members that responses about one repository have."""

    registryId: str
    repositoryName: str


class RegistryEnvelope(Envelope):
    """The members that responses about one registry have."""

    registryId: str


class PageEnvelope(Envelope):
    """The members that responses with a page have besides its rows."""

    nextToken: NotRequired[str]


EMPTY = cast("Envelope", {})
LAST_PAGE = cast("PageEnvelope", {})


def of_repository(repository: StoredRepository) -> RepositoryEnvelope:
    """Return the members that name a repository in a response."""
    return {"registryId": repository.account_id, "repositoryName": repository.name, **EMPTY}


def of_registry(account_id: str) -> RegistryEnvelope:
    """Return the member that names a registry in a response."""
    return {"registryId": account_id, **EMPTY}
