"""Listings, and the whole life of a test that lists."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.stub import Stubber

from fakeecr import FakeECR
from tests.answers import api_request
from tests.benchmarks.measuring import PAGE, REGION, Row, floor_client, medians, registry
from tests.manifests import image


def a_page(rows: int, rounds: int) -> list[Row]:
    """Compare a page of 100 with the floor, the Stubber and moto, each in turn with it alone."""
    ecr = FakeECR(region=REGION)
    ecr.seed(registry(rows))
    fake = ecr.client()
    floor = floor_client(ecr.answer(api_request("ListImages", b'{"repositoryName": "big"}', REGION)))

    def listing(client: Any) -> Callable[[], Any]:
        return lambda: client.list_images(repositoryName="big")

    assert len(listing(floor)()["imageIds"]) == len(listing(fake)()["imageIds"]) == PAGE
    what = f"a page of {PAGE} of {rows:,}"
    against_floor = medians(listing(fake), listing(floor), rounds=rounds, each=20)

    stubbed = boto3.client("ecr", REGION, config=Config(signature_version=UNSIGNED))
    stubber = Stubber(stubbed)
    stubber.activate()
    canned = {"imageIds": listing(fake)()["imageIds"], "nextToken": "token"}
    for _ in range((rounds + 3) * 20):
        stubber.add_response("list_images", canned)
    against_stubber = medians(listing(fake), listing(stubbed), rounds=rounds, each=20)

    # Imported only now: moto's handler stands in every client that is made afterwards.
    from moto import mock_aws

    with mock_aws():
        moto = boto3.client("ecr", REGION)
        moto.create_repository(repositoryName="big")
        for number in range(PAGE):
            moto.put_image(repositoryName="big", imageManifest=image(str(number)), imageTag=f"build-{number}")
        assert len(listing(moto)()["imageIds"]) == PAGE
        against_moto = medians(listing(fake), listing(moto), rounds=rounds, each=20)
    ecr.stop()
    return [
        Row(what, against_floor[0], "the floor: a canned response", against_floor[1], "at most 1.35×"),
        Row(what, against_stubber[0], "botocore's Stubber", against_stubber[1], ""),
        Row(what, against_moto[0], f"moto listing {PAGE}", against_moto[1], "at most 1/4"),
    ]


def depth(rows: int, rounds: int) -> list[Row]:
    """Compare the last page of a listing with its first, for every filter."""
    ecr = FakeECR(region=REGION)
    untagged = 10
    ecr.seed(registry(rows - untagged, more=[{"count": untagged}]))
    client = ecr.client()
    found = []
    for shown in ("no filter", "TAGGED", "UNTAGGED", "ANY status"):
        filters: dict[str, Any] = {"no filter": {}, "ANY status": {"imageStatus": "ANY"}}.get(
            shown, {"tagStatus": shown}
        )
        size = 5 if shown == "UNTAGGED" else PAGE
        request: dict[str, Any] = {"repositoryName": "big", "filter": filters, "maxResults": size}
        # The last page that is full, to compare like with like: the token before it is the one but last.
        pages = client.get_paginator("list_images").paginate(**request)
        tokens = [page["nextToken"] for page in pages if "nextToken" in page]
        at_end, at_start = medians(
            partial(client.list_images, **request, nextToken=tokens[-2 if shown != "UNTAGGED" else -1]),
            partial(client.list_images, **request),
            rounds=rounds,
            each=20,
        )
        what = f"the last page of {rows:,}, {shown}"
        found.append(Row(what, at_end, "the first page", at_start, "at most 1.1×"))
    ecr.stop()
    return found


def fresh(rounds: int) -> list[Row]:
    """Compare a test's whole life: a fake, a client, a repository, a listing."""
    from moto import mock_aws

    seed = {"registries": [{"repositories": [{"name": "web", "images": [{"tags": ["latest"]}]}]}]}

    def with_fakeecr() -> None:
        with FakeECR(region=REGION) as ecr:
            ecr.seed(seed)
            assert len(ecr.client().list_images(repositoryName="web")["imageIds"]) == 1

    def with_moto() -> None:
        with mock_aws():
            client = boto3.client("ecr", REGION)
            client.create_repository(repositoryName="web")
            client.put_image(repositoryName="web", imageManifest=image(), imageTag="latest")
            assert len(client.list_images(repositoryName="web")["imageIds"]) == 1

    ours, theirs = medians(with_fakeecr, with_moto, rounds=rounds)
    return [Row("fresh fake, client, seeded repository, listing", ours, "moto's same", theirs, "at most 1/12")]
