"""Threads and processes push, move a tag and list at once: no error, no lost image, no duplicate in a listing."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from fakeecr import FakeECR
from tests.answers import all_pages, identifiers
from tests.store.processes import run_simultaneously

PUSHES = 4


def push_and_list(ecr: FakeECR, worker: str) -> None:
    """Push images with this worker's tags and the tag that all workers share; list every page after each push."""
    client = ecr.client()
    for number in range(PUSHES):
        ecr.push("web", f"{worker}-{number}", "latest")

        pages = all_pages(client.list_images, "imageIds", repositoryName="web", maxResults=7)

        listed = [(image["imageDigest"], image.get("imageTag")) for page in pages for image in page]
        duplicates = [identifier for identifier, count in Counter(listed).items() if count > 1]
        assert duplicates == []
        assert {f"{worker}-{n}" for n in range(number + 1)} <= {tag for _, tag in listed}


def run_threads(ecr: FakeECR, name: str, count: int) -> None:
    with ThreadPoolExecutor(count) as pool:
        for future in [pool.submit(push_and_list, ecr, f"{name}-{thread}") for thread in range(count)]:
            future.result()


def check_every_push_is_listed(ecr: FakeECR, workers: set[str]) -> None:
    client = ecr.client()

    listed = [
        identifier
        for page in client.get_paginator("list_images").paginate(repositoryName="web")
        for identifier in identifiers(page)
    ]

    tags = Counter(tag for _, tag in listed)
    assert set(tags) == {"latest"} | {f"{worker}-{number}" for worker in workers for number in range(PUSHES)}
    assert set(tags.values()) == {1}
    # Each push made a new image.
    assert len({digest for digest, _ in listed}) == len(workers) * PUSHES


@pytest.mark.parametrize("database", ["memory", "file"], indirect=True)
def test_32_threads_share_one_fake(any_ecr):
    run_threads(any_ecr, "thread", 32)

    check_every_push_is_listed(any_ecr, {f"thread-{n}" for n in range(32)})


PROCESS = """
import sys
from fakeecr import FakeECR
from tests.store.test_concurrency import run_threads

sys.stdin.read()  # all processes begin at the same time
with FakeECR(sys.argv[1]) as ecr:
    run_threads(ecr, sys.argv[2], int(sys.argv[3]))
"""


@pytest.mark.parametrize("database", ["file", "postgresql"], indirect=True)
def test_eight_processes_of_four_threads_share_one_database(database):
    address = database.render_as_string(hide_password=False) if hasattr(database, "render_as_string") else str(database)

    run_simultaneously(PROCESS, [[address, f"process-{n}", "4"] for n in range(8)])

    with FakeECR(database) as ecr:
        check_every_push_is_listed(ecr, {f"process-{p}-{t}" for p in range(8) for t in range(4)})
