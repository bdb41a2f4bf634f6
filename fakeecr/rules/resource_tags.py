"""Tags of a repository as an AWS resource, which are keys with values; image tags are another thing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fakeecr.aws_errors import invalid_tag_parameter, too_many_tags
from fakeecr.rules import names, quotas

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import TagTypeDef


def check_tags(tags: Sequence[TagTypeDef]) -> dict[str, str]:
    """Return the tags of a request by their keys.

    Raises:
        ECRError: an InvalidTagParameterException or TooManyTagsException.
    """
    values: dict[str, str] = {}
    for tag in tags:
        if tag["Key"] in values:
            raise invalid_tag_parameter()
        check_tag(tag["Key"], tag["Value"])
        values[tag["Key"]] = tag["Value"]
    if len(values) > quotas.TAGS_PER_RESOURCE:
        raise too_many_tags(quotas.TAGS_PER_RESOURCE)
    return values


def check_tag(key: str, value: str = "") -> None:
    """Check one key and its value.

    Raises:
        ECRError: an InvalidTagParameterException.
    """
    if not (names.RESOURCE_TAG_KEY.matches(key) and names.RESOURCE_TAG_VALUE.matches(value)):
        raise invalid_tag_parameter()
