"""Filters of names, as the configurations of registries have them."""

from __future__ import annotations

import re
from collections.abc import Sequence


def is_wildcard_of(wildcard: str, name: str) -> bool:
    """Whether a wildcard, in which ``*`` stands for any text, fits a whole name."""
    return re.fullmatch(".*".join(map(re.escape, wildcard.split("*"))), name) is not None


def is_scan_filter_of(wildcard: str, name: str) -> bool:
    """Whether a filter of scans fits a name: one without ``*`` fits every name that has it inside (documented)."""
    return is_wildcard_of(wildcard, name) if "*" in wildcard else wildcard in name


def is_immutable(mutability: str, wildcards: Sequence[str], tag: str) -> bool:
    """Whether a tag may not be moved: all, none, or all but those that a wildcard fits."""
    excepted = any(is_wildcard_of(wildcard, tag) for wildcard in wildcards)
    return mutability.startswith("IMMUTABLE") is not excepted
