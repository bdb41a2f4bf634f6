"""Repository creation templates, and the repositories that pushes, replication and caches create by them."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from freezegun import freeze_time

from fakeecr import FakeECR
from tests.answers import check_paging, code_of, error_of
from tests.conftest import unchecked
from tests.manifests import image
from tests.operations.test_lifecycle import OLD_UNTAGGED
from tests.operations.test_policies import POLICY, WRITTEN

KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ROLE = "arn:aws:iam::123456789012:role/creator"
ON_PUSH = {"prefix": "prod", "appliedFor": ["CREATE_ON_PUSH"]}
IN_FULL = {
    **ON_PUSH,
    "description": "What is in production.",
    "encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": KEY},
    "resourceTags": [{"Key": "team", "Value": "blue"}],
    "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
    "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "latest"}],
    "repositoryPolicy": json.dumps(POLICY),
    "lifecyclePolicy": OLD_UNTAGGED,
    "customRoleArn": ROLE,
}


def push(client, name="prod/web", **parameters):
    client.put_image(repositoryName=name, imageManifest=image(), imageTag="1.0", **parameters)


class TestTemplate:
    def test_is_created_described_updated_and_deleted(self, database):
        with freeze_time("2026-01-01") as clock, FakeECR(database) as ecr:
            client = unchecked(ecr)
            created = client.create_repository_creation_template(**IN_FULL)
            assert created["registryId"] == "123456789012"
            template = created["repositoryCreationTemplate"]
            assert {key: value for key, value in template.items() if key in IN_FULL} == IN_FULL
            assert template["createdAt"] == template["updatedAt"]
            assert client.describe_repository_creation_templates()["repositoryCreationTemplates"] == [template]
            clock.tick(timedelta(hours=1))
            updated = client.update_repository_creation_template(prefix="prod", description="Changed.")
            changed = updated["repositoryCreationTemplate"]
            assert changed["updatedAt"] - template["updatedAt"] == timedelta(hours=1)
            assert {**changed, "updatedAt": template["updatedAt"]} == {**template, "description": "Changed."}
            deleted = client.delete_repository_creation_template(prefix="prod")
            assert deleted["repositoryCreationTemplate"] == changed
            assert client.describe_repository_creation_templates()["repositoryCreationTemplates"] == []

    def test_has_defaults(self, client):
        template = client.create_repository_creation_template(**ON_PUSH)["repositoryCreationTemplate"]
        assert template["imageTagMutability"] == "MUTABLE"
        assert template["encryptionConfiguration"] == {"encryptionType": "AES256"}
        assert template.keys() == {*ON_PUSH, "imageTagMutability", "encryptionConfiguration", "createdAt", "updatedAt"}

    def test_loses_its_filters_with_the_mutability_that_has_them(self, client):
        filters = [{"filterType": "WILDCARD", "filter": "latest"}]
        client.create_repository_creation_template(
            **ON_PUSH, imageTagMutability="IMMUTABLE_WITH_EXCLUSION", imageTagMutabilityExclusionFilters=filters
        )
        update = client.update_repository_creation_template
        kept = update(prefix="prod", description="web")["repositoryCreationTemplate"]
        assert kept["imageTagMutabilityExclusionFilters"] == filters
        changed = update(prefix="prod", imageTagMutability="MUTABLE")["repositoryCreationTemplate"]
        assert changed["imageTagMutability"] == "MUTABLE"
        assert "imageTagMutabilityExclusionFilters" not in changed

    def test_is_there_once_a_prefix(self, client):
        client.create_repository_creation_template(**ON_PUSH)
        for prefix in ("prod", "prod/"):
            request = {**ON_PUSH, "prefix": prefix}
            code, message, _ = error_of(client.create_repository_creation_template, **request)
            assert code == "TemplateAlreadyExistsException"
            assert "prod" in message
        client.create_repository_creation_template(**{**ON_PUSH, "prefix": "ROOT"})

    def test_that_is_not_there_is_not_found(self, client):
        for operation in (client.update_repository_creation_template, client.delete_repository_creation_template):
            assert code_of(operation, prefix="prod") == "TemplateNotFoundException"

    @pytest.mark.parametrize(
        "change",
        [
            {"prefix": "A"},
            {"prefix": ""},
            {"appliedFor": ["EVERYTHING"]},
            {"customRoleArn": "", "resourceTags": [{"Key": "a", "Value": "b"}]},
            {"resourceTags": [{"Key": "a", "Value": "b"}]},
            {"encryptionConfiguration": {"encryptionType": "KMS"}},
            {"encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": "mine"}, "customRoleArn": ROLE},
            {
                "encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": KEY.replace("us-east-1", "eu-west-1")},
                "customRoleArn": ROLE,
            },
            {"resourceTags": [{"Key": "", "Value": ""}], "customRoleArn": ROLE},
            {"resourceTags": [{"Key": f"key{n}", "Value": ""} for n in range(51)], "customRoleArn": ROLE},
            {"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION"},
            {"imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "latest"}]},
            {"repositoryPolicy": "{}"},
            {"lifecyclePolicy": "{}"},
        ],
    )
    def test_is_refused_where_it_is_none(self, client, change):
        assert code_of(client.create_repository_creation_template, **{**ON_PUSH, **change}) == (
            "InvalidParameterException"
        )
        assert client.describe_repository_creation_templates()["repositoryCreationTemplates"] == []
        if "prefix" not in change:
            client.create_repository_creation_template(**ON_PUSH)
            assert code_of(client.update_repository_creation_template, **{"prefix": "prod", **change}) == (
                "InvalidParameterException"
            )

    def test_are_paged_or_named(self, client):
        for n in range(5):
            client.create_repository_creation_template(prefix=f"team{n}", appliedFor=["REPLICATION"])
        describe = client.describe_repository_creation_templates
        check_paging(describe, "repositoryCreationTemplates", "maxResults")
        found = describe(prefixes=["team3", "unknown", "team1"])["repositoryCreationTemplates"]
        assert {each["prefix"] for each in found} == {"team1", "team3"}
        assert code_of(describe, prefixes=["team3"], maxResults=1) == "InvalidParameterException"


class TestCreateOnPush:
    def test_makes_the_repository_by_its_template(self, client):
        client.create_repository_creation_template(**IN_FULL)
        push(client)
        (repository,) = client.describe_repositories()["repositories"]
        assert repository["repositoryName"] == "prod/web"
        assert repository["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
        assert repository["imageTagMutabilityExclusionFilters"] == IN_FULL["imageTagMutabilityExclusionFilters"]
        assert repository["encryptionConfiguration"] == IN_FULL["encryptionConfiguration"]
        tags = client.list_tags_for_resource(resourceArn=repository["repositoryArn"])["tags"]
        assert tags == IN_FULL["resourceTags"]
        assert client.get_repository_policy(repositoryName="prod/web")["policyText"] == WRITTEN
        assert json.loads(client.get_lifecycle_policy(repositoryName="prod/web")["lifecyclePolicyText"]) == (
            json.loads(OLD_UNTAGGED)
        )

    def test_makes_it_for_the_first_layer(self, client):
        client.create_repository_creation_template(**ON_PUSH)
        client.initiate_layer_upload(repositoryName="prod/web")
        assert len(client.describe_repositories()["repositories"]) == 1

    def test_makes_it_for_a_push_of_the_fake(self, ecr, client):
        client.create_repository_creation_template(**ON_PUSH, imageTagMutability="IMMUTABLE")
        ecr.push("prod/web", "1.0")
        (repository,) = client.describe_repositories()["repositories"]
        assert repository["imageTagMutability"] == "IMMUTABLE"

    @pytest.mark.parametrize(
        ("prefixes", "name", "by"),
        [
            (["prod", "prod/web", "ROOT"], "prod/web/a", "prod/web"),
            (["prod", "prod/web", "ROOT"], "prod/webs", "prod"),
            (["prod", "ROOT"], "production", "ROOT"),
            (["prod/"], "prod/web", "prod/"),
            (["prod"], "production", None),
            (["prod/web"], "prod", None),
        ],
    )
    def test_takes_the_longest_prefix(self, client, prefixes, name, by):
        for prefix in prefixes:
            client.create_repository_creation_template(
                prefix=prefix, appliedFor=["CREATE_ON_PUSH"], imageTagMutability=mutability(prefix == by)
            )
        if by is None:
            assert code_of(push, client=client, name=name) == "RepositoryNotFoundException"
            return
        push(client, name)
        (repository,) = client.describe_repositories()["repositories"]
        assert repository["imageTagMutability"] == "IMMUTABLE"

    def test_is_for_templates_that_say_so(self, client):
        client.create_repository_creation_template(prefix="prod", appliedFor=["REPLICATION", "PULL_THROUGH_CACHE"])
        assert code_of(push, client=client) == "RepositoryNotFoundException"

    def test_leaves_repositories_that_are_there_as_they_are(self, client):
        client.create_repository(repositoryName="prod/web")
        client.create_repository_creation_template(**ON_PUSH, imageTagMutability="IMMUTABLE")
        push(client)
        (repository,) = client.describe_repositories()["repositories"]
        assert repository["imageTagMutability"] == "MUTABLE"

    def test_makes_nothing_where_the_push_is_refused(self, client):
        client.create_repository_creation_template(**ON_PUSH)
        assert code_of(client.put_image, repositoryName="prod/web", imageManifest="x") == "InvalidParameterException"
        assert client.describe_repositories()["repositories"] == []


def mutability(is_immutable):
    return "IMMUTABLE" if is_immutable else "MUTABLE"
