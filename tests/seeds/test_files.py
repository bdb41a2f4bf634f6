"""Files of layers and manifests in a seed: layers are read in parts, and a file that cannot be read is refused."""

from __future__ import annotations

import errno
import io
import tracemalloc
import urllib.request
from pathlib import Path

import pytest

from fakeecr import FakeECR, SeedError
from fakeecr.rules import quotas
from tests.conftest import unchecked
from tests.manifests import blob, digest_of, image
from tests.operations.helpers import seed_of

MIB = 1024 * 1024
CONTENT = b"0123456789"
MANIFEST = image(layers=[blob(CONTENT.decode(), len(CONTENT))])


def seed_of_layer(file, **layer):
    """Build a seed of a repository without layers, and of the repository "web" with a layer from a file."""
    web = {"name": "web", "layers": [{"file": str(file), **layer}], "images": [{"manifest": MANIFEST, "tags": ["one"]}]}
    return seed_of({"name": "another"}, web)


def sparse_file(file, size):
    """Make a file of zeros that takes no space on the disk."""
    with file.open("wb") as opened:
        opened.truncate(size)
    return file


@pytest.fixture
def layer_file(tmp_path, monkeypatch):
    """Return the file of a layer that is read and stored in three parts."""
    monkeypatch.setattr(quotas, "PROPOSED_LAYER_PART", 4)
    (tmp_path / "layer.bin").write_bytes(CONTENT)
    return tmp_path / "layer.bin"


def download(client, repository="web"):
    """Return the bytes of the layer, from the URL of GetDownloadUrlForLayer."""
    url = client.get_download_url_for_layer(repositoryName=repository, layerDigest=digest_of(CONTENT))["downloadUrl"]
    with urllib.request.urlopen(url) as opened:
        return opened.read()


# --- Layers in parts -----------------------------------------------------------------------------


def test_a_seed_does_not_hold_the_file_of_a_layer_in_memory(ecr, client, tmp_path):
    file = sparse_file(tmp_path / "layer.bin", 200 * MIB)

    tracemalloc.start()
    ecr.seed(seed_of_layer(file))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 40 * MIB


def test_a_layer_that_is_stored_in_parts_is_available(any_ecr, layer_file):
    any_ecr.seed(seed_of_layer(layer_file, digest=digest_of(CONTENT)))

    client = unchecked(any_ecr)
    (layer,) = client.batch_check_layer_availability(repositoryName="web", layerDigests=[digest_of(CONTENT)])["layers"]
    assert (layer["layerAvailability"], layer["layerSize"]) == ("AVAILABLE", len(CONTENT))
    assert download(client) == CONTENT


def test_a_layer_that_is_stored_in_parts_survives_a_dump(ecr, layer_file):
    ecr.seed(seed_of_layer(layer_file))

    with FakeECR() as other:
        other.seed(ecr.dump())
        assert download(unchecked(other)) == CONTENT


def test_a_layer_that_is_stored_in_parts_is_copied_into_a_cache(ecr, client, layer_file):
    ecr.seed(
        {"upstream": [{"url": "quay.io", "repositories": seed_of_layer(layer_file)["registries"][0]["repositories"]}]}
    )
    client.create_pull_through_cache_rule(ecrRepositoryPrefix="quay", upstreamRegistryUrl="quay.io")

    client.batch_get_image(repositoryName="quay/web", imageIds=[{"imageTag": "one"}])

    assert download(client, "quay/web") == CONTENT


def test_an_empty_file_is_an_empty_layer(ecr, client, tmp_path):
    ecr.seed(seed_of_layer(sparse_file(tmp_path / "layer.bin", 0)))

    (layer,) = client.batch_check_layer_availability(repositoryName="web", layerDigests=[digest_of("")])["layers"]
    assert (layer["layerAvailability"], layer["layerSize"]) == ("AVAILABLE", 0)


def test_a_layer_that_the_repository_has_is_read_only_for_its_digest(ecr, layer_file, monkeypatch):
    ecr.seed(seed_of_layer(layer_file))
    before = ecr.dump()
    reads = count_reads(monkeypatch)

    ecr.seed(seed_of_layer(layer_file))

    assert reads == [4, 4, 2, 0]
    assert ecr.dump() == before


# --- Mistakes ------------------------------------------------------------------------------------


def count_reads(monkeypatch, number=0, act=None):
    """Return a list that gets the size of each part that is read from a file from now on.

    Args:
        monkeypatch: the fixture.
        number: the number of the read after which something happens.
        act: what happens.
    """
    reads = []

    class File(io.FileIO):
        def read(self, size=-1):
            content = super().read(size)
            reads.append(len(content))
            if len(reads) == number:
                act(Path(self.name))
            return content

    monkeypatch.setattr(Path, "open", lambda self, mode="r": File(self, mode))
    return reads


