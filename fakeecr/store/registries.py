"""Registries and their repositories: found, made, set, tagged and deleted."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, exists, func, insert, select, update

from fakeecr.store.models import Image, Registry, RegistryDocument, Repository, RepositoryTag
from fakeecr.store.prepared import Prepared

# The account of the registries that are upstream of pull-through caches; the region of each is its URL.
UPSTREAM = "upstream"


class FoundRepository(NamedTuple):
    """A repository that is there: what any operation may need of it.

    Attributes:
        key: its key.
        registry: its registry's key.
        account_id: the account of its registry.
        name: its name.
        tag_mutability: ``MUTABLE``, ``IMMUTABLE``, or one of the two ``…_WITH_EXCLUSION``.
        exclusion_filters: the wildcards of a ``…_WITH_EXCLUSION``.
        scan_on_push: whether its images are scanned as they are pushed.
        configured: whether its registry has any document: a configuration, a rule, or the like.
    """

    key: int
    registry: int
    account_id: str
    name: str
    tag_mutability: str = "MUTABLE"
    exclusion_filters: Sequence[str] = ()
    scan_on_push: bool = False
    configured: bool = False


_repository = Prepared(
    select(
        Repository.id,
        Repository.registry_id,
        Repository.tag_mutability,
        Repository.exclusion_filters,
        Repository.scan_on_push,
        # Most registries have none, and need not be asked what to do with each image.
        exists().where(RegistryDocument.owner_id == Repository.registry_id).label("configured"),
    )
    .join(Registry.__table__, Repository.registry_id == Registry.id)
    .where(
        Repository.name == bindparam("name"),
        Registry.account_id == bindparam("account_id"),
        Registry.region == bindparam("region"),
    )
)
_registry_id = Prepared(
    select(Registry.id).where(Registry.account_id == bindparam("account_id"), Registry.region == bindparam("region"))
)
_new_registry = insert(Registry).returning(Registry.id)
_new_repository = insert(Repository).returning(Repository.id)


# --- Found ---------------------------------------------------------------------------------------


def find_repository(connection: Connection, account_id: str, region: str, name: str) -> FoundRepository | None:
    """Find a repository."""
    found = _repository.rows(connection, {"account_id": account_id, "region": region, "name": name})
    if not found:
        return None
    key, registry, mutability, filters, scan_on_push, configured = found[0]
    wildcards = json.loads(filters) if filters else ()
    return FoundRepository(key, registry, account_id, name, mutability, wildcards, bool(scan_on_push), bool(configured))


def places_of(connection: Connection, name: str) -> list[tuple[str, str]]:
    """Name the account and region of every repository of a name that a client can ask for."""
    statement = (
        select(Registry.account_id, Registry.region)
        .join(Repository, Repository.registry_id == Registry.id)
        .where(Repository.name == name, Registry.account_id != UPSTREAM)
        .order_by(Registry.account_id, Registry.region)
    )
    return [(row.account_id, row.region) for row in connection.execute(statement)]


def count_repositories(connection: Connection, account_id: str, region: str) -> int:
    """Count a registry's repositories."""
    statement = select(func.count()).select_from(Repository).join(Registry, Repository.registry_id == Registry.id)
    in_registry = statement.where(Registry.account_id == account_id, Registry.region == region)
    return connection.execute(in_registry).scalar_one()


def has_images(connection: Connection, repository_id: int) -> bool:
    """Whether there is an image in a repository, of whatever status."""
    statement = select(Image.id).where(Image.repository_id == repository_id).limit(1)
    return connection.execute(statement).first() is not None


# --- Written -------------------------------------------------------------------------------------


def find_registry(connection: Connection, account_id: str, region: str) -> int | None:
    """Give the key of a registry, or None where it is not there."""
    found = _registry_id.rows(connection, {"account_id": account_id, "region": region})
    return found[0][0] if found else None


def ensure_registry(connection: Connection, account_id: str, region: str) -> int:
    """Give the key of a registry, which is made if it is missing."""
    found = find_registry(connection, account_id, region)
    if found is not None:
        return found
    return connection.execute(_new_registry, {"account_id": account_id, "region": region}).scalar_one()


def ensure_repository(
    connection: Connection, account_id: str, region: str, name: str, created_at: datetime, **settings: Any
) -> tuple[int, bool]:
    """Give the key of a repository, which is made with these settings if it is missing, and whether it was made now."""
    found = find_repository(connection, account_id, region, name)
    if found is not None:
        return found.key, False
    return create_repository(connection, account_id, region, name, created_at, **settings), True


def create_repository(
    connection: Connection, account_id: str, region: str, name: str, created_at: datetime, **settings: Any
) -> int:
    """Make a repository that is not there, and give its key.

    Args:
        connection: a writing transaction.
        account_id: the account of its registry, which is made if it is missing.
        region: the region of its registry.
        name: its name.
        created_at: when it was made, in UTC.
        settings: further columns of :class:`~fakeecr.store.models.Repository`.
    """
    registry_id = ensure_registry(connection, account_id, region)
    values = {"registry_id": registry_id, "name": name, "created_at": created_at, **settings}
    return connection.execute(_new_repository, values).scalar_one()


def set_repository(connection: Connection, key: int, **settings: Any) -> None:
    """Change columns of a repository."""
    connection.execute(update(Repository).where(Repository.id == key).values(**settings))


def delete_repository(connection: Connection, key: int) -> None:
    """Delete a repository with all that is in it."""
    connection.execute(delete(Repository).where(Repository.id == key))


# --- Tags of the resource ------------------------------------------------------------------------


def tags_of(connection: Connection, key: int) -> dict[str, str]:
    """Give a repository's tags as a resource, by their keys."""
    statement = select(RepositoryTag.key, RepositoryTag.value).where(RepositoryTag.repository_id == key)
    return {row.key: row.value for row in connection.execute(statement.order_by(RepositoryTag.key))}


def set_tags(connection: Connection, key: int, tags: Mapping[str, str]) -> None:
    """Give a repository tags as a resource, in place of those that have the same keys."""
    remove_tags(connection, key, tags)
    if tags:
        rows = [{"repository_id": key, "key": name, "value": value} for name, value in tags.items()]
        connection.execute(insert(RepositoryTag), rows)


def remove_tags(connection: Connection, key: int, names: Collection[str]) -> None:
    """Take tags of these keys from a repository; those that it has not are no matter."""
    if names:
        statement = delete(RepositoryTag).where(RepositoryTag.repository_id == key, RepositoryTag.key.in_(names))
        connection.execute(statement)
