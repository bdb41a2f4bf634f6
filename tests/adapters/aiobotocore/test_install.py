"""Whichever of fakeecr and aiobotocore is imported first; each test runs in a process of its own."""

from __future__ import annotations

import textwrap

from tests.adapters.processes import run_python

PRELUDE = """
import asyncio, sys
import pytest_socket; pytest_socket.disable_socket(allow_unix_socket=True)

async def tags(creation):
    async with creation as client:
        response = await client.list_images(repositoryName="web")
        return [image["imageTag"] for image in response["imageIds"]]
"""


def run(script: str) -> None:
    run_python(PRELUDE + textwrap.dedent(script))


def test_clients_created_before_fakeecr_is_imported_are_answered():
    run(
        """
        from aiobotocore.session import get_session
        session = get_session()
        early = [session.create_client("ecr"), asyncio.run(session._create_client("ecr"))]
        import fakeecr

        async def main():
            client = await early[0].__aenter__()
            await early[1].__aenter__()
            with fakeecr.FakeECR() as ecr:
                ecr.push("web", "latest")
                for each in (client, early[1]):
                    assert len((await each.list_images(repositoryName="web"))["imageIds"]) == 1
                    ecr.fail("ListImages", "ServerException", times=1)
                    response = await each.list_images(repositoryName="web")
                    assert response["ResponseMetadata"]["RetryAttempts"] == 1
                assert await tags(session.create_client("ecr")) == ["latest"]
            bound = fakeecr.FakeECR()
            bound.push("web", "a", "b")
            bound.patch(early[1])
            assert len((await early[1].list_images(repositoryName="web"))["imageIds"]) == 2

        asyncio.run(main())
        """
    )


def test_aiobotocore_can_be_imported_while_a_fake_is_active():
    run(
        """
        import fakeecr
        with fakeecr.FakeECR() as ecr:
            ecr.push("web", "latest")
            assert "aiobotocore" not in sys.modules
            import aiobotocore.session
            create_client = aiobotocore.session.AioSession.create_client
            assert asyncio.run(tags(aiobotocore.session.get_session().create_client("ecr"))) == ["latest"]
        assert aiobotocore.session.AioSession.create_client is not create_client
        assert not [finder for finder in sys.meta_path if "fakeecr" in type(finder).__module__]
        """
    )


def test_a_fake_and_a_guard_do_not_import_aiobotocore():
    run_python(
        """
        import sys, fakeecr
        with fakeecr.FakeECR() as ecr, fakeecr.guard():
            ecr.push("web", "latest")
            ecr.client().list_images(repositoryName="web")
            assert not {"aiobotocore", "aiohttp"} & set(sys.modules)
        """
    )


def test_a_guard_finds_the_calls_of_a_later_import_of_aiobotocore():
    run(
        """
        import fakeecr
        with fakeecr.guard():
            import aiobotocore.session
            try:
                asyncio.run(tags(aiobotocore.session.get_session().create_client("ecr")))
            except fakeecr.UnfakedCallError:
                pass
            else:
                raise AssertionError
        import aiobotocore.httpsession
        assert aiobotocore.httpsession.AIOHTTPSession.send.__module__ == "aiobotocore.httpsession"
        """
    )
