"""What dump() gives, seed() takes: nothing is lost on the way, through a mapping or a file."""

from __future__ import annotations

import json
import tempfile
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from fakeecr import FakeECR, SeedError
from tests.answers import identifiers
from tests.conftest import unchecked
from tests.operations.test_policies import WRITTEN
from tests.policies.test_lifecycle import days, policy, rule, untagged

NAMES = st.from_regex(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+)*", fullmatch=True).filter(
    lambda name: 2 <= len(name) <= 256
)
TAGS = st.from_regex(r"[a-zA-Z0-9_.-]{1,20}", fullmatch=True) | st.sampled_from(
    ["1.10", "0755", "on", "null", "2016.09", "1_000", "-", ".", "0x1f", "a" * 300]
)
MOMENTS = st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC)).map(lambda moment: moment.isoformat())
MANIFESTS = st.text(max_size=40) | st.sampled_from(
    [
        "",
        " ",
        "\n",
        "a\n",
        "\na",
        "\x85",
        "\u2028",
        "\ufeff{}",
        "\t{}\t",
        "🐳",
        "'",
        '"',
        "- a",
        "a: b",
        "#",
        "&a *a",
        "\x00",
    ]
)


@st.composite
def images(draw):
    """Describe images whose digests and tags stand once each."""
    tags = draw(st.lists(TAGS, unique=True, max_size=8))
    found, manifests = [], set()
    for _ in range(draw(st.integers(0, 5))):
        image = {"tags": [tags.pop() for _ in range(draw(st.integers(0, min(3, len(tags)))))]}
        if draw(st.booleans()):
            image["pushed_at"] = draw(MOMENTS)
        if draw(st.booleans()):
            image["status"] = draw(st.sampled_from(["ACTIVE", "ARCHIVED", "ACTIVATING"]))
        for key in ("pulled_at", "archived_at", "activated_at"):
            if draw(st.integers(0, 4)) == 0:
                image[key] = draw(MOMENTS)
        if draw(st.booleans()):
            # A dump leaves out what the manifest itself says, which is 2 of one that is made up.
            image["size"] = draw(st.integers(3, 10**12 - 1))
        if draw(st.integers(0, 4)) == 0:
            image["findings"] = [
                {"name": "CVE-1", "severity": "HIGH", "attributes": [{"key": "a", "value": "on"}, {"key": "b"}]}
            ]
        kind = draw(st.sampled_from(["made up", "digest", "manifest"]))
        if kind == "digest":
            image["digest"] = f"sha256:{len(found)}{draw(st.integers(0, 2**128)):063x}"
        manifest = draw(MANIFESTS)
        if kind == "manifest" and manifest not in manifests:
            image["manifest"] = manifest
            manifests.add(manifest)
        found.append(image)
    return found


SETTINGS = {
    "created_at": MOMENTS,
    "tags": st.dictionaries(st.text("ab :/é1", min_size=1, max_size=5), st.text("on1 .é", max_size=5), max_size=3),
    "image_tag_mutability": st.sampled_from(["MUTABLE", "IMMUTABLE"]),
    "scan_on_push": st.booleans(),
    "policy": st.just(WRITTEN),
    "lifecycle_policy": st.just(policy(rule(1, untagged(**days(14)))).replace(" ", "")),
    "layers": st.lists(st.binary(max_size=5), unique=True, max_size=3).map(
        lambda blobs: [{"base64": b64encode(blob).decode()} for blob in blobs]
    ),
}


def repositories(optional):
    return st.lists(NAMES, unique=True, max_size=3).flatmap(
        lambda names: st.tuples(
            *(st.fixed_dictionaries({"name": st.just(name), "images": images()}, optional=optional) for name in names)
        ).map(list)
    )


PLACES = st.lists(
    st.tuples(st.from_regex(r"[0-9]{12}", fullmatch=True), st.sampled_from(["us-east-1", "eu-west-1"])),
    unique=True,
    max_size=2,
)
SEEDS = PLACES.flatmap(
    lambda places: st.tuples(
        *(
            st.fixed_dictionaries(
                {"id": st.just(account), "region": st.just(region), "repositories": repositories(SETTINGS)}
            )
            for account, region in places
        )
    )
).flatmap(
    lambda registries: st.fixed_dictionaries(
        {"registries": st.just(list(registries))},
        optional={
            "upstream": repositories({"layers": SETTINGS["layers"]}).map(
                lambda found: [{"url": "quay.io", "repositories": found}]
            )
        },
    )
)


