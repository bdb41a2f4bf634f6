"""The AWS CLI, version 1, which has an environment of its own."""

from __future__ import annotations

import base64
import json
import os

import pytest

from tests.adapters.server.clients.children import TAGS, clients_folder, run_child
from tests.manifests import digest_of, image

pytestmark = pytest.mark.clients


@pytest.fixture
def aws(server):
    """Return a function that runs `aws ecr` with arguments."""
    program = clients_folder() / "bin" / "aws"
    return lambda *arguments: run_child(server, [program, "ecr", *arguments])


def test_a_listing_is_filtered_and_resumed_where_max_items_ended_it(web, aws):
    listing = ["list-images", "--repository-name", "web", "--filter", "tagStatus=TAGGED", "--max-items", "3"]

    first = aws(*listing).json
    rest = aws(*listing, "--starting-token", first["NextToken"]).json

    assert [image["imageTag"] for image in first["imageIds"]] == TAGS[:3]
    assert [image["imageTag"] for image in rest["imageIds"]] == TAGS[3:]
    assert "NextToken" not in rest


def test_a_listing_is_resumed_by_a_token_of_the_service(ecr, web, aws):
    # With a page size, what NextToken holds is the service's token and not a position in the first page.
    listing = ["list-images", "--repository-name", "web", "--page-size", "2", "--max-items", "2"]

    first = aws(*listing).json
    second = aws(*listing, "--starting-token", first["NextToken"]).json

    assert [image["imageTag"] for page in (first, second) for image in page["imageIds"]] == TAGS[:4]
    assert json.loads(base64.b64decode(first["NextToken"]))["nextToken"] == ecr.calls[1].parameters["nextToken"]


def test_all_pages_are_read_and_queried_as_text(ecr, web, aws):
    listing = ["list-images", "--repository-name", "web", "--filter", "tagStatus=TAGGED", "--page-size", "2"]

    outcome = aws(*listing, "--query", "imageIds[].imageTag", "--output", "text")

    assert outcome.exit_code == 0
    assert outcome.output.split() == TAGS
    ecr.assert_called("ListImages", times=3, maxResults=2)


def test_untagged_images_are_shown_as_a_table(ecr, web, aws):
    ecr.push("web")

    outcome = aws(*["list-images", "--repository-name", "web", "--filter", "tagStatus=UNTAGGED", "--output", "table"])

    assert outcome.exit_code == 0
    lines = outcome.output.splitlines()
    assert (lines[0], lines[1].strip("| ")) == ("-" * 79, "ListImages")
    assert outcome.output.count("sha256:") == 1


def test_images_are_described_by_tag(ecr, web, aws):
    pushed = ecr.push("web", "v9", size=4096)

    (detail,) = aws("describe-images", "--repository-name", "web", "--image-ids", "imageTag=v9").json["imageDetails"]

    assert (detail["imageDigest"], detail["imageTags"]) == (pushed.digest, ["v9"])


def test_an_image_is_put_from_a_file_and_deleted(ecr, aws, tmp_path):
    manifest = image()
    path = tmp_path / "manifest.json"
    path.write_text(manifest, encoding="utf-8")

    created = aws("create-repository", "--repository-name", "web").json
    put = aws("put-image", "--repository-name", "web", "--image-tag", "v1", "--image-manifest", f"file://{path}").json
    deleted = aws("batch-delete-image", "--repository-name", "web", "--image-ids", "imageTag=v1", "imageTag=v2").json

    assert created["repository"]["repositoryUri"] == "123456789012.dkr.ecr.us-east-1.amazonaws.com/web"
    assert put["image"]["imageId"] == {"imageDigest": digest_of(manifest), "imageTag": "v1"}
    assert deleted["imageIds"] == [put["image"]["imageId"]]
    assert [failure["failureCode"] for failure in deleted["failures"]] == ["ImageNotFound"]
    assert ecr.dump()["registries"][0]["repositories"][0]["images"] == []


def test_a_password_and_an_authorization_token_name_the_user_aws(aws):
    password = aws("get-login-password")
    (authorization,) = aws("get-authorization-token").json["authorizationData"]

    user, _, _ = base64.b64decode(authorization["authorizationToken"]).decode().partition(":")
    assert (password.exit_code, password.errors) == (0, "")
    assert len(password.output.split()) == 1
    assert user == "AWS"
    assert authorization["proxyEndpoint"] == "https://123456789012.dkr.ecr.us-east-1.amazonaws.com"


def test_the_end_of_a_scan_is_waited_for(ecr, web, aws):
    ecr.set_findings("web", [{"name": "CVE-2024-3094", "severity": "HIGH"}], tag="v1")
    on_image = ["--repository-name", "web", "--image-id", "imageTag=v1"]

    started = aws("start-image-scan", *on_image).json
    waited = aws("wait", "image-scan-complete", *on_image)
    counts = aws(
        *["describe-image-scan-findings", *on_image],
        *["--query", "imageScanFindings.findingSeverityCounts.HIGH", "--output", "text"],
    )

    assert started["imageScanStatus"]["status"] == "IN_PROGRESS"
    assert waited == (0, "", "")
    assert counts.output == "1\n"


