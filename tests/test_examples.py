"""Every example runs as it stands, for a user with a region of their own, and prints what it should."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"

QUICKSTART = """\
amazonlinux, in registry 012345678910 of us-west-2
  page  identifiers  first tag   last tag    nextToken
     1            2  2016.09     latest      no

team/service, in the default registry of us-east-1, with maxResults=100
  page  identifiers  first tag   last tag    nextToken
     1          100  build-1     build-100   yes
     2          100  build-101   build-200   yes
     3          100  build-201   build-300   yes
     4          100  build-301   build-400   yes
     5          100  build-401   build-500   yes
     6          100  build-501   build-600   yes
     7          100  build-601   build-700   yes
     8          100  build-701   build-800   yes
     9          100  build-801   build-900   yes
    10          100  build-901   build-1000  yes
    11          100  build-1001  build-1100  yes
    12          100  build-1101  build-1200  yes
    13           53  build-1201  (untagged)  no
"""

CLEANUP = """\
images before: 253
images after:  4
still needed:  2 images of an index with a tag
"""

MULTI_ARCH = """\
linux/amd64 is sha256:a9787dce…, application/vnd.oci.image.manifest.v1+json
linux/arm64 is sha256:1899a3f3…, application/vnd.oci.image.manifest.v1+json
before the index: {'ImageReferencedByManifestList'}
after it: 2 deleted
"""

FIRST_HALF = r"process (\d+) read build-1 build-2 build-3 build-4\n"
SECOND_HALF = r"process (\d+) read build-5 build-6 build-7 build-8\n"

TWO_TESTS_PASSED = r"\.\.\n-+\nRan 2 tests in .*\n\nOK\n"

# What a user types after `python`, and what is printed.
RUNS = {
    "examples/quickstart.py": re.escape(QUICKSTART),
    # pytest-asyncio, which no example needs, warns of a project that does not configure it.
    "-m pytest -q -p no:asyncio examples/test_with_pytest.py": r"\.\.\. +\[100%\]\n3 passed in .*\n",
    "-m pytest -q -p no:asyncio examples/test_cleanup_untagged.py": r"\.\.\.\. +\[100%\]\n4 passed in .*\n",
    "-m pytest -q -p no:asyncio examples/test_lifecycle_policy.py": r"\.\. +\[100%\]\n2 passed in .*\n",
    "examples/cleanup_untagged.py": re.escape(CLEANUP),
    "examples/multi_arch.py": re.escape(MULTI_ARCH),
    "-m unittest examples/unittest_case.py": TWO_TESTS_PASSED,
    "examples/unittest_case.py": TWO_TESTS_PASSED,
    "examples/state_between_runs.py": FIRST_HALF + SECOND_HALF,
}


@pytest.fixture
def python(tmp_path):
    """Run Python beside a copy of the examples, where nothing else of this project is."""
    shutil.copytree(EXAMPLES, tmp_path / "examples", ignore=shutil.ignore_patterns("__pycache__"))

    def run(*command):
        done = subprocess.run(
            [sys.executable, "-W", "error", *command],
            cwd=tmp_path,
            env={"AWS_DEFAULT_REGION": "eu-central-1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    return run


@pytest.mark.parametrize("command", RUNS)
def test_it_prints_what_it_should(python, command):
    printed = python(*command.split())
    assert re.fullmatch(RUNS[command], printed), printed


def test_the_state_is_kept_in_a_given_file(python, tmp_path):
    first, second = (python("examples/state_between_runs.py", "state.db") for _ in range(2))
    one, other = re.fullmatch(FIRST_HALF, first), re.fullmatch(SECOND_HALF, second)
    assert one, first
    assert other, second
    assert one[1] != other[1], "they were two processes"
    assert {file.name for file in tmp_path.iterdir()} == {"examples", "state.db", "state.token"}


def test_every_example_is_run():
    run = {command.rpartition("examples/")[2] for command in RUNS}
    assert {file.name for file in EXAMPLES.iterdir() if file.name != "__pycache__"} == run | {"registries.yaml"}
