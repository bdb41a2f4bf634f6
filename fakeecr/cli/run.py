"""`fakeecr run`: a command whose ECR calls a fake answers, whatever language it is written in."""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
from typing import Any

import click

from fakeecr.cli.completion import complete_file
from fakeecr.cli.options import make_settings, place_of
from fakeecr.cli.serving import fake_options, logging_calls, serving
from fakeecr.settings import MEMORY

# What shells return for a command that is no program, and for one that they do not find.
_NOT_EXECUTABLE = 126
_NOT_FOUND = 127

# What asks a process to end; the command gets it, and decides. Windows has no SIGHUP.
_FORWARDED = [number for name in ("SIGTERM", "SIGHUP", "SIGINT") if (number := getattr(signal, name, None)) is not None]


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--log", is_flag=True, help="Log each call to standard error.")
@fake_options
@click.argument(
    "arguments",
    metavar="-- COMMAND…",
    nargs=-1,
    required=True,
    type=click.UNPROCESSED,
    shell_complete=complete_file,
)
def command(log: bool, database: str | None, seeds: tuple[str, ...], arguments: tuple[str, ...], **options: Any) -> int:
    """Run a command whose ECR calls a fake answers.

    The AWS CLI and the SDKs, in the command and in what it starts, find the fake by their environment. It has
    credentials that are worth nothing, so that calls to other services fail. Without a database, and with `--database
    :memory:`, the state is in memory. The exit code is that of the command.

    Example: fakeecr run --seed registries.yaml -- ./clean-up.sh --keep 10
    """
    if database and database != MEMORY:
        place_of(database)
    with logging_calls(log), serving(make_settings(database, **options), seeds) as server:
        early: list[int] = []
        child: subprocess.Popen[bytes] | None = None

        def forward(number: int, _: object) -> None:
            if number == signal.SIGINT and sys.stdin is not None and sys.stdin.isatty():
                return  # Ctrl-C has reached the command by the terminal
            if child is None:
                early.append(number)
            else:
                child.send_signal(number)

        # The command itself begins with the default handlers: only what is ignored is passed on, as by nohup.
        for number in _FORWARDED:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, forward)
        try:
            child = subprocess.Popen(arguments, env=server.environment)  # noqa: S603 - it is what the user asks for
        except OSError as error:
            click.echo(f"Error: {shlex.join(arguments)} cannot be run: {error.strerror}.", err=True)
            return _NOT_FOUND if isinstance(error, FileNotFoundError) else _NOT_EXECUTABLE
        for number in early:
            child.send_signal(number)
        exit_code = child.wait()
    return exit_code if exit_code >= 0 else 128 - exit_code
