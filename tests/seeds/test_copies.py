"""Fakes in memory that begin with the same seeds: the seeds are read once, and each fake gets a copy."""

from __future__ import annotations

import os
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from freezegun import freeze_time

from fakeecr import FakeECR, PublishedLimitWarning, SeedError
from fakeecr.seeds import copies
from tests.answers import code_of
from tests.conftest import unchecked
from tests.front_door.clients import tags_in_web
from tests.invariants import check_invariants
from tests.manifests import blob, digest_of, image
from tests.operations.helpers import seed_of

POLICY = (
    '{"rules":[{"rulePriority":1,"selection":{"tagStatus":"any","countType":"imageCountMoreThan","countNumber":1},'
    '"action":{"type":"expire"}}]}'
)
ACCESS = '{"Statement":[{"Sid":"all","Effect":"Allow","Principal":"*","Action":"ecr:BatchGetImage"}]}'
WEB = seed_of({"name": "web", "images": [{"count": 3, "tags": ["v{n}"]}]})
FILE = "registries:\n  - repositories:\n      - name: web\n        images:\n          - tags: [{tag}]\n"


@pytest.fixture(autouse=True)
def reads(monkeypatch):
    """Begin without copies, and return a list of the seeds that are read."""
    read = []
    seed = copies.seed

    def record(backend, source, *arguments):
        read.append(source)
        return seed(backend, source, *arguments)

    monkeypatch.setattr(copies, "_kept", copies._Kept())
    monkeypatch.setattr(copies, "seed", record)
    return read


@contextmanager
def fake_with(*seeds, **arguments):
    """Yield a started fake with these seeds, as the fixture `fake_ecr` makes it."""
    with FakeECR(**arguments) as ecr:
        with ecr._in_use() as gate:
            copies.seed_new(gate.backend, seeds)
        yield ecr


@pytest.fixture
def seed_file(tmp_path):
    file = tmp_path / "seed.yaml"
    file.write_text(FILE.format(tag="one"))
    return file


# --- What is copied --------------------------------------------------------------------------------


def test_the_second_fake_with_a_seed_gets_a_copy(reads):
    for _ in range(2):
        with fake_with(WEB) as ecr:
            assert tags_in_web(ecr.client()) == ["v1", "v2", "v3"]
            ecr.push("web", "changed")
            check_invariants(ecr)

    assert len(reads) == 1


def test_a_copy_has_all_that_a_seed_describes(reads, tmp_path):
    (tmp_path / "layer").write_bytes(b"a layer")
    (tmp_path / "manifest").write_text(image(layers=[blob("a layer", 7)]))
    web = {
        "name": "web",
        "policy": ACCESS,
        "lifecycle_policy": POLICY,
        "tags": {"team": "blue"},
        "layers": [{"file": str(tmp_path / "layer")}],
        "images": [
            {"manifest_file": str(tmp_path / "manifest"), "tags": ["real"]},
            {"platforms": ["linux/amd64"], "tags": ["multi"], "findings": [{"name": "CVE-1", "severity": "LOW"}]},
            {"tags": ["old"], "pushed_at": "2020-01-01", "status": "ARCHIVED", "archived_at": "2021-01-01"},
        ],
    }
    seeds = [seed_of(web), seed_of({"name": "api", "created_at": "2020-01-01"})]
    with freeze_time("2024-03-01"), FakeECR() as expected:
        for seed in seeds:
            expected.seed(seed)

        for _ in range(2):
            with fake_with(*seeds) as ecr:
                assert ecr.dump() == expected.dump()
                check_invariants(ecr)

    assert len(reads) == 2


def test_several_seeds_are_copied_together(reads):
    for _ in range(2):
        with fake_with(WEB, seed_of({"name": "api"})) as ecr:
            assert len(ecr.client().describe_repositories()["repositories"]) == 2
    with fake_with(WEB) as ecr:
        assert len(ecr.client().describe_repositories()["repositories"]) == 1

    assert len(reads) == 3


def test_a_seed_is_added_to_a_snapshot(ecr, reads):
    ecr.push("web", "of-the-snapshot", "and-another")
    snapshot = ecr.snapshot()
    token = ecr.client().list_images(repositoryName="web", maxResults=1)["nextToken"]

    for _ in range(2):
        with fake_with(WEB, database=snapshot) as other:
            client = other.client()
            assert tags_in_web(client) == ["of-the-snapshot", "and-another", "v1", "v2", "v3"]
            assert len(client.list_images(repositoryName="web", nextToken=token)["imageIds"]) == 4
    with fake_with(WEB) as other:
        assert tags_in_web(other.client()) == ["v1", "v2", "v3"]

    assert len(reads) == 2


@pytest.mark.parametrize(
    "arguments", [{"account_id": "210987654321"}, {"region": "eu-west-1"}, {"limits": "installed"}], ids=str
)
def test_a_fake_with_other_arguments_gets_no_copy(reads, arguments):
    with fake_with(WEB), fake_with(WEB, **arguments) as ecr:
        assert tags_in_web(ecr.client()) == ["v1", "v2", "v3"]

    assert len(reads) == 2


