"""Options and arguments that several commands have, and the registries that they open.

What opens a database is imported when a command runs: help and completion need only the options.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from logging import NullHandler, getLogger
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fakeecr.cli.completion import complete_file, complete_image, complete_repository

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

    from fakeecr.aws_errors import ECRError
    from fakeecr.registry.call import Backend
    from fakeecr.rules.image_names import ImageName
    from fakeecr.settings import Settings

_Function = TypeVar("_Function", bound=Callable[..., Any])

_SILENT = NullHandler()

ACCOUNT_ID = "123456789012"
REGION = "us-east-1"

database_option = click.option(
    "--database",
    metavar="PATH|URL",
    envvar="FAKEECR_DATABASE",
    show_envvar=True,
    help="A SQLite file, or a SQLAlchemy URL of PostgreSQL.",
    shell_complete=complete_file,
)

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, also to a terminal.")


def _refuse_empty(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Return the value of an option, which may not be given as an empty text.

    Raises:
        click.BadParameter: it is.
    """
    if value == "":
        raise click.BadParameter("expected a value; got an empty text")
    return value


account_option = click.option(
    "--account-id",
    callback=_refuse_empty,
    metavar="ID",
    default=ACCOUNT_ID,
    show_default=True,
    help="The account of the default registry.",
)

region_option = click.option(
    "--region", callback=_refuse_empty, metavar="REGION", default=REGION, show_default=True, help="The default region."
)

limits_option = click.option(
    "--limits",
    type=click.Choice(["published", "installed"]),
    default="published",
    show_default=True,
    help="The limits of the published reference, or those of the installed botocore.",
)

repository_argument = click.argument(
    "repository", metavar="[REPOSITORY]", required=False, shell_complete=complete_repository
)
repositories_argument = click.argument(
    "repositories", metavar="[REPOSITORY]...", nargs=-1, shell_complete=complete_repository
)
image_argument = click.argument("image", metavar="REPOSITORY[:TAG|@DIGEST]", shell_complete=complete_image)


def registry_options(command: _Function) -> _Function:
    """Add the options that say which registry is meant: `account_id` and `region`."""
    return account_option(region_option(command))


def registries_options(command: _Function) -> _Function:
    """Add the options that say which registries are meant: `account_id` and `region`, None if they are not given.

    For commands that are about all registries unless they are told which.
    """
    account = click.option(
        "--account-id",
        callback=_refuse_empty,
        metavar="ID",
        help=f"Only this account. A repository is in {ACCOUNT_ID} if it is not given.",
    )
    region = click.option(
        "--region",
        callback=_refuse_empty,
        metavar="REGION",
        help=f"Only this region. A repository is in {REGION} if it is not given.",
    )
    return account(region(command))


# --- Opened --------------------------------------------------------------------------------------


@contextmanager
def open_registries(
    database: str | None, account_id: str | None = None, region: str | None = None, *, changes: bool = False
) -> Iterator[Backend]:
    """Open the registries of a database that exists, for commands that make no call of the API.

    Args:
        database: the value of the option `--database`.
        account_id: the account of the default registry; None for the usual one.
        region: the default region; None for the usual one.
        changes: whether the command may change the database. Otherwise one that is empty or older is refused, and
            stays as it is.

    Raises:
        click.UsageError: there is no such database, or an option is invalid.
        click.ClickException: ECR's error of what is done with the registries, with the notes on it.
        DatabaseError: the database cannot be used.
    """
    place = place_of(database)
    settings = make_settings(database, account_id, region)
    if not changes:
        from fakeecr.store.inspection import inspecting

        with inspecting(place, lock_timeout=settings.lock_timeout):
            pass
    with open_settings(settings) as backend:
        yield backend


@contextmanager
def open_settings(settings: Settings) -> Iterator[Backend]:
    """Open the registries of the database that settings name, which is created if it does not exist.

    Raises:
        click.ClickException: ECR's error of what is done with the registries, with the notes on it.
        DatabaseError: the database cannot be used.
    """
    from fakeecr.api.partitions import region_of
    from fakeecr.aws_errors import ECRError
    from fakeecr.registry.call import Backend
    from fakeecr.store.database import open_store

    # The notes on an error say what is logged beside it.
    getLogger("fakeecr").addHandler(_SILENT)
    store = open_store(settings.database, settings.lock_timeout)
    try:
        # No one subscribes to the events of a command.
        yield Backend(store, settings, region_of, lambda _: None)
    except ECRError as error:
        raise problem_of(error) from None
    finally:
        store.close()


def make_settings(
    database: str | None, account_id: str | None = None, region: str | None = None, **options: Any
) -> Settings:
    """Make the settings that options stand for.

    Args:
        database: the value of the option `--database`; nothing for memory.
        account_id: the account of the default registry; None for the usual one.
        region: the default region; None for the usual one.
        options: other settings.

    Raises:
        click.UsageError: an option is invalid.
    """
    from fakeecr.settings import Settings

    try:
        # An empty FAKEECR_DATABASE is one that is not set.
        return Settings(
            database=database or None, account_id=account_id or ACCOUNT_ID, region=region or REGION, **options
        )
    except (TypeError, ValueError) as error:
        raise click.UsageError(str(error)) from None


def read_name(text: str) -> ImageName:
    """Return what the name of a repository or an image says.

    Raises:
        click.UsageError: it is not such a name.
    """
    from fakeecr.rules.image_names import parse_image_name

    try:
        return parse_image_name(text)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def read_repository(text: str) -> ImageName:
    """Return what the name of a repository says.

    Raises:
        click.UsageError: it is not one, or names an image.
    """
    name = read_name(text)
    if not name.is_repository:
        raise click.UsageError(f"Expected a repository; got the image {text!r}. `fakeecr show {text}` shows it.")
    return name


def problem_of(error: ECRError) -> click.ClickException:
    """Return ECR's error, with its notes, as one that ends a command with exit code 1."""
    lines = [error.message or error.code, *getattr(error, "__notes__", ())]
    return click.ClickException("\n".join(lines))


def check_given(database: str | None) -> str:
    """Return the database that was given, if it is one that outlives a command.

    Raises:
        click.UsageError: none was given, or one in memory.
        DatabaseError: it is not a database that fakeecr can use.
    """
    if not database:
        raise click.UsageError("No database was given. Give one with --database, or set FAKEECR_DATABASE.")
    from fakeecr.store.database import locate

    if locate(database) is None:
        raise click.UsageError(
            f"The database {database} is in memory, and ends with the command. Give the path of a file."
        )
    return database


def place_of(database: str | None) -> Path | URL:
    """Return where a database is that exists, or that is on a server.

    Raises:
        click.UsageError: none was given, or one in memory, or a file that does not exist.
        DatabaseError: it is not a database that fakeecr can use.
    """
    from fakeecr.store.database import locate

    given = check_given(database)
    place = locate(given)
    assert place is not None  # noqa: S101 - one in memory was refused
    if isinstance(place, Path) and not place.exists():
        raise click.UsageError(
            f"The database {given} does not exist. `fakeecr seed` and `fakeecr serve` create one; or give the path "
            "of another with --database."
        )
    return place
