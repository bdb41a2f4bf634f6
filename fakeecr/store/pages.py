"""Keyset pages: what comes after a key, in the key's order, at the same cost at any depth."""

from __future__ import annotations

import functools
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, bindparam, select

from fakeecr.store.models import Image, ImageIdentifier, Registry, Repository
from fakeecr.store.prepared import Prepared


class Page(NamedTuple):
    """One page of a listing.

    Attributes:
        rows: at most as many as were asked for; each begins with what the listing shows, and ends with its key.
        last_key: the key of the last row where more follow, else None.
    """

    rows: Sequence[Any]
    last_key: int | None


def page_of(rows: Sequence[Any], size: int) -> Page:
    """Make a page of one row more than it may hold, which tells whether another follows."""
    if len(rows) <= size:
        return Page(rows, None)
    return Page(rows[:size], rows[size - 1][-1])


class Filter(NamedTuple):
    """Which images a listing shows: those of one status, with a tag or without; None shows all."""

    status: str | None = None
    tagged: bool | None = None


@functools.cache
def identifiers_statement(by_status: bool, by_tagged: bool) -> Prepared:
    """Prepare the one SELECT of a page; each way of filtering has an index in the order of its keys."""
    row = ImageIdentifier.__table__.c
    statement = select(row.digest, row.tag, row.id).where(
        row.repository_id == bindparam("repository_id"), row.id > bindparam("after")
    )
    if by_status:
        statement = statement.where(row.image_status == bindparam("status"))
    if by_tagged:
        statement = statement.where(row.tagged == bindparam("tagged"))
    return Prepared(statement.order_by(row.id).limit(bindparam("rows")))


def identifiers(connection: Connection, repository_id: int, shown: Filter, *, after: int = 0, size: int) -> Page:
    """Read a page of a repository's identifiers: rows of digest, tag and key.

    Args:
        connection: a transaction.
        repository_id: the repository's key.
        shown: what the page may show.
        after: the last key of the page before; 0 for the first page.
        size: how many rows at most.
    """
    values: dict[str, Any] = {"repository_id": repository_id, "after": after, "rows": size + 1}
    if shown.status is not None:
        values["status"] = shown.status
    if shown.tagged is not None:
        values["tagged"] = shown.tagged
    statement = identifiers_statement(shown.status is not None, shown.tagged is not None)
    return page_of(statement.rows(connection, values), size)


_details = select(
    Image.digest,
    Image.status,
    Image.pushed_at,
    Image.media_type,
    Image.artifact_media_type,
    Image.size,
    Image.made_from,
    Image.subject,
    Image.pulled_at,
    Image.archived_at,
    Image.activated_at,
    Image.id,
)


@functools.cache
def images_statement(by_status: bool, by_tagged: bool) -> Select[*tuple[Any, ...]]:
    """Write the SELECT of a page of images; each way of filtering has an index in the order of its keys."""
    statement = _details.where(Image.repository_id == bindparam("repository_id"), Image.id > bindparam("after"))
    if by_status:
        statement = statement.where(Image.status == bindparam("status"))
    if by_tagged:
        statement = statement.where(Image.tagged == bindparam("tagged"))
    return statement.order_by(Image.id).limit(bindparam("rows"))


def images(connection: Connection, repository_id: int, shown: Filter, *, after: int = 0, size: int) -> Page:
    """Read a page of a repository's images, oldest first; its arguments are those of :func:`identifiers`."""
    values = {"repository_id": repository_id, "after": after, "rows": size + 1, **shown._asdict()}
    statement = images_statement(shown.status is not None, shown.tagged is not None)
    return page_of(connection.execute(statement, values).all(), size)


def images_of(connection: Connection, keys: Collection[int]) -> dict[int, Any]:
    """Read images as :func:`images` does, by their keys."""
    return {row.id: row for row in connection.execute(_details.where(Image.id.in_(keys)))} if keys else {}


def referrers(
    connection: Connection,
    repository_id: int,
    subject: str,
    *,
    artifact_types: Collection[str] = (),
    status: str | None = None,
    after: int = 0,
    size: int,
) -> Page:
    """Read a page of the images that have another as their subject.

    Args:
        connection: a transaction.
        repository_id: the repository's key.
        subject: the digest of the other.
        artifact_types: those that are shown; all if there are none.
        status: the status that is shown; None for all.
        after: the last key of the page before; 0 for the first page.
        size: how many rows at most.
    """
    conditions: list[ColumnElement[bool]] = [Image.repository_id == repository_id, Image.subject == subject]
    if artifact_types:
        conditions.append(Image.artifact_type.in_(artifact_types))
    if status is not None:
        conditions.append(Image.status == status)
    statement = (
        select(Image.digest, Image.media_type, Image.artifact_type, Image.manifest, Image.status, Image.id)
        .where(*conditions, Image.id > after)
        .order_by(Image.id)
        .limit(size + 1)
    )
    return page_of(connection.execute(statement).all(), size)


_repository = select(
    Registry.account_id,
    Repository.name,
    Repository.created_at,
    Repository.tag_mutability,
    Repository.exclusion_filters,
    Repository.scan_on_push,
    Repository.encryption_type,
    Repository.kms_key,
    Repository.id,
).join(Registry, Repository.registry_id == Registry.id)


def repositories(connection: Connection, account_id: str, region: str, *, after: int = 0, size: int) -> Page:
    """Read a page of a registry's repositories, oldest first."""
    statement = (
        _repository.where(Registry.account_id == account_id, Registry.region == region, Repository.id > after)
        .order_by(Repository.id)
        .limit(size + 1)
    )
    return page_of(connection.execute(statement).all(), size)


def repositories_of(connection: Connection, account_id: str, region: str, names: Collection[str]) -> dict[str, Any]:
    """Read repositories as :func:`repositories` does, by their names; those that are not there are left out."""
    statement = _repository.where(
        Registry.account_id == account_id, Registry.region == region, Repository.name.in_(names)
    )
    return {row.name: row for row in connection.execute(statement)}
