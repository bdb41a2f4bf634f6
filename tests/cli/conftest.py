"""How the tests of the command line run it: in this process, or as a real one."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from fakeecr import FakeECR
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

    @property
    def lines(self) -> list[str]:
        """The lines that a terminal shows, without colours."""
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self.output).splitlines()


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


def run_in_terminal(*arguments: object, columns: int = 80, **environment: str) -> Outcome:
    """Run `python -m fakeecr` in a terminal, which shows standard output and standard errors together."""
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    variables = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")}
    command = [sys.executable, "-m", "fakeecr", *map(str, arguments)]
    process = subprocess.Popen(
        command, stdin=child, stdout=child, stderr=child, env={**variables, "TERM": "xterm-256color", **environment}
    )
    os.close(child)
    shown = b""
    # The end of the process is the end of the terminal: an error on Linux, nothing more to read elsewhere.
    while True:
        try:
            part = os.read(parent, 65536)
        except OSError:
            break
        if not part:
            break
        shown += part
    os.close(parent)
    return Outcome(process.wait(60), shown.decode().replace("\r\n", "\n"), "")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Return a state file: `team/web` with two images, an index with its two images, and another registry."""
    file = tmp_path / "state.db"
    with FakeECR(file) as ecr:
        for number, tag in enumerate(("1.0", "2.0"), start=1):
            ecr.push("team/web", tag, pushed_at=f"2024-05-0{number}T10:00:00Z", layers=[b"%d" % number])
        ecr.push("multi", "1.0", platforms=["linux/amd64", "linux/arm64/v8"], pushed_at="2024-05-03")
        ecr.push("base", "old", region="eu-west-1", registry_id="210987654321")
    return file
