"""Tests of cleanup_untagged.py and of two versions with a bug: `pytest examples/test_cleanup_untagged.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError
from cleanup_untagged import delete_untagged, image_digests

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

    from fakeecr import FakeECR

SEED = {"registries": [{"repositories": [{"name": "web", "images": [{"tags": ["latest"]}, {"count": 250}]}]}]}


def delete_the_first_page_only(client: ECRClient, repository: str) -> None:
    """Delete untagged images, with a bug: nextToken is ignored."""
    page = client.list_images(repositoryName=repository, filter={"tagStatus": "UNTAGGED"})
    client.batch_delete_image(repositoryName=repository, imageIds=page["imageIds"])


def delete_all_at_once(client: ECRClient, repository: str) -> None:
    """Delete untagged images, with a bug: BatchDeleteImage accepts at most 100 images."""
    pages = client.get_paginator("list_images").paginate(repositoryName=repository, filter={"tagStatus": "UNTAGGED"})
    client.batch_delete_image(
        repositoryName=repository, imageIds=[image for page in pages for image in page["imageIds"]]
    )


@pytest.mark.fakeecr(seed=SEED)
def test_the_clean_up_keeps_only_tagged_images(ecr_client: ECRClient) -> None:
    assert delete_untagged(ecr_client, "web") == []
    assert len(image_digests(ecr_client, "web")) == 1


@pytest.mark.fakeecr(seed=SEED)
def test_a_clean_up_of_the_first_page_leaves_untagged_images(ecr_client: ECRClient) -> None:
    delete_the_first_page_only(ecr_client, "web")

    assert len(image_digests(ecr_client, "web")) == 151


@pytest.mark.fakeecr(seed=SEED)
def test_a_clean_up_of_more_than_100_images_at_once_is_refused(ecr_client: ECRClient) -> None:
    with pytest.raises(ClientError, match="Member must have length less than or equal to 100"):
        delete_all_at_once(ecr_client, "web")


def test_the_clean_up_deletes_an_untagged_index_and_its_images(fake_ecr: FakeECR, ecr_client: ECRClient) -> None:
    fake_ecr.push("web", platforms=["linux/amd64", "linux/arm64"])
    fake_ecr.push("web", "latest")

    assert delete_untagged(ecr_client, "web") == []
    assert len(image_digests(ecr_client, "web")) == 1
