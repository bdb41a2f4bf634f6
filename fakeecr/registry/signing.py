"""Managed signing: the record that an image was signed. There are no real signatures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakeecr import clock
from fakeecr.registry.call import Call
from fakeecr.registry.kinds import SIGNATURE
from fakeecr.rules import wildcards
from fakeecr.store.images import StoredImage
from fakeecr.store.repositories import StoredRepository

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import SigningConfigurationOutputTypeDef


def sign(
    call: Call, configuration: SigningConfigurationOutputTypeDef, repository: StoredRepository, image: StoredImage
) -> None:
    """Record that an image was signed with the profile of every rule that applies to its repository."""
    for rule in configuration["rules"]:
        patterns = [repository_filter["filter"] for repository_filter in rule.get("repositoryFilters", [])]
        if not patterns or any(wildcards.matches(pattern, repository.name) for pattern in patterns):
            SIGNATURE.put(call.connection, image.key, None, clock.now(), rule["signingProfileArn"])
