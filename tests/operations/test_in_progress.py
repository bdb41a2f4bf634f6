"""Scans, previews and replications that a test keeps in progress, or lets end with another status than COMPLETE."""

from __future__ import annotations

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from botocore.exceptions import WaiterError
from freezegun import freeze_time
from hypothesis import given, settings
from hypothesis import strategies as st

from fakeecr import FakeECR
from tests.answers import error_of
from tests.conftest import unchecked
from tests.manifests import digest_of, image
from tests.operations.helpers import (
    configure_replication,
    content,
    put_image,
    replica,
    replication_rule,
    scanning_rules,
)
from tests.operations.samples import CROSS_ACCOUNT, EXPIRE_OLD_UNTAGGED, WEST

WEB = {"repositoryName": "web"}
ONE = {**WEB, "imageId": {"imageTag": "one"}}
HIGH = {"name": "CVE-2026-1", "severity": "HIGH"}


@pytest.fixture
def pushed_image(client, web):
    """Push an image with the tag one to the repository "web"."""
    put_image(client, image("one"), "one")


@pytest.fixture(autouse=True)
def _no_sleep(monkeypatch):
    """Fail a test that sleeps."""
    monkeypatch.setattr("time.sleep", lambda seconds: pytest.fail("It waited."))


def scan_statuses(client, count):
    """Return the statuses that calls of DescribeImageScanFindings say, one after the other."""
    return [client.describe_image_scan_findings(**ONE)["imageScanStatus"]["status"] for _ in range(count)]


def preview_statuses(client, count):
    """Return the statuses that calls of GetLifecyclePolicyPreview say, one after the other."""
    return [client.get_lifecycle_policy_preview(**WEB)["status"] for _ in range(count)]


def replication_statuses(client, count, **image_id):
    """Return the statuses that calls of DescribeImageReplicationStatus say of the first destination."""
    request = {**WEB, "imageId": image_id or {"imageTag": "one"}}
    responses = [client.describe_image_replication_status(**request) for _ in range(count)]
    return [response["replicationStatuses"][0]["status"] for response in responses]


def start_preview(client):
    """Start the preview of a lifecycle policy in the repository "web"."""
    client.start_lifecycle_policy_preview(**WEB, lifecyclePolicyText=EXPIRE_OLD_UNTAGGED)


# --- Scans ---------------------------------------------------------------------------------------


def test_a_scan_is_in_progress_for_as_many_calls_as_are_set(ecr, client, pushed_image):
    ecr.set_findings("web", [HIGH], tag="one", in_progress=2)

    assert scan_statuses(client, 4) == ["IN_PROGRESS", "IN_PROGRESS", "COMPLETE", "COMPLETE"]
    assert client.describe_image_scan_findings(**ONE)["imageScanFindings"]["findings"] == [HIGH]


def test_a_scan_in_progress_has_a_status_and_no_findings(ecr, client, pushed_image):
    ecr.set_findings("web", [HIGH], tag="one", in_progress=1)

    assert content(client.describe_image_scan_findings(**ONE)) == {
        "registryId": "123456789012",
        "repositoryName": "web",
        "imageId": {"imageTag": "one", "imageDigest": digest_of(image("one"))},
        "imageScanStatus": {"status": "IN_PROGRESS"},
    }


def test_each_scan_of_an_image_is_in_progress_anew(ecr, client, pushed_image):
    with freeze_time("2026-01-01") as clock:
        ecr.set_findings("web", [], tag="one", in_progress=2)
        assert scan_statuses(client, 3) == ["IN_PROGRESS", "IN_PROGRESS", "COMPLETE"]

        for _ in range(2):
            client.start_image_scan(**ONE)
            assert scan_statuses(client, 3) == ["IN_PROGRESS", "IN_PROGRESS", "COMPLETE"]
            clock.tick(timedelta(days=1))


