"""What an answer has beside AWS's own, in each kind of client: notes, a delay, or no response at all."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from unittest import mock

import boto3
import botocore.exceptions
import pytest
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import ClientError

from fakeecr import FakeECR
from fakeecr.gate import Gate
from fakeecr.http import NetworkError, Request, Response
from tests.answers import ONCE

RETRIES = Config(retries={"total_max_attempts": 3})


@pytest.fixture
def client(ecr, unchecked_client_of):
    """Return a client of `ecr` of each kind, which tries a call three times."""
    return unchecked_client_of(ecr, config=RETRIES)


@pytest.fixture
def answer(monkeypatch) -> Callable[[Callable[[Request, Response], Response]], list[Request]]:
    """Return a function that changes the answers of every fake, and returns the list of requests they answer."""

    def change_answers(change: Callable[[Request, Response], Response]) -> list[Request]:
        requests: list[Request] = []

        def changed(gate: Gate, request: Request) -> Response:
            requests.append(request)
            return change(request, original(gate, request))

        original = Gate.answer
        monkeypatch.setattr(Gate, "answer", changed)
        return requests

    return change_answers


# --- Notes ----------------------------------------------------------------------------------------


def notes_of(client) -> list[str]:
    """Make a call that fails; return the notes of its exception."""
    with pytest.raises(ClientError) as raised:
        client.list_images(repositoryName="web")
    return getattr(raised.value, "__notes__", [])


def test_the_notes_of_a_response_are_on_the_exception_of_the_call(client, answer):
    answer(lambda request, response: response._replace(notes=("It is in eu-west-1.", "Did you mean 'webs'?")))

    for _ in range(2):
        assert notes_of(client) == ["It is in eu-west-1.", "Did you mean 'webs'?"]


def test_an_exception_has_the_notes_of_the_last_attempt_once(ecr, client, answer):
    ecr.fail("ListImages", "ServerException", times=2)
    requests = answer(lambda request, response: response._replace(notes=(f"attempt {len(requests)}",)))

    assert notes_of(client) == ["attempt 3"]


def test_an_exception_has_no_notes_of_earlier_attempts(ecr, client, answer):
    ecr.fail("ListImages", "ServerException", times=1)
    requests = answer(lambda request, response: response._replace(notes=("first",) if len(requests) == 1 else ()))

    assert notes_of(client) == []


def test_an_answer_with_notes_that_is_no_error_leaves_them_to_no_later_exception(ecr, client, answer):
    ecr.push("web", "latest")
    requests = answer(lambda request, response: response._replace(notes=("first",) if len(requests) == 1 else ()))

    client.list_images(repositoryName="web")
    ecr.reset()

    assert notes_of(client) == []


def test_a_call_inside_another_keeps_its_notes_to_itself(answer):
    answer(lambda request, response: response._replace(notes=("inner",) if b"inner" in request.body else ()))

    def call_inside(**_: object) -> None:
        with pytest.raises(ClientError) as raised:
            client.list_images(repositoryName="inner")
        assert raised.value.__notes__ == ["inner"]

    with FakeECR() as ecr:
        client = ecr.client()
        client.meta.events.register("before-call.ecr.DescribeImages", call_inside)
        with pytest.raises(ClientError) as raised:
            client.describe_images(repositoryName="outer")
    assert not hasattr(raised.value, "__notes__")


def replacing(original: Callable[..., object]) -> object:
    """Return a context manager in which a test's own function calls the original method of the client."""

    def make_api_call(client, operation, parameters):
        return original(client, operation, parameters)

    return mock.patch("botocore.client.BaseClient._make_api_call", new=make_api_call)


def test_an_exception_has_its_notes_although_a_test_replaced_the_method_of_the_client(answer):
    answer(lambda request, response: response._replace(notes=("A note.",)))
    client = boto3.client("ecr", "us-east-1", **ONCE)

    with replacing(BaseClient._make_api_call), FakeECR():
        assert notes_of(client) == ["A note."]
    with FakeECR(), replacing(BaseClient._make_api_call):
        assert notes_of(client) == ["A note."]


def test_a_call_is_answered_although_a_test_has_put_the_original_method_of_the_client_back(answer):
    answer(lambda request, response: response._replace(notes=("A note.",)))
    client = boto3.client("ecr", "us-east-1", **ONCE)
    original = BaseClient._make_api_call

    with FakeECR(), replacing(original):
        assert notes_of(client) == []


@pytest.mark.parametrize("outer", ["mock", "fake"])
def test_a_mock_of_the_method_of_the_client_is_called_as_without_a_fake(outer):
    client = boto3.client("ecr", "us-east-1", **ONCE)
    replace = mock.patch("botocore.client.BaseClient._make_api_call", return_value={"imageIds": []})

    with ExitStack() as stack:
        entered = [
            stack.enter_context(manager)
            for manager in ((replace, FakeECR()) if outer == "mock" else (FakeECR(), replace))
        ]
        client.list_images(repositoryName="web")

    mocked = entered[0 if outer == "mock" else 1]
    mocked.assert_called_once_with("ListImages", {"repositoryName": "web"})


# --- Delays and timeouts --------------------------------------------------------------------------


def test_a_boto3_call_takes_as_long_as_the_delay_of_its_answer(ecr, monkeypatch, answer):
    sleeps = []
    monkeypatch.setattr(time, "sleep", sleeps.append)
    ecr.push("web", "latest")
    answer(lambda request, response: response._replace(delay=2.5))

    assert len(ecr.client().list_images(repositoryName="web")["imageIds"]) == 1
    assert sleeps == [2.5]


@pytest.mark.parametrize(("config", "seconds"), [({}, 60), ({"read_timeout": 7}, 7), ({"read_timeout": None}, None)])
def test_a_request_has_the_read_timeout_of_its_client(ecr, unchecked_client_of, answer, config, seconds):
    ecr.push("web", "latest")
    requests = answer(lambda request, response: response)

    # An AioConfig, which aiobotocore requires, is a Config.
    unchecked_client_of(ecr, config=Config(**config)).list_images(repositoryName="web")

    assert [request.read_timeout for request in requests] == [seconds]


# --- Errors of the network ------------------------------------------------------------------------

NAMES = ["ReadTimeoutError", "ConnectTimeoutError", "EndpointConnectionError", "ConnectionClosedError"]


def fail_with(name: str, times: int) -> Callable[[Request, Response], Response]:
    """Return a change of the first answers to an error of the network."""
    remaining = iter(range(times))

    def change(request: Request, response: Response) -> Response:
        if next(remaining, None) is not None:
            raise NetworkError(name)
        return response

    return change


@pytest.mark.parametrize("name", NAMES)
def test_an_error_of_the_network_is_botocore_s_exception_with_the_url_of_the_request(client, answer, name):
    requests = answer(fail_with(name, times=3))

    with pytest.raises(getattr(botocore.exceptions, name)) as raised:
        client.list_images(repositoryName="web")

    assert '"https://api.ecr.us-east-1.amazonaws.com/"' in str(raised.value)
    assert len(requests) == 3


@pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
@pytest.mark.parametrize("name", NAMES)
def test_an_error_of_the_network_is_retried_without_sleeping(ecr, unchecked_client_of, answer, mode, name):
    ecr.push("web", "latest")
    answer(fail_with(name, times=2))
    client = unchecked_client_of(ecr, config=Config(retries={"mode": mode, "total_max_attempts": 3}))

    with mock.patch("time.sleep") as sleep:
        response = client.list_images(repositoryName="web")

    assert response["ResponseMetadata"]["RetryAttempts"] == 2
    sleep.assert_not_called()
