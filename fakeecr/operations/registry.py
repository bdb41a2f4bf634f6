"""Operations on a registry as a whole: its description, its settings, its pull-time exclusions.

Differences from AWS:
    - **Account settings** are stored and returned. Of what they change in AWS, only the scope V1 of registry
      policies is modelled.
    - **Pull-time exclusions.** The principal of a call is unknown, so no pull is recorded while a registry has an
      exclusion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakeecr import clock
from fakeecr.aws_errors import exclusion_already_exists, exclusion_not_found, invalid_parameter, too_many_exclusions
from fakeecr.operations.envelopes import EMPTY, of_registry
from fakeecr.operations.paging import Listing
from fakeecr.registry.call import Call
from fakeecr.registry.kinds import ACCOUNT_SETTING, PULL_TIME_EXCLUSION, REPLICATION
from fakeecr.registry.lookup import ensure_registry, get_registry_key
from fakeecr.rules import quotas

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

# The values of each setting, its default first. [model, and two of an earlier model]
_SETTINGS = {
    "BASIC_SCAN_TYPE_VERSION": ("AWS_NATIVE", "CLAIR"),
    "BLOB_MOUNTING": ("DISABLED", "ENABLED"),
    "REGISTRY_POLICY_SCOPE": ("V2", "V1"),
}


def describe_registry(call: Call, request: object) -> DescribeRegistryResponseTypeDef:
    """Describe the registry: where it replicates to."""
    document = REPLICATION.get(call.connection, get_registry_key(call))
    return {
        "replicationConfiguration": {"rules": []} if document is None else document.content,
        **of_registry(call.account_id()),
    }


def put_account_setting(call: Call, request: PutAccountSettingRequestTypeDef) -> PutAccountSettingResponseTypeDef:
    """Change a setting of the account."""
    name, value = request["name"], request["value"]
    allowed = _allowed_values(name)
    if value not in allowed:
        raise invalid_parameter("value", f"Member must satisfy enum value set: [{', '.join(allowed)}]")
    ACCOUNT_SETTING.put(call.connection, ensure_registry(call), value, clock.now(), name)
    return {"name": name, "value": value, **EMPTY}


def get_account_setting(call: Call, request: GetAccountSettingRequestTypeDef) -> GetAccountSettingResponseTypeDef:
    """Return a setting of the account."""
    name = request["name"]
    default = _allowed_values(name)[0]
    document = ACCOUNT_SETTING.get(call.connection, get_registry_key(call), name)
    return {"name": name, "value": default if document is None else document.content, **EMPTY}


def _allowed_values(name: str) -> tuple[str, ...]:
    if name not in _SETTINGS:
        raise invalid_parameter("name", f"Member must satisfy enum value set: [{', '.join(_SETTINGS)}]")
    return _SETTINGS[name]


# --- Pull-time exclusions ------------------------------------------------------------------------


def register_pull_time_update_exclusion(
    call: Call, request: RegisterPullTimeUpdateExclusionRequestTypeDef
) -> RegisterPullTimeUpdateExclusionResponseTypeDef:
    """Exclude a principal; from now on, its pulls are not recorded."""
    principal_arn, registry_key = request["principalArn"], ensure_registry(call)
    exclusions = PULL_TIME_EXCLUSION.get_all(call.connection, registry_key)
    if principal_arn in [exclusion.name for exclusion in exclusions]:
        raise exclusion_already_exists(principal_arn)
    if len(exclusions) >= quotas.PULL_TIME_EXCLUSIONS:
        raise too_many_exclusions(quotas.PULL_TIME_EXCLUSIONS)
    exclusion = PULL_TIME_EXCLUSION.put(call.connection, registry_key, None, clock.now(), principal_arn)
    return {"createdAt": exclusion.created_at, "principalArn": principal_arn, **EMPTY}


def deregister_pull_time_update_exclusion(
    call: Call, request: DeregisterPullTimeUpdateExclusionRequestTypeDef
) -> DeregisterPullTimeUpdateExclusionResponseTypeDef:
    """End the exclusion of a principal."""
    principal_arn = request["principalArn"]
    if PULL_TIME_EXCLUSION.remove(call.connection, get_registry_key(call), principal_arn) is None:
        raise exclusion_not_found(principal_arn)
    return {"principalArn": principal_arn, **EMPTY}


def list_pull_time_update_exclusions(
    call: Call, request: ListPullTimeUpdateExclusionsRequestTypeDef
) -> ListPullTimeUpdateExclusionsResponseTypeDef:
    """List the excluded principals."""
    registry_key = get_registry_key(call)
    listing = Listing(call, request, "ListPullTimeUpdateExclusions", registry_key)
    page = PULL_TIME_EXCLUSION.page(call.connection, registry_key, listing.place)
    return {"pullTimeUpdateExclusions": [exclusion.name for exclusion in page.rows], **listing.envelope(page)}
