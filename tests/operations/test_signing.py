"""Managed signing: which images are signed as they are pushed, as far as a status tells it."""

from __future__ import annotations

import pytest

from tests.answers import code_of
from tests.manifests import image

PROFILE = "arn:aws:signer:us-east-1:123456789012:/signing-profiles/mine"
LATEST = {"repositoryName": "web", "imageId": {"imageTag": "latest"}}


def signing(*wildcards, profile=PROFILE):
    rule = {"signingProfileArn": profile}
    if wildcards:
        rule["repositoryFilters"] = [{"filter": each, "filterType": "WILDCARD_MATCH"} for each in wildcards]
    return {"rules": [rule]}


def signed(client):
    return [each["signingProfileArn"] for each in client.describe_image_signing_status(**LATEST)["signingStatuses"]]


def test_a_configuration_is_put_given_and_deleted(client):
    configuration = signing("web*")
    assert client.put_signing_configuration(signingConfiguration=configuration)["signingConfiguration"] == configuration
    for operation in (client.get_signing_configuration, client.delete_signing_configuration):
        found = operation()
        assert (found["registryId"], found["signingConfiguration"]) == ("123456789012", configuration)
    for operation in (client.get_signing_configuration, client.delete_signing_configuration):
        assert code_of(operation) == "SigningConfigurationNotFoundException"


@pytest.mark.parametrize(("wildcards", "fits"), [((), True), (["we*"], True), (["we"], False), (["a", "*b"], True)])
def test_what_is_pushed_is_signed_by_the_rules_that_fit(client, wildcards, fits):
    client.create_repository(repositoryName="web")
    client.put_signing_configuration(signingConfiguration=signing(*wildcards))
    client.put_image(repositoryName="web", imageManifest=image(), imageTag="latest")
    status = client.describe_image_signing_status(**LATEST)
    assert status["imageId"]["imageTag"] == "latest"
    assert status["signingStatuses"] == ([{"signingProfileArn": PROFILE, "status": "COMPLETE"}] if fits else [])


def test_what_was_pushed_before_is_not_signed(client):
    client.create_repository(repositoryName="web")
    client.put_image(repositoryName="web", imageManifest=image(), imageTag="latest")
    client.put_signing_configuration(signingConfiguration=signing())
    assert signed(client) == []


def test_what_is_signed_stays_signed(client):
    client.create_repository(repositoryName="web")
    client.put_signing_configuration(signingConfiguration=signing())
    client.put_image(repositoryName="web", imageManifest=image(), imageTag="latest")
    client.delete_signing_configuration()
    assert signed(client) == [PROFILE]


def test_a_push_of_the_fake_is_signed_as_well(ecr, client):
    client.put_signing_configuration(signingConfiguration=signing())
    ecr.push("web", "latest")
    assert signed(client) == [PROFILE]


@pytest.mark.parametrize(
    "configuration",
    [
        {},
        {"rules": [{}]},
        {"rules": signing()["rules"] * 11},
        signing(profile="arn:aws:signer:us-east-1:123456789012:mine"),
        signing("A!"),
        signing(*["a"] * 101),
    ],
)
def test_what_is_no_configuration_is_refused(client, configuration):
    assert code_of(client.put_signing_configuration, signingConfiguration=configuration) == "InvalidParameterException"


def test_the_status_of_what_is_not_there_is_not_found(client):
    assert code_of(client.describe_image_signing_status, **LATEST) == "RepositoryNotFoundException"
    client.create_repository(repositoryName="web")
    assert code_of(client.describe_image_signing_status, **LATEST) == "ImageNotFoundException"
