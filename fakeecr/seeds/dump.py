"""Describes a database as a seed that would make it again."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import Connection, select

from fakeecr.store.database import Store
from fakeecr.store.manifests import manifest
from fakeecr.store.models import Image, ImageIdentifier, Registry, Repository


def dump(store: Store, path: str | PathLike[str] | None = None) -> dict[str, Any]:
    """Describe everything a database holds.

    Args:
        store: the database.
        path: a YAML file to write as well.

    Returns:
        A mapping that :func:`fakeecr.seeds.load.seed` takes.
    """
    with store.reading() as connection:
        content = {"registries": [_registry(connection, row) for row in _rows(connection, Registry)]}
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


def _registry(connection: Connection, registry: Any) -> dict[str, Any]:
    repositories = _rows(connection, Repository, Repository.registry_id == registry.id)
    return {
        "id": registry.account_id,
        "region": registry.region,
        "repositories": [_repository(connection, row) for row in repositories],
    }


def _repository(connection: Connection, repository: Any) -> dict[str, Any]:
    tags: dict[int, list[str]] = {}
    for row in _rows(connection, ImageIdentifier, ImageIdentifier.repository_id == repository.id):
        if row.tag is not None:
            tags.setdefault(row.image_id, []).append(row.tag)
    images = _rows(connection, Image, Image.repository_id == repository.id)
    return {
        "name": repository.name,
        "created_at": _written(repository.created_at),
        "images": [_image(image, tags.get(image.id, [])) for image in images],
    }


def _image(image: Any, tags: list[str]) -> dict[str, Any]:
    content: dict[str, Any] = {"digest": image.digest}
    if tags:
        content["tags"] = tags
    content["pushed_at"] = _written(image.pushed_at)
    if image.status != "ACTIVE":
        content["status"] = image.status
    known = image.manifest if image.made_from is None else manifest(image.made_from)
    if known is not None:
        content["manifest"] = known.decode()
    return content


def _written(moment: Any) -> str:
    return str(moment.isoformat()).replace("+00:00", "Z")
