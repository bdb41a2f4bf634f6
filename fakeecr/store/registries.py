"""Registries and their repositories: found, and made where they are missing."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select

from fakeecr.store.models import Registry, Repository
from fakeecr.store.prepared import Prepared

_repository_id = Prepared(
    select(Repository.id)
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


def repository_id(connection: Connection, account_id: str, region: str, name: str) -> int | None:
    """Give the key of a repository, or None where it is not there."""
    found = _repository_id.rows(connection, {"account_id": account_id, "region": region, "name": name})
    return found[0][0] if found else None


def places_of(connection: Connection, name: str) -> list[tuple[str, str]]:
    """Name the account and region of every repository of a name."""
    statement = (
        select(Registry.account_id, Registry.region)
        .join(Repository, Repository.registry_id == Registry.id)
        .where(Repository.name == name)
        .order_by(Registry.account_id, Registry.region)
    )
    return [(row.account_id, row.region) for row in connection.execute(statement)]


def ensure_registry(connection: Connection, account_id: str, region: str) -> int:
    """Give the key of a registry, which is made if it is missing."""
    place = {"account_id": account_id, "region": region}
    found = _registry_id.rows(connection, place)
    return found[0][0] if found else connection.execute(_new_registry, place).scalar_one()


def ensure_repository(
    connection: Connection, account_id: str, region: str, name: str, created_at: datetime
) -> tuple[int, bool]:
    """Give the key of a repository, which is made if it is missing, and whether it was made now."""
    found = repository_id(connection, account_id, region, name)
    if found is not None:
        return found, False
    registry_id = ensure_registry(connection, account_id, region)
    made = connection.execute(_new_repository, {"registry_id": registry_id, "name": name, "created_at": created_at})
    return made.scalar_one(), True
