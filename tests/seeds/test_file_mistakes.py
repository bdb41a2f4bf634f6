"""A mistake in a seed file is reported by file, line and key path, and nothing of the seed is kept."""

from __future__ import annotations

import pytest

from fakeecr import SeedError
from tests.manifests import OCI_INDEX

DIGEST = "sha256:" + "a" * 64
REPOSITORY = "registries:\n  - repositories:\n      - name: web\n"
IMAGES = REPOSITORY + "        images:\n"
PATH = "registries[0].repositories[0]"

# The content of a file; the line, the key path and the text that its error must name.
FILE_MISTAKES = {
    "an unknown key of a repository": (
        REPOSITORY + "        nmae: x\n",
        4,
        f"{PATH}.nmae",
        "unknown key 'nmae'; did you mean 'name'?",
    ),
    "an unknown key at the top level": (
        "registries: []\nzebra: 1\n",
        2,
        "zebra",
        "unknown key 'zebra'; the keys here are registries",
    ),
    "an unknown key of an image": (
        IMAGES + "          - tag: x\n",
        5,
        f"{PATH}.images[0].tag",
        "did you mean 'tags'?",
    ),
    "a missing name": ("registries:\n  - repositories:\n      - images: []\n", 3, PATH, "the key 'name' is missing"),
    "a seed without registries": ("{}\n", 1, "", "the key 'registries' is missing"),
    "a list at the top level": ("- registries\n", 1, "", "expected a mapping of keys; got a list"),
    "text at the top level": ("registries\n", 1, "", "expected a mapping of keys; got text"),
    "text instead of a list": ("registries: all\n", 1, "registries", "expected a list; got text"),
    "nothing instead of a list": ("registries:\n", 1, "registries", "expected a list; got nothing"),
    "text instead of images": (
        REPOSITORY + "        images: many\n",
        4,
        f"{PATH}.images",
        "expected a list of images; got 'many'",
    ),
    "an invalid account id": (
        "registries:\n  - id: 12\n",
        2,
        "registries[0].id",
        "an AWS account id of 12 digits; got '12'",
    ),
    "an invalid region": (
        "registries:\n  - region: US\n",
        2,
        "registries[0].region",
        "a region such as us-west-2; got 'US'",
    ),
    "an invalid repository name": (
        "registries:\n  - repositories:\n      - name: Web\n",
        3,
        f"{PATH}.name",
        "expected a repository name: 2 to 256 lower-case letters",
    ),
    "a repository name of 257 characters": (
        f"registries:\n  - repositories:\n      - name: {'a' * 257}\n",
        3,
        f"{PATH}.name",
        "expected a repository name",
    ),
    "an invalid digest": (
        IMAGES + "          - digest: sha256:abc\n",
        5,
        f"{PATH}.images[0].digest",
        "'sha256:' and 64 hex",
    ),
    "an upper-case digest": (
        IMAGES + f"          - digest: {DIGEST.replace('a', 'A')}\n",
        5,
        f"{PATH}.images[0].digest",
        "in lower case",
    ),
    "a digest of another manifest": (
        IMAGES + f"          - manifest: '{{}}'\n            digest: {DIGEST}\n",
        6,
        f"{PATH}.images[0].digest",
        f"{DIGEST} is not the manifest's digest, which is sha256:44136fa3",
    ),
    "an invalid tag": (
        IMAGES + "          - tags: [a b]\n",
        5,
        f"{PATH}.images[0].tags[0]",
        "expected a tag: 1 to 300 letters",
    ),
    "a tag of 301 characters": (
        IMAGES + f"          - tags: [ok, {'a' * 301}]\n",
        5,
        f"{PATH}.images[0].tags[1]",
        "expected a tag",
    ),
    "an empty tag": (IMAGES + "          - tags: ['']\n", 5, f"{PATH}.images[0].tags[0]", "expected a tag"),
    "a tag without a value": (
        IMAGES + "          - tags: [a, ]\n          - tags:\n              -\n",
        7,
        f"{PATH}.images[1].tags[0]",
        "got nothing",
    ),
    "a duplicate tag in one image": (
        IMAGES + "          - tags: [a, a]\n",
        5,
        f"{PATH}.images[0]",
        "the tag 'a' occurs twice",
    ),
    "a duplicate tag in two images": (
        IMAGES + f"          - tags: [a]\n          - digest: {DIGEST}\n            tags: [a]\n",
        6,
        f"{PATH}.images[1]",
        "the tag 'a' occurs twice in this repository",
    ),
    "a duplicate tag 700 images apart": (
        IMAGES
        + f"          - count: 700\n            tags: ['{{n}}']\n          - digest: {DIGEST}\n            tags: [3]\n",
        7,
        f"{PATH}.images[1]",
        "the tag '3' occurs twice in this repository",
    ),
    "a duplicate tag because of count": (
        IMAGES + "          - count: 2\n            tags: ['{n}', x]\n",
        6,
        f"{PATH}.images[0].tags",
        "with `count` each tag needs {n}, because a tag belongs to one image",
    ),
    "a duplicate tag of two generated images": (
        IMAGES + "          - tags: [x]\n          - tags: [x, y]\n",
        6,
        f"{PATH}.images[1]",
        "the tag 'x' occurs twice in this repository",
    ),
    "a policy that is not text": (
        REPOSITORY + "        lifecycle_policy:\n          rules: []\n",
        4,
        f"{PATH}.lifecycle_policy",
        "expected the JSON text of a policy (in YAML after `|`); got {'rules': []}",
    ),
    "findings of a manifest list": (
        IMAGES + f"          - digest: {DIGEST}\n            media_type: {OCI_INDEX}\n            findings: []\n",
        7,
        f"{PATH}.images[0].findings",
        "a list of images is not scanned; its images are",
    ),
    "a duplicate digest": (
        IMAGES + f"          - digest: {DIGEST}\n          - tags: [x]\n            digest: {DIGEST}\n",
        6,
        f"{PATH}.images[1]",
        f"the image {DIGEST} occurs twice",
    ),
    "a duplicate digest 700 images apart": (
        IMAGES + f"          - digest: {DIGEST}\n          - count: 700\n          - digest: {DIGEST}\n",
        7,
        f"{PATH}.images[2]",
        f"the image {DIGEST} occurs twice",
    ),
    "a duplicate repository": (
        REPOSITORY + "      - name: web\n",
        4,
        "registries[0].repositories[1].name",
        "the repository 'web' occurs twice in this registry",
    ),
    "a count of 0": (
        IMAGES + "          - count: 0\n",
        5,
        f"{PATH}.images[0].count",
        "a whole number of images, 1 to 10,000,000; got '0'",
    ),
    "a count of -1": (IMAGES + "          - count: -1\n", 5, f"{PATH}.images[0].count", "got '-1'"),
    "a count of 1.5": (IMAGES + "          - count: 1.5\n", 5, f"{PATH}.images[0].count", "got '1.5'"),
    "a count of 10^13": (IMAGES + f"          - count: {10**13}\n", 5, f"{PATH}.images[0].count", "a whole number"),
    "a count of ten million and one": (
        IMAGES + "          - count: 10000001\n",
        5,
        f"{PATH}.images[0].count",
        "a whole number of images, 1 to 10,000,000; got '10000001'",
    ),
    "a merge of a text": (
        IMAGES + "          - <<: latest\n",
        5,
        "",
        "expected a mapping, or a list of mappings, after the merge key <<",
    ),
    "two merge keys": (
        "registries:\n  - &west {region: us-west-2}\n  - <<: *west\n    <<: *west\n",
        4,
        "",
        "the key '<<' occurs twice here",
    ),
    "a count with a digest": (
        IMAGES + f"          - count: 2\n            digest: {DIGEST}\n",
        5,
        f"{PATH}.images[0]",
        "the images of a `count` are made up, each with its own digest",
    ),
    "{n} without a count": (IMAGES + "          - tags: ['v{n}']\n", 5, f"{PATH}.images[0]", "it needs `count`"),
    "an invalid time": (
        IMAGES + "          - pushed_at: yesterday\n",
        5,
        f"{PATH}.images[0].pushed_at",
        "a moment such as 2016-12",
    ),
    "a day that does not exist": (
        REPOSITORY + "        created_at: 2016-02-30T00:00:00Z\n",
        4,
        f"{PATH}.created_at",
        "a moment such as",
    ),
    "an invalid status": (
        IMAGES + "          - status: GONE\n",
        5,
        f"{PATH}.images[0].status",
        "expected one of ACTIVE, ARCHIVED, ACTIVATING; got 'GONE'",
    ),
    "a duplicate key": (REPOSITORY + "        name: api\n", 4, "", "the key 'name' occurs twice here"),
    "a list as a key": ("? [a]\n: b\n", 1, "", "expected a key"),
    "a Python object": (
        "registries: !!python/object:os.system []\n",
        1,
        "",
        "the tag tag:yaml.org,2002:python/object:os.system is not allowed",
    ),
    "binary content": (IMAGES + "          - manifest: !!binary aGk=\n", 5, "", "is not allowed"),
    "a custom YAML tag": ("registries: !mine []\n", 1, "", "the tag !mine is not allowed"),
    "two documents": ("registries: []\n---\nregistries: []\n", 2, "", "expected one document; a second begins here"),
    "an alias without an anchor": ("registries: *nowhere\n", 1, "", "the alias *nowhere has no anchor before it"),
    "an alias in its own anchor": (
        "registries: &all\n  - *all\n",
        2,
        "",
        "the alias *all is inside the value that it repeats",
    ),
    "an unclosed bracket": ("registries: [\n", 2, "", "not YAML"),
    "indentation by a tab": ("registries:\n\t- id: 1\n", 2, "", "not YAML"),
    "a lone surrogate": ('registries: ["\\ud83d"]\n', 1, "", "not YAML"),
    "an empty file": ("", None, "", "is empty; expected a mapping with the key 'registries'"),
    "a file of comments": ("# to do\n", None, "", "is empty"),
    "lists nested 65 levels deep": ("[" * 65, 1, "", "is nested more than 64 levels deep"),
    "lists nested 100,000 levels deep": ("[" * 100_000, 1, "", "is nested more than 64 levels deep"),
    "mappings nested 100,000 levels deep": ("{a: " * 100_000, 1, "", "is nested more than 64 levels deep"),
    "a control character": ("registries: \x01\n", None, "", "not YAML"),
}


