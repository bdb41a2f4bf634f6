"""Operations on a registry as a whole: its settings, and who is excluded from recording pulls."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from fakeecr import clock
from fakeecr.errors import exclusion_already_exists, exclusion_not_found, invalid_parameter, too_many_exclusions
from fakeecr.operations.call import Call
from fakeecr.operations.paging import read_page
from fakeecr.store import documents, registries
from fakeecr.store.models import RegistryDocument
from fakeecr.store.registries import FoundRepository

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import (
        DeregisterPullTimeUpdateExclusionRequestTypeDef,
        DeregisterPullTimeUpdateExclusionResponseTypeDef,
        DescribeRegistryResponseTypeDef,
        GetAccountSettingRequestTypeDef,
        GetAccountSettingResponseTypeDef,
        ListPullTimeUpdateExclusionsRequestTypeDef,
        ListPullTimeUpdateExclusionsResponseTypeDef,
        PutAccountSettingRequestTypeDef,
        PutAccountSettingResponseTypeDef,
        RegisterPullTimeUpdateExclusionRequestTypeDef,
        RegisterPullTimeUpdateExclusionResponseTypeDef,
    )

EXCLUSION = "exclusion"
REPLICATION = "replication"
_SETTING = "setting"
# What each setting may be (model, and two that were once); the first is its default.
_SETTINGS = {
    "BASIC_SCAN_TYPE_VERSION": ("AWS_NATIVE", "CLAIR"),
    "BLOB_MOUNTING": ("DISABLED", "ENABLED"),
    "REGISTRY_POLICY_SCOPE": ("V2", "V1"),
}
# Quota (documented).
_MOST_EXCLUSIONS = 100


def default_registry(call: Call) -> int:
    """Give the key of the default registry, which is made if it is missing."""
    return registries.ensure_registry(call.connection, call.account_id, call.region)


def describe_registry(call: Call, request: object) -> DescribeRegistryResponseTypeDef:
    """Describe the registry: where it replicates to."""
    registry = registries.find_registry(call.connection, call.account_id, call.region)
    found = documents.find(call.connection, RegistryDocument, registry, REPLICATION)
    return {
        "registryId": call.account_id,
        "replicationConfiguration": {"rules": []} if found is None else found.content,
        "ResponseMetadata": call.metadata,
    }


def put_account_setting(call: Call, request: PutAccountSettingRequestTypeDef) -> PutAccountSettingResponseTypeDef:
    """Change a setting of the account."""
    name, value = request["name"], request["value"]
    allowed = _allowed(name)
    if value not in allowed:
        raise invalid_parameter("value", f"Member must satisfy enum value set: [{', '.join(allowed)}]")
    registry = default_registry(call)
    documents.put(call.connection, RegistryDocument, registry, _SETTING, value, clock.now(), name)
    return {"name": name, "value": value, "ResponseMetadata": call.metadata}


def get_account_setting(call: Call, request: GetAccountSettingRequestTypeDef) -> GetAccountSettingResponseTypeDef:
    """Give a setting of the account."""
    name = request["name"]
    default = _allowed(name)[0]
    registry = registries.find_registry(call.connection, call.account_id, call.region)
    found = documents.find(call.connection, RegistryDocument, registry, _SETTING, name)
    return {"name": name, "value": default if found is None else found.content, "ResponseMetadata": call.metadata}


def _allowed(name: str) -> tuple[str, ...]:
    if name not in _SETTINGS:
        raise invalid_parameter("name", f"Member must satisfy enum value set: [{', '.join(_SETTINGS)}]")
    return _SETTINGS[name]


# --- Pulls that are not recorded -----------------------------------------------------------------


def records_pulls(call: Call, repository: FoundRepository) -> bool:
    """Whether pulls are recorded: nobody's are where anybody is excluded, since nobody here is anyone."""
    return not (repository.configured and documents.has_any(call.connection, repository.registry, EXCLUSION))


def register_pull_time_update_exclusion(
    call: Call, request: RegisterPullTimeUpdateExclusionRequestTypeDef
) -> RegisterPullTimeUpdateExclusionResponseTypeDef:
    """Exclude a principal, whose pulls are not recorded from now on. All who call a fake are taken for excluded."""
    arn, registry = request["principalArn"], default_registry(call)
    there = {document.name for document in documents.find_all(call.connection, RegistryDocument, registry, EXCLUSION)}
    if arn in there:
        raise exclusion_already_exists(arn)
    if len(there) >= _MOST_EXCLUSIONS:
        raise too_many_exclusions(_MOST_EXCLUSIONS)
    kept = documents.put(call.connection, RegistryDocument, registry, EXCLUSION, None, clock.now(), arn)
    return {"createdAt": kept.created_at, "principalArn": arn, "ResponseMetadata": call.metadata}


def deregister_pull_time_update_exclusion(
    call: Call, request: DeregisterPullTimeUpdateExclusionRequestTypeDef
) -> DeregisterPullTimeUpdateExclusionResponseTypeDef:
    """Exclude a principal no longer."""
    arn = request["principalArn"]
    if documents.remove(call.connection, RegistryDocument, default_registry(call), EXCLUSION, arn) is None:
        raise exclusion_not_found(arn)
    return {"principalArn": arn, "ResponseMetadata": call.metadata}


def list_pull_time_update_exclusions(
    call: Call, request: ListPullTimeUpdateExclusionsRequestTypeDef
) -> ListPullTimeUpdateExclusionsResponseTypeDef:
    """List the principals that are excluded."""
    registry = registries.find_registry(call.connection, call.account_id, call.region)
    read = partial(documents.read_page, call.connection, RegistryDocument, registry, EXCLUSION)
    rows, token = read_page(call, request, ("ListPullTimeUpdateExclusions", registry), read)
    response: ListPullTimeUpdateExclusionsResponseTypeDef = {
        "pullTimeUpdateExclusions": [document.name for document in rows],
        "ResponseMetadata": call.metadata,
    }
    if token is not None:
        response["nextToken"] = token
    return response
