"""Documents of registries, repositories and images: JSON that is found by its kind and its name."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from fakeecr.store.models import Image, ImageDocument, RegistryDocument, RepositoryDocument
from fakeecr.store.pages import Page, Place, page_of
from fakeecr.store.prepared import Prepared

Table = type[RegistryDocument] | type[RepositoryDocument] | type[ImageDocument]
Content = TypeVar("Content")

_decode = msgspec.json.Decoder().decode


class Document(NamedTuple, Generic[Content]):
    """A stored document.

    Attributes:
        key: its key.
        name: tells the documents of one kind and owner apart; empty for a kind of which an owner has at most one.
        content: what was stored.
        created_at: when it was first stored.
        updated_at: when it was last stored.
    """

    key: int
    name: str
    content: Content
    created_at: datetime
    updated_at: datetime


class Kind(Generic[Content]):
    """A kind of document: where it is stored, and what it holds.

    Args:
        table: the table of documents of its owners, which are registries, repositories or images.
        name: the kind's name in that table.
    """

    def __init__(self, table: Table, name: str) -> None:
        self.name = name
        self.table = table

    def get(self, connection: Connection, owner_id: int | None, name: str = "") -> Document[Content] | None:
        """Return a document, or None if it, or its owner, does not exist."""
        if owner_id is None:
            return None
        documents = self._read(connection, self.table.owner_id == owner_id, self.table.name == name)
        return documents[0] if documents else None

    def get_all(
        self, connection: Connection, owner_id: int | None, names: Collection[str] | None = None
    ) -> list[Document[Content]]:
        """Return an owner's documents, all or those of these names, in the order in which they were created."""
        if owner_id is None:
            return []
        by_name = [] if names is None else [self.table.name.in_(names)]
        return self._read(connection, self.table.owner_id == owner_id, *by_name)

    def page(
        self,
        connection: Connection,
        owner_id: int | None,
        place: Place,
        *,
        names: Collection[str] | None = None,
        created_since: datetime | None = None,
    ) -> Page[Document[Content]]:
        """Return a page of an owner's documents, all or those of these names or since a moment, oldest first."""
        if owner_id is None:
            return Page([], None)
        conditions = [self.table.owner_id == owner_id, self.table.id > place.after]
        if names is not None:
            conditions.append(self.table.name.in_(names))
        if created_since is not None:
            conditions.append(self.table.created_at >= created_since)
        return page_of(self._read(connection, *conditions, limit=place.size + 1), place)

    def put(
        self, connection: Connection, owner_id: int, content: Content, moment: datetime, name: str = ""
    ) -> Document[Content]:
        """Store a document, in place of the owner's document of this kind and name, and return it."""
        text = msgspec.json.encode(content).decode()
        earlier = self.get(connection, owner_id, name)
        if earlier is not None:
            connection.execute(
                update(self.table).where(self.table.id == earlier.key).values(content=text, updated_at=moment)
            )
            return earlier._replace(content=content, updated_at=moment)
        values = {"owner_id": owner_id, "kind": self.name, "name": name, "content": text}
        statement = insert(self.table).values(created_at=moment, updated_at=moment, **values)
        key = connection.execute(statement.returning(self.table.id)).scalar_one()
        return Document(key=key, name=name, content=content, created_at=moment, updated_at=moment)

    def remove(self, connection: Connection, owner_id: int | None, name: str = "") -> Document[Content] | None:
        """Remove a document and return it, or return None if it does not exist."""
        document = self.get(connection, owner_id, name)
        if document is not None:
            connection.execute(delete(self.table).where(self.table.id == document.key))
        return document

    def everywhere(self, connection: Connection) -> list[tuple[int, Content]]:
        """Return every document of this kind, whatever its owner: the owner's key, and the content."""
        statement = select(self.table.owner_id, self.table.content).where(self.table.kind == self.name)
        rows = connection.execute(statement.order_by(self.table.id))
        return [(owner_id, _decode(content)) for owner_id, content in rows]

    def oldest_update(self, connection: Connection) -> datetime | None:
        """Return the earliest moment at which one of the documents was last stored, or None if there are none."""
        statement = select(func.min(self.table.updated_at)).where(self.table.kind == self.name)
        return connection.execute(statement).scalar()

    def _read(self, connection: Connection, *conditions: Any, limit: int | None = None) -> list[Document[Content]]:
        table = self.table
        statement = (
            select(table.id, table.name, table.content, table.created_at, table.updated_at)
            .where(table.kind == self.name, *conditions)
            .order_by(table.id)
            .limit(limit)
        )
        return [
            Document(row.id, row.name, _decode(row.content), row.created_at, row.updated_at)
            for row in connection.execute(statement)
        ]


class ImageKind(Kind[Content]):
    """A kind of document that images have."""

    def __init__(self, name: str) -> None:
        super().__init__(ImageDocument, name)

    def by_image(self, connection: Connection, repository_id: int) -> dict[int, Content]:
        """Return the contents of a repository's documents of this kind, by the images' keys."""
        statement = (
            select(ImageDocument.owner_id, ImageDocument.content)
            .join(Image.__table__, Image.id == ImageDocument.owner_id)
            .where(Image.repository_id == repository_id, ImageDocument.kind == self.name)
        )
        return {image_id: _decode(content) for image_id, content in connection.execute(statement)}


# --- What every push and pull reads of a registry ------------------------------------------------

_unnamed_documents = Prepared(
    select(RegistryDocument.kind, RegistryDocument.content).where(
        RegistryDocument.owner_id == bindparam("owner"), RegistryDocument.name == bindparam("name")
    )
)
_any_document = Prepared(
    select(RegistryDocument.id)
    .where(RegistryDocument.owner_id == bindparam("owner"), RegistryDocument.kind == bindparam("kind"))
    .limit(1)
)


def get_configurations(connection: Connection, registry_key: int) -> dict[str, Any]:
    """Return the documents of which a registry has at most one, by the names of their kinds."""
    rows = _unnamed_documents.rows(connection, {"owner": registry_key, "name": ""})
    return {kind: _decode(content) for kind, content in rows}


def has_any(connection: Connection, registry_key: int, kind: Kind[Any]) -> bool:
    """Whether a registry has a document of a kind."""
    return bool(_any_document.rows(connection, {"owner": registry_key, "kind": kind.name}))
