"""Repository and registry policies: validated, and stored as AWS formats them."""

from __future__ import annotations

import json

import pytest

from tests.answers import code_of, error_of
from tests.operations.helpers import content
from tests.operations.samples import POLICY, POLICY_TEXT

INVALID_POLICIES = {
    "empty text": "",
    "malformed JSON": "{",
    "a list": "[]",
    "an empty structure": "{}",
    "no statements": '{"Statement": []}',
    "a number as statement": '{"Statement": [1]}',
    "an unknown effect": json.dumps({"Statement": [{"Effect": "Maybe", "Principal": "*", "Action": "ecr:*"}]}),
    "no principal": json.dumps({"Statement": [{"Effect": "Allow", "Action": "ecr:*"}]}),
    "no action": json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*"}]}),
    "an empty list of actions": json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": []}]}),
    "an action of S3": json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}]}),
    "an action without a resource": json.dumps(
        {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ecr:GetAuthorizationToken"}]}
    ),
    "ten thousand nested lists": "[" * 10_000,
    "seven hundred nested lists in a policy": json.dumps(POLICY).replace("{}", "[" * 700 + "]" * 700),
    "a lone surrogate": json.dumps({**POLICY, "Version": "half a character: \ud800"}),
    "NaN as version": json.dumps(POLICY).replace('"2008-10-17"', "NaN"),
}


def test_a_repository_policy_is_set_returned_and_deleted(client, web):
    expected = {"registryId": "123456789012", "repositoryName": "web", "policyText": POLICY_TEXT}

    for response in (
        client.set_repository_policy(repositoryName="web", policyText=json.dumps(POLICY), force=True),
        client.get_repository_policy(repositoryName="web"),
        client.delete_repository_policy(repositoryName="web"),
    ):
        assert content(response) == expected

    for operation in (client.get_repository_policy, client.delete_repository_policy):
        assert error_of(operation, repositoryName="web") == (
            "RepositoryPolicyNotFoundException",
            "Repository policy does not exist for the repository with name 'web' in the registry with id "
            "'123456789012'",
            400,
        )


def test_a_registry_policy_is_put_returned_and_deleted(client):
    expected = {"registryId": "123456789012", "policyText": POLICY_TEXT}

    for response in (
        client.put_registry_policy(policyText=json.dumps(POLICY)),
        client.get_registry_policy(),
        client.delete_registry_policy(),
    ):
        assert content(response) == expected

    for operation in (client.get_registry_policy, client.delete_registry_policy):
        assert error_of(operation) == (
            "RegistryPolicyNotFoundException",
            "Registry policy does not exist in the registry with id '123456789012'",
            400,
        )


@pytest.mark.parametrize("text", INVALID_POLICIES.values(), ids=INVALID_POLICIES)
def test_an_invalid_policy_is_refused(client, web, text):
    assert error_of(client.set_repository_policy, repositoryName="web", policyText=text) == (
        "InvalidParameterException",
        "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided'",
        400,
    )
    assert error_of(client.put_registry_policy, policyText=text)[1].endswith("'Invalid registry policy provided'")


def test_a_repository_policy_is_deleted_with_its_repository(client, web):
    client.set_repository_policy(repositoryName="web", policyText=json.dumps(POLICY))

    client.delete_repository(repositoryName="web")

    client.create_repository(repositoryName="web")
    assert code_of(client.get_repository_policy, repositoryName="web") == "RepositoryPolicyNotFoundException"


def test_a_policy_can_have_one_statement_that_is_not_in_a_list(client, web):
    policy = {**POLICY, "Statement": POLICY["Statement"][0]}

    client.set_repository_policy(repositoryName="web", policyText=json.dumps(policy))
