"""State that lasts: one process reads half of a repository, and the next carries on with its token.

`python examples/state_between_runs.py` starts both, on a temporary file.
`python examples/state_between_runs.py state.db` is one of them; run it twice.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from fakeecr import FakeECR


def run(state: Path) -> None:
    """Read the first half and keep the token; or the second half, if a run before this one kept it."""
    kept = state.with_suffix(".token")
    with FakeECR(state) as ecr:
        client = ecr.client()
        if kept.exists():
            half = client.list_images(repositoryName="web", nextToken=kept.read_text())
        else:
            for build in range(1, 9):
                ecr.push("web", f"build-{build}")
            half = client.list_images(repositoryName="web", maxResults=4)
            kept.write_text(half["nextToken"])
    print(f"process {os.getpid()} read", *(image["imageTag"] for image in half["imageIds"]))


def main() -> None:
    """Run once on a given file, or twice on a temporary one."""
    if len(sys.argv) > 1:
        run(Path(sys.argv[1]))
        return
    with tempfile.TemporaryDirectory() as directory:
        for _ in range(2):
            subprocess.run([sys.executable, __file__, f"{directory}/state.db"], check=True)


if __name__ == "__main__":
    main()
