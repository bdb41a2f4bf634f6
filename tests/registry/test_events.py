"""The events that registries emit: each kind against a sample of what EventBridge receives."""

from __future__ import annotations

import json
from uuid import UUID

import pytest
from freezegun import freeze_time

from fakeecr import FakeECR
from tests.answers import ONCE, code_of
from tests.conftest import unchecked
from tests.manifests import blob, digest_of, image, index
from tests.operations.helpers import (
    archive_image,
    configure_replication,
    delete_image,
    put_image,
    replication_rule,
    seed_of,
)
from tests.operations.samples import CROSS_ACCOUNT, OTHER_ACCOUNT, POLICY_TEXT, WEST

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
WEB_ARN = "arn:aws:ecr:us-east-1:123456789012:repository/web"
MEDIA_TYPES = {"manifest-media-type": OCI_MANIFEST, "artifact-media-type": OCI_CONFIG}

IMAGE = image()
DIGEST = digest_of(IMAGE)


@pytest.fixture
def web(client):
    """Return a client of a fake that has a repository "web" and has emitted nothing yet."""
    client.create_repository(repositoryName="web")
    return client


def details(ecr: FakeECR, detail_type: str = "ECR Image Action") -> list[dict]:
    """Return the details of the events of a type, and check that there are no others."""
    assert {event["detail-type"] for event in ecr.events} <= {detail_type}
    return [event["detail"] for event in ecr.events]


def image_action(action: str, digest: str = DIGEST, tag: str = "", **others: str) -> dict[str, str]:
    """Build the detail of an ECR Image Action."""
    return {
        "result": "SUCCESS",
        "repository-name": "web",
        "image-digest": digest,
        "action-type": action,
        "image-tag": tag,
        **MEDIA_TYPES,
        **others,
    }


# --- The envelope ------------------------------------------------------------------------------------


@freeze_time("2025-06-11T06:43:44.987Z")
def test_a_push_is_emitted_as_eventbridge_receives_it(ecr, web):
    put_image(web, IMAGE)

    (event,) = ecr.events
    assert UUID(event["id"]).version == 4
    assert event == {
        "version": "0",
        "id": event["id"],
        "detail-type": "ECR Image Action",
        "source": "aws.ecr",
        "account": "123456789012",
        "time": "2025-06-11T06:43:44Z",
        "region": "us-east-1",
        "resources": [],
        "detail": {
            "result": "SUCCESS",
            "repository-name": "web",
            "image-digest": DIGEST,
            "action-type": "PUSH",
            "artifact-media-type": OCI_CONFIG,
            "image-tag": "",
            "manifest-media-type": OCI_MANIFEST,
        },
    }


def test_each_event_has_an_id_of_its_own(ecr):
    ecr.push("web", "a", "b", "c")

    assert len({event["id"] for event in ecr.events}) == 3


def test_an_event_names_the_account_and_the_region_in_which_it_happened(ecr):
    ecr.push("web", "latest", registry_id=OTHER_ACCOUNT, region="eu-west-1")

    (event,) = ecr.events
    assert (event["account"], event["region"]) == (OTHER_ACCOUNT, "eu-west-1")


# --- ECR Image Action --------------------------------------------------------------------------------


def test_a_push_with_a_tag_is_emitted_with_it(ecr, web):
    put_image(web, IMAGE, "latest")
    put_image(web, IMAGE, "v1")

    assert details(ecr) == [image_action("PUSH", tag="latest"), image_action("PUSH", tag="v1")]


def test_a_push_by_a_test_is_emitted_once_for_each_tag(ecr):
    pushed = ecr.push("web", "latest", "v1")

    assert details(ecr) == [image_action("PUSH", pushed.digest, tag) for tag in ("latest", "v1")]


def test_a_push_of_a_list_is_emitted_after_those_of_its_images(ecr):
    pushed = ecr.push("web", "latest", platforms=["linux/amd64", "linux/arm64"])

    digests = [*pushed.platforms.values(), pushed.digest]
    assert [detail["image-digest"] for detail in details(ecr)] == digests
    assert [detail["image-tag"] for detail in details(ecr)] == ["", "", "latest"]
    assert details(ecr)[-1]["manifest-media-type"] == "application/vnd.oci.image.index.v1+json"
    assert "artifact-media-type" not in details(ecr)[-1]


