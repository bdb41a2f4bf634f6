"""seed() accepts what dump() returns, as a mapping or a file, and nothing is lost."""

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
from tests.operations.samples import POLICY_TEXT
from tests.rules.lifecycle_rules import days, policy, rule, untagged

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
    """Draw the images of one repository, without duplicate digests or tags."""
    tags = draw(st.lists(TAGS, unique=True, max_size=8))
    drawn, manifests = [], set()
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
            # A dump leaves out a size that the manifest already gives; that of a generated manifest is 2.
            image["size"] = draw(st.integers(3, 10**12 - 1))
        if draw(st.integers(0, 4)) == 0:
            image["findings"] = [
                {"name": "CVE-1", "severity": "HIGH", "attributes": [{"key": "a", "value": "on"}, {"key": "b"}]}
            ]
        kind = draw(st.sampled_from(["generated", "digest", "manifest"]))
        if kind == "digest":
            image["digest"] = f"sha256:{len(drawn)}{draw(st.integers(0, 2**128)):063x}"
        manifest = draw(MANIFESTS)
        if kind == "manifest" and manifest not in manifests:
            image["manifest"] = manifest
            manifests.add(manifest)
        drawn.append(image)
    return drawn


OPTIONAL_KEYS = {
    "created_at": MOMENTS,
    "tags": st.dictionaries(st.text("ab :/é1", min_size=1, max_size=5), st.text("on1 .é", max_size=5), max_size=3),
    "image_tag_mutability": st.sampled_from(["MUTABLE", "IMMUTABLE"]),
    "scan_on_push": st.booleans(),
    "policy": st.just(POLICY_TEXT),
    "lifecycle_policy": st.just(policy(rule(1, untagged(**days(14)))).replace(" ", "")),
    "layers": st.lists(st.binary(max_size=5), unique=True, max_size=3).map(
        lambda blobs: [{"base64": b64encode(blob).decode()} for blob in blobs]
    ),
}


def repositories(optional):
    """Return a strategy for repositories with unique names, which may have these keys."""
    return st.lists(NAMES, unique=True, max_size=3).flatmap(
        lambda names: st.tuples(
            *(st.fixed_dictionaries({"name": st.just(name), "images": images()}, optional=optional) for name in names)
        ).map(list)
    )


REGISTRY_IDS = st.lists(
    st.tuples(st.from_regex(r"[0-9]{12}", fullmatch=True), st.sampled_from(["us-east-1", "eu-west-1"])),
    unique=True,
    max_size=2,
)
SEEDS = REGISTRY_IDS.flatmap(
    lambda registry_ids: st.tuples(
        *(
            st.fixed_dictionaries(
                {"id": st.just(account), "region": st.just(region), "repositories": repositories(OPTIONAL_KEYS)}
            )
            for account, region in registry_ids
        )
    )
).flatmap(
    lambda registries: st.fixed_dictionaries(
        {"registries": st.just(list(registries))},
        optional={
            "upstream": repositories({"layers": OPTIONAL_KEYS["layers"]}).map(
                lambda drawn: [{"url": "quay.io", "repositories": drawn}]
            )
        },
    )
)


def list_every_repository(ecr: FakeECR, seed: dict) -> list:
    """Return the identifiers of every repository of a seed, as clients list them."""
    return [
        identifiers(
            unchecked(ecr, region_name=registry["region"]).list_images(
                repositoryName=repository["name"], registryId=registry["id"], filter={"imageStatus": "ANY"}
            )
        )
        for registry in seed["registries"]
        for repository in registry["repositories"]
    ]


def registries_of(seed: dict) -> list[dict]:
    return [*seed["registries"], *seed.get("upstream", [])]


def check_dump_contains_seed(dumped: dict, seed: dict) -> None:
    """Check that a dump of a seed has its repositories and images in the same order, with the same content."""
    assert dumped.keys() == seed.keys()
    for seed_registry, dumped_registry in zip(registries_of(seed), registries_of(dumped), strict=True):
        pairs = zip(seed_registry["repositories"], dumped_registry["repositories"], strict=True)
        for seed_repository, dumped_repository in pairs:
            assert dumped_repository["name"] == seed_repository["name"]
            # A dump has the config of generated images as one more layer.
            dumped_layers = [layer["base64"] for layer in dumped_repository.get("layers", [])]
            seed_layers = [layer["base64"] for layer in seed_repository.get("layers", [])]
            assert dumped_layers in (seed_layers, [*seed_layers, b64encode(b"{}").decode()])
            for key in ("tags", "scan_on_push", "policy", "lifecycle_policy"):
                default = type(seed_repository.get(key))()
                assert dumped_repository.get(key, default) == seed_repository.get(key)
            for seed_image, dumped_image in zip(seed_repository["images"], dumped_repository["images"], strict=True):
                assert dumped_image.get("tags", []) == seed_image["tags"]
                assert dumped_image.get("status", "ACTIVE") == seed_image.get("status", "ACTIVE")
                for key in ("manifest", "digest", "size", "findings"):
                    assert seed_image.get(key, dumped_image.get(key)) == dumped_image.get(key)


