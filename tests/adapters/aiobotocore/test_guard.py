"""The guard finds the calls of async clients before they reach AWS."""

from __future__ import annotations

import functools
import warnings
from unittest import mock

import aiohttp
import pytest
from aiobotocore.config import AioConfig
from aiobotocore.httpsession import AIOHTTPSession

import fakeecr
from fakeecr import FakeECR, UnfakedCallError, UnfakedCallWarning
from tests.adapters.aiobotocore.calls import listed_tags, reaches_for_the_network
from tests.answers import ONCE

pytestmark = pytest.mark.asyncio

ONCE_ASYNC = {**ONCE, "config": AioConfig(retries={"total_max_attempts": 1})}


@pytest.fixture
def creation(session):
    """Return what creates a client that signs its requests, as a developer's does."""
    return session.create_client("ecr", "us-east-1", **ONCE_ASYNC)


async def test_an_error_guard_refuses_a_call_that_no_fake_answers(creation):
    async with creation as client:
        with fakeecr.guard(), pytest.raises(UnfakedCallError, match="ListImages was called while no fake was active"):
            await client.list_images(repositoryName="web")

        assert await reaches_for_the_network(client.list_images(repositoryName="web"))


async def test_a_warning_guard_warns_once_and_points_to_the_line_of_the_call(creation):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        async with creation as client:
            with fakeecr.guard("warn"):
                for _ in range(2):
                    with pytest.raises(Exception, match="A test tried to use socket"):
                        await client.list_images(repositoryName="web")

    assert [(warning.category, warning.filename) for warning in caught] == [(UnfakedCallWarning, __file__)]


async def test_a_fake_answers_inside_a_guard(creation):
    async with creation as client:
        with fakeecr.guard(), FakeECR() as ecr:
            ecr.push("web", "latest")
            assert await listed_tags(client) == ["latest"]


async def test_a_guard_of_a_decorated_coroutine_holds_for_it(creation):
    @fakeecr.guard()
    async def call(client) -> None:
        with pytest.raises(UnfakedCallError):
            await client.list_images(repositoryName="web")

    async with creation as client:
        await call(client)
        assert await reaches_for_the_network(client.list_images(repositoryName="web"))


async def test_a_refused_call_is_not_signed(session):
    async with session.create_client("ecr", "us-east-1") as client:  # without credentials, it cannot sign
        with fakeecr.guard(), pytest.raises(UnfakedCallError):
            await client.list_images(repositoryName="web")


@pytest.mark.parametrize(
    ("service", "method", "options"),
    [
        ("ecr-public", "describe_repositories", {}),
        ("ecr", "describe_registry", {"endpoint_url": "http://localhost:4566"}),
    ],
    ids=["another service", "another host"],
)
async def test_what_does_not_go_to_ecr_in_aws_is_not_guarded(session, service, method, options):
    async with session.create_client(service, "us-east-1", **ONCE_ASYNC, **options) as client:
        with fakeecr.guard():
            assert await reaches_for_the_network(getattr(client, method)())


async def test_a_call_that_a_library_answers_below_aiobotocore_is_not_guarded(creation, monkeypatch):
    original = aiohttp.ClientSession._request

    @functools.wraps(original)
    async def replacement(*args: object, **kwargs: object) -> object:
        return await original(*args, **kwargs)

    monkeypatch.setattr(aiohttp.ClientSession, "_request", replacement)
    async with creation as client:
        with fakeecr.guard():
            assert await reaches_for_the_network(client.list_images(repositoryName="web"))


async def test_a_library_that_has_replaced_the_sending_decides(creation):
    async def send(*_: object) -> None:
        raise LookupError("the library's own")

    async with creation as client:
        with (
            mock.patch.object(AIOHTTPSession, "send", send),
            fakeecr.guard(),
            pytest.raises(LookupError, match="the library's own"),
        ):
            await client.list_images(repositoryName="web")
