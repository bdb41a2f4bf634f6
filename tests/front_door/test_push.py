"""push(): what it makes and returns, and which arguments it refuses."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from freezegun import freeze_time

from fakeecr import FakeECR
from tests.conftest import unchecked
from tests.manifests import DOCKER, OCI, OCI_INDEX, digest_of, image, index

DIGEST = "sha256:" + "a" * 64


def only_repository(ecr):
    [repository] = ecr.dump()["registries"][0]["repositories"]
    return repository


def test_a_push_returns_the_image_that_it_made(ecr):
    pushed = ecr.push("web", "a", "b", registry_id="012345678910", region="eu-west-1", manifest="{}")

    assert (pushed.registry_id, pushed.region, pushed.repository) == ("012345678910", "eu-west-1", "web")
    assert pushed.tags == ("a", "b")
    assert pushed.digest == "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


def test_each_push_makes_a_new_image_with_the_same_digest_in_every_run():
    runs = []
    for _ in range(2):
        with FakeECR() as ecr:
            runs.append([ecr.push("web", "latest").digest for _ in range(3)])

    assert runs[0] == runs[1]
    assert len(set(runs[0])) == 3


def test_a_push_of_an_existing_manifest_adds_a_tag_to_its_image(ecr):
    first = ecr.push("web", "a", manifest="{}", pushed_at="2016-12-16T20:05:42Z")

    again = ecr.push("web", "b", manifest=b"{}")

    assert again.digest == first.digest
    [described] = only_repository(ecr)["images"]
    assert (described["tags"], described["pushed_at"]) == (["a", "b"], "2016-12-16T20:05:42Z")


def test_the_time_of_a_push_is_the_time_of_the_clock(ecr):
    with freeze_time("2020-01-02T03:04:05.678901Z"):
        ecr.push("web")

    repository = only_repository(ecr)
    assert repository["created_at"] == "2020-01-02T03:04:05.678000Z"
    assert repository["images"][0]["pushed_at"] == "2020-01-02T03:04:05.678000Z"


@pytest.mark.parametrize(
    "time",
    [datetime(2020, 1, 2, tzinfo=UTC), datetime(2020, 1, 2), "2020-01-02"],
    ids=["datetime in UTC", "datetime without a time zone", "text"],
)
def test_the_time_of_a_push_can_be_a_datetime_or_text(ecr, time):
    ecr.push("web", pushed_at=time)

    [described] = only_repository(ecr)["images"]
    assert described["pushed_at"] == "2020-01-02T00:00:00Z"


def test_a_push_of_platforms_makes_an_index_and_an_image_for_each_platform(any_ecr):
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


def test_a_push_of_platforms_after_a_dump_and_seed_makes_a_new_index(ecr):
    first = ecr.push("web", "v1", platforms=["linux/amd64"])

    with FakeECR() as other:
        other.seed(ecr.dump())
        assert other.push("web", "v2", platforms=["linux/amd64"]).digest != first.digest


def test_a_push_of_a_single_image_has_no_platforms(ecr):
    assert ecr.push("web").platforms == {}


def test_a_push_can_give_the_media_type_that_a_manifest_does_not_have(ecr, client):
    bare_image, bare_index = image(mediaType=None), index(image(mediaType=None), mediaType=None)

    ecr.push("web", "v1", manifest=bare_image, media_type=DOCKER)
    ecr.push("web", "multi", manifest=bare_index)

    details = client.describe_images(repositoryName="web")["imageDetails"]
    assert [each["imageManifestMediaType"] for each in details] == [DOCKER, OCI_INDEX]


INVALID_ARGUMENTS = {
    "an invalid repository name": ({"repository": "Web"}, "repository: expected a repository name"),
    "an empty repository name": ({"repository": ""}, "repository: expected a repository name"),
    "an invalid tag": ({"tags": ["a b"]}, "tags: expected a tag"),
    "an empty tag": ({"tags": [""]}, "tags: expected a tag"),
    "a number as a tag": ({"tags": [1.1]}, "tags: expected a tag"),
    "a tag with {n}": ({"tags": ["v{n}"]}, "tags: expected a tag"),
    "an invalid digest": ({"digest": "sha256:abc"}, "digest: expected a digest"),
    "the digest of another manifest": (
        {"digest": DIGEST, "manifest": "{}"},
        f"digest: {DIGEST} is not the manifest's digest, which is sha256:44136",
    ),
    "a manifest that is not UTF-8": (
        {"manifest": b"\xff"},
        "manifest: expected the text of a manifest or layer in UTF-8",
    ),
    "a mapping as a manifest": ({"manifest": {"a": 1}}, "manifest: expected the text of a manifest"),
    "an invalid time": ({"pushed_at": "noon"}, "pushed_at: expected a moment"),
    "a number as a time": ({"pushed_at": 5}, "pushed_at: expected a moment"),
    "an invalid registry id": ({"registry_id": "5"}, "registry_id: expected an AWS account id"),
    "an invalid region": ({"region": "US"}, "region: expected a region"),
    "text instead of platforms": (
        {"platforms": "linux/amd64"},
        "platforms: expected a list of platforms; got 'linux/amd64'",
    ),
    "a number instead of platforms": (
        {"platforms": 2},
        "platforms: expected a list of platforms; got 2",
    ),
    "an invalid platform": ({"platforms": ["amd64"]}, "platforms: expected a platform such as linux/amd64"),
    "platforms with a manifest": (
        {"platforms": ["linux/amd64"], "manifest": "{}"},
        "platforms: the index of platforms is made up",
    ),
    "platforms with a digest": (
        {"platforms": ["linux/amd64"], "digest": digest_of("a")},
        "platforms: the index of platforms is made up",
    ),
    "a media type that is not of a manifest": (
        {"media_type": "text/html"},
        "media_type: expected a media type of manifests",
    ),
    "a media type of a generated image": ({"media_type": OCI}, "media_type: it needs a manifest or a digest"),
    "a media type other than the manifest's": (
        {"media_type": OCI, "manifest": image(mediaType=DOCKER)},
        f"media_type: the manifest names another one, {DOCKER}",
    ),
    "a negative size": ({"size": -1}, "size: expected a whole number of bytes"),
    "a boolean as a size": ({"size": True}, "size: expected a whole number of bytes"),
}


@pytest.mark.parametrize(("arguments", "message"), INVALID_ARGUMENTS.values(), ids=INVALID_ARGUMENTS)
def test_a_push_with_invalid_arguments_is_refused(ecr, arguments, message):
    arguments = {"repository": "web", "tags": [], **arguments}

    with pytest.raises(ValueError, match="^" + re.escape(message)):
        ecr.push(arguments.pop("repository"), *arguments.pop("tags"), **arguments)

    assert ecr.dump() == {"registries": []}


def test_a_push_keeps_times_to_the_millisecond(ecr, client):
    ecr.push("web", pushed_at="2026-01-01T00:00:00.123456")

    (details,) = client.describe_images(repositoryName="web")["imageDetails"]
    assert details["imagePushedAt"].microsecond == 123000
