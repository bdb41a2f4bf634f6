"""A call costs the same in a large repository: counted in steps of SQLite's virtual machine, not in time."""

from __future__ import annotations

import pytest

from fakeecr import FakeECR
from tests.answers import code_of
from tests.conftest import unchecked
from tests.manifests import digest_of, image, index
from tests.store.steps import count_steps

UNTAGGED, TAGGED = image("untagged"), image("tagged")


def push_a_new_image(client):
    client.put_image(repositoryName="web", imageManifest=image("new"), imageTag="new")


def move_a_tag(client):
    client.put_image(repositoryName="web", imageManifest=TAGGED, imageTag="a")


def tag_an_untagged_image(client):
    client.put_image(repositoryName="web", imageManifest=UNTAGGED, imageTag="b")


def push_a_manifest_list(client):
    client.put_image(repositoryName="web", imageManifest=index(UNTAGGED, TAGGED), imageTag="multi")


def delete_100_images(client):
    ids = [{"imageTag": f"build-{n}"} for n in range(1, 101)]
    assert client.batch_delete_image(repositoryName="web", imageIds=ids)["failures"] == []


def delete_a_tag(client):
    client.batch_delete_image(repositoryName="web", imageIds=[{"imageDigest": digest_of(TAGGED), "imageTag": "c"}])


def pull_two_images(client):
    client.batch_get_image(repositoryName="web", imageIds=[{"imageTag": "c"}, {"imageDigest": digest_of(UNTAGGED)}])


def archive_an_image(client):
    client.update_image_storage_class(repositoryName="web", imageId={"imageTag": "c"}, targetStorageClass="ARCHIVE")


def describe_two_images(client):
    client.describe_images(repositoryName="web", imageIds=[{"imageTag": "c"}, {"imageDigest": digest_of(UNTAGGED)}])


def describe_a_page(client):
    client.describe_images(repositoryName="web", maxResults=50)


def list_referrers(client):
    client.list_image_referrers(repositoryName="web", subjectId={"imageDigest": digest_of(UNTAGGED)})


def ask_for_a_missing_tag(client):
    code_of(client.describe_images, repositoryName="web", imageIds=[{"imageTag": "zebra"}])


def ask_for_a_missing_digest(client):
    code_of(client.describe_images, repositoryName="web", imageIds=[{"imageDigest": digest_of("missing")}])


def delete_a_repository_that_is_not_empty(client):
    code_of(client.delete_repository, repositoryName="web")


CALLS = [
    push_a_new_image, move_a_tag, tag_an_untagged_image, push_a_manifest_list, delete_100_images, delete_a_tag,
    pull_two_images, archive_an_image, describe_two_images, describe_a_page, list_referrers,
    ask_for_a_missing_tag, ask_for_a_missing_digest, delete_a_repository_that_is_not_empty,
]  # fmt: skip


def steps_among(images, call):
    """Return how many steps of SQLite's virtual machine a call takes in a repository with this many more images."""
    with FakeECR() as ecr:
        client = unchecked(ecr)
        ecr.push("web", "a", manifest=image("another"))
        ecr.push("web", manifest=UNTAGGED)
        ecr.push("web", "c", "d", manifest=TAGGED)
        ecr.seed({"registries": [{"repositories": [
            {"name": "web", "images": [{"count": images, "tags": ["build-{n}"]}]}]}]})  # fmt: skip
        steps = count_steps(ecr, lambda: call(client))
    assert steps > 50
    return steps


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.__name__)
def test_the_cost_of_a_call_does_not_grow_with_the_repository(call):
    assert steps_among(3000, call) <= 1.1 * steps_among(150, call) + 20
