"""Repository creation templates, and the repositories that a push creates by them."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from freezegun import freeze_time

from fakeecr import FakeECR
from tests.answers import check_paging, code_of, error_of
from tests.conftest import unchecked
from tests.operations.helpers import only_repository, put_image
from tests.operations.samples import CREATOR_ROLE, EXPIRE_OLD_UNTAGGED, KMS_KEY, POLICY_TEXT

ON_PUSH = {"prefix": "prod", "appliedFor": ["CREATE_ON_PUSH"]}
# A template that has every setting.
FULL = {
    **ON_PUSH,
    "description": "What is in production.",
    "encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": KMS_KEY},
    "resourceTags": [{"Key": "team", "Value": "blue"}],
    "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
    "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "latest"}],
    "repositoryPolicy": POLICY_TEXT,
    "lifecyclePolicy": EXPIRE_OLD_UNTAGGED,
    "customRoleArn": CREATOR_ROLE,
}


def create(client, **template):
    """Create a template; return it as the response has it."""
    return client.create_repository_creation_template(**template)["repositoryCreationTemplate"]


def described(client, **parameters):
    """Return the templates on the first page of DescribeRepositoryCreationTemplates."""
    return client.describe_repository_creation_templates(**parameters)["repositoryCreationTemplates"]


def push(client, repository="prod/web"):
    """Push an image with the tag 1.0."""
    put_image(client, tag="1.0", repository=repository)


# --- Templates ---------------------------------------------------------------------------------------


def test_a_repository_creation_template_is_created_described_updated_and_deleted(database):
    with freeze_time("2026-01-01") as clock, FakeECR(database) as ecr:
        client = unchecked(ecr)

        created = client.create_repository_creation_template(**FULL)
        assert created["registryId"] == "123456789012"
        template = created["repositoryCreationTemplate"]
        assert {name: value for name, value in template.items() if name in FULL} == FULL
        assert template["createdAt"] == template["updatedAt"]
        assert described(client) == [template]

        clock.tick(timedelta(hours=1))
        response = client.update_repository_creation_template(prefix="prod", description="Changed.")
        updated = response["repositoryCreationTemplate"]
        assert updated["updatedAt"] - template["updatedAt"] == timedelta(hours=1)
        assert {**updated, "updatedAt": template["updatedAt"]} == {**template, "description": "Changed."}

        deleted = client.delete_repository_creation_template(prefix="prod")
        assert deleted["repositoryCreationTemplate"] == updated
        assert described(client) == []


def test_a_repository_creation_template_has_default_settings(client):
    template = create(client, **ON_PUSH)

    assert template["imageTagMutability"] == "MUTABLE"
    assert template["encryptionConfiguration"] == {"encryptionType": "AES256"}
    assert template.keys() == {*ON_PUSH, "imageTagMutability", "encryptionConfiguration", "createdAt", "updatedAt"}


def test_updating_the_mutability_of_a_template_removes_the_exclusion_filters_it_does_not_have(client):
    update = client.update_repository_creation_template
    filters = [{"filterType": "WILDCARD", "filter": "latest"}]
    create(client, **ON_PUSH, imageTagMutability="IMMUTABLE_WITH_EXCLUSION", imageTagMutabilityExclusionFilters=filters)

    template = update(prefix="prod", description="web")["repositoryCreationTemplate"]
    assert template["imageTagMutabilityExclusionFilters"] == filters

    template = update(prefix="prod", imageTagMutability="MUTABLE")["repositoryCreationTemplate"]
    assert template["imageTagMutability"] == "MUTABLE"
    assert "imageTagMutabilityExclusionFilters" not in template


def test_an_empty_custom_role_stands_for_no_role(client):
    create(client, **FULL)

    response = client.update_repository_creation_template(prefix="prod", customRoleArn="")

    assert not response["repositoryCreationTemplate"]["customRoleArn"]


def test_a_second_template_of_the_same_prefix_is_refused(client):
    create(client, **ON_PUSH)

    for prefix in ("prod", "prod/"):
        request = {**ON_PUSH, "prefix": prefix}
        code, message, _ = error_of(client.create_repository_creation_template, **request)
        assert code == "TemplateAlreadyExistsException"
        assert "prod" in message

    create(client, **{**ON_PUSH, "prefix": "ROOT"})


@pytest.mark.newest_model("prefix that ends with a slash")
@pytest.mark.parametrize(("created", "given"), [("prod", "prod/"), ("prod/", "prod"), ("prod/", "prod/")])
def test_a_template_is_found_by_its_prefix_with_or_without_a_slash_at_the_end(client, created, given):
    """There is always an assumed slash at the end of a prefix [model]."""
    create(client, **{**ON_PUSH, "prefix": created})

    assert [template["prefix"] for template in described(client, prefixes=[given])] == [created]
    client.update_repository_creation_template(prefix=given, description="Changed.")
    assert [template["description"] for template in described(client)] == ["Changed."]
    client.delete_repository_creation_template(prefix=given)
    assert described(client) == []


def test_an_unknown_template_is_not_found(client):
    for operation in (client.update_repository_creation_template, client.delete_repository_creation_template):
        assert code_of(operation, prefix="prod") == "TemplateNotFoundException"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"prefix": "A"}, id="a capital in the prefix"),
        pytest.param({"prefix": ""}, id="an empty prefix"),
        pytest.param({"appliedFor": ["EVERYTHING"]}, id="an unknown value of appliedFor"),
        pytest.param(
            {"encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": "mine"}, "customRoleArn": CREATOR_ROLE},
            id="a malformed KMS key",
        ),
        pytest.param(
            {
                "encryptionConfiguration": {
                    "encryptionType": "KMS",
                    "kmsKey": KMS_KEY.replace("us-east-1", "eu-west-1"),
                },
                "customRoleArn": CREATOR_ROLE,
            },
            id="a KMS key of another region",
        ),
        pytest.param(
            {"resourceTags": [{"Key": "", "Value": ""}], "customRoleArn": CREATOR_ROLE},
            id="a resource tag with an empty key",
        ),
        pytest.param(
            {"resourceTags": [{"Key": f"key{n}", "Value": ""} for n in range(51)], "customRoleArn": CREATOR_ROLE},
            id="51 resource tags",
        ),
        pytest.param({"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION"}, id="exclusion without filters"),
        pytest.param(
            {"imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "latest"}]},
            id="filters without exclusion",
        ),
        pytest.param(
            {"customRoleArn": CREATOR_ROLE.replace("123456789012", "999999999999")}, id="another account's role"
        ),
        pytest.param({"repositoryPolicy": "{}"}, id="an invalid repository policy"),
        pytest.param({"lifecyclePolicy": "{}"}, id="an invalid lifecycle policy"),
    ],
)
def test_an_invalid_template_is_refused(client, change):
    code = code_of(client.create_repository_creation_template, **{**ON_PUSH, **change})

    assert code == "InvalidParameterException"
    assert described(client) == []
    if "prefix" not in change:
        create(client, **ON_PUSH)
        code = code_of(client.update_repository_creation_template, **{"prefix": "prod", **change})
        assert code == "InvalidParameterException"


def test_templates_are_described_in_pages_or_by_prefix(client):
    describe = client.describe_repository_creation_templates
    for n in range(5):
        create(client, prefix=f"team{n}", appliedFor=["REPLICATION"])

    check_paging(describe, "repositoryCreationTemplates", "maxResults")
    prefixes = ["team3", "unknown", "team1", "team4"]
    templates = described(client, prefixes=prefixes)
    assert {template["prefix"] for template in templates} == {"team1", "team3", "team4"}
    # The model forbids pages of named repositories and images, and not of named templates.
    check_paging(describe, "repositoryCreationTemplates", "maxResults", prefixes=prefixes)
    token = describe(maxResults=1)["nextToken"]
    assert code_of(describe, prefixes=prefixes, nextToken=token) == "InvalidParameterException"


# --- Repositories created on push --------------------------------------------------------------------


def test_a_push_creates_the_repository_with_the_settings_of_its_template(client):
    create(client, **FULL)

    push(client)

    repository = only_repository(client)
    assert repository["repositoryName"] == "prod/web"
    assert repository["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    assert repository["imageTagMutabilityExclusionFilters"] == FULL["imageTagMutabilityExclusionFilters"]
    assert repository["encryptionConfiguration"] == FULL["encryptionConfiguration"]
    tags = client.list_tags_for_resource(resourceArn=repository["repositoryArn"])["tags"]
    assert tags == FULL["resourceTags"]
    assert client.get_repository_policy(repositoryName="prod/web")["policyText"] == POLICY_TEXT
    lifecycle_policy = client.get_lifecycle_policy(repositoryName="prod/web")["lifecyclePolicyText"]
    assert json.loads(lifecycle_policy) == json.loads(EXPIRE_OLD_UNTAGGED)


def test_the_upload_of_a_layer_creates_the_repository_by_its_template(client):
    create(client, **ON_PUSH)

    client.initiate_layer_upload(repositoryName="prod/web")

    assert len(client.describe_repositories()["repositories"]) == 1


def test_a_push_by_the_fake_creates_the_repository_by_its_template(ecr, client):
    create(client, **ON_PUSH, imageTagMutability="IMMUTABLE")

    ecr.push("prod/web", "1.0")

    assert only_repository(client)["imageTagMutability"] == "IMMUTABLE"


@pytest.mark.parametrize(
    ("prefixes", "repository", "applied_prefix"),
    [
        pytest.param(["prod", "prod/web", "ROOT"], "prod/web/a", "prod/web", id="the longest of three"),
        pytest.param(["prod", "prod/web", "ROOT"], "prod/webs", "prod", id="a prefix ends at a slash"),
        pytest.param(["prod", "ROOT"], "production", "ROOT", id="ROOT for every other name"),
        pytest.param(["prod/"], "prod/web", "prod/", id="a trailing slash"),
        pytest.param(["prod"], "production", None, id="no template of the prefix"),
        pytest.param(["prod/web"], "prod", None, id="a prefix longer than the name"),
    ],
)
def test_the_template_of_the_longest_prefix_applies(client, prefixes, repository, applied_prefix):
    for prefix in prefixes:
        mutability = "IMMUTABLE" if prefix == applied_prefix else "MUTABLE"
        create(client, prefix=prefix, appliedFor=["CREATE_ON_PUSH"], imageTagMutability=mutability)

    if applied_prefix is None:
        assert code_of(push, client=client, repository=repository) == "RepositoryNotFoundException"
        return
    push(client, repository)
    assert only_repository(client)["imageTagMutability"] == "IMMUTABLE"


def test_a_template_that_is_not_applied_for_create_on_push_creates_no_repository_on_push(client):
    create(client, prefix="prod", appliedFor=["REPLICATION", "PULL_THROUGH_CACHE"])

    assert code_of(push, client=client) == "RepositoryNotFoundException"


def test_a_template_does_not_change_an_existing_repository(client):
    client.create_repository(repositoryName="prod/web")
    create(client, **ON_PUSH, imageTagMutability="IMMUTABLE")

    push(client)

    assert only_repository(client)["imageTagMutability"] == "MUTABLE"


def test_a_refused_push_creates_no_repository(client):
    create(client, **ON_PUSH)

    code = code_of(client.put_image, repositoryName="prod/web", imageManifest="x")

    assert code == "InvalidParameterException"
    assert client.describe_repositories()["repositories"] == []
