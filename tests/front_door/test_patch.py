"""patch(): one client or one session is answered, and no other."""

from __future__ import annotations

import gc
import weakref
from unittest.mock import MagicMock

import boto3
import botocore.session
import pytest

from fakeecr import FakeECR, FakeECRError
from tests.answers import ONCE, code_of, reaches_for_the_network
from tests.front_door.clients import SESSION, client_of_aws, fake_with, tags_in_web


def test_a_patched_client_is_answered_and_no_other():
    ecr = fake_with("latest")
    patched, other = client_of_aws(), client_of_aws()

    ecr.patch(patched)
    assert tags_in_web(patched) == ["latest"]
    assert reaches_for_the_network(other.list_images, repositoryName="web")

    ecr.stop()
    assert reaches_for_the_network(patched.list_images, repositoryName="web")


@pytest.mark.parametrize("make_session", [boto3.Session, botocore.session.Session], ids=["boto3", "botocore"])
def test_the_clients_that_a_patched_session_makes_later_are_answered(make_session):
    ecr = fake_with("latest", region="eu-west-1")
    patched_session, other_session = make_session(), make_session()

    def make_client(session, *region, **options):
        method = session.client if make_session is boto3.Session else session.create_client
        return method("ecr", *region, **options)

    earlier = make_client(patched_session, "us-east-1", **ONCE)

    ecr.patch(patched_session)
    # The client needs neither credentials nor a region.
    patched = make_client(patched_session)
    assert (patched.meta.region_name, tags_in_web(patched)) == ("eu-west-1", ["latest"])
    for unpatched in (earlier, make_client(other_session, "us-east-1", **ONCE)):
        assert reaches_for_the_network(unpatched.list_images, repositoryName="web")

    ecr.stop()
    for client in (patched, make_client(patched_session, "us-east-1", **ONCE)):
        assert reaches_for_the_network(client.list_images, repositoryName="web")


def test_a_patch_takes_precedence_over_the_active_fake(ecr):
    ecr.push("web", "active")
    client = SESSION.client("ecr")
    patching = fake_with("patching")

    patching.patch(client)
    assert tags_in_web(client) == ["patching"]

    patching.stop()
    assert tags_in_web(client) == ["active"]


@pytest.mark.parametrize("stopped", ["first", "second"])
def test_the_later_of_two_patches_answers_until_its_fake_stops(stopped):
    fakes = {name: fake_with(name) for name in ("first", "second")}
    client = client_of_aws()
    for fake in fakes.values():
        fake.patch(client)
    assert tags_in_web(client) == ["second"]

    fakes.pop(stopped).stop()
    [(remaining_name, remaining_fake)] = fakes.items()
    assert tags_in_web(client) == [remaining_name]

    remaining_fake.stop()
    assert reaches_for_the_network(client.list_images, repositoryName="web")


def test_a_client_that_is_patched_repeatedly_is_answered_once():
    client = client_of_aws()

    for tag in ("first", "second"):
        ecr = fake_with(tag)
        for _ in range(3):
            ecr.patch(client)
        ecr.fail("ListImages", "AccessDeniedException")
        assert code_of(client.list_images, repositoryName="web") == "AccessDeniedException"
        assert tags_in_web(client) == [tag]
        ecr.stop()

    assert reaches_for_the_network(client.list_images, repositoryName="web")


def test_a_client_does_not_keep_a_stopped_fake_alive_after_the_next_patch():
    client = client_of_aws()
    stopped = fake_with("stopped")
    stopped.patch(client)
    stopped.stop()
    reference = weakref.ref(stopped)
    del stopped

    with FakeECR() as ecr:
        ecr.patch(client)
        gc.collect()
        assert reference() is None


def test_a_patch_of_another_fakes_client_lasts_until_the_patching_fake_stops():
    owner, other = fake_with("owner"), fake_with("other")
    client = owner.client()

    other.patch(client)
    assert tags_in_web(client) == ["other"]

    other.stop()
    assert tags_in_web(client) == ["owner"]

    owner.stop()
    with pytest.raises(FakeECRError, match="its fake was stopped"):
        client.list_images(repositoryName="web")


@pytest.mark.parametrize(
    ("make_target", "message"),
    [
        pytest.param(
            lambda: SESSION.client("s3", "us-east-1", **ONCE),
            "answers clients of ecr; this is one of s3",
            id="a client of S3",
        ),
        pytest.param(
            lambda: SESSION.client("ecr-public", "us-east-1", **ONCE),
            "this is one of ecr-public",
            id="a client of ECR Public",
        ),
        pytest.param(lambda: boto3.resource("s3", "us-east-1", **ONCE), "got s3.ServiceResource", id="a resource"),
        pytest.param(
            lambda: "ecr",
            "patch.. takes a client of ECR, a boto3 Session or a botocore Session; got str",
            id="text",
        ),
        pytest.param(lambda: None, "got NoneType", id="None"),
        pytest.param(lambda: boto3, "got module", id="the module boto3"),
        pytest.param(MagicMock, "got MagicMock", id="a mock"),
    ],
)
def test_a_patch_of_another_object_is_refused_and_opens_nothing(make_target, message):
    ecr = FakeECR()

    with pytest.raises(TypeError, match=message):
        ecr.patch(make_target())

    assert not ecr.is_open
