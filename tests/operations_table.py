"""The README's table of operations, generated from the code: `python -m tests.operations_table` updates it."""

from __future__ import annotations

import re
from pathlib import Path

from fakeecr.operations import OPERATIONS

README = Path(__file__).parent.parent / "README.md"
_BEGIN, _END = "<!-- operations: python -m tests.operations_table -->\n", "<!-- end of operations -->\n"


def table() -> str:
    """Build the table: whether each operation's configuration is evaluated or only stored, and what is not modelled."""
    rows = [
        f"| {name} | {'evaluated' if operation.acts else 'stored'} | {operation.not_modelled} |"
        for name, operation in sorted(OPERATIONS.items())
    ]
    return "\n".join(["| operation | | not modelled |", "|---|---|---|", *rows]) + "\n"


def table_in(readme: str) -> str:
    """Return the table that the text of a README has."""
    return readme.partition(_BEGIN)[2].partition(_END)[0]


def with_table(readme: str) -> str:
    """Return the text of a README with its table replaced by the generated one."""
    return re.sub(f"(?<={re.escape(_BEGIN)}).*?(?={re.escape(_END)})", lambda _: table(), readme, flags=re.DOTALL)


if __name__ == "__main__":
    README.write_text(with_table(README.read_text(encoding="utf-8")), encoding="utf-8")
