"""The benchmarks: each a ratio of medians, its sides measured in turn in one run.

    python -m tests.benchmarks            # everything, some minutes
    python -m tests.benchmarks --quick    # a tenth of the rows

Machines differ and are noisy; ratios of one run are what can be compared. Nothing is asserted here.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable

from tests.benchmarks.listing import a_page, depth, fresh
from tests.benchmarks.measuring import Row
from tests.benchmarks.seeding import seeding
from tests.benchmarks.writing import deleting, describing, pushing


def main() -> None:
    """Run everything and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    scale = 10 if parser.parse_args().quick else 1
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]

    heading = f"{'measured':<58} {'against':<34} {'median':>10} {'other':>10} {'ratio':>7}  goal"
    print(heading, "-" * len(heading), sep="\n")  # noqa: T201 - what the command is for
    parts: list[Callable[[], list[Row]]] = [
        lambda: a_page(100_000 // scale, rounds=200 // scale),
        lambda: pushing(100_000 // scale, rounds=100 // scale),
        lambda: deleting(100_000 // scale, rounds=60 // scale),
        lambda: describing(100_000 // scale, rounds=100 // scale),
        lambda: fresh(rounds=100 // scale),
        lambda: depth(1_000_000 // scale, rounds=100 // scale),
        lambda: seeding(1_000_000 // scale),
    ]
    for part in parts:
        for row in part():
            print(row, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
