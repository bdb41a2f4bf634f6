"""Tests of cleanup_untagged.py, and of two others that look right: `pytest examples/test_cleanup_untagged.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError
from cleanup_untagged import delete_untagged, images

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

    from fakeecr import FakeECR

SEED = {"registries": [{"repositories": [{"name": "web", "images": [{"tags": ["latest"]}, {"count": 250}]}]}]}


def delete_the_first_page_only(client: ECRClient, repository: str) -> None:
    """Forget that there is a nextToken."""
    page = client.list_images(repositoryName=repository, filter={"tagStatus": "UNTAGGED"})
    client.batch_delete_image(repositoryName=repository, imageIds=page["imageIds"])


def delete_all_at_once(client: ECRClient, repository: str) -> None:
    """Forget that BatchDeleteImage takes a hundred images, and no more."""
    pages = client.get_paginator("list_images").paginate(repositoryName=repository, filter={"tagStatus": "UNTAGGED"})
    client.batch_delete_image(
        repositoryName=repository, imageIds=[image for page in pages for image in page["imageIds"]]
    )


@pytest.mark.fakeecr(seed=SEED)
def test_only_what_has_a_tag_is_left(ecr_client: ECRClient) -> None:
    assert delete_untagged(ecr_client, "web") == []
    assert len(images(ecr_client, "web")) == 1


@pytest.mark.fakeecr(seed=SEED)
def test_the_first_page_is_not_everything(ecr_client: ECRClient) -> None:
    delete_the_first_page_only(ecr_client, "web")
    assert len(images(ecr_client, "web")) == 151


@pytest.mark.fakeecr(seed=SEED)
def test_more_than_a_hundred_at_once_are_refused(ecr_client: ECRClient) -> None:
    with pytest.raises(ClientError, match="Member must have length less than or equal to 100"):
        delete_all_at_once(ecr_client, "web")


def test_the_images_of_an_untagged_index_go_after_it(fake_ecr: FakeECR, ecr_client: ECRClient) -> None:
    fake_ecr.push("web", platforms=["linux/amd64", "linux/arm64"])
    fake_ecr.push("web", "latest")
    assert delete_untagged(ecr_client, "web") == []
    assert len(images(ecr_client, "web")) == 1