def test_the_preview_of_a_lifecycle_policy_is_waited_for(web, aws):
    selection = {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 1}
    policy = {"rules": [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]}

    started = aws(
        *["start-lifecycle-policy-preview", "--repository-name", "web"],
        *["--lifecycle-policy-text", json.dumps(policy)],
    )
    waited = aws("wait", "lifecycle-policy-preview-complete", "--repository-name", "web")
    preview = aws("get-lifecycle-policy-preview", "--repository-name", "web").json

    assert started.exit_code == 0
    assert waited == (0, "", "")
    assert (preview["status"], preview["previewResults"]) == ("COMPLETE", [])


def test_a_layer_is_uploaded_from_a_file(aws, tmp_path):
    content = os.urandom(100_000)
    path = tmp_path / "layer"
    path.write_bytes(content)
    of_web = ["--repository-name", "web"]

    aws("create-repository", *of_web)
    upload = aws("initiate-layer-upload", *of_web, "--query", "uploadId", "--output", "text").output.strip()
    aws(
        *["upload-layer-part", *of_web, "--upload-id", upload, "--part-first-byte", "0"],
        *["--part-last-byte", str(len(content) - 1), "--layer-part-blob", f"fileb://{path}"],
    )
    complete = aws("complete-layer-upload", *of_web, "--upload-id", upload, "--layer-digests", digest_of(content)).json

    assert complete["layerDigest"] == digest_of(content)


# --- Errors --------------------------------------------------------------------------------------

NOT_FOUND = "The repository with name 'web' does not exist in the registry with id '123456789012'"


def test_a_waiter_fails_with_its_reason(web, aws):
    outcome = aws("wait", "image-scan-complete", "--repository-name", "web", "--image-id", "imageTag=v1")

    assert (outcome.exit_code, outcome.output) == (255, "")
    assert "Waiter ImageScanComplete failed: An error occurred (ScanNotFoundException)" in outcome.errors


@pytest.mark.parametrize(
    ("arguments", "exit_code", "message"),
    [
        pytest.param(
            ["list-images", "--repository-name", "web"],
            255,
            f"An error occurred (RepositoryNotFoundException) when calling the ListImages operation: {NOT_FOUND}",
            id="an error of ECR",
        ),
        pytest.param(
            ["create-repository", "--repository-name", "WEB"],
            255,
            "An error occurred (InvalidParameterException) when calling the CreateRepository operation: Invalid "
            "parameter at 'repositoryName' failed to satisfy constraint:",
            id="a name that ECR refuses",
        ),
        pytest.param(
            ["list-images", "--repository-name", "web", "--page-size", "0"],
            255,
            "Invalid value for parameter maxResults, value: 0, valid min value: 1",
            id="a value that the CLI refuses",
        ),
        pytest.param(
            ["list-images"], 2, "the following arguments are required: --repository-name", id="a missing argument"
        ),
    ],
)
def test_an_error_has_its_text_and_its_exit_code(aws, arguments, exit_code, message):
    outcome = aws(*arguments)

    assert (outcome.exit_code, outcome.output) == (exit_code, "")
    assert message in outcome.errors


def test_a_request_that_fails_is_tried_again(ecr, web, aws):
    fault = ecr.fail("ListImages", "ServerException")

    assert len(aws("list-images", "--repository-name", "web").json["imageIds"]) == 5
    assert fault.hits == 1


def test_a_request_that_goes_on_failing_fails(ecr, web, aws, monkeypatch):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    ecr.fail("ListImages", "ThrottlingException", times=None)

    outcome = aws("list-images", "--repository-name", "web")

    assert outcome.exit_code == 255
    assert "(ThrottlingException) when calling the ListImages operation (reached max retries: 1)" in outcome.errors


SCRIPT = """
set -euo pipefail
if ! aws ecr describe-repositories --repository-names web >/dev/null 2>&1; then
  aws ecr create-repository --repository-name web >/dev/null
fi
for tag in v1 v2 v3; do
  aws ecr put-image --repository-name web --image-tag "$tag" --image-manifest file://manifest.json >/dev/null
done
# Keep the newest.
old=$(aws ecr list-images --repository-name web --query "imageIds[?imageTag!='v3'].imageTag" --output text)
for tag in $old; do
  aws ecr batch-delete-image --repository-name web --image-ids imageTag="$tag" --output text --query 'failures[]'
done
aws ecr list-images --repository-name web --query 'imageIds[].imageTag' --output text
aws ecr get-login-password | wc -l
"""


def test_a_script_for_the_shell_uses_the_fake(ecr, server, tmp_path, monkeypatch):
    (tmp_path / "manifest.json").write_text(image(), encoding="utf-8")
    monkeypatch.setenv("PATH", f"{clients_folder() / 'bin'}{os.pathsep}{os.environ['PATH']}")

    outcome = run_child(server, ["bash", "-s"], SCRIPT, cwd=tmp_path)

    assert (outcome.exit_code, outcome.errors) == (0, "")
    assert outcome.output.split() == ["v3", "1"]
    ecr.assert_called("BatchDeleteImage", times=2)
