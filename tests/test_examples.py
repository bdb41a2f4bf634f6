"""Every example runs without changes, also for a user with a default region, and prints what is expected."""

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

# The arguments of `python`, and a pattern of the output.
EXPECTED_OUTPUTS = {
    "examples/quickstart.py": re.escape(QUICKSTART),
    # No example needs pytest-asyncio, which warns about a project that does not configure it.
    "-m pytest -q -p no:asyncio examples/test_with_pytest.py": r"\.\.\. +\[100%\]\n3 passed in .*\n",
    "-m pytest -q -p no:asyncio examples/test_cleanup_untagged.py": r"\.\.\.\. +\[100%\]\n4 passed in .*\n",
    "-m pytest -q -p no:asyncio examples/test_lifecycle_policy.py": r"\.\. +\[100%\]\n2 passed in .*\n",
    "-m pytest -q -p no:asyncio examples/test_lambda_handler.py": r"\.\.\. +\[100%\]\n3 passed in .*\n",
    "examples/cleanup_untagged.py": re.escape(CLEANUP),
    "examples/multi_arch.py": re.escape(MULTI_ARCH),
    "-m unittest examples/unittest_case.py": TWO_TESTS_PASSED,
    "examples/unittest_case.py": TWO_TESTS_PASSED,
    "examples/state_between_runs.py": FIRST_HALF + SECOND_HALF,
}


@pytest.fixture
def run_python(tmp_path):
    """Return a function that runs Python in a directory with a copy of the examples and nothing else of the project."""
    shutil.copytree(EXAMPLES, tmp_path / "examples", ignore=shutil.ignore_patterns("__pycache__"))

    def run(*arguments):
        process = subprocess.run(
            [sys.executable, "-W", "error", *arguments],
            cwd=tmp_path,
            env={"AWS_DEFAULT_REGION": "eu-central-1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert process.returncode == 0, process.stdout
        return process.stdout

    return run


@pytest.mark.parametrize("arguments", EXPECTED_OUTPUTS)
def test_an_example_prints_its_expected_output(run_python, arguments):
    output = run_python(*arguments.split())

    assert re.fullmatch(EXPECTED_OUTPUTS[arguments], output), output


def test_the_example_of_state_between_runs_continues_in_a_second_process(run_python, tmp_path):
    first, second = (run_python("examples/state_between_runs.py", "state.db") for _ in range(2))

    first_match, second_match = re.fullmatch(FIRST_HALF, first), re.fullmatch(SECOND_HALF, second)
    assert first_match, first
    assert second_match, second
    assert first_match[1] != second_match[1], "both runs were the same process"
    assert {file.name for file in tmp_path.iterdir()} == {"examples", "state.db", "state.token"}


def test_every_example_has_an_expected_output():
    files = {arguments.rpartition("examples/")[2] for arguments in EXPECTED_OUTPUTS}

    others = {"registries.yaml", "lambda_handler.py"}  # which other examples use
    assert {file.name for file in EXAMPLES.iterdir() if file.name != "__pycache__"} == files | others
