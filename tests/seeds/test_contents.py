"""What a seed or a push may say of repositories, images and layers, seen through a client."""

from __future__ import annotations

import json
import re
import urllib.request
from base64 import b64encode
from datetime import UTC, datetime

import pytest
import yaml
from freezegun import freeze_time

from fakeecr import FakeECR, SeedError
from fakeecr.seeds.schema import json_schema
from tests.answers import identifiers
from tests.conftest import unchecked
from tests.manifests import CONFIG, DOCKER, OCI, OCI_INDEX, blob, digest_of, image, index
from tests.seeds.test_schema import complaints

ANY = {"imageStatus": "ANY"}
KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
IN_FULL = f"""
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
def folder(tmp_path):
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "web.json").write_bytes(MANIFEST.encode())
    (tmp_path / "layer.bin").write_bytes(b"file\r\n")
    (tmp_path / "seed.yaml").write_text(IN_FULL)
    return tmp_path


class TestInFull:
    @pytest.fixture
    def client(self, any_ecr, folder):
        any_ecr.seed(folder / "seed.yaml")
        return unchecked(any_ecr)

    def details(self, client, tag):
        (found,) = client.describe_images(repositoryName="web", imageIds=[{"imageTag": tag}])["imageDetails"]
        return found

    def test_sets_the_repository(self, client):
        (repository,) = client.describe_repositories()["repositories"]
        assert repository["createdAt"] == datetime(2026, 1, 1, tzinfo=UTC)
        assert repository["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
        assert [each["filter"] for each in repository["imageTagMutabilityExclusionFilters"]] == ["latest", "dev-*"]
        assert repository["imageScanningConfiguration"] == {"scanOnPush": True}
        assert repository["encryptionConfiguration"] == {"encryptionType": "KMS", "kmsKey": KEY}
        tags = client.list_tags_for_resource(resourceArn=repository["repositoryArn"])["tags"]
        assert {tag["Key"]: tag["Value"] for tag in tags} == {"team": "blue", "cost-center": "0042", "on": "off"}

    def test_brings_layers_that_can_be_read(self, client):
        digests = [digest_of("a text"), digest_of(bytes([0, 1, 2, 255])), digest_of("file\r\n")]
        found = client.batch_check_layer_availability(repositoryName="web", layerDigests=digests)["layers"]
        assert [each["layerSize"] for each in found] == [6, 4, 6]
        url = client.get_download_url_for_layer(repositoryName="web", layerDigest=digests[2])["downloadUrl"]
        assert urllib.request.urlopen(url).read() == b"file\r\n"

    def test_takes_a_manifest_from_a_file_to_the_byte(self, client):
        (got,) = client.batch_get_image(repositoryName="web", imageIds=[{"imageTag": "from-file"}])["images"]
        assert got["imageManifest"] == MANIFEST
        assert self.details(client, "from-file")["imageSizeInBytes"] == 12

    def test_makes_an_index_and_an_image_for_each_platform(self, client):
        details = self.details(client, "multi")
        assert details["imageManifestMediaType"] == OCI_INDEX
        assert details["imageSizeInBytes"] == 5000
        (got,) = client.batch_get_image(repositoryName="web", imageIds=[{"imageTag": "multi"}])["images"]
        listed = json.loads(got["imageManifest"])["manifests"]
        assert [each["platform"] for each in listed] == [
            {"os": "linux", "architecture": "amd64"},
            {"os": "linux", "architecture": "arm64", "variant": "v8"},
        ]
        ids = [{"imageDigest": each["digest"]} for each in listed]
        children = client.batch_get_image(repositoryName="web", imageIds=ids)["images"]
        assert [digest_of(child["imageManifest"]) for child in children] == [each["digest"] for each in listed]
        assert [len(child["imageManifest"]) for child in children] == [each["size"] for each in listed]
        assert all("imageTag" not in child["imageId"] for child in children)
        refused = client.batch_delete_image(repositoryName="web", imageIds=ids)["failures"]
        assert {each["failureCode"] for each in refused} == {"ImageReferencedByManifestList"}

    def test_makes_as_many_indexes_as_it_counts(self, client):
        tags = {tag for _, tag in identifiers(client.list_images(repositoryName="web", filter={"tagStatus": "TAGGED"}))}
        assert {"multi-1", "multi-2", "multi-3"} <= tags
        assert len(client.list_images(repositoryName="web", filter={"tagStatus": "UNTAGGED"})["imageIds"]) == 5

    def test_describes_what_has_no_manifest(self, client):
        details = self.details(client, "bare")
        assert (details["imageManifestMediaType"], details["imageSizeInBytes"]) == (DOCKER, 77)

    def test_tells_when_what_happened(self, client):
        details = self.details(client, "old")
        assert details["imageStatus"] == "ARCHIVED"
        assert [
            details[key].day for key in ("imagePushedAt", "lastRecordedPullTime", "lastArchivedAt", "lastActivatedAt")
        ] == [2, 3, 4, 1]

    def test_is_what_is_dumped(self, any_ecr, client, tmp_path):
        dumped = any_ecr.dump(tmp_path / "dump.yaml")
        with FakeECR() as other:
            other.seed(tmp_path / "dump.yaml")
            assert other.dump() == dumped
            (theirs, ours) = (
                each.describe_images(repositoryName="web", filter=ANY)["imageDetails"]
                for each in (unchecked(other), client)
            )
            assert theirs == ours
            assert (
                unchecked(other).describe_repositories()["repositories"]
                == client.describe_repositories()["repositories"]
            )
        any_ecr.seed(dumped)
        assert any_ecr.dump() == dumped

    def test_is_what_an_editor_takes(self, folder):
        content = yaml.load((folder / "seed.yaml").read_text(), yaml.BaseLoader)  # noqa: S506 - texts alone
        # As texts: numbers and booleans are for the loader to tell.
        assert [each for each in complaints(content, json_schema()) if ": not [" not in each] == []


MISTAKES = {
    "filters without exclusion": (
        {"image_tag_mutability": "IMMUTABLE", "image_tag_mutability_exclusion_filters": ["a"]},
        "image_tag_mutability_exclusion_filters: filters and a mutability WITH_EXCLUSION go together",
    ),
    "exclusion without filters": (
        {"image_tag_mutability": "MUTABLE_WITH_EXCLUSION"},
        "image_tag_mutability: filters and a mutability WITH_EXCLUSION go together",
    ),
    "three wildcards": (
        {"image_tag_mutability": "MUTABLE_WITH_EXCLUSION", "image_tag_mutability_exclusion_filters": ["*a*b*"]},
        "image_tag_mutability_exclusion_filters[0]: expected a filter of tags",
    ),
    "a mutability that is none": (
        {"image_tag_mutability": "LOOSE"},
        "image_tag_mutability: expected one of MUTABLE, IMMUTABLE, MUTABLE_WITH_EXCLUSION, IMMUTABLE_WITH_EXCLUSION; "
        "got 'LOOSE'",
    ),
    "an encryption that is none": ({"encryption_type": "ROT13"}, "encryption_type: expected one of AES256, KMS, KMS_"),
    "KMS without a key": ({"encryption_type": "KMS"}, "encryption_type: a kms_key and the encryption_type"),
    "a key without KMS": ({"kms_key": KEY}, "kms_key: a kms_key and the encryption_type"),
    "a key that is none": ({"encryption_type": "KMS", "kms_key": "mine"}, "kms_key: expected the ARN of a KMS key"),
    "a flag that is none": ({"scan_on_push": "yes"}, "scan_on_push: expected true or false; got 'yes'"),
    "a tag of AWS": ({"tags": {"aws:x": "y"}}, "expected a key of 1 to 128 letters"),
    "a tag without value": ({"tags": {"x": None}}, "tags"),
    "a layer of nothing": ({"layers": [{}]}, "layers[0]: a layer needs one of content, base64 and file"),
    "a layer of two": ({"layers": [{"content": "a", "file": "b"}]}, "layers[0]: a layer needs one of"),
    "a layer that is not base64": ({"layers": [{"base64": "?"}]}, "layers[0].base64: expected bytes in base64"),
    "a layer that is half base64": ({"layers": [{"base64": "AAA"}]}, "layers[0].base64: expected bytes in base64"),
    "a layer without file": ({"layers": [{"file": "/nowhere/x"}]}, "layers[0].file: /nowhere/x cannot be read"),
    "a layer of another digest": (
        {"layers": [{"content": "a", "digest": digest_of("b")}]},
        f"layers[0].digest: the digest of this layer is {digest_of('a')}",
    ),
    "an unknown key of a layer": ({"layers": [{"contents": "a"}]}, "did you mean 'content'?"),
    "two manifests": ({"images": [{"manifest": "{}", "manifest_file": "x"}]}, "images[0]: a manifest and a manifest_f"),
    "no manifest file": (
        {"images": [{"manifest_file": "/nowhere/x"}]},
        "images[0].manifest_file: /nowhere/x cannot be read: No such file or directory",
    ),
    "a tag that grows too long": (
        {"images": [{"count": 10, "tags": ["x" * 299 + "{n}"]}]},
        "images[0].tags: the tag of the last of these images is longer than 300",
    ),
    "too many tags": ({"tags": {str(n): "" for n in range(51)}}, "tags: a repository has at most 50 tags; here are 51"),
    "a policy that is none": ({"policy": "nonsense"}, "policy: expected a policy as JSON"),
    "a platform that is none": ({"images": [{"platforms": ["amd64"]}]}, "images[0].platforms[0]: expected a platform"),
    "platforms with a digest": (
        {"images": [{"platforms": ["linux/amd64"], "digest": digest_of("a")}]},
        "images[0].platforms: the index of platforms is made up",
    ),
    "a platform twice": ({"images": [{"platforms": ["a/b", "a/b"]}]}, "images[0]: the image sha256:"),
    "count with a manifest file": ({"images": [{"count": 2, "manifest_file": __file__}]}, "images[0]: images that"),
    "a media type that is none": ({"images": [{"media_type": "text/html"}]}, "images[0].media_type: expected a media"),
    "a media type of what is made up": (
        {"images": [{"media_type": OCI}]},
        "images[0].media_type: it goes with a manifest or a digest",
    ),
    "a media type besides the manifest's": (
        {"images": [{"manifest": image(), "media_type": DOCKER}]},
        f"images[0].media_type: the manifest has its own, {OCI}",
    ),
    "a size that is none": ({"images": [{"size": "-1"}]}, "images[0].size: expected a whole number of bytes"),
    "a date that is none": ({"images": [{"pulled_at": "noon"}]}, "images[0].pulled_at: expected a moment"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_and_nothing_is_kept(ecr, name):
    repository, expected = MISTAKES[name]
    with pytest.raises(SeedError) as caught:
        ecr.seed({"registries": [{"repositories": [{"name": "web", **repository}]}]})
    assert expected in str(caught.value)
    assert str(caught.value).startswith("seed: registries[0].repositories[0].")
    assert ecr.dump() == {"registries": []}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_of_a_repository_that_is_there_as_well(ecr, client, name):
    client.create_repository(repositoryName="web")
    before = ecr.dump()
    with pytest.raises(SeedError) as caught:
        ecr.seed({"registries": [{"repositories": [{"name": "web", **MISTAKES[name][0]}]}]})
    assert MISTAKES[name][1] in str(caught.value)
    assert ecr.dump() == before


def test_a_manifest_file_that_is_not_utf_8_is_refused(ecr, tmp_path):
    (tmp_path / "manifest.json").write_bytes(b"\xff")
    with pytest.raises(SeedError, match=r"images\[0\].manifest_file: the file's manifest is not UTF-8"):
        ecr.seed({"registries": [{"repositories": [
            {"name": "web", "images": [{"manifest_file": str(tmp_path / "manifest.json")}]}]}]})  # fmt: skip


def test_settings_of_a_repository_that_is_there_are_kept(ecr, client):
    client.create_repository(repositoryName="web", tags=[{"Key": "a", "Value": "mine"}])
    described = {
        "name": "web",
        "image_tag_mutability": "IMMUTABLE",
        "tags": {"a": "theirs"},
        "layers": [{"content": "x"}],
    }
    for _ in range(2):
        ecr.seed({"registries": [{"repositories": [described]}]})
    (repository,) = client.describe_repositories()["repositories"]
    assert repository["imageTagMutability"] == "MUTABLE"
    tags = client.list_tags_for_resource(resourceArn=repository["repositoryArn"])["tags"]
    assert tags == [{"Key": "a", "Value": "mine"}]
    (layer,) = client.batch_check_layer_availability(repositoryName="web", layerDigests=[digest_of("x")])["layers"]
    assert layer["layerAvailability"] == "AVAILABLE"


class TestPush:
    def test_of_platforms_pushes_an_index_and_its_images(self, any_ecr):
        client = unchecked(any_ecr)
        pushed = any_ecr.push("web", "v1", platforms=["linux/amd64", "linux/arm64"], size=300)
        assert list(pushed.platforms) == ["linux/amd64", "linux/arm64"]
        described = {
            each["imageDigest"]: (each["imageSizeInBytes"], each["imageManifestMediaType"])
            for each in client.describe_images(repositoryName="web")["imageDetails"]
        }
        assert described == {
            pushed.digest: (300, OCI_INDEX),
            **dict.fromkeys(pushed.platforms.values(), (300, OCI)),
        }
        again = any_ecr.push("web", "v1", platforms=["linux/amd64", "linux/arm64"])
        assert not {again.digest, *again.platforms.values()} & described.keys()

    def test_of_platforms_after_a_dump_is_of_its_own(self, ecr):
        first = ecr.push("web", "v1", platforms=["linux/amd64"])
        with FakeECR() as other:
            other.seed(ecr.dump())
            assert other.push("web", "v2", platforms=["linux/amd64"]).digest != first.digest

    def test_has_no_platforms_otherwise(self, ecr):
        assert ecr.push("web").platforms == {}

    def test_takes_a_manifest_of_a_media_type_told_beside_it(self, ecr, client):
        child, bare_index = image(mediaType=None), index(image(mediaType=None), mediaType=None)
        ecr.push("web", "v1", manifest=child, media_type=DOCKER)
        ecr.push("web", "multi", manifest=bare_index)
        types = [
            each["imageManifestMediaType"] for each in client.describe_images(repositoryName="web")["imageDetails"]
        ]
        assert types == [DOCKER, OCI_INDEX]

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"platforms": "linux/amd64"}, "platforms: expected a list of platforms; got 'linux/amd64'"),
            ({"platforms": ["amd64"]}, "platforms: expected a platform such as linux/amd64"),
            ({"platforms": ["linux/amd64"], "manifest": "{}"}, "platforms: the index of platforms is made up"),
            ({"platforms": ["linux/amd64"], "digest": digest_of("a")}, "platforms: the index of platforms is made up"),
            ({"media_type": "text/html"}, "media_type: expected a media type of manifests"),
            ({"media_type": OCI}, "media_type: it goes with a manifest or a digest"),
            (
                {"media_type": OCI, "manifest": image(mediaType=DOCKER)},
                f"media_type: the manifest has its own, {DOCKER}",
            ),
            ({"size": -1}, "size: expected a whole number of bytes"),
            ({"size": True}, "size: expected a whole number of bytes"),
        ],
    )
    def test_refuses_what_does_not_fit_together(self, ecr, arguments, message):
        with pytest.raises(ValueError, match="^" + re.escape(message)):
            ecr.push("web", **arguments)
        assert ecr.dump() == {"registries": []}


def test_bytes_of_a_layer_survive_a_dump(ecr):
    content = bytes(range(256))
    ecr.seed({"registries": [{"repositories": [
        {"name": "web", "layers": [{"base64": b64encode(content).decode()}]}]}]})  # fmt: skip
    with FakeECR() as other:
        other.seed(ecr.dump())
        assert other.dump() == ecr.dump()


@pytest.mark.parametrize("is_there", [False, True])
@pytest.mark.parametrize("between", [[], [{"count": 600}]])
def test_a_list_is_as_big_as_its_images_whichever_come_first(ecr, client, is_there, between):
    if is_there:
        client.create_repository(repositoryName="web")
    child, inner = image("child"), index(image("child"))
    lists = [{"manifest": index(inner), "tags": ["outer"]}, {"manifest": inner, "tags": ["inner"]}]
    given_size = {"manifest": index(child, annotations={"a": "b"}), "tags": ["given"], "size": 7}
    images = [*lists, given_size, *between, {"manifest": child}]
    for _ in range(2):
        ecr.seed({"registries": [{"repositories": [{"name": "web", "images": images}]}]})
        details = client.describe_images(
            repositoryName="web", imageIds=[{"imageTag": tag} for tag in ("outer", "inner", "given")]
        )["imageDetails"]
        assert [each["imageSizeInBytes"] for each in details] == [110, 110, 7]


def test_findings_that_are_there_are_kept(ecr, client):
    found, other = ({"name": name, "severity": "LOW"} for name in ("CVE-1", "CVE-2"))
    described = {"name": "web", "images": [{"tags": ["a"], "findings": [found]}, {"tags": ["b"]}]}
    request = {"repositoryName": "web", "imageId": {"imageTag": "a"}}
    seen = []
    for moment in ("2026-01-01", "2026-01-02"):
        with freeze_time(moment):
            ecr.seed({"registries": [{"repositories": [described]}]})
            seen.append(client.describe_image_scan_findings(**request)["imageScanFindings"])
    assert seen[0] == seen[1]
    ecr.set_findings("web", [other], tag="a")
    ecr.seed({"registries": [{"repositories": [described]}]})
    (kept,) = client.describe_image_scan_findings(**request)["imageScanFindings"]["findings"]
    assert kept["name"] == "CVE-2"


def test_moments_are_kept_to_the_millisecond(ecr, client):
    ecr.push("web", pushed_at="2026-01-01T00:00:00.123456")
    (details,) = client.describe_images(repositoryName="web")["imageDetails"]
    assert details["imagePushedAt"].microsecond == 123000
