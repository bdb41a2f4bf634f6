"""What many responses have in common, each as one typed mapping: ``{"imageIds": […], **listing.envelope(page)}``."""

from __future__ import annotations

from typing import TYPE_CHECKING, NotRequired, TypedDict, cast

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import ResponseMetadataTypeDef

    from fakeecr.store.repositories import StoredRepository


class Envelope(TypedDict):
    """What boto3-stubs' types say of every response. botocore adds it from the HTTP response, so it is never sent."""

    ResponseMetadata: ResponseMetadataTypeDef


class RepositoryEnvelope(Envelope):
    """What responses about one repository have."""

    registryId: str
    repositoryName: str


class RegistryEnvelope(Envelope):
    """What responses about one registry have."""

    registryId: str


class PageEnvelope(Envelope):
    """What responses with a page have."""

    nextToken: NotRequired[str]


EMPTY = cast("Envelope", {})
LAST_PAGE = cast("PageEnvelope", {})


def of_repository(repository: StoredRepository) -> RepositoryEnvelope:
    """Return what a response about a repository has."""
    return {"registryId": repository.account_id, "repositoryName": repository.name, **EMPTY}


def of_registry(account_id: str) -> RegistryEnvelope:
    """Return what a response about a registry has."""
    return {"registryId": account_id, **EMPTY}
