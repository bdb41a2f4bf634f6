"""What a write costs does not grow with the repository: counted in SQLite's own steps, which no clock disturbs."""

from __future__ import annotations

import pytest

from fakeecr import FakeECR
from tests.conftest import unchecked
from tests.manifests import digest_of, image, index

ONE, TWO = image("one"), image("two")


def push_new(client):
    client.put_image(repositoryName="web", imageManifest=image("new"), imageTag="new")


def move_a_tag(client):
    client.put_image(repositoryName="web", imageManifest=TWO, imageTag="a")


def tag_an_untagged_one(client):
    client.put_image(repositoryName="web", imageManifest=ONE, imageTag="b")


def push_a_list(client):
    client.put_image(repositoryName="web", imageManifest=index(ONE, TWO), imageTag="multi")


def delete_some(client):
    ids = [{"imageTag": f"build-{n}"} for n in range(1, 101)]
    assert client.batch_delete_image(repositoryName="web", imageIds=ids)["failures"] == []


def delete_a_tag(client):
    client.batch_delete_image(repositoryName="web", imageIds=[{"imageDigest": digest_of(TWO), "imageTag": "c"}])


def pull(client):
    client.batch_get_image(repositoryName="web", imageIds=[{"imageTag": "c"}, {"imageDigest": digest_of(ONE)}])


def archive(client):
    client.update_image_storage_class(repositoryName="web", imageId={"imageTag": "c"}, targetStorageClass="ARCHIVE")


def describe_by_id(client):
    client.describe_images(repositoryName="web", imageIds=[{"imageTag": "c"}, {"imageDigest": digest_of(ONE)}])


def describe_a_page(client):
    client.describe_images(repositoryName="web", maxResults=50)


def list_referrers(client):
    client.list_image_referrers(repositoryName="web", subjectId={"imageDigest": digest_of(ONE)})


CALLS = [
    push_new, move_a_tag, tag_an_untagged_one, push_a_list, delete_some, delete_a_tag, pull, archive, describe_by_id,
    describe_a_page, list_referrers,
]  # fmt: skip


def steps(images, call):
    """Count the steps of SQLite's machine that a call takes in a repository of so many images."""
    with FakeECR() as ecr:
        client = unchecked(ecr)
        ecr.push("web", "a", manifest=image("zero"))
        ecr.push("web", manifest=ONE)
        ecr.push("web", "c", "d", manifest=TWO)
        ecr.seed({"registries": [{"repositories": [
            {"name": "web", "images": [{"count": images, "tags": ["build-{n}"]}]}]}]})  # fmt: skip
        counted = 0

        def count():
            nonlocal counted
            counted += 1

        with ecr._open().store.reading() as connection:
            dbapi = connection.connection.dbapi_connection
        dbapi.set_progress_handler(count, 1)
        call(client)
        dbapi.set_progress_handler(None, 0)
    assert counted > 50
    return counted


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.__name__)
def test_it_does_not_grow_with_the_repository(call):
    assert steps(3000, call) <= 1.1 * steps(150, call) + 20
