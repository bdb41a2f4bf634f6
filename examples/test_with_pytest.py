"""fakeecr with pytest: run with `pytest examples/test_with_pytest.py`.

`latest_builds` is the code under test. Its first version looked at the first page only, which every small test
repository forgives; the last test here is the one that would not have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

    from fakeecr import FakeECR


def build_numbers(repository: str) -> set[int]:
    """Read the numbers of a repository's builds from its tags."""
    pages = boto3.client("ecr").get_paginator("list_images").paginate(repositoryName=repository)
    tags = [image.get("imageTag", "") for page in pages for image in page["imageIds"]]
    return {int(tag.removeprefix("build-")) for tag in tags if tag.startswith("build-")}


def build_numbers_of_the_first_page(repository: str) -> set[int]:
    """Do the same with the bug in it."""
    images = boto3.client("ecr").list_images(repositoryName=repository)["imageIds"]
    tags = [image.get("imageTag", "") for image in images]
    return {int(tag.removeprefix("build-")) for tag in tags if tag.startswith("build-")}


def test_reads_what_was_pushed(fake_ecr: FakeECR) -> None:
    fake_ecr.push("team/service", "build-1", "latest")
    fake_ecr.push("team/service", "build-2", "latest")
    assert build_numbers("team/service") == {1, 2}


def test_passes_over_untagged_images(fake_ecr: FakeECR, ecr_client: ECRClient) -> None:
    image = fake_ecr.push("team/service")
    assert build_numbers("team/service") == set()
    assert ecr_client.list_images(repositoryName="team/service")["imageIds"] == [{"imageDigest": image.digest}]


@pytest.mark.fakeecr(seed="registries.yaml")
@pytest.mark.usefixtures("fake_ecr")
def test_reads_every_page() -> None:
    assert build_numbers("team/service") == set(range(1, 251))
    assert build_numbers_of_the_first_page("team/service") == set(range(1, 101)), "what the bug would have seen"
