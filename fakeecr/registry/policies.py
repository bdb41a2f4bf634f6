"""Repository and registry policies: checked, and stored with their owner."""

from __future__ import annotations

from datetime import datetime

from fakeecr import clock
from fakeecr.aws_errors import ECRError, invalid_parameter
from fakeecr.errors import DisputedPolicyWarning, warn_caller
from fakeecr.registry.call import Call
from fakeecr.registry.hints import with_notes
from fakeecr.registry.kinds import ACCOUNT_SETTING, REGISTRY_POLICY, REPOSITORY_POLICY
from fakeecr.registry.lookup import ensure_registry, get_registry_key
from fakeecr.rules import access
from fakeecr.rules.access import AccessPolicy
from fakeecr.rules.arns import Region
from fakeecr.rules.policy_text import PolicyError


def check_repository_policy(region: Region, text: str, arn: str | None) -> str:
    """Return the text of a repository's policy as it is stored.

    Args:
        region: the region of the repository.
        text: the policy, as JSON.
        arn: the ARN of the repository; None in a template, whose repositories do not exist yet.

    Raises:
        ECRError: an InvalidParameterException.

    Warns:
        DisputedPolicyWarning: it names a resource that AWS is said to refuse by some sources, and to accept by others.
    """
    policy = _read(region, text, "repository")
    allowed = {("Resource", "*"), ("Resource", arn)}
    if policy.resources - allowed:
        raise _invalid("repository", "its Resource must be absent, or the ARN of the repository")
    if policy.resources:
        warn_caller(
            "The repository policy has a Resource. Examples in the user guide of 2025 have one; until 2023 the service "
            "refused it. Leave Resource out: a repository policy is always about its own repository.",
            DisputedPolicyWarning,
        )
    return policy.text


def put_repository_policy(call: Call, repository_key: int, text: str, now: datetime | None = None) -> None:
    """Store the checked text of a repository's policy, by default at the present moment."""
    REPOSITORY_POLICY.put(call.connection, repository_key, text, now or clock.now())


def put_registry_policy(call: Call, text: str) -> str:
    """Check and store the policy of the caller's registry, and return its text as it is stored.

    Raises:
        ECRError: an InvalidParameterException.
    """
    policy = _read(call.region, text, "registry")
    scope = ACCOUNT_SETTING.get(call.connection, get_registry_key(call), "REGISTRY_POLICY_SCOPE")
    if scope is not None and scope.content == "V1" and not policy.fits_scope_v1():
        raise _invalid(
            "registry",
            "the account setting REGISTRY_POLICY_SCOPE is V1, which allows only ReplicateImage, CreateRepository and "
            "BatchImportUpstreamImage",
        )
    REGISTRY_POLICY.put(call.connection, ensure_registry(call), policy.text, clock.now())
    return policy.text


def _read(region: Region, text: str, owner: str) -> AccessPolicy:
    try:
        return access.read_policy(text, region.partition)
    except PolicyError as problem:
        raise _invalid(owner, str(problem)) from None


def _invalid(owner: str, problem: str) -> ECRError:
    """Build the error of an invalid policy; AWS does not say what is wrong with it [observed]."""
    error = invalid_parameter("PolicyText", f"Invalid {owner} policy provided")
    return with_notes(error, f"The policy is invalid: {problem}.")
