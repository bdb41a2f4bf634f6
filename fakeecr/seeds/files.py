"""Files that a seed or a push names: manifests, read at once, and layers, read in parts."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from fakeecr.errors import SeedError
from fakeecr.rules import quotas


class FileState(NamedTuple):
    """What changes if a file is written, moved or replaced; its path is absolute."""

    path: Path
    modified: int
    changed: int
    size: int
    inode: int


def state_of(file: Path) -> FileState | None:
    """Return the state of a file, or None if it cannot be found."""
    try:
        status = file.stat()
    except OSError:
        return None
    return FileState(file.absolute(), status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)


class SeedFiles:
    """The files of a seed: it names them relative to a directory.

    Args:
        directory: the directory.

    Attributes:
        states: each file that was named, and its state before it was read.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.states: dict[Path, FileState | None] = {}

    def at(self, name: str | Path) -> Path:
        """Return the path of a file by its name, before it is read."""
        file = self._directory / name
        self.states.setdefault(file, state_of(file))
        return file


class LayerContent(NamedTuple):
    """The bytes of a layer.

    Attributes:
        digest: their digest.
        size: their number.
        parts: the bytes themselves, which can be read once.
    """

    digest: str
    size: int
    parts: Iterable[bytes]


def read_manifest(files: SeedFiles, name: str, path: str) -> bytes:
    """Return the content of a manifest's file.

    Args:
        files: the files of the seed.
        name: its name.
        path: the key path of its name in the seed.

    Raises:
        SeedError: it cannot be read, is not a file, or is larger than a manifest may be.
    """
    return b"".join(_read_parts(files.at(name), path, "a manifest", quotas.LARGEST_MANIFEST))


def read_layer(files: SeedFiles, name: str, path: str) -> LayerContent:
    """Return the content of a layer's file, which may be larger than memory.

    The file is read for its digest now, and again when the parts are read: a seed that is seeded again needs its digest
    alone, and stores nothing.

    Args:
        files: the files of the seed.
        name: its name.
        path: the key path of its name in the seed.

    Raises:
        SeedError: it cannot be read, is not a file, or is larger than a layer may be. Reading the parts raises one too
            if it can no longer be read, or has other bytes now.
    """
    file = files.at(name)
    sha256, size = hashlib.sha256(), 0
    for part in layer_parts(file, path):
        sha256.update(part)
        size += len(part)
    digest = f"sha256:{sha256.hexdigest()}"
    return LayerContent(digest, size, _read_again(file, path, digest))


def _read_again(file: Path, path: str, digest: str) -> Iterator[bytes]:
    sha256 = hashlib.sha256()
    for part in layer_parts(file, path):
        sha256.update(part)
        yield part
    if f"sha256:{sha256.hexdigest()}" != digest:
        raise _changed(file, path)


def layer_parts(file: Path, path: str) -> Iterator[bytes]:
    """Yield the content of a layer's file in parts, with the errors of :func:`read_layer`."""
    return _read_parts(file, path, "a layer", quotas.LARGEST_LAYER)


def _read_parts(file: Path, path: str, kind: str, largest: int) -> Iterator[bytes]:
    """Yield the content of a file in parts.

    Args:
        file: the file.
        path: the key path of its name in the seed.
        kind: what it contains, for error messages.
        largest: the size that it may have.

    Raises:
        SeedError: it cannot be read, is not a file (a device may have no end), is too large, or changes its size while
            it is read.
    """
    try:
        if file.exists() and not file.is_file():
            raise SeedError(f"{file} is not a file", path=path)
        with file.open("rb") as opened:
            size = os.fstat(opened.fileno()).st_size
            if size > largest:
                raise SeedError(f"expected {kind} of at most {largest:,} bytes; {file} has {size:,}", path=path)
            read = 0
            while part := opened.read(quotas.PROPOSED_LAYER_PART):
                read += len(part)
                if read > size:
                    break
                yield part
    except OSError as error:
        raise SeedError(f"{file} cannot be read: {error.strerror}", path=path) from None
    if read != size:
        raise _changed(file, path)


def _changed(file: Path, path: str) -> SeedError:
    return SeedError(f"{file} changed while it was read; seed again when nothing writes to it", path=path)
