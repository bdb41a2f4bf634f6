"""Registries and their repositories: read, created, changed and deleted."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, exists, func, insert, select, update

from fakeecr.store.models import Image, Registry, RegistryDocument, Repository, RepositoryTag
from fakeecr.store.pages import Page, Place, page_of
from fakeecr.store.prepared import Prepared

# The account of the registries that are upstream of pull-through caches; their region is the host of the upstream.
UPSTREAM = "upstream"


class RepositorySettings(NamedTuple):
    """The settings of a repository.

    Attributes:
        tag_mutability: ``MUTABLE``, ``IMMUTABLE``, or one of the two ``…_WITH_EXCLUSION``.
        exclusion_filters: the patterns of a ``…_WITH_EXCLUSION``.
        scan_on_push: whether its images are scanned when they are pushed.
        encryption_type: ``AES256``, ``KMS`` or ``KMS_DSSE``.
        kms_key: the ARN of its key; None for ``AES256``.
    """

    tag_mutability: str = "MUTABLE"
    exclusion_filters: Sequence[str] = ()
    scan_on_push: bool = False
    encryption_type: str = "AES256"
    kms_key: str | None = None


DEFAULT_SETTINGS = RepositorySettings()


class RegistryRow(NamedTuple):
    """A registry: its key, and its account and region."""

    key: int
    account_id: str
    region: str


class RepositoryAddress(NamedTuple):
    """Where a repository is: the account and region of its registry, and its name."""

    account_id: str
    region: str
    name: str


class StoredRepository(NamedTuple):
    """A repository as an operation on it needs it.

    Attributes:
        key: its key.
        registry_key: its registry's key.
        account_id: the account of its registry.
        name: its name.
        tag_mutability: see :class:`RepositorySettings`.
        exclusion_filters: see :class:`RepositorySettings`.
        scan_on_push: see :class:`RepositorySettings`.
        is_registry_configured: whether its registry has any document: a configuration, a rule, or the like.
    """

    key: int
    registry_key: int
    account_id: str
    name: str
    tag_mutability: str = "MUTABLE"
    exclusion_filters: Sequence[str] = ()
    scan_on_push: bool = False
    is_registry_configured: bool = False


class RepositoryRow(NamedTuple):
    """A repository as it is described."""

    key: int
    account_id: str
    name: str
    created_at: datetime
    settings: RepositorySettings


_repository = Prepared(
    select(
        Repository.id,
        Repository.registry_id,
        Repository.tag_mutability,
        Repository.exclusion_filters,
        Repository.scan_on_push,
        # Most registries have no document, and then no push or pull needs to look for one.
        exists().where(RegistryDocument.owner_id == Repository.registry_id).label("configured"),
    )
    .join(Registry.__table__, Repository.registry_id == Registry.id)
    .where(
        Repository.name == bindparam("name"),
        Registry.account_id == bindparam("account_id"),
        Registry.region == bindparam("region"),
    )
)
_registry_key = Prepared(
    select(Registry.id).where(Registry.account_id == bindparam("account_id"), Registry.region == bindparam("region"))
)
_any_document = Prepared(select(RegistryDocument.id).where(RegistryDocument.owner_id == bindparam("registry")).limit(1))
_new_registry = insert(Registry).returning(Registry.id)
_new_repository = insert(Repository).returning(Repository.id)
_repository_rows = select(
    Repository.id,
    Registry.account_id,
    Repository.name,
    Repository.created_at,
    Repository.tag_mutability,
    Repository.exclusion_filters,
    Repository.scan_on_push,
    Repository.encryption_type,
    Repository.kms_key,
).join(Registry, Repository.registry_id == Registry.id)


def _decode_filters(text: str | None) -> Sequence[str]:
    return tuple(json.loads(text)) if text else ()


def _encode_filters(filters: Sequence[str]) -> str | None:
    return json.dumps(list(filters)) if filters else None


# --- Registries ----------------------------------------------------------------------------------


def get_registry(connection: Connection, account_id: str, region: str) -> int | None:
    """Return the key of a registry, or None if it does not exist."""
    rows = _registry_key.rows(connection, {"account_id": account_id, "region": region})
    return rows[0][0] if rows else None


def ensure_registry(connection: Connection, account_id: str, region: str) -> int:
    """Return the key of a registry, which is created if it does not exist."""
    key = get_registry(connection, account_id, region)
    if key is not None:
        return key
    return connection.execute(_new_registry, {"account_id": account_id, "region": region}).scalar_one()


def get_registries(connection: Connection) -> list[RegistryRow]:
    """Return every registry, the upstream ones included, oldest first."""
    statement = select(Registry.id, Registry.account_id, Registry.region).order_by(Registry.id)
    return [RegistryRow(*row) for row in connection.execute(statement)]


# --- Repositories --------------------------------------------------------------------------------


def get_repository(connection: Connection, account_id: str, region: str, name: str) -> StoredRepository | None:
    """Return a repository, or None if it does not exist."""
    rows = _repository.rows(connection, {"account_id": account_id, "region": region, "name": name})
    if not rows:
        return None
    key, registry_key, mutability, filters, scan_on_push, is_configured = rows[0]
    return StoredRepository(
        key=key,
        registry_key=registry_key,
        account_id=account_id,
        name=name,
        tag_mutability=mutability,
        exclusion_filters=_decode_filters(filters),
        scan_on_push=bool(scan_on_push),
        is_registry_configured=bool(is_configured),
    )


def get_keys(connection: Connection, registry_key: int) -> list[int]:
    """Return the keys of a registry's repositories, oldest first."""
    statement = select(Repository.id).where(Repository.registry_id == registry_key).order_by(Repository.id)
    return list(connection.execute(statement).scalars())


