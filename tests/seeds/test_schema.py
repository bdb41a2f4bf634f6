"""The JSON Schema that editors use: shipped, and what the code itself says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from fakeecr.seeds.schema import SCHEMA_FILE, json_schema

EXAMPLES = Path(__file__).parent.parent.parent / "examples"


def complaints(value, schema, path="$"):
    """Check a value by the words of JSON Schema that the seed's schema uses; give what is wrong with it."""
    known = {"$schema", "$ref", "$defs", "title", "description", "default", "type", "properties", "required",
             "additionalProperties", "items", "anyOf", "enum", "pattern", "minimum", "minProperties"}  # fmt: skip
    assert set(schema) <= known
    if "$ref" in schema:
        return complaints(value, json_schema()["$defs"][schema["$ref"].removeprefix("#/$defs/")], path)
    if "anyOf" in schema:
        found = [complaints(value, each, path) for each in schema["anyOf"]]
        return [] if [] in found else found[0]
    kinds = {
        "string": str,
        "integer": int,
        "number": (int, float),
        "boolean": bool,
        "array": list,
        "object": dict,
        "null": type(None),
    }
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(isinstance(value, kinds[kind]) for kind in types):
        return [f"{path}: not {types}"]
    found = []
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        found.append(f"{path}: pattern")
    if value not in schema.get("enum", [value]):
        found.append(f"{path}: enum")
    if isinstance(value, int) and value < schema.get("minimum", value):
        found.append(f"{path}: minimum")
    if isinstance(value, list):
        for index, item in enumerate(value):
            found += complaints(item, schema["items"], f"{path}[{index}]")
    if isinstance(value, dict) and schema["additionalProperties"] is not False:
        assert "properties" not in schema
        for key, item in value.items():
            found += complaints(item, schema["additionalProperties"], f"{path}.{key}")
    elif isinstance(value, dict):
        if len(value) < schema.get("minProperties", 0):
            found.append(f"{path}: is empty")
        found += [f"{path}: {key} is missing" for key in schema["required"] if key not in value]
        for key, item in value.items():
            if key in schema["properties"]:
                found += complaints(item, schema["properties"][key], f"{path}.{key}")
            else:
                found.append(f"{path}: {key} is unknown")
    return found


def test_the_shipped_one_is_what_the_code_says():
    assert json.loads(SCHEMA_FILE.read_text(encoding="utf-8")) == json_schema(), "python -m fakeecr.seeds.schema"


@pytest.mark.parametrize(
    "image",
    [
        "{}",
        "{tags: [1.10, 0755, on, latest, 2016.09], count: 3}",
        "{digest: sha256:" + "a" * 64 + ", pushed_at: '2016-12-16T20:05:42Z', status: ARCHIVED, manifest: '{}'}",
        "{digest: }",
    ],
)
def test_it_takes_what_an_editor_sees_of_a_seed(image):
    text = f"registries: [{{id: '012345678910', repositories: [{{name: web, images: [{image}]}}]}}]"
    assert complaints(yaml.safe_load(text), json_schema()) == []


def test_it_takes_the_examples():
    assert complaints(yaml.safe_load((EXAMPLES / "registries.yaml").read_text()), {**json_schema()}) in (
        [],
        ["$.registries[0].repositories[0].images[0].pushed_at: not ['string']"],  # an editor's YAML has no dates
    )


@pytest.mark.parametrize(
    ("seed", "complaint"),
    [
        ({}, "$: is empty"),
        ({"registries": [], "zebra": 1}, "$: zebra is unknown"),
        ({"registries": [{"repositories": [{}]}]}, "$.registries[0].repositories[0]: name is missing"),
        ({"registries": [{"repositories": [{"name": "Web"}]}]}, "$.registries[0].repositories[0].name: pattern"),
        (
            {"registries": [{"repositories": [{"name": "web", "images": [{"tag": "x"}]}]}]},
            "$.registries[0].repositories[0].images[0]: tag is unknown",
        ),
        (
            {"registries": [{"repositories": [{"name": "web", "images": [{"count": 0}]}]}]},
            "$.registries[0].repositories[0].images[0].count: minimum",
        ),
    ],
)
def test_it_complains_of_a_mistake(seed, complaint):
    assert complaints(seed, json_schema()) == [complaint]
