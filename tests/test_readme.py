"""The README is correct: its code runs, its seeds load, its options, tables and links exist."""

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


def code_blocks(language: str, text: str = README) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def first_line_after_imports(block: str) -> str:
    return next(line for line in block.splitlines() if line and not line.startswith(("import", "from", "#")))


@pytest.mark.parametrize("block", code_blocks("python"), ids=first_line_after_imports)
def test_a_python_block_of_the_readme_runs(block, tmp_path):
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    (tmp_path / "test_block.py").write_text(block, encoding="utf-8")
    runner = {"import pytest": ["pytest", "-q"], "import unittest": ["unittest"]}.get(block.splitlines()[0])
    arguments = ["-W", "error", "test_block.py"] if runner is None else ["-m", *runner, "test_block.py"]

    process = subprocess.run([sys.executable, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)

    output = process.stdout + process.stderr
    assert process.returncode == 0, output
    if runner is not None:
        assert re.search(r"\d passed|Ran [1-9]\d* test", output)


@pytest.mark.parametrize("block", code_blocks("yaml"), ids=first_line_after_imports)
def test_a_seed_of_the_readme_can_be_loaded(block, ecr, tmp_path):
    (tmp_path / "seed.yaml").write_text(block, encoding="utf-8")

    ecr.seed(tmp_path / "seed.yaml")

    assert ecr.dump()["registries"]


def test_the_ini_options_of_the_readme_are_those_of_the_plugin():
    plugin = (ROOT / "fakeecr" / "pytest_plugin.py").read_text(encoding="utf-8")

    documented = set(re.findall(r"^(\w+) =", code_blocks("ini")[0], re.MULTILINE))

    assert documented == set(re.findall(r'addini\(\s*"(\w+)"', plugin))


def test_the_set_up_of_the_readme_has_two_shell_blocks():
    section = README.partition("\n## Set up\n")[2].partition("\n## ")[0]

    first, second = code_blocks("sh", section)

    assert first.splitlines()[-1] == ".venv/bin/python examples/quickstart.py"
    assert ".venv/bin/python -m pytest" in second
    assert len(code_blocks("sh")) == 2


def test_the_readme_states_the_number_of_operations():
    assert f"all {len(OPERATIONS)} of botocore 1.44" in README


def test_the_table_of_operations_in_the_readme_is_up_to_date():
    """If it is not, run `python -m tests.operations_table`."""
    assert table_in(README) == table()


def test_every_file_that_the_readme_links_to_exists():
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", README)

    assert [link for link in links if not (ROOT / link).exists()] == []
