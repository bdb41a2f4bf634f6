"""Describes a database as a seed that would make it again."""

from __future__ import annotations

import json
from base64 import b64encode
from os import PathLike
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import Connection, select

from fakeecr.operations.lifecycle import LIFECYCLE
from fakeecr.operations.policies import POLICY
from fakeecr.store import documents, layers, registries
from fakeecr.store.database import Store
from fakeecr.store.manifests import EMPTY_BLOB, NOTHING, manifest, read_leniently
from fakeecr.store.models import Image, ImageIdentifier, Registry, Repository, RepositoryDocument


def dump(store: Store, path: str | PathLike[str] | None = None) -> dict[str, Any]:
    """Describe the repositories of a database, with all that is in them; what configures a registry is not described.

    Args:
        store: the database.
        path: a YAML file to write as well.

    Returns:
        A mapping that :func:`fakeecr.seeds.load.seed` takes.
    """
    with store.reading() as connection:
        found = _rows(connection, Registry)
        content: dict[str, Any] = {
            "registries": [_registry(connection, row) for row in found if row.account_id != registries.UPSTREAM]
        }
        upstream = [_upstream(connection, row) for row in found if row.account_id == registries.UPSTREAM]
        if upstream:
            content["upstream"] = upstream
    if path is not None:
        _write(content, Path(path))
    return content


def _write(content: dict[str, Any], path: Path) -> None:
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    # All of it first, so that what was in the file stays where this fails.
    text = yaml.dump(content, Dumper=dumper, sort_keys=False, allow_unicode=True)
    path.write_text(text, encoding="utf-8")


def _rows(connection: Connection, table: Any, *where: Any) -> list[Any]:
    return list(connection.execute(select(*table.__table__.c).where(*where).order_by(table.id)))


def _upstream(connection: Connection, registry: Any) -> dict[str, Any]:
    repositories = _rows(connection, Repository, Repository.registry_id == registry.id)
    described = [{"name": row.name, **_contents(connection, row.id)} for row in repositories]
    return {"url": registry.region, "repositories": described}


def _registry(connection: Connection, registry: Any) -> dict[str, Any]:
    repositories = _rows(connection, Repository, Repository.registry_id == registry.id)
    return {
        "id": registry.account_id,
        "region": registry.region,
        "repositories": [_repository(connection, row) for row in repositories],
    }


def _repository(connection: Connection, repository: Any) -> dict[str, Any]:
    content: dict[str, Any] = {"name": repository.name, "created_at": _written(repository.created_at)}
    resource_tags = registries.tags_of(connection, repository.id)
    if resource_tags:
        content["tags"] = resource_tags
    if repository.tag_mutability != "MUTABLE":
        content["image_tag_mutability"] = repository.tag_mutability
    if repository.exclusion_filters is not None:
        content["image_tag_mutability_exclusion_filters"] = json.loads(repository.exclusion_filters)
    if repository.scan_on_push:
        content["scan_on_push"] = True
    if repository.encryption_type != "AES256":
        content["encryption_type"] = repository.encryption_type
        content["kms_key"] = repository.kms_key
    for key, kind in (("policy", POLICY), ("lifecycle_policy", LIFECYCLE)):
        policy = documents.find(connection, RepositoryDocument, repository.id, kind)
        if policy is not None:
            content[key] = policy.content if kind == POLICY else policy.content["text"]
    return {**content, **_contents(connection, repository.id)}


def _contents(connection: Connection, repository_id: int) -> dict[str, Any]:
    """Describe what is in a repository."""
    content: dict[str, Any] = {}
    tags: dict[int, list[str]] = {}
    for row in _rows(connection, ImageIdentifier, ImageIdentifier.repository_id == repository_id):
        if row.tag is not None:
            tags.setdefault(row.image_id, []).append(row.tag)
    images = _rows(connection, Image, Image.repository_id == repository_id)
    blobs = list(layers.layers_of(connection, repository_id))
    if EMPTY_BLOB not in blobs and any(image.made_from is not None for image in images):
        # To the seed these are images like others, whose config is among the layers.
        blobs.append(EMPTY_BLOB)
    if blobs:
        content["layers"] = [{"base64": b64encode(blob).decode("ascii")} for blob in blobs]
    findings = documents.of_images(connection, repository_id, documents.FINDINGS)
    content["images"] = [_image(image, tags.get(image.id, []), findings.get(image.id)) for image in images]
    return content


def _image(image: Any, tags: list[str], findings: list[Any] | None) -> dict[str, Any]:
    content: dict[str, Any] = {"digest": image.digest}
    if tags:
        content["tags"] = tags
    content["pushed_at"] = _written(image.pushed_at)
    if image.status != "ACTIVE":
        content["status"] = image.status
    for name in ("pulled_at", "archived_at", "activated_at"):
        moment = getattr(image, name)
        if moment is not None:
            content[name] = _written(moment)
    known = image.manifest if image.made_from is None else manifest(image.made_from)
    # Only what the manifest itself does not say.
    said = NOTHING if known is None else read_leniently(known)
    if image.media_type not in (None, said.media_type):
        content["media_type"] = image.media_type
    if image.size not in (None, said.size):
        content["size"] = image.size
    if known is not None:
        content["manifest"] = known.decode()
    if findings is not None:
        content["findings"] = findings
    return content


def _written(moment: Any) -> str:
    return str(moment.isoformat()).replace("+00:00", "Z")