def test_a_fake_on_a_file_is_seeded_each_time(reads, tmp_path):
    for _ in range(2):
        with fake_with(WEB, database=tmp_path / "state.db") as ecr:
            assert tags_in_web(ecr.client()) == ["v1", "v2", "v3"]

    assert len(reads) == 2


def test_a_token_of_another_copy_is_refused():
    with fake_with(WEB) as one, fake_with(WEB) as two, fake_with(WEB) as three:
        tokens = [
            each.client().list_images(repositoryName="web", maxResults=2)["nextToken"] for each in (one, two, three)
        ]

        assert len(set(tokens)) == 3
        for token in tokens[1:]:
            refused = code_of(unchecked(one).list_images, repositoryName="web", nextToken=token)
            assert refused == "InvalidParameterException"


# --- Times -----------------------------------------------------------------------------------------


def test_a_copy_has_the_present_time_where_the_seed_gives_none():
    begin = datetime(2024, 3, 1, 12, 30, 15, tzinfo=UTC)
    images = [{"tags": ["now"]}, {"tags": ["then"], "pushed_at": begin}, {"tags": ["zero"], "pushed_at": "1970-01-01"}]
    seed = seed_of({"name": "web", "images": images, "lifecycle_policy": POLICY, "policy": ACCESS})

    for days in (0, 1, 400):
        present = begin + timedelta(days=days)
        with freeze_time(present), fake_with(seed) as ecr:
            client = ecr.client()
            pushed = [each["imagePushedAt"] for each in client.describe_images(repositoryName="web")["imageDetails"]]
            assert pushed == [present, begin, datetime(1970, 1, 1, tzinfo=UTC)]
            assert client.describe_repositories()["repositories"][0]["createdAt"] == present


def test_the_scans_of_a_copy_are_of_the_present():
    seed = seed_of({"name": "web", "images": [{"tags": ["latest"], "findings": []}]})

    for year in (2024, 2025):
        present = datetime(year, 3, 1, tzinfo=UTC)
        with freeze_time(present), fake_with(seed) as ecr:
            scan = ecr.client().describe_image_scan_findings(repositoryName="web", imageId={"imageTag": "latest"})
            assert scan["imageScanFindings"]["imageScanCompletedAt"] == present


def test_the_lifecycle_policies_of_a_copy_are_due_a_day_after_the_seed():
    seed = seed_of({"name": "web", "lifecycle_policy": POLICY, "images": [{"count": 2, "tags": ["v{n}"]}]})

    for month in (3, 4):
        begin = datetime(2024, month, 1, tzinfo=UTC)
        with freeze_time(begin) as time, fake_with(seed, expire_daily=True) as ecr:
            client = ecr.client()
            time.move_to(begin + timedelta(hours=23))
            assert len(tags_in_web(client)) == 2
            time.move_to(begin + timedelta(hours=25))
            assert len(tags_in_web(client)) == 1


def test_a_copy_without_a_frozen_clock_is_not_older_than_its_fake():
    for _ in range(2):
        begin = datetime.now(UTC) - timedelta(milliseconds=1)
        with fake_with(WEB) as ecr:
            (repository,) = ecr.client().describe_repositories()["repositories"]
            assert begin <= repository["createdAt"] <= datetime.now(UTC)


# --- Files -----------------------------------------------------------------------------------------


def test_a_file_is_read_once(reads, seed_file):
    for _ in range(2):
        with fake_with(seed_file) as ecr:
            assert tags_in_web(ecr.client()) == ["one"]

    assert reads == [seed_file]


def test_a_changed_file_is_read_again(reads, seed_file):
    with fake_with(seed_file):
        seed_file.write_text(FILE.format(tag="another"))
    with fake_with(seed_file) as ecr:
        assert tags_in_web(ecr.client()) == ["another"]

    assert len(reads) == 2


def test_a_file_that_another_of_the_same_time_and_size_replaces_is_read_again(seed_file, tmp_path):
    status = seed_file.stat()
    with fake_with(seed_file):
        (tmp_path / "new.yaml").write_text(FILE.format(tag="two"))
        (tmp_path / "new.yaml").replace(seed_file)
        os.utime(seed_file, ns=(status.st_atime_ns, status.st_mtime_ns))

    with fake_with(seed_file) as ecr:
        assert tags_in_web(ecr.client()) == ["two"]


@pytest.mark.parametrize("name", ["layer", "manifest"])
def test_a_seed_whose_layer_or_manifest_has_changed_is_read_again(reads, tmp_path, name):
    (tmp_path / "layer").write_text("a layer")
    (tmp_path / "manifest").write_text(image("first"))
    (tmp_path / "seed.yaml").write_text(
        "registries: [{repositories: [{name: web, layers: [{file: layer}], images: [{manifest_file: manifest}]}]}]"
    )
    with fake_with(tmp_path / "seed.yaml"), fake_with(tmp_path / "seed.yaml"):
        assert len(reads) == 1

    (tmp_path / name).write_text(image("a second one"))
    with fake_with(tmp_path / "seed.yaml") as ecr:
        (listed,) = ecr.client().list_images(repositoryName="web")["imageIds"]

    assert listed["imageDigest"] == digest_of(image("a second one" if name == "manifest" else "first"))
    assert len(reads) == 2


