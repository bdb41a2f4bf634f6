"""Parts of error messages: the argument that is wrong, a value as it was given, the name that was probably meant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

_Value = TypeVar("_Value")

# How many names are compared letter by letter.
_LIKELY = 3


def show(value: Any) -> str:
    """Return a value as a message shows it, shortened if it is long."""
    text = "nothing" if value is None else repr(str(value) if isinstance(value, str) else value)
    return text if len(text) <= 80 else f"{text[:77]}…"


def closest(name: str, names: Iterable[str], least: float = 0.6) -> str | None:
    """Return the name that is most similar to a misspelt one, or None if none is at least so similar, from 0 to 1."""
    # Imported here, because only errors need it, and it would cost every start of a fake a millisecond.
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, list(names), n=1, cutoff=least)), None)


def suggestion(name: str, names: Iterable[str], least: float = 0.6) -> str:
    """Return the end of a message about an unknown name: the name that was probably meant, or nothing."""
    meant = closest(name, names, least)
    return f" Did you mean {meant!r}?" if meant else ""


def likely(name: str, names: Iterable[str]) -> list[str]:
    """Return the few names that a misspelt one may stand for: with the same letters, and the same begin and end.

    :func:`closest` takes a hundred times as long for each name, so many names are reduced to these before.
    """
    letters = set(name)

    def difference(other: str) -> tuple[int, int]:
        return len(letters.symmetric_difference(other)), -common(name, other) - common(name[::-1], other[::-1])

    return sorted(names, key=difference)[:_LIKELY]


def common(text: str, other: str) -> int:
    """Return how many characters two texts begin with alike."""
    pairs = enumerate(zip(text, other, strict=False))
    return next((index for index, (one, two) in pairs if one != two), min(len(text), len(other)))


def enumerate_names(names: Sequence[str], total: int, *, is_exact: bool = True) -> str:
    """Return names as a message lists them.

    Args:
        names: the names that are shown.
        total: how many there are.
        is_exact: whether there may not be more.
    """
    more = f"{total - len(names):,} more" if is_exact else f"at least {total - len(names):,} more"
    shown = ", ".join(names)
    return shown if is_exact and total == len(names) else f"{shown}, … and {more}"


def check_argument(name: str, parse: Callable[[Any], _Value], value: Any) -> _Value:
    """Return what `parse` makes of an argument.

    Raises:
        ValueError: `parse` raised one; the message begins with the argument's name.
    """
    try:
        return parse(value)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def check_count(name: str, value: object, least: int) -> None:
    """Check an argument that counts something.

    Raises:
        ValueError: it is not a whole number, or too small.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{name} must be a whole number, not {show(value)}.")
    if value < least:
        raise ValueError(f"{name} must be {least} or more, not {value}.")
