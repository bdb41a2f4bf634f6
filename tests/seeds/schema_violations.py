"""A validator for the part of JSON Schema that the seed's schema uses."""

from __future__ import annotations

import re

from fakeecr.seeds.schema import json_schema

SUPPORTED_KEYWORDS = {"$schema", "$ref", "$defs", "title", "description", "default", "type", "properties", "required",
                      "additionalProperties", "items", "anyOf", "enum", "pattern", "minimum", "maximum", "minProperties"}  # fmt: skip
PYTHON_TYPES = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
    "null": type(None),
}


def schema_violations(value, schema, path="$"):
    """Return a line for each violation of a schema by a value; check that the schema has no unsupported keyword."""
    assert set(schema) <= SUPPORTED_KEYWORDS
    if "$ref" in schema:
        return schema_violations(value, json_schema()["$defs"][schema["$ref"].removeprefix("#/$defs/")], path)
    if "anyOf" in schema:
        alternatives = [schema_violations(value, each, path) for each in schema["anyOf"]]
        return [] if [] in alternatives else alternatives[0]
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(isinstance(value, PYTHON_TYPES[each]) for each in types):
        return [f"{path}: not {types}"]
    violations = []
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        violations.append(f"{path}: pattern")
    if value not in schema.get("enum", [value]):
        violations.append(f"{path}: enum")
    if isinstance(value, int) and value < schema.get("minimum", value):
        violations.append(f"{path}: minimum")
    if isinstance(value, int) and value > schema.get("maximum", value):
        violations.append(f"{path}: maximum")
    if isinstance(value, list):
        for index, item in enumerate(value):
            violations += schema_violations(item, schema["items"], f"{path}[{index}]")
    if isinstance(value, dict):
        violations += _object_violations(value, schema, path)
    return violations


def _object_violations(value, schema, path):
    violations = []
    if schema["additionalProperties"] is not False:
        assert "properties" not in schema
        for key, item in value.items():
            violations += schema_violations(item, schema["additionalProperties"], f"{path}.{key}")
        return violations
    if len(value) < schema.get("minProperties", 0):
        violations.append(f"{path}: is empty")
    violations += [f"{path}: {key} is missing" for key in schema["required"] if key not in value]
    for key, item in value.items():
        if key in schema["properties"]:
            violations += schema_violations(item, schema["properties"][key], f"{path}.{key}")
        else:
            violations.append(f"{path}: {key} is unknown")
    return violations
