"""The names that AWS gives to things in a call's region: ARNs and hosts."""

from __future__ import annotations

import re

from fakeecr.operations.call import Call


def repository_arn(call: Call, account_id: str, name: str) -> str:
    """Give the ARN of a repository."""
    return f"arn:{call.partition.name}:ecr:{call.region}:{account_id}:repository/{name}"


def repository_of(call: Call, arn: str) -> tuple[str, str] | None:
    """Read account and name out of the ARN of a repository in the call's region; None where it is no such ARN."""
    pattern = repository_arn(call, "([0-9]{12})", "([a-z0-9._/-]+)")
    found = re.fullmatch(pattern, arn)
    return (found[1], found[2]) if found else None


def registry_host(call: Call, account_id: str) -> str:
    """Give the host that serves a registry's images."""
    return f"{account_id}.dkr.ecr.{call.region}.{call.partition.suffix}"


def key_arn(call: Call, account_id: str, resource: str) -> str:
    """Give the ARN of a key of KMS, or of an alias."""
    return f"arn:{call.partition.name}:kms:{call.region}:{account_id}:{resource}"


def finding_arn(call: Call, account_id: str, resource: str) -> str:
    """Give the ARN of a finding of Amazon Inspector."""
    return f"arn:{call.partition.name}:inspector2:{call.region}:{account_id}:finding/{resource}"
