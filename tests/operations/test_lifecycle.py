"""Lifecycle policies through a client: kept, previewed, and carried out by the daily run."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from freezegun import freeze_time

from fakeecr import FakeECR
from tests.answers import check_paging, code_of, error_of, identifiers
from tests.conftest import unchecked
from tests.invariants import check_invariants
from tests.manifests import digest_of, image, referrer
from tests.policies.test_lifecycle import ARCHIVE, anything, days, policy, rule, tagged, untagged

OLD_UNTAGGED = policy(
    rule(1, untagged(**days(14)), description="a description that makes it a hundred characters long")
)
NONE = (
    "LifecyclePolicyNotFoundException",
    "Lifecycle policy does not exist for the repository with name 'web' in the registry with id '123456789012'",
    400,
)


@pytest.fixture
def web(client):
    client.create_repository(repositoryName="web")
    return client


def listed(client):
    return [tag for _, tag in identifiers(client.list_images(repositoryName="web", filter={"imageStatus": "ANY"}))]


class TestPolicy:
    def test_is_put_given_and_deleted(self, web):
        put = web.put_lifecycle_policy(
            repositoryName="web", lifecyclePolicyText=json.dumps(json.loads(OLD_UNTAGGED), indent=2)
        )
        kept = json.dumps(json.loads(OLD_UNTAGGED), separators=(",", ":"))
        expected = {"registryId": "123456789012", "repositoryName": "web", "lifecyclePolicyText": kept}
        del put["ResponseMetadata"]
        assert put == expected
        for operation in (web.get_lifecycle_policy, web.delete_lifecycle_policy):
            found = operation(repositoryName="web")
            del found["ResponseMetadata"]
            assert found == {**expected, "lastEvaluatedAt": datetime(1970, 1, 1, tzinfo=UTC)}
        assert error_of(web.get_lifecycle_policy, repositoryName="web") == NONE
        assert error_of(web.delete_lifecycle_policy, repositoryName="web") == NONE

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            (policy(rule(1, tagged(**days(1)), description="x" * 60)),
             "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle policy validation "
             "failure: Must specify tagPrefixList or tagPatternList when tagStatus=TAGGED.'"),
            (OLD_UNTAGGED.replace("a desc", "\\ud800 desc"), "Could not map policyString into LifecyclePolicy."),
            ("{" * 100, "Could not map policyString into LifecyclePolicy."),
            ("{}", "at 'lifecyclePolicyText' failed to satisfy constraint: 'Member must have length greater than or "
             "equal to 100'"),
            ("x" * 30721, "Member must have length less than or equal to 30720"),
        ],
    )  # fmt: skip
    def test_is_refused(self, web, text, said):
        for operation in (web.put_lifecycle_policy, web.start_lifecycle_policy_preview):
            code, message, _ = error_of(operation, repositoryName="web", lifecyclePolicyText=text)
            assert code == "InvalidParameterException"
            assert said in message


@pytest.fixture
def aged(ecr, web):
    """Images of many ages: tagged ones, untagged ones, a list with its images, a subject with a referrer."""
    now = datetime.now(UTC)
    for age in range(30, 0, -3):
        ecr.push("web", pushed_at=now - timedelta(days=age, hours=1))
        ecr.push("web", f"t{age}", pushed_at=now - timedelta(days=age, hours=1))
    ecr.push("web", "multi", platforms=["linux/amd64"], pushed_at=now - timedelta(days=60))
    ecr.push("web", manifest=image("subject"), pushed_at=now - timedelta(days=50))
    ecr.push("web", manifest=referrer(image("subject")), pushed_at=now - timedelta(days=1))
    return web


class TestPreview:
    def test_shows_what_the_daily_run_then_does(self, ecr, aged):
        aged.put_lifecycle_policy(repositoryName="web", lifecyclePolicyText=OLD_UNTAGGED)
        started = aged.start_lifecycle_policy_preview(repositoryName="web")
        assert started["status"] == "IN_PROGRESS"
        aged.get_waiter("lifecycle_policy_preview_complete").wait(repositoryName="web")
        preview = aged.get_lifecycle_policy_preview(repositoryName="web")
        # Six are older than 14 days, of the children none goes, the subject takes its referrer along.
        assert preview["status"] == "COMPLETE"
        assert preview["summary"] == {"expiringImageTotalCount": 8}
        shown = [each["imageDigest"] for each in preview["previewResults"]]
        assert digest_of(referrer(image("subject"))) in shown
        assert preview["previewResults"][0]["action"] == {"type": "EXPIRE"}
        assert preview["previewResults"][0]["appliedRulePriority"] == 1
        assert preview["previewResults"][0]["storageClass"] == "STANDARD"
        before = len(listed(aged))
        assert ecr.expire() == shown
        assert len(listed(aged)) == before - 8
        assert ecr.expire() == []
        check_invariants(ecr)

    def test_takes_a_policy_that_is_not_kept(self, aged):
        assert error_of(aged.start_lifecycle_policy_preview, repositoryName="web") == NONE
        text = policy(
            rule(1, tagged("t", **days(20)), ARCHIVE), rule(2, anything(countType="imageCountMoreThan", countNumber=1))
        )
        started = aged.start_lifecycle_policy_preview(repositoryName="web", lifecyclePolicyText=text)
        assert started["lifecyclePolicyText"] == text
        preview = aged.get_lifecycle_policy_preview(repositoryName="web")
        assert preview["summary"]["transitioningImageTotalCounts"] == [
            {"targetStorageClass": "ARCHIVE", "imageTotalCount": 4}
        ]
        (moved, *_) = [each for each in preview["previewResults"] if each["action"]["type"] == "TRANSITION"]
        assert moved["action"]["targetStorageClass"] == "ARCHIVE"
        assert moved["imageTags"] == ["t30"]
        assert error_of(aged.get_lifecycle_policy, repositoryName="web") == NONE

    def test_pages_filters_and_finds(self, aged):
        text = policy(rule(1, anything(countType="imageCountMoreThan", countNumber=1), description="x" * 30))
        aged.start_lifecycle_policy_preview(repositoryName="web", lifecyclePolicyText=text)
        preview = aged.get_lifecycle_policy_preview
        for tag_status, count in (("ANY", 24), ("TAGGED", 11), ("UNTAGGED", 13)):
            parameters = {"repositoryName": "web", "filter": {"tagStatus": tag_status}}
            assert len(preview(**parameters)["previewResults"]) == count
            check_paging(preview, "previewResults", "maxResults", **parameters)
        (found,) = preview(repositoryName="web", imageIds=[{"imageTag": "t30"}])["previewResults"]
        assert found["imageTags"] == ["t30"]
        ids = {"imageIds": [{"imageTag": "t30"}]}
        for tag_status, count in (("TAGGED", 1), ("UNTAGGED", 0)):
            assert (
                len(preview(repositoryName="web", filter={"tagStatus": tag_status}, **ids)["previewResults"]) == count
            )
        (other,) = preview(repositoryName="web", maxResults=1)["previewResults"]
        both = {"imageDigest": other["imageDigest"], "imageTag": "t30"}
        for unknown in ({"imageTag": "t"}, {"imageDigest": digest_of(image("unknown"))}, both):
            assert preview(repositoryName="web", imageIds=[unknown])["previewResults"] == []
        for malformed in ({}, {"imageTag": "a/b"}, {"imageDigest": "x"}):
            assert code_of(preview, repositoryName="web", imageIds=[malformed]) == "InvalidParameterException"
        for parameters in ({"maxResults": 0}, {"maxResults": 101}, {"nextToken": "x"}, {"maxResults": 1, **ids}):
            assert code_of(preview, repositoryName="web", **parameters) == "InvalidParameterException"

    def test_is_of_the_moment_at_which_it_was_started(self, aged):
        aged.start_lifecycle_policy_preview(repositoryName="web", lifecyclePolicyText=OLD_UNTAGGED)
        before = aged.get_lifecycle_policy_preview(repositoryName="web")["previewResults"]
        aged.batch_delete_image(repositoryName="web", imageIds=[{"imageDigest": before[0]["imageDigest"]}])
        assert aged.get_lifecycle_policy_preview(repositoryName="web")["previewResults"] == before
        ids = [{"imageDigest": before[0]["imageDigest"]}]
        assert aged.get_lifecycle_policy_preview(repositoryName="web", imageIds=ids)["previewResults"] == before[:1]

    def test_has_its_results_in_the_order_of_their_pushes(self, aged):
        aged.start_lifecycle_policy_preview(repositoryName="web", lifecyclePolicyText=OLD_UNTAGGED)
        results = aged.get_lifecycle_policy_preview(repositoryName="web")["previewResults"]
        pushed = [each["imagePushedAt"] for each in results]
        assert pushed == sorted(pushed)
        assert results[0]["imageDigest"] == digest_of(image("subject"))

    def test_has_tokens_of_its_own(self, aged):
        with freeze_time():
            aged.start_lifecycle_policy_preview(repositoryName="web", lifecyclePolicyText=OLD_UNTAGGED)
            token = aged.get_lifecycle_policy_preview(repositoryName="web", maxResults=1)["nextToken"]
            aged.start_lifecycle_policy_preview(repositoryName="web", lifecyclePolicyText=OLD_UNTAGGED)
            code = code_of(aged.get_lifecycle_policy_preview, repositoryName="web", nextToken=token)
        assert code == "InvalidParameterException"

    def test_takes_the_place_of_the_one_before(self, aged):
        newest = policy(rule(1, anything(countType="imageCountMoreThan", countNumber=20), description="x" * 30))
        for text in (OLD_UNTAGGED, newest, newest):
            aged.start_lifecycle_policy_preview(repositoryName="web", lifecyclePolicyText=text)
        preview = aged.get_lifecycle_policy_preview(repositoryName="web")
        assert preview["lifecyclePolicyText"] == newest
        # Four are more than twenty, and a referrer goes with one of them.
        assert len(preview["previewResults"]) == preview["summary"]["expiringImageTotalCount"] == 5

    def test_that_was_not_started_is_not_found(self, web):
        assert code_of(web.get_lifecycle_policy_preview, repositoryName="web") == (
            "LifecyclePolicyPreviewNotFoundException"
        )


class TestDailyRun:
    def test_notes_when_it_was(self, ecr, web):
        web.put_lifecycle_policy(repositoryName="web", lifecyclePolicyText=OLD_UNTAGGED)
        with freeze_time("2026-11-23 12:00:00"):
            ecr.expire()
        assert web.get_lifecycle_policy(repositoryName="web")["lastEvaluatedAt"] == datetime(
            2026, 11, 23, 12, tzinfo=UTC
        )

    def test_archives_and_in_time_deletes_from_the_archive(self, database):
        text = policy(
            rule(1, tagged("v", **days(30)), ARCHIVE),
            rule(2, tagged("v", storageClass="archive", **days(90, "sinceImageTransitioned"))),
        )
        with freeze_time("2026-01-01") as clock, FakeECR(database) as ecr:
            client = unchecked(ecr)
            ecr.push("web", "v1")
            client.put_lifecycle_policy(repositoryName="web", lifecyclePolicyText=text)
            states = []
            for _ in range(5):
                clock.tick(timedelta(days=31))
                ecr.expire()
                details = client.describe_images(repositoryName="web", filter={"imageStatus": "ANY"})["imageDetails"]
                states.append([each["imageStatus"] for each in details])
        assert states == [["ARCHIVED"]] * 3 + [[], []]

    def test_comes_by_itself_when_a_day_has_passed_if_it_is_switched_on(self):
        for switched_on in (True, False):
            with freeze_time("2026-01-01") as clock, FakeECR(expire_daily=switched_on) as ecr:
                client = unchecked(ecr)
                ecr.push("web")
                client.put_lifecycle_policy(repositoryName="web", lifecyclePolicyText=OLD_UNTAGGED)
                clock.tick(timedelta(days=14))
                assert len(listed(client)) == 1
                clock.tick(timedelta(hours=23))
                assert len(listed(client)) == 1
                clock.tick(timedelta(hours=1))
                assert len(listed(client)) == (0 if switched_on else 1)

    def test_comes_in_a_later_process_on_the_same_state_too(self, tmp_path):
        with freeze_time("2026-01-20") as clock:
            with FakeECR(tmp_path / "state.db") as ecr:
                ecr.push("web", pushed_at="2026-01-01")
                unchecked(ecr).put_lifecycle_policy(repositoryName="web", lifecyclePolicyText=OLD_UNTAGGED)
            clock.tick(timedelta(hours=24))
            with FakeECR(tmp_path / "state.db", expire_daily=True) as ecr:
                assert listed(unchecked(ecr)) == []

    def test_is_not_put_off_by_policies_that_are_put_again(self, tmp_path):
        other = OLD_UNTAGGED.replace("14", "15")
        seen = []
        with freeze_time("2026-01-20") as clock:
            for text in (OLD_UNTAGGED, OLD_UNTAGGED, other):
                with FakeECR(tmp_path / "state.db", expire_daily=True) as ecr:
                    client = unchecked(ecr)
                    if not seen:
                        ecr.push("web", pushed_at="2026-01-01")
                    seen.append(len(listed(client)))
                    client.put_lifecycle_policy(repositoryName="web", lifecyclePolicyText=text)
                clock.tick(timedelta(hours=12))
            with FakeECR(tmp_path / "state.db", expire_daily=True) as ecr:
                found = unchecked(ecr).get_lifecycle_policy(repositoryName="web")
        assert seen == [1, 1, 0]
        # What was put in place of another was never evaluated.
        assert (json.loads(found["lifecyclePolicyText"]), found["lastEvaluatedAt"].year) == (json.loads(other), 1970)

    def test_leaves_the_policy_that_is_put_again_as_evaluated_as_it_was(self, ecr, web):
        with freeze_time("2026-11-23"):
            web.put_lifecycle_policy(repositoryName="web", lifecyclePolicyText=OLD_UNTAGGED)
            ecr.expire()
            web.put_lifecycle_policy(repositoryName="web", lifecyclePolicyText=OLD_UNTAGGED)
        assert web.get_lifecycle_policy(repositoryName="web")["lastEvaluatedAt"].year == 2026

    def test_waits_a_day_after_that_of_another_process(self, tmp_path):
        with freeze_time("2026-01-20") as clock, FakeECR(tmp_path / "state.db", expire_daily=True) as ecr:
            client = unchecked(ecr)
            client.create_repository(repositoryName="web")
            client.put_lifecycle_policy(repositoryName="web", lifecyclePolicyText=OLD_UNTAGGED)
            assert listed(client) == []
            clock.tick(timedelta(hours=12))
            with FakeECR(tmp_path / "state.db") as other:
                other.expire()
            ecr.push("web", pushed_at="2026-01-01")
            lengths = []
            for _ in range(2):
                clock.tick(timedelta(hours=12))
                lengths.append(len(listed(client)))
        assert lengths == [1, 0]

    def test_looks_at_every_repository_of_every_registry(self, ecr):
        for region in ("us-east-1", "eu-west-1"):
            ecr.push("web", region=region, pushed_at="2020-01-01")
            ecr.push("other", region=region, pushed_at="2020-01-01")
            unchecked(ecr, region_name=region).put_lifecycle_policy(
                repositoryName="web", lifecyclePolicyText=OLD_UNTAGGED
            )
        assert len(ecr.expire()) == 2
