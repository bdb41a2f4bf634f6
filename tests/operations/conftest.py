"""Fixtures that several tests of operations use."""

from __future__ import annotations

import pytest
from mypy_boto3_ecr import ECRClient

from fakeecr import FakeECR
from tests.conftest import unchecked


@pytest.fixture
def web(client: ECRClient) -> None:
    """Create the empty repository "web" in the default registry."""
    client.create_repository(repositoryName="web")


@pytest.fixture
def west_client(ecr: FakeECR) -> ECRClient:
    """Return an unchecked client of eu-west-1, a region other than the default one."""
    return unchecked(ecr, region_name="eu-west-1")
