"""Writes a seed into a database: merged with what is there, all of it or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection

from fakeecr import clock
from fakeecr.errors import SeedError
from fakeecr.seeds.reader import read
from fakeecr.seeds.schema import Images, ImageSeed, RepositorySeed, Seed, check_seed
from fakeecr.store import bulk, registries
from fakeecr.store.database import Store
from fakeecr.store.images import NewImage, put_image
from fakeecr.store.manifests import digest_of, made_digest

# Images written at a time: enough to be fast, few enough for any engine's number of parameters.
_CHUNK = 500


def seed(store: Store, source: str | PathLike[str] | Mapping[str, Any], *, account_id: str, region: str) -> None:
    """Add what a seed describes.

    What is there already is kept: a repository of the same name, an image of the same digest. To seed twice is
    to seed once. A tag that is on another image moves to the seed's.

    Args:
        store: where to.
        source: the path of a YAML file, or what such a file holds.
        account_id: the account of a registry that names none.
        region: the region of a registry that names none.

    Raises:
        SeedError: the seed is wrong; nothing of it was kept.
    """
    if isinstance(source, Mapping):
        _write(store, check_seed(dict(source)), account_id, region)
        return
    file = Path(source)
    root = read(file)
    try:
        _write(store, check_seed(root.value), account_id, region)
    except SeedError as error:
        raise SeedError(error.problem, file=file, line=root.line_of(error.path), path=error.path) from error.__cause__


def _write(store: Store, described: Seed, account_id: str, region: str) -> None:
    now = clock.now()
    with store.writing() as connection:
        for r, registry in enumerate(described.registries):
            registry_id, registry_region = str(registry.id or account_id), str(registry.region or region)
            registries.ensure_registry(connection, registry_id, registry_region)
            seen: set[str] = set()
            for p, repository in enumerate(registry.repositories):
                path = f"registries[{r}].repositories[{p}]"
                if repository.name in seen:
                    raise SeedError(
                        f"the repository '{repository.name}' stands twice in this registry",
                        path=f"{path}.name",
                    )
                seen.add(repository.name)
                try:
                    _write_repository(connection, registry_id, registry_region, repository, now)
                except SeedError as error:
                    raise SeedError(error.problem, path=f"{path}.{error.path}") from None


def _write_repository(
    connection: Connection, account_id: str, region: str, repository: RepositorySeed, now: datetime
) -> None:
    name = str(repository.name)
    repository_id, is_new = registries.ensure_repository(
        connection, account_id, region, name, repository.created_at or now
    )
    images = _described(name, repository.images, now)
    chunks = iter(lambda: list(islice(images, _CHUNK)), [])
    if is_new:
        for chunk in chunks:
            _write_new(connection, repository_id, chunk)
    else:
        _merge(connection, repository_id, chunks)


class _Described(NamedTuple):
    """An image of a seed, and where in the repository it stands."""

    path: str
    image: NewImage
    tags: tuple[str, ...]


def _described(name: str, images: Images, now: datetime) -> Iterator[_Described]:
    """Give every image that a repository's entries stand for."""
    untagged = 0
    for index, entry in enumerate(images):
        path = f"images[{index}]"
        if entry.count is None:
            if any("{" in tag for tag in entry.tags):
                raise SeedError("'{n}' is the number of one image among many; it needs `count`", path=path)
            made_from = None
            if entry.digest is None and entry.manifest is None:
                untagged += not entry.tags
                made_from = f"{name}:{entry.tags[0]}" if entry.tags else f"{name}@{untagged}"
            yield _Described(path, _image(entry, made_from, now, path), tuple(map(str, entry.tags)))
            continue
        if entry.digest is not None or entry.manifest is not None:
            raise SeedError("images that `count` stands for have a digest each, which fakeecr makes up", path=path)
        template = _image(entry, f"{name}:", now, path)
        before_after = [str(tag).split("{n}") for tag in entry.tags]
        for number in range(1, entry.count + 1):
            shown = str(number)
            tags = tuple([shown.join(parts) for parts in before_after])
            if tags:
                made_from = f"{name}:{tags[0]}"
            else:
                untagged += 1
                made_from = f"{name}@{untagged}"
            yield _Described(
                path,
                NewImage(made_digest(made_from), template.pushed_at, made_from=made_from, status=template.status),
                tags,
            )


def _image(entry: ImageSeed, made_from: str | None, now: datetime, path: str) -> NewImage:
    manifest = None if entry.manifest is None else entry.manifest.encode()
    digest = made_digest(made_from) if made_from else ""
    if manifest is not None:
        digest = digest_of(manifest)
        if entry.digest is not None and entry.digest != digest:
            raise SeedError(f"the digest of this image's manifest is {digest}", path=f"{path}.digest")
    elif entry.digest is not None:
        digest = str(entry.digest)
    return NewImage(digest, entry.pushed_at or now, manifest, made_from, status=entry.status)


def _write_new(connection: Connection, repository_id: int, chunk: list[_Described]) -> None:
    """Write images into a repository that this seed makes; only the seed itself can stand in its way."""
    clash = bulk.add_images(connection, repository_id, [(image, tags) for _, image, tags in chunk])
    if clash is not None:
        raise _twice(chunk[clash.position].path, clash.digest, clash.tag)


def _twice(path: str, digest: str, tag: str | None) -> SeedError:
    what = f"the tag '{tag}'" if tag is not None else f"the image {digest}"
    return SeedError(f"{what} stands twice in this repository", path=path)


def _merge(connection: Connection, repository_id: int, chunks: Iterator[list[_Described]]) -> None:
    """Write images into a repository that was there before, but for those that are there as described."""
    digests: set[str] = set()
    tags: set[str] = set()
    for chunk in chunks:
        for path, image, image_tags in chunk:
            if image.digest in digests:
                raise _twice(path, image.digest, None)
            digests.add(image.digest)
            for tag in image_tags:
                if tag in tags:
                    raise _twice(path, image.digest, tag)
                tags.add(tag)
        there = bulk.identifiers_of(connection, repository_id, [image.digest for _, image, _ in chunk])
        for _, image, image_tags in chunk:
            held = there.get(image.digest)
            if held is None or not held.issuperset(image_tags):
                put_image(connection, repository_id, image, image_tags)
