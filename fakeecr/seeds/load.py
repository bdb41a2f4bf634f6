"""Writes a seed into a database: merged with what is there, all of it or nothing."""

from __future__ import annotations

import binascii
import json
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection

from fakeecr import clock
from fakeecr.errors import SeedError
from fakeecr.operations.caches import HOSTS, upstream_of
from fakeecr.operations.lifecycle import keep_policy
from fakeecr.operations.policies import keep_repository_policy
from fakeecr.operations.tags import MOST_TAGS
from fakeecr.policies import access, lifecycle
from fakeecr.policies.text import PolicyError
from fakeecr.seeds.reader import read
from fakeecr.seeds.schema import (
    Images,
    ImageSeed,
    LayerSeed,
    RepositorySeed,
    Seed,
    UpstreamSeed,
    check_seed,
    finding_as_kept,
)
from fakeecr.seeds.values import FileName, ResourceKey, shown
from fakeecr.store import bulk, documents, images, layers, registries
from fakeecr.store.database import Store
from fakeecr.store.images import NewImage, find, put_image
from fakeecr.store.manifests import LISTS, Contents, digest_of, made_digest
from fakeecr.store.models import ImageDocument

# Images written at a time: enough to be fast, few enough for any engine's number of parameters.
_CHUNK = 500
_LONGEST_TAG = 300  # model


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
    if not isinstance(source, str | PathLike | Mapping):
        raise TypeError(f"expected the path of a YAML file, or a mapping of what it holds; got {shown(source)}")
    if isinstance(source, Mapping):
        _write(store, check_seed(dict(source)), account_id, region, Path())
        return
    file = Path(source)
    root = read(file)
    try:
        _write(store, check_seed(root.value), account_id, region, file.parent)
    except SeedError as error:
        raise SeedError(error.problem, file=file, line=root.line_of(error.path), path=error.path) from error.__cause__


def _write(store: Store, described: Seed, account_id: str, region: str, directory: Path) -> None:
    now = clock.now()
    places = [
        (f"registries[{index}]", str(each.id or account_id), str(each.region or region), each.repositories)
        for index, each in enumerate(described.registries)
    ]
    places += [
        (
            f"upstream[{index}]",
            registries.UPSTREAM,
            _upstream(each, f"upstream[{index}].url"),
            [RepositorySeed(name=one.name, layers=one.layers, images=one.images) for one in each.repositories],
        )
        for index, each in enumerate(described.upstream)
    ]
    with store.writing() as connection:
        for place, owner, where, repositories in places:
            registries.ensure_registry(connection, owner, where)
            seen: set[str] = set()
            for index, repository in enumerate(repositories):
                path = f"{place}.repositories[{index}]"
                if repository.name in seen:
                    raise SeedError(
                        f"the repository '{repository.name}' stands twice in this registry",
                        path=f"{path}.name",
                    )
                seen.add(repository.name)
                try:
                    _write_repository(connection, owner, where, repository, now, directory)
                except SeedError as error:
                    raise SeedError(error.problem, path=f"{path}.{error.path}") from None


def _upstream(upstream: UpstreamSeed, path: str) -> str:
    """Give the host of a registry that a pull-through cache rule may name."""
    host = str(upstream.url)
    if upstream_of(host) is None:
        hosts = ", ".join(HOSTS)
        raise SeedError(
            f"no pull-through cache rule can name '{host}'; the hosts are {hosts}, and those of Azure and ECR",
            path=path,
        )
    return host


def _write_repository(
    connection: Connection, account_id: str, region: str, repository: RepositorySeed, now: datetime, directory: Path
) -> None:
    name = str(repository.name)
    # All of it is checked, be it that a repository which is there keeps its own.
    settings, tags, policies = _settings(repository), _resource_tags(repository), _policies(repository)
    key, is_new = registries.ensure_repository(
        connection, account_id, region, name, repository.created_at or now, **settings
    )
    if is_new:
        registries.set_tags(connection, key, tags)
        for keep, text in policies:
            keep(connection, key, text)
    for index, layer in enumerate(repository.layers):
        layers.add_layer(connection, key, _layer(layer, f"layers[{index}]", directory))
    noted = _Noted({}, {})
    described = _described(name, repository.images, now, directory, noted)
    chunks = iter(lambda: list(islice(described, _CHUNK)), [])
    if is_new:
        for chunk in chunks:
            _write_new(connection, key, chunk)
    else:
        _merge(connection, key, chunks, noted)
    images.measure_lists(connection, key, noted.lists)
    for digest, findings in noted.findings.items():
        known = find(connection, key, digest)
        if known is not None and documents.find(connection, ImageDocument, known.key, documents.FINDINGS) is None:
            documents.put(connection, ImageDocument, known.key, documents.FINDINGS, findings, now)


