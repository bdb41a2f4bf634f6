"""Roles that ECR assumes for a registry, of its pull-through cache rules and its repository creation templates."""

from __future__ import annotations

import re

from fakeecr.aws_errors import invalid_parameter
from fakeecr.rules.arns import Region


def check_custom_role(region: Region, account_id: str, arn: str | None) -> None:
    """Check that a custom role is one of the registry's own account [model]. Whether it exists is not checked.

    Args:
        region: the region of the registry.
        account_id: the account of the registry.
        arn: the ARN of the role; None or empty for no role.

    Raises:
        ECRError: an InvalidParameterException; its text is invented.
    """
    if arn and not re.fullmatch(rf"arn:{region.partition}:iam::{account_id}:role/[\w+=,.@/-]+", arn):
        raise invalid_parameter(
            "customRoleArn",
            f"customRoleArn must be the ARN of a role in the account {account_id} of the registry",
        )