def test_a_deletion_is_emitted_once_for_each_deleted_identifier(ecr, web):
    put_image(web, IMAGE, "latest")
    put_image(web, IMAGE, "v1")
    other = put_image(web, image(blob("other")))["imageId"]["imageDigest"]
    seen = len(ecr.events)

    web.batch_delete_image(repositoryName="web", imageIds=[{"imageDigest": DIGEST}, {"imageDigest": other}])

    assert details(ecr)[seen:] == [
        image_action("DELETE", tag="latest"),
        image_action("DELETE", tag="v1"),
        image_action("DELETE", other),
    ]


def test_a_removed_tag_is_emitted_as_a_deletion(ecr, web):
    put_image(web, IMAGE, "latest")
    put_image(web, IMAGE, "v1")

    delete_image(web, imageTag="v1")

    assert details(ecr)[2:] == [image_action("DELETE", tag="v1")]


def test_what_a_call_could_not_delete_is_not_emitted(ecr, web):
    put_image(web, IMAGE, "latest")

    web.batch_delete_image(repositoryName="web", imageIds=[{"imageTag": "missing"}, {"imageDigest": digest_of("x")}])

    assert len(ecr.events) == 1


@freeze_time("2025-10-10T19:13:02.740Z")
def test_archiving_and_restoring_are_emitted_with_the_storage_class(ecr, web):
    put_image(web, IMAGE, "latest")

    archive_image(web, imageTag="latest")
    web.update_image_storage_class(repositoryName="web", imageId={"imageTag": "latest"}, targetStorageClass="STANDARD")

    changed = {
        "action-type": "UPDATE_STORAGE_CLASS",
        "image-digest": DIGEST,
        "repository-name": "web",
        "result": "SUCCESS",
        **MEDIA_TYPES,
    }
    assert details(ecr)[1:] == [
        {**changed, "target-storage-class": "ARCHIVE"},
        {**changed, "target-storage-class": "STANDARD", "last-activated-at": "2025-10-10T19:13:02.74Z"},
    ]
    assert ecr.events[1]["resources"] == []


@pytest.mark.parametrize(
    ("action", "emitted"),
    [
        pytest.param({"type": "expire"}, ("DELETE", "old"), id="expire"),
        pytest.param(
            {"type": "transition", "targetStorageClass": "archive"}, ("UPDATE_STORAGE_CLASS", None), id="archive"
        ),
    ],
)
def test_what_a_lifecycle_policy_does_is_emitted(ecr, web, action, emitted):
    ecr.push("web", "old", pushed_at="2020-01-01", region="eu-west-1")
    rule = {
        "rulePriority": 1,
        "selection": {"tagStatus": "any", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 1},
        "action": action,
    }
    west = unchecked(ecr, region_name="eu-west-1")
    west.put_lifecycle_policy(repositoryName="web", lifecyclePolicyText=json.dumps({"rules": [rule]}))

    (digest,) = ecr.expire()

    event = ecr.events[-1]
    assert (event["region"], event["detail"]["image-digest"]) == ("eu-west-1", digest)
    assert (event["detail"]["action-type"], event["detail"].get("image-tag")) == emitted


def test_the_media_types_are_those_of_the_manifest(ecr):
    docker = "application/vnd.docker.distribution.manifest.v2+json"
    manifest = {
        "schemaVersion": 2,
        "mediaType": docker,
        "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "digest": digest_of("c"), "size": 1},
        "layers": [],
    }

    ecr.push("web", "latest", manifest=json.dumps(manifest))

    (detail,) = details(ecr)
    assert detail["manifest-media-type"] == docker
    assert detail["artifact-media-type"] == "application/vnd.docker.container.image.v1+json"


def test_an_image_that_is_known_by_its_digest_counts_as_an_oci_image(ecr):
    ecr.push("web", digest=digest_of("unknown"))

    assert details(ecr) == [image_action("PUSH", digest_of("unknown"))]


# --- ECR Referrer Action -----------------------------------------------------------------------------


def referrer() -> str:
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "artifactType": "text/sbom+json",
            "config": {"mediaType": "text/sbom+json", "digest": digest_of("{}"), "size": 2},
            "layers": [],
            "subject": {"mediaType": OCI_MANIFEST, "digest": DIGEST, "size": len(IMAGE)},
        }
    )


def test_pushing_archiving_and_deleting_a_referrer_has_a_type_of_its_own(ecr, web):
    pushed = put_image(web, referrer())["imageId"]["imageDigest"]
    archive_image(web, imageDigest=pushed)
    delete_image(web, imageDigest=pushed)

    sbom = {"manifest-media-type": OCI_MANIFEST, "artifact-media-type": "text/sbom+json"}
    assert [detail["action-type"] for detail in details(ecr, "ECR Referrer Action")] == [
        "PUSH",
        "UPDATE_STORAGE_CLASS",
        "DELETE",
    ]
    assert details(ecr, "ECR Referrer Action")[0] == image_action("PUSH", pushed, **sbom)


