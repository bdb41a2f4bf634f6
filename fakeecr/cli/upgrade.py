"""`fakeecr upgrade`: an older database gets the newest schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fakeecr.cli.options import database_option, json_option, place_of
from fakeecr.cli.output import Progress, is_json, print_json

if TYPE_CHECKING:
    from fakeecr.store.upgrading import Upgrade


@click.command()
@database_option
@click.option("--no-copy", is_flag=True, help="Keep no copy. A database of PostgreSQL is upgraded only with this.")
@json_option
def command(database: str | None, no_copy: bool, as_json: bool) -> None:
    """Bring the database of an older fakeecr up to date.

    The file as it was is kept beside it: state.db.0002.bak is a copy of state.db with its old schema revision 0002.
    If the upgrade fails or is interrupted, the file stays as it was.

    Example: fakeecr upgrade --database state.db
    """
    from fakeecr.store import upgrading
    from fakeecr.store.database import describe

    place = place_of(database)
    with Progress("Upgrading") as progress:
        upgrade = upgrading.upgrade(place, keeps_copy=not no_copy, advance=progress.advance)
    name = describe(database)
    if is_json(as_json):
        print_json(
            {
                "database": name,
                "fromRevision": upgrade.from_revision,
                "toRevision": upgrade.to_revision,
                "copy": None if upgrade.copy is None else str(upgrade.copy),
            }
        )
    else:
        click.echo(_describe(name, upgrade))


def _describe(name: str, upgrade: Upgrade) -> str:
    if upgrade.from_revision == upgrade.to_revision:
        return f"{name} has the newest schema revision, {upgrade.to_revision}. Nothing was changed."
    kept = "No copy was made." if upgrade.copy is None else f"As it was, it is kept in {upgrade.copy}."
    return f"{name} was upgraded from the schema revision {upgrade.from_revision} to {upgrade.to_revision}. {kept}"
