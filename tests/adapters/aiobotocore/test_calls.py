"""Which calls of aiobotocore's clients a fake answers, and how."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession, get_session
from aiobotocore.stub import AioStubber
from botocore import UNSIGNED
from botocore.exceptions import ClientError, NoRegionError

import fakeecr
from fakeecr import FakeECR, PublishedLimitWarning
from tests.adapters.aiobotocore.calls import code_of, listed_tags, reaches_for_the_network
from tests.answers import ONCE

pytestmark = pytest.mark.asyncio

KEYS = {"aws_access_key_id": "mine", "aws_secret_access_key": "mine"}
ONCE_ASYNC = {**ONCE, "config": AioConfig(retries={"total_max_attempts": 1})}


# --- Clients that a fake answers ------------------------------------------------------------------


@pytest.mark.parametrize(
    "create_client",
    [
        lambda: get_session().create_client("ecr"),
        lambda: AioSession().create_client(service_name="ecr"),
        lambda: AioSession().create_client("ecr", None),
        lambda: get_session().create_client("ecr", config=AioConfig(region_name="us-east-1")),
        lambda: get_session().create_client("ecr", config=AioConfig(signature_version=UNSIGNED)),
        lambda: get_session().create_client("ecr", **KEYS, aws_session_token="mine"),
        lambda: get_session().create_client("ecr", use_ssl=False, verify=False),
        lambda: get_session().create_client("ecr", endpoint_url="http://localhost:4566"),
    ],
)
async def test_a_client_is_answered_whichever_way_it_is_created(ecr, create_client):
    ecr.push("web", "latest")

    async with create_client() as client:
        assert await listed_tags(client) == ["latest"]


async def test_a_client_without_a_region_takes_that_of_the_fake(session):
    async with FakeECR(region="sa-east-1"), session.create_client("ecr") as client:
        assert client.meta.region_name == "sa-east-1"
    with pytest.raises(NoRegionError):
        async with session.create_client("ecr"):
            pass


async def test_a_client_keeps_its_own_region_and_credentials(ecr, session):
    async with session.create_client("ecr", "eu-west-1", **KEYS) as client:
        assert client.meta.region_name == "eu-west-1"
        assert client._request_signer._credentials.access_key == "mine"


@pytest.mark.parametrize("region", ["us-west-2", "cn-north-1", "mars-north-1"])
async def test_a_client_is_answered_from_the_registry_of_its_region(ecr, session, region):
    ecr.push("web", "same-region", region=region)
    ecr.push("web", "other-region", region="eu-north-1")

    async with session.create_client("ecr", region) as client:
        assert await listed_tags(client) == ["same-region"]


async def test_a_client_created_before_the_fake_is_answered_only_while_the_fake_is_active(session):
    async with session.create_client("ecr", "us-east-1", **ONCE_ASYNC) as client:
        assert await reaches_for_the_network(client.list_images(repositoryName="web"))
        for tag in ("first", "second"):
            with FakeECR() as ecr:
                ecr.push("web", tag)
                assert await listed_tags(client) == [tag]
        assert await reaches_for_the_network(client.list_images(repositoryName="web"))


async def test_a_call_that_a_fake_answers_is_not_signed(ecr, session, monkeypatch):
    async with session.create_client("ecr") as client:
        monkeypatch.setattr(client._request_signer, "get_auth_instance", lambda **_: pytest.fail("signed"))

        assert await code_of(client.list_images(repositoryName="web")) == "RepositoryNotFoundException"


@pytest.mark.parametrize(
    ("service", "operation"),
    [("ecr-public", "describe_repositories"), ("s3", "list_buckets"), ("sts", "get_caller_identity")],
)
async def test_a_call_to_another_service_is_sent(ecr, session, service, operation):
    async with session.create_client(service, "us-east-1", **ONCE_ASYNC) as client:
        assert await reaches_for_the_network(getattr(client, operation)())


async def test_clients_of_other_services_get_neither_a_region_nor_credentials_from_a_fake(ecr, session):
    with pytest.raises(NoRegionError):
        async with session.create_client("ecr-public"):
            pass
    assert await get_session().get_credentials() is None


# --- Answers --------------------------------------------------------------------------------------


async def test_an_error_has_its_own_exception_class(ecr, session):
    async with session.create_client("ecr") as client:
        with pytest.raises(client.exceptions.RepositoryNotFoundException, match="'web' does not exist"):
            await client.list_images(repositoryName="web")


async def test_a_paginator_returns_every_image(ecr, session):
    for number in range(250):
        ecr.push("web", f"{number}")

    async with session.create_client("ecr") as client:
        paginator = client.get_paginator("list_images")
        pages = [page async for page in paginator.paginate(repositoryName="web")]
        whole = await paginator.paginate(repositoryName="web").build_full_result()
        found = [tag async for tag in paginator.paginate(repositoryName="web").search("imageIds[].imageTag")]

    assert [len(page["imageIds"]) for page in pages] == [100, 100, 50]
    assert len(whole["imageIds"]) == 250
    assert found == [f"{number}" for number in range(250)]


async def test_a_warning_about_a_published_limit_points_to_the_line_of_the_call(ecr, session):
    async with session.create_client("ecr", **ONCE_ASYNC) as client:
        with pytest.warns(PublishedLimitWarning) as caught, pytest.raises(ClientError):
            await client.list_images(repositoryName="web", maxResults=101)
        line = sys._getframe().f_lineno - 1

    assert [(each.filename, each.lineno) for each in caught] == [(__file__, line)]


async def test_a_warning_about_a_call_that_is_a_task_of_its_own_does_not_point_to_the_event_loop(ecr, session):
    async with session.create_client("ecr", **ONCE_ASYNC) as client:
        with pytest.warns(PublishedLimitWarning) as caught:
            await code_of(asyncio.create_task(client.list_images(repositoryName="web", maxResults=101)))

    assert "asyncio" not in Path(caught[0].filename).parts


# --- Tasks ----------------------------------------------------------------------------------------


async def test_many_calls_can_be_made_at_the_same_time(ecr, session):
    async with session.create_client("ecr") as client:
        created = await asyncio.gather(*(client.create_repository(repositoryName=f"web-{n}") for n in range(100)))
        listed = await client.describe_repositories(maxResults=1000)

    names = [response["repository"]["repositoryName"] for response in created]
    assert names == [f"web-{n}" for n in range(100)]
    assert {each["repositoryName"] for each in listed["repositories"]} <= set(names)


async def test_a_task_that_polls_lets_another_task_push_the_image(ecr, session):
    ecr.push("web", "old")

    async with session.create_client("ecr") as client:

        async def wait_for_new_image() -> bool:
            for _ in range(100):
                if "new" in await listed_tags(client):
                    return True
            return False

        async def push_new_image() -> None:
            ecr.push("web", "new")

        assert await asyncio.gather(wait_for_new_image(), push_new_image()) == [True, None]


async def test_a_call_that_is_cancelled_leaves_the_client_and_the_fake_usable(ecr, session):
    async with session.create_client("ecr") as client:
        task = asyncio.create_task(client.create_repository(repositoryName="web"))
        await asyncio.sleep(0)  # it is on its way
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        assert await listed_tags(client) == []


async def test_calls_in_several_event_loops_are_answered(ecr):
    def call_in_a_loop_of_its_own() -> list[str | None]:
        async def call() -> list[str | None]:
            async with get_session().create_client("ecr") as client:
                return await listed_tags(client)

        return asyncio.run(call())

    ecr.push("web", "latest")

    assert await asyncio.gather(*[asyncio.to_thread(call_in_a_loop_of_its_own) for _ in range(4)]) == [["latest"]] * 4


# --- Several fakes --------------------------------------------------------------------------------


async def test_tasks_that_each_enter_a_fake_are_each_answered_by_their_own(session):
    async with session.create_client("ecr", "us-east-1", **ONCE_ASYNC) as client:

        async def work(tag: str) -> list[str | None]:
            async with FakeECR() as ecr:
                ecr.push("web", tag)
                await asyncio.sleep(0)
                assert fakeecr.current() is ecr
                return await listed_tags(client)

        assert await asyncio.gather(*[work(f"{n}") for n in range(10)]) == [[f"{n}"] for n in range(10)]
        assert await reaches_for_the_network(client.list_images(repositoryName="web"))


async def test_the_innermost_fake_answers(ecr, session):
    ecr.push("web", "outer")

    async with session.create_client("ecr") as client:
        async with FakeECR() as inner:
            inner.push("web", "inner")
            assert await listed_tags(client) == ["inner"]
        assert await listed_tags(client) == ["outer"]


async def test_a_patched_client_is_answered_and_no_other(session):
    ecr = FakeECR()
    ecr.push("web", "latest")

    async with (
        session.create_client("ecr", "us-east-1", **ONCE_ASYNC) as patched,
        session.create_client("ecr", "us-east-1", **ONCE_ASYNC) as other,
    ):
        ecr.patch(patched)
        assert await listed_tags(patched) == ["latest"]
        assert await reaches_for_the_network(other.list_images(repositoryName="web"))
        ecr.stop()
        assert await reaches_for_the_network(patched.list_images(repositoryName="web"))


async def test_the_clients_that_a_patched_session_creates_later_are_answered():
    ecr = FakeECR(region="eu-west-1")
    ecr.push("web", "latest")
    patched_session = get_session()

    ecr.patch(patched_session)

    async with patched_session.create_client("ecr") as client:
        assert (client.meta.region_name, await listed_tags(client)) == ("eu-west-1", ["latest"])
    ecr.stop()


async def test_a_client_that_is_not_entered_yet_cannot_be_patched(session):
    creation = session.create_client("ecr", "us-east-1", **ONCE_ASYNC)

    with pytest.raises(TypeError, match=r"got ClientCreatorContext\. Enter it, and patch the client\."):
        FakeECR().patch(creation)

    async with creation:
        pass


# --- What else handles calls ----------------------------------------------------------------------


async def test_a_stubber_takes_precedence_over_a_fake(ecr, session):
    async with session.create_client("ecr") as client:
        with AioStubber(client) as stubber:
            stubber.add_response("list_images", {"imageIds": [{"imageTag": "stubbed"}]})
            assert await listed_tags(client) == ["stubbed"]
        ecr.push("web", "latest")
        assert await listed_tags(client) == ["latest"]


async def test_handlers_of_the_user_run_and_may_be_coroutines(ecr, session):
    emitted = []

    async def handle(event_name: str, **_: object) -> None:
        await asyncio.sleep(0)
        emitted.append(event_name)

    events = ["provide-client-params", "before-call", "request-created", "before-sign", "before-send", "after-call"]
    async with session.create_client("ecr") as client:
        for event in events:
            client.meta.events.register(f"{event}.ecr.ListImages", handle)
        assert await code_of(client.list_images(repositoryName="web")) == "RepositoryNotFoundException"

    assert [event.partition(".")[0] for event in emitted] == events


async def test_a_handler_of_all_events_that_is_a_coroutine_does_not_hide_the_hook(ecr, session):
    async def handle(**_: object) -> None:
        await asyncio.sleep(0)

    patching = FakeECR()
    patching.push("web", "patching")
    async with session.create_client("ecr") as client:
        client.meta.events.register("*", handle)
        patching.patch(client)
        assert await listed_tags(client) == ["patching"]
        patching.stop()
        ecr.push("web", "active")
        assert await listed_tags(client) == ["active"]