# --- Scans -------------------------------------------------------------------------------------------

FINDINGS = [
    {"name": f"CVE-{number}", "severity": severity} for number, severity in enumerate(["CRITICAL"] * 2 + ["LOW"])
]


def test_a_basic_scan_is_emitted_with_the_number_of_findings(ecr):
    pushed = ecr.push("web", "latest", "v1")
    ecr.set_findings("web", FINDINGS, tag="latest")

    unchecked(ecr).start_image_scan(repositoryName="web", imageId={"imageTag": "latest"})

    event = ecr.events[-1]
    assert (event["detail-type"], event["source"], event["resources"]) == ("ECR Image Scan", "aws.ecr", [WEB_ARN])
    assert event["detail"] == {
        "scan-status": "COMPLETE",
        "repository-name": "web",
        "finding-severity-counts": {"CRITICAL": 2, "LOW": 1},
        "image-digest": pushed.digest,
        "image-tags": ["latest", "v1"],
    }


def test_a_scan_on_push_that_finds_nothing_is_emitted_without_numbers(ecr, client):
    client.create_repository(repositoryName="web", imageScanningConfiguration={"scanOnPush": True})

    put_image(client, IMAGE)

    assert [event["detail-type"] for event in ecr.events] == ["ECR Image Action", "ECR Image Scan"]
    assert ecr.events[1]["detail"] == {
        "scan-status": "COMPLETE",
        "repository-name": "web",
        "image-digest": DIGEST,
        "image-tags": [],
    }


@pytest.fixture
def enhanced(web):
    """Return a client of a registry that Amazon Inspector scans continuously."""
    web.put_registry_scanning_configuration(
        scanType="ENHANCED",
        rules=[
            {
                "scanFrequency": "CONTINUOUS_SCAN",
                "repositoryFilters": [{"filter": "web*", "filterType": "WILDCARD"}],
            }
        ],
    )
    return web


def test_an_enhanced_scan_is_emitted_by_inspector(ecr, enhanced):
    put_image(enhanced, IMAGE, "latest")

    event = ecr.events[-1]
    assert (event["detail-type"], event["source"]) == ("Inspector2 Scan", "aws.inspector2")
    assert event["resources"] == [WEB_ARN]
    assert event["detail"] == {
        "scan-status": "INITIAL_SCAN_COMPLETE",
        "repository-name": WEB_ARN,
        "finding-severity-counts": {"TOTAL": 0},
        "image-digest": DIGEST,
        "image-tags": ["latest"],
    }


def test_findings_under_enhanced_scanning_are_emitted_as_a_scan(ecr, enhanced):
    put_image(enhanced, IMAGE, "latest")

    ecr.set_findings("web", FINDINGS, tag="latest")

    counts = [event["detail"]["finding-severity-counts"] for event in ecr.events[-2:]]
    assert counts == [{"TOTAL": 0}, {"CRITICAL": 2, "LOW": 1, "TOTAL": 3}]


def test_a_changed_scan_frequency_is_emitted_for_the_repositories_that_it_concerns(ecr, client):
    client.create_repository(repositoryName="web")
    client.create_repository(repositoryName="api")

    for patterns in (["web"], ["web"], ["api"]):
        filters = [{"filter": pattern, "filterType": "WILDCARD"} for pattern in patterns]
        client.put_registry_scanning_configuration(
            scanType="ENHANCED", rules=[{"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": filters}]
        )

    first, second = ecr.events
    assert (first["detail-type"], first["source"], first["resources"]) == ("ECR Scan Resource Change", "aws.ecr", [])
    assert first["detail"] == {
        "action-type": "SCAN_FREQUENCY_CHANGE",
        "repositories": [
            {
                "repository-name": "web",
                "repository-arn": WEB_ARN,
                "scan-frequency": "SCAN_ON_PUSH",
                "previous-scan-frequency": "MANUAL",
            }
        ],
        "resource-type": "REPOSITORY",
        "scan-type": "ENHANCED",
    }
    changes = [(item["repository-name"], item["scan-frequency"]) for item in second["detail"]["repositories"]]
    assert sorted(changes) == [("api", "SCAN_ON_PUSH"), ("web", "MANUAL")]


