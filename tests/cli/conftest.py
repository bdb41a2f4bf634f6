"""How the tests of the command line run it: in this process, or as a real one."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any, NamedTuple

import pytest

from fakeecr.cli.app import run


class Outcome(NamedTuple):
    """What a command printed, and its exit code."""

    exit_code: int
    output: str
    errors: str

    @property
    def json(self) -> Any:
        """Standard output, read as JSON."""
        return json.loads(self.output)


@pytest.fixture
def fakeecr(capfd):
    """Return a function that runs `fakeecr` with arguments in this process; its standard output is no terminal."""

    def run_command(*arguments: object) -> Outcome:
        capfd.readouterr()
        exit_code = run([str(argument) for argument in arguments])
        captured = capfd.readouterr()
        return Outcome(exit_code, captured.out, captured.err)

    return run_command


def run_process(*arguments: object, **options: Any) -> Outcome:
    """Run `python -m fakeecr` as a process of its own."""
    command = [sys.executable, "-m", "fakeecr", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **options)
    return Outcome(done.returncode, done.stdout, done.stderr)
