"""Tag mutability: which image tags of a repository may be moved to another image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fakeecr.aws_errors import invalid_parameter
from fakeecr.rules import quotas, wildcards

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import ImageTagMutabilityExclusionFilterTypeDef

_MEMBER = "imageTagMutabilityExclusionFilters"


def is_immutable(mutability: str, exclusion_filters: Sequence[str], tag: str) -> bool:
    """Whether a tag may not be moved, given a repository's mutability and the filters that exempt tags from it."""
    is_exempt = any(wildcards.matches(pattern, tag) for pattern in exclusion_filters)
    return mutability.startswith("IMMUTABLE") is not is_exempt


def has_exclusions(mutability: str) -> bool:
    """Whether a mutability needs exclusion filters; any other must not have them."""
    return mutability.endswith("_WITH_EXCLUSION")


def check_exclusion_filters(
    mutability: str, filters: Sequence[ImageTagMutabilityExclusionFilterTypeDef] | None
) -> tuple[str, ...]:
    """Return a request's exclusion filters as plain patterns.

    Raises:
        ECRError: an InvalidParameterException if the mutability and the filters do not go together.
    """
    if has_exclusions(mutability) is not bool(filters):
        auxiliary = "can't" if has_exclusions(mutability) else "must"
        raise invalid_parameter(
            _MEMBER,
            f"ImageTagMutabilityExclusionFilters {auxiliary} be null when imageTagMutability is set as {mutability}",
        )
    patterns = tuple(exclusion_filter["filter"] for exclusion_filter in filters or ())
    if any(pattern.count("*") > quotas.WILDCARDS_PER_EXCLUSION_FILTER for pattern in patterns):
        raise invalid_parameter(
            _MEMBER, f"A filter must have at most {quotas.WILDCARDS_PER_EXCLUSION_FILTER} wildcards"
        )
    return patterns
