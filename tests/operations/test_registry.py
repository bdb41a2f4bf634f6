"""A registry as a whole: its settings, and whose pulls it does not record."""

from __future__ import annotations

import pytest

from tests.answers import check_paging, code_of, error_of
from tests.conftest import unchecked

ROLE = "arn:aws:iam::123456789012:role/scanner"


def test_a_registry_replicates_nowhere_at_first(client):
    described = client.describe_registry()
    del described["ResponseMetadata"]
    assert described == {"registryId": "123456789012", "replicationConfiguration": {"rules": []}}


class TestSettings:
    @pytest.mark.parametrize(
        ("name", "default", "other"),
        [
            ("BASIC_SCAN_TYPE_VERSION", "AWS_NATIVE", "CLAIR"),
            ("BLOB_MOUNTING", "DISABLED", "ENABLED"),
            ("REGISTRY_POLICY_SCOPE", "V2", "V1"),
        ],
    )
    def test_are_as_by_default_until_they_are_put(self, client, name, default, other):
        def setting():
            found = client.get_account_setting(name=name)
            return found["name"], found["value"]

        assert setting() == (name, default)
        for value in (other, default):
            put = client.put_account_setting(name=name, value=value)
            assert (put["name"], put["value"]) == setting() == (name, value)

    @pytest.mark.parametrize(
        ("name", "value"),
        [("BLOB_MOUNTING", "V1"), ("BLOB_MOUNTING", ""), ("BLOB", "ENABLED"), ("", "x"), ("x" * 65, "x")],
    )
    def test_are_refused_where_they_are_none(self, client, name, value):
        assert code_of(client.put_account_setting, name=name, value=value) == "InvalidParameterException"
        if name != "BLOB_MOUNTING":
            assert code_of(client.get_account_setting, name=name) == "InvalidParameterException"

    def test_are_those_of_a_region(self, ecr, client):
        client.put_account_setting(name="BLOB_MOUNTING", value="ENABLED")
        elsewhere = unchecked(ecr, region_name="eu-west-1")
        assert elsewhere.get_account_setting(name="BLOB_MOUNTING")["value"] == "DISABLED"


class TestExclusions:
    def test_are_registered_listed_and_deregistered(self, client):
        created = client.register_pull_time_update_exclusion(principalArn=ROLE)
        assert created["principalArn"] == ROLE
        assert "createdAt" in created
        assert client.list_pull_time_update_exclusions()["pullTimeUpdateExclusions"] == [ROLE]
        assert client.deregister_pull_time_update_exclusion(principalArn=ROLE)["principalArn"] == ROLE
        assert client.list_pull_time_update_exclusions()["pullTimeUpdateExclusions"] == []

    def test_stop_the_recording_of_pulls(self, ecr, client):
        ecr.push("web", "latest", manifest="{}")

        def pull():
            client.batch_get_image(repositoryName="web", imageIds=[{"imageTag": "latest"}])
            return "lastRecordedPullTime" in client.describe_images(repositoryName="web")["imageDetails"][0]

        client.register_pull_time_update_exclusion(principalArn=ROLE)
        assert not pull()
        client.deregister_pull_time_update_exclusion(principalArn=ROLE)
        assert pull()

    def test_are_a_hundred_at_most_and_each_is_there_once(self, client):
        for n in range(100):
            client.register_pull_time_update_exclusion(principalArn=f"{ROLE}{n}")
        assert code_of(client.register_pull_time_update_exclusion, principalArn=ROLE) == "LimitExceededException"
        assert code_of(client.register_pull_time_update_exclusion, principalArn=f"{ROLE}0") == (
            "ExclusionAlreadyExistsException"
        )
        check_paging(client.list_pull_time_update_exclusions, "pullTimeUpdateExclusions", "maxResults")

    @pytest.mark.parametrize("arn", ["", "scanner", "arn:aws:iam::1:role/x", "arn:aws:s3:::bucket", ROLE + "x" * 200])
    def test_are_of_roles_and_users(self, client, arn):
        for operation in (client.register_pull_time_update_exclusion, client.deregister_pull_time_update_exclusion):
            assert code_of(operation, principalArn=arn) == "InvalidParameterException"

    def test_that_are_not_there_are_not_found(self, client):
        code, message, _ = error_of(client.deregister_pull_time_update_exclusion, principalArn=ROLE)
        assert code == "ExclusionNotFoundException"
        assert ROLE in message
