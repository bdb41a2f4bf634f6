"""Operations on the tags of a repository as an AWS resource, which are not image tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakeecr.aws_errors import invalid_parameter, too_many_tags
from fakeecr.operations.envelopes import EMPTY, Envelope
from fakeecr.registry.call import Call
from fakeecr.registry.lookup import find_repository
from fakeecr.rules import quotas
from fakeecr.rules.arns import parse_repository_arn
from fakeecr.rules.resource_tags import check_tag, check_tags
from fakeecr.store import repositories
from fakeecr.store.repositories import StoredRepository

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import (
        ListTagsForResourceRequestTypeDef,
        ListTagsForResourceResponseTypeDef,
        TagResourceRequestTypeDef,
        UntagResourceRequestTypeDef,
    )


def tag_resource(call: Call, request: TagResourceRequestTypeDef) -> Envelope:
    """Set tags of a repository; a tag of the same key gets the new value."""
    repository = _find_resource(call, request["resourceArn"])
    tags = check_tags(request["tags"])
    existing = repositories.get_tags(call.connection, repository.key)
    if len(existing.keys() | tags.keys()) > quotas.TAGS_PER_RESOURCE:
        raise too_many_tags(quotas.TAGS_PER_RESOURCE)
    repositories.set_tags(call.connection, repository.key, tags)
    return EMPTY


def untag_resource(call: Call, request: UntagResourceRequestTypeDef) -> Envelope:
    """Remove tags of a repository; keys that it does not have are ignored."""
    repository = _find_resource(call, request["resourceArn"])
    keys = set(request["tagKeys"])
    for key in keys:
        check_tag(key)
    repositories.remove_tags(call.connection, repository.key, keys)
    return EMPTY


def list_tags_for_resource(
    call: Call, request: ListTagsForResourceRequestTypeDef
) -> ListTagsForResourceResponseTypeDef:
    """List the tags of a repository, sorted by their keys."""
    repository = _find_resource(call, request["resourceArn"])
    tags = repositories.get_tags(call.connection, repository.key)
    return {"tags": [{"Key": key, "Value": value} for key, value in tags.items()], **EMPTY}


def _find_resource(call: Call, arn: str) -> StoredRepository:
    """Return the repository of an ARN."""
    parsed = parse_repository_arn(call.region, arn)
    if parsed is None:
        raise invalid_parameter("resourceArn", "Invalid ARN")
    account_id, name = parsed
    return find_repository(call, name, account_id)
