"""push(layers=…): real layers, and a config and a manifest that name them."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from pathlib import Path
from urllib.request import urlopen

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakeecr import FakeECR
from fakeecr.rules import quotas
from tests.conftest import unchecked
from tests.invariants import check_invariants
from tests.manifests import CONFIG, LAYER, OCI, OCI_INDEX, digest_of
from tests.operations.helpers import configure_replication, only_image, replication_rule
from tests.operations.samples import WEST

PLAIN = "application/vnd.oci.image.layer.v1.tar"
GZIPPED = gzip.compress(b"a tar archive", mtime=0)


def manifest_of(client, **image_id):
    """Return the manifest of an image of the repository "web"."""
    (image,) = client.batch_get_image(repositoryName="web", imageIds=[image_id])["images"]
    assert digest_of(image["imageManifest"]) == image["imageId"]["imageDigest"]
    return json.loads(image["imageManifest"])


def download(client, digest):
    """Return the bytes of a layer or a config of the repository "web"."""
    url = client.get_download_url_for_layer(repositoryName="web", layerDigest=digest)["downloadUrl"]
    with urlopen(url) as response:
        return response.read()


def pull(client, **image_id):
    """Pull an image of the repository "web"; return its config, and the bytes of its layers."""
    manifest = manifest_of(client, **image_id)
    config = json.loads(download(client, manifest["config"]["digest"]))
    return config, [download(client, layer["digest"]) for layer in manifest["layers"]]


def test_the_layers_of_a_push_can_be_pulled(any_ecr):
    client = unchecked(any_ecr)

    any_ecr.push("web", "latest", layers=[b"one", GZIPPED])

    config, layers = pull(client, imageTag="latest")
    assert layers == [b"one", GZIPPED]
    assert config == {
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [digest_of(b"one"), digest_of(b"a tar archive")]},
    }


def test_the_manifest_of_layers_names_their_digests_sizes_and_media_types(ecr, client):
    pushed = ecr.push("web", "latest", layers=[b"one", GZIPPED])

    manifest = manifest_of(client, imageTag="latest")
    config = download(client, manifest["config"]["digest"])
    assert manifest == {
        "schemaVersion": 2,
        "mediaType": OCI,
        "config": {"mediaType": CONFIG, "digest": digest_of(config), "size": len(config)},
        "layers": [
            {"mediaType": PLAIN, "digest": digest_of(b"one"), "size": 3},
            {"mediaType": LAYER, "digest": digest_of(GZIPPED), "size": len(GZIPPED)},
        ],
    }
    details = only_image(client)
    assert details["imageDigest"] == pushed.digest
    assert details["imageSizeInBytes"] == len(config) + 3 + len(GZIPPED)
    assert details["imageManifestMediaType"] == OCI
    assert details["artifactMediaType"] == CONFIG
    check_invariants(ecr)


def test_the_layers_and_the_config_of_a_push_are_available(ecr, client):
    ecr.push("web", "latest", layers=[b"one", GZIPPED])
    manifest = manifest_of(client, imageTag="latest")

    blobs = [manifest["config"], *manifest["layers"]]
    response = client.batch_check_layer_availability(
        repositoryName="web", layerDigests=[blob["digest"] for blob in blobs]
    )

    assert response["failures"] == []
    assert response["layers"] == [
        {
            "layerAvailability": "AVAILABLE",
            "layerDigest": blob["digest"],
            "layerSize": blob["size"],
            "mediaType": blob["mediaType"],
        }
        for blob in blobs
    ]


def test_a_push_of_layers_can_be_put_again_where_layers_are_required():
    with FakeECR(require_layers=True) as ecr:
        client = ecr.client()
        ecr.push("web", "latest", layers=[b"one"])
        (image,) = client.batch_get_image(repositoryName="web", imageIds=[{"imageTag": "latest"}])["images"]

        client.put_image(repositoryName="web", imageTag="again", imageManifest=image["imageManifest"])

        assert only_image(client)["imageTags"] == ["latest", "again"]


def test_a_push_of_the_same_layers_is_a_push_of_the_same_image(ecr, client):
    first = ecr.push("web", "a", layers=[b"one", b"two"], pushed_at="2026-01-01")

    again = ecr.push("web", "a", "b", layers=[b"one", b"two"], pushed_at="2026-02-02")
    elsewhere = ecr.push("other", layers=[b"one", b"two"], region="eu-west-1")

    assert again.digest == first.digest == elsewhere.digest
    details = only_image(client)
    assert details["imageTags"] == ["a", "b"]
    assert details["imagePushedAt"].month == 1


def test_a_push_of_layers_in_another_order_is_another_image(ecr):
    first = ecr.push("web", layers=[b"one", b"two"])

    assert ecr.push("web", layers=[b"two", b"one"]).digest != first.digest


def test_a_layer_can_occur_twice(ecr, client):
    ecr.push("web", "latest", layers=[b"one", b"one"])

    config, layers = pull(client, imageTag="latest")
    assert layers == [b"one", b"one"]
    assert config["rootfs"]["diff_ids"] == [digest_of(b"one")] * 2


def test_the_layers_of_a_push_can_be_files(ecr, tmp_path, monkeypatch):
    zeros = gzip.compress(bytes(3_000_000), mtime=0)  # each part of it is more than a mebibyte of zeros
    layers = [b"one", GZIPPED, zeros]
    expected = ecr.push("web", "bytes", layers=layers)
    monkeypatch.setattr(quotas, "PROPOSED_LAYER_PART", 1500)
    files = [tmp_path / f"{number}.tar" for number, _ in enumerate(layers)]
    for file, layer in zip(files, layers, strict=True):
        file.write_bytes(layer)

    pushed = ecr.push("web", "files", layers=files)
    elsewhere = ecr.push("web", "files", layers=files, region="eu-west-1")

    assert pushed.digest == elsewhere.digest == expected.digest
    config, pulled = pull(unchecked(ecr, region_name="eu-west-1"), imageTag="files")
    assert pulled == layers
    assert config["rootfs"]["diff_ids"][2] == digest_of(bytes(3_000_000))
    check_invariants(ecr)


def test_a_push_whose_file_changes_before_it_is_stored_is_refused(ecr, tmp_path):
    (tmp_path / "layer.tar").write_bytes(b"one")

    def change():
        yield tmp_path / "layer.tar"
        (tmp_path / "layer.tar").write_bytes(b"two")

    with pytest.raises(ValueError, match=r"^layers\[0\]: .*layer.tar changed while it was read"):
        ecr.push("web", layers=change())

    assert ecr.dump()["registries"] == []


# --- Compression ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "content"),
    [
        pytest.param(GZIPPED + GZIPPED, b"a tar archive" * 2, id="two members"),
        pytest.param(gzip.compress(b"", mtime=0), b"", id="nothing in it"),
        pytest.param(gzip.compress(bytes(3_000_000), mtime=0), bytes(3_000_000), id="more than is read at a time"),
        pytest.param(GZIPPED[:-1], None, id="cut off"),
        pytest.param(GZIPPED + b"and more", None, id="something after it"),
        pytest.param(GZIPPED[:-8] + bytes(8), None, id="a wrong checksum"),
        pytest.param(b"\x1f\x8b", None, id="only the beginning of a header"),
        pytest.param(b"\x1f\x8b is not all", None, id="a header that is none"),
    ],
)
def test_a_layer_that_is_a_complete_gzip_is_named_by_its_content(ecr, client, layer, content):
    ecr.push("web", "latest", layers=[layer])

    config, layers = pull(client, imageTag="latest")
    assert layers == [layer]
    assert config["rootfs"]["diff_ids"] == [digest_of(layer if content is None else content)]
    (described,) = manifest_of(client, imageTag="latest")["layers"]
    assert described["mediaType"] == (PLAIN if content is None else LAYER)


layers_of_an_image = st.lists(st.binary(min_size=1) | st.binary().map(gzip.compress), min_size=1, max_size=5)


@settings(max_examples=25)
@given(layers_of_an_image)
def test_any_layers_come_back_as_they_were_pushed(layers):
    with FakeECR() as ecr:
        client = ecr.client()
        ecr.push("web", "latest", layers=layers)

        config, pulled = pull(client, imageTag="latest")

        assert pulled == layers
        assert len(config["rootfs"]["diff_ids"]) == len(layers)
        assert only_image(client)["imageSizeInBytes"] == sum(map(len, layers)) + len(
            download(client, manifest_of(client, imageTag="latest")["config"]["digest"])
        )


@settings(max_examples=25)
@given(layers_of_an_image)
def test_a_dump_of_pushed_layers_makes_the_same_image_again(layers):
    with FakeECR() as first, FakeECR() as second:
        first.push("web", "latest", layers=layers, pushed_at="2026-01-01")

        second.seed(first.dump())

        assert second.push("web", "latest", layers=layers).digest == first.push("web", layers=layers).digest
        assert pull(second.client(), imageTag="latest") == pull(first.client(), imageTag="latest")


# --- Platforms and replication -------------------------------------------------------------------


def test_each_platform_has_an_image_of_the_same_layers(ecr, client):
    pushed = ecr.push("web", "v1", layers=[b"one"], platforms=["linux/amd64", "linux/arm64/v8"])

    assert list(pushed.platforms) == ["linux/amd64", "linux/arm64/v8"]
    assert manifest_of(client, imageTag="v1")["mediaType"] == OCI_INDEX
    described = manifest_of(client, imageTag="v1")["manifests"]
    assert [child["digest"] for child in described] == list(pushed.platforms.values())
    assert [child["platform"] for child in described] == [
        {"os": "linux", "architecture": "amd64"},
        {"os": "linux", "architecture": "arm64", "variant": "v8"},
    ]
    for child in described:
        config, layers = pull(client, imageDigest=child["digest"])
        assert layers == [b"one"]
        assert {name: config[name] for name in child["platform"]} == child["platform"]
    assert ecr.push("web", "v2", layers=[b"one"], platforms=["linux/amd64", "linux/arm64/v8"]).digest == pushed.digest


def test_the_image_of_a_single_platform_is_that_of_the_default_platform(ecr):
    index = ecr.push("web", layers=[b"one"], platforms=["linux/amd64"])

    assert ecr.push("web", layers=[b"one"]).digest == index.platforms["linux/amd64"]


def test_pushed_layers_are_replicated(ecr, client):
    west_client = unchecked(ecr, region_name="eu-west-1")
    configure_replication(client, replication_rule(WEST))

    ecr.push("web", "latest", layers=[b"one", GZIPPED])

    assert pull(west_client, imageTag="latest") == pull(client, imageTag="latest")


# --- Invalid arguments ---------------------------------------------------------------------------

INVALID_LAYERS = {
    "text": ("one", "layers: expected a list of layers; got 'one'"),
    "the bytes of one layer": (b"one", "layers: expected a list of layers; got b'one'"),
    "the path of one file": (Path("one"), "layers: expected a list of layers; got "),
    "a mapping": ({b"one": 1}, "layers: expected a list of layers; got {"),
    "a number": (1, "layers: expected a list of layers; got 1"),
    "no layers": ([], "layers: expected at least one layer"),
    "text as a layer": ([b"one", "two"], "layers[1]: expected the bytes of a layer, or a file as a pathlib.Path"),
    "nothing as a layer": ([None], "layers[0]: expected the bytes of a layer, or a file as a pathlib.Path"),
    "an empty layer": ([b"one", b""], "layers[1]: expected one byte or more; Amazon ECR stores no empty layers"),
    "a file that does not exist": ([Path("/no/such/file")], "layers[0]: /no/such/file cannot be read"),
    "a directory": ([Path("/")], "layers[0]: / is not a file"),
}


@pytest.mark.parametrize(("layers", "message"), INVALID_LAYERS.values(), ids=INVALID_LAYERS)
def test_a_push_of_invalid_layers_is_refused(ecr, layers, message):
    with pytest.raises(ValueError, match="^" + re.escape(message)):
        ecr.push("web", layers=layers)

    assert ecr.dump() == {"registries": []}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("manifest", "{}"),
        ("digest", f"sha256:{hashlib.sha256(b'one').hexdigest()}"),
        ("media_type", OCI),
        ("size", 3),
    ],
)
def test_a_push_of_layers_with_what_follows_from_them_is_refused(ecr, name, value):
    with pytest.raises(ValueError, match=f"^layers: the image is made of them, so it cannot be given a {name}$"):
        ecr.push("web", layers=[b"one"], **{name: value})

    assert ecr.dump() == {"registries": []}
