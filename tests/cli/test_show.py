"""`fakeecr show`."""

from __future__ import annotations

import json
import re

import pytest

from fakeecr import FakeECR
from tests.cli.conftest import run_in_terminal

FINDINGS = [{"name": f"CVE-2024-{number}", "severity": "HIGH"} for number in range(1500)]


def described(file, repository, **image_id):
    with FakeECR(file) as ecr:
        (image,) = ecr.client().describe_images(repositoryName=repository, imageIds=[image_id])["imageDetails"]
        return image


def test_a_repository_is_shown_with_its_tags_policies_and_counts(fakeecr, state):
    rule = {
        "rulePriority": 1,
        "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 9},
        "action": {"type": "expire"},
    }
    with FakeECR(state) as ecr:
        client = ecr.client()
        (repository,) = client.describe_repositories(repositoryNames=["multi"])["repositories"]
        client.tag_resource(resourceArn=repository["repositoryArn"], tags=[{"Key": "team", "Value": "one"}])
        lifecycle = client.put_lifecycle_policy(
            repositoryName="multi", lifecyclePolicyText=json.dumps({"rules": [rule]})
        )["lifecyclePolicyText"]

    shown = fakeecr("show", "multi", "--database", state).json

    assert shown["repositoryArn"] == repository["repositoryArn"]
    assert shown["tags"] == [{"Key": "team", "Value": "one"}]
    assert shown["lifecyclePolicyText"] == lifecycle
    assert "policyText" not in shown
    assert (shown["imageCount"], shown["untaggedImageCount"], shown["tagCount"]) == (3, 2, 1)


def test_an_image_is_shown_with_its_manifest_config_and_layers(fakeecr, state):
    shown = fakeecr("show", "team/web:1.0", "--database", state).json

    assert shown["imageDigest"] == described(state, "team/web", imageTag="1.0")["imageDigest"]
    (layer,) = json.loads(shown["imageManifest"])["layers"]
    assert shown["layers"] == [
        {
            "layerDigest": layer["digest"],
            "layerAvailability": "AVAILABLE",
            "layerSize": 1,
            "mediaType": layer["mediaType"],
        }
    ]
    assert shown["config"]["rootfs"]["diff_ids"] == [layer["digest"]]
    assert "imageScanFindings" not in shown


def test_an_index_is_shown_with_its_images_by_platform(fakeecr, state):
    images = fakeecr("show", "multi:1.0", "--database", state).json["images"]

    assert [image["platform"] for image in images] == ["linux/amd64", "linux/arm64/v8"]
    assert all(image["imageManifest"] for image in images)


def test_the_missing_image_of_an_index_is_shown_as_a_failure(fakeecr, state):
    digest = f"sha256:{'0' * 64}"
    index = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest, "size": 2}],
    }
    with FakeECR(state) as ecr:
        ecr.push("multi", "broken", manifest=json.dumps(index))

    (image,) = fakeecr("show", "multi:broken", "--database", state).json["images"]

    assert (image["failureCode"], image["imageId"]) == ("ImageNotFound", {"imageDigest": digest})


def index_of(*digests):
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [
                {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest, "size": 2}
                for digest in digests
            ],
        }
    )


def test_an_image_that_indexes_share_is_described_once(fakeecr, state):
    with FakeECR(state) as ecr:
        first = digest = ecr.push("team/web", "first").digest
        for level in range(30):
            # Each index has the one below it twice.
            digest = ecr.push("team/web", f"level-{level}", manifest=index_of(digest, digest)).digest

    outcome = fakeecr("show", f"team/web@{digest}", "--database", state)

    shown, depth = outcome.json, 0
    while "images" in shown:
        shown, again = shown["images"]
        assert again == {"imageId": {"imageDigest": shown["imageDigest"]}}
        depth += 1
    assert (depth, shown["imageDigest"]) == (30, first)


def test_an_image_that_is_missing_in_several_indexes_is_missing_in_each(fakeecr, state):
    missing = f"sha256:{'0' * 64}"
    with FakeECR(state) as ecr:
        inner = ecr.push("team/web", "inner", manifest=index_of(missing)).digest
        ecr.push("team/web", "outer", manifest=index_of(missing, inner, missing))

    first, nested, second = fakeecr("show", "team/web:outer", "--database", state).json["images"]

    assert first["failureCode"] == second["failureCode"] == "ImageNotFound"
    assert nested["images"][0]["failureCode"] == "ImageNotFound"


def test_an_index_of_many_images_is_shown_in_its_order(fakeecr, state):
    with FakeECR(state) as ecr:
        digests = [ecr.push("team/web", layers=[b"%d" % number]).digest for number in range(250)]
        ecr.push("team/web", "many", manifest=index_of(*digests))

    images = fakeecr("show", "team/web:many", "--database", state).json["images"]

    assert [image["imageDigest"] for image in images] == digests


@pytest.mark.parametrize("manifest", ["{", "null", '{"layers": 3}', '{"manifests": [{"digest": 1}]}'])
def test_a_broken_manifest_is_shown_as_it_is(fakeecr, state, manifest):
    with FakeECR(state) as ecr:
        ecr.push("team/web", "broken", manifest=manifest)

    outcome = fakeecr("show", "team/web:broken", "--database", state)

    assert (outcome.exit_code, outcome.json["imageManifest"]) == (0, manifest)


def test_an_image_of_which_only_the_digest_is_known_is_shown(fakeecr, state):
    with FakeECR(state) as ecr:
        ecr.push("team/web", "unknown", digest=f"sha256:{'1' * 64}")

    shown = fakeecr("show", "team/web:unknown", "--database", state).json

    assert shown["imageDigest"] == f"sha256:{'1' * 64}"
    assert "imageManifest" not in shown


