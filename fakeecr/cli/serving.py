"""What the commands `serve` and `run` share: the options of a fake, and a server of it."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fakeecr.cli.completion import complete_file
from fakeecr.cli.options import database_option, limits_option, registry_options
from fakeecr.cli.output import Progress, plain_warnings
from fakeecr.cli.seed import seed_database
from fakeecr.settings import MEMORY

if TYPE_CHECKING:
    from fakeecr.adapters.server.server import Server
    from fakeecr.settings import Settings

_SILENT = logging.NullHandler()

_Function = TypeVar("_Function", bound=Callable[..., Any])

_OPTIONS = [
    database_option,
    click.option(
        "--seed",
        "seeds",
        metavar="FILE",
        multiple=True,
        help="A seed to begin with; can be given several times.",
        shell_complete=complete_file,
    ),
    registry_options,
    limits_option,
    click.option("--require-layers", is_flag=True, help="Take images only after their layers, as AWS does."),
    click.option("--expire-daily", is_flag=True, help="Carry out lifecycle policies every 24 hours."),
]


def fake_options(command: _Function) -> _Function:
    """Add the options of a fake that is served; :func:`fakeecr.cli.options.make_settings` takes their values."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@contextmanager
def serving(settings: Settings, seeds: Sequence[str], host: str = "127.0.0.1", port: int = 0) -> Iterator[Server]:
    """Serve a fake with these settings and seeds; it stops at the end of the block.

    Args:
        settings: its settings.
        seeds: files of seeds. If there is a mistake in one, a state file is not created, or is as it was.
        host: the name or address to listen at.
        port: the port.

    Raises:
        SeedError: a seed is invalid.
        ServerError: it cannot listen there.
    """
    from fakeecr.fake import FakeECR

    in_memory = settings.database in (None, MEMORY)
    if seeds and not in_memory:
        with plain_warnings(), Progress("Seeding"):
            seed_database(settings, seeds)
    with FakeECR(**settings.as_arguments()) as fake:
        with plain_warnings():
            with Progress("Seeding"):
                for seed in seeds if in_memory else ():
                    fake.seed(seed)
            server = fake.serve(host, port)
        with server:
            yield server


@contextmanager
def logging_calls(is_on: bool) -> Iterator[None]:
    """Log a line for each call to standard error while the block lasts.

    Args:
        is_on: whether to do so.
    """
    if not is_on:
        yield
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    log = logging.getLogger("fakeecr.server")
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    # A line of a call has what would otherwise be logged about it, too.
    log.propagate = False
    others = logging.getLogger("fakeecr")
    others.addHandler(_SILENT)
    try:
        yield
    finally:
        others.removeHandler(_SILENT)
        log.propagate = True
        log.setLevel(level)
        log.removeHandler(handler)
