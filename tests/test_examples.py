"""Every example runs as it stands, for a user who is somewhere else."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"

QUICKSTART = """\
repository     page  identifiers  first      last       nextToken
amazonlinux       1            2  2016.09    latest     (none)
team/service      1          100  build-1    build-100  …
team/service      2          100  build-101  build-200  …
team/service      3           53  build-201  (untagged) (none)
"""


def run(folder: Path, *command: str) -> tuple[str, str]:
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, check=True, capture_output=True, text=True, env={"PATH": ""}
    )
    return done.stdout, done.stderr


def test_quickstart_prints_its_pages(tmp_path):
    printed, _ = run(tmp_path, str(EXAMPLES / "quickstart.py"))
    tokens = [line.split()[-1] for line in printed.splitlines() if line.split()[-1] not in ("nextToken", "(none)")]
    assert {len(token) for token in tokens} == {32}
    for token in tokens:
        printed = printed.replace(token, "…")
    assert printed == QUICKSTART


def test_with_pytest_passes(tmp_path):
    for name in ("test_with_pytest.py", "registries.yaml"):
        shutil.copy(EXAMPLES / name, tmp_path)
    printed, _ = run(tmp_path, "-m", "pytest", "-q")
    assert "3 passed" in printed


@pytest.mark.parametrize("how", [[], ["-m", "unittest"]], ids=["by itself", "by unittest"])
def test_unittest_case_passes(how):
    _, said = run(EXAMPLES, *how, "unittest_case.py")
    assert "Ran 2 tests" in said
    assert said.endswith("OK\n")


@pytest.mark.parametrize("given", [[], ["kept.db"]], ids=["in a temporary file", "in a given file"])
def test_state_between_runs_carries_on(tmp_path, given):
    _, said = run(tmp_path, str(EXAMPLES / "state_between_runs.py"), *given)
    assert said == "v1 v2 v3\nv4 v5 v6\n"
    assert [file.name for file in tmp_path.iterdir()] == given


def test_every_example_is_run_here():
    here = Path(__file__).read_text(encoding="utf-8")
    assert [file.name for file in EXAMPLES.glob("*.py") if file.name not in here] == []
