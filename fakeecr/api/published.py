"""Limits of the published reference (API Version 2015-09-21) that are narrower than botocore's newest model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Operation → member → the traits that the published page gives the member, in the model's own terms. [reference]
PUBLISHED: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "ListImages": {
        "maxResults": {"min": 1, "max": 100},
        "repositoryName": {
            "min": 2,
            "max": 256,
            "pattern": r"(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*",
        },
    },
}
