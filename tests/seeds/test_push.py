"""What FakeECR.push() accepts and makes, seen through a client."""

from __future__ import annotations

import re

import pytest

from fakeecr import FakeECR
from tests.conftest import unchecked
from tests.manifests import DOCKER, OCI, OCI_INDEX, digest_of, image, index


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
    "text instead of platforms": (
        {"platforms": "linux/amd64"},
        "platforms: expected a list of platforms; got 'linux/amd64'",
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
    with pytest.raises(ValueError, match="^" + re.escape(message)):
        ecr.push("web", **arguments)

    assert ecr.dump() == {"registries": []}


def test_a_push_keeps_times_to_the_millisecond(ecr, client):
    ecr.push("web", pushed_at="2026-01-01T00:00:00.123456")

    (details,) = client.describe_images(repositoryName="web")["imageDetails"]
    assert details["imagePushedAt"].microsecond == 123000
