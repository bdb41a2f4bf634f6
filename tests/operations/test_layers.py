"""Layers: BatchCheckLayerAvailability and GetDownloadUrlForLayer."""

from __future__ import annotations

import subprocess
import sys
import urllib.request

import pytest
from freezegun import freeze_time

from tests.answers import code_of, error_of
from tests.conftest import unchecked
from tests.manifests import CONFIG, LAYER, blob, digest_of, image
from tests.operations.helpers import (
    archive_image,
    begin_upload,
    delete_image,
    put_image,
    seed_of,
    send_part,
    upload_layer,
)

UNKNOWN = digest_of("unknown")


def only_layer(client, digest):
    """Return the one layer that BatchCheckLayerAvailability finds by a digest."""
    (layer,) = client.batch_check_layer_availability(repositoryName="web", layerDigests=[digest])["layers"]
    return layer


def download(client, digest):
    """Return the response of GetDownloadUrlForLayer for a layer of the repository "web"."""
    return client.get_download_url_for_layer(repositoryName="web", layerDigest=digest)


# --- BatchCheckLayerAvailability ---------------------------------------------------------------------


def test_batch_check_layer_availability_answers_each_digest_once(client, web):
    digest = upload_layer(client, b"12345")
    digests = [digest, UNKNOWN, "", "none", "\0", digest]

    response = client.batch_check_layer_availability(repositoryName="web", layerDigests=digests)

    assert response["layers"] == [
        {"layerDigest": digest, "layerAvailability": "AVAILABLE", "layerSize": 5},
        {"layerDigest": UNKNOWN, "layerAvailability": "UNAVAILABLE"},
    ]
    assert [(failure["layerDigest"], failure["failureCode"]) for failure in response["failures"]] == [
        ("", "MissingLayerDigest"),
        ("none", "InvalidLayerDigest"),
        ("\0", "InvalidLayerDigest"),
    ]


def test_a_layer_has_the_media_type_of_its_image_and_is_archived_with_its_last_image(client, web):
    digest = upload_layer(client, b"12345")
    for name in ("one", "two"):
        put_image(client, image(name, config=blob("12345", 5, CONFIG)), name)

    availabilities = []
    for name in ("one", "two"):
        archive_image(client, imageTag=name)
        layer = only_layer(client, digest)
        assert layer["mediaType"] == CONFIG
        availabilities.append(layer["layerAvailability"])

    assert availabilities == ["AVAILABLE", "ARCHIVED"]


def test_a_layer_has_the_layer_media_type_that_its_image_gives_it(client, web):
    digest = upload_layer(client, b"x")
    put_image(client, image(layers=[blob("x", 1, LAYER)]))

    assert only_layer(client, digest)["mediaType"] == LAYER


@pytest.mark.parametrize(
    "digests",
    [
        pytest.param([], id="none"),
        pytest.param([UNKNOWN] * 101, id="101 digests"),
        pytest.param(["a" * 1001], id="a digest of 1001 characters"),
    ],
)
def test_batch_check_layer_availability_refuses_invalid_digests(client, web, digests):
    code = code_of(client.batch_check_layer_availability, repositoryName="web", layerDigests=digests)

    assert code == "InvalidParameterException"


def test_the_config_of_a_generated_image_is_archived_with_the_image(ecr, client, web):
    ecr.push("web", "v1")
    empty = digest_of("{}")

    archive_image(client, imageTag="v1")

    assert only_layer(client, empty)["layerAvailability"] == "ARCHIVED"
    assert code_of(lambda: download(client, empty)) == "LayerInaccessibleException"


def test_a_layer_is_unavailable_until_its_upload_is_completed(client, web):
    send_part(client, begin_upload(client), 0, b"x")

    assert only_layer(client, digest_of("x"))["layerAvailability"] == "UNAVAILABLE"


# --- GetDownloadUrlForLayer --------------------------------------------------------------------------


@pytest.fixture
def digest(client, web):
    """Upload a layer of seven bytes and push an image of it with the tag v1; return the layer's digest."""
    digest = upload_layer(client, b"\0bytes\xff")
    put_image(client, image(layers=[{"digest": digest, "size": 7}]), "v1")
    return digest


def test_the_download_url_of_a_layer_works_in_another_process(client, digest):
    response = download(client, digest)

    assert response["layerDigest"] == digest
    code = "import sys, urllib.request as r; sys.stdout.buffer.write(r.urlopen(sys.argv[1]).read())"
    process = subprocess.run([sys.executable, "-c", code, response["downloadUrl"]], capture_output=True, check=True)
    assert process.stdout == b"\0bytes\xff"


def test_a_download_url_is_a_pull_of_the_images_that_have_the_layer(client, digest):
    put_image(client, image("other"), "other")

    with freeze_time("2026-03-03"):
        download(client, digest)

    pull_times = {
        details["imageTags"][0]: details.get("lastRecordedPullTime")
        for details in client.describe_images(repositoryName="web")["imageDetails"]
    }
    assert pull_times["v1"].isoformat()[:10] == "2026-03-03"
    assert pull_times["other"] is None


def test_the_download_url_of_an_unknown_layer_is_refused(client, web):
    assert error_of(lambda: download(client, UNKNOWN)) == (
        "LayersNotFoundException",
        f"The layer with digest '{UNKNOWN}' does not exist within the repository with name 'web' in the registry "
        "with id '123456789012'",
        400,
    )
    assert code_of(lambda: download(client, "none")) == "InvalidParameterException"


@pytest.mark.parametrize("state", ["in no image", "image deleted", "image archived"])
def test_the_download_url_of_a_layer_without_an_active_image_is_refused(client, digest, state):
    if state == "in no image":
        digest = upload_layer(client, b"lonely")
    elif state == "image deleted":
        delete_image(client, imageTag="v1")
    else:
        archive_image(client, imageTag="v1")

    code, message, _ = error_of(lambda: download(client, digest))

    assert code == "LayerInaccessibleException"
    assert ("archived" in message) is (state == "image archived")


def test_a_download_url_is_a_pull_of_every_one_of_forty_images(any_ecr):
    client = unchecked(any_ecr)
    images = [{"manifest": image(str(n), config=blob("shared", 6, CONFIG))} for n in range(40)]
    any_ecr.seed(seed_of({"name": "web", "layers": [{"content": "shared"}], "images": images}))

    download(client, digest_of("shared"))

    described = client.describe_images(repositoryName="web")["imageDetails"]
    assert len([details for details in described if "lastRecordedPullTime" in details]) == 40


def test_the_config_of_a_generated_image_can_be_downloaded(ecr, client, web):
    ecr.push("web", "v1")
    empty = digest_of("{}")

    layer = only_layer(client, empty)

    assert (layer["layerAvailability"], layer["layerSize"]) == ("AVAILABLE", 2)
    assert urllib.request.urlopen(download(client, empty)["downloadUrl"]).read() == b"{}"


def test_an_uploaded_config_outlives_the_generated_image_that_has_the_same_config(ecr, client, web):
    ecr.push("web", "v1")
    empty = upload_layer(client, b"{}")

    delete_image(client, imageTag="v1")

    assert only_layer(client, empty)["layerAvailability"] == "AVAILABLE"
