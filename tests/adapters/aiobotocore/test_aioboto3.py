"""aioboto3's sessions, whose clients are aiobotocore's; collected where aioboto3 is installed."""

from __future__ import annotations

import aioboto3
import pytest
from aiobotocore.config import AioConfig
from botocore.exceptions import NoRegionError

from fakeecr import FakeECR
from tests.adapters.aiobotocore.calls import code_of, listed_tags, reaches_for_the_network
from tests.answers import ONCE

pytestmark = pytest.mark.asyncio

ONCE_ASYNC = {**ONCE, "config": AioConfig(retries={"total_max_attempts": 1})}


@pytest.mark.parametrize(
    "create_client",
    [
        lambda: aioboto3.Session().client("ecr"),
        lambda: aioboto3.Session(region_name="us-east-1").client("ecr"),
        lambda: aioboto3.Session(aws_access_key_id="mine", aws_secret_access_key="mine").client(service_name="ecr"),
    ],
)
async def test_a_client_is_answered_whichever_way_it_is_created(ecr, create_client):
    ecr.push("web", "latest")

    async with create_client() as client:
        assert await listed_tags(client) == ["latest"]
        assert await code_of(client.list_images(repositoryName="api")) == "RepositoryNotFoundException"
        paginator = client.get_paginator("describe_repositories")
        assert len([page async for page in paginator.paginate()]) == 1


async def test_the_clients_that_a_patched_session_creates_later_are_answered_and_no_others():
    ecr = FakeECR()
    ecr.push("web", "latest")
    patched_session, other_session = aioboto3.Session(), aioboto3.Session()

    ecr.patch(patched_session)

    async with patched_session.client("ecr") as client:
        assert await listed_tags(client) == ["latest"]
    async with other_session.client("ecr", "us-east-1", **ONCE_ASYNC) as client:
        assert await reaches_for_the_network(client.list_images(repositoryName="web"))
    ecr.stop()
    with pytest.raises(NoRegionError):
        async with patched_session.client("ecr"):
            pass
