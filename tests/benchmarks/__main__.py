"""The benchmarks: each a ratio of medians, its sides measured in turn in one run.

    python -m tests.benchmarks            # everything, some minutes
    python -m tests.benchmarks --quick    # a tenth of the rows

Machines differ and are noisy; ratios of one run are what can be compared. Nothing is asserted here.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import boto3
from botocore import UNSIGNED
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.stub import Stubber

from fakeecr import FakeECR
from fakeecr.adapters import botocore_hook
from fakeecr.protocol.http import Request, Response

REGION = "us-east-1"
PAGE = 100


class Row(NamedTuple):
    """A line of the table."""

    what: str
    median: float
    against: str
    other: float
    goal: str

    def __str__(self) -> str:
        ratio = self.median / self.other
        shown = f"{ratio:.2f}×" if ratio >= 0.5 else f"1/{1 / ratio:.1f}"
        times = f"{_time(self.median):>10} {_time(self.other):>10}"
        return f"{self.what:<58} {self.against:<34} {times} {shown:>7}  {self.goal}"


def _time(seconds: float) -> str:
    return f"{seconds * 1e6:,.0f} µs" if seconds < 0.1 else f"{seconds:,.2f} s"


def medians(*calls: Callable[[], Any], rounds: int, each: int = 1) -> list[float]:
    """Time calls in turn, so that a slow moment of the machine falls on all of them; seconds for one call."""
    taken: list[list[float]] = [[] for _ in calls]
    for number in range(rounds + 3):
        for index, call in enumerate(calls):
            begin = time.perf_counter()
            for _ in range(each):
                call()
            if number >= 3:  # what came before was to warm up
                taken[index].append((time.perf_counter() - begin) / each)
    return [statistics.median(times) for times in taken]


def registry(count: int, **image: Any) -> dict[str, Any]:
    """Describe a repository of tagged images."""
    images = [{"count": count, "tags": ["build-{n}"]}, *image.get("more", [])]
    return {"registries": [{"repositories": [{"name": "big", "images": images}]}]}


def floor_client(response: Response) -> Any:
    """Make an unsigned client that gets one response from a handler, and does nothing else."""

    class Raw:
        def stream(self) -> Iterator[bytes]:
            yield response.body

    def canned(request: Any, **_: Any) -> AWSResponse:
        return AWSResponse(request.url, response.status, response.headers, Raw())  # type: ignore[arg-type]

    client = boto3.Session().client("ecr", REGION, config=Config(signature_version=UNSIGNED))
    botocore_hook.remove(client.meta.events)
    client.meta.events.register("before-send.ecr", canned)  # type: ignore[arg-type]
    return client


def a_page(rows: int, rounds: int) -> list[Row]:
    """Compare a page of 100 with the floor, the Stubber and moto, each in turn with it alone."""
    ecr = FakeECR(region=REGION)
    ecr.seed(registry(rows))
    fake = ecr.client()
    target = "AmazonEC2ContainerRegistry_V20150921.ListImages"
    floor = floor_client(ecr.answer(Request(target, b'{"repositoryName": "big"}', REGION)))

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
            moto.put_image(repositoryName="big", imageManifest=manifest(number), imageTag=f"build-{number}")
        assert len(listing(moto)()["imageIds"]) == PAGE
        against_moto = medians(listing(fake), listing(moto), rounds=rounds, each=20)
    ecr.stop()
    return [
        Row(what, against_floor[0], "the floor: a canned response", against_floor[1], "at most 1.35×"),
        Row(what, against_stubber[0], "botocore's Stubber", against_stubber[1], ""),
        Row(what, against_moto[0], f"moto listing {PAGE}", against_moto[1], "at most 1/4"),
    ]


def manifest(number: int) -> str:
    """Write a manifest that is like no other."""
    kind = "application/vnd.docker.distribution.manifest.v2+json"
    return f'{{"schemaVersion":2,"mediaType":"{kind}","config":{{"size":{number}}},"layers":[]}}'


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
            client.put_image(repositoryName="web", imageManifest=manifest(1), imageTag="latest")
            assert len(client.list_images(repositoryName="web")["imageIds"]) == 1

    ours, theirs = medians(with_fakeecr, with_moto, rounds=rounds)
    return [Row("fresh fake, client, seeded repository, listing", ours, "moto's same", theirs, "at most 1/12")]


SEEDING = """
import resource, sys, time
from fakeecr import FakeECR

rows, path = int(sys.argv[1]), sys.argv[2]
with FakeECR(path) as ecr:
    images = ({"tags": [f"build-{n}"]} for n in range(rows))
    begin = time.perf_counter()
    ecr.seed({"registries": [{"repositories": [{"name": "big", "images": images}]}]})
    print(time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""

BARE = """
import sqlite3, sys, time

rows, source, path = int(sys.argv[1]), sys.argv[2], sys.argv[3]
from fakeecr.store.database import open_store
open_store(path).close()  # the same schema
connection = sqlite3.connect(path, isolation_level=None)
connection.execute("PRAGMA foreign_keys = ON")
connection.execute("PRAGMA synchronous = NORMAL")
connection.execute("ATTACH ? AS source", (source,))
tables = {}
for table in ("registry", "repository", "image", "image_identifier"):
    tables[table] = connection.execute(f"SELECT * FROM source.{table}").fetchall()
begin = time.perf_counter()
connection.execute("BEGIN IMMEDIATE")
for table, content in tables.items():
    marks = ", ".join("?" * len(content[0]))
    connection.executemany(f"INSERT INTO main.{table} VALUES ({marks})", content)
connection.execute("COMMIT")
print(time.perf_counter() - begin)
"""


def seeding(rows: int) -> list[Row]:
    """Compare seeding from a Python generator with a bare executemany of the same rows into the same schema."""
    with tempfile.TemporaryDirectory() as folder:

        def run(script: str, *arguments: object) -> list[float]:
            command = [sys.executable, "-c", script, *map(str, arguments)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            return [float(each) for each in done.stdout.split()]

        tenth, seeded, bare = (Path(folder) / name for name in ("tenth.db", "seeded.db", "bare.db"))
        _, little_memory = run(SEEDING, rows // 10, tenth)
        taken, memory = run(SEEDING, rows, seeded)
        (bare_taken,) = run(BARE, rows, seeded, bare)
    grown = (memory - little_memory) / 1024
    sys.stderr.write(f"Peak memory of seeding {rows:,} over that of {rows // 10:,}: {grown:+.0f} MiB\n")
    return [Row(f"seeding {rows:,} identifiers", taken, "bare executemany of the same rows", bare_taken, "at most 3×")]


def main() -> None:
    """Run everything and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    scale = 10 if parser.parse_args().quick else 1
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]

    heading = f"{'measured':<58} {'against':<34} {'median':>10} {'other':>10} {'ratio':>7}  goal"
    print(heading, "-" * len(heading), sep="\n")  # noqa: T201 - what the command is for
    parts: list[Callable[[], list[Row]]] = [
        lambda: a_page(100_000 // scale, rounds=200 // scale),
        lambda: fresh(rounds=100 // scale),
        lambda: depth(1_000_000 // scale, rounds=100 // scale),
        lambda: seeding(1_000_000 // scale),
    ]
    for part in parts:
        for row in part():
            print(row, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
