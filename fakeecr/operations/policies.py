"""Operations on the policies of repositories and registries: kept, checked and given back; nothing enforces them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection

from fakeecr import clock
from fakeecr.errors import ECRError, invalid_parameter, registry_policy_not_found, repository_policy_not_found
from fakeecr.operations.call import Call
from fakeecr.operations.finding import find_repository
from fakeecr.policies import access
from fakeecr.policies.text import PolicyError
from fakeecr.store import documents, registries
from fakeecr.store.models import RegistryDocument, RepositoryDocument

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import (
        DeleteRegistryPolicyResponseTypeDef,
        DeleteRepositoryPolicyRequestTypeDef,
        DeleteRepositoryPolicyResponseTypeDef,
        GetRegistryPolicyResponseTypeDef,
        GetRepositoryPolicyRequestTypeDef,
        GetRepositoryPolicyResponseTypeDef,
        PutRegistryPolicyRequestTypeDef,
        PutRegistryPolicyResponseTypeDef,
        SetRepositoryPolicyRequestTypeDef,
        SetRepositoryPolicyResponseTypeDef,
    )

POLICY = "policy"


def set_repository_policy(call: Call, request: SetRepositoryPolicyRequestTypeDef) -> SetRepositoryPolicyResponseTypeDef:
    """Set a repository's policy; without `force` AWS refuses one that locks its caller out, and nobody is here."""
    repository = find_repository(call, request)
    text = checked_repository_policy(request["policyText"])
    keep_repository_policy(call.connection, repository.key, text)
    return {
        "policyText": text,
        "registryId": repository.account_id,
        "repositoryName": repository.name,
        "ResponseMetadata": call.metadata,
    }


def get_repository_policy(call: Call, request: GetRepositoryPolicyRequestTypeDef) -> GetRepositoryPolicyResponseTypeDef:
    """Give a repository's policy."""
    repository = find_repository(call, request)
    found = documents.find(call.connection, RepositoryDocument, repository.key, POLICY)
    if found is None:
        raise repository_policy_not_found(repository.name, repository.account_id)
    return {
        "policyText": found.content,
        "registryId": repository.account_id,
        "repositoryName": repository.name,
        "ResponseMetadata": call.metadata,
    }


def delete_repository_policy(
    call: Call, request: DeleteRepositoryPolicyRequestTypeDef
) -> DeleteRepositoryPolicyResponseTypeDef:
    """Delete a repository's policy, and give it."""
    deleted = get_repository_policy(call, request)
    repository = find_repository(call, request)
    documents.remove(call.connection, RepositoryDocument, repository.key, POLICY)
    return deleted


def put_registry_policy(call: Call, request: PutRegistryPolicyRequestTypeDef) -> PutRegistryPolicyResponseTypeDef:
    """Set the registry's policy."""
    text = _checked(request["policyText"], "registry")
    registry = registries.ensure_registry(call.connection, call.account_id, call.region)
    documents.put(call.connection, RegistryDocument, registry, POLICY, text, clock.now())
    return {"policyText": text, "registryId": call.account_id, "ResponseMetadata": call.metadata}


def get_registry_policy(call: Call, request: object) -> GetRegistryPolicyResponseTypeDef:
    """Give the registry's policy."""
    registry = registries.find_registry(call.connection, call.account_id, call.region)
    found = documents.find(call.connection, RegistryDocument, registry, POLICY)
    if found is None:
        raise registry_policy_not_found(call.account_id)
    return {"policyText": found.content, "registryId": call.account_id, "ResponseMetadata": call.metadata}


def delete_registry_policy(call: Call, request: object) -> DeleteRegistryPolicyResponseTypeDef:
    """Delete the registry's policy, and give it."""
    deleted = get_registry_policy(call, request)
    registry = registries.find_registry(call.connection, call.account_id, call.region)
    documents.remove(call.connection, RegistryDocument, registry, POLICY)
    return deleted


def checked_repository_policy(text: str) -> str:
    """Check a repository's policy, and give its text as it is kept.

    Raises:
        ECRError: an InvalidParameterException.
    """
    return _checked(text, "repository")


def keep_repository_policy(connection: Connection, repository_id: int, text: str) -> None:
    """Keep a repository's policy."""
    documents.put(connection, RepositoryDocument, repository_id, POLICY, text, clock.now())


def _checked(text: str, whose: str) -> str:
    try:
        return access.read(text)
    except PolicyError:
        raise _invalid(whose) from None


def _invalid(whose: str) -> ECRError:
    """Refuse a policy; AWS says no more than this (observed, capital and all)."""
    return invalid_parameter("PolicyText", f"Invalid {whose} policy provided")
