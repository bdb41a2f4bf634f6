"""Scripts that run in a process of their own, to control what is imported first or to observe its end."""

from __future__ import annotations

import subprocess
import sys
import textwrap


def run_python(script: str) -> str:
    """Run a script, which may be indented, in a new process; return what it prints.

    Warnings are errors there, and so is anything on standard error.
    """
    process = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        check=False,
        env={
            "PATH": "",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "y",
        },
        timeout=60,
    )
    assert (process.returncode, process.stderr) == (0, "")
    return process.stdout
