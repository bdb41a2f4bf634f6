"""TagResource, UntagResource and ListTagsForResource: the resource tags of a repository."""

from __future__ import annotations

import pytest

from tests.answers import code_of, error_of

ARN = "arn:aws:ecr:us-east-1:123456789012:repository/web"


@pytest.fixture(autouse=True)
def tagged_repository(client):
    """Create the repository "web" with the resource tag team=blue."""
    client.create_repository(repositoryName="web", tags=[{"Key": "team", "Value": "blue"}])


def resource_tags(client, arn=ARN):
    """Return the resource tags of a repository, key → value."""
    return {tag["Key"]: tag["Value"] for tag in client.list_tags_for_resource(resourceArn=arn)["tags"]}


def test_tag_resource_adds_tags_and_replaces_the_values_of_existing_keys(client):
    client.tag_resource(resourceArn=ARN, tags=[{"Key": "team", "Value": "red"}, {"Key": "Team", "Value": ""}])

    assert resource_tags(client) == {"team": "red", "Team": ""}


def test_untag_resource_removes_tags_and_ignores_missing_keys(client):
    client.untag_resource(resourceArn=ARN, tagKeys=["team", "missing"])

    assert resource_tags(client) == {}
    client.untag_resource(resourceArn=ARN, tagKeys=["team"])


def test_a_repository_has_at_most_fifty_resource_tags(client):
    client.tag_resource(resourceArn=ARN, tags=[{"Key": f"k{n}", "Value": ""} for n in range(49)])
    client.tag_resource(resourceArn=ARN, tags=[{"Key": "team", "Value": "still one of fifty"}])

    code = code_of(client.tag_resource, resourceArn=ARN, tags=[{"Key": "more", "Value": ""}])

    assert code == "TooManyTagsException"
    assert len(resource_tags(client)) == 50
    client.untag_resource(resourceArn=ARN, tagKeys=[f"k{n}" for n in range(60)])
    assert resource_tags(client) == {"team": "still one of fifty"}


@pytest.mark.parametrize("operation", ["tag_resource", "untag_resource", "list_tags_for_resource"])
@pytest.mark.parametrize(
    "arn",
    [
        pytest.param("", id="empty"),
        pytest.param("web", id="a repository name"),
        pytest.param("arn:aws:ecr:us-east-1:123456789012:repository/", id="no repository name"),
        pytest.param("arn:aws:ecr:us-east-1:12:repository/web", id="an account of two digits"),
        pytest.param("arn:aws:ecr:eu-west-1:123456789012:repository/web", id="another region"),
        pytest.param("arn:aws-cn:ecr:us-east-1:123456789012:repository/web", id="another partition"),
        pytest.param("arn:aws:s3:us-east-1:123456789012:repository/web", id="another service"),
        pytest.param("arn:aws:ecr:us-east-1:123456789012:repository/a\0b", id="NUL in the name"),
    ],
)
def test_an_arn_that_is_not_of_a_repository_in_this_region_is_refused(client, operation, arn):
    parameters = {"tag_resource": {"tags": []}, "untag_resource": {"tagKeys": []}}.get(operation, {})

    assert error_of(getattr(client, operation), resourceArn=arn, **parameters) == (
        "InvalidParameterException",
        "Invalid parameter at 'resourceArn' failed to satisfy constraint: 'Invalid ARN'",
        400,
    )


def test_the_arn_of_an_unknown_repository_is_not_found(client):
    arn = "arn:aws:ecr:us-east-1:123456789012:repository/unknown"

    assert code_of(client.list_tags_for_resource, resourceArn=arn) == "RepositoryNotFoundException"


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("", id="empty"),
        "aws:x",
        "AWS:x",
        pytest.param("k" * 129, id="129 characters"),
        pytest.param("a\0", id="NUL"),
        "a?",
    ],
)
def test_an_invalid_key_of_a_resource_tag_is_refused(client, key):
    code = code_of(client.tag_resource, resourceArn=ARN, tags=[{"Key": key, "Value": "v"}])
    assert code == "InvalidTagParameterException"
    assert code_of(client.untag_resource, resourceArn=ARN, tagKeys=[key]) == "InvalidTagParameterException"
    assert resource_tags(client) == {"team": "blue"}


def test_a_resource_tag_without_a_value_is_refused(client):
    assert error_of(client.tag_resource, resourceArn=ARN, tags=[{"Key": "a", "Value": ""}, {"Key": "b"}]) == (
        "InvalidParameterException",
        "Invalid parameter at 'tags.2.member.value' failed to satisfy constraint: 'Member must not be null'",
        400,
    )


def test_the_arn_determines_the_registry_of_the_tagged_repository(ecr, client):
    other_arn = ARN.replace("123456789012", "999999999999")
    ecr.push("web", registry_id="999999999999")

    client.tag_resource(resourceArn=other_arn, tags=[{"Key": "a", "Value": "b"}])

    assert resource_tags(client) == {"team": "blue"}
    assert resource_tags(client, other_arn) == {"a": "b"}