def test_a_scan_that_is_set_again_is_in_progress_anew(ecr, client, pushed_image):
    with freeze_time("2026-01-01"):
        for _ in range(2):
            ecr.set_findings("web", [], tag="one", in_progress=1)
            assert scan_statuses(client, 2) == ["IN_PROGRESS", "COMPLETE"]

        ecr.set_findings("web", [], tag="one", in_progress=1)
        ecr.set_findings("web", [], tag="one")
        assert scan_statuses(client, 1) == ["COMPLETE"]


def test_the_waiter_for_a_scan_waits_until_it_has_completed(ecr, client, pushed_image):
    ecr.set_findings("web", [HIGH], tag="one", in_progress=3)
    client.start_image_scan(**ONE)

    client.get_waiter("image_scan_complete").wait(**ONE)

    assert scan_statuses(client, 1) == ["COMPLETE"]


def test_the_waiter_for_a_scan_gives_up_if_it_takes_too_long(ecr, client, pushed_image):
    ecr.set_findings("web", [], tag="one", in_progress=60)

    with pytest.raises(WaiterError, match="Max attempts exceeded"):
        client.get_waiter("image_scan_complete").wait(**ONE)

    assert scan_statuses(client, 1) == ["COMPLETE"]


def test_a_scan_fails_after_it_was_in_progress(ecr, client, pushed_image):
    ecr.set_findings("web", [HIGH], tag="one", in_progress=2, status="FAILED")

    with pytest.raises(WaiterError, match=r'terminal failure state: .* "FAILED"'):
        client.get_waiter("image_scan_complete").wait(**ONE)

    assert content(client.describe_image_scan_findings(**ONE)) == {
        "registryId": "123456789012",
        "repositoryName": "web",
        "imageId": {"imageTag": "one", "imageDigest": digest_of(image("one"))},
        "imageScanStatus": {
            "status": "FAILED",
            "description": "UnsupportedImageError: The operating system and/or package manager are not supported.",
        },
    }


@pytest.mark.parametrize(
    "status",
    [
        "UNSUPPORTED_IMAGE",
        "SCAN_ELIGIBILITY_EXPIRED",
        "FINDINGS_UNAVAILABLE",
        "LIMIT_EXCEEDED",
        "IMAGE_SIZE_EXCEEDED",
    ],
)
def test_a_scan_that_ends_without_findings_has_only_its_status(ecr, client, pushed_image, status):
    ecr.set_findings("web", [HIGH], tag="one", status=status)

    response = client.describe_image_scan_findings(**ONE)

    assert response["imageScanStatus"] == {"status": status}
    assert "imageScanFindings" not in response


def test_a_continuous_scan_becomes_active_after_it_was_in_progress(ecr, client, pushed_image):
    client.put_registry_scanning_configuration(
        scanType="ENHANCED", rules=scanning_rules("*", frequency="CONTINUOUS_SCAN")
    )
    ecr.set_findings("web", [HIGH], tag="one", in_progress=1)

    assert scan_statuses(client, 2) == ["IN_PROGRESS", "ACTIVE"]
    assert client.describe_image_scan_findings(**ONE)["imageScanFindings"]["enhancedFindings"]


def test_a_call_that_is_refused_is_not_counted(ecr, client, pushed_image):
    ecr.set_findings("web", [], tag="one", in_progress=1)

    error_of(client.describe_image_scan_findings, **ONE, nextToken="no token")

    assert scan_statuses(client, 2) == ["IN_PROGRESS", "COMPLETE"]


def test_each_image_is_counted_for_itself(ecr, client, pushed_image):
    put_image(client, image("two"), "two")
    for tag in ("one", "two"):
        ecr.set_findings("web", [], tag=tag, in_progress=1)

    assert scan_statuses(client, 2) == ["IN_PROGRESS", "COMPLETE"]
    other = client.describe_image_scan_findings(**WEB, imageId={"imageTag": "two"})
    assert other["imageScanStatus"]["status"] == "IN_PROGRESS"


