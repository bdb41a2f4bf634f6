"""Options that several commands have, and the fake that they open."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from fakeecr.fake import FakeECR
from fakeecr.settings import is_path

_Function = TypeVar("_Function", bound=Callable[..., Any])

database_option = click.option(
    "--database",
    metavar="PATH|URL",
    envvar="FAKEECR_DATABASE",
    show_envvar=True,
    help="A SQLite file, or a SQLAlchemy URL of PostgreSQL.",
)

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, also to a terminal.")

account_option = click.option(
    "--account-id", metavar="ID", default="123456789012", show_default=True, help="The account of the default registry."
)

region_option = click.option(
    "--region", metavar="REGION", default="us-east-1", show_default=True, help="The default region."
)


def registry_options(command: _Function) -> _Function:
    """Add the options that say which registry is meant: `account_id` and `region`."""
    return account_option(region_option(command))


def open_fake(
    database: str | None, account_id: str = "123456789012", region: str = "us-east-1", *, create: bool = False
) -> FakeECR:
    """Return a fake with this database, not started; use it as a context manager.

    Args:
        database: the value of the option `--database`.
        account_id: the account of the default registry.
        region: the default region.
        create: whether a missing file is created. Otherwise it is an error, and so is no database at all.

    Raises:
        click.UsageError: there is no such database, or an option is invalid.
    """
    if not create:
        check_exists(database)
    try:
        return FakeECR(database, account_id=account_id, region=region)
    except (TypeError, ValueError) as error:
        raise click.UsageError(str(error)) from None


def check_exists(database: str | None) -> None:
    """Check that a database was given, and that it exists if it is a file.

    Raises:
        click.UsageError: it does not.
    """
    if not database:
        raise click.UsageError("No database was given. Give one with --database, or set FAKEECR_DATABASE.")
    if is_path(database) and not Path(database).expanduser().exists():
        raise click.UsageError(
            f"The database {database} does not exist. `fakeecr seed` and `fakeecr serve` create one; or give the path "
            "of another with --database."
        )