def test_a_changed_scan_frequency_under_basic_scanning_is_not_emitted(ecr, web):
    web.put_registry_scanning_configuration(
        scanType="BASIC",
        rules=[{"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}]}],
    )

    assert ecr.events == ()


# --- ECR Replication Action --------------------------------------------------------------------------


def test_a_replication_is_emitted_at_its_destination(ecr, web):
    configure_replication(web, replication_rule(WEST, CROSS_ACCOUNT))

    put_image(web, IMAGE, "latest")

    arrivals = [event for event in ecr.events if event["detail-type"] == "ECR Replication Action"]
    assert len(arrivals) == len(ecr.events) - 1 == 2
    assert [(event["account"], event["region"]) for event in arrivals] == [
        (WEST["registryId"], WEST["region"]),
        (CROSS_ACCOUNT["registryId"], CROSS_ACCOUNT["region"]),
    ]
    assert arrivals[0]["resources"] == [f"arn:aws:ecr:{WEST['region']}:{WEST['registryId']}:repository/web"]
    assert arrivals[0]["detail"] == {
        "result": "SUCCESS",
        "repository-name": "web",
        "image-digest": DIGEST,
        "source-account": "123456789012",
        "action-type": "REPLICATE",
        "source-region": "us-east-1",
        "image-tag": "latest",
    }


def test_a_backfill_emits_a_replication_for_each_tag(ecr, web):
    pushed = ecr.push("web", "latest", "v1")
    configure_replication(web, replication_rule(WEST))
    seen = len(ecr.events)

    web.start_replication_backfill(destination=WEST)

    assert [(event["detail"]["image-digest"], event["detail"]["image-tag"]) for event in ecr.events[seen:]] == [
        (pushed.digest, "latest"),
        (pushed.digest, "v1"),
    ]


def test_a_scan_at_the_destination_is_emitted_in_its_region(ecr, web):
    configure_replication(web, replication_rule(WEST))
    west = unchecked(ecr, region_name=WEST["region"])
    west.create_repository(repositoryName="web", imageScanningConfiguration={"scanOnPush": True})

    put_image(web, IMAGE, "latest")

    (scan,) = [event for event in ecr.events if event["detail-type"] == "ECR Image Scan"]
    assert scan["region"] == WEST["region"]


# --- ECR Pull Through Cache Action -------------------------------------------------------------------

UPSTREAM = {
    "upstream": [{"url": "public.ecr.aws", "repositories": [{"name": "docker/alpine", "images": [{"tags": ["3.17"]}]}]}]
}


@pytest.fixture
def cached(ecr, client):
    """Return a client of a registry with a cache of public.ecr.aws."""
    ecr.seed({**seed_of(), **UPSTREAM})
    client.create_pull_through_cache_rule(ecrRepositoryPrefix="public", upstreamRegistryUrl="public.ecr.aws")
    return client


def pull(client, **image_id: str) -> str:
    response = client.batch_get_image(repositoryName="public/docker/alpine", imageIds=[image_id])
    return response["images"][0]["imageId"]["imageDigest"]


def test_a_pull_that_fills_a_cache_is_emitted(ecr, cached):
    digest = pull(cached, imageTag="3.17")

    (event,) = ecr.events
    assert event["detail-type"] == "ECR Pull Through Cache Action"
    assert event["resources"] == ["arn:aws:ecr:us-east-1:123456789012:repository/public/docker/alpine"]
    assert event["detail"] == {
        "rule-version": "1",
        "sync-status": "SUCCESS",
        "ecr-repository-prefix": "public",
        "repository-name": "public/docker/alpine",
        "upstream-registry-url": "public.ecr.aws",
        "image-tag": "3.17",
        "image-digest": digest,
    }


def test_a_pull_of_what_the_cache_has_already_is_not_emitted(ecr, cached):
    digest = pull(cached, imageTag="3.17")

    pull(cached, imageTag="3.17")
    pull(cached, imageDigest=digest)

    assert len(ecr.events) == 1


# --- What emits nothing ------------------------------------------------------------------------------


def test_a_seed_emits_nothing(ecr):
    ecr.seed({**seed_of({"name": "web", "scan_on_push": True, "images": [{"tags": ["latest"]}]}), **UPSTREAM})

    assert ecr.events == ()


def test_repositories_policies_and_pulls_emit_nothing(ecr, web):
    ecr.push("web", "latest")
    seen = ecr.events

    web.set_repository_policy(repositoryName="web", policyText=POLICY_TEXT)
    web.batch_get_image(repositoryName="web", imageIds=[{"imageTag": "latest"}])
    web.list_images(repositoryName="web")
    web.tag_resource(resourceArn=WEB_ARN, tags=[{"Key": "a", "Value": "b"}])
    web.delete_repository(repositoryName="web", force=True)

    assert ecr.events == seen


def test_a_refused_call_emits_nothing(ecr, web):
    put_image(web, IMAGE, "latest")

    code_of(web.put_image, repositoryName="web", imageManifest=IMAGE, imageTag="latest")
    code_of(web.put_image, repositoryName="web", imageManifest=index(digest_of("missing")))

    assert len(ecr.events) == 1


def test_a_call_that_is_rolled_back_emits_nothing(any_ecr, monkeypatch):
    client = any_ecr.client(**ONCE)
    client.create_repository(repositoryName="web")

    def fail(*_: object) -> None:
        raise RuntimeError

    # Replication comes last, after the push was emitted.
    monkeypatch.setattr("fakeecr.registry.pushing.replicate", fail)
    configure_replication(client, replication_rule(WEST))
    code_of(client.put_image, repositoryName="web", imageManifest=IMAGE, imageTag="latest")

    assert any_ecr.events == ()
    assert client.list_images(repositoryName="web")["imageIds"] == []


# --- What is in progress -----------------------------------------------------------------------------


def scan_statuses(ecr: FakeECR) -> list[str]:
    return [event["detail"]["scan-status"] for event in ecr.events if "scan-status" in event["detail"]]


def test_a_scan_in_progress_is_emitted_when_a_call_first_finds_it_complete(ecr, web):
    ecr.push("web", "latest")
    ecr.set_findings("web", FINDINGS, tag="latest", in_progress=2)
    latest = {"repositoryName": "web", "imageId": {"imageTag": "latest"}}
    web.start_image_scan(**latest)

    emitted = []
    for _ in range(4):
        web.describe_image_scan_findings(**latest)
        emitted.append(scan_statuses(ecr))

    assert emitted == [[], [], ["COMPLETE"], ["COMPLETE"]]


def test_a_failed_scan_is_emitted_without_numbers(ecr, web):
    ecr.push("web", "latest")
    ecr.set_findings("web", FINDINGS, tag="latest", status="FAILED")

    web.start_image_scan(repositoryName="web", imageId={"imageTag": "latest"})

    assert scan_statuses(ecr) == ["FAILED"]
    assert "finding-severity-counts" not in ecr.events[-1]["detail"]


def test_a_failed_replication_is_emitted_at_its_destination(ecr, web):
    configure_replication(web, replication_rule(WEST))
    ecr.set_replication("web", status="FAILED")

    put_image(web, IMAGE, "latest")

    event = ecr.events[-1]
    assert (event["region"], event["detail"]["result"]) == (WEST["region"], "FAILED")
    assert event["resources"] == [f"arn:aws:ecr:{WEST['region']}:{WEST['registryId']}:repository/web"]


def test_a_replication_in_progress_emits_the_tags_that_it_copies(ecr, web):
    configure_replication(web, replication_rule(WEST))
    ecr.set_replication("web", in_progress=1)
    emitted = []

    for tag in ("a", "b"):
        put_image(web, IMAGE, tag)
        seen = len(ecr.events)
        for _ in range(2):
            web.describe_image_replication_status(repositoryName="web", imageId={"imageTag": tag})
        emitted.append([event["detail"]["image-tag"] for event in ecr.events[seen:]])

    assert emitted == [["a"], ["b"]]


def test_a_push_of_an_archived_image_emits_its_restoration(ecr, web):
    put_image(web, IMAGE, "latest")
    archive_image(web, imageTag="latest")

    put_image(web, IMAGE, "latest")

    assert [detail["action-type"] for detail in details(ecr)[2:]] == ["PUSH", "UPDATE_STORAGE_CLASS"]
    assert details(ecr)[-1]["target-storage-class"] == "STANDARD"


def test_a_replication_in_progress_is_emitted_when_a_call_first_finds_it_complete(ecr, web):
    configure_replication(web, replication_rule(WEST))
    ecr.set_replication("web", in_progress=1)
    put_image(web, IMAGE, "latest")

    emitted = []
    for _ in range(3):
        web.describe_image_replication_status(repositoryName="web", imageId={"imageTag": "latest"})
        emitted.append([event["detail"]["result"] for event in ecr.events[1:]])

    assert emitted == [[], ["SUCCESS"], ["SUCCESS"]]
