"""What is near something that is missing: names next to a name, and repositories that do have it.

Notes on errors ask this. However much a database holds, an answer costs the same, because each question reads a
bounded number of rows by an index.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import chain, zip_longest
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, exists, select
from sqlalchemy.orm import InstrumentedAttribute

from fakeecr.store.models import Image, ImageIdentifier, Layer, Registry, Repository
from fakeecr.store.prepared import Prepared
from fakeecr.store.repositories import UPSTREAM, RepositoryAddress

# How many names are read on either side of a name, how many identifiers, and how many repositories are searched.
_NAMES = 100
MOST_IDENTIFIERS = 100
_REPOSITORIES = 1000


class Nearby(NamedTuple):
    """The names that come before and after a name in the alphabet, the nearest of each first.

    Attributes:
        before: the names that come before it.
        after: the names that come after it.
    """

    before: Sequence[str]
    after: Sequence[str]

    @property
    def are_all(self) -> bool:
        """Whether there are no more names than these."""
        return len(self.before) < _NAMES and len(self.after) < _NAMES

    def nearest_first(self) -> list[str]:
        """Return all of them, the nearest first."""
        return [name for name in chain(*zip_longest(self.before, self.after)) if name is not None]

    def around(self, count: int) -> list[str]:
        """Return at most so many of them, the nearest, in the order of the alphabet."""
        before = min(len(self.before), max(count // 2, count - len(self.after)))
        return [*reversed(self.before[:before]), *self.after[: count - before]]


class Identifier(NamedTuple):
    """An image identifier: the image's digest, its tag if it has one, and the image's status."""

    digest: str
    tag: str | None
    status: str


# --- Names ---------------------------------------------------------------------------------------


def repositories_near(connection: Connection, registry_id: int, name: str) -> Nearby:
    """Return the names of a registry's repositories that are next to a name."""
    return _names_near(connection, Repository.name, Repository.registry_id, registry_id, name)


def tags_near(connection: Connection, repository_id: int, tag: str) -> Nearby:
    """Return the tags of a repository that are next to a tag."""
    return _names_near(connection, ImageIdentifier.tag, ImageIdentifier.repository_id, repository_id, tag)


def _names_near(
    connection: Connection, names: InstrumentedAttribute[Any], owners: InstrumentedAttribute[int], owner: int, name: str
) -> Nearby:
    values = {"owner": owner, "name": name}
    before, after = _neighbours(names, owners)
    return Nearby(
        [row[0] for row in before.rows(connection, values)], [row[0] for row in after.rows(connection, values)]
    )


def first_identifiers(connection: Connection, repository_id: int) -> list[Identifier]:
    """Return the first hundred image identifiers of a repository, whatever their status, oldest first."""
    return [Identifier(*row) for row in _first_identifiers().rows(connection, {"repository_id": repository_id})]


# --- Other repositories --------------------------------------------------------------------------


def registries_with(connection: Connection, name: str) -> list[tuple[str, str]]:
    """Return account and region of every registry, except upstream ones, that has a repository of this name."""
    return [(account_id, region) for account_id, region in _registries_with().rows(connection, {"name": name})]


def repository_with_image(connection: Connection, digest: str) -> RepositoryAddress | None:
    """Return a repository that has an image, of the first thousand repositories; None if none of them has it."""
    return _repository_with(connection, Image.repository_id, Image.digest, digest)


def repository_with_layer(connection: Connection, digest: str) -> RepositoryAddress | None:
    """Return a repository that has a layer, of the first thousand repositories; None if none of them has it."""
    return _repository_with(connection, Layer.repository_id, Layer.digest, digest)


def _repository_with(
    connection: Connection, owners: InstrumentedAttribute[int], digests: InstrumentedAttribute[Any], digest: str
) -> RepositoryAddress | None:
    rows = _repository_having(owners, digests).rows(connection, {"digest": digest})
    return RepositoryAddress(*rows[0]) if rows else None


# --- Statements ----------------------------------------------------------------------------------
# They are prepared, because code under test asks for what does not exist as a matter of course; and they are built when
# they are first needed, because building them all would cost every start of a fake some milliseconds.


@cache
def _neighbours(names: InstrumentedAttribute[Any], owners: InstrumentedAttribute[int]) -> tuple[Prepared, Prepared]:
    """Build the statements that read the names before and after a name, among those of one owner."""
    statement = select(names).where(owners == bindparam("owner")).limit(_NAMES)
    return (
        Prepared(statement.where(names < bindparam("name")).order_by(names.desc())),
        Prepared(statement.where(names > bindparam("name")).order_by(names)),
    )


@cache
def _first_identifiers() -> Prepared:
    identifier = ImageIdentifier
    return Prepared(
        select(identifier.digest, identifier.tag, identifier.image_status)
        .where(identifier.repository_id == bindparam("repository_id"))
        .order_by(identifier.id)
        .limit(MOST_IDENTIFIERS)
    )


@cache
def _registries_with() -> Prepared:
    return Prepared(
        select(Registry.account_id, Registry.region)
        .join(Repository, Repository.registry_id == Registry.id)
        .where(Repository.name == bindparam("name"), Registry.account_id != UPSTREAM)
        .order_by(Registry.account_id, Registry.region)
    )


@cache
def _repository_having(owners: InstrumentedAttribute[int], digests: InstrumentedAttribute[Any]) -> Prepared:
    """Build the statement that finds a repository which has an image or a layer."""
    upstream = select(Registry.id).where(Registry.account_id == UPSTREAM)
    searched = (
        select(Repository.id, Repository.registry_id, Repository.name)
        .where(Repository.registry_id.not_in(upstream))
        .order_by(Repository.id)
        .limit(_REPOSITORIES)
        .subquery()
    )
    return Prepared(
        select(Registry.account_id, Registry.region, searched.c.name)
        .join(searched, searched.c.registry_id == Registry.id)
        # One look into the index of digests, which begins with the repository, for each repository that is searched.
        .where(exists().where(owners == searched.c.id, digests == bindparam("digest")))
        .order_by(searched.c.id)
        .limit(1)
    )
