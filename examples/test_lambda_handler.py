"""Tests of lambda_handler.py: `pytest examples/test_lambda_handler.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lambda_handler import handler

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

    from fakeecr import FakeECR


@pytest.fixture(autouse=True)
def _deployed(fake_ecr: FakeECR) -> None:
    """Call the handler for each push, as the EventBridge rule does."""
    fake_ecr.subscribe(lambda event: handler(event, None), "ECR Image Action")


def tags_of_web(client: ECRClient) -> list[list[str]]:
    return [image.get("imageTags", []) for image in client.describe_images(repositoryName="web")["imageDetails"]]


def test_a_push_of_latest_is_tagged_with_its_date(fake_ecr: FakeECR, ecr_client: ECRClient) -> None:
    fake_ecr.push("web", "latest")

    (tags,) = tags_of_web(ecr_client)
    assert tags == ["latest", fake_ecr.events[0]["time"][:10]]


def test_a_push_of_another_tag_is_left_alone(fake_ecr: FakeECR, ecr_client: ECRClient) -> None:
    fake_ecr.push("web", "v1")

    assert tags_of_web(ecr_client) == [["v1"]]
    fake_ecr.assert_not_called("PutImage")


def test_an_event_that_is_delivered_twice_does_no_harm(fake_ecr: FakeECR, ecr_client: ECRClient) -> None:
    fake_ecr.push("web", "latest")

    handler(fake_ecr.events[0], None)

    assert len(tags_of_web(ecr_client)[0]) == 2
