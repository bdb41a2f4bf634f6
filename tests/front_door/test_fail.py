"""fail(): errors that the next calls of an operation receive; and reset()."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from fakeecr import FakeECR
from fakeecr.api.model import known_errors, service_model
from tests.answers import code_of, error_of
from tests.front_door.clients import SESSION, tags_in_web


@pytest.fixture
def client(ecr):
    """Return a client of `ecr` that does not retry."""
    return ecr.client(config=Config(retries={"total_max_attempts": 1}))


@pytest.mark.parametrize("error", sorted(known_errors()))
def test_an_ordered_error_has_the_status_and_exception_class_of_its_code(ecr, client, error):
    ecr.push("web", "latest")
    ecr.fail("ListImages", error)

    with pytest.raises(ClientError) as raised:
        client.list_images(repositoryName="web")

    response = raised.value.response
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (
        error,
        known_errors()[error].status,
    )
    if error in service_model().shape_names:
        assert type(raised.value) is getattr(client.exceptions, error)
    assert tags_in_web(client) == ["latest"]


def test_ordered_errors_are_returned_in_their_order_and_by_their_operation_only(ecr, client):
    ecr.push("web", "latest")
    ecr.fail("DescribeImages", "ImageNotFoundException")
    ecr.fail("ListImages", "ServerException", times=2)
    ecr.fail("ListImages", "AccessDeniedException")

    codes = [code_of(client.list_images, repositoryName="web") for _ in range(3)]

    assert codes == ["ServerException", "ServerException", "AccessDeniedException"]
    assert tags_in_web(client) == ["latest"]
    assert code_of(client.describe_images, repositoryName="web") == "ImageNotFoundException"


def test_16_threads_receive_an_ordered_error_exactly_as_often_as_ordered(ecr, client):
    ecr.push("web", "latest")
    ecr.fail("ListImages", "AccessDeniedException", times=20)
    codes = []

    def call(_: int) -> None:
        try:
            client.list_images(repositoryName="web")
        except ClientError as error:
            codes.append(error.response["Error"]["Code"])

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(call, range(60)))

    assert codes == ["AccessDeniedException"] * 20


def test_an_error_ordered_from_one_fake_is_not_returned_by_another(ecr):
    ecr.push("web", "outer")
    ecr.fail("ListImages", "AccessDeniedException")

    with FakeECR() as inner:
        inner.push("web", "inner")
        assert tags_in_web(SESSION.client("ecr")) == ["inner"]
    assert code_of(ecr.client().list_images, repositoryName="web") == "AccessDeniedException"


def test_an_ordered_throttling_error_has_the_message_of_aws(ecr, client):
    ecr.fail("ListImages", "ThrottlingException")

    assert error_of(client.list_images, repositoryName="web") == ("ThrottlingException", "Rate exceeded", 400)


def test_an_error_of_an_operation_without_parameters_can_be_ordered(ecr, client):
    ecr.fail("GetAuthorizationToken", "ServerException")

    assert code_of(client.get_authorization_token) == "ServerException"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(
            ("ListImage", "ServerException"),
            "ECR has no operation 'ListImage'. Did you mean 'ListImages'?",
            id="an unknown operation",
        ),
        pytest.param(
            ("list_images", "ServerException"), "ECR has no operation 'list_images'.", id="the name of a method"
        ),
        pytest.param(
            ("ListImages", "ServerExeption"),
            "ECR has no error 'ServerExeption'. Did you mean 'ServerException'?",
            id="an unknown error",
        ),
        pytest.param(("ListImages", "ServerException", 0), "times must be 1 or more, not 0.", id="zero times"),
    ],
)
def test_an_invalid_order_of_an_error_is_refused(ecr, arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        ecr.fail(*arguments)


def test_a_reset_removes_registries_and_ordered_errors(any_ecr):
    any_ecr.fail("ListImages", "ServerException", times=99)
    any_ecr.push("web", "latest")

    any_ecr.reset()

    assert any_ecr.dump() == {"registries": []}
    any_ecr.push("web", "latest")
    assert tags_in_web(any_ecr.client()) == ["latest"]
