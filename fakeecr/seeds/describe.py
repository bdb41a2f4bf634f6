"""The entries of a seed as a dump or a capture writes them: each key in its place, and nothing that is a default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from fakeecr.rules.manifests import NO_CONTENTS, parse_leniently
from fakeecr.store.repositories import RepositorySettings


class DescribedImage(Protocol):
    """What is known of an image, apart from its tags, manifest and findings."""

    @property
    def digest(self) -> str:
        """Its digest."""

    @property
    def status(self) -> str:
        """Its imageStatus."""

    @property
    def pushed_at(self) -> datetime:
        """When it was pushed."""

    @property
    def media_type(self) -> str | None:
        """The media type of its manifest, if it is known."""

    @property
    def size(self) -> int | None:
        """Its size in bytes, if it is known."""

    @property
    def pulled_at(self) -> datetime | None:
        """When it was last pulled."""

    @property
    def archived_at(self) -> datetime | None:
        """When it was last archived."""

    @property
    def activated_at(self) -> datetime | None:
        """When it was last restored."""


def describe_repository(
    name: str,
    created_at: datetime,
    settings: RepositorySettings,
    tags: Mapping[str, str],
    policy: str | None,
    lifecycle_policy: str | None,
) -> dict[str, Any]:
    """Return the entry of a repository without its layers and images.

    Args:
        name: its name.
        created_at: when it was created.
        settings: its settings.
        tags: its tags as an AWS resource.
        policy: its policy, or None.
        lifecycle_policy: its lifecycle policy, or None.
    """
    content: dict[str, Any] = {"name": name, "created_at": _format_moment(created_at)}
    if tags:
        content["tags"] = dict(tags)
    if settings.tag_mutability != "MUTABLE":
        content["image_tag_mutability"] = settings.tag_mutability
    if settings.exclusion_filters:
        content["image_tag_mutability_exclusion_filters"] = list(settings.exclusion_filters)
    if settings.scan_on_push:
        content["scan_on_push"] = True
    if settings.encryption_type != "AES256":
        content["encryption_type"] = settings.encryption_type
    if settings.kms_key is not None:
        content["kms_key"] = settings.kms_key
    if policy is not None:
        content["policy"] = policy
    if lifecycle_policy is not None:
        content["lifecycle_policy"] = lifecycle_policy
    return content


def describe_image(
    image: DescribedImage, tags: Sequence[str], manifest: str | None, findings: list[dict[str, Any]] | None
) -> dict[str, Any]:
    """Return the entry of an image.

    Args:
        image: the image.
        tags: its tags.
        manifest: its manifest; None if only its digest is known.
        findings: what a scan of it found; None if it was not scanned.
    """
    content: dict[str, Any] = {"digest": image.digest}
    if tags:
        content["tags"] = list(tags)
    content["pushed_at"] = _format_moment(image.pushed_at)
    if image.status != "ACTIVE":
        content["status"] = image.status
    for name, moment in (
        ("pulled_at", image.pulled_at),
        ("archived_at", image.archived_at),
        ("activated_at", image.activated_at),
    ):
        if moment is not None:
            content[name] = _format_moment(moment)
    # Only what the manifest itself does not say.
    contents = NO_CONTENTS if manifest is None else parse_leniently(manifest.encode())
    if image.media_type not in (None, contents.media_type):
        content["media_type"] = image.media_type
        if manifest is not None:
            contents = parse_leniently(manifest.encode(), image.media_type)
    if image.size not in (None, contents.size):
        content["size"] = image.size
    if manifest is not None:
        content["manifest"] = manifest
    if findings is not None:
        content["findings"] = findings
    return content


def _format_moment(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
