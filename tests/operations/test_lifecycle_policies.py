"""Lifecycle policies: stored, previewed, and applied once a day."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from freezegun import freeze_time

from fakeecr import FakeECR
from tests.answers import check_paging, code_of, error_of
from tests.conftest import unchecked
from tests.invariants import check_invariants
from tests.manifests import digest_of, image, referrer
from tests.operations.helpers import content, listed_identifiers
from tests.operations.samples import EXPIRE_OLD_UNTAGGED
from tests.rules.lifecycle_rules import ARCHIVE, anything, days, policy, rule, tagged

NO_POLICY = (
    "LifecyclePolicyNotFoundException",
    "Lifecycle policy does not exist for the repository with name 'web' in the registry with id '123456789012'",
    400,
)


def put_policy(client, text=EXPIRE_OLD_UNTAGGED):
    """Put a lifecycle policy on the repository "web"; return the response."""
    return client.put_lifecycle_policy(repositoryName="web", lifecyclePolicyText=text)


def start_preview(client, text=EXPIRE_OLD_UNTAGGED):
    """Start the preview of a lifecycle policy on the repository "web"; return the response."""
    return client.start_lifecycle_policy_preview(repositoryName="web", lifecyclePolicyText=text)


def preview(client, **parameters):
    """Return the response of GetLifecyclePolicyPreview for the repository "web"."""
    return client.get_lifecycle_policy_preview(repositoryName="web", **parameters)


# --- The policy --------------------------------------------------------------------------------------


def test_a_lifecycle_policy_is_put_returned_and_deleted(client, web):
    expected = {
        "registryId": "123456789012",
        "repositoryName": "web",
        "lifecyclePolicyText": json.dumps(json.loads(EXPIRE_OLD_UNTAGGED), separators=(",", ":")),
    }

    put = put_policy(client, json.dumps(json.loads(EXPIRE_OLD_UNTAGGED), indent=2))

    assert content(put) == expected
    for operation in (client.get_lifecycle_policy, client.delete_lifecycle_policy):
        response = operation(repositoryName="web")
        assert content(response) == {**expected, "lastEvaluatedAt": datetime(1970, 1, 1, tzinfo=UTC)}
    assert error_of(client.get_lifecycle_policy, repositoryName="web") == NO_POLICY
    assert error_of(client.delete_lifecycle_policy, repositoryName="web") == NO_POLICY


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param(
            policy(rule(1, tagged(**days(1)), description="x" * 60)),
            "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle policy validation "
            "failure: Must specify tagPrefixList or tagPatternList when tagStatus=TAGGED.'",
            id="tagged images without a pattern",
        ),
        pytest.param(
            EXPIRE_OLD_UNTAGGED.replace("a desc", "\\ud800 desc"),
            "Could not map policyString into LifecyclePolicy.",
            id="a lone surrogate",
        ),
        pytest.param("{" * 100, "Could not map policyString into LifecyclePolicy.", id="malformed JSON"),
        pytest.param(
            "{}",
            "at 'lifecyclePolicyText' failed to satisfy constraint: 'Member must have length greater than or "
            "equal to 100'",
            id="less than 100 characters",
        ),
        pytest.param(
            "x" * 30721, "Member must have length less than or equal to 30720", id="more than 30720 characters"
        ),
    ],
)
def test_an_invalid_lifecycle_policy_is_refused(client, web, text, reason):
    for operation in (client.put_lifecycle_policy, client.start_lifecycle_policy_preview):
        code, message, _ = error_of(operation, repositoryName="web", lifecyclePolicyText=text)
        assert code == "InvalidParameterException"
        assert reason in message


# --- Previews ----------------------------------------------------------------------------------------


@pytest.fixture
def aged_images(ecr, web):
    """Push images of many ages: tagged ones, untagged ones, a list with its image, a subject with a referrer."""
    now = datetime.now(UTC)
    for age in range(30, 0, -3):
        ecr.push("web", pushed_at=now - timedelta(days=age, hours=1))
        ecr.push("web", f"t{age}", pushed_at=now - timedelta(days=age, hours=1))
    ecr.push("web", "multi", platforms=["linux/amd64"], pushed_at=now - timedelta(days=60))
    ecr.push("web", manifest=image("subject"), pushed_at=now - timedelta(days=50))
    ecr.push("web", manifest=referrer(image("subject")), pushed_at=now - timedelta(days=1))


@pytest.mark.newest_model("storageClass")
def test_a_preview_has_the_images_that_the_daily_run_then_expires(ecr, client, aged_images):
    put_policy(client)
    started = client.start_lifecycle_policy_preview(repositoryName="web")
    assert started["status"] == "IN_PROGRESS"

    client.get_waiter("lifecycle_policy_preview_complete").wait(repositoryName="web")

    # Six untagged images and the subject are older than 14 days, and the subject's referrer goes with it. The image of
    # the list is older too, but stays because the list has it.
    complete = preview(client)
    assert complete["status"] == "COMPLETE"
    assert complete["summary"] == {"expiringImageTotalCount": 8}
    digests = [result["imageDigest"] for result in complete["previewResults"]]
    assert digest_of(referrer(image("subject"))) in digests
    assert complete["previewResults"][0]["action"] == {"type": "EXPIRE"}
    assert complete["previewResults"][0]["appliedRulePriority"] == 1
    assert complete["previewResults"][0]["storageClass"] == "STANDARD"
    count = len(listed_identifiers(client))
    assert ecr.expire() == digests
    assert len(listed_identifiers(client)) == count - 8
    assert ecr.expire() == []
    check_invariants(ecr)


@pytest.mark.newest_model("transitioningImageTotalCounts")
def test_a_preview_can_be_of_a_policy_that_is_not_put(client, aged_images):
    assert error_of(client.start_lifecycle_policy_preview, repositoryName="web") == NO_POLICY
    text = policy(
        rule(1, tagged("t", **days(20)), ARCHIVE), rule(2, anything(countType="imageCountMoreThan", countNumber=1))
    )

    started = start_preview(client, text)

    assert started["lifecyclePolicyText"] == text
    complete = preview(client)
    assert complete["summary"]["transitioningImageTotalCounts"] == [
        {"targetStorageClass": "ARCHIVE", "imageTotalCount": 4}
    ]
    (transition, *_) = [result for result in complete["previewResults"] if result["action"]["type"] == "TRANSITION"]
    assert transition["action"]["targetStorageClass"] == "ARCHIVE"
    assert transition["imageTags"] == ["t30"]
    assert error_of(client.get_lifecycle_policy, repositoryName="web") == NO_POLICY


def test_the_results_of_a_preview_are_returned_in_pages_by_tag_status_or_by_id(client, aged_images):
    get = client.get_lifecycle_policy_preview
    text = policy(rule(1, anything(countType="imageCountMoreThan", countNumber=1), description="x" * 30))
    start_preview(client, text)

    for tag_status, count in (("ANY", 24), ("TAGGED", 11), ("UNTAGGED", 13)):
        parameters = {"repositoryName": "web", "filter": {"tagStatus": tag_status}}
        assert len(get(**parameters)["previewResults"]) == count
        check_paging(get, "previewResults", "maxResults", **parameters)

    by_id = {"imageIds": [{"imageTag": "t30"}]}
    (result,) = preview(client, **by_id)["previewResults"]
    assert result["imageTags"] == ["t30"]
    for tag_status, count in (("TAGGED", 1), ("UNTAGGED", 0)):
        assert len(preview(client, filter={"tagStatus": tag_status}, **by_id)["previewResults"]) == count

    (other,) = preview(client, maxResults=1)["previewResults"]
    contradiction = {"imageDigest": other["imageDigest"], "imageTag": "t30"}
    for unknown in ({"imageTag": "t"}, {"imageDigest": digest_of(image("unknown"))}, contradiction):
        assert preview(client, imageIds=[unknown])["previewResults"] == []
    for malformed in ({}, {"imageTag": "a/b"}, {"imageDigest": "x"}):
        assert code_of(get, repositoryName="web", imageIds=[malformed]) == "InvalidParameterException"
    for parameters in ({"maxResults": 0}, {"maxResults": 101}, {"nextToken": "x"}, {"maxResults": 1, **by_id}):
        assert code_of(get, repositoryName="web", **parameters) == "InvalidParameterException"


def test_a_preview_keeps_its_results_when_an_image_is_deleted(client, aged_images):
    start_preview(client)
    results = preview(client)["previewResults"]
    image_ids = [{"imageDigest": results[0]["imageDigest"]}]

    client.batch_delete_image(repositoryName="web", imageIds=image_ids)

    assert preview(client)["previewResults"] == results
    assert preview(client, imageIds=image_ids)["previewResults"] == results[:1]


def test_the_results_of_a_preview_are_in_the_order_of_their_pushes(client, aged_images):
    start_preview(client)

    results = preview(client)["previewResults"]

    pushed_at = [result["imagePushedAt"] for result in results]
    assert pushed_at == sorted(pushed_at)
    assert results[0]["imageDigest"] == digest_of(image("subject"))


def test_a_token_of_an_earlier_preview_is_refused(client, aged_images):
    with freeze_time():
        start_preview(client)
        token = preview(client, maxResults=1)["nextToken"]
        start_preview(client)

        code = code_of(client.get_lifecycle_policy_preview, repositoryName="web", nextToken=token)

    assert code == "InvalidParameterException"


def test_a_new_preview_replaces_the_one_before(client, aged_images):
    keep_twenty = policy(rule(1, anything(countType="imageCountMoreThan", countNumber=20), description="x" * 30))

    for text in (EXPIRE_OLD_UNTAGGED, keep_twenty, keep_twenty):
        start_preview(client, text)

    complete = preview(client)
    assert complete["lifecyclePolicyText"] == keep_twenty
    # Four images exceed the twenty, and a referrer goes with one of them.
    assert len(complete["previewResults"]) == complete["summary"]["expiringImageTotalCount"] == 5


def test_a_preview_that_was_not_started_is_not_found(client, web):
    assert code_of(client.get_lifecycle_policy_preview, repositoryName="web") == (
        "LifecyclePolicyPreviewNotFoundException"
    )


# --- The daily run -----------------------------------------------------------------------------------


def test_the_daily_run_sets_last_evaluated_at(ecr, client, web):
    put_policy(client)

    with freeze_time("2026-11-23 12:00:00"):
        ecr.expire()

    evaluated_at = client.get_lifecycle_policy(repositoryName="web")["lastEvaluatedAt"]
    assert evaluated_at == datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_the_daily_run_archives_images_and_later_deletes_them_from_the_archive(database):
    text = policy(
        rule(1, tagged("v", **days(30)), ARCHIVE),
        rule(2, tagged("v", storageClass="archive", **days(90, "sinceImageTransitioned"))),
    )
    with freeze_time("2026-01-01") as clock, FakeECR(database) as ecr:
        client = unchecked(ecr)
        ecr.push("web", "v1")
        put_policy(client, text)

        statuses = []
        for _ in range(5):
            clock.tick(timedelta(days=31))
            ecr.expire()
            described = client.describe_images(repositoryName="web", filter={"imageStatus": "ANY"})["imageDetails"]
            statuses.append([details["imageStatus"] for details in described])

    assert statuses == [["ARCHIVED"]] * 3 + [[], []]


def test_the_daily_run_happens_by_itself_after_a_day_if_expire_daily_is_set():
    for expire_daily in (True, False):
        with freeze_time("2026-01-01") as clock, FakeECR(expire_daily=expire_daily) as ecr:
            client = unchecked(ecr)
            ecr.push("web")
            put_policy(client)

            clock.tick(timedelta(days=14))
            assert len(listed_identifiers(client)) == 1
            clock.tick(timedelta(hours=23))
            assert len(listed_identifiers(client)) == 1
            clock.tick(timedelta(hours=1))
            assert len(listed_identifiers(client)) == (0 if expire_daily else 1)


def test_the_daily_run_happens_in_a_later_process_on_the_same_file(tmp_path):
    with freeze_time("2026-01-20") as clock:
        with FakeECR(tmp_path / "state.db") as ecr:
            ecr.push("web", pushed_at="2026-01-01")
            put_policy(unchecked(ecr))
        clock.tick(timedelta(hours=24))

        with FakeECR(tmp_path / "state.db", expire_daily=True) as ecr:
            assert listed_identifiers(unchecked(ecr)) == []


def test_putting_policies_again_does_not_delay_the_daily_run(tmp_path):
    other = EXPIRE_OLD_UNTAGGED.replace("14", "15")
    counts = []
    with freeze_time("2026-01-20") as clock:
        for text in (EXPIRE_OLD_UNTAGGED, EXPIRE_OLD_UNTAGGED, other):
            with FakeECR(tmp_path / "state.db", expire_daily=True) as ecr:
                client = unchecked(ecr)
                if not counts:
                    ecr.push("web", pushed_at="2026-01-01")
                counts.append(len(listed_identifiers(client)))
                put_policy(client, text)
            clock.tick(timedelta(hours=12))
        with FakeECR(tmp_path / "state.db", expire_daily=True) as ecr:
            stored = unchecked(ecr).get_lifecycle_policy(repositoryName="web")

    assert counts == [1, 1, 0]
    # A policy that replaces another has not been evaluated yet.
    assert (json.loads(stored["lifecyclePolicyText"]), stored["lastEvaluatedAt"].year) == (json.loads(other), 1970)


def test_putting_the_same_policy_again_keeps_last_evaluated_at(ecr, client, web):
    with freeze_time("2026-11-23"):
        put_policy(client)
        ecr.expire()

        put_policy(client)

    assert client.get_lifecycle_policy(repositoryName="web")["lastEvaluatedAt"].year == 2026


def test_the_daily_run_waits_a_day_after_the_run_of_another_fake_on_the_same_file(tmp_path):
    with freeze_time("2026-01-20") as clock, FakeECR(tmp_path / "state.db", expire_daily=True) as ecr:
        client = unchecked(ecr)
        client.create_repository(repositoryName="web")
        put_policy(client)
        assert listed_identifiers(client) == []
        clock.tick(timedelta(hours=12))
        with FakeECR(tmp_path / "state.db") as other:
            other.expire()
        ecr.push("web", pushed_at="2026-01-01")

        counts = []
        for _ in range(2):
            clock.tick(timedelta(hours=12))
            counts.append(len(listed_identifiers(client)))

    assert counts == [1, 0]


def test_the_daily_run_evaluates_every_repository_of_every_registry(ecr):
    for region in ("us-east-1", "eu-west-1"):
        ecr.push("web", region=region, pushed_at="2020-01-01")
        ecr.push("other", region=region, pushed_at="2020-01-01")
        put_policy(unchecked(ecr, region_name=region))

    assert len(ecr.expire()) == 2
