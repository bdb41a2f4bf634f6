"""Code that lists images, and its tests with pytest: `pytest examples/test_with_pytest.py`.

The package has the fixtures `fake_ecr` and `ecr_client` and the marker `fakeecr`; no conftest.py is needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

    from fakeecr import FakeECR


def all_tags(client: ECRClient, repository: str) -> set[str]:
    """Return the tags of a repository, from all pages."""
    pages = client.get_paginator("list_images").paginate(repositoryName=repository)
    return {image["imageTag"] for page in pages for image in page["imageIds"] if "imageTag" in image}


def all_tags_with_a_bug(client: ECRClient, repository: str) -> set[str]:
    """Return the tags of the first page, as if it were the only one."""
    page = client.list_images(repositoryName=repository)
    return {image["imageTag"] for image in page["imageIds"] if "imageTag" in image}


def test_a_tag_that_moved_is_listed_once(fake_ecr: FakeECR, ecr_client: ECRClient) -> None:
    fake_ecr.push("web", "1.0", "latest")
    fake_ecr.push("web", "1.1", "latest")

    assert all_tags(ecr_client, "web") == {"1.0", "1.1", "latest"}


def test_a_small_repository_does_not_reveal_the_bug(fake_ecr: FakeECR, ecr_client: ECRClient) -> None:
    fake_ecr.push("web", "1.0", "latest")

    assert all_tags_with_a_bug(ecr_client, "web") == all_tags(ecr_client, "web")


@pytest.mark.fakeecr(seed="registries.yaml")  # beside this file
def test_a_large_repository_reveals_the_bug(ecr_client: ECRClient) -> None:
    assert all_tags(ecr_client, "team/service") == {f"build-{n}" for n in range(1, 1251)}

    assert "build-100" in all_tags_with_a_bug(ecr_client, "team/service")
    assert "build-101" not in all_tags_with_a_bug(ecr_client, "team/service")
