"""What the README shows is true: every block of it runs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fakeecr.operations import OPERATIONS
from tests.operations_table import table, table_in

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str, text: str = README) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def first_line_of_use(block: str) -> str:
    return next(line for line in block.splitlines() if line and not line.startswith(("import", "from", "#")))


@pytest.mark.parametrize("block", blocks("python"), ids=first_line_of_use)
def test_its_python_runs(block, tmp_path):
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    (tmp_path / "test_block.py").write_text(block, encoding="utf-8")
    command = {"import pytest": ["pytest", "-q"], "import unittest": ["unittest"]}.get(block.splitlines()[0])
    runner = ["-W", "error", "test_block.py"] if command is None else ["-m", *command, "test_block.py"]
    done = subprocess.run([sys.executable, *runner], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    if command is not None:
        assert re.search(r"\d passed|Ran [1-9]\d* test", done.stdout + done.stderr)


@pytest.mark.parametrize("block", blocks("yaml"), ids=first_line_of_use)
def test_its_seed_is_one(block, ecr, tmp_path):
    (tmp_path / "seed.yaml").write_text(block, encoding="utf-8")
    ecr.seed(tmp_path / "seed.yaml")
    assert ecr.dump()["registries"]


def test_its_ini_options_are_the_plugins():
    shown = set(re.findall(r"^(\w+) =", blocks("ini")[0], re.MULTILINE))
    plugin = (ROOT / "fakeecr" / "pytest_plugin.py").read_text(encoding="utf-8")
    assert shown == set(re.findall(r'addini\(\s*"(\w+)"', plugin))


def test_its_set_up_is_two_blocks_of_shell():
    section = README.partition("\n## Set up\n")[2].partition("\n## ")[0]
    first, second = blocks("sh", section)
    assert first.splitlines()[-1] == ".venv/bin/python examples/quickstart.py"
    assert ".venv/bin/python -m pytest" in second
    assert len(blocks("sh")) == 2


def test_it_says_how_many_operations_are_answered():
    assert f"all {len(OPERATIONS)} of botocore 1.44" in README


def test_its_table_of_operations_is_what_the_code_says():
    """Where it is not: `python -m tests.operations_table`."""
    assert table_in(README) == table()


def test_it_names_no_file_that_is_not_there():
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", README)
    assert [link for link in links if not (ROOT / link).exists()] == []
