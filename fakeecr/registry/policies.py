"""Policies of repositories and registries: checked, and those of repositories stored."""

from __future__ import annotations

from fakeecr import clock
from fakeecr.aws_errors import invalid_parameter
from fakeecr.registry.call import Call
from fakeecr.registry.kinds import REPOSITORY_POLICY
from fakeecr.rules import access
from fakeecr.rules.policy_text import PolicyError


def normalize_policy(text: str, owner: str) -> str:
    """Return the text of a policy as it is stored.

    Args:
        text: the policy, as JSON.
        owner: whose policy it is: ``repository`` or ``registry``.

    Raises:
        ECRError: an InvalidParameterException; AWS does not say what is wrong with the policy. [observed]
    """
    try:
        return access.normalize(text)
    except PolicyError:
        raise invalid_parameter("PolicyText", f"Invalid {owner} policy provided") from None


def put_repository_policy(call: Call, repository_key: int, text: str) -> None:
    """Store the normalized text of a repository's policy."""
    REPOSITORY_POLICY.put(call.connection, repository_key, text, clock.now())
