"""The tags of a repository as a resource."""

from __future__ import annotations

import pytest

from tests.answers import code_of, error_of

ARN = "arn:aws:ecr:us-east-1:123456789012:repository/web"


@pytest.fixture(autouse=True)
def web(client):
    client.create_repository(repositoryName="web", tags=[{"Key": "team", "Value": "blue"}])


def tags(client, arn=ARN):
    return {tag["Key"]: tag["Value"] for tag in client.list_tags_for_resource(resourceArn=arn)["tags"]}


def test_a_tag_is_added_and_one_of_the_same_key_gets_the_new_value(client):
    client.tag_resource(resourceArn=ARN, tags=[{"Key": "team", "Value": "red"}, {"Key": "Team", "Value": ""}])
    assert tags(client) == {"team": "red", "Team": ""}


def test_a_tag_is_taken_away_and_a_missing_one_is_no_matter(client):
    client.untag_resource(resourceArn=ARN, tagKeys=["team", "never there"])
    assert tags(client) == {}
    client.untag_resource(resourceArn=ARN, tagKeys=["team"])


def test_a_repository_has_fifty_tags_at_most(client):
    client.tag_resource(resourceArn=ARN, tags=[{"Key": f"k{n}", "Value": ""} for n in range(49)])
    client.tag_resource(resourceArn=ARN, tags=[{"Key": "team", "Value": "still one of fifty"}])
    assert code_of(client.tag_resource, resourceArn=ARN, tags=[{"Key": "more", "Value": ""}]) == "TooManyTagsException"
    assert len(tags(client)) == 50
    client.untag_resource(resourceArn=ARN, tagKeys=[f"k{n}" for n in range(60)])
    assert tags(client) == {"team": "still one of fifty"}


@pytest.mark.parametrize("operation", ["tag_resource", "untag_resource", "list_tags_for_resource"])
@pytest.mark.parametrize(
    "arn",
    [
        "",
        "web",
        "arn:aws:ecr:us-east-1:123456789012:repository/",
        "arn:aws:ecr:us-east-1:12:repository/web",
        "arn:aws:ecr:eu-west-1:123456789012:repository/web",
        "arn:aws-cn:ecr:us-east-1:123456789012:repository/web",
        "arn:aws:s3:us-east-1:123456789012:repository/web",
        "arn:aws:ecr:us-east-1:123456789012:repository/a\0b",
    ],
)
def test_what_is_no_arn_of_a_repository_here_is_refused(client, operation, arn):
    parameters = {"tag_resource": {"tags": []}, "untag_resource": {"tagKeys": []}}.get(operation, {})
    assert error_of(getattr(client, operation), resourceArn=arn, **parameters) == (
        "InvalidParameterException",
        "Invalid parameter at 'resourceArn' failed to satisfy constraint: 'Invalid ARN'",
        400,
    )


def test_an_unknown_repository_is_told(client):
    arn = "arn:aws:ecr:us-east-1:123456789012:repository/unknown"
    assert code_of(client.list_tags_for_resource, resourceArn=arn) == "RepositoryNotFoundException"


@pytest.mark.parametrize("key", ["", "aws:x", "AWS:x", "k" * 129, "a\0", "a?"])
def test_a_key_that_cannot_be_is_refused(client, key):
    assert code_of(client.tag_resource, resourceArn=ARN, tags=[{"Key": key, "Value": "v"}]) == (
        "InvalidTagParameterException"
    )
    assert code_of(client.untag_resource, resourceArn=ARN, tagKeys=[key]) == "InvalidTagParameterException"
    assert tags(client) == {"team": "blue"}


def test_a_tag_needs_both_key_and_value(client):
    assert error_of(client.tag_resource, resourceArn=ARN, tags=[{"Key": "a", "Value": ""}, {"Key": "b"}]) == (
        "InvalidParameterException",
        "Invalid parameter at 'tags.2.member.value' failed to satisfy constraint: 'Member must not be null'",
        400,
    )


def test_the_registry_is_that_of_the_arn(ecr, client):
    ecr.push("web", registry_id="999999999999")
    client.tag_resource(resourceArn=ARN.replace("123456789012", "999999999999"), tags=[{"Key": "a", "Value": "b"}])
    assert tags(client) == {"team": "blue"}
    assert tags(client, ARN.replace("123456789012", "999999999999")) == {"a": "b"}
