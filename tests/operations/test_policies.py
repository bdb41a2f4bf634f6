"""Repository and registry policies: checked, kept, and given back as AWS writes them."""

from __future__ import annotations

import json

import pytest

from tests.answers import code_of, error_of

POLICY = {
    "Version": "2008-10-17",
    "Statement": [
        {"Sid": "allow public pull", "Effect": "Allow", "Principal": "*",
         "Action": ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage"], "Condition": {}},
    ],
}  # fmt: skip
WRITTEN = """{
  "Version" : "2008-10-17",
  "Statement" : [ {
    "Sid" : "allow public pull",
    "Effect" : "Allow",
    "Principal" : "*",
    "Action" : [ "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage" ],
    "Condition" : { }
  } ]
}"""
BAD = [
    "",
    "{",
    "[]",
    "{}",
    '{"Statement": []}',
    '{"Statement": [1]}',
    json.dumps({"Statement": [{"Effect": "Maybe", "Principal": "*", "Action": "ecr:*"}]}),
    json.dumps({"Statement": [{"Effect": "Allow", "Action": "ecr:*"}]}),
    json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*"}]}),
    json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": []}]}),
    json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}]}),
    json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ecr:GetAuthorizationToken"}]}),
    "[" * 10_000,
    json.dumps(POLICY).replace("{}", "[" * 700 + "]" * 700),
    json.dumps({**POLICY, "Version": "half a character: \ud800"}),
    json.dumps(POLICY).replace('"2008-10-17"', "NaN"),
]


def test_a_repositorys_policy_is_set_given_and_deleted(client):
    client.create_repository(repositoryName="web")
    expected = {"registryId": "123456789012", "repositoryName": "web", "policyText": WRITTEN}
    for response in (
        client.set_repository_policy(repositoryName="web", policyText=json.dumps(POLICY), force=True),
        client.get_repository_policy(repositoryName="web"),
        client.delete_repository_policy(repositoryName="web"),
    ):
        del response["ResponseMetadata"]
        assert response == expected
    for operation in (client.get_repository_policy, client.delete_repository_policy):
        assert error_of(operation, repositoryName="web") == (
            "RepositoryPolicyNotFoundException",
            "Repository policy does not exist for the repository with name 'web' in the registry with id "
            "'123456789012'",
            400,
        )


def test_a_registrys_policy_is_put_given_and_deleted(client):
    expected = {"registryId": "123456789012", "policyText": WRITTEN}
    for response in (
        client.put_registry_policy(policyText=json.dumps(POLICY)),
        client.get_registry_policy(),
        client.delete_registry_policy(),
    ):
        del response["ResponseMetadata"]
        assert response == expected
    for operation in (client.get_registry_policy, client.delete_registry_policy):
        assert error_of(operation) == (
            "RegistryPolicyNotFoundException",
            "Registry policy does not exist in the registry with id '123456789012'",
            400,
        )


@pytest.mark.parametrize("text", BAD)
def test_a_policy_that_is_none_is_refused(client, text):
    client.create_repository(repositoryName="web")
    assert error_of(client.set_repository_policy, repositoryName="web", policyText=text) == (
        "InvalidParameterException",
        "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided'",
        400,
    )
    assert error_of(client.put_registry_policy, policyText=text)[1].endswith("'Invalid registry policy provided'")


def test_a_policy_is_gone_with_its_repository(client):
    client.create_repository(repositoryName="web")
    client.set_repository_policy(repositoryName="web", policyText=json.dumps(POLICY))
    client.delete_repository(repositoryName="web")
    client.create_repository(repositoryName="web")
    assert code_of(client.get_repository_policy, repositoryName="web") == "RepositoryPolicyNotFoundException"


def test_one_statement_need_not_be_in_a_list(client):
    client.create_repository(repositoryName="web")
    one = {**POLICY, "Statement": POLICY["Statement"][0]}
    client.set_repository_policy(repositoryName="web", policyText=json.dumps(one))
