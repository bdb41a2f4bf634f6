"""Scripts that need a process of their own: what is imported first, what is left at the end."""

from __future__ import annotations

import subprocess
import sys
import textwrap


def run_python(script: str) -> str:
    """Run a script, indented or not, in a process of its own, in which warnings are errors; give what it prints."""
    done = subprocess.run(
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
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout
