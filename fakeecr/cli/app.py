"""The command `fakeecr`: its subcommands, each loaded when it is used, and the exit codes."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from fakeecr._version import __version__
from fakeecr.errors import FakeECRError

# A command found a problem, or could not do what it was asked.
PROBLEM = 1

# The commands in the order of the help text. Each is the function `command` of a module of this package.
_COMMANDS = ("serve", "run", "seed", "ls", "show", "dump", "expire", "check", "upgrade", "capture")


class _Commands(click.Group):
    """A group that imports the module of a command when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"fakeecr.cli.{cmd_name}").command
        return command


@click.group(cls=_Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="fakeecr")
@click.pass_context
def cli(context: click.Context) -> None:
    """Amazon ECR on this machine: serve it, fill it, look into it."""
    if context.invoked_subcommand is None:
        # What click does without a command depends on its version.
        click.echo(context.get_help())


def run(arguments: Sequence[str]) -> int:
    """Run a command, and return the exit code: 0, 1 for a problem, or 2 for a wrong use; 130 if it was interrupted.

    Args:
        arguments: the arguments of the command line, without the program's name.
    """
    if "_FAKEECR_COMPLETE" in os.environ:
        import_module("fakeecr.cli.completion")
    try:
        result: Any = cli.main(list(arguments), prog_name="fakeecr", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 128 + signal.SIGINT
    except FakeECRError as error:
        return _fail(str(error))
    except BrokenPipeError:
        # What reads the output, such as `head`, has seen enough. Nothing more can be written, at the exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PROBLEM
    except Exception as error:
        if os.environ.get("FAKEECR_TRACEBACK"):
            raise
        return _fail(
            f"{type(error).__name__}: {error}\nThis is a fault of fakeecr. Please report it with the traceback, which "
            "FAKEECR_TRACEBACK=1 shows."
        )
    # A command returns its exit code, or None if it did what it was asked. click returns that of ctx.exit().
    return result if isinstance(result, int) else 0


def _fail(message: str) -> int:
    click.echo(f"Error: {message}", err=True)
    return PROBLEM
