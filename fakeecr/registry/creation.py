"""Creating repositories: on request, or by a template when something is pushed, replicated or cached."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from fakeecr import clock
from fakeecr.registry import expiry, policies
from fakeecr.registry.call import Call
from fakeecr.registry.kinds import TEMPLATE
from fakeecr.registry.lookup import find_repository, get_registry_key, get_repository
from fakeecr.rules.encryption import resolve_encryption
from fakeecr.rules.mutability import check_exclusion_filters
from fakeecr.rules.resource_tags import check_tags
from fakeecr.rules.wildcards import longest_prefix
from fakeecr.store import repositories
from fakeecr.store.repositories import RepositorySettings, StoredRepository

# What a repository is created for, as templates name it (`appliedFor`).
Purpose = Literal["CREATE_ON_PUSH", "REPLICATION", "PULL_THROUGH_CACHE"]


def check_settings(call: Call, account_id: str, request: Mapping[str, Any]) -> RepositorySettings:
    """Return the settings that a request or a template gives a new repository.

    Raises:
        ECRError: an InvalidParameterException or KmsException.
    """
    mutability = request.get("imageTagMutability", "MUTABLE")
    filters = check_exclusion_filters(mutability, request.get("imageTagMutabilityExclusionFilters"))
    encryption = resolve_encryption(call.region, account_id, request.get("encryptionConfiguration"))
    return RepositorySettings(
        tag_mutability=mutability,
        exclusion_filters=filters,
        scan_on_push=request.get("imageScanningConfiguration", {}).get("scanOnPush", False),
        encryption_type=encryption.encryption_type,
        kms_key=encryption.kms_key,
    )


def ensure_repository(
    call: Call, account_id: str, name: str, purpose: Purpose, created_at: datetime
) -> StoredRepository:
    """Return a repository, which is created if it does not exist: by a template, or else with the default settings."""
    return (
        get_repository(call, name, account_id)
        or _create_by_template(call, account_id, name, purpose, created_at)
        or repositories.create_repository(call.connection, account_id, call.region.name, name, created_at)
    )


def find_repository_to_push_to(call: Call, name: str, registry_id: str | None) -> StoredRepository:
    """Return the repository of a push, which is created if it does not exist and a template matches its name.

    Raises:
        ECRError: a RepositoryNotFoundException.
    """
    return (
        get_repository(call, name, registry_id)
        or _create_by_template(call, call.account_id(registry_id), name, "CREATE_ON_PUSH", clock.now())
        or find_repository(call, name, registry_id)
    )


def _create_by_template(
    call: Call, account_id: str, name: str, purpose: Purpose, created_at: datetime
) -> StoredRepository | None:
    """Create a repository by the template for this purpose with the longest prefix; None if no template matches."""
    templates = {
        document.name: document.content
        for document in TEMPLATE.get_all(call.connection, get_registry_key(call, account_id))
        if purpose in document.content["appliedFor"]
    }
    prefix = longest_prefix(templates, name)
    if prefix is None:
        return None
    template = templates[prefix]
    repository = repositories.create_repository(
        call.connection,
        account_id,
        call.region.name,
        name,
        created_at,
        settings_of_template(call, account_id, template),
    )
    repositories.set_tags(call.connection, repository.key, check_tags(template.get("resourceTags", [])))
    if template.get("repositoryPolicy"):
        policies.put_repository_policy(call, repository.key, template["repositoryPolicy"])
    if template.get("lifecyclePolicy"):
        expiry.put_policy(call.connection, repository.key, expiry.parse_policy(template["lifecyclePolicy"]).text)
    return repository


def settings_of_template(call: Call, account_id: str, template: Mapping[str, Any]) -> RepositorySettings:
    """Return the settings of a repository that a template creates.

    Raises:
        ECRError: an InvalidParameterException or KmsException, if the template is not valid.
    """
    # In a template, an empty key is the same as no key.
    encryption = {name: value for name, value in template["encryptionConfiguration"].items() if value}
    return check_settings(call, account_id, {**template, "encryptionConfiguration": encryption})
