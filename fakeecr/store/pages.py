"""Keyset pages: the rows after a key, in the key's order, at the same cost at any depth."""

from __future__ import annotations

import functools
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Generic, NamedTuple, Protocol, TypeVar, cast

from sqlalchemy import ColumnElement, Connection, Select, bindparam, select

from fakeecr.store.models import Image, ImageIdentifier
from fakeecr.store.prepared import Prepared


class Place(NamedTuple):
    """Where a page begins, and how long it is.

    Attributes:
        after: the key of the last row of the page before; 0, which is before every key, for the first page.
        size: the largest number of rows.
    """

    after: int
    size: int


EVERYTHING = Place(0, 2**31)


class _Keyed(Protocol):
    @property
    def key(self) -> int: ...


Row = TypeVar("Row")
KeyedRow = TypeVar("KeyedRow", bound=_Keyed)


class Page(NamedTuple, Generic[Row]):
    """One page of a listing.

    Attributes:
        rows: at most as many as the place allows.
        last_key: the key of the last row if more rows follow, else None.
    """

    rows: Sequence[Row]
    last_key: int | None


def page_of(rows: Sequence[KeyedRow], place: Place) -> Page[KeyedRow]:
    """Build a page from its rows and, if another page follows, one row more."""
    if len(rows) <= place.size:
        return Page(rows, None)
    return Page(rows[: place.size], rows[place.size - 1].key)


class ImageFilter(NamedTuple):
    """Which images a listing contains.

    Attributes:
        status: their status; None for any.
        tagged: whether they have tags; None for both.
    """

    status: str | None = None
    tagged: bool | None = None


# --- Identifiers ---------------------------------------------------------------------------------


class IdentifierRow(NamedTuple):
    """A row of ListImages."""

    digest: str
    tag: str | None
    key: int


@functools.cache
def identifiers_statement(by_status: bool, by_tagged: bool) -> Prepared:
    """Return the one SELECT of a page; each filter has an index in the order of the keys."""
    row = ImageIdentifier.__table__.c
    statement = select(row.digest, row.tag, row.id).where(
        row.repository_id == bindparam("repository_id"), row.id > bindparam("after")
    )
    if by_status:
        statement = statement.where(row.image_status == bindparam("status"))
    if by_tagged:
        statement = statement.where(row.tagged == bindparam("tagged"))
    return Prepared(statement.order_by(row.id).limit(bindparam("rows")))


def identifiers(
    connection: Connection, repository_id: int, image_filter: ImageFilter, place: Place
) -> Page[IdentifierRow]:
    """Return a page of a repository's identifiers, oldest first.

    This is the hottest path of all, so its rows are the driver's plain tuples: they unpack like an IdentifierRow, but
    have no attributes. Building a hundred named tuples would take 3 % of the whole call (measured).
    """
    status, tagged = image_filter
    values: dict[str, Any] = {"repository_id": repository_id, "after": place.after, "rows": place.size + 1}
    if status is not None:
        values["status"] = status
    if tagged is not None:
        values["tagged"] = tagged
    rows = cast(
        "list[IdentifierRow]", identifiers_statement(status is not None, tagged is not None).rows(connection, values)
    )
    if len(rows) <= place.size:
        return Page(rows, None)
    rows.pop()
    _, _, last_key = rows[-1]
    return Page(rows, last_key)


# --- Images --------------------------------------------------------------------------------------


class ImageRow(NamedTuple):
    """An image as it is described; see :class:`fakeecr.store.models.Image`."""

    key: int
    digest: str
    status: str
    pushed_at: datetime
    media_type: str | None
    artifact_media_type: str | None
    size: int | None
    made_from: str | None
    subject: str | None
    pulled_at: datetime | None
    archived_at: datetime | None
    activated_at: datetime | None


_image_rows = select(
    Image.id,
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
)


@functools.cache
def images_statement(by_status: bool, by_tagged: bool) -> Select[*tuple[Any, ...]]:
    """Return the SELECT of a page of images; each filter has an index in the order of the keys."""
    statement = _image_rows.where(Image.repository_id == bindparam("repository_id"), Image.id > bindparam("after"))
    if by_status:
        statement = statement.where(Image.status == bindparam("status"))
    if by_tagged:
        statement = statement.where(Image.tagged == bindparam("tagged"))
    return statement.order_by(Image.id).limit(bindparam("rows"))


def images(connection: Connection, repository_id: int, image_filter: ImageFilter, place: Place) -> Page[ImageRow]:
    """Return a page of a repository's images, oldest first."""
    status, tagged = image_filter
    values = {
        "repository_id": repository_id,
        "after": place.after,
        "rows": place.size + 1,
        "status": status,
        "tagged": tagged,
    }
    statement = images_statement(status is not None, tagged is not None)
    return page_of([ImageRow._make(row) for row in connection.execute(statement, values)], place)


def get_images(connection: Connection, keys: Collection[int]) -> dict[int, ImageRow]:
    """Return images by their keys."""
    if not keys:
        return {}
    rows = [ImageRow._make(row) for row in connection.execute(_image_rows.where(Image.id.in_(keys)))]
    return {row.key: row for row in rows}


# --- Referrers -----------------------------------------------------------------------------------


class ReferrerRow(NamedTuple):
    """An image that has another as its subject."""

    key: int
    digest: str
    media_type: str | None
    artifact_type: str | None
    manifest: bytes | None
    status: str


def referrers(
    connection: Connection,
    repository_id: int,
    subject: str,
    place: Place,
    *,
    artifact_types: Collection[str] = (),
    status: str | None = None,
) -> Page[ReferrerRow]:
    """Return a page of the images that refer to a subject, oldest first.

    Args:
        connection: a transaction.
        repository_id: the repository's key.
        subject: the digest of the image they refer to.
        place: where the page begins.
        artifact_types: the artifact types to include; empty for all.
        status: the status to include; None for all.
    """
    conditions: list[ColumnElement[bool]] = [
        Image.repository_id == repository_id,
        Image.subject == subject,
        Image.id > place.after,
    ]
    if artifact_types:
        conditions.append(Image.artifact_type.in_(artifact_types))
    if status is not None:
        conditions.append(Image.status == status)
    statement = (
        select(Image.id, Image.digest, Image.media_type, Image.artifact_type, Image.manifest, Image.status)
        .where(*conditions)
        .order_by(Image.id)
        .limit(place.size + 1)
    )
    return page_of([ReferrerRow(*row) for row in connection.execute(statement)], place)
