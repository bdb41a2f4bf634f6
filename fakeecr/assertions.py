"""Assertions on recorded calls: whether an operation was called as expected, and what was called instead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from fakeecr.journal import RecordedCalls
from fakeecr.rules.messages import check_count, common

# How many lines a message shows of what was called instead.
_MOST_LINES = 10
_WIDEST_VALUE = 60
_LONGEST_TEXT = 2_000


def count_mistake(calls: RecordedCalls, operation: str, times: int | None, parameters: Mapping[str, Any]) -> str | None:
    """Return what a failed assertion says about the calls of an operation; None if it was called as often as expected.

    Args:
        calls: every recorded call.
        operation: the operation's name, or ``"*"``.
        times: how often it was to be called; None for at least once.
        parameters: the parameters that the calls were to have.

    Raises:
        ValueError: `times` is negative, or there is no such operation or parameter.
    """
    if times is not None:
        check_count("times", times, 0)
    matching = calls.of(operation, **parameters)
    count = len(matching)
    dropped = calls.dropped_of(operation)
    if times is None and count:
        return None
    if count == times:
        if not dropped:
            return None
        return (
            f"Whether {_subject(operation, parameters)} {_called(count)} is unknown: {dropped} older calls of it are "
            "no longer recorded. Call reset() before what the assertion is about."
        )
    subject = _subject(operation, parameters)
    called = _called(count)
    expected = "" if times is None else f"; expected {_times(times) if times else 'no call'}"
    is_called_too_often = times is not None and count > times
    shown = matching if is_called_too_often else calls
    if is_called_too_often:
        heading = "The calls:"
    else:
        heading = "What was called, the most similar first:" if shown else "Nothing was called."
    lines = [f"{subject} {called}{expected}.", heading, *_lines(shown, operation, parameters)]
    if calls.dropped:
        lines.append(f"{calls.dropped} older calls are no longer recorded.")
    return "\n".join(lines)


def _called(count: int) -> str:
    return f"was called {_times(count)}" if count else "was not called"


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _subject(operation: str, parameters: Mapping[str, Any]) -> str:
    name = "ECR" if operation == "*" else operation
    return f"{name} with {_format(parameters)}" if parameters else name


def _format(parameters: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={_shorten(_text(value))}" for name, value in parameters.items())


def _text(value: Any) -> str:
    """Return a value as text; of a long string only its beginning, and what tells it from others."""
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        return f"{value[:_LONGEST_TEXT]!r}… ({len(value)} characters, {hash(value)})"
    return repr(value)


def _shorten(text: str, expected: str | None = None) -> str:
    """Return a text cut to some width; around its first difference from an expected one, if there is one."""
    if len(text) <= _WIDEST_VALUE:
        return text
    begin = 0
    if expected is not None and expected != text:
        # So that what differs is shown, and a little of what comes before.
        begin = max(0, common(text, expected) - _WIDEST_VALUE // 2)
    end = begin + _WIDEST_VALUE
    return ("…" if begin else "") + text[begin:end] + ("…" if end < len(text) else "")


def _lines(calls: RecordedCalls, operation: str, parameters: Mapping[str, Any]) -> list[str]:
    """Return one aligned line for each different call, the most similar to the expected one first."""
    expected = {name: _text(value) for name, value in parameters.items()}
    counts: Counter[_Line] = Counter()
    for call in calls:
        texts = tuple((name, _text(value)) for name, value in call.parameters.items())
        counts[_Line(call.operation, texts, call.error)] += 1
    # A sort keeps the order of those that are equally similar.
    ordered = sorted(counts, key=lambda line: line.similarity(operation, expected), reverse=True)
    shown = ordered[:_MOST_LINES]
    rows = [line.cells(expected) for line in shown]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for line, cells in zip(shown, rows, strict=True):
        aligned = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True) if width)
        lines.append(f"  {aligned}".rstrip() + ("" if counts[line] == 1 else f"  ({_times(counts[line])})"))
    left = sum(counts[line] for line in ordered[_MOST_LINES:])
    return [*lines, f"  … and {left} more"] if left else lines


class _Line(NamedTuple):
    """What a message shows of equal calls: operation, parameters as texts, error."""

    operation: str
    parameters: tuple[tuple[str, str], ...]
    error: str | None

    def cells(self, expected: Mapping[str, str]) -> tuple[str, ...]:
        """Return the parts of the line: the operation, each expected parameter, and the rest."""
        own = dict(self.parameters)
        named = [f"{name}={_shorten(own[name], text)}" if name in own else "" for name, text in expected.items()]
        others = ", ".join(f"{name}={_shorten(text)}" for name, text in self.parameters if name not in expected)
        error = "" if self.error is None else f"→ {self.error}"
        return (self.operation, *named, "  ".join(filter(None, [others, error])))

    def similarity(self, operation: str, expected: Mapping[str, str]) -> tuple[float, float]:
        """Return how similar it is to an expected call; that of a more similar one is greater."""
        own = dict(self.parameters)
        parameters = sum(_likeness(own[name], text) for name, text in expected.items() if name in own)
        return (1.0 if operation == "*" else _likeness(self.operation, operation)), parameters


def _likeness(text: str, other: str) -> float:
    """Return how similar two texts are: 1 if they are equal, and at most a half if they are not."""
    from difflib import SequenceMatcher

    if text == other:
        return 1.0
    # Equal ends say enough, and cost little, if a text is long.
    if max(len(text), len(other)) > _WIDEST_VALUE:
        return common(text, other) / max(len(text), len(other)) / 2
    return SequenceMatcher(None, text, other).ratio() / 2
