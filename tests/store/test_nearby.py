"""Names near a missing one, and repositories that have what another one lacks: right, and at a bounded cost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakeecr import FakeECR
from fakeecr.store import nearby
from tests.operations.helpers import seed_of
from tests.store.steps import count_steps

MISSING = "sha256:" + "0" * 64


@given(st.integers(0, 30), st.integers(0, 30), st.integers(1, 12))
def test_the_names_around_a_missing_one_are_consecutive_and_as_many_as_fit(before, after, count):
    names = list(range(before + after))
    near = nearby.Nearby(names[:before][::-1], names[before:])

    around = near.around(count)

    assert len(around) == min(count, len(names))
    assert around == names[around[0] : around[-1] + 1] if around else names == []
    # The missing name is in their middle, unless one side has too few names.
    assert abs(sum(name < before for name in around) - count // 2) <= max(0, count - before, count - after)


@given(st.integers(0, 5), st.integers(0, 5))
def test_the_nearest_names_come_first(before, after):
    near = nearby.Nearby([f"b{n}" for n in range(before)], [f"a{n}" for n in range(after)])

    nearest_first = near.nearest_first()

    assert sorted(nearest_first) == sorted([*near.before, *near.after])
    assert [int(name[1:]) for name in nearest_first] == sorted(int(name[1:]) for name in nearest_first)


def steps_among(count, ask):
    """Return how many steps of SQLite's virtual machine a question takes with this many repositories."""
    with FakeECR() as ecr:
        ecr.seed(seed_of(*[{"name": f"team/service-{number:05}"} for number in range(count)]))
        with ecr._open().store.reading() as connection:
            return count_steps(ecr, lambda: ask(connection))


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda connection: nearby.repositories_near(connection, 1, "team/zebra"), id="repositories_near"),
        pytest.param(lambda connection: nearby.registries_with(connection, "web"), id="registries_with"),
        pytest.param(lambda connection: nearby.repository_with_image(connection, MISSING), id="repository_with_image"),
        pytest.param(lambda connection: nearby.repository_with_layer(connection, MISSING), id="repository_with_layer"),
    ],
)
def test_the_cost_of_a_note_does_not_grow_with_the_registry(ask):
    assert 10 < steps_among(2000, ask) <= 1.1 * steps_among(1000, ask) + 20
