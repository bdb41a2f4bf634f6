"""Where the published reference (API Version 2015-09-21) is narrower than botocore's newest model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

Limits = Literal["published", "installed"]

# Operation → member → the traits of its shape that the published page sets, in the model's own words.
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
