"""The botocore on a user's machine may be older or newer than the one that fakeecr was made with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.loaders import Loader

from tests.operations.every_operation import NEVER

ROOT = Path(__file__).parent.parent.parent
# What ECR had in 2019, before images were scanned.
EARLY = [
    "BatchCheckLayerAvailability", "BatchDeleteImage", "BatchGetImage", "CompleteLayerUpload", "CreateRepository",
    "DeleteLifecyclePolicy", "DeleteRepository", "DeleteRepositoryPolicy", "DescribeImages", "DescribeRepositories",
    "GetAuthorizationToken", "GetDownloadUrlForLayer", "GetLifecyclePolicy", "GetLifecyclePolicyPreview",
    "GetRepositoryPolicy", "InitiateLayerUpload", "ListImages", "ListTagsForResource", "PutImage",
    "PutImageTagMutability", "PutLifecyclePolicy", "SetRepositoryPolicy", "StartLifecyclePolicyPreview", "TagResource",
    "UntagResource", "UploadLayerPart",
]  # fmt: skip
LATE = {
    "ImageDetail": ["imageStatus", "lastArchivedAt", "lastActivatedAt", "lastRecordedPullTime", "subjectManifestDigest",
                    "imageScanStatus", "imageScanFindingsSummary", "artifactMediaType", "imageManifestMediaType"],
    "ListImagesFilter": ["imageStatus"],
    "DescribeImagesFilter": ["imageStatus"],
    "Repository": ["imageTagMutabilityExclusionFilters", "imageScanningConfiguration", "encryptionConfiguration"],
    "Image": ["imageManifestMediaType"],
    "LifecyclePolicyPreviewResult": ["storageClass"],
    "LifecyclePolicyPreviewSummary": ["transitioningImageTotalCounts"],
    "GetLifecyclePolicyResponse": ["lastEvaluatedAt"],
    "DeleteLifecyclePolicyResponse": ["lastEvaluatedAt"],
}  # fmt: skip


@pytest.fixture
def model():
    return Loader().load_service_model("ecr", "service-2")


@pytest.fixture
def answers(tmp_path):
    """Give a function that asks everything of a process whose botocore has another model of ECR."""

    def ask(model):
        folder = tmp_path / ".aws" / "models" / "ecr" / "2015-09-21"
        folder.mkdir(parents=True)
        (folder / "service-2.json").write_text(json.dumps(model))
        environment = {**os.environ, "HOME": str(tmp_path), "USERPROFILE": str(tmp_path)}
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "tests.protocol.any_model"],
            cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return ask


def test_an_older_one_works_as_far_as_it_goes(model, answers):
    model["operations"] = {name: model["operations"][name] for name in EARLY}
    for shape, members in LATE.items():
        for member in members:
            del model["shapes"][shape]["members"][member]
    assert answers(model) == dict.fromkeys(EARLY, "answered")


def test_a_newer_one_works_but_for_what_is_new_which_is_refused_loudly(model, answers):
    model["operations"]["ListWonders"] = {**model["operations"]["ListImages"], "name": "ListWonders"}
    shape = model["shapes"]["ListImagesRequest"]
    shape["members"]["wonder"] = {"shape": "NextToken"}
    model["shapes"]["ListImagesResponse"]["members"]["wonder"] = {"shape": "NextToken"}
    shape["required"] = []
    found = answers(model)
    assert found.pop("ListWonders") == "NotImplementedByFakeECR"
    assert {operation: code for operation, code in found.items() if code != "answered"} == NEVER