@settings(max_examples=60)
@given(SEEDS)
def test_a_dump_that_is_seeded_loses_nothing(seed):
    with (
        FakeECR(limits="installed") as original,
        FakeECR(limits="installed") as from_file,
        FakeECR(limits="installed") as from_mapping,
    ):
        original.seed(seed)

        with tempfile.TemporaryDirectory() as folder:
            dumped = original.dump(Path(folder) / "dump.yaml")
            from_file.seed(Path(folder) / "dump.yaml")
        from_mapping.seed(dumped)

        assert from_file.dump() == dumped
        assert from_mapping.dump() == dumped
        assert list_every_repository(from_file, seed) == list_every_repository(original, seed)
        check_dump_contains_seed(dumped, seed)


def test_a_dump_of_any_kind_of_database_can_be_seeded_in_memory(any_ecr):
    images = [{"manifest": "{}\n", "tags": ["a", "b"]}, {}]
    any_ecr.seed({"registries": [{"repositories": [{"name": "web", "images": images}]}]})

    with FakeECR() as other:
        other.seed(any_ecr.dump())
        assert other.dump() == any_ecr.dump()


def test_the_bytes_of_a_layer_survive_a_dump(ecr):
    content = bytes(range(256))
    ecr.seed({"registries": [{"repositories": [
        {"name": "web", "layers": [{"base64": b64encode(content).decode()}]}]}]})  # fmt: skip

    with FakeECR() as other:
        other.seed(ecr.dump())
        assert other.dump() == ecr.dump()


def test_a_push_after_a_dump_and_seed_makes_a_new_image(ecr):
    first = ecr.push("web", "a")
    dumped = ecr.dump()

    with FakeECR() as other:
        other.seed(dumped)
        assert other.push("web", "b").digest != first.digest
        assert len(other.client().list_images(repositoryName="web")["imageIds"]) == 2


@pytest.mark.parametrize("content", ["\ud800", "a\udfff"], ids=["high surrogate", "low surrogate"])
def test_a_manifest_with_a_lone_surrogate_is_refused_by_push_and_seed(ecr, content):
    with pytest.raises(ValueError, match="manifest"):
        ecr.push("web", manifest=content)
    with pytest.raises(SeedError, match=r"images\[0\]\.manifest: expected the text of a manifest"):
        ecr.seed({"registries": [{"repositories": [{"name": "web", "images": [{"manifest": content}]}]}]})

    assert ecr.dump() == {"registries": []}


def test_a_dump_is_yaml_that_any_loader_reads(ecr, tmp_path):
    ecr.push("web", "1.10", "on")

    dumped = ecr.dump(tmp_path / "dump.yaml")

    assert yaml.safe_load((tmp_path / "dump.yaml").read_text(encoding="utf-8")) == dumped


def test_a_generated_image_still_has_its_config_after_a_dump_and_seed(ecr):
    ecr.push("web", "latest")

    with FakeECR() as other:
        other.seed(ecr.dump())
        client = unchecked(other)
        (pulled,) = client.batch_get_image(repositoryName="web", imageIds=[{"imageTag": "latest"}])["images"]
        config = json.loads(pulled["imageManifest"])["config"]["digest"]
        (layer,) = client.batch_check_layer_availability(repositoryName="web", layerDigests=[config])["layers"]
    assert layer["layerAvailability"] == "AVAILABLE"


def test_a_dump_that_fails_leaves_an_existing_file_unchanged(ecr, tmp_path, monkeypatch):
    path = tmp_path / "dump.yaml"
    path.write_text("precious")
    monkeypatch.setattr("fakeecr.seeds.dump.write_yaml", lambda *_, **__: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        ecr.dump(path)

    assert path.read_text() == "precious"
    assert [file.name for file in tmp_path.iterdir()] == ["dump.yaml"]
