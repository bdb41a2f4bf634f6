"""Storing a seed: merged with the present state, all of it or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection

from fakeecr import clock
from fakeecr.errors import SeedError
from fakeecr.registry import expiry, policies
from fakeecr.registry.call import Backend, Call
from fakeecr.registry.kinds import FINDINGS
from fakeecr.registry.limits import check_repository_name
from fakeecr.rules.manifests import Contents
from fakeecr.rules.messages import show
from fakeecr.seeds.check import check_repository, check_upstream, read_layers
from fakeecr.seeds.expand import SeededImage, expand_images
from fakeecr.seeds.files import FileState, LayerContent, SeedFiles
from fakeecr.seeds.reader import Node, parse, read
from fakeecr.seeds.schema import RepositorySeed, Seed, check_seed
from fakeecr.settings import Settings
from fakeecr.store import bulk, images, layers, repositories
from fakeecr.store.prepared import in_chunks

Source = str | PathLike[str] | Mapping[str, Any]


class SeedText(NamedTuple):
    """The text of a seed that is in no file, such as standard input; it names files relative to the working directory.

    Attributes:
        name: what error messages call it.
        content: its bytes.
    """

    name: str
    content: bytes


class _SeededRegistry(NamedTuple):
    """A registry of a seed, with the key path at which it is described, and the layers of each of its repositories."""

    path: str
    account_id: str
    region: str
    repositories: list[RepositorySeed]
    layers: list[list[LayerContent]]


class ReadSeed(NamedTuple):
    """A seed that was read, and as far as possible checked, before it is written.

    Attributes:
        registries: its registries.
        files: the files that it consists of.
        root: the content with its lines; None for a mapping.
        name: the file of `root`.
    """

    registries: list[_SeededRegistry]
    files: SeedFiles
    root: Node | None
    name: Path


def seed(backend: Backend, source: Source, now: datetime | None = None) -> dict[Path, FileState | None]:
    """Add what a seed describes to the present state.

    Existing repositories and images keep what they have, so that seeding twice is the same as seeding once. A tag that
    another image has moves to the seed's.

    Args:
        backend: the registries; their settings give the account and region of a registry that names none.
        source: the path of a YAML file, or what such a file contains.
        now: the moment of what the seed gives no time to. Default: the present one.

    Returns:
        The files that were read, each with its state before that.

    Raises:
        SeedError: the seed is invalid; nothing of it was stored.

    Warns:
        PublishedLimitWarning: only the published limits refused the name of a repository.
    """
    read = read_seed(source, backend.settings)
    with backend.writing() as call:
        write_seed(call, read, now or clock.now())
    return read.files.states


def read_seed(source: Source | SeedText, settings: Settings) -> ReadSeed:
    """Return a seed with its names, layers and upstreams checked, so that nobody waits for a lock meanwhile.

    Raises:
        SeedError: the seed is invalid.

    Warns:
        PublishedLimitWarning: only the published limits refused the name of a repository.
    """
    if not isinstance(source, str | PathLike | Mapping | SeedText):
        raise TypeError(f"expected the path of a YAML file, or a mapping with the same content; got {show(source)}")
    root, name, files = None, Path(), SeedFiles(Path())
    if isinstance(source, Mapping):
        value: Any = dict(source)
    else:
        if isinstance(source, SeedText):
            name = Path(source.name)
            root = parse(source.content, name)
        else:
            name = Path(source)
            files = SeedFiles(name.parent)
            root = read(files.at(name.name))
        value = root.value
    with _placed(root, name):
        return ReadSeed(list(_registries(check_seed(value), settings, files)), files, root, name)


def write_seed(call: Call, seed: ReadSeed, now: datetime) -> None:
    """Write a seed in a transaction, which must not be committed if this raises an error.

    Args:
        call: a call in the transaction.
        seed: the seed, which can be written once.
        now: the moment of what the seed gives no time to.

    Raises:
        SeedError: the seed is invalid.
    """
    with _placed(seed.root, seed.name):
        for registry in seed.registries:
            _write_registry(call, registry, now, seed.files)


@contextmanager
def _placed(root: Node | None, name: Path) -> Iterator[None]:
    """Add file and line to the errors of a seed that was read from text."""
    try:
        yield
    except SeedError as error:
        if root is None:
            raise
        line = root.line_of(error.path)
        raise SeedError(error.problem, file=name, line=line, path=error.path) from error.__cause__


def _registries(content: Seed, settings: Settings, files: SeedFiles) -> Iterator[_SeededRegistry]:
    """Yield the registries of a seed, and then the upstream ones, which are stored alike.

    The published limits do not apply to the names of upstream repositories, which other registries gave them.

    Raises:
        SeedError: the name of a repository exceeds a limit, a layer is invalid, or no cache can pull from an upstream
            registry.
    """
    for index, registry in enumerate(content.registries):
        path = f"registries[{index}]"
        _check_names(registry.repositories, settings, path)
        yield _SeededRegistry(
            path=path,
            account_id=str(registry.id or settings.account_id),
            region=str(registry.region or settings.region),
            repositories=registry.repositories,
            layers=_read_layers(registry.repositories, files, path),
        )
    for index, upstream in enumerate(content.upstream):
        path = f"upstream[{index}]"
        seeded = [
            RepositorySeed(name=repository.name, layers=repository.layers, images=repository.images)
            for repository in upstream.repositories
        ]
        yield _SeededRegistry(
            path=path,
            account_id=repositories.UPSTREAM,
            region=check_upstream(upstream, path),
            repositories=seeded,
            layers=_read_layers(seeded, files, path),
        )


def _read_layers(seeded: Iterable[RepositorySeed], files: SeedFiles, path: str) -> list[list[LayerContent]]:
    """Return the layers of each repository; the files are read for their digests, and again when they are stored."""
    contents = []
    for index, repository in enumerate(seeded):
        try:
            contents.append(list(read_layers(repository.layers, files)))
        except SeedError as error:
            raise error.at(f"{path}.repositories[{index}]") from None
    return contents


def _check_names(seeded: Iterable[RepositorySeed], settings: Settings, path: str) -> None:
    for index, repository in enumerate(seeded):
        place = f"{path}.repositories[{index}].name"
        try:
            check_repository_name(settings.limits, repository.name, place)
        except ValueError as error:
            raise SeedError(str(error), path=place) from None


def _write_registry(call: Call, registry: _SeededRegistry, now: datetime, files: SeedFiles) -> None:
    repositories.ensure_registry(call.connection, registry.account_id, registry.region)
    names: set[str] = set()
    for index, repository in enumerate(registry.repositories):
        path = f"{registry.path}.repositories[{index}]"
        if repository.name in names:
            raise SeedError(f"the repository '{repository.name}' occurs twice in this registry", path=f"{path}.name")
        names.add(repository.name)
        try:
            _write_repository(call, registry, index, now, files)
        except SeedError as error:
            raise error.at(path) from None


def _write_repository(call: Call, registry: _SeededRegistry, index: int, now: datetime, files: SeedFiles) -> None:
    """Write a repository with its layers and images, and then what depends on all of its images."""
    repository = registry.repositories[index]
    name = str(repository.name)
    # Everything is checked, even though an existing repository keeps its own settings.
    checked = check_repository(repository, call.region_of(registry.region).partition)
    stored = repositories.get_repository(call.connection, registry.account_id, registry.region, name)
    is_new = stored is None
    if stored is None:
        stored = repositories.create_repository(
            call.connection,
            registry.account_id,
            registry.region,
            name,
            repository.created_at or now,
            checked.settings,
        )
        repositories.set_tags(call.connection, stored.key, checked.tags)
        if checked.policy is not None:
            policies.put_repository_policy(call, stored.key, checked.policy, now)
        if checked.lifecycle_policy is not None:
            expiry.put_policy(call.connection, stored.key, checked.lifecycle_policy, now)
    for content in registry.layers[index]:
        layers.add_layer(call.connection, stored.key, content.digest, content.size, content.parts)
    seeded_images = expand_images(name, repository.images, now, files)
    write = _write_new if is_new else _merge
    _finish(call.connection, stored.key, write(call.connection, stored.key, seeded_images), now)


# --- Images --------------------------------------------------------------------------------------


class _Unfinished:
    """What is written after all images of a repository, because it depends on them.

    Attributes:
        lists: by their digests, the lists whose size is that of their largest image.
        findings: by the digests of images, what a scan found.
    """

    def __init__(self) -> None:
        self.lists: dict[str, Contents] = {}
        self.findings: dict[str, list[dict[str, Any]]] = {}

    def add(self, seeded: SeededImage, *, is_new: bool) -> None:
        """Add what an image leaves to be written; `is_new` is False if the repository had it before this seed."""
        contents = seeded.image.contents
        if is_new and contents.references and contents.size is None:
            self.lists[seeded.image.digest] = contents
        if seeded.findings is not None:
            self.findings[seeded.image.digest] = seeded.findings


def _write_new(connection: Connection, repository_key: int, seeded_images: Iterable[SeededImage]) -> _Unfinished:
    """Write the images of a repository that this seed creates; they can only clash with each other."""
    unfinished = _Unfinished()
    for chunk in in_chunks(seeded_images):
        clash = bulk.add_images(connection, repository_key, [(seeded.image, seeded.tags) for seeded in chunk])
        if clash is not None:
            raise _duplicate(chunk[clash.position], clash.tag)
        for seeded in chunk:
            unfinished.add(seeded, is_new=True)
    return unfinished


def _merge(connection: Connection, repository_key: int, seeded_images: Iterable[SeededImage]) -> _Unfinished:
    """Write the images of an existing repository, except those that it has already with all their tags."""
    unfinished = _Unfinished()
    digests: set[str] = set()
    tags: set[str] = set()
    for chunk in in_chunks(seeded_images):
        for seeded in chunk:
            if seeded.image.digest in digests:
                raise _duplicate(seeded, None)
            digests.add(seeded.image.digest)
            for tag in seeded.tags:
                if tag in tags:
                    raise _duplicate(seeded, tag)
                tags.add(tag)
        tags_by_digest = bulk.get_tags_by_digest(connection, repository_key, [seeded.image.digest for seeded in chunk])
        for seeded in chunk:
            present_tags = tags_by_digest.get(seeded.image.digest)
            if present_tags is None or not present_tags.issuperset(seeded.tags):
                existing = images.get_image(connection, repository_key, seeded.image.digest)
                rows = images.get_tag_rows(connection, repository_key, seeded.tags)
                images.put_image(connection, repository_key, existing, seeded.image, rows)
            unfinished.add(seeded, is_new=present_tags is None)
    return unfinished


def _duplicate(seeded: SeededImage, tag: str | None) -> SeedError:
    """Build the error of a tag, or of a digest if the tag is None, that occurs twice.

    A made-up image gets its digest from its first tag, so the error names that tag instead of the digest.
    """
    if tag is None and seeded.image.made_from is not None and seeded.tags:
        tag = seeded.tags[0]
    duplicate = f"the tag '{tag}'" if tag is not None else f"the image {seeded.image.digest}"
    return SeedError(f"{duplicate} occurs twice in this repository", path=seeded.path)


def _finish(connection: Connection, repository_key: int, unfinished: _Unfinished, now: datetime) -> None:
    """Set the sizes of lists, and the findings of images that have none yet."""
    images.set_list_sizes(connection, repository_key, unfinished.lists)
    for digest, findings in unfinished.findings.items():
        image = images.get_image(connection, repository_key, digest)
        if image is not None and FINDINGS.get(connection, image.key) is None:
            FINDINGS.put(connection, image.key, findings, now)
