"""Keep state between runs: one process lists half of a repository, the next continues with its token.

`python examples/state_between_runs.py` runs both processes, on a temporary file.
`python examples/state_between_runs.py state.db` runs one of them; call it twice.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from fakeecr import FakeECR


def run(state: Path) -> None:
    """List the first half and save the token; or the second half, if an earlier run saved a token."""
    token_file = state.with_suffix(".token")
    with FakeECR(state) as ecr:
        client = ecr.client()
        if token_file.exists():
            page = client.list_images(repositoryName="web", nextToken=token_file.read_text())
        else:
            for build in range(1, 9):
                ecr.push("web", f"build-{build}")
            page = client.list_images(repositoryName="web", maxResults=4)
            token_file.write_text(page["nextToken"])
    print(f"process {os.getpid()} read", *(image["imageTag"] for image in page["imageIds"]))


def main() -> None:
    """Run once on the given file, or twice on a temporary file."""
    if len(sys.argv) > 1:
        run(Path(sys.argv[1]))
        return
    with tempfile.TemporaryDirectory() as directory:
        for _ in range(2):
            subprocess.run([sys.executable, __file__, f"{directory}/state.db"], check=True)


if __name__ == "__main__":
    main()
