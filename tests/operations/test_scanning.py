"""Scans: when they happen, how often they may, and what they find, which is what a test says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import WaiterError
from freezegun import freeze_time

from fakeecr import FakeECR
from tests.answers import check_paging, code_of, error_of
from tests.conftest import unchecked
from tests.manifests import digest_of, image, index

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
def web(client):
    client.create_repository(repositoryName="web")
    client.put_image(repositoryName="web", imageManifest=image("one"), imageTag="one")
    return client


def rules(*wildcards, frequency="SCAN_ON_PUSH"):
    filters = [{"filter": wildcard, "filterType": "WILDCARD"} for wildcard in wildcards]
    return [{"scanFrequency": frequency, "repositoryFilters": filters}]


def is_scanned(client, tag="one", name="web"):
    request = {"repositoryName": name, "imageId": {"imageTag": tag}}
    try:
        client.describe_image_scan_findings(**request)
    except client.exceptions.ScanNotFoundException:
        return False
    return True


class TestRegistryConfiguration:
    def test_is_basic_and_without_rules_at_first(self, client):
        assert client.get_registry_scanning_configuration()["scanningConfiguration"] == {
            "scanType": "BASIC",
            "rules": [],
        }

    def test_is_kept_as_it_was_put(self, client):
        for scan_type, given in (("ENHANCED", rules("*", frequency="CONTINUOUS_SCAN")), ("BASIC", rules("prod*"))):
            configuration = {"scanType": scan_type, "rules": given}
            put = client.put_registry_scanning_configuration(**configuration)
            assert put["registryScanningConfiguration"] == configuration
            found = client.get_registry_scanning_configuration()
            assert found["registryId"] == "123456789012"
            assert found["scanningConfiguration"] == configuration

    def test_is_as_at_first_where_a_request_leaves_it_out(self, client):
        client.put_registry_scanning_configuration(scanType="ENHANCED", rules=rules("*"))
        client.put_registry_scanning_configuration()
        assert client.get_registry_scanning_configuration()["scanningConfiguration"] == {
            "scanType": "BASIC",
            "rules": [],
        }

    @pytest.mark.parametrize(
        "configuration",
        [
            {"scanType": "NONE"},
            {"scanType": "BASIC", "rules": rules("*", frequency="CONTINUOUS_SCAN")},
            {"rules": rules("*") + rules("a")},
            {"rules": rules("*") + rules("a", frequency="MANUAL") + rules("b", frequency="CONTINUOUS_SCAN")},
            {"rules": rules(*["a"] * 101)},
            {"rules": rules("A!")},
        ],
    )
    def test_is_refused_where_it_is_none(self, client, configuration):
        assert code_of(client.put_registry_scanning_configuration, **configuration) == "InvalidParameterException"


class TestRepositoryConfiguration:
    def test_says_which_filters_apply(self, client):
        for name in ("web", "prod/web", "own"):
            client.create_repository(repositoryName=name, imageScanningConfiguration={"scanOnPush": name == "own"})
        client.put_registry_scanning_configuration(rules=rules("prod*", "*/web"))
        found = client.batch_get_repository_scanning_configuration(
            repositoryNames=["web", "prod/web", "own", "unknown", "web"]
        )
        assert [
            (each["repositoryName"], each["scanFrequency"], each["scanOnPush"], len(each["appliedScanFilters"]))
            for each in found["scanningConfigurations"]
        ] == [("web", "MANUAL", False, 0), ("prod/web", "SCAN_ON_PUSH", True, 2), ("own", "SCAN_ON_PUSH", True, 0)]
        assert found["scanningConfigurations"][0]["repositoryArn"] == (
            "arn:aws:ecr:us-east-1:123456789012:repository/web"
        )
        (failure,) = found["failures"]
        assert (failure["repositoryName"], failure["failureCode"]) == ("unknown", "REPOSITORY_NOT_FOUND")

    def test_takes_25_names(self, client):
        ask = client.batch_get_repository_scanning_configuration
        assert len(ask(repositoryNames=[f"name{n}" for n in range(25)])["failures"]) == 25
        for names in ([], [f"name{n}" for n in range(26)]):
            assert code_of(ask, repositoryNames=names) == "InvalidParameterException"


class TestScanOnPush:
    def test_is_the_repositorys_setting(self, client):
        for name, scan_on_push in (("web", True), ("other", False)):
            client.create_repository(repositoryName=name, imageScanningConfiguration={"scanOnPush": scan_on_push})
            client.put_image(repositoryName=name, imageManifest=image(), imageTag="one")
            assert is_scanned(client, name=name) is scan_on_push

    @pytest.mark.parametrize(
        ("wildcard", "fits"),
        [("*", True), ("web", True), ("we", True), ("w*", True), ("*b", True), ("b*", False), ("other", False)],
    )
    def test_is_the_registrys_by_filters(self, client, wildcard, fits):
        """A filter without an asterisk fits every name that it is part of (documented)."""
        client.put_registry_scanning_configuration(rules=rules(wildcard))
        client.create_repository(repositoryName="web")
        client.put_image(repositoryName="web", imageManifest=image(), imageTag="one")
        assert is_scanned(client) is fits

    def test_is_not_of_what_was_there_before_nor_of_another_tag(self, web):
        web.put_image_scanning_configuration(repositoryName="web", imageScanningConfiguration={"scanOnPush": True})
        web.put_image(repositoryName="web", imageManifest=image("one"), imageTag="again")
        assert not is_scanned(web)

    def test_leaves_lists_alone(self, web):
        web.put_registry_scanning_configuration(rules=rules("*"))
        web.put_image(repositoryName="web", imageManifest=index(image("one")), imageTag="multi")
        assert not is_scanned(web, "multi")

    def test_comes_with_a_push_of_the_fake_as_well(self, ecr, client):
        client.put_registry_scanning_configuration(rules=rules("*"))
        ecr.push("web", "one")
        assert is_scanned(client)


class TestStartImageScan:
    def test_scans_once_in_24_hours(self, database):
        with freeze_time("2026-01-01 12:00:00") as clock, FakeECR(database) as ecr:
            client = unchecked(ecr)
            pushed = ecr.push("web", "one")
            started = client.start_image_scan(**ONE)
            del started["ResponseMetadata"]
            assert started == {
                "registryId": "123456789012",
                "repositoryName": "web",
                "imageId": {"imageDigest": pushed.digest, "imageTag": "one"},
                "imageScanStatus": {"status": "IN_PROGRESS"},
            }
            too_many = "LimitExceededException", "The scan quota per image has been exceeded. Wait and try again.", 400
            by_digest = {"repositoryName": "web", "imageId": {"imageDigest": pushed.digest}}
            assert error_of(client.start_image_scan, **by_digest) == too_many
            clock.tick(timedelta(hours=23, minutes=59))
            assert error_of(client.start_image_scan, **ONE) == too_many
            clock.tick(timedelta(minutes=1))
            client.start_image_scan(**ONE)
            findings = client.describe_image_scan_findings(**ONE)["imageScanFindings"]
            assert findings["imageScanCompletedAt"] == datetime(2026, 1, 2, 12, tzinfo=UTC)

    def test_counts_the_scan_of_the_push(self, client):
        client.create_repository(repositoryName="web", imageScanningConfiguration={"scanOnPush": True})
        client.put_image(repositoryName="web", imageManifest=image(), imageTag="one")
        assert code_of(client.start_image_scan, **ONE) == "LimitExceededException"

    def test_is_refused_under_enhanced_scanning(self, web):
        web.put_registry_scanning_configuration(scanType="ENHANCED")
        assert error_of(web.start_image_scan, **ONE) == ("ValidationException", "This feature is disabled", 400)

    def test_is_refused_of_a_list(self, web):
        web.put_image(repositoryName="web", imageManifest=index(image("one")), imageTag="multi")
        assert error_of(web.start_image_scan, repositoryName="web", imageId={"imageTag": "multi"}) == (
            "UnsupportedImageTypeException",
            "An artifact with media type 'application/vnd.oci.image.index.v1+json' cannot be scanned. For more "
            "information, see the Amazon ECR documentation.",
            400,
        )

    def test_is_refused_of_an_archived_image(self, web):
        web.update_image_storage_class(**ONE, targetStorageClass="ARCHIVE")
        assert code_of(web.start_image_scan, **ONE) == "ImageArchivedException"

    def test_is_refused_of_what_is_not_there(self, web):
        assert code_of(web.start_image_scan, repositoryName="web", imageId={"imageTag": "no"}) == (
            "ImageNotFoundException"
        )
        assert code_of(web.start_image_scan, repositoryName="no", imageId={"imageTag": "no"}) == (
            "RepositoryNotFoundException"
        )


class TestFindings:
    def test_are_none_by_default(self, web):
        web.start_image_scan(**ONE)
        found = web.describe_image_scan_findings(**ONE)
        assert found["imageScanStatus"] == {
            "status": "COMPLETE",
            "description": "The scan was completed successfully.",
        }
        assert found["imageScanFindings"]["findings"] == []
        assert found["imageScanFindings"]["findingSeverityCounts"] == {}

    def test_are_what_a_test_says(self, ecr, web):
        ecr.set_findings("web", [HIGH, LOW], tag="one")
        web.start_image_scan(**ONE)
        found = web.describe_image_scan_findings(**ONE)
        assert found["imageId"] == {"imageTag": "one", "imageDigest": digest_of(image("one"))}
        assert found["imageScanFindings"]["findings"] == [HIGH, LOW]
        assert found["imageScanFindings"]["findingSeverityCounts"] == {"HIGH": 1, "LOW": 1}
        ecr.set_findings("web", [], digest=digest_of(image("one")))
        assert web.describe_image_scan_findings(**ONE)["imageScanFindings"]["findings"] == []

    def test_are_what_a_seed_says(self, ecr, client):
        ecr.seed({"registries": [{"repositories": [{"name": "web", "images": [
            {"tags": ["one"], "findings": [LOW]}, {"count": 2, "tags": ["n{n}"], "findings": [HIGH]}]}]}]})  # fmt: skip
        for tag, findings in (("one", [LOW]), ("n1", [HIGH]), ("n2", [HIGH])):
            request = {"repositoryName": "web", "imageId": {"imageTag": tag}}
            assert client.describe_image_scan_findings(**request)["imageScanFindings"]["findings"] == findings

    def test_of_a_list_are_those_of_its_images(self, ecr, client):
        """Who asks for those of the list itself is told that there was no scan, as code that forgets it will be."""
        ecr.seed({"registries": [{"repositories": [{"name": "web", "images": [
            {"tags": ["one"], "platforms": ["linux/amd64", "linux/arm64"], "findings": [HIGH]}]}]}]})  # fmt: skip
        assert not is_scanned(client)
        listed = client.list_images(repositoryName="web", filter={"tagStatus": "UNTAGGED"})["imageIds"]
        for image_id in listed:
            found = client.describe_image_scan_findings(repositoryName="web", imageId=image_id)
            assert found["imageScanFindings"]["findings"] == [HIGH]
        assert len(listed) == 2
        with pytest.raises(
            ValueError, match="web:one is a list of images, which is not scanned; give the digest of one"
        ):
            ecr.set_findings("web", [HIGH], tag="one")

    def test_make_an_image_one_that_was_scanned_but_for_the_quota(self, ecr, web):
        assert not is_scanned(web)
        ecr.set_findings("web", [], tag="one")
        assert is_scanned(web)
        web.start_image_scan(**ONE)

    def test_come_in_pages(self, ecr, web):
        ecr.set_findings("web", [{**HIGH, "name": f"CVE-{n}"} for n in range(230)], tag="one")

        def page(**parameters):
            response = web.describe_image_scan_findings(**parameters)
            assert response["imageScanFindings"]["findingSeverityCounts"] == {"HIGH": 230}
            return {"findings": response["imageScanFindings"]["findings"],
                    **{key: value for key, value in response.items() if key == "nextToken"}}  # fmt: skip

        assert len(page(**ONE)["findings"]) == 100
        check_paging(page, "findings", "maxResults", **ONE)
        pages = web.get_paginator("describe_image_scan_findings").paginate(**ONE).build_full_result()
        assert len(pages["imageScanFindings"]["findings"]) == 230
        for parameters in ({"maxResults": 0}, {"maxResults": 1001}, {"nextToken": "x"}):
            assert code_of(web.describe_image_scan_findings, **ONE, **parameters) == "InvalidParameterException"

    def test_of_no_scan_are_not_found(self, web):
        assert error_of(web.describe_image_scan_findings, **ONE) == (
            "ScanNotFoundException",
            "Image scan does not exist for the image with '{imageDigest:'null', imageTag:'one'}' in the repository "
            "with name 'web' in the registry with id '123456789012'",
            400,
        )

    def test_are_there_when_the_waiter_asks_first(self, web, monkeypatch):
        monkeypatch.setattr("time.sleep", lambda _: pytest.fail("It waited."))
        web.start_image_scan(**ONE)
        web.get_waiter("image_scan_complete").wait(**ONE)

    def test_go_with_their_image(self, ecr, web):
        ecr.set_findings("web", [HIGH], tag="one")
        web.batch_delete_image(repositoryName="web", imageIds=[{"imageTag": "one"}])
        web.put_image(repositoryName="web", imageManifest=image("one"), imageTag="one")
        assert not is_scanned(web)

    def test_that_were_replaced_have_tokens_no_more(self, ecr, web):
        with freeze_time():
            ecr.set_findings("web", [HIGH, LOW], tag="one")
            token = web.describe_image_scan_findings(**ONE, maxResults=1)["nextToken"]
            assert "nextToken" not in web.describe_image_scan_findings(**ONE, nextToken=token)
            ecr.set_findings("web", [LOW, HIGH], tag="one")
            code = code_of(web.describe_image_scan_findings, **ONE, nextToken=token)
        assert code == "InvalidParameterException"

    @pytest.mark.parametrize(
        ("findings", "which", "message"),
        [
            ([{"severity": "HIGH"}], {"tag": "one"}, "findings: the key 'name' is missing"),
            ([{**HIGH, "severity": "BAD"}], {"tag": "one"}, "findings: expected one of INFORMATIONAL, LOW"),
            ([{**HIGH, "url": "x"}], {"tag": "one"}, "findings: unknown key 'url'; did you mean 'uri'?"),
            ([1], {"tag": "one"}, "findings: expected"),
            (HIGH, {"tag": "one"}, "findings: expected a list of findings; got {'name'"),
            ([{**HIGH, "name": "\ud800"}], {"tag": "one"}, "findings: a finding has an unpaired surrogate"),
            ([HIGH], {}, "An image is identified by its tag or its digest; give one of the two"),
            ([HIGH], {"tag": "one", "digest": "x"}, "An image is identified by its tag or its digest; give one of the two"),
            ([HIGH], {"tag": "two"}, "There is no image web:two in registry 123456789012 in us-east-1"),
            ([HIGH], {"digest": digest_of("x")}, f"There is no image web@{digest_of('x')} in"),
            ([HIGH], {"digest": "sha256:x"}, "digest: expected a digest"),
            ([HIGH], {"tag": "a b"}, "tag: expected a tag"),
            ([HIGH], {"tag": "t", "registry_id": "upstream"}, "registry_id: expected an AWS account id"),
            ([HIGH], {"tag": "t", "region": "EU"}, "region: expected a region"),
            ([HIGH], {"tag": "one", "region": "eu-west-1"}, "There is no image web:one in registry 123456789012 in eu-west-1"),
        ],
    )
    def test_are_checked(self, ecr, web, findings, which, message):
        with pytest.raises(ValueError, match=message):
            ecr.set_findings("web", findings, **which)
        assert not is_scanned(web)


class TestEnhancedFindings:
    """Where a registry's scans are enhanced, what is found is told as Amazon Inspector tells it."""

    @pytest.fixture
    def enhanced(self, ecr, client):
        client.put_registry_scanning_configuration(scanType="ENHANCED", rules=rules("*", frequency="CONTINUOUS_SCAN"))
        with freeze_time("2026-05-01"):
            ecr.push("web", "one", "uno", manifest=image("one"))
        return client

    def test_tell_the_same(self, ecr, enhanced):
        with freeze_time("2026-05-02"):
            ecr.set_findings("web", [HIGH, LOW], tag="one")
        found = enhanced.describe_image_scan_findings(**ONE)["imageScanFindings"]
        assert "findings" not in found
        assert found["findingSeverityCounts"] == {"HIGH": 1, "LOW": 1}
        high, low = found["enhancedFindings"]
        assert high.pop("findingArn").startswith("arn:aws:inspector2:us-east-1:123456789012:finding/")
        scanned = datetime(2026, 5, 1, tzinfo=UTC)
        digest = digest_of(image("one"))
        assert high == {
            "awsAccountId": "123456789012",
            "firstObservedAt": scanned,
            "lastObservedAt": scanned,
            "updatedAt": scanned,
            "packageVulnerabilityDetails": {"vulnerabilityId": "CVE-2026-1", "vendorSeverity": "HIGH"},
            "resources": [
                {
                    "type": "AWS_ECR_CONTAINER_IMAGE",
                    "id": f"arn:aws:ecr:us-east-1:123456789012:repository/web/{digest}",
                    "details": {
                        "awsEcrContainerImage": {
                            "imageHash": digest,
                            "imageTags": ["one", "uno"],
                            "pushedAt": scanned,
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

    def test_have_pages_of_a_hundred_whatever_is_asked_for(self, ecr, enhanced):
        ecr.set_findings("web", [{**HIGH, "name": f"CVE-{n}"} for n in range(230)], tag="one")
        page = enhanced.describe_image_scan_findings(**ONE, maxResults=7)
        assert len(page["imageScanFindings"]["enhancedFindings"]) == 100
        pages = enhanced.get_paginator("describe_image_scan_findings").paginate(**ONE)
        found = [each for page in pages for each in page["imageScanFindings"]["enhancedFindings"]]
        assert [each["title"] for each in found] == [f"CVE-{n}" for n in range(230)]
        assert len({each["findingArn"] for each in found}) == 230

    def test_of_continuous_scans_are_never_complete(self, enhanced, monkeypatch):
        """The waiter waits in vain, as with AWS."""
        monkeypatch.setattr("time.sleep", lambda _: pytest.fail("It waited."))
        assert enhanced.describe_image_scan_findings(**ONE)["imageScanStatus"] == {
            "status": "ACTIVE",
            "description": "Continuous scan is selected for image.",
        }
        with pytest.raises(WaiterError, match="Max attempts exceeded"):
            enhanced.get_waiter("image_scan_complete").wait(**ONE)

    def test_of_what_was_archived_since_say_so(self, enhanced):
        enhanced.update_image_storage_class(**ONE, targetStorageClass="ARCHIVE")
        assert enhanced.describe_image_scan_findings(**ONE)["imageScanStatus"]["status"] == "IMAGE_ARCHIVED"

    def test_of_scans_on_push_are_complete(self, ecr, client):
        client.put_registry_scanning_configuration(scanType="ENHANCED", rules=rules("*"))
        ecr.push("web", "one")
        client.get_waiter("image_scan_complete").wait(**ONE)
        found = client.describe_image_scan_findings(**ONE)
        assert found["imageScanStatus"]["status"] == "COMPLETE"
        # Where nothing was found there are findings, and no enhancedFindings (observed).
        assert found["imageScanFindings"]["findings"] == []
        assert "enhancedFindings" not in found["imageScanFindings"]
