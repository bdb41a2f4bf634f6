"""Repository and registry policies: checked as far as AWS is known to check them, and printed as AWS prints them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from fakeecr.rules.names import ACCOUNT_ID
from fakeecr.rules.policy_text import PolicyError, parse

# The order in which AWS prints the members of a policy and of a statement; others follow as they were sent. [observed]
_POLICY_ORDER = ("Version", "Id", "Statement")
_STATEMENT_ORDER = ("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction")
_RESOURCE_MEMBERS = ("Resource", "NotResource")
_DEFAULT_VERSION = "2008-10-17"  # [observed]

_PRINCIPAL_ARN = re.compile(
    r"arn:[a-z-]+:(iam|sts)::[0-9]{12}:"
    r"(root|(user|group|role|assumed-role|federated-user|saml-provider|oidc-provider)/.+)"
)
# What a registry policy may allow while the account setting REGISTRY_POLICY_SCOPE is V1. [documented]
_ACTIONS_OF_SCOPE_V1 = frozenset({"ecr:replicateimage", "ecr:createrepository", "ecr:batchimportupstreamimage"})


class AccessPolicy(NamedTuple):
    """A valid policy.

    Attributes:
        text: its text as AWS answers with it.
        resources: the resources that its statements name, each with the member that names it: Resource or NotResource.
        actions: the actions that its statements name, in lower case.
    """

    text: str
    resources: frozenset[tuple[str, str]]
    actions: frozenset[str]

    def fits_scope_v1(self) -> bool:
        """Whether a registry policy has only actions of the account setting REGISTRY_POLICY_SCOPE=V1."""
        return self.actions <= _ACTIONS_OF_SCOPE_V1


def read_policy(text: str, partition: str) -> AccessPolicy:
    """Return a policy from its JSON text.

    Args:
        text: the text.
        partition: the partition in which an account id stands for the account's root, such as ``aws``.

    Raises:
        PolicyError: it is not JSON, or not a policy of statements about ECR's resources.
    """
    policy = parse(text)
    statements = policy.get("Statement") if isinstance(policy, dict) else None
    is_single = isinstance(statements, dict)
    if is_single:
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        raise PolicyError("it has no statements")
    actions, resources = set(), set()
    for statement in statements:
        actions |= _check_statement(statement)
        resources |= {(name, str(each)) for name in _RESOURCE_MEMBERS for each in _as_list(statement.get(name))}
    try:
        normal = [_normalize_statement(statement, partition) for statement in statements]
        content = {"Version": _DEFAULT_VERSION, **policy, "Statement": normal[0] if is_single else normal}
        printed = _format(_in_order(content, _POLICY_ORDER), "\n")
    except RecursionError:
        raise PolicyError("it is nested too deeply") from None
    return AccessPolicy(printed, frozenset(resources), frozenset(actions))


def _check_statement(statement: Any) -> set[str]:
    """Return the actions of a valid statement, in lower case."""
    if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
        raise PolicyError("the Effect of a statement is neither Allow nor Deny")
    principals = [statement[name] for name in ("Principal", "NotPrincipal") if name in statement]
    if not principals:
        raise PolicyError("a statement has no Principal or NotPrincipal")
    for principal in principals:
        _check_principal(principal)
    actions = _as_list(statement.get("Action", statement.get("NotAction")))
    if not actions or not all(isinstance(action, str) for action in actions):
        raise PolicyError("a statement has no Action or NotAction")
    for action in actions:
        service, _, name = action.partition(":")
        # An authorization token belongs to no resource. [observed]
        if action != "*" and (service.lower() != "ecr" or not name or name.lower() == "getauthorizationtoken"):
            raise PolicyError(f"the action {action!r} does not apply to a resource of ECR")
    return {action.lower() for action in actions}


def _check_principal(principal: Any) -> None:
    """Check the ARNs of a principal; AWS refuses a malformed one [observed]."""
    members = principal.get("AWS", []) if isinstance(principal, dict) else principal
    for member in _as_list(members):
        if isinstance(member, str) and member.startswith("arn:") and not _PRINCIPAL_ARN.fullmatch(member):
            raise PolicyError(f"the principal {member!r} is malformed")


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


# --- Printed -------------------------------------------------------------------------------------


def _normalize_statement(statement: Mapping[str, Any], partition: str) -> dict[str, Any]:
    """Return a statement as AWS stores it [observed: the order, single actions, account ids]."""
    normal = dict(statement)
    for name in ("Principal", "NotPrincipal"):
        if isinstance(normal.get(name), dict):
            normal[name] = {
                kind: _normalize_members(members, partition if kind == "AWS" else None)
                for kind, members in normal[name].items()
            }
    for name in ("Action", "NotAction"):
        if name in normal:
            normal[name] = _normalize_members(normal[name], None)
    return _in_order(normal, _STATEMENT_ORDER)


def _normalize_members(members: Any, partition: str | None) -> Any:
    """Return principals or actions: a list of one as a text, and an account id as the ARN of the account's root."""
    normal = [
        f"arn:{partition}:iam::{member}:root" if partition is not None and ACCOUNT_ID.matches(member) else member
        for member in _as_list(members)
    ]
    return normal[0] if len(normal) == 1 else normal


def _in_order(members: Mapping[str, Any], order: tuple[str, ...]) -> dict[str, Any]:
    first = {name: members[name] for name in order if name in members}
    return first | {name: value for name, value in members.items() if name not in first}


def _format(value: Any, line_break: str) -> str:
    """Return JSON as Jackson prints it: an object takes several lines, a list one (as in AWS's examples)."""
    if isinstance(value, dict):
        inner = line_break + "  "
        members = [f"{json.dumps(key, ensure_ascii=False)} : {_format(item, inner)}" for key, item in value.items()]
        return "{" + ",".join(inner + member for member in members) + line_break + "}" if members else "{ }"
    if isinstance(value, list):
        return "[ " + ", ".join(_format(item, line_break) for item in value) + " ]" if value else "[ ]"
    return json.dumps(value, ensure_ascii=False)
