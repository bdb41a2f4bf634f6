"""The pages of the documentation and their code blocks.

A Python block runs as a script. One with tests runs under pytest. Its first line may name its file:

- ``# test_listing.py``: the file of the block, which pytest runs.
- ``# test_listing.py: fails``: the same, but every test in it fails, as the page says.
- ``# cleanup.py``: a module that the other blocks of the page import.

A block that imports an async client runs where that is installed, which is in the environments of `nox -s async`.

Every YAML block is a seed; ``# registries.yaml`` names its file in the same way.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent.parent
GENERATED = ("docs/_build/", "docs/reference/operations/", "docs/reference/seeds.md", "docs/reference/versions.md")


class Block(NamedTuple):
    """A code block.

    Attributes:
        file: the name of its file.
        code: its text.
        is_named: whether its first line names the file.
        fails: whether its tests fail.
    """

    file: str
    code: str
    is_named: bool
    fails: bool

    @property
    def is_test(self) -> bool:
        return self.file.startswith("test_") and self._is_runnable

    @property
    def is_script(self) -> bool:
        return not self.file.startswith("test_") and not self.is_named and self._is_runnable

    @property
    def _is_runnable(self) -> bool:
        packages = re.findall(r"^(?:import|from) (aiobotocore|aioboto3)\b", self.code, re.MULTILINE)
        return all(importlib.util.find_spec(package) for package in packages)


def pages() -> list[Path]:
    """Return the README and every written page of the documentation."""
    written = [page for page in sorted((ROOT / "docs").rglob("*.md")) if not name_of(page).startswith(GENERATED)]
    return [ROOT / "README.md", *written]


def name_of(page: Path) -> str:
    """Return the path of a page below the root of the checkout, with slashes on every system."""
    return page.relative_to(ROOT).as_posix()


def code_blocks(text: str, language: str) -> list[str]:
    """Return the blocks of a language, also those indented in a list or a tab."""
    return [
        re.sub(rf"^{indent}", "", block, flags=re.MULTILINE)
        for indent, block in re.findall(rf"^( *)```{language}\n(.*?)^\1```$", text, re.MULTILINE | re.DOTALL)
    ]


def named_blocks(text: str, language: str, suffix: str) -> Iterator[Block]:
    """Yield the blocks of a language with the names of their files."""
    for number, code in enumerate(code_blocks(text, language)):
        name = re.match(rf"# ([\w/]+\.{suffix})(: fails)?\n", code)
        if name is not None:
            yield Block(name[1], code, is_named=True, fails=name[2] is not None)
        else:
            has_tests = suffix == "py" and re.search(r"^ *(async )?def test_", code, re.MULTILINE)
            yield Block(f"{'test_' if has_tests else ''}block_{number}.{suffix}", code, is_named=False, fails=False)
