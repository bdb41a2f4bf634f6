"""The command line: `fakeecr`, or `python -m fakeecr`. It needs the extra ``fakeecr[server]``."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command that the arguments of this process name, and end the process with its exit code."""
    try:
        import click  # noqa: F401
    except ModuleNotFoundError:
        sys.exit("The command line of fakeecr is an extra: pip install 'fakeecr[server]'")
    from fakeecr.cli.app import run

    sys.exit(run(sys.argv[1:]))
