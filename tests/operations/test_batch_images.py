"""BatchGetImage and BatchDeleteImage: each id answered once, with an image or the reason why there is none."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from freezegun import freeze_time

from fakeecr import FakeECR
from tests.answers import all_pages, error_of, identifiers
from tests.conftest import unchecked
from tests.manifests import DOCKER, OCI, OCI_INDEX, digest_of, image, index

ONE, TWO, THREE = image("one"), image("two"), image("three")
D1, D2, D3 = digest_of(ONE), digest_of(TWO), digest_of(THREE)
UNKNOWN = digest_of("unknown")


def reason(code):
    return {
        "ImageNotFound": "Requested image not found",
        "MissingDigestAndTag": "Invalid request parameters: both tag and digest cannot be null",
        "InvalidImageDigest": "Invalid request parameters: image digest should satisfy the regex "
        "'[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
        "InvalidImageTag": "Invalid request parameters: image tag should satisfy the regex '[a-zA-Z0-9-_.]+'",
        "ImageTagDoesNotMatchDigest": "Invalid request parameters: given tag does not map to the given digest",
    }[code]


FAILURES = [
    ({"imageTag": "unknown"}, "ImageNotFound"),
    ({"imageDigest": UNKNOWN}, "ImageNotFound"),
    ({"imageDigest": D1, "imageTag": "unknown"}, "ImageNotFound"),
    ({"imageDigest": UNKNOWN, "imageTag": "unknown"}, "ImageNotFound"),
    ({}, "MissingDigestAndTag"),
    ({"imageDigest": "sha256"}, "InvalidImageDigest"),
    ({"imageDigest": ""}, "InvalidImageDigest"),
    ({"imageDigest": "\0", "imageTag": "a"}, "InvalidImageDigest"),
    ({"imageDigest": "sha256:xyz", "imageTag": "a"}, "InvalidImageDigest"),
    ({"imageTag": "a b"}, "InvalidImageTag"),
    ({"imageTag": "\0"}, "InvalidImageTag"),
    ({"imageDigest": D2, "imageTag": "a"}, "ImageTagDoesNotMatchDigest"),
    ({"imageDigest": UNKNOWN, "imageTag": "a"}, "ImageTagDoesNotMatchDigest"),
]


@pytest.fixture
def web(client):
    """ONE with the tags a and b, TWO with the tag c, THREE without one."""
    client.create_repository(repositoryName="web")
    for manifest, tag in ((ONE, "a"), (ONE, "b"), (TWO, "c")):
        client.put_image(repositoryName="web", imageManifest=manifest, imageTag=tag)
    client.put_image(repositoryName="web", imageManifest=THREE)
    return client


def ids_of(response, key):
    return [(each["imageId"]["imageDigest"], each["imageId"].get("imageTag")) for each in response[key]]


def listed(client, name="web", **parameters):
    return set(identifiers(client.list_images(repositoryName=name, filter={"imageStatus": "ANY"}, **parameters)))


@pytest.mark.parametrize("operation", ["batch_get_image", "batch_delete_image"])
class TestBoth:
    @pytest.mark.parametrize(("image_id", "code"), FAILURES)
    def test_tell_why_an_image_cannot_be_had_and_echo_its_id(self, web, operation, image_id, code):
        response = getattr(web, operation)(repositoryName="web", imageIds=[image_id])
        assert response["failures"] == [{"imageId": image_id, "failureCode": code, "failureReason": reason(code)}]
        assert response["images" if operation == "batch_get_image" else "imageIds"] == []
        assert len(listed(web)) == 4

    def test_answer_what_they_can(self, web, operation):
        response = getattr(web, operation)(repositoryName="web", imageIds=[{"imageTag": "unknown"}, {"imageTag": "c"}])
        assert [each["failureCode"] for each in response["failures"]] == ["ImageNotFound"]
        assert len(response["images" if operation == "batch_get_image" else "imageIds"]) == 1

    @pytest.mark.parametrize(
        ("image_ids", "constraint"),
        [
            ([], "Member must have length greater than or equal to 1"),
            ([{"imageTag": "a"}] * 101, "Member must have length less than or equal to 100"),
        ],
    )
    def test_take_one_to_a_hundred_ids(self, web, operation, image_ids, constraint):
        assert error_of(getattr(web, operation), repositoryName="web", imageIds=image_ids) == (
            "InvalidParameterException",
            f"Invalid parameter at 'imageIds' failed to satisfy constraint: '{constraint}'",
            400,
        )
        assert len(listed(web)) == 4

    def test_repeat_nothing_that_is_asked_for_twice(self, web, operation):
        twice = [{"imageTag": "c"}, {"imageTag": "unknown"}] * 2
        response = getattr(web, operation)(repositoryName="web", imageIds=twice)
        assert len(response["failures"]) == 1
        assert len(response["images" if operation == "batch_get_image" else "imageIds"]) == 1

    def test_touch_no_image_of_another_registry(self, ecr, web, operation):
        ecr.push("web", "theirs", manifest=ONE, registry_id="999999999999")
        ids = [{"imageDigest": D1}, {"imageTag": "theirs"}]
        response = getattr(web, operation)(repositoryName="web", imageIds=ids)
        assert [each["imageId"] for each in response["failures"]] == [{"imageTag": "theirs"}]
        assert listed(web, registryId="999999999999") == {(D1, "theirs")}


class TestBatchGetImage:
    def test_gives_back_the_tag_that_was_asked_for(self, web):
        ids = [{"imageTag": "b"}, {"imageDigest": D2}, {"imageDigest": D1, "imageTag": "a"}]
        response = web.batch_get_image(repositoryName="web", imageIds=ids)
        assert ids_of(response, "images") == [(D1, "b"), (D2, "c"), (D1, "a")]
        assert [each["imageManifest"] for each in response["images"]] == [ONE, TWO, ONE]
        assert response["failures"] == []

    def test_gives_by_digest_an_image_for_each_tag(self, web):
        response = web.batch_get_image(repositoryName="web", imageIds=[{"imageDigest": D1}, {"imageDigest": D3}])
        assert ids_of(response, "images") == [(D1, "a"), (D1, "b"), (D3, None)]

    def test_gives_what_fakeecr_made_up(self, ecr, web):
        pushed = ecr.push("web", "made-up")
        (got,) = web.batch_get_image(repositoryName="web", imageIds=[{"imageTag": "made-up"}])["images"]
        assert digest_of(got["imageManifest"]) == pushed.digest
        assert got["imageManifestMediaType"] == OCI

    def test_says_that_it_has_no_manifest_of_what_is_known_by_its_digest_alone(self, ecr, web):
        ecr.push("web", "bare", digest=UNKNOWN)
        response = web.batch_get_image(repositoryName="web", imageIds=[{"imageTag": "bare"}])
        assert response["images"] == []
        (failure,) = response["failures"]
        assert failure["failureCode"] == "ImageInaccessible"
        assert "give the seed or the push its manifest" in failure["failureReason"]

    @pytest.mark.parametrize(
        ("accepted", "found"),
        [([OCI], ["a"]), ([OCI, OCI_INDEX], ["a", "multi"]), ([OCI_INDEX], ["multi"]), ([DOCKER], [])],
    )
    def test_gives_only_media_types_that_are_accepted(self, web, accepted, found):
        web.put_image(repositoryName="web", imageManifest=index(ONE), imageTag="multi")
        response = web.batch_get_image(
            repositoryName="web", imageIds=[{"imageTag": "a"}, {"imageTag": "multi"}], acceptedMediaTypes=accepted
        )
        assert [each["imageId"]["imageTag"] for each in response["images"]] == found
        assert {each["failureCode"] for each in response["failures"]} <= {"ImageNotFound"}
        assert len(response["failures"]) == 2 - len(found)

    def test_records_the_pull_of_what_it_gave_and_of_nothing_else(self, web):
        with freeze_time("2026-05-05 12:00:00.5"):
            web.batch_get_image(repositoryName="web", imageIds=[{"imageTag": "a"}, {"imageTag": "unknown"}])
        details = web.describe_images(repositoryName="web")["imageDetails"]
        assert [each.get("lastRecordedPullTime") for each in details] == [
            datetime(2026, 5, 5, 12, 0, 0, 500_000, UTC), None, None,
        ]  # fmt: skip

    def test_gives_no_archived_image(self, web):
        web.update_image_storage_class(repositoryName="web", imageId={"imageTag": "c"}, targetStorageClass="ARCHIVE")
        response = web.batch_get_image(repositoryName="web", imageIds=[{"imageDigest": D2}, {"imageDigest": D1}])
        assert [each["failureCode"] for each in response["failures"]] == ["ImageInaccessible"]
        assert {digest for digest, _ in ids_of(response, "images")} == {D1}
        details = web.describe_images(repositoryName="web", imageIds=[{"imageDigest": D2}])["imageDetails"]
        assert "lastRecordedPullTime" not in details[0]


class TestBatchDeleteImage:
    @pytest.mark.parametrize(
        ("image_ids", "deleted", "left"),
        [
            ([{"imageTag": "a"}], [(D1, "a")], {(D1, "b"), (D2, "c"), (D3, None)}),
            ([{"imageTag": "a"}, {"imageTag": "b"}], [(D1, "a"), (D1, "b")], {(D2, "c"), (D3, None)}),
            ([{"imageTag": "c"}], [(D2, "c")], {(D1, "a"), (D1, "b"), (D3, None)}),
            ([{"imageDigest": D1}], [(D1, "a"), (D1, "b")], {(D2, "c"), (D3, None)}),
            ([{"imageDigest": D1, "imageTag": "b"}], [(D1, "b")], {(D1, "a"), (D2, "c"), (D3, None)}),
            ([{"imageDigest": D3}], [(D3, None)], {(D1, "a"), (D1, "b"), (D2, "c")}),
            ([{"imageDigest": D1}, {"imageTag": "a"}], [(D1, "a"), (D1, "b")], {(D2, "c"), (D3, None)}),
            ([{"imageTag": "a"}, {"imageDigest": D1}], [(D1, "a"), (D1, "b")], {(D2, "c"), (D3, None)}),
            ([{"imageTag": "a"}, {"imageDigest": D1, "imageTag": "a"}], [(D1, "a")],
             {(D1, "b"), (D2, "c"), (D3, None)}),
            ([{"imageDigest": D2, "imageTag": "c"}, {"imageDigest": D2}], [(D2, "c")],
             {(D1, "a"), (D1, "b"), (D3, None)}),
            ([{"imageDigest": D3}, {"imageDigest": D3}], [(D3, None)], {(D1, "a"), (D1, "b"), (D2, "c")}),
        ],
    )  # fmt: skip
    def test_deletes_tags_and_with_the_last_the_image(self, web, image_ids, deleted, left):
        response = web.batch_delete_image(repositoryName="web", imageIds=image_ids)
        assert identifiers(response) == deleted
        assert response["failures"] == []
        assert listed(web) == left

    def test_takes_a_page_of_list_images_as_it_stands(self, ecr, client):
        ecr.push("big", *[f"t{n}" for n in range(150)])
        for _ in range(30):
            ecr.push("big")
        while page := client.list_images(repositoryName="big", maxResults=100)["imageIds"]:
            response = client.batch_delete_image(repositoryName="big", imageIds=page)
            assert response["failures"] == []
            assert response["imageIds"] == page
        assert listed(client, "big") == set()

    def test_a_lister_that_deletes_between_pages_loses_and_repeats_nothing(self, ecr, client):
        ecr.seed({"registries": [{"repositories": [
            {"name": "big", "images": [{"count": 250, "tags": ["t{n}"]}, {"count": 50}]}]}]})  # fmt: skip
        expected = [item for page in all_pages(client.list_images, "imageIds", repositoryName="big") for item in page]
        seen = []
        for page in client.get_paginator("list_images").paginate(
            repositoryName="big", PaginationConfig={"PageSize": 70}
        ):
            seen += page["imageIds"]
            response = client.batch_delete_image(repositoryName="big", imageIds=page["imageIds"])
            assert response["failures"] == []
        assert seen == expected
        assert listed(client, "big") == set()

    def test_an_image_of_a_list_is_kept_until_the_list_is_gone(self, web):
        lists = [index(ONE), index(ONE, TWO)]
        for n, manifest in enumerate(lists):
            web.put_image(repositoryName="web", imageManifest=manifest, imageTag=f"multi-{n}")
        referenced = {
            "failureCode": "ImageReferencedByManifestList",
            "failureReason": f"Requested image referenced by manifest list: "
            f"[{digest_of(lists[0])}, {digest_of(lists[1])}]",
        }
        response = web.batch_delete_image(repositoryName="web", imageIds=[{"imageDigest": D1}])
        assert (response["imageIds"], response["failures"]) == ([], [{"imageId": {"imageDigest": D1}, **referenced}])
        # A tag can go, but not the last.
        response = web.batch_delete_image(repositoryName="web", imageIds=[{"imageTag": "a"}, {"imageTag": "b"}])
        assert identifiers(response) == [(D1, "a")]
        assert response["failures"] == [{"imageId": {"imageTag": "b"}, **referenced}]
        # Unless it moves to the list before.
        web.put_image(repositoryName="web", imageManifest=lists[0], imageTag="b")
        ids = [{"imageDigest": digest_of(manifest)} for manifest in lists]
        assert web.batch_delete_image(repositoryName="web", imageIds=ids)["failures"] == []
        assert web.batch_delete_image(repositoryName="web", imageIds=[{"imageDigest": D1}])["failures"] == []
        assert listed(web) == {(D2, "c"), (D3, None)}

    @pytest.mark.parametrize("list_first", [True, False])
    def test_a_list_and_its_images_in_one_call_leave_the_images_for_a_second(self, web, list_first):
        multi = index(TWO, THREE)
        web.put_image(repositoryName="web", imageManifest=multi, imageTag="multi")
        ids = [{"imageDigest": D2}, {"imageDigest": D3}]
        ids.insert(0 if list_first else 2, {"imageDigest": digest_of(multi)})
        response = web.batch_delete_image(repositoryName="web", imageIds=ids)
        assert identifiers(response) == [(digest_of(multi), "multi")]
        assert [each["failureCode"] for each in response["failures"]] == ["ImageReferencedByManifestList"] * 2
        response = web.batch_delete_image(
            repositoryName="web", imageIds=[each["imageId"] for each in response["failures"]]
        )
        assert response["failures"] == []
        assert listed(web) == {(D1, "a"), (D1, "b")}

    def test_an_archived_image_can_be_deleted(self, web):
        web.update_image_storage_class(repositoryName="web", imageId={"imageTag": "c"}, targetStorageClass="ARCHIVE")
        assert identifiers(web.batch_delete_image(repositoryName="web", imageIds=[{"imageTag": "c"}])) == [(D2, "c")]

    def test_deletes_on_every_database(self, database):
        with FakeECR(database) as ecr:
            ecr.push("web", "a", "b", manifest=ONE)
            multi = ecr.push("web", "multi", platforms=["linux/amd64", "linux/arm64"])
            client = unchecked(ecr)
            child = multi.platforms["linux/amd64"]
            response = client.batch_delete_image(
                repositoryName="web", imageIds=[{"imageTag": "a"}, {"imageDigest": child}, {"imageTag": "multi"}]
            )
            assert identifiers(response) == [(D1, "a"), (multi.digest, "multi")]
            assert [each["imageId"] for each in response["failures"]] == [{"imageDigest": child}]
            assert len(listed(client)) == 3
