"""`fakeecr seed`: registries from files."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fakeecr.cli.completion import complete_file
from fakeecr.cli.options import (
    check_given,
    database_option,
    json_option,
    limits_option,
    make_settings,
    open_settings,
    registry_options,
)
from fakeecr.cli.output import Progress, count, is_json, plain_warnings, print_json

if TYPE_CHECKING:
    from fakeecr.seeds.load import SeedText
    from fakeecr.settings import Limits, Settings
    from fakeecr.store.totals import Totals


@click.command(short_help="Add what seed files describe to a database.")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, shell_complete=complete_file)
@database_option
@registry_options
@limits_option
@json_option
def command(
    files: tuple[str, ...], database: str | None, account_id: str, region: str, limits: Limits, as_json: bool
) -> None:
    """Add what seed files describe to a database, which is created if it does not exist.

    Example: fakeecr seed registries.yaml --database state.db

    All files are stored, or nothing if there is a mistake in one of them; seeding twice is the same as seeding once.
    The file - is standard input.
    """
    settings = make_settings(check_given(database), account_id, region, limits=limits)
    sources = [_source(file) for file in files]
    with _interruptible(), plain_warnings(), Progress("Seeding"):
        before, after = seed_database(settings, sources)
    added = {name: value - getattr(before, name) for name, value in after._asdict().items()}
    if is_json(as_json):
        print_json({"added": added, "total": after._asdict()})
    else:
        click.echo(f"Added {_count(**added)}. In all: {_count(*after)}.")


def _count(registries: int, repositories: int, images: int) -> str:
    return ", ".join(
        (
            count(registries, "registry", "registries"),
            count(repositories, "repository", "repositories"),
            count(images, "image"),
        )
    )


def _source(file: str) -> str | SeedText:
    from fakeecr.seeds.load import SeedText

    if file != "-":
        return file
    if sys.stdin is None:
        raise click.UsageError("The seed - is standard input, which is closed.")
    return SeedText("standard input", sys.stdin.buffer.read())


def seed_database(settings: Settings, sources: Sequence[str | SeedText]) -> tuple[Totals, Totals]:
    """Seed a database; a new file appears with all of the seeds in it, or not at all."""
    from fakeecr.errors import DatabaseError
    from fakeecr.seeds.writer import beside
    from fakeecr.store.database import locate

    file = locate(settings.database)
    if not isinstance(file, Path) or file.exists() or not os.access(file.parent, os.W_OK):
        return _seed(settings, sources)
    new = beside(file)
    try:
        totals = _seed(_with_database(settings, new), sources)
        try:
            file.hardlink_to(new)
        except OSError:
            # Another process has created it meanwhile, or these files cannot have two names.
            return _seed(settings, sources)
        return totals
    except DatabaseError as error:
        raise DatabaseError(str(error).replace(str(new), str(file))) from None
    finally:
        for name in (new.name, f"{new.name}-wal", f"{new.name}-shm", f"{new.name}-journal"):
            new.with_name(name).unlink(missing_ok=True)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let SIGTERM interrupt the block as Ctrl-C does, so that nothing half done is left."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _with_database(settings: Settings, file: Path) -> Settings:
    from fakeecr.settings import Settings

    return Settings(**{**settings.as_arguments(), "database": file})


def _seed(settings: Settings, sources: Sequence[str | SeedText]) -> tuple[Totals, Totals]:
    """Seed a database, and return how much it had before, and has now."""
    from fakeecr import clock
    from fakeecr.seeds.load import read_seed, write_seed
    from fakeecr.store.totals import count_everything

    seeds = [read_seed(source, settings) for source in sources]
    with open_settings(settings) as backend, backend.writing() as call:
        before = count_everything(call.connection)
        for seed in seeds:
            write_seed(call, seed, clock.now())
        return before, count_everything(call.connection)
