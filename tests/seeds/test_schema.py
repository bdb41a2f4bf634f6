"""The JSON Schema of seeds, which editors use: the shipped file agrees with the code, and with seeds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from fakeecr.seeds.schema import SCHEMA_FILE, json_schema
from tests.seeds.schema_violations import schema_violations

EXAMPLES = Path(__file__).parent.parent.parent / "examples"


def test_the_shipped_schema_is_the_schema_of_the_code():
    assert json.loads(SCHEMA_FILE.read_text(encoding="utf-8")) == json_schema(), "python -m fakeecr.seeds.schema"


@pytest.mark.parametrize(
    "image",
    [
        pytest.param("{}", id="no keys"),
        pytest.param("{tags: [1.10, 0755, on, latest, 2016.09], count: 3}", id="tags that YAML reads as other types"),
        pytest.param(
            "{digest: sha256:" + "a" * 64 + ", pushed_at: '2016-12-16T20:05:42Z', status: ARCHIVED, manifest: '{}'}",
            id="all keys of one image",
        ),
        pytest.param("{digest: }", id="a key without a value"),
    ],
)
def test_the_schema_accepts_a_valid_image(image):
    text = f"registries: [{{id: '012345678910', repositories: [{{name: web, images: [{image}]}}]}}]"

    assert schema_violations(yaml.safe_load(text), json_schema()) == []


def test_the_schema_accepts_the_example():
    seed = yaml.safe_load((EXAMPLES / "registries.yaml").read_text())

    assert schema_violations(seed, json_schema()) in (
        [],
        # The YAML of editors has no dates.
        ["$.registries[0].repositories[0].images[0].pushed_at: not ['string']"],
    )


INVALID_SEEDS = {
    "an empty seed": ({}, "$: is empty"),
    "an unknown key": ({"registries": [], "zebra": 1}, "$: zebra is unknown"),
    "a repository without a name": (
        {"registries": [{"repositories": [{}]}]},
        "$.registries[0].repositories[0]: name is missing",
    ),
    "an invalid repository name": (
        {"registries": [{"repositories": [{"name": "Web"}]}]},
        "$.registries[0].repositories[0].name: pattern",
    ),
    "an unknown key of an image": (
        {"registries": [{"repositories": [{"name": "web", "images": [{"tag": "x"}]}]}]},
        "$.registries[0].repositories[0].images[0]: tag is unknown",
    ),
    "a count of 0": (
        {"registries": [{"repositories": [{"name": "web", "images": [{"count": 0}]}]}]},
        "$.registries[0].repositories[0].images[0].count: minimum",
    ),
}


@pytest.mark.parametrize(("seed", "violation"), INVALID_SEEDS.values(), ids=INVALID_SEEDS)
def test_the_schema_rejects_an_invalid_seed(seed, violation):
    assert schema_violations(seed, json_schema()) == [violation]
