"""`fakeecr ls`: what there is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from fakeecr.cli.options import (
    database_option,
    json_option,
    open_registries,
    read_repository,
    registries_options,
    repository_argument,
)
from fakeecr.cli.output import (
    Column,
    Progress,
    count,
    describe_moment,
    describe_size,
    is_json,
    print_json,
    print_table,
    shorten_digest,
)

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import ImageDetailTypeDef

    from fakeecr.registry.call import Backend
    from fakeecr.rules.image_names import ImageName

_REPOSITORIES = [
    Column("REPOSITORY", "cyan", wraps=True),
    Column("IMAGES", is_number=True),
    Column("SIZE", is_number=True),
    Column("CREATED (UTC)"),
]
_IMAGES = [
    Column("TAGS", "cyan", wraps=True),
    Column("DIGEST"),
    Column("SIZE", is_number=True),
    Column("PUSHED (UTC)"),
    Column(""),
]


@click.command(short_help="List registries and repositories, or the images of one.")
@repository_argument
@registries_options
@database_option
@json_option
def command(
    repository: str | None, account_id: str | None, region: str | None, database: str | None, as_json: bool
) -> None:
    """List registries and their repositories, or the images of one repository.

    Example: fakeecr ls team/web --database state.db

    A repository may also be given by its URI, which names its registry.
    """
    name = None if repository is None else read_repository(repository)
    with open_registries(database, account_id, region) as backend:
        if name is None:
            registries = _read_registries(backend, account_id, region)
            if is_json(as_json):
                print_json({"registries": registries})
            else:
                _print_registries(registries)
        elif is_json(as_json):
            print_json({"imageDetails": _read_images(backend, name)})
        else:
            _print_images(backend, name)


def _read_registries(backend: Backend, account_id: str | None, region: str | None) -> list[dict[str, Any]]:
    """Return the registries of an account and a region, None for any, with the repositories of each."""
    from fakeecr.cli.reading import all_repositories, get_registries
    from fakeecr.store import totals

    registries = []
    with backend.reading() as call:
        for registry in get_registries(call, account_id, region):
            by_name = totals.of_repositories(call.connection, registry.key)
            repositories = []
            for repository in all_repositories(call.in_region(registry.region), registry.account_id):
                images, size = by_name.get(repository["repositoryName"], totals.RepositoryTotals())
                repositories.append({**repository, "imageCount": images, "imageSizeInBytes": size})
            registries.append(
                {"registryId": registry.account_id, "region": registry.region, "repositories": repositories}
            )
    return registries


def _print_registries(registries: list[dict[str, Any]]) -> None:
    if not registries:
        click.echo("There are no registries.")
    for number, registry in enumerate(registries):
        repositories = registry["repositories"]
        rows = [
            (
                repository["repositoryName"],
                f"{repository['imageCount']:,}",
                describe_size(repository["imageSizeInBytes"]),
                describe_moment(repository["createdAt"]),
            )
            for repository in repositories
        ]
        if number:
            click.echo()
        total = count(len(repositories), "repository", "repositories")
        print_table(_REPOSITORIES, rows, f"{registry['registryId']} {registry['region']}: {total}")


def _read_images(backend: Backend, name: ImageName) -> list[ImageDetailTypeDef]:
    from fakeecr.cli.reading import all_images, find_named

    images = []
    with backend.reading() as call, Progress("Reading images") as progress:
        for image in all_images(*find_named(call, name)):
            images.append(image)
            progress.advance()
    return images


def _print_images(backend: Backend, name: ImageName) -> None:
    from fakeecr.cli.reading import all_images, find_named

    with backend.reading() as call:
        print_table(_IMAGES, map(_row, all_images(*find_named(call, name))))


def _row(image: ImageDetailTypeDef) -> tuple[str, ...]:
    from fakeecr.rules.manifests import LISTS

    notes = ["index"] if image["imageManifestMediaType"] in LISTS else []
    if image["imageStatus"] != "ACTIVE":
        notes.append(image["imageStatus"].lower())
    return (
        ", ".join(image.get("imageTags", ["-"])),
        shorten_digest(image["imageDigest"]),
        describe_size(image["imageSizeInBytes"]),
        describe_moment(image["imagePushedAt"]),
        ", ".join(notes),
    )
