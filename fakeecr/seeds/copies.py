"""Copies of what was seeded: fakes in memory that begin with the same seeds are seeded once in a process."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from contextlib import closing
from datetime import datetime, timezone
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from fakeecr import clock
from fakeecr.forks import held_at_forks
from fakeecr.registry.call import Backend
from fakeecr.seeds.files import FileState, state_of
from fakeecr.seeds.load import Source, seed
from fakeecr.store.database import open_store
from fakeecr.store.seeding_time import PLACEHOLDER
from fakeecr.store.snapshots import Snapshot
from fakeecr.store.stores import MemoryStore

# What the seeds that are kept may take together, in bytes.
_CAPACITY = 128 * 1024 * 1024


class _Seeded(NamedTuple):
    """What seeds led to, and the files that they consist of, each with its state before it was read."""

    snapshot: Snapshot
    files: dict[Path, FileState | None]

    def is_current(self) -> bool:
        """Whether no file has changed."""
        return all(state is not None and state_of(file) == state for file, state in self.files.items())


class _Kept:
    """What was seeded, by a key, the least recently used first; what exceeds the capacity is forgotten."""

    def __init__(self) -> None:
        self._lock = held_at_forks(threading.Lock())
        self._by_key: OrderedDict[Hashable, _Seeded] = OrderedDict()

    def get(self, key: Hashable) -> _Seeded | None:
        with self._lock:
            seeded = self._by_key.get(key)
            if seeded is not None:
                self._by_key.move_to_end(key)
            return seeded

    def put(self, key: Hashable, seeded: _Seeded) -> None:
        if seeded.snapshot.size > _CAPACITY:
            return  # the others would have to be forgotten for it, and then it as well
        with self._lock:
            self._by_key[key] = seeded
            self._by_key.move_to_end(key)
            while sum(each.snapshot.size for each in self._by_key.values()) > _CAPACITY:
                self._by_key.popitem(last=False)


_kept = _Kept()


def seed_new(backend: Backend, sources: Sequence[Source]) -> None:
    """Seed a fake that is still as it was made, with the same result as :func:`fakeecr.seeds.load.seed`.

    In memory, it gets a copy of what the same seeds led to before. That copy has the present time wherever the seeds
    give none, and the secret of the fake.

    Args:
        backend: the registries.
        sources: the seeds.

    Raises:
        SeedError: a seed is invalid.

    Warns:
        PublishedLimitWarning: only the published limits refused the name of a repository.
    """
    store, key = backend.store, _key(backend, sources)
    if key is None or not isinstance(store, MemoryStore):
        for source in sources:
            seed(backend, source)
        return
    seeded = _kept.get(key)
    if seeded is None or not seeded.is_current():
        seeded = _seed_apart(backend, sources)
        _kept.put(key, seeded)
    store.fill(seeded.snapshot, clock.now())


def _seed_apart(backend: Backend, sources: Sequence[Source]) -> _Seeded:
    """Seed a database of its own, with a placeholder for the time."""
    files: dict[Path, FileState | None] = {}
    with closing(open_store(backend.settings.database)) as store:
        for source in sources:
            # Of a file that was read several times, the first state counts.
            files = seed(backend.on(store), source, PLACEHOLDER) | files
        return _Seeded(store.snapshot(), files)


def _key(backend: Backend, sources: Sequence[Source]) -> Hashable | None:
    """Return what is equal for equal seeds of equal fakes, or None if a seed can be read only once."""
    try:
        contents = [
            _digest(dict(source)) if isinstance(source, Mapping) else os.path.abspath(os.fspath(source))  # noqa: PTH100 - Path.resolve() would follow links
            for source in sources
        ]
    except (_NotPlainError, RecursionError, ValueError):
        return None
    return backend.settings, tuple(contents)


class _NotPlainError(Exception):
    """A mapping has something, such as a generator, that may be different the next time."""


def _digest(content: dict[str, Any]) -> bytes:
    return sha256(repr(_plain(content)).encode()).digest()


def _plain(value: Any) -> Any:
    """Return a value such that two values with the same repr are the same.

    Raises:
        _NotPlainError: there is no such value.
    """
    if type(value) is dict:
        return "mapping", [(_plain(key), _plain(each)) for key, each in value.items()]
    if type(value) in (list, tuple):
        return "list", [_plain(each) for each in value]
    if isinstance(value, datetime) and (value.tzinfo is None or type(value.tzinfo) is timezone):
        return "moment", value.isoformat()
    if value is None or type(value) in (str, bytes, bool, int, float):
        return value
    raise _NotPlainError
