"""A registry's description, account settings, and exclusions from the recording of pull times."""

from __future__ import annotations

import pytest

from tests.answers import check_paging, code_of, error_of
from tests.operations.helpers import content
from tests.operations.samples import SCANNER_ROLE


def test_a_new_registry_has_no_replication_rules(client):
    assert content(client.describe_registry()) == {
        "registryId": "123456789012",
        "replicationConfiguration": {"rules": []},
    }


# --- Account settings --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "default", "other"),
    [
        pytest.param("BASIC_SCAN_TYPE_VERSION", "AWS_NATIVE", "CLAIR", id="BASIC_SCAN_TYPE_VERSION"),
        pytest.param("BLOB_MOUNTING", "DISABLED", "ENABLED", id="BLOB_MOUNTING"),
        pytest.param("REGISTRY_POLICY_SCOPE", "V2", "V1", id="REGISTRY_POLICY_SCOPE"),
    ],
)
def test_an_account_setting_has_a_default_until_it_is_put(client, name, default, other):
    def setting():
        response = client.get_account_setting(name=name)
        return response["name"], response["value"]

    assert setting() == (name, default)
    for value in (other, default):
        put = client.put_account_setting(name=name, value=value)
        assert (put["name"], put["value"]) == setting() == (name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("BLOB_MOUNTING", "V1", id="a value of another setting"),
        pytest.param("BLOB_MOUNTING", "", id="an empty value"),
        pytest.param("BLOB", "ENABLED", id="an unknown name"),
        pytest.param("", "x", id="an empty name"),
        pytest.param("x" * 65, "x", id="a name of 65 characters"),
    ],
)
def test_an_invalid_account_setting_is_refused(client, name, value):
    assert code_of(client.put_account_setting, name=name, value=value) == "InvalidParameterException"
    if name != "BLOB_MOUNTING":
        assert code_of(client.get_account_setting, name=name) == "InvalidParameterException"


def test_each_region_has_its_own_account_settings(client, west_client):
    client.put_account_setting(name="BLOB_MOUNTING", value="ENABLED")

    assert west_client.get_account_setting(name="BLOB_MOUNTING")["value"] == "DISABLED"


# --- Exclusions from the recording of pull times -----------------------------------------------------


def test_a_pull_time_update_exclusion_is_registered_listed_and_deregistered(client):
    created = client.register_pull_time_update_exclusion(principalArn=SCANNER_ROLE)
    assert created["principalArn"] == SCANNER_ROLE
    assert "createdAt" in created
    assert client.list_pull_time_update_exclusions()["pullTimeUpdateExclusions"] == [SCANNER_ROLE]

    deregistered = client.deregister_pull_time_update_exclusion(principalArn=SCANNER_ROLE)
    assert deregistered["principalArn"] == SCANNER_ROLE
    assert client.list_pull_time_update_exclusions()["pullTimeUpdateExclusions"] == []


def test_pull_times_are_not_recorded_while_there_is_an_exclusion(ecr, client):
    ecr.push("web", "latest", manifest="{}")

    def pull_is_recorded():
        client.batch_get_image(repositoryName="web", imageIds=[{"imageTag": "latest"}])
        return "lastRecordedPullTime" in client.describe_images(repositoryName="web")["imageDetails"][0]

    client.register_pull_time_update_exclusion(principalArn=SCANNER_ROLE)
    assert not pull_is_recorded()

    client.deregister_pull_time_update_exclusion(principalArn=SCANNER_ROLE)
    assert pull_is_recorded()


def test_a_registry_has_at_most_a_hundred_exclusions_and_one_per_principal(client):
    register = client.register_pull_time_update_exclusion
    for n in range(100):
        register(principalArn=f"{SCANNER_ROLE}{n}")

    assert code_of(register, principalArn=SCANNER_ROLE) == "LimitExceededException"
    assert code_of(register, principalArn=f"{SCANNER_ROLE}0") == "ExclusionAlreadyExistsException"
    check_paging(client.list_pull_time_update_exclusions, "pullTimeUpdateExclusions", "maxResults")


@pytest.mark.parametrize(
    "arn",
    [
        pytest.param("", id="empty"),
        pytest.param("scanner", id="not an ARN"),
        pytest.param("arn:aws:iam::1:role/x", id="an account of one digit"),
        pytest.param("arn:aws:s3:::bucket", id="a bucket"),
        pytest.param(SCANNER_ROLE + "x" * 200, id="a long name"),
    ],
)
def test_the_principal_of_an_exclusion_must_be_a_role_or_a_user(client, arn):
    for operation in (client.register_pull_time_update_exclusion, client.deregister_pull_time_update_exclusion):
        assert code_of(operation, principalArn=arn) == "InvalidParameterException"


def test_an_exclusion_that_is_not_registered_is_not_found(client):
    code, message, _ = error_of(client.deregister_pull_time_update_exclusion, principalArn=SCANNER_ROLE)

    assert code == "ExclusionNotFoundException"
    assert SCANNER_ROLE in message
