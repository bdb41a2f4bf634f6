"""Describing a database as a seed that creates the same state again."""

from __future__ import annotations

from base64 import b64encode
from os import PathLike
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from fakeecr.registry import made_up
from fakeecr.registry.kinds import FINDINGS, LIFECYCLE_POLICY, REPOSITORY_POLICY
from fakeecr.rules.manifests import EMPTY_BLOB
from fakeecr.seeds.describe import describe_image, describe_repository
from fakeecr.seeds.writer import replacing, write_yaml
from fakeecr.store import images, layers, pages, repositories
from fakeecr.store.pages import EVERYTHING, ImageFilter
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
        with replacing(Path(path)) as stream:
            write_yaml(content, stream)
    return content


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
    policy = REPOSITORY_POLICY.get(connection, row.key)
    lifecycle_policy = LIFECYCLE_POLICY.get(connection, row.key)
    content = describe_repository(
        row.name,
        row.created_at,
        row.settings,
        repositories.get_tags(connection, row.key),
        None if policy is None else policy.content,
        None if lifecycle_policy is None else lifecycle_policy.content["text"],
    )
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
        describe_image(row, tags.get(row.key, []), _text(made_up.content_of(manifests[row.key])), findings.get(row.key))
        for row in rows
    ]
    return content


def _text(manifest: bytes | None) -> str | None:
    return None if manifest is None else manifest.decode()
