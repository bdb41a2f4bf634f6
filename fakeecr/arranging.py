"""What a test author arranges by hand: images that are pushed, and what scans find in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fakeecr import clock
from fakeecr.errors import SeedError
from fakeecr.operations.pushes import follow_up
from fakeecr.operations.templates import repository_for
from fakeecr.seeds.schema import check_finding
from fakeecr.seeds.values import (
    AccountId,
    Content,
    Digest,
    MediaType,
    Moment,
    Platform,
    Region,
    RepositoryName,
    Size,
    Tag,
)
from fakeecr.service import Service
from fakeecr.store import documents, images, registries
from fakeecr.store.images import MismatchError
from fakeecr.store.manifests import LISTS, made_digest
from fakeecr.store.models import ImageDocument


@dataclass(frozen=True, slots=True)
class PushedImage:
    """An image that :meth:`FakeECR.push` put into a repository.

    Attributes:
        registry_id: the account of its registry.
        region: the region of its registry.
        repository: its repository's name.
        digest: ``sha256:`` and 64 hexadecimal digits.
        tags: the tags it was given.
        platforms: of an index that was pushed by its platforms, the digest of each platform's image.
    """

    registry_id: str
    region: str
    repository: str
    digest: str
    tags: tuple[str, ...]
    platforms: Mapping[str, str] = field(default_factory=dict)


def push(
    service: Service,
    repository: str,
    tags: Sequence[str],
    *,
    digest: str | None,
    manifest: str | bytes | None,
    media_type: str | None,
    platforms: Sequence[str],
    size: int | None,
    pushed_at: datetime | str | None,
    registry_id: str,
    region: str,
) -> PushedImage:
    """Do what :meth:`FakeECR.push` does; its arguments, of which nothing was checked yet.

    Raises:
        ValueError: a value is not what ECR takes, or two arguments contradict each other.
    """
    name = valid("repository", RepositoryName, repository)
    given_tags = tuple([_valid_tag(tag) for tag in tags])
    account_id, in_region = valid("registry_id", AccountId, registry_id), valid("region", Region, region)
    moment = clock.now() if pushed_at is None else _valid_moment(pushed_at)
    if isinstance(platforms, str):
        raise ValueError(f"platforms: expected a list of platforms; got {platforms!r}")
    given_platforms = [valid("platforms", Platform, platform) for platform in platforms]
    try:
        image = images.described(
            moment,
            digest=None if digest is None else valid("digest", Digest, digest),
            manifest=None if manifest is None else valid("manifest", Content, manifest).encode(),
            media_type=None if media_type is None else valid("media_type", MediaType, media_type),
            size=None if size is None else int(valid("size", Size, size)),
            platforms=given_platforms,
        )
    except MismatchError as error:
        raise ValueError(f"{error.about}: {error}") from None

    with service.changing(in_region) as call:
        there = repository_for(call, account_id, name, "CREATE_ON_PUSH", moment)
        children: list[images.NewImage] = []
        if not image.digest:
            words = images.make_up(call.connection, there.key, name, given_platforms)
            image = image._replace(digest=made_digest(words), made_from=words)
        if given_platforms:
            *children, image = images.for_platforms(image, given_platforms)
        for each in (*children, image):
            found = images.find(call.connection, there.key, each.digest)
            each_tags = given_tags if each is image else ()
            images.put_found(call.connection, there.key, found, each, each_tags, restored_at=moment)
            follow_up(call, there, each, each_tags, is_new=found is None)
    digests = {platform: child.digest for platform, child in zip(given_platforms, children, strict=True)}
    return PushedImage(account_id, in_region, name, image.digest, given_tags, digests)


def set_findings(
    service: Service,
    repository: str,
    findings: Sequence[Mapping[str, Any]],
    *,
    tag: str | None,
    digest: str | None,
    registry_id: str,
    region: str,
) -> None:
    """Do what :meth:`FakeECR.set_findings` does.

    Raises:
        ValueError: there is no such image, it is a list of images, or a finding is none.
    """
    if isinstance(findings, Mapping | str):
        raise ValueError(f"findings: expected a list of findings; got {findings!r}")
    checked = [_valid_finding(finding) for finding in findings]
    if (tag is None) is (digest is None):
        raise ValueError("An image is known by its tag or its digest; give one of both.")
    name = valid("repository", RepositoryName, repository)
    account_id, in_region = valid("registry_id", AccountId, registry_id), valid("region", Region, region)
    given_tag = None if tag is None else _valid_tag(tag, "tag")
    given_digest = None if digest is None else valid("digest", Digest, digest)
    with service.changing(in_region) as call:
        found = registries.find_repository(call.connection, account_id, in_region, name)
        key = None if found is None else images.image_key(call.connection, found.key, given_digest, given_tag)
        which = f"{name}:{tag}" if digest is None else f"{name}@{digest}"
        if key is None:
            raise ValueError(f"There is no image {which} in {account_id} of {in_region}.")
        if images.manifests_of(call.connection, [key])[key][1] in LISTS:
            raise ValueError(f"{which} is a list of images, which is not scanned; give the digest of one of them.")
        documents.put(call.connection, ImageDocument, key, documents.FINDINGS, checked, clock.now())


def valid(argument: str, kind: Any, value: Any) -> str:
    """Check an argument.

    Raises:
        ValueError: it has no value that could be right.
    """
    try:
        return str(kind.parse(value))
    except ValueError as error:
        raise ValueError(f"{argument}: {error}") from None


def _valid_tag(tag: Any, argument: str = "tags") -> str:
    checked = valid(argument, Tag, tag)
    if "{" in checked:
        raise ValueError(f"{argument}: a tag has no braces; got {tag!r}")
    return checked


def _valid_finding(finding: Any) -> dict[str, Any]:
    try:
        return check_finding(finding)
    except SeedError as error:
        raise ValueError(f"findings: {error.problem}") from None


def _valid_moment(value: Any) -> Moment:
    try:
        return Moment.parse(value)
    except ValueError as error:
        raise ValueError(f"pushed_at: {error}") from None
