"""`fakeecr expire`."""

from __future__ import annotations

import json

import pytest

from fakeecr import FakeECR
from tests.cli.conftest import run_in_terminal


def policy(count=1, action="expire", **selection):
    """Return a policy that keeps the youngest images."""
    rule = {
        "rulePriority": 7,
        "selection": {
            "tagStatus": "any",
            "countType": "imageCountMoreThan",
            "countNumber": count,
            "storageClass": "standard",
        },
        "action": {"type": action},
    }
    if action == "expire":
        del rule["selection"]["storageClass"]
    else:
        rule["action"]["targetStorageClass"] = "archive"
    return json.dumps({"rules": [rule]})


@pytest.fixture
def with_policy(state):
    """Return a state file in which `team/web` has a policy that removes one of its two images."""
    with FakeECR(state) as ecr:
        ecr.client().put_lifecycle_policy(repositoryName="team/web", lifecyclePolicyText=policy())
    return state


@pytest.fixture
def policy_file(tmp_path):
    file = tmp_path / "policy.json"
    file.write_text(policy())
    return file


def tags(file, repository="team/web"):
    with FakeECR(file) as ecr:
        return [image_id["imageTag"] for image_id in ecr.client().list_images(repositoryName=repository)["imageIds"]]


def test_the_policies_of_all_repositories_are_carried_out(fakeecr, with_policy):
    outcome = fakeecr("expire", "--database", with_policy)

    (result,) = outcome.json["results"]
    assert (result["repositoryName"], result["imageTags"]) == ("team/web", ["1.0"])
    assert outcome.json["summary"] == {"expiringImageTotalCount": 1}
    assert tags(with_policy) == ["2.0"]


def test_a_dry_run_shows_the_preview_and_changes_nothing(fakeecr, with_policy):
    with FakeECR(with_policy) as ecr:
        client = ecr.client()
        client.start_lifecycle_policy_preview(repositoryName="team/web")
        (previewed,) = client.get_lifecycle_policy_preview(repositoryName="team/web")["previewResults"]

    (result,) = fakeecr("expire", "--dry-run", "--database", with_policy).json["previewResults"]

    assert result["imageDigest"] == previewed["imageDigest"]
    assert (result["action"], result["appliedRulePriority"]) == (previewed["action"], 7)
    assert (result["registryId"], result["region"]) == ("123456789012", "us-east-1")
    assert tags(with_policy) == ["1.0", "2.0"]


def test_only_the_named_repository_is_expired(fakeecr, with_policy):
    with FakeECR(with_policy) as ecr:
        ecr.client().put_lifecycle_policy(repositoryName="multi", lifecyclePolicyText=policy())

    outcome = fakeecr("expire", "multi", "--database", with_policy)

    assert {result["repositoryName"] for result in outcome.json["results"]} <= {"multi"}
    assert tags(with_policy) == ["1.0", "2.0"]


@pytest.mark.parametrize("options", [["--region", "eu-west-1"], ["--account-id", "210987654321"]])
def test_only_registries_of_an_account_or_a_region_are_expired(fakeecr, with_policy, options):
    outcome = fakeecr("expire", "--database", with_policy, *options)

    assert outcome.json["results"] == []
    assert tags(with_policy) == ["1.0", "2.0"]


def test_a_policy_is_tried_that_is_not_stored(fakeecr, state, policy_file):
    outcome = fakeecr("expire", "team/web", "--dry-run", "--policy", policy_file, "--database", state)

    assert [result["imageTags"] for result in outcome.json["previewResults"]] == [["1.0"]]


def test_a_policy_is_tried_on_all_repositories(fakeecr, state, policy_file):
    outcome = fakeecr("expire", "--dry-run", "--policy", policy_file, "--database", state)

    assert {result["repositoryName"] for result in outcome.json["previewResults"]} == {"team/web"}


def test_an_archiving_policy_is_counted_apart(fakeecr, state, policy_file):
    policy_file.write_text(policy(action="transition"))

    outcome = fakeecr("expire", "team/web", "--dry-run", "--policy", policy_file, "--database", state)

    assert outcome.json["summary"] == {
        "expiringImageTotalCount": 0,
        "transitioningImageTotalCounts": [{"imageTotalCount": 1, "targetStorageClass": "ARCHIVE"}],
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"{", "policy.json: "), (b"\xff", "policy.json: expected UTF-8"), (b'{"rules": []}', "policy.json: ")],
)
def test_a_policy_that_is_none_is_a_problem(fakeecr, state, policy_file, content, message):
    policy_file.write_bytes(content)

    outcome = fakeecr("expire", "--dry-run", "--policy", policy_file, "--database", state)

    assert outcome.exit_code == 1
    assert message in outcome.errors


def test_a_policy_of_a_file_is_never_carried_out(fakeecr, state, policy_file):
    outcome = fakeecr("expire", "team/web", "--policy", policy_file, "--database", state)

    assert outcome.exit_code == 2
    assert "give --dry-run, too" in outcome.errors
    assert tags(state) == ["1.0", "2.0"]


@pytest.mark.parametrize("options", [[], ["--dry-run"]])
def test_a_repository_without_a_policy_is_a_problem(fakeecr, with_policy, options):
    outcome = fakeecr("expire", "team/web", "multi", *options, "--database", with_policy)

    assert outcome.exit_code == 1
    assert "The repository multi has no lifecycle policy. `--dry-run --policy FILE` tries one." in outcome.errors
    assert tags(with_policy) == ["1.0", "2.0"]


def test_a_missing_repository_is_a_problem(fakeecr, with_policy):
    outcome = fakeecr("expire", "team/wbe", "--database", with_policy)

    assert outcome.exit_code == 1
    assert "Did you mean 'team/web'?" in outcome.errors


def test_a_terminal_shows_what_would_be_removed(with_policy):
    lines = run_in_terminal("expire", "--dry-run", "--database", with_policy, columns=100).lines

    assert lines[0].split() == ["REPOSITORY", "TAGS", "DIGEST", "PUSHED", "(UTC)", "RULE", "ACTION"]
    assert lines[1].split()[:2] == ["team/web", "1.0"]
    assert lines[1].split()[-4:] == ["2024-05-01", "10:00", "7", "expire"]
    assert lines[2] == "1 repository: 1 image would be removed, 0 images would be archived."


def test_a_terminal_shows_what_was_removed(with_policy):
    lines = run_in_terminal("expire", "--database", with_policy).lines

    assert lines[-1] == "1 repository: 1 image was removed, 0 images were archived."
