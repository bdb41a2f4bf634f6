"""The parts of the benchmarks by their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.benchmarks.copying import copying
from tests.benchmarks.listing import depth, fresh, journal, page
from tests.benchmarks.measuring import Row
from tests.benchmarks.seeding import seeding
from tests.benchmarks.starting import starting
from tests.benchmarks.writing import deleting, describing, pushing

# Name of a part → the function that measures it, given the divisor of its rows and rounds.
PARTS: Mapping[str, Callable[[int], list[Row]]] = {
    "starting": lambda scale: starting(rounds=30 // scale),
    "fresh": lambda scale: fresh(rounds=200 // scale),
    "page": lambda scale: page(100_000 // scale, rounds=200 // scale),
    "journal": lambda scale: journal(rounds=600 // scale),
    "pushing": lambda scale: pushing(100_000 // scale, rounds=100 // scale),
    "deleting": lambda scale: deleting(100_000 // scale, rounds=60 // scale),
    "describing": lambda scale: describing(100_000 // scale, rounds=100 // scale),
    "depth": lambda scale: depth(1_000_000 // scale, rounds=100 // scale),
    "copying": lambda scale: copying(50_000 // scale, rounds=10 // min(scale, 5)),
    "seeding": lambda scale: seeding(1_000_000 // scale),
}


def measure(name: str, scale: int) -> list[Row]:
    """Measure one part."""
    return PARTS[name](scale)
