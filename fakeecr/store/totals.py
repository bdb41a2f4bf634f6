"""How much there is: registries, repositories and images, counted, and the sizes of images added up."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, case, func, select

from fakeecr.rules.manifests import EMPTY_BLOB, LISTS
from fakeecr.store.models import Image, ImageIdentifier, Registry, Repository
from fakeecr.store.repositories import UPSTREAM


class Totals(NamedTuple):
    """How many registries, repositories and images a database has, without those upstream of caches."""

    registries: int
    repositories: int
    images: int


class RepositoryTotals(NamedTuple):
    """What a repository has.

    Attributes:
        images: the number of its images, lists of images included.
        size: the sizes of its images in bytes, added up. A list is not counted, because its size is that of its
            largest image; a layer is counted once for each image that has it.
    """

    images: int = 0
    size: int = 0


class ImageCounts(NamedTuple):
    """How many images a repository has, how many of them have no tag, and how many tags the others have."""

    images: int
    untagged: int
    tags: int


def count_everything(connection: Connection) -> Totals:
    """Return how much a database has."""
    registries = select(func.count()).select_from(Registry).where(Registry.account_id != UPSTREAM)
    repositories = (
        select(func.count())
        .select_from(Repository)
        .join(Registry, Repository.registry_id == Registry.id)
        .where(Registry.account_id != UPSTREAM)
    )
    images = repositories.join(Image, Image.repository_id == Repository.id)
    return Totals(*(connection.execute(statement).scalar_one() for statement in (registries, repositories, images)))


def of_repositories(connection: Connection, registry_key: int) -> dict[str, RepositoryTotals]:
    """Return what each repository of a registry has, by their names; empty repositories are left out."""
    own_size = func.coalesce(Image.size, case((Image.made_from.is_not(None), len(EMPTY_BLOB)), else_=0))
    size = case((Image.media_type.in_(LISTS), 0), else_=own_size)
    statement = (
        select(Repository.name, func.count(), func.sum(size))
        .join(Image, Image.repository_id == Repository.id)
        .where(Repository.registry_id == registry_key)
        .group_by(Repository.name)
    )
    return {name: RepositoryTotals(count, int(total)) for name, count, total in connection.execute(statement)}


def count_images(connection: Connection, repository_key: int) -> ImageCounts:
    """Return how many images, of any status, and tags a repository has."""
    by_tagged = select(Image.tagged, func.count()).where(Image.repository_id == repository_key).group_by(Image.tagged)
    counts = {bool(tagged): number for tagged, number in connection.execute(by_tagged)}
    tags = select(func.count()).where(ImageIdentifier.repository_id == repository_key, ImageIdentifier.tagged.is_(True))
    return ImageCounts(sum(counts.values()), counts.get(False, 0), connection.execute(tags).scalar_one())
