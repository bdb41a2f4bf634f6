"""Fixtures of the adapters' tests."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest

from tests.adapters.untouched import everything_is_as_before
from tests.clients import HAS_AIOBOTOCORE


@pytest.fixture(autouse=True)
def _everything_is_as_before(_no_aws: None) -> Iterator[None]:
    with everything_is_as_before():
        yield


@pytest.fixture(scope="session")
def session() -> boto3.Session:
    """Return a session that all tests share: reading the service model takes most of the time of creating a client."""
    return boto3.Session()


@pytest.fixture
def no_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep botocore from asking EC2's metadata service for credentials, as it does while no fake is active."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


# Nothing of it is skipped where aiobotocore is not installed: it is not there.
collect_ignore = [] if HAS_AIOBOTOCORE else ["aiobotocore"]
