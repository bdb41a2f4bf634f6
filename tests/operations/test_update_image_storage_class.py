"""UpdateImageStorageClass: images are archived and restored."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from freezegun import freeze_time

from tests.answers import error_of, identifiers
from tests.manifests import digest_of, image
from tests.operations.helpers import archive_image, content, only_image, put_image, seed_of

ONE, TWO = image("one"), image("two")
D1, D2 = digest_of(ONE), digest_of(TWO)


@pytest.fixture(autouse=True)
def pushed_image(client, web):
    """Push ONE with the tag v1 to the repository "web"."""
    put_image(client, ONE, "v1")


def update(client, image_id, storage_class="ARCHIVE"):
    """Move an image to a storage class; return the response."""
    return client.update_image_storage_class(repositoryName="web", imageId=image_id, targetStorageClass=storage_class)


def listed(client, **parameters):
    """Return the (digest, tag) of the identifiers that ListImages returns, those of active images by default."""
    return identifiers(client.list_images(repositoryName="web", **parameters))


@pytest.mark.parametrize(
    "image_id",
    [
        pytest.param({"imageTag": "v1"}, id="by tag"),
        pytest.param({"imageDigest": D1}, id="by digest"),
        pytest.param({"imageDigest": D1, "imageTag": "v1"}, id="by digest and tag"),
    ],
)
def test_an_image_is_archived_and_restored(client, image_id):
    archived = {"imageStatus": "ARCHIVED"}

    with freeze_time("2026-01-01"):
        response = update(client, image_id)
    assert content(response) == {
        "registryId": "123456789012",
        "repositoryName": "web",
        "imageId": {"imageDigest": D1, **image_id},
        "imageStatus": "ARCHIVED",
    }
    assert listed(client) == []
    assert listed(client, filter=archived) == [(D1, "v1")]
    assert client.describe_images(repositoryName="web")["imageDetails"] == []
    details = only_image(client, filter=archived)
    assert details["imageStatus"] == "ARCHIVED"
    assert details["lastArchivedAt"] == datetime(2026, 1, 1, tzinfo=UTC)

    with freeze_time("2026-02-02"):
        # As in the second sample of the API reference; every later answer says ACTIVE.
        assert update(client, image_id, "STANDARD")["imageStatus"] == "ACTIVATING"
    assert listed(client) == [(D1, "v1")]
    details = only_image(client)
    assert details["lastArchivedAt"] == datetime(2026, 1, 1, tzinfo=UTC)
    assert details["lastActivatedAt"] == datetime(2026, 2, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    "tag", [pytest.param("v1", id="same tag"), pytest.param("v2", id="new tag"), pytest.param(None, id="no tag")]
)
def test_pushing_an_archived_image_restores_it(client, tag):
    archive_image(client, imageDigest=D1)

    with freeze_time("2026-02-02"):
        put_image(client, ONE, tag)

    details = only_image(client)
    assert details["lastActivatedAt"] == datetime(2026, 2, 2, tzinfo=UTC)
    assert set(details["imageTags"]) == {"v1", tag or "v1"}


def test_a_push_by_the_fake_restores_an_archived_image_but_a_seed_does_not(ecr, client):
    archive_image(client, imageDigest=D1)

    ecr.seed(seed_of({"name": "web", "images": [{"manifest": ONE, "tags": ["v2"]}]}))
    assert listed(client) == []

    ecr.push("web", "v3", manifest=ONE)
    assert {tag for _, tag in listed(client)} == {"v1", "v2", "v3"}


@pytest.mark.parametrize(
    ("earlier", "storage_class"),
    [
        pytest.param([], "STANDARD", id="an active image"),
        pytest.param(["ARCHIVE"], "ARCHIVE", id="an archived image"),
    ],
)
def test_moving_an_image_to_the_storage_class_that_it_has_is_refused(client, earlier, storage_class):
    for earlier_class in earlier:
        update(client, {"imageDigest": D1}, earlier_class)

    code, message, _ = error_of(lambda: update(client, {"imageDigest": D1}, storage_class))

    assert code == "ImageStorageClassUpdateNotSupportedException"
    assert D1 in message


@pytest.mark.parametrize(
    ("image_id", "storage_class", "code"),
    [
        pytest.param({"imageTag": "unknown"}, "ARCHIVE", "ImageNotFoundException", id="an unknown tag"),
        pytest.param({"imageDigest": D2}, "ARCHIVE", "ImageNotFoundException", id="an unknown digest"),
        pytest.param(
            {"imageDigest": D2, "imageTag": "v1"}, "ARCHIVE", "ImageNotFoundException", id="a tag of another digest"
        ),
        pytest.param({}, "ARCHIVE", "InvalidParameterException", id="an empty id"),
        pytest.param({"imageDigest": "none"}, "ARCHIVE", "InvalidParameterException", id="a malformed digest"),
        pytest.param({"imageTag": "a b"}, "ARCHIVE", "InvalidParameterException", id="a malformed tag"),
        pytest.param({"imageTag": "v1"}, "GLACIER", "InvalidParameterException", id="an unknown storage class"),
    ],
)
def test_update_image_storage_class_refuses_an_unknown_image_or_storage_class(client, image_id, storage_class, code):
    assert error_of(lambda: update(client, image_id, storage_class))[0] == code
    assert listed(client) == [(D1, "v1")]
