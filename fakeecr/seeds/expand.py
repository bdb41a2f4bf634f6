"""The entries of a seed's repository, expanded into images."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from fakeecr.errors import SeedError
from fakeecr.registry import made_up
from fakeecr.registry.drafts import MismatchError, draft_image
from fakeecr.rules import names
from fakeecr.seeds.files import SeedFiles, read_manifest
from fakeecr.seeds.schema import FindingSeed, Images, ImageSeed, stored_finding
from fakeecr.store.images import NewImage


class SeededImage(NamedTuple):
    """An image of a seed.

    Attributes:
        path: the key path of its entry, from the repository on.
        image: the image.
        tags: its tags.
        findings: what a scan of it found; None if it was not scanned.
    """

    path: str
    image: NewImage
    tags: tuple[str, ...]
    findings: list[dict[str, Any]] | None = None


def expand_images(name: str, entries: Images, now: datetime, files: SeedFiles) -> Iterator[SeededImage]:
    """Yield every image that the entries of a repository stand for.

    Args:
        name: the repository's name.
        entries: the entries.
        now: the time of the push of an image whose entry names none.
        files: the files of the seed.

    Raises:
        SeedError: an entry is invalid; the error's path begins at the repository.
    """
    untagged_numbers = itertools.count(1)
    for index, entry in enumerate(entries):
        path = f"images[{index}]"
        manifest = _read_manifest(entry, path, files)
        is_made_up = manifest is None and entry.digest is None
        template = _draft(entry, manifest, now, path)
        _check_count(entry, path, is_made_up=is_made_up)
        findings = None if entry.findings is None else _stored_findings(entry.findings, f"{path}.findings")
        if findings is not None and template.contents.is_list and not entry.platforms:
            raise SeedError("a list of images is not scanned; its images are", path=f"{path}.findings")
        for number in range(1, (entry.count or 1) + 1):
            tags = tuple([tag.replace("{n}", str(number)) for tag in entry.tags])
            if not is_made_up:
                yield SeededImage(path, template, tags, findings)
                continue
            words = f"{name}:{tags[0]}" if tags else f"{name}@{next(untagged_numbers)}"
            image = template._replace(digest=made_up.made_digest(words), made_from=words)
            if not entry.platforms:
                yield SeededImage(path, image, tags, findings)
                continue
            *children, image = made_up.split_by_platform(image, [str(platform) for platform in entry.platforms])
            for child in children:
                yield SeededImage(path, child, (), findings)
            yield SeededImage(path, image, tags)


def _stored_findings(findings: Iterable[FindingSeed], path: str) -> list[dict[str, Any]]:
    return [stored_finding(finding, f"{path}[{index}]") for index, finding in enumerate(findings)]


def _check_count(entry: ImageSeed, path: str, *, is_made_up: bool) -> None:
    """Check that the tags of an entry go with the number of images that it stands for."""
    if entry.count is not None and not is_made_up:
        raise SeedError("the images of a `count` are made up, each with its own digest", path=path)
    if entry.count is None and any("{" in tag for tag in entry.tags):
        raise SeedError("'{n}' is the number of one image among many; it needs `count`", path=path)
    if entry.count not in (None, 1) and any("{n}" not in tag for tag in entry.tags):
        raise SeedError("with `count` each tag needs {n}, because a tag belongs to one image", path=f"{path}.tags")
    longest = max((len(tag.replace("{n}", str(entry.count))) for tag in entry.tags), default=0)
    if longest > names.MAX_TAG_LENGTH:
        raise SeedError(
            f"the tag of the last of these images is longer than {names.MAX_TAG_LENGTH}", path=f"{path}.tags"
        )


def _read_manifest(entry: ImageSeed, path: str, files: SeedFiles) -> bytes | None:
    if entry.manifest_file is None:
        return None if entry.manifest is None else entry.manifest.encode()
    if entry.manifest is not None:
        raise SeedError("an image has one manifest; give either manifest or manifest_file", path=path)
    manifest = read_manifest(files, entry.manifest_file, f"{path}.manifest_file")
    try:
        manifest.decode()
    except UnicodeDecodeError:
        raise SeedError("the file's manifest is not UTF-8", path=f"{path}.manifest_file") from None
    return manifest


def _draft(entry: ImageSeed, manifest: bytes | None, now: datetime, path: str) -> NewImage:
    """Return the image of an entry; its digest is empty if it is still to be made up."""
    try:
        image = draft_image(
            entry.pushed_at or now,
            digest=entry.digest and str(entry.digest),
            manifest=manifest,
            media_type=entry.media_type and str(entry.media_type),
            size=None if entry.size is None else int(entry.size),
            platforms=entry.platforms,
        )
    except MismatchError as error:
        raise SeedError(str(error), path=f"{path}.{error.argument}") from None
    return image._replace(
        status=entry.status,
        pulled_at=entry.pulled_at,
        archived_at=entry.archived_at,
        activated_at=entry.activated_at,
    )
