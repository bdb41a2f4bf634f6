"""Python processes that begin their work at the same time."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Sequence


def run_simultaneously(script: str, arguments: Iterable[Sequence[str]]) -> None:
    """Run a script in one process for each list of arguments, and check that every process exits with 0.

    The script must read its standard input to the end before its work: the input ends once all processes have started.
    """
    processes = [subprocess.Popen([sys.executable, "-c", script, *each], stdin=subprocess.PIPE) for each in arguments]
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
    assert [process.wait() for process in processes] == [0] * len(processes)
