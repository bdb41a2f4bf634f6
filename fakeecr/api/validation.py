"""Validation of requests against the service model, compiled from the shapes in the same way for every operation.

AWS validates in two passes [observed at a sibling service], and so does this module: first the JSON types of the whole
body, where a wrong type is a SerializationException; then the constraints, where a violation is an
InvalidParameterException. Only the first violation is reported.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

from fakeecr.aws_errors import ECRError, invalid_parameter, serialization

# Enums that AWS prints in another order than the model's. [observed]
_PRINTED_ORDER = {"ImageTagMutability": ["IMMUTABLE", "MUTABLE", "MUTABLE_WITH_EXCLUSION", "IMMUTABLE_WITH_EXCLUSION"]}

Traits = Mapping[str, Any]
Parser = Callable[[Any], Any]
Checker = Callable[[Any, str], None]

# Members that the service itself checks, and not its framework: their messages say "must …" instead of
# "Member must …". [observed]
_SERVICE_SIDE = {"repositoryName", "registryId"}


class Validator:
    """The validator of one operation's requests.

    Args:
        shape: the operation's input shape; None for an operation without parameters.
        overrides: traits by member, which replace those of the member's shape; other members are ignored.
    """

    def __init__(self, shape: StructureShape | None, overrides: Mapping[str, Traits] | None = None) -> None:
        if shape is None:
            shape = StructureShape("Empty", {"type": "structure", "members": {}})
        self._parse = _structure_parser(shape)
        self._check = _structure_checker(shape, overrides or {})

    def parse(self, body: Any) -> dict[str, Any]:
        """Return the members of a decoded JSON body that the shape has, converted to its types.

        Raises:
            ECRError: a SerializationException if a value has the wrong JSON type.
        """
        request: dict[str, Any] = self._parse(body)
        return request

    def check(self, request: dict[str, Any]) -> None:
        """Check the constraints of what :meth:`parse` returned.

        Raises:
            ECRError: an InvalidParameterException for the first violation.
        """
        self._check(request, "")


# --- JSON types ----------------------------------------------------------------------------------


def _wrong_type(value: Any, expected: str) -> ECRError:
    """Build the error of a value of the wrong JSON type [observed at a sibling service]."""
    if isinstance(value, list):
        return serialization("Start of list found where not expected")
    if isinstance(value, dict):
        return serialization("Start of structure or map found where not expected.")
    if expected == "list":
        return serialization("Expected list or null")
    if expected in ("structure", "map"):
        return serialization("Expected null")
    token = "STRING" if isinstance(value, str) else str(value).upper() if isinstance(value, bool) else "NUMBER"
    article = "an" if expected[0] in "aeiou" else "a"
    return serialization(f"{token}_VALUE can not be converted to {article} {expected.capitalize()}")


def _scalar_parser(expected: str, *types: type) -> Parser:
    def parse(value: Any) -> Any:
        # Not isinstance: true is not an Integer, and neither is a float, even 1.0.
        if type(value) in types:
            return value
        raise _wrong_type(value, expected)

    return parse


def _parse_blob(value: Any) -> bytes:
    if type(value) is not str:
        raise _wrong_type(value, "blob")
    try:
        # As base64.b64decode does with `validate`, but without a copy of the text: a part of a layer has 27 MiB of it.
        return binascii.a2b_base64(value, strict_mode=True)
    except ValueError:
        raise serialization("STRING_VALUE can not be converted to a Blob") from None


# No request of today's model has a timestamp, a map or a double; one of a newer model may.
def _parse_timestamp(value: Any) -> datetime:
    if type(value) not in (int, float):
        raise _wrong_type(value, "timestamp")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError):
        raise serialization("NUMBER_VALUE can not be converted to a Timestamp") from None


def _structure_parser(shape: StructureShape) -> Parser:
    members = {name: _parser(member) for name, member in shape.members.items()}

    def parse(value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise _wrong_type(value, "structure")
        # A null means an absent member, and unknown members are ignored.
        return {name: members[name](item) for name, item in value.items() if item is not None and name in members}

    return parse


def _list_parser(shape: ListShape) -> Parser:
    member = _parser(shape.member)

    def parse(value: Any) -> list[Any]:
        if type(value) is not list:
            raise _wrong_type(value, "list")
        return [None if item is None else member(item) for item in value]

    return parse


def _map_parser(shape: MapShape) -> Parser:
    member = _parser(shape.value)

    def parse(value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise _wrong_type(value, "map")
        return {key: member(item) for key, item in value.items() if item is not None}

    return parse


_SCALARS: Mapping[str, Parser] = {
    "string": _scalar_parser("string", str),
    "integer": _scalar_parser("integer", int),
    "long": _scalar_parser("long", int),
    "boolean": _scalar_parser("boolean", bool),
    "double": _scalar_parser("double", float, int),
    "blob": _parse_blob,
    "timestamp": _parse_timestamp,
}


def _parser(shape: Shape) -> Parser:
    if isinstance(shape, StructureShape):
        return _structure_parser(shape)
    if isinstance(shape, ListShape):
        return _list_parser(shape)
    if isinstance(shape, MapShape):
        return _map_parser(shape)
    return _SCALARS[shape.type_name]


# --- Constraints ---------------------------------------------------------------------------------


def _subject(path: str) -> str:
    return "must" if path in _SERVICE_SIDE else "Member must"


def _structure_checker(shape: StructureShape, overrides: Mapping[str, Traits]) -> Checker:
    required = set(shape.required_members)
    members = [
        # Messages begin a member's name in lower case, even `key` for `Key`. [observed]
        (name, name[0].lower() + name[1:], name in required, _checker(member, overrides.get(name, {})))
        for name, member in shape.members.items()
    ]
    members = [entry for entry in members if entry[2] or entry[3]]

    def check(value: Any, path: str) -> None:
        for name, printed, is_required, checker in members:
            item = value.get(name)
            if item is None:
                if is_required:
                    where = path + printed
                    raise invalid_parameter(where, f"{_subject(where)} not be null")
            elif checker:
                checker(item, path + printed)

    return check


def _nested(checker: Checker) -> Checker:
    # The path of a nested member is `parent.member`.
    return lambda value, path: checker(value, path + ".")


def _range_checker(quantity: str, measure: Callable[[Any], int], traits: Traits) -> Checker | None:
    """Build the check of `min` and `max` for a number's value, or for a string's or list's length."""
    minimum, maximum = traits.get("min"), traits.get("max")
    if minimum is None and maximum is None:
        return None

    def check(value: Any, path: str) -> None:
        measured = measure(value)
        if minimum is not None and measured < minimum:
            raise invalid_parameter(path, f"{_subject(path)} have {quantity} greater than or equal to {minimum}")
        if maximum is not None and measured > maximum:
            raise invalid_parameter(path, f"{_subject(path)} have {quantity} less than or equal to {maximum}")

    return check


