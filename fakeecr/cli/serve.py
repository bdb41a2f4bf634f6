"""`fakeecr serve`: a fake for every process and every language, until it is stopped."""

from __future__ import annotations

import signal
import threading
from typing import Any

import click

from fakeecr.cli.options import make_settings
from fakeecr.cli.serving import fake_options, logging_calls, serving


@click.command(short_help="Serve ECR by HTTP.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The name or address to listen at.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=4510,
    show_default=True,
    help="The port to listen at; 0 for any that is free.",
)
@click.option("--quiet", "-q", is_flag=True, help="Do not log each call.")
@fake_options
def command(host: str, port: int, quiet: bool, database: str | None, seeds: tuple[str, ...], **options: Any) -> None:
    """Serve ECR by HTTP, until SIGINT (Ctrl-C) or SIGTERM.

    Without a database the state is in memory, and is lost at the end. One that does not exist is created. What
    to export, so that the AWS CLI and the SDKs use it, is printed first; each call is logged to standard error.

    Example: fakeecr serve --database state.db --seed registries.yaml
    """
    from fakeecr.adapters.server.environment import shell_lines

    settings = make_settings(database, **options)
    with logging_calls(not quiet), serving(settings, seeds, host, port) as server:
        stopped = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopped.set())
        click.echo(f"# {database or 'A fake in memory'} is served at {server.url}. In the shell of a client:")
        for line in shell_lines(server.url, settings.region):
            click.echo(line)
        stopped.wait()
        # A second signal ends the process at once, whatever it waits for.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
