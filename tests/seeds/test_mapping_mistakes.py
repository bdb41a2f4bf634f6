"""A mistake in a mapping is reported by its key path, and nothing of the seed is kept."""

from __future__ import annotations

import pytest

from fakeecr import SeedError
from tests.manifests import DOCKER, OCI, digest_of, image

DIGEST = "sha256:" + "a" * 64
KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"

# The keys of a repository beside its name, and the text that the error must name.
REPOSITORY_MISTAKES = {
    "exclusion filters without exclusion": (
        {"image_tag_mutability": "IMMUTABLE", "image_tag_mutability_exclusion_filters": ["a"]},
        "image_tag_mutability_exclusion_filters: filters and a mutability …_WITH_EXCLUSION need each other",
    ),
    "exclusion without exclusion filters": (
        {"image_tag_mutability": "MUTABLE_WITH_EXCLUSION"},
        "image_tag_mutability: filters and a mutability …_WITH_EXCLUSION need each other",
    ),
    "an exclusion filter with three wildcards": (
        {"image_tag_mutability": "MUTABLE_WITH_EXCLUSION", "image_tag_mutability_exclusion_filters": ["*a*b*"]},
        "image_tag_mutability_exclusion_filters[0]: expected a filter of tags",
    ),
    "an unknown mutability": (
        {"image_tag_mutability": "LOOSE"},
        "image_tag_mutability: expected one of MUTABLE, IMMUTABLE, MUTABLE_WITH_EXCLUSION, IMMUTABLE_WITH_EXCLUSION; "
        "got 'LOOSE'",
    ),
    "an unknown encryption type": ({"encryption_type": "ROT13"}, "encryption_type: expected one of AES256, KMS, KMS_"),
    "KMS without a key": ({"encryption_type": "KMS"}, "encryption_type: a kms_key and the encryption_type"),
    "a key without KMS": ({"kms_key": KEY}, "kms_key: a kms_key and the encryption_type"),
    "a KMS key that is not an ARN": (
        {"encryption_type": "KMS", "kms_key": "mine"},
        "kms_key: expected the ARN of a KMS key",
    ),
    "a flag that is not a boolean": ({"scan_on_push": "yes"}, "scan_on_push: expected true or false; got 'yes'"),
    "a tag key reserved for AWS": ({"tags": {"aws:x": "y"}}, "expected a key of 1 to 128 letters"),
    "a tag without a value": ({"tags": {"x": None}}, "tags"),
    "a layer without content": ({"layers": [{}]}, "layers[0]: a layer needs exactly one of content, base64 and file"),
    "a layer with text and a file": (
        {"layers": [{"content": "a", "file": "b"}]},
        "layers[0]: a layer needs exactly one of",
    ),
    "a layer of invalid base64": ({"layers": [{"base64": "?"}]}, "layers[0].base64: expected bytes in base64"),
    "a layer of incomplete base64": ({"layers": [{"base64": "AAA"}]}, "layers[0].base64: expected bytes in base64"),
    "a layer of a device": ({"layers": [{"file": "/dev/zero"}]}, "layers[0].file: /dev/zero is not a file"),
    "a layer of a missing file": ({"layers": [{"file": "/nowhere/x"}]}, "layers[0].file: /nowhere/x cannot be read"),
    "a layer with the digest of another layer": (
        {"layers": [{"content": "a", "digest": digest_of("b")}]},
        f"layers[0].digest: the digest of this layer is {digest_of('a')}",
    ),
    "an unknown key of a layer": ({"layers": [{"contents": "a"}]}, "did you mean 'content'?"),
    "a finding with a lone surrogate": (
        {"images": [{}, {"findings": [{"name": "a\ud800", "severity": "LOW"}]}]},
        "images[1].findings[0]: a text has an unpaired surrogate",
    ),
    "a manifest and a manifest file": (
        {"images": [{"manifest": "{}", "manifest_file": "x"}]},
        "images[0]: an image has one manifest; give either",
    ),
    "a missing manifest file": (
        {"images": [{"manifest_file": "/nowhere/x"}]},
        "images[0].manifest_file: /nowhere/x cannot be read: No such file or directory",
    ),
    "a numbered tag that becomes too long": (
        {"images": [{"count": 10, "tags": ["x" * 299 + "{n}"]}]},
        "images[0].tags: the tag of the last of these images is longer than 300",
    ),
    "51 tags": ({"tags": {str(n): "" for n in range(51)}}, "tags: a repository has at most 50 tags; this one has 51"),
    "a policy that is not JSON": ({"policy": "nonsense"}, "policy: expected a policy as JSON"),
    "an invalid platform": ({"images": [{"platforms": ["amd64"]}]}, "images[0].platforms[0]: expected a platform"),
    "platforms with a digest": (
        {"images": [{"platforms": ["linux/amd64"], "digest": digest_of("a")}]},
        "images[0].platforms: the index of platforms is made up",
    ),
    "a duplicate platform": ({"images": [{"platforms": ["a/b", "a/b"]}]}, "images[0]: the image sha256:"),
    "a count with a manifest file": (
        {"images": [{"count": 2, "manifest_file": __file__}]},
        "images[0]: the images of a `count` are made up",
    ),
    "a media type that is not of a manifest": (
        {"images": [{"media_type": "text/html"}]},
        "images[0].media_type: expected a media",
    ),
    "a media type of a generated image": (
        {"images": [{"media_type": OCI}]},
        "images[0].media_type: it needs a manifest or a digest",
    ),
    "a media type other than the manifest's": (
        {"images": [{"manifest": image(), "media_type": DOCKER}]},
        f"images[0].media_type: the manifest names another one, {OCI}",
    ),
    "a negative size": ({"images": [{"size": "-1"}]}, "images[0].size: expected a whole number of bytes"),
    "an invalid time": ({"images": [{"pulled_at": "noon"}]}, "images[0].pulled_at: expected a moment"),
}

