"""What is wrong with a JSON text that msgspec refuses: the key path, what was expected there, and what was given."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from fakeecr.rules.messages import show

# "Expected `int` >= 0 - at `$.layers[0].size`"; the second part is missing if the type is right, the third at the top.
_MISMATCH = re.compile(
    r"(?:Object missing required field `(?P<missing>[^`]*)`|Expected (?P<expected>.*?))"
    r"(?:, got `(?P<kind>\w+)`)?(?: - at `\$\.?(?P<path>.*)`)?",
    re.DOTALL,
)
_TYPES = re.compile(r"`([\w| ]+)`(.*)", re.DOTALL)
_NAMES = {
    "object": "an object",
    "array": "a list",
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "null": "null",
}
# A key, or the index of a list. One key of OCI has a dot in it.
_STEP = re.compile(r"os\.features|[^.\[\]]+")
_POSITION = re.compile(r"(?:JSON is malformed: )?(.*) \(byte (\d+)\)")


def describe_problem(error: Exception, text: bytes, patterns: Mapping[str, str]) -> str:
    """Return what is wrong with a JSON text.

    Args:
        error: what msgspec raised.
        text: the text.
        patterns: what texts of a pattern are called, such as "a digest".
    """
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    mismatch = _MISMATCH.fullmatch(str(error)) if isinstance(error, msgspec.ValidationError) else None
    if mismatch is None:
        return f"it is not JSON: {_malformed(str(error), text)}"
    path, missing = mismatch["path"] or "", mismatch["missing"]
    if missing:
        return f"{path}: the key {missing!r} is missing" if path else f"the key {missing!r} is missing"
    given = f"got {_show_value(text, path, mismatch['kind'])}"
    expected = _expected(mismatch["expected"], patterns)
    problem = f"expected {expected}; {given}" if expected else f"Amazon ECR refuses this key; {given}"
    return f"{path}: {problem}" if path else problem


def _malformed(message: str, text: bytes) -> str:
    """Return why a text is not JSON, with the place where its reader stopped."""
    if not text.strip():
        return "it is empty"
    position = _POSITION.fullmatch(message)
    if position is None:
        return "it ends too early" if "truncated" in message else message
    # Not the text itself, which may be that of an annotation.
    before = text[: int(position[2])].decode(errors="replace")
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    return f"{position[1]} in line {line}, column {column}"


def _expected(constraint: str, patterns: Mapping[str, str]) -> str:
    """Return what msgspec expected, in words; nothing if a key must be absent."""
    match = _TYPES.fullmatch(constraint)
    if match is None or match[1] == "null":
        return "" if match else constraint
    types = " or ".join(_NAMES.get(name, name) for name in match[1].split(" | ") if name != "null")
    rest = match[2].strip()
    for pattern, words in patterns.items():
        if rest == f"matching regex {pattern!r}":
            return words
    if rest.startswith("of length <= "):
        return f"{types} of at most {rest.removeprefix('of length <= ')} characters"
    rest = rest.replace(">=", "of at least").replace("<=", "of at most")
    return f"{types} {rest}".strip()


def _show_value(text: bytes, path: str, kind: str | None) -> str:
    """Return the value at a path: numbers and texts as they are, of objects and lists only their type."""
    try:
        value: Any = msgspec.json.decode(text)
        for step in _STEP.findall(path):
            value = value[int(step)] if isinstance(value, list) else value[step]
    except (msgspec.DecodeError, RecursionError, LookupError, TypeError, ValueError):
        # What follows the wrong value need not be JSON.
        return _NAMES.get(kind or "", "something else")
    if isinstance(value, dict):
        return _NAMES["object"]
    if isinstance(value, list):
        return _NAMES["array"]
    return _NAMES["null"] if value is None else show(value)