def test_threads_together_see_a_scan_in_progress_as_often_as_is_set(ecr, pushed_image):
    ecr.set_findings("web", [], tag="one", in_progress=30)
    clients = [ecr.client() for _ in range(4)]

    with ThreadPoolExecutor(len(clients)) as threads:
        seen = threads.map(lambda client: scan_statuses(client, 15), clients)

    assert Counter(status for statuses in seen for status in statuses) == {"IN_PROGRESS": 30, "COMPLETE": 30}


def test_what_is_set_survives_a_restart_and_is_counted_anew(tmp_path):
    with FakeECR(tmp_path / "state.db") as ecr:
        ecr.push("web", "one")
        ecr.set_findings("web", [HIGH], tag="one", in_progress=1, status="FAILED")
        assert scan_statuses(ecr.client(), 2) == ["IN_PROGRESS", "FAILED"]

    with FakeECR(tmp_path / "state.db") as ecr:
        assert scan_statuses(ecr.client(), 2) == ["IN_PROGRESS", "FAILED"]


def test_a_reset_forgets_what_is_set_and_what_was_counted(ecr, client):
    ecr.push("web", "one")
    ecr.set_findings("web", [], tag="one", in_progress=5)
    scan_statuses(client, 1)

    ecr.reset()

    ecr.push("web", "one")
    client.start_image_scan(**ONE)
    assert scan_statuses(client, 1) == ["COMPLETE"]
    assert ecr._open().backend.looks._counts == {}


@settings(max_examples=20)
@given(in_progress=st.integers(0, 6), status=st.sampled_from(["COMPLETE", "FAILED"]), looks=st.integers(0, 9))
def test_the_same_number_of_looks_shows_each_of_the_three_in_progress(in_progress, status, looks):
    with FakeECR() as ecr:
        client = unchecked(ecr)
        client.create_repository(**WEB)
        configure_replication(client, replication_rule(WEST))
        ecr.set_preview("web", in_progress=in_progress, status=status)
        ecr.set_replication("web", in_progress=in_progress, status=status)
        ecr.push("web", "one")
        ecr.set_findings("web", [], tag="one", in_progress=in_progress, status=status)
        start_preview(client)

        expected = (["IN_PROGRESS"] * in_progress + [status] * 9)[:looks]
        assert scan_statuses(client, looks) == expected
        assert preview_statuses(client, looks) == expected
        assert replication_statuses(client, looks) == expected


# --- Previews ------------------------------------------------------------------------------------


@pytest.fixture
def expired_image(ecr, web):
    """Push an untagged image that the policy of these tests deletes."""
    return ecr.push("web", pushed_at="2020-01-01")


def test_a_preview_is_in_progress_for_as_many_calls_as_are_set(ecr, client, expired_image):
    ecr.set_preview("web", in_progress=2)
    start_preview(client)

    assert preview_statuses(client, 3) == ["IN_PROGRESS", "IN_PROGRESS", "COMPLETE"]
    (result,) = client.get_lifecycle_policy_preview(**WEB)["previewResults"]
    assert result["imageDigest"] == expired_image.digest


@pytest.mark.parametrize("status", ["IN_PROGRESS", "FAILED", "EXPIRED"])
def test_a_preview_that_is_not_complete_has_no_results(ecr, client, expired_image, status):
    if status == "IN_PROGRESS":
        ecr.set_preview("web", in_progress=3)
    else:
        ecr.set_preview("web", status=status)
    start_preview(client)

    for parameters in ({}, {"imageIds": [{"imageDigest": expired_image.digest}]}, {"filter": {"tagStatus": "TAGGED"}}):
        assert content(client.get_lifecycle_policy_preview(**WEB, **parameters)) == {
            "registryId": "123456789012",
            "repositoryName": "web",
            "lifecyclePolicyText": EXPIRE_OLD_UNTAGGED,
            "previewResults": [],
            "status": status,
        }


def test_the_waiter_for_a_preview_waits_until_it_has_completed(ecr, client, expired_image):
    ecr.set_preview("web", in_progress=3)
    start_preview(client)

    client.get_waiter("lifecycle_policy_preview_complete").wait(**WEB)

    assert preview_statuses(client, 1) == ["COMPLETE"]


