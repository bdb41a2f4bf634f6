"""What must hold in the database after any request."""

from __future__ import annotations

from fakeecr import FakeECR
from fakeecr.registry.checking import check_contents


def check_invariants(ecr: FakeECR) -> None:
    """Check that the database of a fake violates no rule."""
    with ecr._open().store.reading() as connection:
        assert list(check_contents(connection)) == []
