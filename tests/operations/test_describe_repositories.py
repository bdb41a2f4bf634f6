"""DescribeRepositories: by name, by registry, page by page."""

from __future__ import annotations

import pytest

from tests.answers import all_pages, check_paging, code_of, error_of
from tests.operations.samples import OTHER_ACCOUNT

NAMES = [f"repository-{n}" for n in range(7)]


def names(repositories):
    """Return the names of repositories."""
    return [repository["repositoryName"] for repository in repositories]


@pytest.fixture
def repositories(ecr):
    """Seed the repositories NAMES in the default registry, one in another region and one in another account."""
    ecr.seed({"registries": [{"repositories": [{"name": name} for name in NAMES]},
                             {"region": "eu-west-1", "repositories": [{"name": "of-another-region"}]},
                             {"id": OTHER_ACCOUNT, "repositories": [{"name": "of-another-account"}]}]})  # fmt: skip


def test_describe_repositories_returns_those_of_the_registry_in_the_region(client, repositories):
    assert names(client.describe_repositories()["repositories"]) == NAMES


def test_the_pages_of_describe_repositories_add_up_to_the_whole_list(client, repositories):
    check_paging(client.describe_repositories, "repositories", "maxResults")


def test_changes_between_pages_of_repositories_neither_hide_nor_repeat_other_repositories(client, repositories):
    first = client.describe_repositories(maxResults=3)
    client.delete_repository(repositoryName=NAMES[0])
    client.delete_repository(repositoryName=NAMES[4])
    client.create_repository(repositoryName="a-new-one")

    remaining = all_pages(client.describe_repositories, "repositories", maxResults=3, nextToken=first["nextToken"])

    assert [name for page in remaining for name in names(page)] == [NAMES[3], NAMES[5], NAMES[6], "a-new-one"]


def test_repositories_are_described_once_in_the_order_of_the_requested_names(client, repositories):
    requested = [NAMES[5], NAMES[1], NAMES[5]]

    described = client.describe_repositories(repositoryNames=requested)["repositories"]

    assert names(described) == [NAMES[5], NAMES[1]]


def test_describe_repositories_fails_for_the_first_unknown_name(client, repositories):
    assert error_of(client.describe_repositories, repositoryNames=[NAMES[0], "unknown", "too"]) == (
        "RepositoryNotFoundException",
        "The repository with name 'unknown' does not exist in the registry with id '123456789012'",
        400,
    )


def test_a_token_of_repositories_from_before_a_reset_is_refused(ecr, client):
    for _ in range(2):
        for name in ("aa", "bb"):
            client.create_repository(repositoryName=name)
        token = client.describe_repositories(maxResults=1)["nextToken"]
        ecr.reset()
    client.create_repository(repositoryName="cc")

    assert code_of(client.describe_repositories, nextToken=token) == "InvalidParameterException"


@pytest.mark.parametrize("name", ["maxResults", "nextToken"])
def test_repository_names_cannot_be_combined_with_paging(client, repositories, name):
    paging = {"maxResults": 5, "nextToken": "x"}

    code, message, _ = error_of(client.describe_repositories, repositoryNames=NAMES, **{name: paging[name]})

    assert code == "InvalidParameterException"
    assert name in message


@pytest.mark.parametrize(
    "parameters",
    [
        pytest.param({"maxResults": 0}, id="maxResults 0"),
        pytest.param({"maxResults": 1001}, id="maxResults 1001"),
        pytest.param({"nextToken": ""}, id="an empty token"),
        pytest.param({"nextToken": "made up"}, id="an invalid token"),
        pytest.param({"repositoryNames": []}, id="no names"),
        pytest.param({"repositoryNames": [f"n{n:03}" for n in range(101)]}, id="101 names"),
        pytest.param({"registryId": "1"}, id="a malformed registry id"),
    ],
)
def test_describe_repositories_refuses_invalid_parameters(client, repositories, parameters):
    assert code_of(client.describe_repositories, **parameters) == "InvalidParameterException"


def test_a_token_of_another_registry_region_or_operation_is_refused(client, west_client, repositories):
    token = client.describe_repositories(maxResults=1)["nextToken"]
    parameters = {"maxResults": 1, "nextToken": token}

    code = code_of(client.describe_repositories, registryId=OTHER_ACCOUNT, **parameters)
    assert code == "InvalidParameterException"
    assert code_of(west_client.describe_repositories, **parameters) == "InvalidParameterException"
    assert code_of(client.list_images, repositoryName=NAMES[0], **parameters) == "InvalidParameterException"


def test_describe_repositories_with_a_registry_id_returns_those_of_that_registry(client, repositories):
    described = client.describe_repositories(registryId=OTHER_ACCOUNT)["repositories"]

    assert names(described) == ["of-another-account"]
    assert described[0]["repositoryUri"].startswith("999999999999.dkr.ecr.")


def test_a_registry_without_repositories_is_described_as_empty(client):
    response = client.describe_repositories(registryId="555555555555")

    assert response["repositories"] == []
    assert "nextToken" not in response
