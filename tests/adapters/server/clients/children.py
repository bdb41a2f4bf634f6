"""Child processes that use a fake which is served by HTTP, as a program in any language would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from fakeecr import Server

# The tags of the images in the repository `web` of the tests.
TAGS = ["v0", "v1", "v2", "v3", "v4"]

# How many seconds a program may take.
_PATIENCE = 60


class Outcome(NamedTuple):
    """What a child process printed, and its exit code."""

    exit_code: int
    output: str
    errors: str

    @property
    def json(self) -> Any:
        """Standard output, read as JSON."""
        assert self.exit_code == 0, self.errors
        return json.loads(self.output)


def run_child(server: Server, command: Sequence[object], program: str = "", **options: Any) -> Outcome:
    """Run a command in the environment that a server provides, without a shell.

    Args:
        server: the server.
        command: the command and its arguments.
        program: what its standard input holds; it may be indented.
        options: other arguments of `subprocess.run`.
    """
    done = subprocess.run(
        [str(word) for word in command],
        input=textwrap.dedent(program),
        env=server.environment,
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
        **options,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def run_boto3(server: Server, script: str) -> Any:
    """Run a Python script that has boto3's `client`, in a process of its own; return its `result`."""
    return run_child(server, [sys.executable, "-"], f"{_BOTO3}\n{textwrap.dedent(script)}\n{_PRINT}").json


_BOTO3 = "import json, boto3; client = boto3.client('ecr')"
_PRINT = "print(json.dumps(result))"


# --- Programs that pip does not bring into the suite's environment -------------------------------


def clients_folder() -> Path:
    """Return the folder of the environment that `nox -s clients` makes for the tests with the marker `clients`."""
    folder = os.environ.get("FAKEECR_TEST_CLIENTS")
    if folder is None:
        pytest.fail("This test needs the programs that `nox -s clients` installs; it runs such tests.")
    return Path(folder)


def run_javascript(server: Server, script: str) -> Any:
    """Run a module of JavaScript that has the SDK as `sdk` and its `client`, by Node.js; return its `result`."""
    folder = clients_folder()
    program = f"{_JAVASCRIPT}\n{textwrap.dedent(script)}\nconsole.log(JSON.stringify(result));"
    return run_child(server, [folder / "bin" / "node", "--input-type=module", "-"], program, cwd=folder).json


_JAVASCRIPT = 'import * as sdk from "@aws-sdk/client-ecr"; const client = new sdk.ECRClient();'
