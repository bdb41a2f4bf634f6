"""The validator accepts and refuses values by their shapes in the service model, for any operation."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from botocore.model import ShapeResolver, StructureShape

from fakeecr.api.model import operation_model, operation_names
from fakeecr.api.validation import Validator
from fakeecr.aws_errors import ECRError

SHAPES = {
    "Input": {
        "type": "structure",
        "required": ["name"],
        "members": {
            "name": {"shape": "Name"},
            "tags": {"shape": "Tags"},
            "size": {"shape": "Size"},
            "force": {"shape": "Flag"},
            "blob": {"shape": "Blob"},
            "since": {"shape": "Since"},
            "mode": {"shape": "Mode"},
            "labels": {"shape": "Labels"},
            "score": {"shape": "Score"},
        },
    },
    "Name": {"type": "string", "min": 2, "max": 4, "pattern": "^[a-z\\/]+$"},
    "Tags": {"type": "list", "member": {"shape": "Tag"}, "min": 1, "max": 3},
    "Tag": {"type": "structure", "required": ["Key"], "members": {"Key": {"shape": "Key"}}},
    "Key": {"type": "string", "min": 1},
    "Size": {"type": "long", "min": 0},
    "Flag": {"type": "boolean"},
    "Blob": {"type": "blob", "max": 3},
    "Since": {"type": "timestamp"},
    "Mode": {"type": "string", "enum": ["FAST", "SLOW"]},
    "Labels": {"type": "map", "key": {"shape": "Key"}, "value": {"shape": "Key"}},
    "Score": {"type": "double"},
}
VALIDATOR = Validator(StructureShape("Input", SHAPES["Input"], ShapeResolver(SHAPES)))


def validate(body):
    """Return the parsed body, or the code and message of its error."""
    try:
        parsed = VALIDATOR.parse(body)
        VALIDATOR.check(parsed)
    except ECRError as error:
        return error.code, error.message
    return parsed


@pytest.mark.parametrize(
    ("members", "parsed"),
    [
        pytest.param({"force": False}, {"force": False}, id="a boolean"),
        pytest.param({"size": 10**15}, {"size": 10**15}, id="a long"),
        pytest.param({"blob": "YWJj"}, {"blob": b"abc"}, id="a blob"),
        pytest.param({"blob": ""}, {"blob": b""}, id="an empty blob"),
        pytest.param({"since": 1.5}, {"since": datetime(1970, 1, 1, 0, 0, 1, 500000, tzinfo=UTC)}, id="a timestamp"),
        pytest.param({"since": 0}, {"since": datetime(1970, 1, 1, tzinfo=UTC)}, id="a timestamp of 0"),
        pytest.param({"score": 1}, {"score": 1}, id="an integer for a double"),
        pytest.param({"labels": {"a": "b", "c": None}}, {"labels": {"a": "b"}}, id="a map with a null"),
        pytest.param(
            {"tags": [{"Key": "k", "Other": 1}]}, {"tags": [{"Key": "k"}]}, id="an unknown member of a structure"
        ),
        pytest.param({"mode": None, "unknown": {"deep": []}}, {}, id="a null and an unknown member"),
    ],
)
def test_a_valid_request_is_parsed_by_its_shapes(members, parsed):
    assert validate({"name": "web", **members}) == {"name": "web", **parsed}


INVALID_VALUES = [
    ({"name": None}, "name", "Member must not be null"),
    ({"name": "a"}, "name", "Member must have length greater than or equal to 2"),
    ({"name": "abcde"}, "name", "Member must have length less than or equal to 4"),
    ({"name": "A/B"}, "name", "Member must satisfy regular expression pattern: ^[a-z/]+$"),
    ({"name": "ab\n"}, "name", "Member must satisfy regular expression pattern: ^[a-z/]+$"),
    ({"tags": []}, "tags", "Member must have length greater than or equal to 1"),
    ({"tags": [{"Key": "k"}] * 4}, "tags", "Member must have length less than or equal to 3"),
    ({"tags": [{"Key": "k"}, {}]}, "tags.2.member.key", "Member must not be null"),
    ({"tags": [{"Key": "k"}, None]}, "tags.2.member", "Member must not be null"),
    ({"tags": [{"Key": ""}]}, "tags.1.member.key", "Member must have length greater than or equal to 1"),
    ({"size": -1}, "size", "Member must have value greater than or equal to 0"),
    ({"blob": "YWJjZA=="}, "blob", "Member must have length less than or equal to 3"),
    ({"mode": "fast"}, "mode", "Member must satisfy enum value set: [FAST, SLOW]"),
]


@pytest.mark.parametrize(
    ("members", "name", "constraint"), INVALID_VALUES, ids=[json.dumps(members) for members, _, _ in INVALID_VALUES]
)
def test_a_value_that_breaks_a_constraint_is_refused(members, name, constraint):
    assert validate({"name": "web", **members}) == (
        "InvalidParameterException",
        f"Invalid parameter at '{name}' failed to satisfy constraint: '{constraint}'",
    )


LIST = "Start of list found where not expected"
STRUCTURE = "Start of structure or map found where not expected."

WRONG_TYPES = [
    ({"name": 1}, "NUMBER_VALUE can not be converted to a String"),
    ({"name": False}, "FALSE_VALUE can not be converted to a String"),
    ({"name": []}, LIST),
    ({"name": {}}, STRUCTURE),
    ({"tags": "a"}, "Expected list or null"),
    ({"tags": 1}, "Expected list or null"),
    ({"tags": {}}, STRUCTURE),
    ({"tags": ["a"]}, "Expected null"),
    ({"tags": [[]]}, LIST),
    ({"size": "1"}, "STRING_VALUE can not be converted to a Long"),
    ({"size": 1.0}, "NUMBER_VALUE can not be converted to a Long"),
    ({"size": True}, "TRUE_VALUE can not be converted to a Long"),
    ({"force": "true"}, "STRING_VALUE can not be converted to a Boolean"),
    ({"force": 1}, "NUMBER_VALUE can not be converted to a Boolean"),
    ({"blob": 1}, "NUMBER_VALUE can not be converted to a Blob"),
    ({"blob": "?"}, "STRING_VALUE can not be converted to a Blob"),
    ({"blob": "🐳"}, "STRING_VALUE can not be converted to a Blob"),
    ({"since": "2016"}, "STRING_VALUE can not be converted to a Timestamp"),
    ({"since": 10**20}, "NUMBER_VALUE can not be converted to a Timestamp"),
    ({"labels": []}, LIST),
    ({"labels": "a"}, "Expected null"),
    ({"score": "1"}, "STRING_VALUE can not be converted to a Double"),
    # A wrong type is reported before a wrong value, even of an earlier member.
    ({"name": "", "size": "1"}, "STRING_VALUE can not be converted to a Long"),
]


@pytest.mark.parametrize(("members", "message"), WRONG_TYPES, ids=[json.dumps(members) for members, _ in WRONG_TYPES])
def test_a_value_of_the_wrong_type_is_refused(members, message):
    assert validate({"name": "web", **members}) == ("SerializationException", message)


@pytest.mark.parametrize("operation", sorted(operation_names()))
def test_the_input_shape_of_every_operation_can_be_parsed(operation):
    assert Validator(operation_model(operation).input_shape).parse({"surely": "unknown"}) == {}
