"""Seeds as people write them, right and wrong: what is said of a mistake, and that nothing of it is kept."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from fakeecr import FakeECR, SeedError
from tests.answers import identifiers
from tests.conftest import unchecked
from tests.manifests import OCI_INDEX

DIGEST = "sha256:" + "a" * 64
HEAD = "registries:\n  - repositories:\n      - name: web\n"
IMAGES = HEAD + "        images:\n"
NAMED = "registries[0].repositories[0]"

# file → line, key path, what was expected
MISTAKES = {
    "an unknown key": (HEAD + "        nmae: x\n", 4, f"{NAMED}.nmae", "unknown key 'nmae'; did you mean 'name'?"),
    "an unknown key at the top": (
        "registries: []\nzebra: 1\n",
        2,
        "zebra",
        "unknown key 'zebra'; the keys here are registries",
    ),
    "an unknown key of an image": (
        IMAGES + "          - tag: x\n",
        5,
        f"{NAMED}.images[0].tag",
        "did you mean 'tags'?",
    ),
    "a missing name": ("registries:\n  - repositories:\n      - images: []\n", 3, NAMED, "the key 'name' is missing"),
    "no registries": ("{}\n", 1, "", "the key 'registries' is missing"),
    "a list at the top": ("- registries\n", 1, "", "expected a mapping of keys; got a list"),
    "a text at the top": ("registries\n", 1, "", "expected a mapping of keys; got text"),
    "a text for a list": ("registries: all\n", 1, "registries", "expected a list; got text"),
    "nothing for a list": ("registries:\n", 1, "registries", "expected a list; got nothing"),
    "a text for the images": (
        HEAD + "        images: many\n",
        4,
        f"{NAMED}.images",
        "expected a list of images; got 'many'",
    ),
    "a bad account id": (
        "registries:\n  - id: 12\n",
        2,
        "registries[0].id",
        "an AWS account id of 12 digits; got '12'",
    ),
    "a bad region": (
        "registries:\n  - region: US\n",
        2,
        "registries[0].region",
        "a region such as us-west-2; got 'US'",
    ),
    "a bad repository name": (
        "registries:\n  - repositories:\n      - name: Web\n",
        3,
        f"{NAMED}.name",
        "expected a repository name: 2 to 256 lower-case letters",
    ),
    "a repository name of 257": (
        f"registries:\n  - repositories:\n      - name: {'a' * 257}\n",
        3,
        f"{NAMED}.name",
        "expected a repository name",
    ),
    "a bad digest": (
        IMAGES + "          - digest: sha256:abc\n",
        5,
        f"{NAMED}.images[0].digest",
        "'sha256:' and 64 hex",
    ),
    "a digest in capitals": (
        IMAGES + f"          - digest: {DIGEST.replace('a', 'A')}\n",
        5,
        f"{NAMED}.images[0].digest",
        "in lower case",
    ),
    "a digest that is not the manifest's": (
        IMAGES + f"          - manifest: '{{}}'\n            digest: {DIGEST}\n",
        6,
        f"{NAMED}.images[0].digest",
        f"{DIGEST} is not the manifest's, which is sha256:44136fa3",
    ),
    "a bad tag": (
        IMAGES + "          - tags: [a b]\n",
        5,
        f"{NAMED}.images[0].tags[0]",
        "expected a tag: 1 to 300 letters",
    ),
    "a tag of 301": (
        IMAGES + f"          - tags: [ok, {'a' * 301}]\n",
        5,
        f"{NAMED}.images[0].tags[1]",
        "expected a tag",
    ),
    "an empty tag": (IMAGES + "          - tags: ['']\n", 5, f"{NAMED}.images[0].tags[0]", "expected a tag"),
    "a tag of nothing": (
        IMAGES + "          - tags: [a, ]\n          - tags:\n              -\n",
        7,
        f"{NAMED}.images[1].tags[0]",
        "got nothing",
    ),
    "the same tag twice in an image": (
        IMAGES + "          - tags: [a, a]\n",
        5,
        f"{NAMED}.images[0]",
        "the tag 'a' stands twice",
    ),
    "the same tag in two images": (
        IMAGES + f"          - tags: [a]\n          - digest: {DIGEST}\n            tags: [a]\n",
        6,
        f"{NAMED}.images[1]",
        "the tag 'a' stands twice in this repository",
    ),
    "the same tag far apart": (
        IMAGES
        + f"          - count: 700\n            tags: ['{{n}}']\n          - digest: {DIGEST}\n            tags: [3]\n",
        7,
        f"{NAMED}.images[1]",
        "the tag '3' stands twice in this repository",
    ),
    "the same tag from a count": (
        IMAGES + "          - count: 2\n            tags: ['{n}', x]\n",
        6,
        f"{NAMED}.images[0].tags",
        "with `count` each tag needs {n}, or it would stand twice",
    ),
    "the same tag of two that are made up": (
        IMAGES + "          - tags: [x]\n          - tags: [x, y]\n",
        6,
        f"{NAMED}.images[1]",
        "the tag 'x' stands twice in this repository",
    ),
    "a policy that is no text": (
        HEAD + "        lifecycle_policy:\n          rules: []\n",
        4,
        f"{NAMED}.lifecycle_policy",
        "expected the JSON text of a policy (in YAML after `|`); got {'rules': []}",
    ),
    "findings of a list": (
        IMAGES + f"          - digest: {DIGEST}\n            media_type: {OCI_INDEX}\n            findings: []\n",
        7,
        f"{NAMED}.images[0].findings",
        "a list of images is not scanned; its images are",
    ),
    "the same digest twice": (
        IMAGES + f"          - digest: {DIGEST}\n          - tags: [x]\n            digest: {DIGEST}\n",
        6,
        f"{NAMED}.images[1]",
        f"the image {DIGEST} stands twice",
    ),
    "the same digest far apart": (
        IMAGES + f"          - digest: {DIGEST}\n          - count: 700\n          - digest: {DIGEST}\n",
        7,
        f"{NAMED}.images[2]",
        f"the image {DIGEST} stands twice",
    ),
    "a repository twice": (
        HEAD + "      - name: web\n",
        4,
        "registries[0].repositories[1].name",
        "the repository 'web' stands twice in this registry",
    ),
    "a count of 0": (
        IMAGES + "          - count: 0\n",
        5,
        f"{NAMED}.images[0].count",
        "a whole number of images, 1 or more; got '0'",
    ),
    "a count of -1": (IMAGES + "          - count: -1\n", 5, f"{NAMED}.images[0].count", "got '-1'"),
    "a count of 1.5": (IMAGES + "          - count: 1.5\n", 5, f"{NAMED}.images[0].count", "got '1.5'"),
    "a count of 10^13": (IMAGES + f"          - count: {10**13}\n", 5, f"{NAMED}.images[0].count", "a whole number"),
    "a count and a digest": (
        IMAGES + f"          - count: 2\n            digest: {DIGEST}\n",
        5,
        f"{NAMED}.images[0]",
        "images that `count` stands for have a digest each",
    ),
    "{n} without a count": (IMAGES + "          - tags: ['v{n}']\n", 5, f"{NAMED}.images[0]", "it needs `count`"),
    "a bad moment": (
        IMAGES + "          - pushed_at: yesterday\n",
        5,
        f"{NAMED}.images[0].pushed_at",
        "a moment such as 2016-12",
    ),
    "a moment that no calendar has": (
        HEAD + "        created_at: 2016-02-30T00:00:00Z\n",
        4,
        f"{NAMED}.created_at",
        "a moment such as",
    ),
    "a bad status": (
        IMAGES + "          - status: GONE\n",
        5,
        f"{NAMED}.images[0].status",
        "expected one of ACTIVE, ARCHIVED, ACTIVATING; got 'GONE'",
    ),
    "a key twice": (HEAD + "        name: api\n", 4, "", "the key 'name' stands here twice"),
    "a list for a key": ("? [a]\n: b\n", 1, "", "expected a key"),
    "a python object": (
        "registries: !!python/object:os.system []\n",
        1,
        "",
        "the tag tag:yaml.org,2002:python/object:os.system is not allowed",
    ),
    "a binary": (IMAGES + "          - manifest: !!binary aGk=\n", 5, "", "is not allowed"),
    "a tag of one's own": ("registries: !mine []\n", 1, "", "the tag !mine is not allowed"),
    "two documents": ("registries: []\n---\nregistries: []\n", 2, "", "expected one document; a second begins here"),
    "an alias without an anchor": ("registries: *nowhere\n", 1, "", "the alias *nowhere has no anchor before it"),
    "an alias inside itself": ("registries: &all\n  - *all\n", 2, "", "the alias *all stands inside what it repeats"),
    "an open bracket": ("registries: [\n", 2, "", "not YAML"),
    "a tab for an indent": ("registries:\n\t- id: 1\n", 2, "", "not YAML"),
    "half a character": ('registries: ["\\ud83d"]\n', 1, "", "not YAML"),
    "nothing": ("", None, "", "is empty; expected a mapping with the key 'registries'"),
    "nothing but a comment": ("# to do\n", None, "", "is empty"),
    "lists too deep": ("[" * 65, 1, "", "is nested more than 64 levels deep"),
    "lists without end": ("[" * 100_000, 1, "", "is nested more than 64 levels deep"),
    "mappings without end": ("{a: " * 100_000, 1, "", "is nested more than 64 levels deep"),
    "a control character": ("registries: \x01\n", None, "", "not YAML"),
}


@pytest.mark.parametrize(("content", "line", "path", "expected"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_by_file_line_and_key(ecr, tmp_path, content, line, path, expected):
    file = tmp_path / "registries.yaml"
    file.write_text(content, encoding="utf-8")
    ecr.push("kept", "latest")
    before = ecr.dump()
    with pytest.raises(SeedError) as caught:
        ecr.seed(file)
    error = caught.value
    assert (error.file, error.line, error.path) == (file, line, path)
    assert expected in str(error)
    assert str(error).startswith(f"{file}, line {line}: {path}" if line else f"{file}: {path}")
    assert ecr.dump() == before


BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


def test_an_alias_bomb_is_not_unfolded(ecr, tmp_path):
    (tmp_path / "bomb.yaml").write_text(BOMB)
    with pytest.raises(SeedError, match="line 5: aliases repeat too much here"):
        ecr.seed(tmp_path / "bomb.yaml")


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"registries: []\nx: \xff\n", "is not UTF-8: byte 0xff at position 18"), ("ü".encode("latin-1"), "is not UTF-8")],
)
def test_a_file_that_is_not_utf_8_is_refused(ecr, tmp_path, content, problem):
    (tmp_path / "seed.yaml").write_bytes(content)
    with pytest.raises(SeedError, match=problem):
        ecr.seed(tmp_path / "seed.yaml")


@pytest.mark.parametrize("name", ["missing.yaml", "."])
def test_a_file_that_cannot_be_read_is_refused(ecr, tmp_path, name):
    with pytest.raises(SeedError, match="cannot be read: "):
        ecr.seed(tmp_path / name)


class TestScalars:
    def test_stay_as_they_are_written(self, ecr, tmp_path):
        tags = ["1.10", "0755", "on", "yes", "1_000", "2016.09", "null", "1e3", "0x1F", "True", ".5", "010"]
        (tmp_path / "seed.yaml").write_text(f"{IMAGES}          - tags: [{', '.join(tags)}]\n")
        ecr.seed(tmp_path / "seed.yaml")
        assert [tag for _, tag in identifiers(unchecked(ecr).list_images(repositoryName="web"))] == tags

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
    @pytest.mark.parametrize("newline", ["\n", "\r\n"])
    def test_may_stand_in_a_file_of_any_editor(self, ecr, tmp_path, encoding, newline):
        content = IMAGES + "          - tags: [latest]\n"
        (tmp_path / "seed.yaml").write_bytes(content.replace("\n", newline).encode(encoding))
        ecr.seed(tmp_path / "seed.yaml")
        assert len(unchecked(ecr).list_images(repositoryName="web")["imageIds"]) == 1

    def test_may_be_repeated_by_an_honest_alias(self, ecr, tmp_path):
        (tmp_path / "seed.yaml").write_text(
            "registries:\n  - repositories:\n      - name: web\n        images: &same\n          - tags: [a, b]\n"
            "      - name: api\n        images: *same\n"
        )
        ecr.seed(tmp_path / "seed.yaml")
        assert len(unchecked(ecr).list_images(repositoryName="api")["imageIds"]) == 2

    @pytest.mark.parametrize("indent", [None, 2, "\t"])
    def test_may_be_those_of_json(self, ecr, tmp_path, indent):
        manifest = '{"name": "🐳 \u0085 \\ / \t"}'
        image = {"tags": ["latest"], "manifest": manifest, "pushed_at": "2016-12-16T20:05:42Z"}
        seed = {"registries": [{"repositories": [{"name": "web", "images": [image, {"count": 2}]}]}]}
        (tmp_path / "seed.json").write_text(json.dumps(seed, indent=indent))
        ecr.seed(tmp_path / "seed.json")
        images = ecr.dump()["registries"][0]["repositories"][0]["images"]
        assert images[0]["manifest"] == manifest
        assert len(images) == 3


class TestAMapping:
    def test_is_a_seed_like_a_file(self, any_ecr):
        any_ecr.seed({"registries": [{"id": "012345678910", "region": "eu-west-1", "repositories": [{"name": "web"}]}]})
        client = unchecked(any_ecr, region_name="eu-west-1")
        assert client.list_images(repositoryName="web", registryId="012345678910")["imageIds"] == []

    @pytest.mark.parametrize(
        ("image", "expected"),
        [
            ({"tags": [2016.09]}, r"images\[0\]\.tags\[0\]: expected a tag.*got 2016\.09"),
            ({"tags": "latest"}, r"images\[0\]\.tags: expected a list; got text"),
            ({"tags": [None]}, r"got nothing"),
            ({"count": True}, r"a whole number of images"),
            ({"count": 1.0}, r"a whole number of images"),
            ({"pushed_at": 5}, r"expected a moment"),
            ("latest", r"images\[0\]: expected a mapping of keys; got text"),
            (None, r"images\[0\]: expected a mapping of keys; got nothing"),
        ],
    )
    def test_that_is_wrong_is_refused_by_its_key_path(self, ecr, image, expected):
        with pytest.raises(SeedError, match=r"^seed: registries\[0\]\.repositories\[0\]\.") as caught:
            ecr.seed({"registries": [{"repositories": [{"name": "web", "images": [image]}]}]})
        assert caught.match(expected)
        assert ecr.dump() == {"registries": []}

    def test_may_have_its_images_from_a_generator_which_is_taken_as_it_comes(self, any_ecr):
        images = ({"tags": [f"v{n}", f"w{n}"]} for n in range(1, 1201))
        any_ecr.seed({"registries": [{"repositories": [{"name": "web", "images": images}]}]})
        pages = any_ecr.client().get_paginator("list_images").paginate(repositoryName="web")
        found = [tag for page in pages for _, tag in identifiers(page)]
        assert sorted(found) == sorted(f"{letter}{n}" for letter in "vw" for n in range(1, 1201))

    def test_whose_generator_fails_leaves_nothing(self, any_ecr):
        def images():
            yield from ({"tags": [f"v{n}"]} for n in range(600))
            raise OSError("the source is gone")

        with pytest.raises(OSError, match="the source is gone"):
            any_ecr.seed({"registries": [{"repositories": [{"name": "web", "images": images()}]}]})
        assert any_ecr.dump() == {"registries": []}

    @pytest.mark.parametrize(
        "given",
        [
            datetime(2016, 12, 16, 20, 5, 42, tzinfo=UTC),
            datetime(2016, 12, 16, 20, 5, 42),
            datetime(2016, 12, 16, 21, 5, 42, tzinfo=timezone(timedelta(hours=1))),
            "2016-12-16T20:05:42Z",
            "2016-12-16T20:05:42",
            "2016-12-16 20:05:42+00:00",
            "2016-12-16T21:05:42+01:00",
            "20161216T200542Z",
        ],
        ids=str,
    )
    def test_may_write_a_moment_as(self, ecr, given):
        ecr.seed({"registries": [{"repositories": [{"name": "web", "images": [{"pushed_at": given}]}]}]})
        [image] = ecr.dump()["registries"][0]["repositories"][0]["images"]
        assert image["pushed_at"] == "2016-12-16T20:05:42Z"


SEED = {
    "registries": [
        {
            "repositories": [
                {
                    "name": "web",
                    "images": [
                        {"tags": ["latest", "1.0"]},
                        {"digest": DIGEST, "tags": ["old"], "status": "ARCHIVED"},
                        {"manifest": "{}", "pushed_at": "2016-12-16T20:05:42Z"},
                        {"count": 3, "tags": ["build-{n}"]},
                        {"count": 2},
                        {},
                    ],
                }
            ]
        }
    ]
}


class TestSeedingAgain:
    def test_is_seeding_once(self, any_ecr):
        any_ecr.seed(SEED)
        before = any_ecr.dump()
        client = unchecked(any_ecr)
        token = client.list_images(repositoryName="web", maxResults=3)["nextToken"]
        rest = client.list_images(repositoryName="web", nextToken=token)["imageIds"]
        any_ecr.seed(SEED)
        assert any_ecr.dump() == before
        assert client.list_images(repositoryName="web", nextToken=token)["imageIds"] == rest

    def test_takes_a_tag_back_that_had_moved(self, any_ecr):
        any_ecr.seed(SEED)
        before = {tag: digest for digest, tag in identifiers(unchecked(any_ecr).list_images(repositoryName="web"))}
        any_ecr.push("web", "latest")
        any_ecr.seed(SEED)
        after = {tag: digest for digest, tag in identifiers(unchecked(any_ecr).list_images(repositoryName="web"))}
        assert after["latest"] == before["latest"]

    def test_keeps_what_else_is_there(self, any_ecr):
        pushed = any_ecr.push("web", "mine")
        any_ecr.seed(SEED)
        assert (pushed.digest, "mine") in identifiers(unchecked(any_ecr).list_images(repositoryName="web"))

    @pytest.mark.parametrize(
        ("images", "problem"),
        [
            ([{"tags": ["a"]}, {"digest": DIGEST, "tags": ["a"]}], "the tag 'a' stands twice"),
            ([{"digest": DIGEST}, {"digest": DIGEST}], f"the image {DIGEST} stands twice"),
            ([{"count": 600, "tags": ["{n}"]}, {"digest": DIGEST, "tags": ["7"]}], "the tag '7' stands twice"),
        ],
    )
    def test_tells_what_stands_twice_as_the_first_time(self, any_ecr, images, problem):
        any_ecr.push("web", "mine")
        before = any_ecr.dump()
        with pytest.raises(SeedError, match=problem):
            any_ecr.seed({"registries": [{"repositories": [{"name": "web", "images": images}]}]})
        assert any_ecr.dump() == before

    @pytest.mark.parametrize(
        ("images", "problem"),
        [
            ([{"tags": ["a"]}, {"digest": DIGEST, "tags": ["b", "a"]}], r"images\[1\]: the tag 'a' stands twice"),
            (
                [{"count": 600}, {"digest": DIGEST}, {"digest": DIGEST}],
                r"images\[2\]: the image sha256:a+ stands twice",
            ),
            (
                [{"digest": DIGEST}, {"count": 600}, {"digest": DIGEST}],
                r"images\[2\]: the image sha256:a+ stands twice",
            ),
        ],
    )
    def test_of_a_new_repository_tells_it_on_every_engine(self, any_ecr, images, problem):
        with pytest.raises(SeedError, match=problem):
            any_ecr.seed({"registries": [{"repositories": [{"name": "web", "images": images}]}]})
        assert any_ecr.dump() == {"registries": []}

    def test_in_a_later_run_changes_nothing(self, tmp_path):
        dumps = []
        for _ in range(2):
            with FakeECR(tmp_path / "state.db") as ecr:
                ecr.seed(SEED)
                dumps.append(ecr.dump())
        assert dumps[0] == dumps[1]


def test_the_sample_of_the_design_is_a_seed(ecr, tmp_path):
    (tmp_path / "seed.yaml").write_text(
        f"""\
registries:
  - id: 012345678910            # default: the fake's account
    region: us-west-2           # default: the fake's region
    repositories:
      - name: amazonlinux
        images:
          - digest: {DIGEST}  # default: that of a small generated manifest
            tags: [2016.09, latest]
            pushed_at: 2016-12-16T20:05:42Z
          - count: 1000           # many, tagged by pattern
            tags: ["build-{{n}}"]
"""
    )
    ecr.seed(tmp_path / "seed.yaml")
    client = unchecked(ecr, region_name="us-west-2")
    listed = client.list_images(repositoryName="amazonlinux", registryId="012345678910")
    assert identifiers(listed)[:3] == [
        (DIGEST, "2016.09"),
        (DIGEST, "latest"),
        (listed["imageIds"][2]["imageDigest"], "build-1"),
    ]