@pytest.mark.parametrize(("content", "line", "path", "expected"), FILE_MISTAKES.values(), ids=FILE_MISTAKES)
def test_a_mistake_in_a_file_is_reported_by_file_line_and_key_path(ecr, tmp_path, content, line, path, expected):
    file = tmp_path / "registries.yaml"
    file.write_text(content, encoding="utf-8")
    ecr.push("kept", "latest")
    before = ecr.dump()

    with pytest.raises(SeedError) as refusal:
        ecr.seed(file)

    error = refusal.value
    assert (error.file, error.line, error.path) == (file, line, path)
    assert expected in str(error)
    assert str(error).startswith(f"{file}, line {line}: {path}" if line else f"{file}: {path}")
    assert ecr.dump() == before


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"registries: []\nx: \xff\n", "is not UTF-8: byte 0xff at position 18", id="a byte in ASCII"),
        pytest.param("ü".encode("latin-1"), "is not UTF-8", id="Latin-1"),
    ],
)
def test_a_file_that_is_not_utf_8_is_refused(ecr, tmp_path, content, expected):
    (tmp_path / "seed.yaml").write_bytes(content)

    with pytest.raises(SeedError, match=expected):
        ecr.seed(tmp_path / "seed.yaml")


@pytest.mark.parametrize("name", ["missing.yaml", "."], ids=["missing", "directory"])
def test_a_file_that_cannot_be_read_is_refused(ecr, tmp_path, name):
    with pytest.raises(SeedError, match="cannot be read: "):
        ecr.seed(tmp_path / name)
