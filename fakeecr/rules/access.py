"""Repository and registry policies: checked as far as AWS is known to check them, and printed as AWS prints them."""

from __future__ import annotations

import json
from typing import Any

from fakeecr.rules.policy_text import PolicyError, parse


def normalize(text: str) -> str:
    """Return the text of a policy as AWS answers with it.

    Raises:
        PolicyError: it is not JSON, or not a policy of statements about ECR's resources.
    """
    policy = parse(text)
    statements = policy.get("Statement") if isinstance(policy, dict) else None
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        raise PolicyError("it has no statements")
    for statement in statements:
        _check_statement(statement)
    try:
        return _format(policy, "\n")
    except RecursionError:
        raise PolicyError("it is nested too deeply") from None


def _check_statement(statement: Any) -> None:
    if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
        raise PolicyError("the Effect of a statement is neither Allow nor Deny")
    if "Principal" not in statement and "NotPrincipal" not in statement:
        raise PolicyError("a statement has no Principal or NotPrincipal")
    actions = statement.get("Action", statement.get("NotAction"))
    actions = [actions] if isinstance(actions, str) else actions
    if not isinstance(actions, list) or not actions or not all(isinstance(action, str) for action in actions):
        raise PolicyError("a statement has no Action or NotAction")
    for action in actions:
        service, _, name = action.partition(":")
        # An authorization token belongs to no resource. [observed]
        if action != "*" and (service.lower() != "ecr" or not name or name.lower() == "getauthorizationtoken"):
            raise PolicyError(f"the action {action!r} does not apply to a resource of ECR")


def _format(value: Any, line_break: str) -> str:
    """Return JSON as Jackson prints it: an object takes several lines, a list one (as in AWS's examples)."""
    if isinstance(value, dict):
        inner = line_break + "  "
        members = [f"{json.dumps(key, ensure_ascii=False)} : {_format(item, inner)}" for key, item in value.items()]
        return "{" + ",".join(inner + member for member in members) + line_break + "}" if members else "{ }"
    if isinstance(value, list):
        return "[ " + ", ".join(_format(item, line_break) for item in value) + " ]" if value else "[ ]"
    return json.dumps(value, ensure_ascii=False)
