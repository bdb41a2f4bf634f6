"""Managed signing: which images are signed when they are pushed, according to their status."""

from __future__ import annotations

import pytest

from tests.answers import code_of
from tests.operations.helpers import put_image
from tests.operations.samples import SIGNING_PROFILE, signing_configuration

LATEST = {"repositoryName": "web", "imageId": {"imageTag": "latest"}}


def put_configuration(client, *wildcards):
    """Put the signing configuration of one rule, for the repositories that match the wildcards or for all."""
    client.put_signing_configuration(signingConfiguration=signing_configuration(*wildcards))


def signing_profiles(client):
    """Return the profiles in the signing status of the image web:latest."""
    statuses = client.describe_image_signing_status(**LATEST)["signingStatuses"]
    return [status["signingProfileArn"] for status in statuses]


def test_a_signing_configuration_is_put_returned_and_deleted(client):
    configuration = signing_configuration("web*")

    put = client.put_signing_configuration(signingConfiguration=configuration)

    assert put["signingConfiguration"] == configuration
    for operation in (client.get_signing_configuration, client.delete_signing_configuration):
        response = operation()
        assert (response["registryId"], response["signingConfiguration"]) == ("123456789012", configuration)
    for operation in (client.get_signing_configuration, client.delete_signing_configuration):
        assert code_of(operation) == "SigningConfigurationNotFoundException"


@pytest.mark.parametrize(
    ("wildcards", "matches"),
    [
        pytest.param((), True, id="no filter"),
        pytest.param(["we*"], True, id="a filter that matches"),
        pytest.param(["we"], False, id="a filter that does not match"),
        pytest.param(["a", "*b"], True, id="a second filter that matches"),
    ],
)
def test_a_pushed_image_is_signed_if_a_rule_matches_its_repository(client, web, wildcards, matches):
    put_configuration(client, *wildcards)
    put_image(client, tag="latest")

    status = client.describe_image_signing_status(**LATEST)

    assert status["imageId"]["imageTag"] == "latest"
    signed = [{"signingProfileArn": SIGNING_PROFILE, "status": "COMPLETE"}]
    assert status["signingStatuses"] == (signed if matches else [])


def test_an_image_pushed_before_the_signing_configuration_is_not_signed(client, web):
    put_image(client, tag="latest")

    put_configuration(client)

    assert signing_profiles(client) == []


def test_a_signed_image_stays_signed_without_the_signing_configuration(client, web):
    put_configuration(client)
    put_image(client, tag="latest")

    client.delete_signing_configuration()

    assert signing_profiles(client) == [SIGNING_PROFILE]


def test_an_image_pushed_by_the_fake_is_signed(ecr, client):
    put_configuration(client)

    ecr.push("web", "latest")

    assert signing_profiles(client) == [SIGNING_PROFILE]


@pytest.mark.parametrize(
    "configuration",
    [
        pytest.param({}, id="no rules"),
        pytest.param({"rules": [{}]}, id="an empty rule"),
        pytest.param({"rules": signing_configuration()["rules"] * 11}, id="eleven rules"),
        pytest.param(
            signing_configuration(profile="arn:aws:signer:us-east-1:123456789012:mine"), id="a malformed profile"
        ),
        pytest.param(signing_configuration("A!"), id="a malformed filter"),
        pytest.param(signing_configuration(*["a"] * 101), id="101 filters"),
    ],
)
def test_an_invalid_signing_configuration_is_refused(client, configuration):
    assert code_of(client.put_signing_configuration, signingConfiguration=configuration) == "InvalidParameterException"


def test_the_signing_status_of_an_unknown_repository_or_image_is_not_found(client):
    assert code_of(client.describe_image_signing_status, **LATEST) == "RepositoryNotFoundException"

    client.create_repository(repositoryName="web")
    assert code_of(client.describe_image_signing_status, **LATEST) == "ImageNotFoundException"
