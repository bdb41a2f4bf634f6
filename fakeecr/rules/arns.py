"""ARNs and host names, which differ from one partition of AWS to another."""

from __future__ import annotations

import re
from typing import NamedTuple


class Region(NamedTuple):
    """A region of AWS.

    Attributes:
        name: such as ``us-east-1``.
        partition: the partition's name in ARNs, such as ``aws`` or ``aws-cn``.
        dns_suffix: what its host names end with, such as ``amazonaws.com``.
        exists: whether AWS has this region, as far as the installed botocore knows.
    """

    name: str
    partition: str
    dns_suffix: str
    exists: bool = True


def repository_arn(region: Region, account_id: str, name: str) -> str:
    """Return the ARN of a repository."""
    return f"arn:{region.partition}:ecr:{region.name}:{account_id}:repository/{name}"


def parse_repository_arn(region: Region, arn: str) -> tuple[str, str] | None:
    """Return account id and name from the ARN of a repository in a region, or None if it is not such an ARN."""
    match = re.fullmatch(repository_arn(region, "([0-9]{12})", "([a-z0-9._/-]+)"), arn)
    return (match[1], match[2]) if match else None


def registry_host(region: Region, account_id: str) -> str:
    """Return the host name that serves a registry's images."""
    return f"{account_id}.dkr.ecr.{region.name}.{region.dns_suffix}"


def root_arn(region: Region, account_id: str) -> str:
    """Return the ARN of an account's root, for the partition of a region."""
    return f"arn:{region.partition}:iam::{account_id}:root"


def kms_arn(region: Region, account_id: str, resource: str) -> str:
    """Return the ARN of a KMS key or alias, given as ``key/…`` or ``alias/…``."""
    return f"arn:{region.partition}:kms:{region.name}:{account_id}:{resource}"


def finding_arn(region: Region, account_id: str, finding: str) -> str:
    """Return the ARN of a finding of Amazon Inspector."""
    return f"arn:{region.partition}:inspector2:{region.name}:{account_id}:finding/{finding}"