def test_all_findings_are_shown(fakeecr, state):
    with FakeECR(state) as ecr:
        ecr.set_findings("team/web", FINDINGS, tag="1.0")

    shown = fakeecr("show", "team/web:1.0", "--database", state).json

    assert shown["imageScanStatus"]["status"] == "COMPLETE"
    assert [finding["name"] for finding in shown["imageScanFindings"]["findings"]] == [
        finding["name"] for finding in FINDINGS
    ]


def test_all_enhanced_findings_are_shown(fakeecr, state):
    with FakeECR(state) as ecr:
        ecr.client().put_registry_scanning_configuration(scanType="ENHANCED", rules=[])
        ecr.set_findings("team/web", FINDINGS, tag="1.0")

    shown = fakeecr("show", "team/web:1.0", "--database", state).json

    assert len(shown["imageScanFindings"]["enhancedFindings"]) == len(FINDINGS)


@pytest.mark.parametrize("separator", ["@", "@sha256:"])
def test_the_beginning_of_a_digest_names_an_image(fakeecr, state, separator):
    digest = described(state, "team/web", imageTag="1.0")["imageDigest"]

    shown = fakeecr("show", f"team/web{separator}{digest[7:19]}", "--database", state).json

    assert shown["imageDigest"] == digest


def test_a_beginning_that_several_digests_have_is_a_problem(fakeecr, state):
    with FakeECR(state) as ecr:
        for last in "12":
            ecr.push("team/web", digest=f"sha256:{'0' * 63}{last}")

    outcome = fakeecr("show", "team/web@0000", "--database", state)

    assert outcome.exit_code == 1
    assert "several images of 'team/web' have a digest that begins with sha256:0000: give more of it" in outcome.errors


def test_a_uri_says_in_which_registry_an_image_is(fakeecr, state):
    shown = fakeecr("show", "210987654321.dkr.ecr.eu-west-1.amazonaws.com/base:old", "--database", state).json

    assert (shown["registryId"], shown["imageTags"]) == ("210987654321", ["old"])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("team/wbe", "Did you mean 'team/web'?"),
        ("team/web:1.1", "Did you mean '1.0'?"),
        (f"team/web@sha256:{'0' * 64}", "does not exist within the repository with name 'team/web'"),
    ],
)
def test_what_does_not_exist_is_a_problem(fakeecr, state, name, message):
    outcome = fakeecr("show", name, "--database", state)

    assert outcome.exit_code == 1
    assert message in outcome.errors


@pytest.mark.parametrize("name", ["team/web:", ":1.0", "web@", "web:1:2", "\udcff"])
def test_what_is_no_name_is_a_wrong_use(fakeecr, state, name):
    outcome = fakeecr("show", name, "--database", state)

    assert outcome.exit_code == 2
    assert "expected REPOSITORY, REPOSITORY:TAG or REPOSITORY@DIGEST" in outcome.errors


def test_showing_an_image_is_no_pull(fakeecr, state):
    fakeecr("show", "team/web:1.0", "--database", state)

    assert "lastRecordedPullTime" not in described(state, "team/web", imageTag="1.0")


# --- In a terminal -------------------------------------------------------------------------------


def test_a_terminal_shows_the_settings_of_a_repository(state):
    lines = run_in_terminal("show", "multi", "--database", state).lines

    assert lines[0] == "multi"
    assert "Images          3, 2 of them untagged" in [line.rstrip() for line in lines]


def test_a_terminal_shows_an_index_as_a_tree(state):
    lines = run_in_terminal("show", "multi:1.0", "--database", state).lines

    tree = [line for line in lines if line.startswith(("index", "├── ", "└── "))]
    assert [line.split("  ")[0] for line in tree] == ["index", "├── linux/amd64", "└── linux/arm64/v8"]


def test_a_terminal_shows_layers_and_findings(state):
    with FakeECR(state) as ecr:
        ecr.set_findings("team/web", FINDINGS[:1], tag="1.0")

    lines = [line.rstrip() for line in run_in_terminal("show", "team/web:1.0", "--database", state).lines]

    assert any(line.startswith("sha256:") and line.endswith("stored") for line in lines)
    assert "HIGH      CVE-2024-0" in lines
    assert '  "schemaVersion": 2,' in lines


def test_a_name_is_not_taken_for_markup(state):
    with FakeECR(state) as ecr:
        ecr.set_findings("team/web", [{"name": "[bold] :smile:", "severity": "LOW"}], tag="1.0")

    outcome = run_in_terminal("show", "team/web:1.0", "--database", state)

    assert "[bold] :smile:" in outcome.output


def test_control_characters_are_shown_and_not_obeyed(state):
    evil = "\x1b]0;evil\x07\x9b31m\u202e"
    with FakeECR(state) as ecr:
        image = ecr.push("team/web", "3.0")
        ecr.set_findings("team/web", [{"name": evil, "severity": "LOW"}], tag="3.0")
        index = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [
                {
                    "mediaType": "application/vnd.oci.image.manifest.v1+json",
                    "digest": image.digest,
                    "size": 2,
                    "platform": {"os": evil, "architecture": "amd64"},
                }
            ],
        }
        ecr.push("team/web", "4.0", manifest=json.dumps(index, ensure_ascii=False))

    shown = [run_in_terminal("show", f"team/web:{tag}", "--database", state).output for tag in ("3.0", "4.0")]

    for text in shown:
        assert not {"\x1b]", "\x07", "\x9b", "\u202e"} & set(re.findall("\x1b]|[\x07\x9b\u202e]", text))
        assert "\\x9b31m\\u202e" in text
