"""Seeding: what a mapping may hold, what a later seed changes, and what it leaves as it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from freezegun import freeze_time

from fakeecr import FakeECR
from tests.answers import identifiers
from tests.conftest import unchecked
from tests.manifests import digest_of, image, index

DIGEST = "sha256:" + "a" * 64


def seed_web(ecr: FakeECR, images) -> None:
    ecr.seed({"registries": [{"repositories": [{"name": "web", "images": images}]}]})


# --- A mapping -------------------------------------------------------------------------------------


def test_a_seed_can_be_a_mapping(any_ecr):
    any_ecr.seed({"registries": [{"id": "012345678910", "region": "eu-west-1", "repositories": [{"name": "web"}]}]})

    client = unchecked(any_ecr, region_name="eu-west-1")
    assert client.list_images(repositoryName="web", registryId="012345678910")["imageIds"] == []


def test_images_can_come_from_a_generator(any_ecr):
    seed_web(any_ecr, ({"tags": [f"v{n}", f"w{n}"]} for n in range(1, 1201)))

    pages = any_ecr.client().get_paginator("list_images").paginate(repositoryName="web")
    tags = [tag for page in pages for _, tag in identifiers(page)]
    assert sorted(tags) == sorted(f"{letter}{n}" for letter in "vw" for n in range(1, 1201))


def test_a_generator_that_fails_leaves_no_images(any_ecr):
    def images():
        yield from ({"tags": [f"v{n}"]} for n in range(600))
        raise OSError("the source is gone")

    with pytest.raises(OSError, match="the source is gone"):
        seed_web(any_ecr, images())

    assert any_ecr.dump() == {"registries": []}


def test_a_generator_can_call_the_fake_that_it_seeds(any_ecr):
    any_ecr.push("base", "latest")

    def images():
        # More than one chunk, so that images are stored before and after the calls.
        for n in range(600):
            if n in (1, 550):
                any_ecr.client().list_images(repositoryName="base")
            yield {"tags": [f"v{n}"]}

    seed_web(any_ecr, images())

    pages = any_ecr.client().get_paginator("list_images").paginate(repositoryName="web")
    assert len([tag for page in pages for _, tag in identifiers(page)]) == 600


@pytest.mark.parametrize(
    "time",
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
    ids=lambda time: f"{type(time).__name__} {time}",
)
def test_a_time_can_be_a_datetime_or_iso_8601_text(ecr, time):
    seed_web(ecr, [{"pushed_at": time}])

    [image] = ecr.dump()["registries"][0]["repositories"][0]["images"]
    assert image["pushed_at"] == "2016-12-16T20:05:42Z"


# --- Seeding again ---------------------------------------------------------------------------------

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


def test_seeding_again_changes_nothing(any_ecr):
    any_ecr.seed(SEED)
    before = any_ecr.dump()
    client = unchecked(any_ecr)
    token = client.list_images(repositoryName="web", maxResults=3)["nextToken"]
    rest = client.list_images(repositoryName="web", nextToken=token)["imageIds"]

    any_ecr.seed(SEED)

    assert any_ecr.dump() == before
    assert client.list_images(repositoryName="web", nextToken=token)["imageIds"] == rest


def test_seeding_again_in_a_later_run_changes_nothing(tmp_path):
    dumps = []
    for _ in range(2):
        with FakeECR(tmp_path / "state.db") as ecr:
            ecr.seed(SEED)
            dumps.append(ecr.dump())

    assert dumps[0] == dumps[1]


def test_seeding_again_moves_a_tag_back(any_ecr):
    any_ecr.seed(SEED)
    before = {tag: digest for digest, tag in identifiers(unchecked(any_ecr).list_images(repositoryName="web"))}
    any_ecr.push("web", "latest")

    any_ecr.seed(SEED)

    after = {tag: digest for digest, tag in identifiers(unchecked(any_ecr).list_images(repositoryName="web"))}
    assert after["latest"] == before["latest"]


def test_seeding_keeps_images_that_the_seed_does_not_name(any_ecr):
    pushed = any_ecr.push("web", "mine")

    any_ecr.seed(SEED)

    assert (pushed.digest, "mine") in identifiers(unchecked(any_ecr).list_images(repositoryName="web"))


def test_seeding_keeps_the_settings_of_an_existing_repository_and_adds_layers(ecr, client):
    client.create_repository(repositoryName="web", tags=[{"Key": "a", "Value": "mine"}])
    described = {
        "name": "web",
        "image_tag_mutability": "IMMUTABLE",
        "tags": {"a": "theirs"},
        "layers": [{"content": "x"}],
    }

    for _ in range(2):
        ecr.seed({"registries": [{"repositories": [described]}]})

    (repository,) = client.describe_repositories()["repositories"]
    assert repository["imageTagMutability"] == "MUTABLE"
    tags = client.list_tags_for_resource(resourceArn=repository["repositoryArn"])["tags"]
    assert tags == [{"Key": "a", "Value": "mine"}]
    (layer,) = client.batch_check_layer_availability(repositoryName="web", layerDigests=[digest_of("x")])["layers"]
    assert layer["layerAvailability"] == "AVAILABLE"


def test_seeding_keeps_the_findings_of_an_existing_scan(ecr, client):
    seeded, changed = ({"name": name, "severity": "LOW"} for name in ("CVE-1", "CVE-2"))
    described = {"name": "web", "images": [{"tags": ["a"], "findings": [seeded]}, {"tags": ["b"]}]}
    request = {"repositoryName": "web", "imageId": {"imageTag": "a"}}

    scans = []
    for moment in ("2026-01-01", "2026-01-02"):
        with freeze_time(moment):
            ecr.seed({"registries": [{"repositories": [described]}]})
            scans.append(client.describe_image_scan_findings(**request)["imageScanFindings"])
    assert scans[0] == scans[1]

    ecr.set_findings("web", [changed], tag="a")
    ecr.seed({"registries": [{"repositories": [described]}]})
    (finding,) = client.describe_image_scan_findings(**request)["imageScanFindings"]["findings"]
    assert finding["name"] == "CVE-2"


# --- Manifest lists --------------------------------------------------------------------------------


@pytest.mark.parametrize("repository_exists", [False, True], ids=["new repository", "existing repository"])
@pytest.mark.parametrize("images_between", [[], [{"count": 600}]], ids=["adjacent", "600 images apart"])
def test_the_size_of_a_manifest_list_is_the_size_of_its_images_in_any_order(
    ecr, client, repository_exists, images_between
):
    if repository_exists:
        client.create_repository(repositoryName="web")
    child, inner = image("child"), index(image("child"))
    lists = [{"manifest": index(inner), "tags": ["outer"]}, {"manifest": inner, "tags": ["inner"]}]
    list_with_size = {"manifest": index(child, annotations={"a": "b"}), "tags": ["with-size"], "size": 7}
    images = [*lists, list_with_size, *images_between, {"manifest": child}]

    for _ in range(2):
        seed_web(ecr, images)

        details = client.describe_images(
            repositoryName="web", imageIds=[{"imageTag": tag} for tag in ("outer", "inner", "with-size")]
        )["imageDetails"]
        assert [each["imageSizeInBytes"] for each in details] == [110, 110, 7]