def _policies(repository: RepositorySeed) -> list[tuple[Callable[[Connection, int, str], None], str]]:
    """Give a repository's policies as AWS keeps them, and what keeps each."""
    at = "policy"
    found: list[tuple[Callable[[Connection, int, str], None], str]] = []
    try:
        if repository.policy is not None:
            found.append((keep_repository_policy, access.read(repository.policy)))
        at = "lifecycle_policy"
        if repository.lifecycle_policy is not None:
            found.append((keep_policy, lifecycle.read(repository.lifecycle_policy)[1]))
    except PolicyError as error:
        raise SeedError(f"expected a policy as JSON: {error}", path=at) from None
    return found


def _resource_tags(repository: RepositorySeed) -> dict[str, str]:
    """Give a repository's tags as a resource; their values are all that the schema checks."""
    if len(repository.tags) > MOST_TAGS:
        raise SeedError(f"a repository has at most {MOST_TAGS} tags; here are {len(repository.tags)}", path="tags")
    for key in repository.tags:
        try:
            ResourceKey.parse(key)
        except ValueError as error:
            raise SeedError(str(error), path=f"tags.{key}") from None
    return {key: str(value) for key, value in repository.tags.items()}


def _settings(repository: RepositorySeed) -> dict[str, Any]:
    """Give the columns of a repository's settings."""
    filters = [str(each) for each in repository.image_tag_mutability_exclusion_filters]
    if bool(filters) is not repository.image_tag_mutability.endswith("_WITH_EXCLUSION"):
        raise SeedError(
            "filters and a mutability WITH_EXCLUSION go together; here is only one of both",
            path="image_tag_mutability_exclusion_filters" if filters else "image_tag_mutability",
        )
    if (repository.kms_key is None) is not (repository.encryption_type == "AES256"):
        raise SeedError(
            "a kms_key and the encryption_type KMS or KMS_DSSE go together; here is only one of both",
            path="kms_key" if repository.kms_key else "encryption_type",
        )
    return {
        "tag_mutability": repository.image_tag_mutability,
        "exclusion_filters": json.dumps(filters) if filters else None,
        "scan_on_push": bool(repository.scan_on_push),
        "encryption_type": repository.encryption_type,
        "kms_key": repository.kms_key and str(repository.kms_key),
    }


def _layer(layer: LayerSeed, path: str, directory: Path) -> bytes:
    """Give the bytes of a layer."""
    given = [name for name in ("content", "base64", "file") if getattr(layer, name) is not None]
    if len(given) != 1:
        raise SeedError("a layer needs one of content, base64 and file, and no more", path=path)
    if layer.file is not None:
        content = _read_file(directory, layer.file, f"{path}.file")
    elif layer.content is not None:
        content = layer.content.encode()
    else:
        try:
            content = b64decode("".join((layer.base64 or "").split()))
        except binascii.Error as error:
            raise SeedError(f"expected bytes in base64: {error}", path=f"{path}.base64") from None
    if layer.digest is not None and layer.digest != digest_of(content):
        raise SeedError(f"the digest of this layer is {digest_of(content)}", path=f"{path}.digest")
    return content


def _read_file(directory: Path, name: FileName, path: str) -> bytes:
    try:
        return (directory / name).read_bytes()
    except OSError as error:
        raise SeedError(f"{directory / name} cannot be read: {error.strerror}", path=path) from None


class _Noted(NamedTuple):
    """What of a repository's images is written once they all are.

    Attributes:
        findings: by the digests of images, what scans of them find.
        lists: the lists whose size is that of their images.
    """

    findings: dict[str, list[dict[str, Any]]]
    lists: dict[str, Contents]

    def note_size(self, image: NewImage) -> None:
        """Note an image whose size nobody says but the images that it lists."""
        if image.contents.references and image.contents.size is None:
            self.lists[image.digest] = image.contents


class _Described(NamedTuple):
    """An image of a seed, and where in the repository it stands."""

    path: str
    image: NewImage
    tags: tuple[str, ...]


