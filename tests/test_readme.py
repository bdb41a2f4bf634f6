"""The README is short and correct; tests/docs runs its code blocks."""

from __future__ import annotations

import re

from fakeecr.operations import OPERATIONS
from tests.docs.pages import ROOT, code_blocks

README = (ROOT / "README.md").read_text(encoding="utf-8")
LONGEST = 130


def test_the_readme_is_short():
    assert len(README.splitlines()) <= LONGEST


def test_the_set_up_of_the_readme_has_two_shell_blocks():
    section = README.partition("\n## Set up\n")[2].partition("\n## ")[0]

    first, second = code_blocks(section, "sh")

    assert first.splitlines()[-1] == ".venv/bin/python examples/quickstart.py"
    assert ".venv/bin/python -m pytest" in second
    assert len(code_blocks(README, "sh")) == 2


def test_the_readme_states_the_number_of_operations():
    numbers = re.findall(r"All (\d+) operations|all (\d+) \|", README)

    assert [int(one or other) for one, other in numbers] == [len(OPERATIONS)] * 2
