"""DescribeImages: by ids, by filter, page by page."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from freezegun import freeze_time

from fakeecr import FakeECR
from tests.answers import all_pages, check_paging, code_of, error_of
from tests.conftest import unchecked
from tests.manifests import CONFIG, DOCKER, OCI, blob, digest_of, image, referrer

ONE, TWO = image("one"), image("two")
UNKNOWN = digest_of("unknown")


@pytest.fixture
def many(ecr):
    ecr.seed({"registries": [{"repositories": [{"name": "web", "images": [
        {"count": 4, "tags": ["t{n}", "also-{n}"]},
        {"count": 3},
        {"tags": ["old"], "status": "ARCHIVED"},
        {"status": "ARCHIVED"},
        {"tags": ["waking"], "status": "ACTIVATING"},
    ]}]}]})  # fmt: skip


class TestOneImage:
    @freeze_time("2026-11-23 10:00:00.123")
    def test_is_described_from_its_manifest(self, client):
        client.create_repository(repositoryName="web")
        config = blob("config", 7, "application/vnd.cncf.helm.config.v1+json")
        manifest = image(config=config, layers=[blob("a", 1000), blob("b", 30)])
        client.put_image(repositoryName="web", imageManifest=manifest, imageTag="v1")
        client.put_image(repositoryName="web", imageManifest=manifest, imageTag="latest")
        assert client.describe_images(repositoryName="web")["imageDetails"] == [
            {
                "registryId": "123456789012",
                "repositoryName": "web",
                "imageDigest": digest_of(manifest),
                "imageTags": ["v1", "latest"],
                "imageSizeInBytes": 1037,
                "imagePushedAt": datetime(2026, 11, 23, 10, 0, 0, 123_000, UTC),
                "imageManifestMediaType": OCI,
                "artifactMediaType": "application/vnd.cncf.helm.config.v1+json",
                "imageStatus": "ACTIVE",
            }
        ]

    def test_has_no_tags_where_it_is_untagged(self, client):
        client.create_repository(repositoryName="web")
        client.put_image(repositoryName="web", imageManifest=image(config=None, mediaType=DOCKER))
        (details,) = client.describe_images(repositoryName="web")["imageDetails"]
        assert "imageTags" not in details
        assert "artifactMediaType" not in details
        assert details["imageManifestMediaType"] == DOCKER

    def test_names_the_subject_of_a_referrer(self, client):
        client.create_repository(repositoryName="web")
        client.put_image(repositoryName="web", imageManifest=referrer(ONE))
        (details,) = client.describe_images(repositoryName="web")["imageDetails"]
        assert details["subjectManifestDigest"] == digest_of(ONE)

    @pytest.mark.parametrize(
        ("pushed", "size"), [({}, 2), ({"digest": UNKNOWN}, 0), ({"size": 5000}, 5000), ({"manifest": "odd"}, 0)]
    )
    def test_is_described_however_it_came(self, ecr, client, pushed, size):
        ecr.push("web", **pushed)
        (details,) = client.describe_images(repositoryName="web")["imageDetails"]
        assert details["imageSizeInBytes"] == size
        assert details["imageManifestMediaType"] == OCI
        assert details["artifactMediaType"] == CONFIG


class TestById:
    def test_keeps_the_order_of_the_request_and_repeats_no_image(self, ecr, client):
        digests = [ecr.push("web", f"t{n}", f"u{n}").digest for n in range(5)]
        ids = [
            {"imageTag": "t3"},
            {"imageDigest": digests[0]},
            {"imageDigest": digests[3]},
            {"imageTag": "u0"},
            {"imageDigest": digests[2], "imageTag": "t2"},
        ]
        details = client.describe_images(repositoryName="web", imageIds=ids)["imageDetails"]
        assert [each["imageDigest"] for each in details] == [digests[3], digests[0], digests[2]]

    @pytest.mark.parametrize(
        ("image_id", "printed"),
        [
            ({"imageTag": "28f3d25"}, "{imageDigest:'null', imageTag:'28f3d25'}"),
            ({"imageDigest": UNKNOWN}, f"{{imageDigest:'{UNKNOWN}', imageTag:'null'}}"),
            ({"imageDigest": UNKNOWN, "imageTag": "v1"}, f"{{imageDigest:'{UNKNOWN}', imageTag:'v1'}}"),
        ],
    )
    def test_fails_for_one_that_is_missing(self, ecr, client, image_id, printed):
        ecr.push("web", "v1")
        assert error_of(client.describe_images, repositoryName="web", imageIds=[{"imageTag": "v1"}, image_id]) == (
            "ImageNotFoundException",
            f"The image with imageId {printed} does not exist within the repository with name 'web' in the registry "
            "with id '123456789012'",
            400,
        )

    @pytest.mark.parametrize(
        "parameters",
        [
            {"imageIds": [{"imageTag": "v1"}], "maxResults": 5},
            {"imageIds": [{"imageTag": "v1"}], "nextToken": "x"},
            {"imageIds": []},
            {"imageIds": [{"imageTag": "v1"}] * 101},
            {"imageIds": [{}]},
            {"imageIds": [{"imageDigest": "sha256"}]},
            {"imageIds": [{"imageTag": "a b"}]},
            {"imageIds": [{"imageTag": ""}]},
            {"maxResults": 0},
            {"maxResults": 1001},
            {"nextToken": "made up"},
            {"filter": {"tagStatus": "tagged"}},
            {"filter": {"imageStatus": "GONE"}},
        ],
    )
    def test_refuses(self, ecr, client, parameters):
        ecr.push("web", "v1")
        assert code_of(client.describe_images, repositoryName="web", **parameters) == "InvalidParameterException"

    @pytest.mark.parametrize(
        ("shown", "found"),
        [
            ({}, 2),
            ({"filter": {}}, 1),
            ({"filter": {"imageStatus": "ARCHIVED"}}, 1),
            ({"filter": {"imageStatus": "ANY"}}, 2),
            ({"filter": {"imageStatus": "ANY", "tagStatus": "UNTAGGED"}}, 0),
        ],
    )
    def test_shows_any_status_unless_a_filter_is_given(self, client, many, shown, found):
        ids = [{"imageTag": "t1"}, {"imageTag": "old"}]
        assert len(client.describe_images(repositoryName="web", imageIds=ids, **shown)["imageDetails"]) == found


class TestPages:
    @pytest.mark.parametrize(
        ("shown", "count"),
        [
            ({}, 7),
            ({"imageStatus": "ANY"}, 10),
            ({"imageStatus": "ACTIVATING"}, 1),
            ({"imageStatus": "ARCHIVED"}, 2),
            ({"tagStatus": "ANY"}, 7),
            ({"tagStatus": "TAGGED"}, 4),
            ({"tagStatus": "UNTAGGED"}, 3),
            ({"tagStatus": "TAGGED", "imageStatus": "ANY"}, 6),
            ({"tagStatus": "UNTAGGED", "imageStatus": "ARCHIVED"}, 1),
        ],
    )
    def test_show_what_the_filter_says(self, client, many, shown, count):
        parameters = {"repositoryName": "web", "filter": shown}
        assert len(client.describe_images(**parameters)["imageDetails"]) == count
        check_paging(client.describe_images, "imageDetails", "maxResults", **parameters)

    def test_page_on_every_database(self, database):
        with FakeECR(database) as ecr:
            for n in range(6):
                ecr.push("web", *(["t", f"t{n}"] if n % 2 else []))
            check_paging(unchecked(ecr).describe_images, "imageDetails", "maxResults", repositoryName="web")

    def test_hold_a_hundred_where_nothing_is_said_and_a_thousand_at_most(self, ecr, client):
        ecr.seed({"registries": [{"repositories": [{"name": "web", "images": [{"count": 1001}]}]}]})
        assert [len(page) for page in all_pages(client.describe_images, "imageDetails", repositoryName="web")][:2] == [
            100, 100,
        ]  # fmt: skip
        pages = all_pages(client.describe_images, "imageDetails", repositoryName="web", maxResults=1000)
        assert [len(page) for page in pages] == [1000, 1]

    def test_neither_lose_nor_repeat_what_is_there_throughout(self, ecr, client):
        digests = [ecr.push("web", f"t{n}").digest for n in range(6)]
        first = client.describe_images(repositoryName="web", maxResults=2)
        client.batch_delete_image(repositoryName="web", imageIds=[{"imageDigest": digests[0]}, {"imageTag": "t3"}])
        ecr.push("web", "t4")  # the old one stays, untagged
        rest = all_pages(
            client.describe_images, "imageDetails", repositoryName="web", maxResults=2, nextToken=first["nextToken"]
        )
        found = [each["imageDigest"] for page in rest for each in page]
        assert found[:3] == [digests[2], digests[4], digests[5]]
        assert len(found) == 4

    def test_take_only_their_own_tokens(self, client, many):
        token = client.describe_images(repositoryName="web", maxResults=2)["nextToken"]
        assert code_of(client.list_images, repositoryName="web", nextToken=token) == "InvalidParameterException"
        for shown in ({"tagStatus": "TAGGED"}, {"imageStatus": "ANY"}):
            parameters = {"repositoryName": "web", "filter": shown, "nextToken": token}
            assert code_of(client.describe_images, **parameters) == "InvalidParameterException"

    def test_the_paginator_follows_them(self, client, many):
        pages = client.get_paginator("describe_images").paginate(repositoryName="web", PaginationConfig={"PageSize": 3})
        assert [len(page["imageDetails"]) for page in pages] == [3, 3, 1]
