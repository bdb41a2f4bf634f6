"""The benchmarks: each row is the ratio of two medians, whose sides are timed in turn.

    python -m tests.benchmarks                          # all parts but those of memory, some minutes
    python -m tests.benchmarks --only page,starting     # some parts
    python -m tests.benchmarks --only memory,layer      # the memory of the HTTP server; 2 GB are pushed to a temporary file
    python -m tests.benchmarks --quick                  # a tenth of the rows and rounds

Machines differ and are noisy; only ratios of one run can be compared. Nothing is asserted.

`python -X importtime -m pytest …` shows which imports the start of a test run consists of.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from tests.benchmarks.parts import ON_REQUEST, PARTS, measure


def names(text: str) -> list[str]:
    """Return the parts that a comma-separated list names."""
    chosen = text.split(",")
    unknown = [name for name in chosen if name not in PARTS]
    if unknown:
        raise argparse.ArgumentTypeError(f"unknown part {unknown[0]!r}; the parts are {', '.join(PARTS)}")
    return chosen


def main() -> None:
    """Measure the chosen parts and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows and rounds")
    parser.add_argument(
        "--only",
        type=names,
        default=[name for name in PARTS if name not in ON_REQUEST],
        metavar="PARTS",
        help=f"parts to measure: {','.join(PARTS)}. Default: all but {' and '.join(ON_REQUEST)}",
    )
    arguments = parser.parse_args()
    # A variable of the environment must not decide what is measured.
    for name in [name for name in os.environ if name.startswith("AWS_") or name == "PYTHONDONTWRITEBYTECODE"]:
        del os.environ[name]

    heading = f"{'measured':<58} {'against':<34} {'median':>10} {'other':>10} {'ratio':>7}  goal"
    print(heading, "-" * len(heading), sep="\n", flush=True)  # noqa: T201 - what the command is for
    # Each part runs in a process of its own: once a part has imported moto, moto's handler is in every later client.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context, max_tasks_per_child=1) as pool:
        for rows in pool.map(partial(measure, scale=10 if arguments.quick else 1), arguments.only):
            for row in rows:
                print(row, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
