"""fakeecr works with service models that are older or newer than the one that it was written for."""

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
# The operations of 2019, before image scanning.
OPERATIONS_OF_2019 = [
    "BatchCheckLayerAvailability", "BatchDeleteImage", "BatchGetImage", "CompleteLayerUpload", "CreateRepository",
    "DeleteLifecyclePolicy", "DeleteRepository", "DeleteRepositoryPolicy", "DescribeImages", "DescribeRepositories",
    "GetAuthorizationToken", "GetDownloadUrlForLayer", "GetLifecyclePolicy", "GetLifecyclePolicyPreview",
    "GetRepositoryPolicy", "InitiateLayerUpload", "ListImages", "ListTagsForResource", "PutImage",
    "PutImageTagMutability", "PutLifecyclePolicy", "SetRepositoryPolicy", "StartLifecyclePolicyPreview", "TagResource",
    "UntagResource", "UploadLayerPart",
]  # fmt: skip
# Members that were added later.
LATER_MEMBERS = {
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
def outcomes_with(tmp_path):
    """Return a function that sends every operation in a process with another model, and returns the outcomes."""

    def send_every_operation(model):
        folder = tmp_path / ".aws" / "models" / "ecr" / "2015-09-21"
        folder.mkdir(parents=True)
        (folder / "service-2.json").write_text(json.dumps(model))
        environment = {**os.environ, "HOME": str(tmp_path), "USERPROFILE": str(tmp_path)}
        process = subprocess.run(
            [sys.executable, "-W", "error", "-m", "tests.api.any_model"],
            cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert process.returncode == 0, process.stderr
        return json.loads(process.stdout)

    return send_every_operation


@pytest.mark.newest_model("member that the test removes")
def test_every_operation_of_an_older_model_is_answered(model, outcomes_with):
    model["operations"] = {name: model["operations"][name] for name in OPERATIONS_OF_2019}
    for shape, members in LATER_MEMBERS.items():
        for member in members:
            del model["shapes"][shape]["members"][member]

    assert outcomes_with(model) == dict.fromkeys(OPERATIONS_OF_2019, "answered")


@pytest.mark.newest_model("StopReplicationBackfill")
def test_every_operation_of_a_newer_model_is_answered_except_a_new_one(model, outcomes_with):
    model["operations"]["ListWonders"] = {**model["operations"]["ListImages"], "name": "ListWonders"}
    request_shape = model["shapes"]["ListImagesRequest"]
    request_shape["members"]["wonder"] = {"shape": "NextToken"}
    model["shapes"]["ListImagesResponse"]["members"]["wonder"] = {"shape": "NextToken"}
    request_shape["required"] = []

    outcomes = outcomes_with(model)

    assert outcomes.pop("ListWonders") == "NotImplementedByFakeECR"
    assert {operation: code for operation, code in outcomes.items() if code != "answered"} == NEVER