def test_the_waiter_for_a_preview_fails_with_the_preview(ecr, client, expired_image):
    ecr.set_preview("web", in_progress=1, status="FAILED")
    start_preview(client)

    with pytest.raises(WaiterError, match=r'terminal failure state: .* "FAILED"'):
        client.get_waiter("lifecycle_policy_preview_complete").wait(**WEB)


def test_a_preview_cannot_be_started_while_the_last_one_is_in_progress(ecr, client, web):
    ecr.set_preview("web", in_progress=2)
    start_preview(client)

    for _ in range(2):
        assert error_of(start_preview, client=client) == (
            "LifecyclePolicyPreviewInProgressException",
            "The previous lifecycle policy preview request has not completed. Wait and try again.",
            400,
        )
    start_preview(client)
    assert preview_statuses(client, 3) == ["IN_PROGRESS", "IN_PROGRESS", "COMPLETE"]


def test_what_is_set_does_not_change_a_preview_that_was_started_before(ecr, client, web):
    start_preview(client)

    ecr.set_preview("web", in_progress=1, status="EXPIRED")

    assert preview_statuses(client, 1) == ["COMPLETE"]
    start_preview(client)
    assert preview_statuses(client, 2) == ["IN_PROGRESS", "EXPIRED"]
    ecr.set_preview("web")
    start_preview(client)
    assert preview_statuses(client, 1) == ["COMPLETE"]


# --- Replications --------------------------------------------------------------------------------


def test_the_status_of_a_replication_is_in_progress_for_as_many_calls_as_are_set(ecr, client, web):
    configure_replication(client, replication_rule(WEST, CROSS_ACCOUNT))
    ecr.set_replication("web", in_progress=2)

    pushed = ecr.push("web", "one")

    for expected in ("IN_PROGRESS", "IN_PROGRESS", "COMPLETE"):
        response = client.describe_image_replication_status(**ONE)
        assert response["replicationStatuses"] == [
            {**destination, "status": expected} for destination in (WEST, CROSS_ACCOUNT)
        ]
    assert replica(ecr) == [(pushed.digest, "one")]


def test_nothing_arrives_of_a_replication_that_fails(ecr, client, web):
    configure_replication(client, replication_rule(WEST))
    ecr.set_replication("web", in_progress=1, status="FAILED")

    put_image(client, image("one"), "one")

    assert replication_statuses(client, 3) == ["IN_PROGRESS", "FAILED", "FAILED"]
    assert replica(ecr) is None


def test_a_list_whose_replication_fails_leaves_its_images_too(ecr, client, web):
    configure_replication(client, replication_rule(WEST))
    ecr.set_replication("web", status="FAILED")

    pushed = ecr.push("web", "one", platforms=["linux/amd64"])

    assert replica(ecr) is None
    assert replication_statuses(client, 1) == ["FAILED"]
    assert replication_statuses(client, 1, imageDigest=pushed.platforms["linux/amd64"]) == ["FAILED"]


def test_a_list_and_its_images_are_counted_for_themselves(ecr, client, web):
    configure_replication(client, replication_rule(WEST))
    ecr.set_replication("web", in_progress=1)

    pushed = ecr.push("web", "one", platforms=["linux/amd64", "linux/arm64"])

    for digest in (pushed.digest, *pushed.platforms.values()):
        assert replication_statuses(client, 2, imageDigest=digest) == ["IN_PROGRESS", "COMPLETE"]


def test_what_is_set_does_not_change_a_replication_of_an_earlier_push(ecr, client, web):
    configure_replication(client, replication_rule(WEST))
    ecr.push("web", "one")

    ecr.set_replication("web", in_progress=1, status="FAILED")

    assert replication_statuses(client, 1) == ["COMPLETE"]
    ecr.push("web", "one")
    assert replication_statuses(client, 2) == ["IN_PROGRESS", "FAILED"]
    ecr.set_replication("web")
    pushed = ecr.push("web", "one")
    assert replication_statuses(client, 1) == ["COMPLETE"]
    assert replica(ecr)[-1] == (pushed.digest, "one")