def _pattern_checker(pattern: str) -> Checker:
    # Java's `matches` needs the whole string to match, like fullmatch. AWS prints `/` without a backslash.
    match = re.compile(pattern).fullmatch
    printed = pattern.replace(r"\/", "/")

    def check(value: Any, path: str) -> None:
        if match(value) is None:
            if path == "registryId":
                raise invalid_parameter(path, f"must satisfy regular expression {printed}")
            if path in _SERVICE_SIDE:
                raise invalid_parameter(path, f"must satisfy regular expression '{printed}'")
            raise invalid_parameter(path, f"Member must satisfy regular expression pattern: {printed}")

    return check


def _enum_checker(values: list[str], shape: str) -> Checker:
    allowed = frozenset(values)
    # Another model may have other values, which nobody has seen AWS print.
    observed_order = _PRINTED_ORDER.get(shape, [])
    printed = ", ".join(observed_order if allowed == set(observed_order) else values)

    def check(value: Any, path: str) -> None:
        if value not in allowed:
            raise invalid_parameter(path, f"{_subject(path)} satisfy enum value set: [{printed}]")

    return check


def _all_of(*checkers: Checker | None) -> Checker | None:
    needed = [checker for checker in checkers if checker]
    if len(needed) < 2:
        return needed[0] if needed else None

    def check(value: Any, path: str) -> None:
        for checker in needed:
            checker(value, path)

    return check


def _items_checker(shape: ListShape) -> Checker:
    member = _checker(shape.member, {})

    def check(value: Any, path: str) -> None:
        for number, item in enumerate(value, 1):
            where = f"{path}.{number}.member"
            if item is None:
                raise invalid_parameter(where, f"{_subject(where)} not be null")
            if member:
                member(item, where)

    return check


def _checker(shape: Shape, overrides: Traits) -> Checker | None:
    """Build the check of a value of this shape; None if every value is valid."""
    traits = {**shape.metadata, **overrides}
    if isinstance(shape, StructureShape):
        return _nested(_structure_checker(shape, {}))
    if isinstance(shape, ListShape):
        return _all_of(_range_checker("length", len, traits), _items_checker(shape))
    if isinstance(shape, StringShape):
        return _all_of(
            _range_checker("length", len, traits),
            _enum_checker(traits["enum"], shape.name) if traits.get("enum") else None,
            _pattern_checker(traits["pattern"]) if "pattern" in traits else None,
        )
    if shape.type_name == "blob":
        return _range_checker("length", len, traits)
    if shape.type_name in ("integer", "long", "double"):
        return _range_checker("value", lambda value: value, traits)
    return None
