"""DescribeImageScanFindings: the findings that a test or a seed sets, of basic and of enhanced scanning."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from botocore.exceptions import WaiterError
from freezegun import freeze_time

from tests.answers import check_paging, code_of, error_of
from tests.manifests import digest_of, image
from tests.operations.helpers import (
    archive_image,
    delete_image,
    is_scanned,
    put_image,
    scanning_rules,
    seed_of,
)

ONE = {"repositoryName": "web", "imageId": {"imageTag": "one"}}
HIGH = {"name": "CVE-2026-1", "severity": "HIGH"}
LOW = {
    "name": "CVE-2026-2",
    "severity": "LOW",
    "description": "A buffer that overflows.",
    "uri": "https://example.com/CVE-2026-2",
    "attributes": [{"key": "package_name", "value": "openssl"}],
}


@pytest.fixture
def pushed_image(client, web):
    """Push an image with the tag one to the repository "web"."""
    put_image(client, image("one"), "one")


def fail_on_sleep(_):
    """Fail the test; stands in for time.sleep."""
    pytest.fail("It waited.")


# --- Basic scanning ----------------------------------------------------------------------------------


def test_a_scan_has_no_findings_by_default(client, pushed_image):
    client.start_image_scan(**ONE)

    response = client.describe_image_scan_findings(**ONE)

    assert response["imageScanStatus"] == {
        "status": "COMPLETE",
        "description": "The scan was completed successfully.",
    }
    assert response["imageScanFindings"]["findings"] == []
    assert response["imageScanFindings"]["findingSeverityCounts"] == {}


def test_a_scan_has_the_findings_that_set_findings_sets(ecr, client, pushed_image):
    ecr.set_findings("web", [HIGH, LOW], tag="one")
    client.start_image_scan(**ONE)

    response = client.describe_image_scan_findings(**ONE)
    assert response["imageId"] == {"imageTag": "one", "imageDigest": digest_of(image("one"))}
    assert response["imageScanFindings"]["findings"] == [HIGH, LOW]
    assert response["imageScanFindings"]["findingSeverityCounts"] == {"HIGH": 1, "LOW": 1}

    ecr.set_findings("web", [], digest=digest_of(image("one")))
    assert client.describe_image_scan_findings(**ONE)["imageScanFindings"]["findings"] == []


def test_a_scan_has_the_findings_that_a_seed_sets(ecr, client):
    ecr.seed(seed_of({"name": "web", "images": [
        {"tags": ["one"], "findings": [LOW]},
        {"count": 2, "tags": ["n{n}"], "findings": [HIGH]},
    ]}))  # fmt: skip

    for tag, findings in (("one", [LOW]), ("n1", [HIGH]), ("n2", [HIGH])):
        response = client.describe_image_scan_findings(repositoryName="web", imageId={"imageTag": tag})
        assert response["imageScanFindings"]["findings"] == findings


def test_the_findings_of_a_list_of_images_are_those_of_its_images(ecr, client):
    """The list itself is not scanned; code under test that asks for its findings meets an error."""
    ecr.seed(seed_of({"name": "web", "images": [
        {"tags": ["one"], "platforms": ["linux/amd64", "linux/arm64"], "findings": [HIGH]},
    ]}))  # fmt: skip

    assert not is_scanned(client)

    image_ids = client.list_images(repositoryName="web", filter={"tagStatus": "UNTAGGED"})["imageIds"]
    for image_id in image_ids:
        response = client.describe_image_scan_findings(repositoryName="web", imageId=image_id)
        assert response["imageScanFindings"]["findings"] == [HIGH]
    assert len(image_ids) == 2
    message = "web:one is a list of images, which is not scanned; give the digest of one"
    with pytest.raises(ValueError, match=message):
        ecr.set_findings("web", [HIGH], tag="one")


def test_set_findings_makes_an_image_scanned_without_using_the_quota_of_scans(ecr, client, pushed_image):
    assert not is_scanned(client)

    ecr.set_findings("web", [], tag="one")

    assert is_scanned(client)
    client.start_image_scan(**ONE)


def test_findings_are_returned_in_pages(ecr, client, pushed_image):
    ecr.set_findings("web", [{**HIGH, "name": f"CVE-{n}"} for n in range(230)], tag="one")

    def page(**parameters):
        response = client.describe_image_scan_findings(**parameters)
        assert response["imageScanFindings"]["findingSeverityCounts"] == {"HIGH": 230}
        token = {name: value for name, value in response.items() if name == "nextToken"}
        return {"findings": response["imageScanFindings"]["findings"], **token}

    assert len(page(**ONE)["findings"]) == 100
    check_paging(page, "findings", "maxResults", **ONE)
    pages = client.get_paginator("describe_image_scan_findings").paginate(**ONE).build_full_result()
    assert len(pages["imageScanFindings"]["findings"]) == 230
    for parameters in ({"maxResults": 0}, {"maxResults": 1001}, {"nextToken": "x"}):
        assert code_of(client.describe_image_scan_findings, **ONE, **parameters) == "InvalidParameterException"


def test_the_findings_of_an_image_that_was_not_scanned_are_not_found(client, pushed_image):
    assert error_of(client.describe_image_scan_findings, **ONE) == (
        "ScanNotFoundException",
        "Image scan does not exist for the image with '{imageDigest:'null', imageTag:'one'}' in the repository "
        "with name 'web' in the registry with id '123456789012'",
        400,
    )


def test_the_waiter_of_a_scan_does_not_wait(client, pushed_image, monkeypatch):
    monkeypatch.setattr("time.sleep", fail_on_sleep)
    client.start_image_scan(**ONE)

    client.get_waiter("image_scan_complete").wait(**ONE)


def test_findings_are_deleted_with_their_image(ecr, client, pushed_image):
    ecr.set_findings("web", [HIGH], tag="one")

    delete_image(client, imageTag="one")

    put_image(client, image("one"), "one")
    assert not is_scanned(client)


def test_a_token_of_replaced_findings_is_refused(ecr, client, pushed_image):
    with freeze_time():
        ecr.set_findings("web", [HIGH, LOW], tag="one")
        token = client.describe_image_scan_findings(**ONE, maxResults=1)["nextToken"]
        assert "nextToken" not in client.describe_image_scan_findings(**ONE, nextToken=token)

        ecr.set_findings("web", [LOW, HIGH], tag="one")

        code = code_of(client.describe_image_scan_findings, **ONE, nextToken=token)
    assert code == "InvalidParameterException"


INVALID_FINDINGS = {
    "no name": ([{"severity": "HIGH"}], {"tag": "one"}, "findings[0]: the key 'name' is missing"),
    "an unknown severity":
        ([HIGH, LOW, {**HIGH, "severity": "BAD"}], {"tag": "one"}, "findings[2].severity: expected one of INFORMATIONAL"),
    "an unknown key":
        ([{**HIGH, "url": "x"}], {"tag": "one"}, "findings[0].url: unknown key 'url'; did you mean 'uri'?"),
    "an attribute without a key":
        ([HIGH, {**HIGH, "attributes": [{"value": "x"}]}], {"tag": "one"}, "findings[1].attributes[0]: the key 'key' is"),
    "a number as finding": ([1], {"tag": "one"}, "findings[0]: expected a mapping of keys; got a number"),
    "a finding as list": (HIGH, {"tag": "one"}, "findings: expected a list of findings; got {'name'"),
    "a lone surrogate":
        ([HIGH, {**HIGH, "name": "\ud800"}], {"tag": "one"}, "findings[1]: a text has an unpaired surrogate"),
    "neither tag nor digest": ([HIGH], {}, "An image is identified by its tag or its digest; give one of the two"),
    "tag and digest":
        ([HIGH], {"tag": "one", "digest": "x"}, "An image is identified by its tag or its digest; give one of the two"),
    "an unknown tag": ([HIGH], {"tag": "two"}, "There is no image web:two in registry 123456789012 in us-east-1"),
    "an unknown digest": ([HIGH], {"digest": digest_of("x")}, f"There is no image web@{digest_of('x')} in"),
    "a malformed digest": ([HIGH], {"digest": "sha256:x"}, "digest: expected a digest"),
    "a malformed tag": ([HIGH], {"tag": "a b"}, "tag: expected a tag"),
    "a malformed registry id":
        ([HIGH], {"tag": "t", "registry_id": "upstream"}, "registry_id: expected an AWS account id"),
    "a malformed region": ([HIGH], {"tag": "t", "region": "EU"}, "region: expected a region"),
    "another region":
        ([HIGH], {"tag": "one", "region": "eu-west-1"}, "There is no image web:one in registry 123456789012 in eu-west-1"),
}  # fmt: skip


@pytest.mark.parametrize(("findings", "parameters", "message"), INVALID_FINDINGS.values(), ids=INVALID_FINDINGS)
def test_set_findings_refuses_invalid_findings_and_unknown_images(
    ecr, client, pushed_image, findings, parameters, message
):
    with pytest.raises(ValueError, match="^" + re.escape(message)):
        ecr.set_findings("web", findings, **parameters)

    assert not is_scanned(client)


# --- Enhanced scanning, whose findings have the form of Amazon Inspector -----------------------------


@pytest.fixture
def enhanced_image(ecr, client):
    """Set enhanced, continuous scanning, and push an image with the tags one and uno to the repository "web"."""
    rules = scanning_rules("*", frequency="CONTINUOUS_SCAN")
    client.put_registry_scanning_configuration(scanType="ENHANCED", rules=rules)
    with freeze_time("2026-05-01"):
        ecr.push("web", "one", "uno", manifest=image("one"))


def test_an_enhanced_scan_returns_the_findings_as_enhanced_findings(ecr, client, enhanced_image):
    with freeze_time("2026-05-02"):
        ecr.set_findings("web", [HIGH, LOW], tag="one")

    findings = client.describe_image_scan_findings(**ONE)["imageScanFindings"]

    assert "findings" not in findings
    assert findings["findingSeverityCounts"] == {"HIGH": 1, "LOW": 1}
    high, low = findings["enhancedFindings"]
    assert high.pop("findingArn").startswith("arn:aws:inspector2:us-east-1:123456789012:finding/")
    scanned_at = datetime(2026, 5, 1, tzinfo=UTC)
    digest = digest_of(image("one"))
    assert high == {
        "awsAccountId": "123456789012",
        "firstObservedAt": scanned_at,
        "lastObservedAt": scanned_at,
        "updatedAt": scanned_at,
        "packageVulnerabilityDetails": {"vulnerabilityId": "CVE-2026-1", "vendorSeverity": "HIGH"},
        "resources": [
            {
                "type": "AWS_ECR_CONTAINER_IMAGE",
                "id": f"arn:aws:ecr:us-east-1:123456789012:repository/web/{digest}",
                "details": {
                    "awsEcrContainerImage": {
                        "imageHash": digest,
                        "imageTags": ["one", "uno"],
                        "pushedAt": scanned_at,
                        "registry": "123456789012",
                        "repositoryName": "web",
                    }
                },
            }
        ],
        "severity": "HIGH",
        "status": "ACTIVE",
        "title": "CVE-2026-1",
        "type": "PACKAGE_VULNERABILITY",
    }
    assert (low["title"], low["description"]) == ("CVE-2026-2 - openssl", LOW["description"])
    assert low["packageVulnerabilityDetails"] == {
        "vulnerabilityId": "CVE-2026-2",
        "vendorSeverity": "LOW",
        "sourceUrl": LOW["uri"],
        "vulnerablePackages": [{"name": "openssl"}],
    }


def test_a_page_of_enhanced_findings_has_a_hundred_whatever_max_results_is(ecr, client, enhanced_image):
    ecr.set_findings("web", [{**HIGH, "name": f"CVE-{n}"} for n in range(230)], tag="one")

    page = client.describe_image_scan_findings(**ONE, maxResults=7)
    assert len(page["imageScanFindings"]["enhancedFindings"]) == 100

    pages = client.get_paginator("describe_image_scan_findings").paginate(**ONE)
    findings = [finding for page in pages for finding in page["imageScanFindings"]["enhancedFindings"]]
    assert [finding["title"] for finding in findings] == [f"CVE-{n}" for n in range(230)]
    assert len({finding["findingArn"] for finding in findings}) == 230


def test_a_continuous_scan_never_completes(client, enhanced_image, monkeypatch):
    """The waiter fails after its last attempt, as with AWS."""
    monkeypatch.setattr("time.sleep", fail_on_sleep)

    assert client.describe_image_scan_findings(**ONE)["imageScanStatus"] == {
        "status": "ACTIVE",
        "description": "Continuous scan is selected for image.",
    }
    with pytest.raises(WaiterError, match="Max attempts exceeded"):
        client.get_waiter("image_scan_complete").wait(**ONE)


def test_the_continuous_scan_of_an_image_that_was_archived_has_the_status_image_archived(client, enhanced_image):
    archive_image(client, imageTag="one")

    assert client.describe_image_scan_findings(**ONE)["imageScanStatus"]["status"] == "IMAGE_ARCHIVED"


def test_an_enhanced_scan_on_push_completes(ecr, client):
    client.put_registry_scanning_configuration(scanType="ENHANCED", rules=scanning_rules("*"))
    ecr.push("web", "one")

    client.get_waiter("image_scan_complete").wait(**ONE)

    response = client.describe_image_scan_findings(**ONE)
    assert response["imageScanStatus"]["status"] == "COMPLETE"
    # Without findings the response has `findings`, and no `enhancedFindings` [observed].
    assert response["imageScanFindings"]["findings"] == []
    assert "enhancedFindings" not in response["imageScanFindings"]
