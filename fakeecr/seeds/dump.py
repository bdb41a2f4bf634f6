"""Describing a database as a seed that creates the same state again."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime
from os import PathLike
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import Connection

from fakeecr.registry import made_up
from fakeecr.registry.kinds import FINDINGS, LIFECYCLE_POLICY, REPOSITORY_POLICY
from fakeecr.rules.manifests import EMPTY_BLOB, NO_CONTENTS, parse_leniently
from fakeecr.store import images, layers, pages, repositories
from fakeecr.store.pages import EVERYTHING, ImageFilter, ImageRow
from fakeecr.store.repositories import RegistryRow, RepositoryRow
from fakeecr.store.stores import Store


def dump(store: Store, path: str | PathLike[str] | None = None) -> dict[str, Any]:
    """Return the repositories of a database with everything in them, but not what configures a whole registry.

    Args:
        store: the database.
        path: a YAML file to write the same to; None to write none.

    Returns:
        A mapping that :func:`fakeecr.seeds.load.seed` takes.
    """
    with store.reading() as connection:
        registries = repositories.get_registries(connection)
        content: dict[str, Any] = {
            "registries": [
                _describe_registry(connection, registry)
                for registry in registries
                if registry.account_id != repositories.UPSTREAM
            ]
        }
        upstream = [
            _describe_upstream(connection, registry)
            for registry in registries
            if registry.account_id == repositories.UPSTREAM
        ]
        if upstream:
            content["upstream"] = upstream
    if path is not None:
        _write(content, Path(path))
    return content


def _write(content: dict[str, Any], path: Path) -> None:
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    # The whole text first, so that an existing file survives a failure.
    text = yaml.dump(content, Dumper=dumper, sort_keys=False, allow_unicode=True)
    path.write_text(text, encoding="utf-8")


def _repository_rows(connection: Connection, registry: RegistryRow) -> list[RepositoryRow]:
    page = repositories.page_of_repositories(connection, registry.account_id, registry.region, EVERYTHING)
    return list(page.rows)


def _describe_registry(connection: Connection, registry: RegistryRow) -> dict[str, Any]:
    return {
        "id": registry.account_id,
        "region": registry.region,
        "repositories": [_describe_repository(connection, row) for row in _repository_rows(connection, registry)],
    }


def _describe_upstream(connection: Connection, registry: RegistryRow) -> dict[str, Any]:
    return {
        "url": registry.region,
        "repositories": [
            {"name": row.name, **_describe_contents(connection, row.key)}
            for row in _repository_rows(connection, registry)
        ],
    }


def _describe_repository(connection: Connection, row: RepositoryRow) -> dict[str, Any]:
    settings = row.settings
    content: dict[str, Any] = {"name": row.name, "created_at": _format_moment(row.created_at)}
    tags = repositories.get_tags(connection, row.key)
    if tags:
        content["tags"] = tags
    if settings.tag_mutability != "MUTABLE":
        content["image_tag_mutability"] = settings.tag_mutability
    if settings.exclusion_filters:
        content["image_tag_mutability_exclusion_filters"] = list(settings.exclusion_filters)
    if settings.scan_on_push:
        content["scan_on_push"] = True
    if settings.encryption_type != "AES256":
        content["encryption_type"] = settings.encryption_type
        content["kms_key"] = settings.kms_key
    policy = REPOSITORY_POLICY.get(connection, row.key)
    if policy is not None:
        content["policy"] = policy.content
    lifecycle_policy = LIFECYCLE_POLICY.get(connection, row.key)
    if lifecycle_policy is not None:
        content["lifecycle_policy"] = lifecycle_policy.content["text"]
    return {**content, **_describe_contents(connection, row.key)}


def _describe_contents(connection: Connection, repository_key: int) -> dict[str, Any]:
    """Return the layers and images of a repository."""
    content: dict[str, Any] = {}
    rows = pages.images(connection, repository_key, ImageFilter(), EVERYTHING).rows
    blobs = list(layers.contents_of_repository(connection, repository_key))
    if EMPTY_BLOB not in blobs and any(row.made_from is not None for row in rows):
        # In a seed, made-up images are images like any other, whose config is a layer.
        blobs.append(EMPTY_BLOB)
    if blobs:
        content["layers"] = [{"base64": b64encode(blob).decode("ascii")} for blob in blobs]
    tags = images.get_all_tags(connection, repository_key)
    manifests = images.get_all_manifests(connection, repository_key)
    findings = FINDINGS.by_image(connection, repository_key)
    content["images"] = [
        _describe_image(row, tags.get(row.key, []), made_up.content_of(manifests[row.key]), findings.get(row.key))
        for row in rows
    ]
    return content


def _describe_image(
    row: ImageRow, tags: list[str], manifest: bytes | None, findings: list[dict[str, Any]] | None
) -> dict[str, Any]:
    content: dict[str, Any] = {"digest": row.digest}
    if tags:
        content["tags"] = tags
    content["pushed_at"] = _format_moment(row.pushed_at)
    if row.status != "ACTIVE":
        content["status"] = row.status
    for name, moment in (
        ("pulled_at", row.pulled_at),
        ("archived_at", row.archived_at),
        ("activated_at", row.activated_at),
    ):
        if moment is not None:
            content[name] = _format_moment(moment)
    # Only what the manifest itself does not say.
    contents = NO_CONTENTS if manifest is None else parse_leniently(manifest)
    if row.media_type not in (None, contents.media_type):
        content["media_type"] = row.media_type
    if row.size not in (None, contents.size):
        content["size"] = row.size
    if manifest is not None:
        content["manifest"] = manifest.decode()
    if findings is not None:
        content["findings"] = findings
    return content


def _format_moment(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
