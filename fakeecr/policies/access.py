"""Repository and registry policies: checked as far as AWS is known to, and written as it writes them."""

from __future__ import annotations

import json
from typing import Any

from fakeecr.policies.text import PolicyError, parse


def read(text: str) -> str:
    """Check a policy, and give its text as AWS answers with it.

    Raises:
        PolicyError: it is no JSON, or not a policy of statements that ECR's resources may have.
    """
    policy = parse(text)
    statements = policy.get("Statement") if isinstance(policy, dict) else None
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        raise PolicyError("no statements")
    for statement in statements:
        _check(statement)
    try:
        return _pretty(policy, "\n")
    except RecursionError:
        raise PolicyError("it is too deep") from None


def _check(statement: Any) -> None:
    if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
        raise PolicyError("no effect")
    if "Principal" not in statement and "NotPrincipal" not in statement:
        raise PolicyError("no principal")
    actions = statement.get("Action", statement.get("NotAction"))
    actions = [actions] if isinstance(actions, str) else actions
    if not isinstance(actions, list) or not actions or not all(isinstance(action, str) for action in actions):
        raise PolicyError("no actions")
    for action in actions:
        service, _, name = action.partition(":")
        # A token is of no resource (observed).
        if action != "*" and (service.lower() != "ecr" or not name or name.lower() == "getauthorizationtoken"):
            raise PolicyError("an action that is none of ECR's resources")


def _pretty(value: Any, line: str) -> str:
    """Write JSON as Jackson's printer does: objects over several lines, lists in one (documented examples)."""
    if isinstance(value, dict):
        inside = line + "  "
        members = [f"{json.dumps(key, ensure_ascii=False)} : {_pretty(item, inside)}" for key, item in value.items()]
        return "{" + ",".join(inside + member for member in members) + line + "}" if members else "{ }"
    if isinstance(value, list):
        return "[ " + ", ".join(_pretty(item, line) for item in value) + " ]" if value else "[ ]"
    return json.dumps(value, ensure_ascii=False)
