"""client(): a client that belongs to one fake."""

from __future__ import annotations

import pytest
from botocore.config import Config

from fakeecr import FakeECR, FakeECRError
from tests.front_door.clients import fake_with, tags_in_web


def test_the_client_of_a_fake_that_is_not_started_is_answered():
    ecr = fake_with("latest", region="eu-west-1")

    client = ecr.client()

    assert client.meta.region_name == "eu-west-1"
    assert tags_in_web(client) == ["latest"]
    ecr.stop()


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda client: client.list_images(repositoryName="web"), id="an operation"),
        pytest.param(
            lambda client: client.generate_presigned_url("list_images", Params={"repositoryName": "web"}),
            id="a presigned URL",
        ),
    ],
)
def test_the_client_of_a_stopped_fake_raises_an_error(call):
    with FakeECR() as ecr:
        client = ecr.client()

    with pytest.raises(FakeECRError, match=r"its fake was stopped.*nothing was sent to AWS"):
        call(client)


def test_the_client_of_a_fake_is_answered_by_it_while_another_is_active(ecr):
    ecr.push("web", "outer")
    client = ecr.client()

    with FakeECR():
        assert tags_in_web(client) == ["outer"]


def test_the_client_of_a_stopped_fake_raises_an_error_while_another_is_active(ecr):
    with FakeECR() as inner:
        client = inner.client()

    with pytest.raises(FakeECRError, match="its fake was stopped"):
        client.list_images(repositoryName="web")


def test_the_client_of_a_fake_is_answered_again_after_a_restart():
    ecr = FakeECR()
    client = ecr.client()

    for tag in ("first", "second"):
        with ecr:
            ecr.push("web", tag)
            assert tags_in_web(client) == [tag]


@pytest.mark.parametrize(
    ("arguments", "region"),
    [
        pytest.param({}, "us-east-1", id="the fake's region"),
        pytest.param({"region_name": "us-west-2"}, "us-west-2", id="an argument"),
        pytest.param({"config": Config(region_name="us-west-2")}, "us-west-2", id="a Config"),
        pytest.param(
            {"config": Config(region_name="us-west-2"), "region_name": "eu-west-1"},
            "eu-west-1",
            id="an argument and a Config",
        ),
        pytest.param({"config": Config(retries={"mode": "standard"})}, "us-east-1", id="a Config without a region"),
    ],
)
def test_the_region_of_a_client_comes_from_its_argument_config_or_fake(ecr, monkeypatch, arguments, region):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-south-1")
    ecr.push("web", "latest", region=region)

    client = ecr.client(**arguments)

    assert (client.meta.region_name, tags_in_web(client)) == (region, ["latest"])


def test_a_client_accepts_the_arguments_of_boto3(ecr):
    client = ecr.client(
        "us-west-2",
        endpoint_url="http://localhost:1",
        aws_access_key_id="mine",
        config=Config(retries={"mode": "adaptive"}),
    )

    assert client.meta.endpoint_url == "http://localhost:1"
    assert client._request_signer._credentials.access_key == "mine"
    assert client.meta.config.retries["mode"] == "adaptive"


def test_a_client_ignores_configuration_files_and_profiles(ecr, monkeypatch, tmp_path):
    config = tmp_path / "config"
    config.write_text("[default]\nregion = eu-west-3\nendpoint_url = http://localhost:1\nretry_mode = adaptive\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_PROFILE", "missing")

    client = ecr.client()

    assert client.meta.region_name == "us-east-1"
    assert client.meta.endpoint_url == "https://api.ecr.us-east-1.amazonaws.com"
    assert client.meta.config.retries["mode"] != "adaptive"
