"""Files that a seed names: manifests and layers."""

from __future__ import annotations

from pathlib import Path

from fakeecr.errors import SeedError


def read_file(directory: Path, name: str, path: str) -> bytes:
    """Return the content of a file.

    Args:
        directory: what its name is relative to.
        name: its name.
        path: the key path of its name in the seed.

    Raises:
        SeedError: it cannot be read.
    """
    try:
        return (directory / name).read_bytes()
    except OSError as error:
        raise SeedError(f"{directory / name} cannot be read: {error.strerror}", path=path) from None
