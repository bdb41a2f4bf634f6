"""What holds for all tests of the front door."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.adapters.untouched import everything_is_as_before


@pytest.fixture(autouse=True)
def _everything_is_as_before() -> Iterator[None]:
    """Check that botocore and the process are unchanged after each test."""
    with everything_is_as_before():
        yield
