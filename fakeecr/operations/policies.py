"""Operations on the policies of repositories and registries: checked, stored and returned, but not enforced.

Differences from AWS:
    - **Policies are not enforced**: they are checked, stored and returned.
    - **`Resource` in a repository policy.** Sources disagree. `"*"` and the repository's own ARN are accepted
      with a `DisputedPolicyWarning`; any other resource is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakeecr.aws_errors import registry_policy_not_found, repository_policy_not_found
from fakeecr.operations.envelopes import of_registry, of_repository
from fakeecr.registry import policies
from fakeecr.registry.call import Call
from fakeecr.registry.kinds import REGISTRY_POLICY, REPOSITORY_POLICY
from fakeecr.registry.lookup import find_repository, get_registry_key
from fakeecr.rules.arns import repository_arn

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


def set_repository_policy(call: Call, request: SetRepositoryPolicyRequestTypeDef) -> SetRepositoryPolicyResponseTypeDef:
    """Set a repository's policy. Without `force`, AWS refuses one that locks its caller out; fakeecr accepts any."""
    repository = find_repository(call, request["repositoryName"], request.get("registryId"))
    arn = repository_arn(call.region, repository.account_id, repository.name)
    text = policies.check_repository_policy(call.region, request["policyText"], arn)
    policies.put_repository_policy(call, repository.key, text)
    return {"policyText": text, **of_repository(repository)}


def get_repository_policy(call: Call, request: GetRepositoryPolicyRequestTypeDef) -> GetRepositoryPolicyResponseTypeDef:
    """Return a repository's policy."""
    repository = find_repository(call, request["repositoryName"], request.get("registryId"))
    document = REPOSITORY_POLICY.get(call.connection, repository.key)
    if document is None:
        raise repository_policy_not_found(repository)
    return {"policyText": document.content, **of_repository(repository)}


def delete_repository_policy(
    call: Call, request: DeleteRepositoryPolicyRequestTypeDef
) -> DeleteRepositoryPolicyResponseTypeDef:
    """Delete a repository's policy, and return it."""
    repository = find_repository(call, request["repositoryName"], request.get("registryId"))
    document = REPOSITORY_POLICY.remove(call.connection, repository.key)
    if document is None:
        raise repository_policy_not_found(repository)
    return {"policyText": document.content, **of_repository(repository)}


def put_registry_policy(call: Call, request: PutRegistryPolicyRequestTypeDef) -> PutRegistryPolicyResponseTypeDef:
    """Set the registry's policy."""
    text = policies.put_registry_policy(call, request["policyText"])
    return {"policyText": text, **of_registry(call.account_id())}


def get_registry_policy(call: Call, request: object) -> GetRegistryPolicyResponseTypeDef:
    """Return the registry's policy."""
    document = REGISTRY_POLICY.get(call.connection, get_registry_key(call))
    if document is None:
        raise registry_policy_not_found(call.account_id())
    return {"policyText": document.content, **of_registry(call.account_id())}


def delete_registry_policy(call: Call, request: object) -> DeleteRegistryPolicyResponseTypeDef:
    """Delete the registry's policy, and return it."""
    document = REGISTRY_POLICY.remove(call.connection, get_registry_key(call))
    if document is None:
        raise registry_policy_not_found(call.account_id())
    return {"policyText": document.content, **of_registry(call.account_id())}
