"""Pushes, deletions and descriptions: against the floor, moto, and the same in a smaller repository."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import boto3

from fakeecr import FakeECR
from tests.benchmarks.measuring import PAGE, REGION, Row, answer, floor_client, medians, registry
from tests.manifests import image

SMALL, FILLED = 1_000, 10_000
_numbers = count()


def filled(rows: int, database: Path | None = None) -> FakeECR:
    """Return a fake with a repository of that many images."""
    ecr = FakeECR(database, region=REGION)
    ecr.seed(registry(rows))
    return ecr


def pushes(client: Any) -> Callable[[], Any]:
    """Return a function that pushes a small new image with a new tag."""

    def push() -> None:
        number = next(_numbers)
        client.put_image(repositoryName="big", imageManifest=image(str(number)), imageTag=f"n{number}")

    return push


def pushing(rows: int, rounds: int) -> list[Row]:
    """Compare PutImage in memory and in a file with the floor, with a smaller repository, and with moto."""
    result = []
    with tempfile.TemporaryDirectory() as folder:
        for where, database in (("memory", None), ("a file", Path(folder) / "state.db")):
            ecr = filled(SMALL, database)
            request = {"repositoryName": "big", "imageManifest": image("canned"), "imageTag": "canned"}
            floor = floor_client({"PutImage": answer(ecr, "PutImage", request)})
            ours, canned = medians(pushes(ecr.client()), pushes(floor), rounds=rounds, each=10)
            goal = "at most 1.8×" if database is None else ""
            result.append(Row(f"PutImage in {where}", ours, "the floor: a canned response", canned, goal))
            ecr.stop()
    with filled(SMALL) as small, filled(rows) as big:
        more, less = medians(pushes(big.client()), pushes(small.client()), rounds=rounds, each=20)
    result.append(Row(f"PutImage among {rows:,} images", more, f"among {SMALL:,}", less, "at most 1.1×"))

    from moto import mock_aws

    ecr = filled(FILLED)
    with mock_aws():
        moto = filled_moto(FILLED)
        ours, theirs = medians(pushes(ecr.client()), pushes(moto), rounds=rounds, each=2)
    ecr.stop()
    return [*result, Row(f"PutImage among {FILLED:,} images", ours, "moto's same", theirs, "at most 1/2")]


def filled_moto(rows: int) -> Any:
    """Return a client of moto with a repository of that many images.

    They are written into moto's own state, because so many calls of PutImage would take moto hours.
    """
    from moto.core.models import DEFAULT_ACCOUNT_ID
    from moto.ecr.models import Image, ecr_backends

    client = boto3.client("ecr", REGION)
    client.create_repository(repositoryName="big")
    repository = ecr_backends[DEFAULT_ACCOUNT_ID][REGION].repositories["big"]
    for number in range(rows):
        manifest = image(f"filled {number}")
        digest = f"sha256:{number:064x}"
        repository.images.append(
            Image(DEFAULT_ACCOUNT_ID, f"build-{number}", manifest, "big", json.loads(manifest)["mediaType"], digest)
        )
    return client


def hundreds(client: Any) -> Iterator[list[dict[str, str]]]:
    """Return the ids of a repository's images, a hundred at a time."""
    for page in client.get_paginator("list_images").paginate(repositoryName="big", PaginationConfig={"PageSize": PAGE}):
        yield [{"imageTag": each["imageTag"]} for each in page["imageIds"]]


def deletions(client: Any, ids: Iterator[list[dict[str, str]]]) -> Callable[[], Any]:
    """Return a function that deletes the next hundred images."""
    return lambda: client.batch_delete_image(repositoryName="big", imageIds=next(ids))


def deleting(rows: int, rounds: int) -> list[Row]:
    """Compare BatchDeleteImage of a hundred images with the floor, with a smaller repository, and with moto."""
    needed = (rounds + 3) * PAGE + PAGE
    with filled(needed) as small, filled(rows + needed) as big:
        client = small.client()
        ids = hundreds(big.client())
        request = {"repositoryName": "big", "imageIds": next(ids)}
        floor = floor_client({"BatchDeleteImage": answer(big, "BatchDeleteImage", request)})
        always = iter(lambda: request["imageIds"], None)
        ours, least, less = medians(
            deletions(big.client(), ids),
            lambda: floor.batch_delete_image(repositoryName="big", imageIds=next(always)),
            deletions(client, hundreds(client)),
            rounds=rounds,
        )
    result = [
        Row(f"BatchDeleteImage of {PAGE} in memory", less, "the floor: a canned response", least, ""),
        Row(f"BatchDeleteImage of {PAGE} among {rows:,}", ours, f"among {needed:,} and fewer", less, "at most 1.1×"),
    ]
    from moto import mock_aws

    ecr = filled(FILLED)
    with mock_aws():
        client, moto = ecr.client(), filled_moto(FILLED)
        theirs_ids = iter([[{"imageTag": f"build-{n}"} for n in range(m, m + PAGE)] for m in range(0, FILLED, PAGE)])
        ours, theirs = medians(deletions(client, hundreds(client)), deletions(moto, theirs_ids), rounds=min(rounds, 10))
    ecr.stop()
    return [*result, Row(f"BatchDeleteImage of {PAGE} among {FILLED:,}", ours, "moto's same", theirs, "")]


def describing(rows: int, rounds: int) -> list[Row]:
    """Compare a page of DescribeImages with the floor, and with moto describing as many images."""
    ecr = filled(rows)
    client = ecr.client()
    floor = floor_client({"DescribeImages": answer(ecr, "DescribeImages", {"repositoryName": "big"})})

    def describe(client: Any) -> Callable[[], Any]:
        return lambda: client.describe_images(repositoryName="big")

    assert len(describe(client)()["imageDetails"]) == PAGE
    ours, least = medians(describe(client), describe(floor), rounds=rounds, each=5)
    measured = f"DescribeImages, a page of {PAGE} of {rows:,}"
    result = [Row(measured, ours, "the floor: a canned response", least, "")]

    from moto import mock_aws

    with mock_aws():
        moto = filled_moto(PAGE)
        ours, theirs = medians(describe(client), describe(moto), rounds=rounds, each=5)
    ecr.stop()
    return [*result, Row(measured, ours, f"moto describing {PAGE}", theirs, "")]
