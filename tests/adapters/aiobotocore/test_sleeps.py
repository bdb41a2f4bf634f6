"""Retries and waits of async clients do not sleep while a fake answers, and let other tasks run."""

from __future__ import annotations

import asyncio

import pytest
from aiobotocore.config import AioConfig
from botocore.exceptions import ClientError, WaiterError

from fakeecr import FakeECR
from tests.adapters.aiobotocore.conftest import answer_with
from tests.answers import ONCE

pytestmark = pytest.mark.asyncio

TWICE = {**ONCE, "config": AioConfig(retries={"total_max_attempts": 2})}
IMAGE = {"repositoryName": "web", "imageId": {"imageTag": "latest"}}
SCAN_EVERYTHING = {
    "scanType": "ENHANCED",
    "rules": [
        {"scanFrequency": "CONTINUOUS_SCAN", "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}]},
    ],
}


@pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
@pytest.mark.parametrize("error", ["ServerException", "ThrottlingException"])
async def test_retries_that_a_fake_answers_are_counted_and_do_not_sleep(ecr, session, sleeps, mode, error):
    ecr.push("web", "latest")
    ecr.fail("ListImages", error, times=2)
    config = AioConfig(retries={"mode": mode, "max_attempts": 4})

    async with session.create_client("ecr", config=config) as client:
        for attempts in (2, 0):
            response = await client.list_images(repositoryName="web")
            assert response["ResponseMetadata"]["RetryAttempts"] == attempts

    assert set(sleeps) == {0}


async def test_a_retry_of_another_service_sleeps(ecr, session, sleeps):
    async with session.create_client("s3", "us-east-1", **TWICE) as client:
        client.meta.events.register("before-send.s3.ListBuckets", answer_with(503))
        with pytest.raises(ClientError, match="503"):
            await client.list_buckets()

    assert len(sleeps) == 1
    assert sleeps[0] > 0


async def test_a_retry_of_a_client_that_no_fake_answers_sleeps(session, sleeps):
    ecr = FakeECR()
    ecr.push("web", "latest")  # in use, but not active

    async with session.create_client("ecr", "us-east-1", **TWICE) as client:
        client.meta.events.register("before-send.ecr.ListImages", answer_with(503))
        with pytest.raises(ClientError, match="503"):
            await client.list_images(repositoryName="web")

    ecr.stop()
    assert len(sleeps) == 1
    assert sleeps[0] > 0


async def test_a_waiter_that_a_fake_answers_does_not_sleep(ecr, session, sleeps):
    async with session.create_client("ecr") as client:
        await client.put_registry_scanning_configuration(**SCAN_EVERYTHING)
        ecr.push("web", "latest")
        with pytest.raises(WaiterError, match="Max attempts exceeded"):
            await client.get_waiter("image_scan_complete").wait(**IMAGE)

    assert set(sleeps) == {0}


async def test_a_waiter_ends_when_another_task_changes_what_it_waits_for(ecr, session):
    async with session.create_client("ecr") as client:
        await client.put_registry_scanning_configuration(**SCAN_EVERYTHING)
        ecr.push("web", "latest")

        async def end_the_scan() -> None:
            ecr.set_findings("web", [], tag="latest")
            await client.put_registry_scanning_configuration(scanType="BASIC", rules=[])

        await asyncio.gather(client.get_waiter("image_scan_complete").wait(**IMAGE), end_the_scan())


async def test_a_waiter_of_another_service_sleeps(ecr, session, sleeps):
    async with session.create_client("s3", "us-east-1", **ONCE) as client:
        client.meta.events.register("before-send.s3.HeadBucket", answer_with(404))
        with pytest.raises(WaiterError, match="Max attempts exceeded"):
            await client.get_waiter("bucket_exists").wait(Bucket="none", WaiterConfig={"Delay": 7, "MaxAttempts": 3})

    assert sleeps == [7, 7]
