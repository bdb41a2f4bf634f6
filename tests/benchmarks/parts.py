"""The parts of the benchmarks by their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tests.benchmarks.copying import copying
from tests.benchmarks.listing import depth, fresh, journal, page
from tests.benchmarks.memory import layer, memory
from tests.benchmarks.seeding import seeding
from tests.benchmarks.serving import serving
from tests.benchmarks.starting import starting
from tests.benchmarks.writing import deleting, describing, pushing

# Name of a part → the function that measures it, given the divisor of its rows and rounds; what it returns is printed.
PARTS: Mapping[str, Callable[[int], Sequence[object]]] = {
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
    "serving": lambda scale: serving(rounds=40 // scale),
    "memory": lambda scale: memory(100_000 // min(scale, 2)),
    "layer": lambda scale: layer(2 * 2**30 // scale),
}
# These need Linux, and take long or much room on the disk; they are measured only if they are named.
ON_REQUEST = ("memory", "layer")


def measure(name: str, scale: int) -> Sequence[object]:
    """Measure one part; return the lines of the table."""
    return PARTS[name](scale)
