"""Limits of the published reference (API Version 2015-09-21) that are narrower than botocore's newest model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fakeecr.rules import names

# Member → the traits that the published pages give it, in the model's own terms, whatever the operation. [reference]
_EVERYWHERE: Mapping[str, Mapping[str, Any]] = {
    "repositoryName": {
        "min": names.MIN_REPOSITORY_NAME_LENGTH,
        "max": names.MAX_REPOSITORY_NAME_LENGTH,
        "pattern": names.PUBLISHED_REPOSITORY_NAME_PATTERN,
    },
}
# Operation → the traits of the members of that operation alone. [reference]
_OF_OPERATION: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "ListImages": {"maxResults": {"min": 1, "max": 100}},
}


def published_traits(operation: str) -> Mapping[str, Mapping[str, Any]]:
    """Return the published traits by member, including members that the operation does not have."""
    return {**_EVERYWHERE, **_OF_OPERATION.get(operation, {})}
