"""What the commands `serve` and `run` share: the options of a fake, and a server of it."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fakeecr.cli.options import database_option, limits_option, registry_options

if TYPE_CHECKING:
    from fakeecr.adapters.server.server import Server
    from fakeecr.fake import FakeECR

_Function = TypeVar("_Function", bound=Callable[..., Any])

_OPTIONS = [
    database_option,
    click.option("--seed", "seeds", metavar="FILE", multiple=True, help="A seed to begin with; repeatable."),
    registry_options,
    limits_option,
    click.option("--require-layers", is_flag=True, help="Take images only after their layers, as AWS does."),
    click.option("--expire-daily", is_flag=True, help="Carry out lifecycle policies every 24 hours."),
]


def fake_options(command: _Function) -> _Function:
    """Add the options of a fake that is served; :func:`make_fake` takes their values."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def make_fake(database: str | None, **options: Any) -> FakeECR:
    """Return a fake with these options, not started.

    Raises:
        click.UsageError: an option is invalid.
    """
    from fakeecr.fake import FakeECR

    try:
        return FakeECR(database, **options)
    except (TypeError, ValueError) as error:
        raise click.UsageError(str(error)) from None


@contextmanager
def serving(fake: FakeECR, seeds: Sequence[str], host: str = "127.0.0.1", port: int = 0) -> Iterator[Server]:
    """Seed a fake, and serve it; both end with the context.

    Raises:
        SeedError: a seed is invalid.
        ServerError: it cannot listen there.
    """
    with fake:
        for seed in seeds:
            fake.seed(seed)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            server = fake.serve(host, port)
        for warning in caught:
            click.echo(f"Warning: {warning.message}", err=True)
        with server:
            yield server


def log_calls() -> None:
    """Log a line for each call to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    log = logging.getLogger("fakeecr")
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