def test_a_file_that_was_deleted_is_missed_at_once(seed_file):
    with fake_with(seed_file):
        seed_file.unlink()

    with pytest.raises(SeedError, match="cannot be read"), fake_with(seed_file):
        pass


def test_the_files_of_a_mapping_are_looked_up_in_the_present_directory(tmp_path, monkeypatch):
    seed = seed_of({"name": "web", "images": [{"manifest_file": "manifest"}]})
    digests = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest").write_text(image(name))
        monkeypatch.chdir(tmp_path / name)
        with fake_with(seed) as ecr:
            digests.append(ecr.client().list_images(repositoryName="web")["imageIds"][0]["imageDigest"])

    assert digests == [digest_of(image("one")), digest_of(image("two"))]


# --- Mappings --------------------------------------------------------------------------------------


def test_a_mapping_that_was_changed_is_read_again():
    seed = seed_of({"name": "web", "images": [{"tags": ["one"]}]})
    with fake_with(seed):
        seed["registries"][0]["repositories"][0]["images"].append({"tags": ["two"]})

    with fake_with(seed) as ecr:
        assert tags_in_web(ecr.client()) == ["one", "two"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param({"count": 1}, {"count": True}, id="a number and a boolean"),
        pytest.param({"tags": ["a"]}, {"tags": "a"}, id="a list and a text"),
        pytest.param(
            {"pushed_at": datetime(2024, 3, 1)},
            {"pushed_at": datetime(2024, 3, 1, tzinfo=timezone(timedelta(hours=1)))},
            id="moments in two time zones",
        ),
    ],
)
def test_different_mappings_are_not_confused(one, other):
    def result(entry):
        try:
            with fake_with(seed_of({"name": "web", "images": [entry]})) as ecr:
                return ecr.dump()
        except SeedError as error:
            return str(error)

    with freeze_time("2024-03-02"):
        assert result(one) != result(other)


def test_a_mapping_with_a_generator_is_read_for_one_fake_only(reads):
    def seed():
        return seed_of({"name": "web", "images": ({"tags": [f"v{number}"]} for number in range(2))})

    for _ in range(2):
        with fake_with(seed()) as ecr:
            assert tags_in_web(ecr.client()) == ["v0", "v1"]

    assert len(reads) == 2


def test_a_mapping_with_a_time_zone_that_has_rules_is_read_each_time(reads):
    pushed_at = datetime(2024, 3, 1, tzinfo=ZoneInfo("UTC"))

    for _ in range(2):
        with fake_with(seed_of({"name": "web", "images": [{"tags": ["latest"], "pushed_at": pushed_at}]})) as ecr:
            assert tags_in_web(ecr.client()) == ["latest"]

    assert len(reads) == 2


def test_a_mapping_inside_itself_is_an_error_each_time():
    seed = seed_of({"name": "web"})
    seed["registries"].append(seed)

    for _ in range(2):
        with pytest.raises((SeedError, RecursionError)), fake_with(seed):
            pass


# --- Mistakes and memory ---------------------------------------------------------------------------


def test_a_seed_that_only_the_published_limits_refuse_warns_each_time():
    for _ in range(2):
        with (
            pytest.warns(PublishedLimitWarning, match="my--repo"),
            pytest.raises(SeedError, match="my--repo"),
            fake_with(seed_of({"name": "my--repo"})),
        ):
            pass


def test_an_invalid_seed_leaves_the_fake_empty():
    with FakeECR() as ecr:
        with ecr._in_use() as gate, pytest.raises(SeedError):
            copies.seed_new(gate.backend, [WEB, seed_of({"name": "No"})])

        assert ecr.dump() == {"registries": []}


def test_the_copies_that_are_kept_take_a_limited_amount_of_memory(monkeypatch, reads):
    with FakeECR() as ecr:
        size = ecr.snapshot().size
    monkeypatch.setattr(copies, "_CAPACITY", 2 * size)
    seeds = [seed_of({"name": name}) for name in ("one", "two", "three")]

    for number in (0, 1, 0, 2):  # the second is now the least recently used
        with fake_with(seeds[number]):
            pass
    assert len(reads) == 3
    for number in (0, 2, 1):
        with fake_with(seeds[number]):
            pass

    assert len(reads) == 4
    assert len(copies._kept._by_key) == 2


def test_a_seed_that_is_too_large_to_be_kept_is_read_each_time(monkeypatch, reads):
    with FakeECR() as ecr:
        monkeypatch.setattr(copies, "_CAPACITY", ecr.snapshot().size)
    small, large = seed_of({"name": "small"}), seed_of({"name": "web", "images": [{"count": 3000, "tags": ["v{n}"]}]})

    for seed in (small, large, large, small):
        with fake_with(seed) as ecr:
            assert len(ecr.client().describe_repositories()["repositories"]) == 1

    assert reads == [small, large, large]
