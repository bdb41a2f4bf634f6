"""Files that a seed names: manifests and layers."""

from __future__ import annotations

from pathlib import Path

from fakeecr.errors import SeedError
from fakeecr.rules import quotas


def read_file(directory: Path, name: str, path: str) -> bytes:
    """Return the content of a file.

    Args:
        directory: what its name is relative to.
        name: its name.
        path: the key path of its name in the seed.

    Raises:
        SeedError: it cannot be read, is not a file (a device may have no end), or is larger than a layer may be.
    """
    file = directory / name
    try:
        if file.exists() and not file.is_file():
            raise SeedError(f"{file} is not a file", path=path)
        if file.stat().st_size > quotas.LARGEST_LAYER:
            raise SeedError(f"{file} is larger than a layer may be, {quotas.LARGEST_LAYER} bytes", path=path)
        return file.read_bytes()
    except OSError as error:
        raise SeedError(f"{file} cannot be read: {error.strerror}", path=path) from None