def grow(file):
    with io.FileIO(file, "a") as opened:
        opened.write(b"!")


def shrink(file):
    with io.FileIO(file, "r+") as opened:
        opened.truncate(1)


def replace(file):
    with io.FileIO(file, "w") as opened:
        opened.write(b"9876543210")


def break_off(_):
    raise OSError(errno.EIO, "Input/output error")


CHANGED = "changed while it was read; seed again when nothing writes to it"
BROKEN = "cannot be read: Input/output error"
# The file is read in four steps, the last of which finds its end: once for its digest, and once to be stored.
INTERRUPTIONS = {
    "it grows while its digest is calculated": (1, grow, CHANGED),
    "it shrinks while its digest is calculated": (1, shrink, CHANGED),
    "it cannot be read while its digest is calculated": (2, break_off, BROKEN),
    "it is replaced while its digest is calculated": (2, replace, CHANGED),
    "it grows before it is stored": (4, grow, CHANGED),
    "it shrinks before it is stored": (4, shrink, CHANGED),
    "it is replaced before it is stored": (4, replace, CHANGED),
    "it is deleted before it is stored": (4, Path.unlink, "cannot be read: No such file or directory"),
    "it grows while it is stored": (5, grow, CHANGED),
    "it shrinks while it is stored": (5, shrink, CHANGED),
    "it is replaced while it is stored": (5, replace, CHANGED),
    "it cannot be read while it is stored": (6, break_off, BROKEN),
}


@pytest.mark.parametrize(("number", "act", "problem"), INTERRUPTIONS.values(), ids=INTERRUPTIONS)
def test_a_seed_is_refused_if_the_file_of_a_layer_changes(ecr, layer_file, monkeypatch, number, act, problem):
    ecr.push("kept", "latest")
    before = ecr.dump()
    count_reads(monkeypatch, number, act)

    with pytest.raises(SeedError) as refusal:
        ecr.seed(seed_of_layer(layer_file))

    assert refusal.value.path == "registries[0].repositories[1].layers[0].file"
    assert refusal.value.problem == f"{layer_file} {problem}"
    assert ecr.dump() == before


def test_a_file_of_a_layer_with_another_digest_is_refused_before_it_is_stored(ecr, layer_file, monkeypatch):
    reads = count_reads(monkeypatch)

    with pytest.raises(SeedError, match=r"layers\[0\]\.digest: the digest of this layer is " + digest_of(CONTENT)):
        ecr.seed(seed_of_layer(layer_file, digest=digest_of("another")))

    assert reads == [4, 4, 2, 0]
    assert ecr.dump() == {"registries": []}


LARGEST_LAYER, LARGEST_MANIFEST = 52_000 * MIB, 4 * MIB
TOO_LARGE = {
    "a layer": (
        lambda file: {"layers": [{"file": file}]},
        LARGEST_LAYER + 1,
        r"layers\[0\]\.file: expected a layer of at most 54,525,952,000 bytes; .* has 54,525,952,001$",
    ),
    "a manifest": (
        lambda file: {"images": [{"manifest_file": file}]},
        LARGEST_MANIFEST + 1,
        r"images\[0\]\.manifest_file: expected a manifest of at most 4,194,304 bytes; .* has 4,194,305$",
    ),
}


@pytest.mark.parametrize(("keys", "size", "expected"), TOO_LARGE.values(), ids=TOO_LARGE)
def test_a_file_that_is_too_large_is_refused_before_it_is_read(ecr, tmp_path, monkeypatch, keys, size, expected):
    file = sparse_file(tmp_path / "large.bin", size)
    reads = count_reads(monkeypatch)

    with pytest.raises(SeedError, match=rf"^seed: registries\[0\]\.repositories\[0\]\.{expected}"):
        ecr.seed(seed_of({"name": "web", **keys(str(file))}))

    assert reads == []
    assert ecr.dump() == {"registries": []}


def test_a_manifest_file_of_the_largest_size_is_seeded(ecr, client, tmp_path):
    manifest = MANIFEST.ljust(LARGEST_MANIFEST)
    (tmp_path / "manifest.json").write_text(manifest)

    ecr.seed(seed_of({"name": "web", "images": [{"manifest_file": str(tmp_path / "manifest.json"), "tags": ["one"]}]}))

    (seeded,) = client.batch_get_image(repositoryName="web", imageIds=[{"imageTag": "one"}])["images"]
    assert seeded["imageManifest"] == manifest
