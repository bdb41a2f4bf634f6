"""Counting the steps of SQLite's virtual machine: a cost that no machine's speed changes."""

from __future__ import annotations

from collections.abc import Callable

from fakeecr import FakeECR


def count_steps(ecr: FakeECR, work: Callable[[], object]) -> int:
    """Return how many steps some work takes on the database of a fake in memory."""
    steps = 0

    def count_step() -> None:
        nonlocal steps
        steps += 1

    with ecr._open().store.reading() as connection:
        driver = connection.connection.dbapi_connection
    driver.set_progress_handler(count_step, 1)
    work()
    driver.set_progress_handler(None, 0)
    return steps
