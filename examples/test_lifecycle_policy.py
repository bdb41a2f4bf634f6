"""Tests of a lifecycle policy before it deletes images in AWS: `pytest examples/test_lifecycle_policy.py`."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

    from fakeecr import FakeECR

# The policy under test; a project would read it from its own file.
POLICY = {
    "rules": [
        {
            "rulePriority": 1,
            "description": "Keep the two newest releases.",
            "selection": {
                "tagStatus": "tagged",
                "tagPatternList": ["v*"],
                "countType": "imageCountMoreThan",
                "countNumber": 2,
            },
            "action": {"type": "expire"},
        },
        {
            "rulePriority": 2,
            "description": "Delete everything else after two weeks.",
            "selection": {
                "tagStatus": "any",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": 14,
            },
            "action": {"type": "expire"},
        },
    ]
}
# Tag → age in days.
AGES = {"v1.0": 300, "v1.1": 200, "v2.0": 100, "main-1": 15, "main-2": 1}


@pytest.fixture
def web_client(fake_ecr: FakeECR, ecr_client: ECRClient) -> ECRClient:
    """Return a client; the repository `web` has images and the policy."""
    now = datetime.now(UTC)
    for tag, age in AGES.items():
        fake_ecr.push("web", tag, pushed_at=now - timedelta(days=age))
    ecr_client.put_lifecycle_policy(repositoryName="web", lifecyclePolicyText=json.dumps(POLICY))
    return ecr_client


def test_a_preview_shows_the_images_that_would_expire(web_client: ECRClient) -> None:
    web_client.start_lifecycle_policy_preview(repositoryName="web")
    web_client.get_waiter("lifecycle_policy_preview_complete").wait(repositoryName="web")

    preview = web_client.get_lifecycle_policy_preview(repositoryName="web")
    rule_of_tag = {
        tag: result["appliedRulePriority"] for result in preview["previewResults"] for tag in result["imageTags"]
    }
    assert rule_of_tag == {"v1.0": 1, "main-1": 2}


def test_the_two_newest_releases_stay_at_any_age(fake_ecr: FakeECR, web_client: ECRClient) -> None:
    fake_ecr.expire()

    remaining = web_client.list_images(repositoryName="web")["imageIds"]
    assert [image["imageTag"] for image in remaining] == ["v1.1", "v2.0", "main-2"]
