"""What a seed can say about repositories, layers and images, seen through a client."""

from __future__ import annotations

import json
import urllib.request
from datetime import UTC, datetime

import pytest
import yaml

from fakeecr import FakeECR
from fakeecr.seeds.schema import json_schema
from tests.answers import identifiers
from tests.conftest import unchecked
from tests.manifests import CONFIG, DOCKER, OCI_INDEX, blob, digest_of, image
from tests.seeds.schema_violations import schema_violations

ANY = {"imageStatus": "ANY"}
KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
SEED = f"""
registries:
  - repositories:
      - name: web
        created_at: 2026-01-01T00:00:00Z
        tags: {{team: blue, cost-center: 0042, on: off}}
        image_tag_mutability: IMMUTABLE_WITH_EXCLUSION
        image_tag_mutability_exclusion_filters: [latest, dev-*]
        scan_on_push: true
        encryption_type: KMS
        kms_key: {KEY}
        layers:
          - content: a text
          - base64: AAEC/w==
            digest: {digest_of(bytes([0, 1, 2, 255]))}
          - file: layer.bin
        images:
          - tags: [from-file]
            manifest_file: manifests/web.json
          - tags: [multi]
            platforms: [linux/amd64, linux/arm64/v8]
            size: 5000
            pushed_at: 2026-02-01T00:00:00Z
          - tags: [bare]
            digest: sha256:{"a" * 64}
            media_type: {DOCKER}
            size: 77
          - tags: [old]
            status: ARCHIVED
            pushed_at: 2026-01-02T00:00:00Z
            pulled_at: 2026-01-03T00:00:00Z
            archived_at: 2026-01-04T00:00:00Z
            activated_at: 2026-01-01T00:00:00Z
          - count: 3
            tags: ["multi-{{n}}"]
            platforms: [linux/amd64]
"""
MANIFEST = image(config=blob("a text", 6, CONFIG), layers=[blob("file\r\n", 6)])


@pytest.fixture
def seed_file(tmp_path):
    """Return the path of the seed, beside the files that it names."""
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "web.json").write_bytes(MANIFEST.encode())
    (tmp_path / "layer.bin").write_bytes(b"file\r\n")
    (tmp_path / "seed.yaml").write_text(SEED)
    return tmp_path / "seed.yaml"


@pytest.fixture
def client(any_ecr, seed_file):
    """Return a client of a fake with the seed."""
    any_ecr.seed(seed_file)
    return unchecked(any_ecr)


def describe_image(client, tag):
    (details,) = client.describe_images(repositoryName="web", imageIds=[{"imageTag": tag}])["imageDetails"]
    return details


@pytest.mark.newest_model("imageTagMutabilityExclusionFilters")
def test_a_seed_sets_the_settings_and_tags_of_a_repository(client):
    (repository,) = client.describe_repositories()["repositories"]
    assert repository["createdAt"] == datetime(2026, 1, 1, tzinfo=UTC)
    assert repository["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    assert [each["filter"] for each in repository["imageTagMutabilityExclusionFilters"]] == ["latest", "dev-*"]
    assert repository["imageScanningConfiguration"] == {"scanOnPush": True}
    assert repository["encryptionConfiguration"] == {"encryptionType": "KMS", "kmsKey": KEY}

    tags = client.list_tags_for_resource(resourceArn=repository["repositoryArn"])["tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"team": "blue", "cost-center": "0042", "on": "off"}


def test_the_layers_of_a_seed_can_be_downloaded(client):
    digests = [digest_of("a text"), digest_of(bytes([0, 1, 2, 255])), digest_of("file\r\n")]

    layers = client.batch_check_layer_availability(repositoryName="web", layerDigests=digests)["layers"]
    assert [each["layerSize"] for each in layers] == [6, 4, 6]

    url = client.get_download_url_for_layer(repositoryName="web", layerDigest=digests[2])["downloadUrl"]
    assert urllib.request.urlopen(url).read() == b"file\r\n"


def test_a_manifest_file_is_seeded_byte_for_byte(client):
    (seeded,) = client.batch_get_image(repositoryName="web", imageIds=[{"imageTag": "from-file"}])["images"]

    assert seeded["imageManifest"] == MANIFEST
    assert describe_image(client, "from-file")["imageSizeInBytes"] == 12


def test_platforms_seed_an_index_and_an_image_for_each_platform(client):
    details = describe_image(client, "multi")
    assert details["imageManifestMediaType"] == OCI_INDEX
    assert details["imageSizeInBytes"] == 5000

    (multi,) = client.batch_get_image(repositoryName="web", imageIds=[{"imageTag": "multi"}])["images"]
    entries = json.loads(multi["imageManifest"])["manifests"]
    assert [each["platform"] for each in entries] == [
        {"os": "linux", "architecture": "amd64"},
        {"os": "linux", "architecture": "arm64", "variant": "v8"},
    ]

    ids = [{"imageDigest": each["digest"]} for each in entries]
    children = client.batch_get_image(repositoryName="web", imageIds=ids)["images"]
    assert [digest_of(child["imageManifest"]) for child in children] == [each["digest"] for each in entries]
    assert [len(child["imageManifest"]) for child in children] == [each["size"] for each in entries]
    assert all("imageTag" not in child["imageId"] for child in children)

    failures = client.batch_delete_image(repositoryName="web", imageIds=ids)["failures"]
    assert {each["failureCode"] for each in failures} == {"ImageReferencedByManifestList"}


def test_a_count_with_platforms_seeds_that_many_indexes(client):
    tagged = client.list_images(repositoryName="web", filter={"tagStatus": "TAGGED"})
    untagged = client.list_images(repositoryName="web", filter={"tagStatus": "UNTAGGED"})

    assert {"multi-1", "multi-2", "multi-3"} <= {tag for _, tag in identifiers(tagged)}
    assert len(untagged["imageIds"]) == 5


def test_an_image_without_a_manifest_is_described_as_the_seed_says(client):
    details = describe_image(client, "bare")

    assert (details["imageManifestMediaType"], details["imageSizeInBytes"]) == (DOCKER, 77)


@pytest.mark.newest_model("lastRecordedPullTime")
def test_a_seed_sets_the_status_and_times_of_an_image(client):
    details = describe_image(client, "old")

    assert details["imageStatus"] == "ARCHIVED"
    assert [
        details[key].day for key in ("imagePushedAt", "lastRecordedPullTime", "lastArchivedAt", "lastActivatedAt")
    ] == [2, 3, 4, 1]


def test_the_dump_of_a_seed_seeds_the_same_images(any_ecr, client, tmp_path):
    dumped = any_ecr.dump(tmp_path / "dump.yaml")

    with FakeECR() as other:
        other.seed(tmp_path / "dump.yaml")
        assert other.dump() == dumped
        others_details, details = (
            each.describe_images(repositoryName="web", filter=ANY)["imageDetails"]
            for each in (unchecked(other), client)
        )
        assert others_details == details
        assert (
            unchecked(other).describe_repositories()["repositories"] == client.describe_repositories()["repositories"]
        )
    any_ecr.seed(dumped)
    assert any_ecr.dump() == dumped


def test_the_schema_accepts_the_seed(seed_file):
    content = yaml.load(seed_file.read_text(), yaml.BaseLoader)  # noqa: S506 - it reads every scalar as text

    violations = schema_violations(content, json_schema())

    # Numbers and booleans are text in this content; the loader checks them.
    assert [each for each in violations if ": not [" not in each] == []
