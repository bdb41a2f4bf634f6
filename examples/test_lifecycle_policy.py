"""Tests of a lifecycle policy itself, before it deletes anything: `pytest examples/test_lifecycle_policy.py`."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

    from fakeecr import FakeECR

# The policy under test; that of a project would be read from its own file.
POLICY = {
    "rules": [
        {
            "rulePriority": 1,
            "description": "The two newest releases stay.",
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
            "description": "Everything else goes after two weeks.",
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
# Tag, and age in days.
IMAGES = {"v1.0": 300, "v1.1": 200, "v2.0": 100, "main-1": 15, "main-2": 1}


@pytest.fixture
def web(fake_ecr: FakeECR, ecr_client: ECRClient) -> ECRClient:
    now = datetime.now(UTC)
    for tag, age in IMAGES.items():
        fake_ecr.push("web", tag, pushed_at=now - timedelta(days=age))
    ecr_client.put_lifecycle_policy(repositoryName="web", lifecyclePolicyText=json.dumps(POLICY))
    return ecr_client


def test_a_preview_shows_what_would_go(web: ECRClient) -> None:
    web.start_lifecycle_policy_preview(repositoryName="web")
    web.get_waiter("lifecycle_policy_preview_complete").wait(repositoryName="web")
    preview = web.get_lifecycle_policy_preview(repositoryName="web")
    gone = {tag: result["appliedRulePriority"] for result in preview["previewResults"] for tag in result["imageTags"]}
    assert gone == {"v1.0": 1, "main-1": 2}


def test_the_newest_releases_stay_however_old_they_are(fake_ecr: FakeECR, web: ECRClient) -> None:
    fake_ecr.expire()
    left = web.list_images(repositoryName="web")["imageIds"]
    assert [image["imageTag"] for image in left] == ["v1.1", "v2.0", "main-2"]
