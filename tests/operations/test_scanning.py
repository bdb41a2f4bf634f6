"""Scans: the scanning configuration, scan on push, and StartImageScan."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from freezegun import freeze_time

from fakeecr import FakeECR
from tests.answers import code_of, error_of
from tests.conftest import unchecked
from tests.manifests import image, index
from tests.operations.helpers import archive_image, content, is_scanned, put_image, scanning_rules

ONE = {"repositoryName": "web", "imageId": {"imageTag": "one"}}


@pytest.fixture
def pushed_image(client, web):
    """Push an image with the tag one to the repository "web"."""
    put_image(client, image("one"), "one")


# --- The configuration of a registry -----------------------------------------------------------------


def registry_configuration(client):
    """Return the scanning configuration of the registry."""
    return client.get_registry_scanning_configuration()["scanningConfiguration"]


def test_a_new_registry_has_basic_scanning_without_rules(client):
    assert registry_configuration(client) == {"scanType": "BASIC", "rules": []}


def test_a_registry_scanning_configuration_is_returned_as_it_was_put(client):
    for scan_type, rules in (
        ("ENHANCED", scanning_rules("*", frequency="CONTINUOUS_SCAN")),
        ("BASIC", scanning_rules("prod*")),
    ):
        configuration = {"scanType": scan_type, "rules": rules}

        put = client.put_registry_scanning_configuration(**configuration)

        assert put["registryScanningConfiguration"] == configuration
        response = client.get_registry_scanning_configuration()
        assert response["registryId"] == "123456789012"
        assert response["scanningConfiguration"] == configuration


def test_an_empty_request_resets_the_registry_scanning_configuration(client):
    client.put_registry_scanning_configuration(scanType="ENHANCED", rules=scanning_rules("*"))

    client.put_registry_scanning_configuration()

    assert registry_configuration(client) == {"scanType": "BASIC", "rules": []}


@pytest.mark.parametrize(
    "configuration",
    [
        pytest.param({"scanType": "NONE"}, id="an unknown scan type"),
        pytest.param(
            {"scanType": "BASIC", "rules": scanning_rules("*", frequency="CONTINUOUS_SCAN")},
            id="continuous scans with basic scanning",
        ),
        pytest.param({"rules": scanning_rules("*") + scanning_rules("a")}, id="two rules of one frequency"),
        pytest.param(
            {
                "rules": scanning_rules("*")
                + scanning_rules("a", frequency="MANUAL")
                + scanning_rules("b", frequency="CONTINUOUS_SCAN")
            },
            id="three rules",
        ),
        pytest.param({"rules": scanning_rules(*["a"] * 101)}, id="101 filters"),
        pytest.param({"rules": scanning_rules("A!")}, id="a malformed filter"),
    ],
)
def test_an_invalid_registry_scanning_configuration_is_refused(client, configuration):
    assert code_of(client.put_registry_scanning_configuration, **configuration) == "InvalidParameterException"


# --- The configuration of repositories ---------------------------------------------------------------


def test_the_scanning_configuration_of_a_repository_has_the_filters_that_match_it(client):
    for name in ("web", "prod/web", "own"):
        client.create_repository(repositoryName=name, imageScanningConfiguration={"scanOnPush": name == "own"})
    client.put_registry_scanning_configuration(rules=scanning_rules("prod*", "*/web"))
    names = ["web", "prod/web", "own", "unknown", "web"]

    response = client.batch_get_repository_scanning_configuration(repositoryNames=names)

    configurations = response["scanningConfigurations"]
    assert [
        (
            configuration["repositoryName"],
            configuration["scanFrequency"],
            configuration["scanOnPush"],
            len(configuration["appliedScanFilters"]),
        )
        for configuration in configurations
    ] == [("web", "MANUAL", False, 0), ("prod/web", "SCAN_ON_PUSH", True, 2), ("own", "SCAN_ON_PUSH", True, 0)]
    assert configurations[0]["repositoryArn"] == "arn:aws:ecr:us-east-1:123456789012:repository/web"
    (failure,) = response["failures"]
    assert (failure["repositoryName"], failure["failureCode"]) == ("unknown", "REPOSITORY_NOT_FOUND")


def test_batch_get_repository_scanning_configuration_accepts_one_to_25_names(client):
    get = client.batch_get_repository_scanning_configuration

    assert len(get(repositoryNames=[f"name{n}" for n in range(25)])["failures"]) == 25
    for names in ([], [f"name{n}" for n in range(26)]):
        assert code_of(get, repositoryNames=names) == "InvalidParameterException"


# --- Scan on push ------------------------------------------------------------------------------------


def test_a_pushed_image_is_scanned_if_its_repository_scans_on_push(client):
    for repository, scan_on_push in (("web", True), ("other", False)):
        client.create_repository(repositoryName=repository, imageScanningConfiguration={"scanOnPush": scan_on_push})

        put_image(client, tag="one", repository=repository)

        assert is_scanned(client, repository=repository) is scan_on_push


@pytest.mark.parametrize(
    ("wildcard", "matches"),
    [("*", True), ("web", True), ("we", True), ("w*", True), ("*b", True), ("b*", False), ("other", False)],
)
def test_a_pushed_image_is_scanned_if_a_filter_of_the_registry_matches_its_repository(client, wildcard, matches):
    """A filter without an asterisk matches every name that contains it [documented]."""
    client.put_registry_scanning_configuration(rules=scanning_rules(wildcard))
    client.create_repository(repositoryName="web")

    put_image(client, tag="one")

    assert is_scanned(client) is matches


def test_a_new_tag_of_an_image_pushed_before_the_configuration_does_not_scan_it(client, pushed_image):
    client.put_image_scanning_configuration(repositoryName="web", imageScanningConfiguration={"scanOnPush": True})

    put_image(client, image("one"), "again")

    assert not is_scanned(client)


def test_a_pushed_list_of_images_is_not_scanned(client, pushed_image):
    client.put_registry_scanning_configuration(rules=scanning_rules("*"))

    put_image(client, index(image("one")), "multi")

    assert not is_scanned(client, "multi")


def test_an_image_pushed_by_the_fake_is_scanned_on_push(ecr, client):
    client.put_registry_scanning_configuration(rules=scanning_rules("*"))

    ecr.push("web", "one")

    assert is_scanned(client)


# --- StartImageScan ----------------------------------------------------------------------------------


def test_an_image_can_be_scanned_once_in_24_hours(database):
    too_many = ("LimitExceededException", "The scan quota per image has been exceeded. Wait and try again.", 400)
    with freeze_time("2026-01-01 12:00:00") as clock, FakeECR(database) as ecr:
        client = unchecked(ecr)
        pushed = ecr.push("web", "one")
        by_digest = {"repositoryName": "web", "imageId": {"imageDigest": pushed.digest}}

        assert content(client.start_image_scan(**ONE)) == {
            "registryId": "123456789012",
            "repositoryName": "web",
            "imageId": {"imageDigest": pushed.digest, "imageTag": "one"},
            "imageScanStatus": {"status": "IN_PROGRESS"},
        }
        assert error_of(client.start_image_scan, **by_digest) == too_many

        clock.tick(timedelta(hours=23, minutes=59))
        assert error_of(client.start_image_scan, **ONE) == too_many

        clock.tick(timedelta(minutes=1))
        client.start_image_scan(**ONE)
        findings = client.describe_image_scan_findings(**ONE)["imageScanFindings"]
        assert findings["imageScanCompletedAt"] == datetime(2026, 1, 2, 12, tzinfo=UTC)


def test_a_scan_on_push_counts_towards_the_quota_of_scans(client):
    client.create_repository(repositoryName="web", imageScanningConfiguration={"scanOnPush": True})
    put_image(client, tag="one")

    assert code_of(client.start_image_scan, **ONE) == "LimitExceededException"


def test_start_image_scan_is_refused_with_enhanced_scanning(client, pushed_image):
    client.put_registry_scanning_configuration(scanType="ENHANCED")

    assert error_of(client.start_image_scan, **ONE) == ("ValidationException", "This feature is disabled", 400)


def test_start_image_scan_of_a_list_of_images_is_refused(client, pushed_image):
    put_image(client, index(image("one")), "multi")

    assert error_of(client.start_image_scan, repositoryName="web", imageId={"imageTag": "multi"}) == (
        "UnsupportedImageTypeException",
        "An artifact with media type 'application/vnd.oci.image.index.v1+json' cannot be scanned. For more "
        "information, see the Amazon ECR documentation.",
        400,
    )


def test_start_image_scan_of_an_archived_image_is_refused(client, pushed_image):
    archive_image(client, imageTag="one")

    assert code_of(client.start_image_scan, **ONE) == "ImageArchivedException"


def test_start_image_scan_of_an_unknown_image_or_repository_is_refused(client, pushed_image):
    image_id = {"imageTag": "no"}

    code = code_of(client.start_image_scan, repositoryName="web", imageId=image_id)
    assert code == "ImageNotFoundException"
    code = code_of(client.start_image_scan, repositoryName="no", imageId=image_id)
    assert code == "RepositoryNotFoundException"
