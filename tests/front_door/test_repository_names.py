"""The names of repositories in pushes, findings and seeds keep to the fake's limits."""

from __future__ import annotations

import re
import warnings

import pytest

from fakeecr import FakeECR, PublishedLimitWarning, SeedError
from tests.operations.helpers import seed_of

EXPECTED = "expected a repository name: 2 to 256 lower-case letters and digits, with single . _ - or / between them"
REFUSED = "'my--repo' was refused only by the published limits of API version 2015-09-21"
REMEDY = 'FakeECR(limits="installed") allows it'
SEED = seed_of({"name": "web", "images": [{}]}, {"name": "my--repo"})
UPSTREAM = {"upstream": [{"url": "quay.io", "repositories": [{"name": "my--repo", "images": [{"tags": ["a"]}]}]}]}


def push(ecr, name="my--repo"):
    ecr.push(name, "latest")


def set_findings(ecr, name="my--repo"):
    ecr.set_findings(name, [], tag="latest")


by_hand = pytest.mark.parametrize("arrange", [push, set_findings], ids=["push", "set_findings"])


@by_hand
def test_published_limits_refuse_a_name_by_hand_that_only_newer_limits_allow(ecr, arrange):
    with (
        pytest.warns(PublishedLimitWarning, match="^" + re.escape(f"repository: {REFUSED}; {REMEDY}")) as caught,
        pytest.raises(ValueError, match=f"^repository: {EXPECTED}; got 'my--repo'$"),
    ):
        arrange(ecr)

    assert [(each.filename, each.lineno) for each in caught] == [(__file__, arrange.__code__.co_firstlineno + 1)]
    assert ecr.dump() == {"registries": []}


@by_hand
def test_a_name_by_hand_that_all_limits_refuse_causes_no_warning(ecr, arrange):
    # The suite turns a warning into an error.
    with pytest.raises(ValueError, match=f"^repository: {EXPECTED}; got 'Web'$"):
        arrange(ecr, "Web")


def test_installed_limits_allow_a_push_and_findings_to_such_a_name():
    with FakeECR(limits="installed") as ecr:
        push(ecr)
        set_findings(ecr)

        (repository,) = ecr.dump()["registries"][0]["repositories"]
        assert (repository["name"], repository["images"][0]["findings"]) == ("my--repo", [])


@pytest.mark.parametrize("name", ["web", "team/my.web_app-2", "a" * 256], ids=["plain", "separators", "256 letters"])
def test_published_limits_allow_a_published_name(ecr, name):
    push(ecr, name)
    set_findings(ecr, name)

    assert ecr.client().describe_repositories()["repositories"][0]["repositoryName"] == name


# --- Seeds ---------------------------------------------------------------------------------------


def test_published_limits_refuse_a_seed_with_a_name_that_only_newer_limits_allow(ecr):
    place = "registries[0].repositories[1].name"

    with (
        pytest.warns(PublishedLimitWarning, match="^" + re.escape(f"{place}: {REFUSED}; {REMEDY}")) as caught,
        pytest.raises(SeedError, match="^" + re.escape(f"seed: {place}: {EXPECTED}; got 'my--repo'") + "$"),
    ):
        ecr.seed(SEED)

    assert [each.filename for each in caught] == [__file__]
    assert ecr.dump() == {"registries": []}


def test_the_error_of_a_name_in_a_seed_file_has_its_line(ecr, tmp_path):
    (tmp_path / "seed.yaml").write_text("registries:\n  - repositories:\n      - name: web\n      - name: my--repo\n")

    with pytest.warns(PublishedLimitWarning), pytest.raises(SeedError) as refusal:
        ecr.seed(tmp_path / "seed.yaml")

    assert (refusal.value.line, refusal.value.path) == (4, "registries[0].repositories[1].name")
    assert ecr.dump() == {"registries": []}


def test_nothing_of_a_seed_is_stored_if_its_warning_is_an_error(ecr):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(PublishedLimitWarning):
            ecr.seed(SEED)

    assert ecr.dump() == {"registries": []}


def test_installed_limits_allow_a_seed_with_such_a_name():
    with FakeECR(limits="installed") as ecr:
        ecr.seed(SEED)

        assert [each["name"] for each in ecr.dump()["registries"][0]["repositories"]] == ["web", "my--repo"]


def test_published_limits_do_not_apply_to_upstream_repositories(ecr):
    ecr.seed(UPSTREAM)

    assert ecr.dump()["upstream"][0]["repositories"][0]["name"] == "my--repo"


def test_an_existing_repository_of_such_a_name_is_dumped(tmp_path):
    with FakeECR(tmp_path / "state.db", limits="installed") as ecr:
        ecr.push("my--repo", "latest")
        dumped = ecr.dump()

    with FakeECR(tmp_path / "state.db") as ecr:
        assert ecr.dump() == dumped