def test_each_push_of_an_image_is_replicated_anew(ecr, client, web):
    configure_replication(client, replication_rule(WEST))
    ecr.set_replication("web", in_progress=1)

    with freeze_time("2026-01-01"):
        for tag in ("one", "two"):
            put_image(client, image("one"), tag)
            assert replication_statuses(client, 2) == ["IN_PROGRESS", "COMPLETE"]


@pytest.mark.newest_model("StartReplicationBackfill")
def test_a_backfill_completes_what_failed(ecr, client, web):
    configure_replication(client, replication_rule(WEST))
    ecr.set_replication("web", status="FAILED")
    pushed = ecr.push("web", "one")

    client.start_replication_backfill(destination=WEST)

    assert replication_statuses(client, 1) == ["COMPLETE"]
    assert replica(ecr) == [(pushed.digest, "one")]


def test_other_repositories_are_replicated_as_always(ecr, client, web):
    configure_replication(client, replication_rule(WEST))
    ecr.set_replication("web", status="FAILED")

    ecr.push("other", "one")

    assert replica(ecr, repository="other") is not None


def test_each_registry_has_its_own_settings(ecr, client, web):
    ecr.push("web", region="eu-west-1", registry_id="222222222222")
    ecr.set_preview("web", status="FAILED", region="eu-west-1", registry_id="222222222222")

    west_client = unchecked(ecr, region_name="eu-west-1")
    request = {**WEB, "registryId": "222222222222"}
    west_client.start_lifecycle_policy_preview(**request, lifecyclePolicyText=EXPIRE_OLD_UNTAGGED)
    assert west_client.get_lifecycle_policy_preview(**request)["status"] == "FAILED"
    start_preview(client)
    assert preview_statuses(client, 1) == ["COMPLETE"]


# --- Invalid arguments ---------------------------------------------------------------------------

SETTERS = {
    "set_findings": lambda ecr, **options: ecr.set_findings("web", [], tag="one", **options),
    "set_preview": lambda ecr, **options: ecr.set_preview("web", **options),
    "set_replication": lambda ecr, **options: ecr.set_replication("web", **options),
}


@pytest.mark.parametrize("setter", SETTERS)
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"in_progress": -1}, "in_progress must be 0 or more, not -1."),
        ({"in_progress": True}, "in_progress must be a whole number, not True."),
        ({"in_progress": 1.5}, "in_progress must be a whole number, not 1.5."),
        ({"in_progress": None}, "in_progress must be a whole number, not nothing."),
        ({"status": "IN_PROGRESS"}, "status: expected one of COMPLETE, "),
        ({"status": "failed"}, "status: expected one of COMPLETE, "),
        ({"status": None}, "status: expected one of COMPLETE, "),
        ({"region": "US"}, "region: expected a region"),
    ],
)
def test_an_invalid_setting_is_refused(ecr, client, pushed_image, setter, options, message):
    with pytest.raises(ValueError, match="^" + re.escape(message)):
        SETTERS[setter](ecr, **options)


@pytest.mark.parametrize("setter", SETTERS)
def test_an_unknown_setting_is_refused(ecr, pushed_image, setter):
    message = f"FakeECR.{setter}() got an unexpected keyword argument 'in_progres'. Did you mean 'in_progress'?"
    with pytest.raises(TypeError, match="^" + re.escape(message)):
        SETTERS[setter](ecr, in_progres=1)


@pytest.mark.parametrize("setter", ["set_preview", "set_replication"])
def test_a_setting_of_a_missing_repository_is_refused(ecr, setter):
    message = "There is no repository web in registry 123456789012 in us-east-1; create it, or push an image to it"
    with pytest.raises(ValueError, match=message):
        SETTERS[setter](ecr, status="FAILED")

    assert ecr.dump() == {"registries": []}
