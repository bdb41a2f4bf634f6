"""repositoryName: the published limits hold for it in every operation; with limits="installed", those of botocore do."""

from __future__ import annotations

import pytest

from fakeecr import FakeECR, PublishedLimitWarning
from fakeecr.api.model import operation_model
from tests.answers import code_of, error_of
from tests.conftest import unchecked
from tests.installed_model import INSTALLED_OPERATIONS
from tests.operations.every_operation import World, request_for

PATTERN = "(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*"
INVALID_NAME = (
    "InvalidParameterException",
    f"Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular expression '{PATTERN}''",
    400,
)
# The names are checked before anything is looked up, so the ids need not exist.
WORLD = World(upload_id="00000000-0000-0000-0000-000000000000", backfill_id="")

every_operation_with_a_name = pytest.mark.parametrize(
    "operation",
    [
        name
        for name in INSTALLED_OPERATIONS
        if "repositoryName" in getattr(operation_model(name).input_shape, "members", ())
    ],
)
two_dashes = pytest.mark.newest_model("repositoryName with two dashes")


def call(client, operation, name):
    """Call an operation by its name in the model, on a repository."""
    return client._make_api_call(operation, {**request_for(operation, WORLD), "repositoryName": name})


@two_dashes
@every_operation_with_a_name
def test_published_limits_refuse_a_name_that_only_newer_limits_allow(ecr, client, operation):
    warning = rf'^{operation} was refused only by the published limits .* FakeECR\(limits="installed"\)'

    with pytest.warns(PublishedLimitWarning, match=warning) as caught:
        error = error_of(call, client=client, operation=operation, name="my--repo")

    assert error == INVALID_NAME
    assert [each.filename for each in caught] == [__file__]
    assert ecr.dump() == {"registries": []}


@every_operation_with_a_name
def test_a_name_that_all_limits_refuse_causes_no_warning(client, operation):
    # The suite turns a warning into an error.
    assert error_of(call, client=client, operation=operation, name="Web") == INVALID_NAME


@two_dashes
@every_operation_with_a_name
def test_installed_limits_allow_a_name_that_published_limits_refuse(operation):
    with FakeECR(limits="installed") as ecr:
        client = unchecked(ecr)
        if operation == "CreateRepository":
            assert call(client, operation, "my--repo")["repository"]["repositoryName"] == "my--repo"
        else:
            assert code_of(call, client=client, operation=operation, name="my--repo") == "RepositoryNotFoundException"


@pytest.fixture
def client_of_an_existing_repository(tmp_path):
    """Yield a client of a fake with published limits, which has the repository "my--repo" in its state file."""
    with FakeECR(tmp_path / "state.db", limits="installed") as ecr:
        ecr.push("my--repo", "latest")
    with FakeECR(tmp_path / "state.db") as ecr:
        yield unchecked(ecr)


@pytest.mark.parametrize(
    "parameters", [{}, pytest.param({"repositoryNames": ["my--repo"]}, marks=two_dashes)], ids=["all", "by name"]
)
def test_an_existing_repository_of_such_a_name_is_described(client_of_an_existing_repository, parameters):
    (repository,) = client_of_an_existing_repository.describe_repositories(**parameters)["repositories"]

    assert repository["repositoryName"] == "my--repo"


@two_dashes
def test_the_images_of_an_existing_repository_of_such_a_name_are_refused(client_of_an_existing_repository):
    with pytest.warns(PublishedLimitWarning):
        error = error_of(client_of_an_existing_repository.describe_images, repositoryName="my--repo")

    assert error == INVALID_NAME


def test_the_published_maxResults_is_that_of_list_images_alone(ecr, client):  # noqa: N802 - the member's name
    ecr.push("web", "latest")

    assert len(client.describe_images(repositoryName="web", maxResults=101)["imageDetails"]) == 1
    with pytest.warns(PublishedLimitWarning):
        assert code_of(client.list_images, repositoryName="web", maxResults=101) == "InvalidParameterException"
