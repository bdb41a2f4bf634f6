"""Matching names: wildcards, prefixes, and the filters of scan rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def matches_parts(parts: Sequence[str], name: str) -> bool:
    """Whether a name consists of these parts, in order, with any text between one part and the next.

    A regular expression with many wildcards can take exponential time. This looks for each part once.
    """
    first, *others = parts
    if not others:
        return name == first
    *middle, last = others
    position = len(first)
    for part in middle:
        start = name.find(part, position)
        if start < 0:
            return False
        position = start + len(part)
    return name.startswith(first) and name.endswith(last) and position + len(last) <= len(name)


def matches(pattern: str, name: str) -> bool:
    """Whether a pattern, in which ``*`` stands for any text, matches a whole name."""
    return matches_parts(pattern.split("*"), name)


def matches_scan_filter(pattern: str, name: str) -> bool:
    """Whether a filter of a scan rule matches a name; without ``*`` it matches any part of a name [documented]."""
    return matches(pattern, name) if "*" in pattern else pattern in name


def longest_prefix(prefixes: Iterable[str], name: str) -> str | None:
    """Return the longest of these prefixes that matches a repository's name, or None if none does.

    A prefix is read as if it ended with a slash. ROOT is a prefix of every name, and the shortest. [documented]
    """
    matching = [prefix for prefix in prefixes if prefix == "ROOT" or name.startswith(prefix.rstrip("/") + "/")]
    return max(matching, key=lambda prefix: (prefix != "ROOT", len(prefix)), default=None)
