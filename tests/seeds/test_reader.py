"""Seed files are read as they are written: YAML scalars as text, JSON, any encoding that editors write, aliases."""

from __future__ import annotations

import json

import pytest

from fakeecr import SeedError
from tests.answers import identifiers
from tests.conftest import unchecked

IMAGES = "registries:\n  - repositories:\n      - name: web\n        images:\n"


def test_scalars_stay_as_they_are_written(ecr, tmp_path):
    tags = ["1.10", "0755", "on", "yes", "1_000", "2016.09", "null", "1e3", "0x1F", "True", ".5", "010"]
    (tmp_path / "seed.yaml").write_text(f"{IMAGES}          - tags: [{', '.join(tags)}]\n")

    ecr.seed(tmp_path / "seed.yaml")

    assert [tag for _, tag in identifiers(unchecked(ecr).list_images(repositoryName="web"))] == tags


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_a_byte_order_mark_and_crlf_are_accepted(ecr, tmp_path, encoding, newline):
    content = IMAGES + "          - tags: [latest]\n"
    (tmp_path / "seed.yaml").write_bytes(content.replace("\n", newline).encode(encoding))

    ecr.seed(tmp_path / "seed.yaml")

    assert len(unchecked(ecr).list_images(repositoryName="web")["imageIds"]) == 1


@pytest.mark.parametrize(
    ("merge", "tags"),
    [
        ("<<: *base", ["latest"]),
        ("<<: [*base, *other]", ["latest"]),
        ("<<: [*other, *base]", ["other"]),
        ("tags: [own]\n            <<: *base", ["own"]),
        ("<<: *base\n            tags: [own]", ["own"]),
    ],
)
def test_a_merge_key_adds_the_keys_that_a_mapping_lacks(ecr, client, tmp_path, merge, tags):
    (tmp_path / "seed.yaml").write_text(
        "registries:\n  - repositories:\n"
        "      - name: bases\n        images:\n"
        "          - &base {tags: [latest], size: 7}\n          - &other {tags: [other], size: 8}\n"
        f"      - name: web\n        images:\n          - {merge}\n"
    )

    ecr.seed(tmp_path / "seed.yaml")

    (image,) = client.describe_images(repositoryName="web")["imageDetails"]
    assert image["imageTags"] == tags
    assert image["imageSizeInBytes"] in (7, 8)


def test_a_quoted_merge_key_is_a_key_like_any_other(ecr, tmp_path):
    (tmp_path / "seed.yaml").write_text('registries:\n  - "<<": {region: eu-west-1}\n')

    with pytest.raises(SeedError, match="unknown key '<<'"):
        ecr.seed(tmp_path / "seed.yaml")


def test_an_alias_repeats_its_anchor(ecr, tmp_path):
    (tmp_path / "seed.yaml").write_text(
        "registries:\n  - repositories:\n      - name: web\n        images: &same\n          - tags: [a, b]\n"
        "      - name: api\n        images: *same\n"
    )

    ecr.seed(tmp_path / "seed.yaml")

    assert len(unchecked(ecr).list_images(repositoryName="api")["imageIds"]) == 2


BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


def test_an_alias_bomb_is_refused_before_it_expands(ecr, tmp_path):
    (tmp_path / "bomb.yaml").write_text(BOMB)

    with pytest.raises(SeedError, match="line 5: aliases repeat too much here"):
        ecr.seed(tmp_path / "bomb.yaml")


@pytest.mark.parametrize("indent", [None, 2, "\t"], ids=["one line", "spaces", "tabs"])
def test_a_seed_can_be_written_in_json(ecr, tmp_path, indent):
    manifest = '{"name": "🐳 \u0085 \\ / \t"}'
    image = {"tags": ["latest"], "manifest": manifest, "pushed_at": "2016-12-16T20:05:42Z"}
    seed = {"registries": [{"repositories": [{"name": "web", "images": [image, {"count": 2}]}]}]}
    (tmp_path / "seed.json").write_text(json.dumps(seed, indent=indent))

    ecr.seed(tmp_path / "seed.json")

    images = ecr.dump()["registries"][0]["repositories"][0]["images"]
    assert images[0]["manifest"] == manifest
    assert len(images) == 3


def test_a_documented_seed_sets_registry_repository_and_images(ecr, tmp_path):
    digest = "sha256:" + "a" * 64
    (tmp_path / "seed.yaml").write_text(
        f"""\
registries:
  - id: 012345678910            # default: the fake's account
    region: us-west-2           # default: the fake's region
    repositories:
      - name: amazonlinux
        images:
          - digest: {digest}  # default: the digest of a small generated manifest
            tags: [2016.09, latest]
            pushed_at: 2016-12-16T20:05:42Z
          - count: 1000           # many images, tagged by a pattern
            tags: ["build-{{n}}"]
"""
    )

    ecr.seed(tmp_path / "seed.yaml")

    client = unchecked(ecr, region_name="us-west-2")
    listed = client.list_images(repositoryName="amazonlinux", registryId="012345678910")
    assert identifiers(listed)[:3] == [
        (digest, "2016.09"),
        (digest, "latest"),
        (listed["imageIds"][2]["imageDigest"], "build-1"),
    ]
