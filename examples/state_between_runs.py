"""State that lasts: a first process reads half of a listing, a second one carries on with its token.

    python examples/state_between_runs.py [state.db]

Without a path the state is kept in a temporary file.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import boto3

from fakeecr import FakeECR


def first_run(state: Path) -> None:
    """Make a repository, read its first page and print the token."""
    with FakeECR(state) as ecr:
        ecr.seed({"registries": [{"repositories": [{"name": "web", "images": [{"count": 6, "tags": ["v{n}"]}]}]}]})
        page = boto3.client("ecr").list_images(repositoryName="web", maxResults=3)
        print(*[image["imageTag"] for image in page["imageIds"]], file=sys.stderr)
        print(page["nextToken"])


def second_run(state: Path, token: str) -> None:
    """Read what the first run left, after its token."""
    with FakeECR(state):
        page = boto3.client("ecr").list_images(repositoryName="web", nextToken=token)
        print(*[image["imageTag"] for image in page["imageIds"]], file=sys.stderr)


def main() -> None:
    """Start the two runs, each a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        state = sys.argv[1] if len(sys.argv) > 1 else str(Path(folder) / "state.db")
        command = [sys.executable, __file__]
        first = subprocess.run([*command, "first", state], check=True, stdout=subprocess.PIPE, text=True)
        subprocess.run([*command, "second", state, first.stdout.strip()], check=True)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["first", state]:
            first_run(Path(state))
        case ["second", state, token]:
            second_run(Path(state), token)
        case _:
            main()
