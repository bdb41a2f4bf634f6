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
from fakeecr.store import pages
from tests.benchmarks.measuring import PAGE, REGION, Row, answer, floor_client, medians, registry
from tests.manifests import image


def page(rows: int, rounds: int) -> list[Row]:
    """Compare a page of 100 with the floor, with the floor and its SELECT, with the Stubber, and with moto."""
    ecr = FakeECR(region=REGION)
    ecr.seed(registry(rows))
    fake = ecr.client()
    floor = floor_client({"ListImages": answer(ecr, "ListImages", {"repositoryName": "big"})})
    select = bare_select(ecr)

    def listing(client: Any) -> Callable[[], Any]:
        return lambda: client.list_images(repositoryName="big")

    assert len(listing(floor)()["imageIds"]) == len(listing(fake)()["imageIds"]) == PAGE
    assert len(select()) == PAGE + 1
    measured = f"a page of {PAGE} of {rows:,}"

    def canned_and_selected() -> None:
        # One after the other, so that the SELECT finds the processor's caches as it does in a real call.
        listing(floor)()
        select()

    ours, canned, selected = medians(listing(fake), listing(floor), canned_and_selected, rounds=rounds, each=20)

    stubbed = boto3.client("ecr", REGION, config=Config(signature_version=UNSIGNED))
    stubber = Stubber(stubbed)
    stubber.activate()
    response = {"imageIds": listing(fake)()["imageIds"], "nextToken": "token"}
    for _ in range((rounds + 3) * 20):
        stubber.add_response("list_images", response)
    against_stubber = medians(listing(fake), listing(stubbed), rounds=rounds, each=20)

    # Imported only now: moto's handler is in every client that is made afterwards.
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
        Row(measured, ours, "canned response + its bare SELECT", selected, "at most 1.15×"),
        Row(measured, ours, "the floor: a canned response", canned, "at most 1.35×"),
        Row(measured, against_stubber[0], "botocore's Stubber", against_stubber[1], ""),
        Row(measured, against_moto[0], f"moto listing {PAGE}", against_moto[1], "at most 1/4"),
    ]


def journal(rounds: int) -> list[Row]:
    """Compare a page of 100 with one that is not recorded."""
    ecr, silent = FakeECR(region=REGION), FakeECR(region=REGION)
    for fake in (ecr, silent):
        fake.seed(registry(10_000))
    silent._open().journal.record = lambda *_: None  # type: ignore[method-assign]
    recorded, unrecorded = ecr.client(), silent.client()

    ours, without = medians(
        lambda: recorded.list_images(repositoryName="big"),
        lambda: unrecorded.list_images(repositoryName="big"),
        rounds=rounds,
        each=20,
    )
    assert (len(ecr.calls) + ecr.calls.dropped, len(silent.calls)) == ((rounds + 3) * 20, 0)
    ecr.stop()
    silent.stop()
    return [Row(f"a page of {PAGE}, recorded", ours, "the same, not recorded", without, "at most 1.02×")]


def bare_select(ecr: FakeECR) -> Callable[[], list[Any]]:
    """Return a function that runs the statement of a first page, on the fake's own connection in memory.

    It is what ``ListImages`` without a filter runs, executed by sqlite3 itself: 101 rows, the last of which shows that
    another page follows.
    """
    with ecr._open().store.reading() as connection:
        sql, bind = pages.identifiers_statement(by_status=True, by_tagged=False).compile(connection)
        cursor = connection.connection.cursor()
    values = bind({"repository_id": 1, "after": 0, "status": "ACTIVE", "rows": PAGE + 1})
    return lambda: list(cursor.execute(sql, values).fetchall())


def depth(rows: int, rounds: int) -> list[Row]:
    """Compare the last page of a listing with its first, for every filter."""
    ecr = FakeECR(region=REGION)
    untagged = 10
    ecr.seed(registry(rows - untagged, {"count": untagged}))
    client = ecr.client()
    filters: dict[str, dict[str, str]] = {
        "no filter": {},
        "TAGGED": {"tagStatus": "TAGGED"},
        "UNTAGGED": {"tagStatus": "UNTAGGED"},
        "ANY status": {"imageStatus": "ANY"},
    }
    result = []
    for name, content in filters.items():
        size = 5 if name == "UNTAGGED" else PAGE
        request: dict[str, Any] = {"repositoryName": "big", "filter": content, "maxResults": size}
        # The last full page, to compare like with like: the token that leads to it is the last but one.
        listing = client.get_paginator("list_images").paginate(**request)
        tokens = [response["nextToken"] for response in listing if "nextToken" in response]
        at_end, at_start = medians(
            partial(client.list_images, **request, nextToken=tokens[-2 if name != "UNTAGGED" else -1]),
            partial(client.list_images, **request),
            rounds=rounds,
            each=20,
        )
        result.append(Row(f"the last page of {rows:,}, {name}", at_end, "the first page", at_start, "at most 1.1×"))
    ecr.stop()
    return result


def fresh(rounds: int) -> list[Row]:
    """Compare all that a test does, from its new fake to its listing, with the floor and with moto.

    Both sides of the floor's row make a new client and the same three calls with it: CreateRepository, PutImage and
    ListImages. The floor's answers are canned (:func:`floor_client`), as those of a test with a stub are. Its clients
    come from one session, because boto3 too makes the clients of a test run with one session, which reads the service
    model once; a new session for each test would take some ten times as long as everything else.
    """

    def calls(client: Any) -> None:
        client.create_repository(repositoryName="web")
        client.put_image(repositoryName="web", imageManifest=image(), imageTag="latest")
        assert len(client.list_images(repositoryName="web")["imageIds"]) == 1

    def with_fakeecr() -> None:
        with FakeECR(region=REGION) as ecr:
            calls(ecr.client())

    web = {"repositoryName": "web"}
    with FakeECR(region=REGION) as ecr:
        responses = {
            "CreateRepository": answer(ecr, "CreateRepository", web),
            "PutImage": answer(ecr, "PutImage", {**web, "imageManifest": image(), "imageTag": "latest"}),
            "ListImages": answer(ecr, "ListImages", web),
        }
    session = boto3.Session()
    ours, canned = medians(with_fakeecr, lambda: calls(floor_client(responses, session)), rounds=rounds)
    result = [Row("fresh fake, client, push, listing", ours, "fresh client, canned responses", canned, "at most 1.35×")]

    # Imported only now: moto's handler is in every client that is made afterwards.
    from moto import mock_aws

    seed = {"registries": [{"repositories": [{"name": "web", "images": [{"tags": ["latest"]}]}]}]}

    def seeded() -> None:
        with FakeECR(region=REGION) as ecr:
            ecr.seed(seed)
            assert len(ecr.client().list_images(repositoryName="web")["imageIds"]) == 1

    def with_moto() -> None:
        with mock_aws():
            calls(boto3.client("ecr", REGION))

    ours, theirs = medians(seeded, with_moto, rounds=rounds // 2)
    return [
        *result,
        Row("fresh fake, client, seeded repository, listing", ours, "moto's same", theirs, "at most 1/12"),
    ]