def _described(name: str, entries: Images, now: datetime, directory: Path, noted: _Noted) -> Iterator[_Described]:
    """Give every image that a repository's entries stand for, and note what is to be done after they are written."""
    untagged = 0
    for index, entry in enumerate(entries):
        path = f"images[{index}]"
        given = _given_manifest(entry, path, directory)
        is_made_up = given is None and entry.digest is None
        if entry.count is not None and not is_made_up:
            raise SeedError("images that `count` stands for have a digest each, which fakeecr makes up", path=path)
        if entry.count is None and any("{" in tag for tag in entry.tags):
            raise SeedError("'{n}' is the number of one image among many; it needs `count`", path=path)
        template = _image(entry, given, now, path)
        findings = None if entry.findings is None else [finding_as_kept(finding) for finding in entry.findings]
        if findings is not None and template.contents.media_type in LISTS and not entry.platforms:
            raise SeedError("a list of images is not scanned; its images are", path=f"{path}.findings")
        if entry.count not in (None, 1) and any("{n}" not in tag for tag in entry.tags):
            raise SeedError("with `count` each tag needs {n}, or it would stand twice", path=f"{path}.tags")
        before_after = [str(tag).split("{n}") for tag in entry.tags]
        if any(len(str(entry.count).join(parts)) > _LONGEST_TAG for parts in before_after):
            raise SeedError(f"the tag of the last of these images is longer than {_LONGEST_TAG}", path=f"{path}.tags")
        for number in range(1, (entry.count or 1) + 1):
            tags = tuple([str(number).join(parts) for parts in before_after])
            if not is_made_up:
                if findings is not None:
                    noted.findings[template.digest] = findings
                noted.note_size(template)
                yield _Described(path, template, tags)
                continue
            if tags:
                made_from = f"{name}:{tags[0]}"
            else:
                untagged += 1
                made_from = f"{name}@{untagged}"
            image = template._replace(digest=made_digest(made_from), made_from=made_from)
            if entry.platforms:
                *children, image = images.for_platforms(image, [str(platform) for platform in entry.platforms])
                for child in children:
                    yield _Described(path, child, ())
            if findings is not None:
                # A list is not scanned; its images are.
                noted.findings.update((each.digest, findings) for each in (children if entry.platforms else [image]))
            noted.note_size(image)
            yield _Described(path, image, tags)


def _given_manifest(entry: ImageSeed, path: str, directory: Path) -> bytes | None:
    if entry.manifest_file is None:
        return None if entry.manifest is None else entry.manifest.encode()
    if entry.manifest is not None:
        raise SeedError("a manifest and a manifest_file are two; give one", path=path)
    manifest = _read_file(directory, entry.manifest_file, f"{path}.manifest_file")
    try:
        manifest.decode()
    except UnicodeDecodeError:
        raise SeedError("the file's manifest is not UTF-8", path=f"{path}.manifest_file") from None
    return manifest


def _image(entry: ImageSeed, manifest: bytes | None, now: datetime, path: str) -> NewImage:
    """Give what an entry says of an image; the digest is missing of one that is yet to be made up."""
    try:
        image = images.described(
            entry.pushed_at or now,
            digest=entry.digest and str(entry.digest),
            manifest=manifest,
            media_type=entry.media_type and str(entry.media_type),
            size=None if entry.size is None else int(entry.size),
            platforms=entry.platforms,
        )
    except images.MismatchError as error:
        raise SeedError(str(error), path=f"{path}.{error.about}") from None
    return image._replace(
        status=entry.status,
        pulled_at=entry.pulled_at,
        archived_at=entry.archived_at,
        activated_at=entry.activated_at,
    )


def _write_new(connection: Connection, repository_id: int, chunk: list[_Described]) -> None:
    """Write images into a repository that this seed makes; only the seed itself can stand in its way."""
    clash = bulk.add_images(connection, repository_id, [(image, tags) for _, image, tags in chunk])
    if clash is not None:
        raise _twice(chunk[clash.position], clash.tag)


def _twice(described: _Described, tag: str | None) -> SeedError:
    """Say what stands twice: a tag, or a digest. Of images that are made up it is the tag that they were made from."""
    if tag is None and described.image.made_from is not None and described.tags:
        tag = described.tags[0]
    what = f"the tag '{tag}'" if tag is not None else f"the image {described.image.digest}"
    return SeedError(f"{what} stands twice in this repository", path=described.path)


def _merge(connection: Connection, repository_id: int, chunks: Iterator[list[_Described]], noted: _Noted) -> None:
    """Write images into a repository that was there before, but for those that are there as described."""
    digests: set[str] = set()
    tags: set[str] = set()
    for chunk in chunks:
        for described in chunk:
            if described.image.digest in digests:
                raise _twice(described, None)
            digests.add(described.image.digest)
            for tag in described.tags:
                if tag in tags:
                    raise _twice(described, tag)
                tags.add(tag)
        there = bulk.identifiers_of(connection, repository_id, [image.digest for _, image, _ in chunk])
        for _, image, image_tags in chunk:
            held = there.get(image.digest)
            if held is not None:
                noted.lists.pop(image.digest, None)
            if held is None or not held.issuperset(image_tags):
                put_image(connection, repository_id, image, image_tags)
