"""Filters of names, as the configurations of registries have them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def fits(parts: Sequence[str], name: str) -> bool:
    """Whether a name consists of parts, with any text between one and the next.

    A regular expression of many wildcards may try for ages; this looks for each part once.
    """
    first, *others = parts
    if not others:
        return name == first
    *middle, last = others
    at = len(first)
    for part in middle:
        found = name.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return name.startswith(first) and name.endswith(last) and at + len(last) <= len(name)


def is_wildcard_of(wildcard: str, name: str) -> bool:
    """Whether a wildcard, in which ``*`` stands for any text, fits a whole name."""
    return fits(wildcard.split("*"), name)


def nearest(prefixes: Iterable[str], name: str) -> str | None:
    """Give the longest prefix of a repository's name; None where none fits.

    A slash is assumed after a prefix; ROOT is a prefix of all names, and the shortest.
    """
    fitting = [prefix for prefix in prefixes if prefix == "ROOT" or name.startswith(prefix.rstrip("/") + "/")]
    return max(fitting, key=lambda prefix: (prefix != "ROOT", len(prefix)), default=None)


def is_scan_filter_of(wildcard: str, name: str) -> bool:
    """Whether a filter of scans fits a name: one without ``*`` fits every name that has it inside (documented)."""
    return is_wildcard_of(wildcard, name) if "*" in wildcard else wildcard in name


def is_immutable(mutability: str, wildcards: Sequence[str], tag: str) -> bool:
    """Whether a tag may not be moved: all, none, or all but those that a wildcard fits."""
    excepted = any(is_wildcard_of(wildcard, tag) for wildcard in wildcards)
    return mutability.startswith("IMMUTABLE") is not excepted
