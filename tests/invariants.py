"""What must hold in the database after any request."""

from __future__ import annotations

from fakeecr import FakeECR
from fakeecr.registry.checking import check_contents
from fakeecr.store.checks import RULES, violations


def check_rows(ecr: FakeECR) -> None:
    """Check that the database of a fake violates no rule that SQL can check; for use after each of many requests."""
    with ecr._open().store.reading() as connection:
        assert [problem for rule in RULES for problem in violations(connection, rule)] == []


def check_invariants(ecr: FakeECR) -> None:
    """Check that the database of a fake violates no rule."""
    with ecr._open().store.reading() as connection:
        assert list(check_contents(connection)) == []