every_repository_mistake = pytest.mark.parametrize(
    ("keys", "expected"), REPOSITORY_MISTAKES.values(), ids=REPOSITORY_MISTAKES
)


@every_repository_mistake
def test_a_mistake_in_a_new_repository_is_reported_by_key_path(ecr, keys, expected):
    with pytest.raises(SeedError) as refusal:
        ecr.seed({"registries": [{"repositories": [{"name": "web", **keys}]}]})

    assert expected in str(refusal.value)
    assert str(refusal.value).startswith("seed: registries[0].repositories[0].")
    assert ecr.dump() == {"registries": []}


@every_repository_mistake
def test_a_mistake_in_an_existing_repository_is_reported(ecr, client, keys, expected):
    client.create_repository(repositoryName="web")
    before = ecr.dump()

    with pytest.raises(SeedError) as refusal:
        ecr.seed({"registries": [{"repositories": [{"name": "web", **keys}]}]})

    assert expected in str(refusal.value)
    assert ecr.dump() == before


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        pytest.param(
            [{"tags": ["a"]}, {"digest": DIGEST, "tags": ["b", "a"]}],
            r"images\[1\]: the tag 'a' occurs twice",
            id="a duplicate tag",
        ),
        pytest.param(
            [{"count": 600}, {"digest": DIGEST}, {"digest": DIGEST}],
            r"images\[2\]: the image sha256:a+ occurs twice",
            id="a duplicate digest",
        ),
        pytest.param(
            [{"digest": DIGEST}, {"count": 600}, {"digest": DIGEST}],
            r"images\[2\]: the image sha256:a+ occurs twice",
            id="a duplicate digest 600 images apart",
        ),
    ],
)
def test_a_duplicate_in_a_new_repository_is_reported_on_every_database(any_ecr, images, expected):
    with pytest.raises(SeedError, match=expected):
        any_ecr.seed({"registries": [{"repositories": [{"name": "web", "images": images}]}]})

    assert any_ecr.dump() == {"registries": []}


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        pytest.param(
            [{"tags": ["a"]}, {"digest": DIGEST, "tags": ["a"]}], "the tag 'a' occurs twice", id="a duplicate tag"
        ),
        pytest.param(
            [{"digest": DIGEST}, {"digest": DIGEST}], f"the image {DIGEST} occurs twice", id="a duplicate digest"
        ),
        pytest.param(
            [{"count": 600, "tags": ["{n}"]}, {"digest": DIGEST, "tags": ["7"]}],
            "the tag '7' occurs twice",
            id="a duplicate tag 600 images apart",
        ),
    ],
)
def test_a_duplicate_in_an_existing_repository_is_reported_on_every_database(any_ecr, images, expected):
    any_ecr.push("web", "mine")
    before = any_ecr.dump()

    with pytest.raises(SeedError, match=expected):
        any_ecr.seed({"registries": [{"repositories": [{"name": "web", "images": images}]}]})

    assert any_ecr.dump() == before


INVALID_IMAGES = {
    "a number as a tag": ({"tags": [2016.09]}, r"images\[0\]\.tags\[0\]: expected a tag.*got 2016\.09"),
    "text instead of tags": ({"tags": "latest"}, r"images\[0\]\.tags: expected a list; got text"),
    "None as a tag": ({"tags": [None]}, r"got nothing"),
    "a boolean as a count": ({"count": True}, r"a whole number of images"),
    "a float as a count": ({"count": 1.0}, r"a whole number of images"),
    "a number as a time": ({"pushed_at": 5}, r"expected a moment"),
    "text instead of an image": ("latest", r"images\[0\]: expected a mapping of keys; got text"),
    "None instead of an image": (None, r"images\[0\]: expected a mapping of keys; got nothing"),
}


@pytest.mark.parametrize(("image", "expected"), INVALID_IMAGES.values(), ids=INVALID_IMAGES)
def test_a_mistake_in_a_mapping_is_reported_by_key_path(ecr, image, expected):
    with pytest.raises(SeedError, match=r"^seed: registries\[0\]\.repositories\[0\]\.") as refusal:
        ecr.seed({"registries": [{"repositories": [{"name": "web", "images": [image]}]}]})

    assert refusal.match(expected)
    assert ecr.dump() == {"registries": []}


def test_a_manifest_file_that_is_not_utf_8_is_refused(ecr, tmp_path):
    (tmp_path / "manifest.json").write_bytes(b"\xff")

    with pytest.raises(SeedError, match=r"images\[0\].manifest_file: the file's manifest is not UTF-8"):
        ecr.seed({"registries": [{"repositories": [
            {"name": "web", "images": [{"manifest_file": str(tmp_path / "manifest.json")}]}]}]})  # fmt: skip
