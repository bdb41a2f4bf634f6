"""Documents of registries, repositories and images: kept as JSON, found by their kind and name."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from fakeecr.store.models import Image, ImageDocument, RegistryDocument, RepositoryDocument
from fakeecr.store.pages import Page, page_of
from fakeecr.store.prepared import Prepared

# The kind of document that says what scans of an image find; seeds and tests say it, and scans give it.
FINDINGS = "findings"

_read_json = msgspec.json.Decoder().decode

Table = type[RegistryDocument] | type[RepositoryDocument] | type[ImageDocument]


class Document(NamedTuple):
    """A document.

    Attributes:
        name: what tells it from others of its kind; empty where there is one alone.
        content: what was kept, as JSON has it.
        created_at: when it was first kept.
        updated_at: when it was kept last.
        key: its key.
    """

    name: str
    content: Any
    created_at: datetime
    updated_at: datetime
    key: int


_singletons = Prepared(
    select(RegistryDocument.kind, RegistryDocument.content).where(
        RegistryDocument.owner_id == bindparam("owner"), RegistryDocument.name == bindparam("name")
    )
)
_any = Prepared(
    select(RegistryDocument.id)
    .where(RegistryDocument.owner_id == bindparam("owner"), RegistryDocument.kind == bindparam("kind"))
    .limit(1)
)


def find(connection: Connection, table: Table, owner: int | None, kind: str, name: str = "") -> Document | None:
    """Find a document; there is none of an owner that is not there."""
    if owner is None:
        return None
    found = _read(connection, table, table.owner_id == owner, table.kind == kind, table.name == name)
    return found[0] if found else None


def find_all(
    connection: Connection, table: Table, owner: int | None, kind: str, names: Collection[str] | None = None
) -> list[Document]:
    """Find the documents of a kind, all or those of these names, in the order in which they were first kept."""
    if owner is None:
        return []
    named = [] if names is None else [table.name.in_(names)]
    return _read(connection, table, table.owner_id == owner, table.kind == kind, *named)


def read_page(
    connection: Connection,
    table: Table,
    owner: int | None,
    kind: str,
    *,
    after: int = 0,
    size: int,
    since: datetime | None = None,
) -> Page:
    """Read a page of the documents of a kind, all or those that were first kept `since` then."""
    if owner is None:
        return Page([], None)
    conditions = [table.owner_id == owner, table.kind == kind, table.id > after]
    if since is not None:
        conditions.append(table.created_at >= since)
    return page_of(_read(connection, table, *conditions, limit=size + 1), size)


def _read(connection: Connection, table: Table, *conditions: Any, limit: int | None = None) -> list[Document]:
    statement = (
        select(table.name, table.content, table.created_at, table.updated_at, table.id)
        .where(*conditions)
        .order_by(table.id)
        .limit(limit)
    )
    return [
        Document(row.name, _read_json(row.content), row.created_at, row.updated_at, row.id)
        for row in connection.execute(statement)
    ]


def everywhere(connection: Connection, table: Table, kind: str) -> list[tuple[int, Any]]:
    """Give the owner and content of every document of a kind."""
    statement = select(table.owner_id, table.content).where(table.kind == kind).order_by(table.id)
    return [(owner, _read_json(content)) for owner, content in connection.execute(statement)]


def oldest(connection: Connection, table: Table, kind: str) -> datetime | None:
    """Give when the document of a kind that was not changed for longest was kept."""
    return connection.execute(select(func.min(table.updated_at)).where(table.kind == kind)).scalar()


def of_images(connection: Connection, repository_id: int, kind: str) -> dict[int, Any]:
    """Give the contents of the documents of a kind that the images of a repository have, by the images' keys."""
    statement = (
        select(ImageDocument.owner_id, ImageDocument.content)
        .join(Image.__table__, Image.id == ImageDocument.owner_id)
        .where(Image.repository_id == repository_id, ImageDocument.kind == kind)
    )
    return {owner: _read_json(content) for owner, content in connection.execute(statement)}


def put(
    connection: Connection, table: Table, owner: int, kind: str, content: Any, moment: datetime, name: str = ""
) -> Document:
    """Keep a document, in place of the one of this kind and name."""
    kept = msgspec.json.encode(content).decode()
    found = find(connection, table, owner, kind, name)
    if found is None:
        values = {"owner_id": owner, "kind": kind, "name": name, "content": kept}
        connection.execute(insert(table).values(created_at=moment, updated_at=moment, **values))
    else:
        changed = update(table).where(table.id == found.key).values(content=kept, updated_at=moment)
        connection.execute(changed)
    created_at = moment if found is None else found.created_at
    return Document(name, content, created_at, moment, 0 if found is None else found.key)


def remove(connection: Connection, table: Table, owner: int | None, kind: str, name: str = "") -> Document | None:
    """Remove a document, and give it; None where it is not there."""
    found = find(connection, table, owner, kind, name)
    if found is not None:
        connection.execute(delete(table).where(table.id == found.key))
    return found


def singletons(connection: Connection, registry: int) -> dict[str, Any]:
    """Give by their kinds the contents of those documents of a registry of which there is one alone."""
    return {
        kind: _read_json(content) for kind, content in _singletons.rows(connection, {"owner": registry, "name": ""})
    }


def has_any(connection: Connection, registry: int, kind: str) -> bool:
    """Whether a registry has a document of a kind."""
    return bool(_any.rows(connection, {"owner": registry, "kind": kind}))
