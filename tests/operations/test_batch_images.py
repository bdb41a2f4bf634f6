"""BatchGetImage and BatchDeleteImage: for each image id an image, or a failure with its reason."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from freezegun import freeze_time

from fakeecr import FakeECR
from tests.answers import all_pages, error_of, identifiers
from tests.conftest import unchecked
from tests.manifests import DOCKER, OCI, OCI_INDEX, digest_of, image, index
from tests.operations.helpers import archive_image, listed_identifiers, only_image, put_image, seed_of

ONE, TWO, THREE = image("one"), image("two"), image("three")
D1, D2, D3 = digest_of(ONE), digest_of(TWO), digest_of(THREE)
UNKNOWN = digest_of("unknown")

both_operations = pytest.mark.parametrize(
    ("operation", "successes"),
    [
        pytest.param("batch_get_image", "images", id="BatchGetImage"),
        pytest.param("batch_delete_image", "imageIds", id="BatchDeleteImage"),
    ],
)


@pytest.fixture
def images(client, web):
    """Push ONE with the tags a and b, TWO with the tag c, and THREE without a tag to the repository "web"."""
    for manifest, tag in ((ONE, "a"), (ONE, "b"), (TWO, "c"), (THREE, None)):
        put_image(client, manifest, tag)


def pulled_identifiers(response):
    """Return the (digest, tag) of each image of a response of BatchGetImage."""
    return [(pulled["imageId"]["imageDigest"], pulled["imageId"].get("imageTag")) for pulled in response["images"]]


# --- Both operations ---------------------------------------------------------------------------------

FAILURE_REASONS = {
    "ImageNotFound": "Requested image not found",
    "MissingDigestAndTag": "Invalid request parameters: both tag and digest cannot be null",
    "InvalidImageDigest": "Invalid request parameters: image digest should satisfy the regex "
    "'[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
    "InvalidImageTag": "Invalid request parameters: image tag should satisfy the regex '[a-zA-Z0-9-_.]+'",
    "ImageTagDoesNotMatchDigest": "Invalid request parameters: given tag does not map to the given digest",
}
FAILURES = {
    "unknown tag": ({"imageTag": "unknown"}, "ImageNotFound"),
    "unknown digest": ({"imageDigest": UNKNOWN}, "ImageNotFound"),
    "digest with an unknown tag": ({"imageDigest": D1, "imageTag": "unknown"}, "ImageNotFound"),
    "unknown digest with an unknown tag": ({"imageDigest": UNKNOWN, "imageTag": "unknown"}, "ImageNotFound"),
    "neither digest nor tag": ({}, "MissingDigestAndTag"),
    "digest without hexadecimal digits": ({"imageDigest": "sha256"}, "InvalidImageDigest"),
    "empty digest": ({"imageDigest": ""}, "InvalidImageDigest"),
    "NUL as digest, with a tag": ({"imageDigest": "\0", "imageTag": "a"}, "InvalidImageDigest"),
    "letters after f in a digest": ({"imageDigest": "sha256:xyz", "imageTag": "a"}, "InvalidImageDigest"),
    "tag with a space": ({"imageTag": "a b"}, "InvalidImageTag"),
    "NUL as tag": ({"imageTag": "\0"}, "InvalidImageTag"),
    "tag of another digest": ({"imageDigest": D2, "imageTag": "a"}, "ImageTagDoesNotMatchDigest"),
    "tag with an unknown digest": ({"imageDigest": UNKNOWN, "imageTag": "a"}, "ImageTagDoesNotMatchDigest"),
}


@both_operations
@pytest.mark.parametrize(("image_id", "code"), FAILURES.values(), ids=FAILURES)
def test_a_failure_has_the_image_id_of_the_request_and_a_reason(client, images, operation, successes, image_id, code):
    response = getattr(client, operation)(repositoryName="web", imageIds=[image_id])

    assert response["failures"] == [{"imageId": image_id, "failureCode": code, "failureReason": FAILURE_REASONS[code]}]
    assert response[successes] == []
    assert len(set(listed_identifiers(client))) == 4


@both_operations
def test_an_image_id_that_fails_does_not_affect_the_others(client, images, operation, successes):
    image_ids = [{"imageTag": "unknown"}, {"imageTag": "c"}]

    response = getattr(client, operation)(repositoryName="web", imageIds=image_ids)

    assert [failure["failureCode"] for failure in response["failures"]] == ["ImageNotFound"]
    assert len(response[successes]) == 1


@both_operations
@pytest.mark.parametrize(
    ("image_ids", "constraint"),
    [
        pytest.param([], "Member must have length greater than or equal to 1", id="none"),
        pytest.param([{"imageTag": "a"}] * 101, "Member must have length less than or equal to 100", id="101"),
    ],
)
def test_fewer_than_one_or_more_than_a_hundred_image_ids_are_refused(
    client, images, operation, successes, image_ids, constraint
):
    assert error_of(getattr(client, operation), repositoryName="web", imageIds=image_ids) == (
        "InvalidParameterException",
        f"Invalid parameter at 'imageIds' failed to satisfy constraint: '{constraint}'",
        400,
    )
    assert len(set(listed_identifiers(client))) == 4


@both_operations
def test_a_repeated_image_id_is_answered_once(client, images, operation, successes):
    image_ids = [{"imageTag": "c"}, {"imageTag": "unknown"}] * 2

    response = getattr(client, operation)(repositoryName="web", imageIds=image_ids)

    assert len(response["failures"]) == 1
    assert len(response[successes]) == 1


@both_operations
def test_an_image_of_another_registry_is_not_found(ecr, client, images, operation, successes):
    ecr.push("web", "theirs", manifest=ONE, registry_id="999999999999")
    image_ids = [{"imageDigest": D1}, {"imageTag": "theirs"}]

    response = getattr(client, operation)(repositoryName="web", imageIds=image_ids)

    assert [failure["imageId"] for failure in response["failures"]] == [{"imageTag": "theirs"}]
    assert set(listed_identifiers(client, registryId="999999999999")) == {(D1, "theirs")}


# --- BatchGetImage -----------------------------------------------------------------------------------


def test_batch_get_image_returns_the_requested_tag_of_an_image(client, images):
    image_ids = [{"imageTag": "b"}, {"imageDigest": D2}, {"imageDigest": D1, "imageTag": "a"}]

    response = client.batch_get_image(repositoryName="web", imageIds=image_ids)

    assert pulled_identifiers(response) == [(D1, "b"), (D2, "c"), (D1, "a")]
    assert [pulled["imageManifest"] for pulled in response["images"]] == [ONE, TWO, ONE]
    assert response["failures"] == []


def test_batch_get_image_by_digest_returns_the_image_once_per_tag(client, images):
    image_ids = [{"imageDigest": D1}, {"imageDigest": D3}]

    response = client.batch_get_image(repositoryName="web", imageIds=image_ids)

    assert pulled_identifiers(response) == [(D1, "a"), (D1, "b"), (D3, None)]


def test_batch_get_image_returns_a_generated_image(ecr, client, images):
    pushed = ecr.push("web", "generated")

    (pulled,) = client.batch_get_image(repositoryName="web", imageIds=[{"imageTag": "generated"}])["images"]

    assert digest_of(pulled["imageManifest"]) == pushed.digest
    assert pulled["imageManifestMediaType"] == OCI


def test_batch_get_image_of_an_image_without_a_manifest_is_a_failure(ecr, client, images):
    ecr.push("web", "bare", digest=UNKNOWN)

    response = client.batch_get_image(repositoryName="web", imageIds=[{"imageTag": "bare"}])

    assert response["images"] == []
    (failure,) = response["failures"]
    assert failure["failureCode"] == "ImageInaccessible"
    assert "give the seed or the push its manifest" in failure["failureReason"]


@pytest.mark.parametrize(
    ("accepted_media_types", "tags"),
    [
        pytest.param([OCI], ["a"], id="images"),
        pytest.param([OCI, OCI_INDEX], ["a", "multi"], id="images and indexes"),
        pytest.param([OCI_INDEX], ["multi"], id="indexes"),
        pytest.param([DOCKER], [], id="another media type"),
    ],
)
def test_batch_get_image_returns_accepted_media_types_only(client, images, accepted_media_types, tags):
    put_image(client, index(ONE), "multi")

    response = client.batch_get_image(
        repositoryName="web",
        imageIds=[{"imageTag": "a"}, {"imageTag": "multi"}],
        acceptedMediaTypes=accepted_media_types,
    )

    assert [pulled["imageId"]["imageTag"] for pulled in response["images"]] == tags
    assert {failure["failureCode"] for failure in response["failures"]} <= {"ImageNotFound"}
    assert len(response["failures"]) == 2 - len(tags)


def test_batch_get_image_records_the_pull_time_of_the_returned_images_only(client, images):
    with freeze_time("2026-05-05 12:00:00.5"):
        client.batch_get_image(repositoryName="web", imageIds=[{"imageTag": "a"}, {"imageTag": "unknown"}])

    described = client.describe_images(repositoryName="web")["imageDetails"]
    assert [details.get("lastRecordedPullTime") for details in described] == [
        datetime(2026, 5, 5, 12, 0, 0, 500_000, UTC), None, None,
    ]  # fmt: skip


def test_batch_get_image_of_an_archived_image_is_a_failure(client, images):
    archive_image(client, imageTag="c")

    response = client.batch_get_image(repositoryName="web", imageIds=[{"imageDigest": D2}, {"imageDigest": D1}])

    assert [failure["failureCode"] for failure in response["failures"]] == ["ImageInaccessible"]
    assert {digest for digest, _ in pulled_identifiers(response)} == {D1}
    assert "lastRecordedPullTime" not in only_image(client, imageIds=[{"imageDigest": D2}])


# --- BatchDeleteImage --------------------------------------------------------------------------------


# For each request: the deleted identifiers, and those that remain.
DELETIONS = {
    "one of two tags":
        ([{"imageTag": "a"}], [(D1, "a")], {(D1, "b"), (D2, "c"), (D3, None)}),
    "both tags":
        ([{"imageTag": "a"}, {"imageTag": "b"}], [(D1, "a"), (D1, "b")], {(D2, "c"), (D3, None)}),
    "the only tag":
        ([{"imageTag": "c"}], [(D2, "c")], {(D1, "a"), (D1, "b"), (D3, None)}),
    "the digest of two tags":
        ([{"imageDigest": D1}], [(D1, "a"), (D1, "b")], {(D2, "c"), (D3, None)}),
    "a digest with a tag":
        ([{"imageDigest": D1, "imageTag": "b"}], [(D1, "b")], {(D1, "a"), (D2, "c"), (D3, None)}),
    "the digest of an untagged image":
        ([{"imageDigest": D3}], [(D3, None)], {(D1, "a"), (D1, "b"), (D2, "c")}),
    "a digest, then a tag of it":
        ([{"imageDigest": D1}, {"imageTag": "a"}], [(D1, "a"), (D1, "b")], {(D2, "c"), (D3, None)}),
    "a tag, then its digest":
        ([{"imageTag": "a"}, {"imageDigest": D1}], [(D1, "a"), (D1, "b")], {(D2, "c"), (D3, None)}),
    "a tag, then its digest with the tag":
        ([{"imageTag": "a"}, {"imageDigest": D1, "imageTag": "a"}], [(D1, "a")],
         {(D1, "b"), (D2, "c"), (D3, None)}),
    "a digest with its only tag, then the digest":
        ([{"imageDigest": D2, "imageTag": "c"}, {"imageDigest": D2}], [(D2, "c")],
         {(D1, "a"), (D1, "b"), (D3, None)}),
    "an untagged image twice":
        ([{"imageDigest": D3}, {"imageDigest": D3}], [(D3, None)], {(D1, "a"), (D1, "b"), (D2, "c")}),
}  # fmt: skip


@pytest.mark.parametrize(("image_ids", "deleted", "remaining"), DELETIONS.values(), ids=DELETIONS)
def test_batch_delete_image_deletes_an_image_with_its_last_tag(client, images, image_ids, deleted, remaining):
    response = client.batch_delete_image(repositoryName="web", imageIds=image_ids)

    assert identifiers(response) == deleted
    assert response["failures"] == []
    assert set(listed_identifiers(client)) == remaining


def test_batch_delete_image_accepts_the_image_ids_of_a_page_of_list_images(ecr, client):
    ecr.push("web", *[f"t{n}" for n in range(150)])
    for _ in range(30):
        ecr.push("web")

    while page := client.list_images(repositoryName="web", maxResults=100)["imageIds"]:
        response = client.batch_delete_image(repositoryName="web", imageIds=page)
        assert response["failures"] == []
        assert response["imageIds"] == page

    assert set(listed_identifiers(client)) == set()


def test_deleting_each_page_of_list_images_neither_loses_nor_repeats_an_identifier(ecr, client):
    ecr.seed(seed_of({"name": "web", "images": [{"count": 250, "tags": ["t{n}"]}, {"count": 50}]}))
    expected = [
        image_id for page in all_pages(client.list_images, "imageIds", repositoryName="web") for image_id in page
    ]

    listed = []
    for page in client.get_paginator("list_images").paginate(repositoryName="web", PaginationConfig={"PageSize": 70}):
        listed += page["imageIds"]
        response = client.batch_delete_image(repositoryName="web", imageIds=page["imageIds"])
        assert response["failures"] == []

    assert listed == expected
    assert set(listed_identifiers(client)) == set()


def test_batch_delete_image_keeps_an_image_while_a_list_refers_to_it(client, images):
    lists = [index(ONE), index(ONE, TWO)]
    for n, manifest in enumerate(lists):
        put_image(client, manifest, f"multi-{n}")
    referenced = {
        "failureCode": "ImageReferencedByManifestList",
        "failureReason": f"Requested image referenced by manifest list: [{digest_of(lists[0])}, {digest_of(lists[1])}]",
    }

    response = client.batch_delete_image(repositoryName="web", imageIds=[{"imageDigest": D1}])
    assert (response["imageIds"], response["failures"]) == ([], [{"imageId": {"imageDigest": D1}, **referenced}])

    # A tag of the image can be deleted, but not its last one.
    response = client.batch_delete_image(repositoryName="web", imageIds=[{"imageTag": "a"}, {"imageTag": "b"}])
    assert identifiers(response) == [(D1, "a")]
    assert response["failures"] == [{"imageId": {"imageTag": "b"}, **referenced}]

    # The last tag can move to another image; once the lists are deleted, so can the image be.
    put_image(client, lists[0], "b")
    list_ids = [{"imageDigest": digest_of(manifest)} for manifest in lists]
    assert client.batch_delete_image(repositoryName="web", imageIds=list_ids)["failures"] == []
    assert client.batch_delete_image(repositoryName="web", imageIds=[{"imageDigest": D1}])["failures"] == []
    assert set(listed_identifiers(client)) == {(D2, "c"), (D3, None)}


@pytest.mark.parametrize("position", [pytest.param(0, id="list first"), pytest.param(2, id="list last")])
def test_deleting_a_list_with_its_images_leaves_the_images_for_a_second_call(client, images, position):
    multi = index(TWO, THREE)
    put_image(client, multi, "multi")
    image_ids = [{"imageDigest": D2}, {"imageDigest": D3}]
    image_ids.insert(position, {"imageDigest": digest_of(multi)})

    response = client.batch_delete_image(repositoryName="web", imageIds=image_ids)
    assert identifiers(response) == [(digest_of(multi), "multi")]
    assert [failure["failureCode"] for failure in response["failures"]] == ["ImageReferencedByManifestList"] * 2

    failed_ids = [failure["imageId"] for failure in response["failures"]]
    response = client.batch_delete_image(repositoryName="web", imageIds=failed_ids)
    assert response["failures"] == []
    assert set(listed_identifiers(client)) == {(D1, "a"), (D1, "b")}


def test_batch_delete_image_deletes_an_archived_image(client, images):
    archive_image(client, imageTag="c")

    response = client.batch_delete_image(repositoryName="web", imageIds=[{"imageTag": "c"}])

    assert identifiers(response) == [(D2, "c")]


def test_batch_delete_image_works_on_every_database(database):
    with FakeECR(database) as ecr:
        ecr.push("web", "a", "b", manifest=ONE)
        multi = ecr.push("web", "multi", platforms=["linux/amd64", "linux/arm64"])
        client = unchecked(ecr)
        child = multi.platforms["linux/amd64"]

        response = client.batch_delete_image(
            repositoryName="web", imageIds=[{"imageTag": "a"}, {"imageDigest": child}, {"imageTag": "multi"}]
        )

        assert identifiers(response) == [(D1, "a"), (multi.digest, "multi")]
        assert [failure["imageId"] for failure in response["failures"]] == [{"imageDigest": child}]
        assert len(set(listed_identifiers(client))) == 3
