"""DescribeImages: the details of images, by id, by filter, page by page."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from freezegun import freeze_time

from fakeecr import FakeECR
from tests.answers import all_pages, check_paging, code_of, error_of
from tests.conftest import unchecked
from tests.manifests import CONFIG, DOCKER, OCI, blob, digest_of, image, referrer
from tests.operations.helpers import only_image, put_image, seed_of

ONE = image("one")
UNKNOWN = digest_of("unknown")


@pytest.fixture
def many_images(ecr):
    """Seed the repository "web" with tagged and untagged images of every status."""
    ecr.seed(seed_of({"name": "web", "images": [
        {"count": 4, "tags": ["t{n}", "also-{n}"]},
        {"count": 3},
        {"tags": ["old"], "status": "ARCHIVED"},
        {"status": "ARCHIVED"},
        {"tags": ["waking"], "status": "ACTIVATING"},
    ]}))  # fmt: skip


# --- The details of one image ------------------------------------------------------------------------


@pytest.mark.newest_model("imageStatus")
@freeze_time("2026-11-23 10:00:00.123")
def test_the_details_of_an_image_come_from_its_manifest(client, web):
    config = blob("config", 7, "application/vnd.cncf.helm.config.v1+json")
    manifest = image(config=config, layers=[blob("a", 1000), blob("b", 30)])
    put_image(client, manifest, "v1")
    put_image(client, manifest, "latest")

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


def test_the_details_of_an_untagged_image_without_config_have_neither_tags_nor_artifact_type(client, web):
    put_image(client, image(config=None, mediaType=DOCKER))

    details = only_image(client)

    assert "imageTags" not in details
    assert "artifactMediaType" not in details
    assert details["imageManifestMediaType"] == DOCKER


@pytest.mark.newest_model("subjectManifestDigest")
def test_the_details_of_a_referrer_have_the_digest_of_its_subject(client, web):
    put_image(client, referrer(ONE))

    assert only_image(client)["subjectManifestDigest"] == digest_of(ONE)


@pytest.mark.parametrize(
    ("pushed", "size"),
    [
        pytest.param({}, 2, id="generated"),
        pytest.param({"digest": UNKNOWN}, 0, id="a digest only"),
        pytest.param({"size": 5000}, 5000, id="a size"),
        pytest.param({"manifest": "odd"}, 0, id="a manifest that is not JSON"),
    ],
)
def test_an_image_pushed_by_the_fake_has_a_size_and_media_types(ecr, client, pushed, size):
    ecr.push("web", **pushed)

    details = only_image(client)

    assert details["imageSizeInBytes"] == size
    assert details["imageManifestMediaType"] == OCI
    assert details["artifactMediaType"] == CONFIG


# --- By id -------------------------------------------------------------------------------------------


def test_images_are_described_once_in_the_order_of_the_requested_ids(ecr, client):
    digests = [ecr.push("web", f"t{n}", f"u{n}").digest for n in range(5)]
    image_ids = [
        {"imageTag": "t3"},
        {"imageDigest": digests[0]},
        {"imageDigest": digests[3]},
        {"imageTag": "u0"},
        {"imageDigest": digests[2], "imageTag": "t2"},
    ]

    described = client.describe_images(repositoryName="web", imageIds=image_ids)["imageDetails"]

    assert [details["imageDigest"] for details in described] == [digests[3], digests[0], digests[2]]


@pytest.mark.parametrize(
    ("image_id", "text"),
    [
        pytest.param({"imageTag": "28f3d25"}, "{imageDigest:'null', imageTag:'28f3d25'}", id="tag"),
        pytest.param({"imageDigest": UNKNOWN}, f"{{imageDigest:'{UNKNOWN}', imageTag:'null'}}", id="digest"),
        pytest.param(
            {"imageDigest": UNKNOWN, "imageTag": "v1"},
            f"{{imageDigest:'{UNKNOWN}', imageTag:'v1'}}",
            id="digest and tag",
        ),
    ],
)
def test_describe_images_fails_if_one_image_is_missing(ecr, client, image_id, text):
    ecr.push("web", "v1")

    assert error_of(client.describe_images, repositoryName="web", imageIds=[{"imageTag": "v1"}, image_id]) == (
        "ImageNotFoundException",
        f"The image with imageId {text} does not exist within the repository with name 'web' in the registry "
        "with id '123456789012'",
        400,
    )


@pytest.mark.parametrize(
    "parameters",
    [
        pytest.param({"imageIds": [{"imageTag": "v1"}], "maxResults": 5}, id="ids with maxResults"),
        pytest.param({"imageIds": [{"imageTag": "v1"}], "nextToken": "x"}, id="ids with nextToken"),
        pytest.param({"imageIds": []}, id="no ids"),
        pytest.param({"imageIds": [{"imageTag": "v1"}] * 101}, id="101 ids"),
        pytest.param({"imageIds": [{}]}, id="an empty id"),
        pytest.param({"imageIds": [{"imageDigest": "sha256"}]}, id="a malformed digest"),
        pytest.param({"imageIds": [{"imageTag": "a b"}]}, id="a malformed tag"),
        pytest.param({"imageIds": [{"imageTag": ""}]}, id="an empty tag"),
        pytest.param({"maxResults": 0}, id="maxResults 0"),
        pytest.param({"maxResults": 1001}, id="maxResults 1001"),
        pytest.param({"nextToken": "made up"}, id="an invalid token"),
        pytest.param({"filter": {"tagStatus": "tagged"}}, id="an unknown tagStatus"),
        pytest.param({"filter": {"imageStatus": "GONE"}}, id="an unknown imageStatus"),
    ],
)
def test_describe_images_refuses_invalid_parameters(ecr, client, parameters):
    ecr.push("web", "v1")

    assert code_of(client.describe_images, repositoryName="web", **parameters) == "InvalidParameterException"


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        pytest.param({}, 2, id="no filter"),
        pytest.param({"filter": {}}, 1, id="an empty filter"),
        pytest.param({"filter": {"imageStatus": "ARCHIVED"}}, 1, id="archived"),
        pytest.param({"filter": {"imageStatus": "ANY"}}, 2, id="any status"),
        pytest.param({"filter": {"imageStatus": "ANY", "tagStatus": "UNTAGGED"}}, 0, id="untagged of any status"),
    ],
)
def test_images_requested_by_id_have_any_status_unless_there_is_a_filter(client, many_images, filters, count):
    image_ids = [{"imageTag": "t1"}, {"imageTag": "old"}]

    described = client.describe_images(repositoryName="web", imageIds=image_ids, **filters)["imageDetails"]

    assert len(described) == count


# --- By filter, page by page -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        pytest.param({}, 7, id="empty"),
        pytest.param({"imageStatus": "ANY"}, 10, id="any status"),
        pytest.param({"imageStatus": "ACTIVATING"}, 1, id="activating"),
        pytest.param({"imageStatus": "ARCHIVED"}, 2, id="archived"),
        pytest.param({"tagStatus": "ANY"}, 7, id="tagged or untagged"),
        pytest.param({"tagStatus": "TAGGED"}, 4, id="tagged"),
        pytest.param({"tagStatus": "UNTAGGED"}, 3, id="untagged"),
        pytest.param({"tagStatus": "TAGGED", "imageStatus": "ANY"}, 6, id="tagged of any status"),
        pytest.param({"tagStatus": "UNTAGGED", "imageStatus": "ARCHIVED"}, 1, id="untagged and archived"),
    ],
)
def test_describe_images_returns_the_images_that_match_the_filter_in_pages(client, many_images, filters, count):
    parameters = {"repositoryName": "web", "filter": filters}

    assert len(client.describe_images(**parameters)["imageDetails"]) == count
    check_paging(client.describe_images, "imageDetails", "maxResults", **parameters)


def test_describe_images_pages_on_every_database(database):
    with FakeECR(database) as ecr:
        for n in range(6):
            ecr.push("web", *(["t", f"t{n}"] if n % 2 else []))

        check_paging(unchecked(ecr).describe_images, "imageDetails", "maxResults", repositoryName="web")


def test_a_page_of_describe_images_has_a_hundred_images_by_default_and_a_thousand_at_most(ecr, client):
    ecr.seed(seed_of({"name": "web", "images": [{"count": 1001}]}))

    pages = all_pages(client.describe_images, "imageDetails", repositoryName="web")
    assert [len(page) for page in pages][:2] == [100, 100]

    pages = all_pages(client.describe_images, "imageDetails", repositoryName="web", maxResults=1000)
    assert [len(page) for page in pages] == [1000, 1]


def test_changes_between_pages_of_describe_images_neither_hide_nor_repeat_other_images(ecr, client):
    digests = [ecr.push("web", f"t{n}").digest for n in range(6)]
    first = client.describe_images(repositoryName="web", maxResults=2)
    client.batch_delete_image(repositoryName="web", imageIds=[{"imageDigest": digests[0]}, {"imageTag": "t3"}])
    ecr.push("web", "t4")  # the image that had this tag stays, untagged

    remaining = all_pages(
        client.describe_images, "imageDetails", repositoryName="web", maxResults=2, nextToken=first["nextToken"]
    )

    described = [details["imageDigest"] for page in remaining for details in page]
    assert described[:3] == [digests[2], digests[4], digests[5]]
    assert len(described) == 4


def test_a_token_of_describe_images_is_refused_by_another_operation_or_filter(client, many_images):
    token = client.describe_images(repositoryName="web", maxResults=2)["nextToken"]

    assert code_of(client.list_images, repositoryName="web", nextToken=token) == "InvalidParameterException"
    for filters in ({"tagStatus": "TAGGED"}, {"imageStatus": "ANY"}):
        parameters = {"repositoryName": "web", "filter": filters, "nextToken": token}
        assert code_of(client.describe_images, **parameters) == "InvalidParameterException"


def test_the_paginator_of_describe_images_follows_the_tokens(client, many_images):
    pages = client.get_paginator("describe_images").paginate(repositoryName="web", PaginationConfig={"PageSize": 3})

    assert [len(page["imageDetails"]) for page in pages] == [3, 3, 1]
