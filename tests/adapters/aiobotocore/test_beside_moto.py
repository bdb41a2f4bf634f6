"""moto is active too: fakeecr answers an async client's ECR calls, and moto's state does not change."""

from __future__ import annotations

import warnings

import pytest

from fakeecr import FakeECR
from tests.adapters.aiobotocore.calls import code_of, listed_tags

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from moto import mock_aws
    from moto.backends import get_backend


@pytest.mark.asyncio
@pytest.mark.parametrize("outer", ["moto", "fakeecr"])
async def test_a_call_that_fakeecr_answers_does_not_change_the_state_of_moto(session, outer):
    ecr = FakeECR()

    with mock_aws() if outer == "moto" else ecr, ecr if outer == "moto" else mock_aws():
        ecr.push("web", "latest")
        async with session.create_client("ecr", "us-east-1") as client:
            assert await listed_tags(client) == ["latest"]
            assert await code_of(client.create_repository(repositoryName="web")) == "RepositoryAlreadyExistsException"
            await client.create_repository(repositoryName="other")
        assert dict(get_backend("ecr")["123456789012"]["us-east-1"].repositories) == {}