def get_address(connection: Connection, key: int) -> RepositoryAddress:
    """Return where the repository with a key is."""
    statement = select(Registry.account_id, Registry.region, Repository.name).join(
        Registry.__table__, Repository.registry_id == Registry.id
    )
    return RepositoryAddress(*connection.execute(statement.where(Repository.id == key)).one())


def page_of_repositories(connection: Connection, account_id: str, region: str, place: Place) -> Page[RepositoryRow]:
    """Return a page of a registry's repositories, oldest first."""
    statement = (
        _repository_rows.where(
            Registry.account_id == account_id, Registry.region == region, Repository.id > place.after
        )
        .order_by(Repository.id)
        .limit(place.size + 1)
    )
    return page_of([_row(row) for row in connection.execute(statement)], place)


def get_rows(connection: Connection, account_id: str, region: str, names: Collection[str]) -> dict[str, RepositoryRow]:
    """Return repositories as they are described, by their names; missing ones are left out."""
    statement = _repository_rows.where(
        Registry.account_id == account_id, Registry.region == region, Repository.name.in_(names)
    )
    return {row.name: _row(row) for row in connection.execute(statement)}


def _row(row: Any) -> RepositoryRow:
    key, account_id, name, created_at, mutability, filters, scan_on_push, encryption_type, kms_key = row
    settings = RepositorySettings(
        tag_mutability=mutability,
        exclusion_filters=_decode_filters(filters),
        scan_on_push=scan_on_push,
        encryption_type=encryption_type,
        kms_key=kms_key,
    )
    return RepositoryRow(key=key, account_id=account_id, name=name, created_at=created_at, settings=settings)


def count_repositories(connection: Connection, account_id: str, region: str) -> int:
    """Return the number of a registry's repositories."""
    statement = (
        select(func.count())
        .select_from(Repository)
        .join(Registry, Repository.registry_id == Registry.id)
        .where(Registry.account_id == account_id, Registry.region == region)
    )
    return connection.execute(statement).scalar_one()


def has_images(connection: Connection, repository_id: int) -> bool:
    """Whether a repository has an image, of any status."""
    statement = select(Image.id).where(Image.repository_id == repository_id).limit(1)
    return connection.execute(statement).first() is not None


def create_repository(
    connection: Connection,
    account_id: str,
    region: str,
    name: str,
    created_at: datetime,
    settings: RepositorySettings = DEFAULT_SETTINGS,
) -> StoredRepository:
    """Create a repository that does not exist yet, and its registry if that does not exist either."""
    registry_key = ensure_registry(connection, account_id, region)
    values = {
        "registry_id": registry_key,
        "name": name,
        "created_at": created_at,
        **settings._asdict(),
        "exclusion_filters": _encode_filters(settings.exclusion_filters),
    }
    return StoredRepository(
        key=connection.execute(_new_repository, values).scalar_one(),
        registry_key=registry_key,
        account_id=account_id,
        name=name,
        tag_mutability=settings.tag_mutability,
        exclusion_filters=settings.exclusion_filters,
        scan_on_push=settings.scan_on_push,
        is_registry_configured=bool(_any_document.rows(connection, {"registry": registry_key})),
    )


def set_tag_mutability(
    connection: Connection, repository_id: int, mutability: str, exclusion_filters: Sequence[str]
) -> None:
    """Change a repository's tag mutability, and the filters that exempt tags from it."""
    filters = _encode_filters(exclusion_filters)
    _set(connection, repository_id, tag_mutability=mutability, exclusion_filters=filters)


def set_scan_on_push(connection: Connection, repository_id: int, scan_on_push: bool) -> None:
    """Change whether a repository's images are scanned when they are pushed."""
    _set(connection, repository_id, scan_on_push=scan_on_push)


def _set(connection: Connection, repository_id: int, **values: Any) -> None:
    connection.execute(update(Repository).where(Repository.id == repository_id).values(**values))


def delete_repository(connection: Connection, repository_id: int) -> None:
    """Delete a repository with everything in it."""
    connection.execute(delete(Repository).where(Repository.id == repository_id))


# --- Tags of the resource ------------------------------------------------------------------------


def get_tags(connection: Connection, repository_id: int) -> dict[str, str]:
    """Return a repository's resource tags, sorted by their keys."""
    statement = select(RepositoryTag.key, RepositoryTag.value).where(RepositoryTag.repository_id == repository_id)
    return {row.key: row.value for row in connection.execute(statement.order_by(RepositoryTag.key))}


def set_tags(connection: Connection, repository_id: int, tags: Mapping[str, str]) -> None:
    """Set resource tags of a repository, in place of tags with the same keys."""
    remove_tags(connection, repository_id, tags)
    if tags:
        rows = [{"repository_id": repository_id, "key": key, "value": value} for key, value in tags.items()]
        connection.execute(insert(RepositoryTag), rows)


def remove_tags(connection: Connection, repository_id: int, keys: Collection[str]) -> None:
    """Remove resource tags of a repository; keys that it does not have are ignored."""
    if keys:
        condition = (RepositoryTag.repository_id == repository_id, RepositoryTag.key.in_(keys))
        connection.execute(delete(RepositoryTag).where(*condition))
