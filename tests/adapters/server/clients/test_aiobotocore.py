"""aiobotocore in child processes; collected where it is installed."""

from __future__ import annotations

import sys
import textwrap
from typing import Any

import pytest

from fakeecr import Server
from tests.adapters.server.clients.children import run_child

_PROGRAM = """
import asyncio, json
from aiobotocore.session import get_session

async def use(client):
{body}

async def main():
    async with get_session().create_client("ecr") as client:
        return await use(client)

print(json.dumps(asyncio.run(main())))
"""


def run_aiobotocore(server: Server, body: str) -> Any:
    """Run the body of a coroutine function that has aiobotocore's `client`; return what it returns."""
    program = _PROGRAM.format(body=textwrap.indent(textwrap.dedent(body), "    "))
    return run_child(server, [sys.executable, "-"], program).json


def test_a_paginator_follows_the_pages_on_one_connection(web, server, connections):
    result = run_aiobotocore(
        server,
        """
        pages = client.get_paginator("list_images").paginate(repositoryName="web", PaginationConfig={"PageSize": 2})
        return [[image["imageTag"] for image in page["imageIds"]] async for page in pages]
        """,
    )

    assert result == [["v0", "v1"], ["v2", "v3"], ["v4"]]
    assert len(connections) == 1


def test_an_error_has_its_type_and_its_status(server):
    result = run_aiobotocore(
        server,
        """
        try:
            await client.list_images(repositoryName="web")
        except client.exceptions.RepositoryNotFoundException as error:
            return [error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]]
        """,
    )

    assert result == ["RepositoryNotFoundException", 400]


@pytest.mark.parametrize("error", ["ServerException", "ConnectionClosedError"])
def test_a_request_that_fails_is_tried_again(ecr, web, server, error):
    ecr.fail("ListImages", error)

    result = run_aiobotocore(
        server,
        """
        response = await client.list_images(repositoryName="web")
        return [len(response["imageIds"]), response["ResponseMetadata"]["RetryAttempts"]]
        """,
    )

    assert result == [5, 1]
    assert [call.error for call in ecr.calls] == [error, None]


def test_many_calls_at_once_are_answered(web, server):
    result = run_aiobotocore(
        server,
        """
        pages = await asyncio.gather(*(client.list_images(repositoryName="web") for _ in range(40)))
        return [len(page["imageIds"]) for page in pages]
        """,
    )

    assert result == [5] * 40


def test_a_waiter_waits_for_the_end_of_a_scan(ecr, web, server):
    ecr.set_findings("web", [{"name": "CVE-2024-3094", "severity": "CRITICAL"}], tag="v1", in_progress=2)

    result = run_aiobotocore(
        server,
        """
        image = {"repositoryName": "web", "imageId": {"imageTag": "v1"}}
        await client.start_image_scan(**image)
        await client.get_waiter("image_scan_complete").wait(**image, WaiterConfig={"Delay": 0})
        findings = await client.describe_image_scan_findings(**image)
        return findings["imageScanFindings"]["findingSeverityCounts"]
        """,
    )

    assert result == {"CRITICAL": 1}
    ecr.assert_called("DescribeImageScanFindings", times=4)


def test_a_layer_is_downloaded_by_aiohttp(ecr, server):
    layer = b"some bytes" * 1000
    ecr.push("web", "v1", layers=[layer])

    result = run_aiobotocore(
        server,
        """
        import aiohttp

        images = await client.batch_get_image(repositoryName="web", imageIds=[{"imageTag": "v1"}])
        digest = json.loads(images["images"][0]["imageManifest"])["layers"][0]["digest"]
        location = await client.get_download_url_for_layer(repositoryName="web", layerDigest=digest)
        async with aiohttp.ClientSession() as session:
            async with session.get(location["downloadUrl"], headers={"Range": "bytes=0-9"}) as response:
                return [response.status, (await response.read()).decode()]
        """,
    )

    assert result == [206, "some bytes"]
