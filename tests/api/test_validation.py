"""The validator's table: what any shape of the service model may hold, whatever the operation."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from botocore.model import ShapeResolver, StructureShape

from fakeecr.aws_errors import ECRError
from fakeecr.api.model import operation_model, operation_names
from fakeecr.api.validation import Validator

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


def outcome(body):
    try:
        parsed = VALIDATOR.parse(body)
        VALIDATOR.check(parsed)
    except ECRError as error:
        return error.code, error.message
    return parsed


@pytest.mark.parametrize(
    ("given", "parsed"),
    [
        ({"force": False}, {"force": False}),
        ({"size": 10**15}, {"size": 10**15}),
        ({"blob": "YWJj"}, {"blob": b"abc"}),
        ({"blob": ""}, {"blob": b""}),
        ({"since": 1.5}, {"since": datetime(1970, 1, 1, 0, 0, 1, 500000, tzinfo=UTC)}),
        ({"since": 0}, {"since": datetime(1970, 1, 1, tzinfo=UTC)}),
        ({"score": 1}, {"score": 1}),
        ({"labels": {"a": "b", "c": None}}, {"labels": {"a": "b"}}),
        ({"tags": [{"Key": "k", "Other": 1}]}, {"tags": [{"Key": "k"}]}),
        ({"mode": None, "unknown": {"deep": []}}, {}),
    ],
)
def test_takes(given, parsed):
    assert outcome({"name": "web", **given}) == {"name": "web", **parsed}


@pytest.mark.parametrize(
    ("given", "name", "constraint"),
    [
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
    ],
)
def test_refuses_a_value(given, name, constraint):
    assert outcome({"name": "web", **given}) == (
        "InvalidParameterException",
        f"Invalid parameter at '{name}' failed to satisfy constraint: '{constraint}'",
    )


LIST = "Start of list found where not expected"
STRUCTURE = "Start of structure or map found where not expected."


@pytest.mark.parametrize(
    ("given", "message"),
    [
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
        # A wrong type is told before a wrong value, wherever it stands.
        ({"name": "", "size": "1"}, "STRING_VALUE can not be converted to a Long"),
    ],
)
def test_refuses_a_type(given, message):
    assert outcome({"name": "web", **given}) == ("SerializationException", message)


@pytest.mark.parametrize("operation", sorted(operation_names()))
def test_knows_the_shapes_of_every_operation(operation):
    assert Validator(operation_model(operation).input_shape).parse({"surely": "unknown"}) == {}
