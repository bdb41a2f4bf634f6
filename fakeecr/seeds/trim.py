"""Entries of a seed without the parts that a seed refuses, for what comes from another registry."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from fakeecr.errors import SeedError
from fakeecr.seeds.check import check_repository
from fakeecr.seeds.expand import expand_images
from fakeecr.seeds.files import SeedFiles
from fakeecr.seeds.schema import Images, check_seed

_Checked = TypeVar("_Checked")

# What an entry is about; without it there is no entry.
_NAMES = ("name", "digest")


def trim_repository(entry: dict[str, Any], partition: str) -> list[SeedError]:
    """Remove from the entry of a repository, without images, what a seed refuses; normalize its policies.

    Args:
        entry: the entry, which is changed.
        partition: the partition of its region.

    Returns:
        An error for each part that was removed; its path begins at the repository.

    Raises:
        SeedError: a seed refuses its name.
    """

    def check() -> tuple[str | None, str | None]:
        (repository,) = check_seed({"registries": [{"repositories": [entry]}]}).registries[0].repositories
        checked = check_repository(repository, partition)
        return checked.policy, checked.lifecycle_policy

    (policy, lifecycle_policy), refused = _trim(entry, check, "registries[0].repositories[0].")
    if policy is not None:
        entry["policy"] = policy
    if lifecycle_policy is not None:
        entry["lifecycle_policy"] = lifecycle_policy
    return refused


def trim_image(entry: dict[str, Any]) -> list[SeedError]:
    """Remove from the entry of an image what a seed refuses.

    Args:
        entry: the entry, which is changed; it has a digest and a time of push.

    Returns:
        An error for each part that was removed; its path begins at the image.

    Raises:
        SeedError: a seed refuses its digest, or the digest is not that of its manifest.
    """
    _, refused = _trim(entry, lambda: _read_image(entry), "images[0].")
    return refused


def _read_image(entry: dict[str, Any]) -> None:
    (image,) = Images([entry])
    # The name and the time are for images that are made up or have no time.
    for _ in expand_images("", Images([entry]), image.pushed_at, _NO_FILES):  # type: ignore[arg-type]
        pass


_NO_FILES = SeedFiles(Path())


def _trim(entry: dict[str, Any], check: Callable[[], _Checked], prefix: str) -> tuple[_Checked, list[SeedError]]:
    """Return what a check returns once all that it refuses is removed, and its errors."""
    refused: list[SeedError] = []
    while True:
        try:
            return check(), refused
        except SeedError as error:
            error = SeedError(error.problem, path=error.path.removeprefix(prefix))
            if not _remove(entry, error.path):
                raise error from None
            refused.append(error)


def _remove(entry: dict[str, Any], path: str) -> bool:
    """Remove what is at a path: an item of a list or a mapping, or else all that a key has.

    Returns:
        Whether that was possible.
    """
    match = re.match(r"(\w+)(?:\[(\d+)\]|\.(.+))?", path)
    if match is None or match[1] in _NAMES or match[1] not in entry:
        return False
    key, index, inner = match.groups()
    if index is not None:
        del entry[key][int(index)]
    elif inner is not None:
        del entry[key][inner]
    else:
        del entry[key]
    # A setting that has nothing left is one that a seed leaves out. Findings stay: the image was scanned.
    if key in entry and not entry[key] and key != "findings":
        del entry[key]
    return True
