"""Operations on the tags of a resource, which are keys with values; the tags of images are another thing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fakeecr.errors import invalid_parameter, invalid_tag_parameter, too_many_tags
from fakeecr.operations.call import Call
from fakeecr.operations.finding import repository_at
from fakeecr.operations.names import repository_of
from fakeecr.store import registries
from fakeecr.store.registries import FoundRepository

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import (
        ListTagsForResourceRequestTypeDef,
        ListTagsForResourceResponseTypeDef,
        TagResourceRequestTypeDef,
        TagTypeDef,
        UntagResourceRequestTypeDef,
    )

# Documented; the model has none of them.
MOST_TAGS = 50
KEY_PATTERN = r"(?![aA][wW][sS]:)[\w .:/=+@-]{1,128}"
VALUE_PATTERN = r"[\w .:/=+@-]{0,256}"


def tag_resource(call: Call, request: TagResourceRequestTypeDef) -> dict[str, object]:
    """Give a repository tags; a tag of the same key gets the new value."""
    repository = _resource(call, request["resourceArn"])
    tags = checked_tags(request["tags"])
    if len(registries.tags_of(call.connection, repository.key).keys() | tags.keys()) > MOST_TAGS:
        raise too_many_tags(MOST_TAGS)
    registries.set_tags(call.connection, repository.key, tags)
    return {"ResponseMetadata": call.metadata}


def untag_resource(call: Call, request: UntagResourceRequestTypeDef) -> dict[str, object]:
    """Take tags from a repository; a key that it has not is no matter."""
    repository = _resource(call, request["resourceArn"])
    keys = set(request["tagKeys"])
    for key in keys:
        _check(key, "")
    registries.remove_tags(call.connection, repository.key, keys)
    return {"ResponseMetadata": call.metadata}


def list_tags_for_resource(
    call: Call, request: ListTagsForResourceRequestTypeDef
) -> ListTagsForResourceResponseTypeDef:
    """List a repository's tags, in the order of their keys."""
    repository = _resource(call, request["resourceArn"])
    tags = registries.tags_of(call.connection, repository.key)
    return {
        "tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        "ResponseMetadata": call.metadata,
    }


def checked_tags(given: Sequence[TagTypeDef]) -> dict[str, str]:
    """Check the tags of a request, and give them by their keys.

    Raises:
        ECRError: an InvalidTagParameterException or TooManyTagsException.
    """
    tags = {}
    for tag in given:
        if tag["Key"] in tags:
            raise invalid_tag_parameter()
        _check(tag["Key"], tag["Value"])
        tags[tag["Key"]] = tag["Value"]
    if len(tags) > MOST_TAGS:
        raise too_many_tags(MOST_TAGS)
    return tags


def _check(key: str, value: str) -> None:
    if not (re.fullmatch(KEY_PATTERN, key) and re.fullmatch(VALUE_PATTERN, value)):
        raise invalid_tag_parameter()


def _resource(call: Call, arn: str) -> FoundRepository:
    named = repository_of(call, arn)
    if named is None:
        raise invalid_parameter("resourceArn", "Invalid ARN")
    return repository_at(call, *named)