def listings(ecr: FakeECR, seed: dict) -> list:
    """List every repository of a seed through clients."""
    return [
        identifiers(
            unchecked(ecr, region_name=registry["region"]).list_images(
                repositoryName=repository["name"], registryId=registry["id"], filter={"imageStatus": "ANY"}
            )
        )
        for registry in seed["registries"]
        for repository in registry["repositories"]
    ]


@settings(max_examples=60)
@given(SEEDS)
def test_a_round_trip_loses_nothing(seed):
    with (
        FakeECR(limits="installed") as first,
        FakeECR(limits="installed") as second,
        FakeECR(limits="installed") as third,
    ):
        first.seed(seed)
        with tempfile.TemporaryDirectory() as folder:
            dumped = first.dump(Path(folder) / "dump.yaml")
            second.seed(Path(folder) / "dump.yaml")
        third.seed(dumped)
        assert second.dump() == dumped
        assert third.dump() == dumped
        assert listings(second, seed) == listings(first, seed)
        # What was given stands in what is dumped.
        assert dumped.keys() == seed.keys()
        given_ones, ones = ([*each["registries"], *each.get("upstream", [])] for each in (seed, dumped))
        for given_registry, registry in zip(given_ones, ones, strict=True):
            for given_one, one in zip(given_registry["repositories"], registry["repositories"], strict=True):
                assert one["name"] == given_one["name"]
                # The config of images that were made up is a layer of those that they become.
                layers = [layer["base64"] for layer in one.get("layers", [])]
                given_layers = [layer["base64"] for layer in given_one.get("layers", [])]
                assert layers in (given_layers, [*given_layers, b64encode(b"{}").decode()])
                for key in ("tags", "scan_on_push", "policy", "lifecycle_policy"):
                    assert one.get(key, type(given_one.get(key))()) == given_one.get(key)
                for given_image, image in zip(given_one["images"], one["images"], strict=True):
                    assert image.get("tags", []) == given_image["tags"]
                    assert image.get("status", "ACTIVE") == given_image.get("status", "ACTIVE")
                    for key in ("manifest", "digest", "size", "findings"):
                        assert given_image.get(key, image.get(key)) == image.get(key)


def test_it_goes_from_one_kind_of_database_to_another(any_ecr):
    seed = {
        "registries": [{"repositories": [{"name": "web", "images": [{"manifest": "{}\n", "tags": ["a", "b"]}, {}]}]}]
    }
    any_ecr.seed(seed)
    with FakeECR() as other:
        other.seed(any_ecr.dump())
        assert other.dump() == any_ecr.dump()


def test_a_push_after_it_makes_an_image_of_its_own(ecr):
    first = ecr.push("web", "a")
    dumped = ecr.dump()
    with FakeECR() as other:
        other.seed(dumped)
        assert other.push("web", "b").digest != first.digest
        assert len(other.client().list_images(repositoryName="web")["imageIds"]) == 2


@pytest.mark.parametrize("content", ["\ud800", "a\udfff"])
def test_half_a_character_is_refused_where_it_comes_in(ecr, content):
    with pytest.raises(ValueError, match="manifest"):
        ecr.push("web", manifest=content)
    with pytest.raises(SeedError, match=r"images\[0\]\.manifest: expected the text of a manifest"):
        ecr.seed({"registries": [{"repositories": [{"name": "web", "images": [{"manifest": content}]}]}]})
    assert ecr.dump() == {"registries": []}


def test_it_writes_yaml_that_any_loader_reads(ecr, tmp_path):
    ecr.push("web", "1.10", "on")
    dumped = ecr.dump(tmp_path / "dump.yaml")
    assert yaml.safe_load((tmp_path / "dump.yaml").read_text(encoding="utf-8")) == dumped


def test_what_is_made_of_an_image_that_was_made_up_has_its_config_still(ecr):
    ecr.push("web", "latest")
    with FakeECR() as other:
        other.seed(ecr.dump())
        client = unchecked(other)
        (pulled,) = client.batch_get_image(repositoryName="web", imageIds=[{"imageTag": "latest"}])["images"]
        config = json.loads(pulled["imageManifest"])["config"]["digest"]
        (layer,) = client.batch_check_layer_availability(repositoryName="web", layerDigests=[config])["layers"]
    assert layer["layerAvailability"] == "AVAILABLE"


def test_it_leaves_a_file_as_it_was_where_it_fails(ecr, tmp_path, monkeypatch):
    path = tmp_path / "dump.yaml"
    path.write_text("precious")
    monkeypatch.setattr("fakeecr.seeds.dump.yaml.dump", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        ecr.dump(path)
    assert path.read_text() == "precious"
    assert [file.name for file in tmp_path.iterdir()] == ["dump.yaml"]
