"""ecr.calls, assert_called() and assert_not_called(): what a fake recorded of the calls that it answered."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from botocore.config import Config
from freezegun import freeze_time
from hypothesis import given, settings
from hypothesis import strategies as st

import fakeecr
from fakeecr import FakeECR, RecordedCalls, journal
from tests.answers import ONCE, api_request, code_of
from tests.front_door.clients import SESSION
from tests.operations.helpers import content


def operations(ecr: FakeECR) -> list[str]:
    return [call.operation for call in ecr.calls]


# --- What is recorded --------------------------------------------------------------------------------


@freeze_time("2026-03-01T12:00:00.123Z")
def test_a_call_is_recorded_with_what_was_asked_and_answered(ecr):
    ecr.push("web", "latest")
    client = ecr.client("eu-west-1")

    client.create_repository(repositoryName="api", tags=[{"Key": "team", "Value": "a"}])

    (call,) = ecr.calls
    assert call.operation == "CreateRepository"
    assert call.parameters == {"repositoryName": "api", "tags": [{"Key": "team", "Value": "a"}]}
    assert (call.region, call.registry_id) == ("eu-west-1", "123456789012")
    assert call.principal == "arn:aws:iam::123456789012:root"
    assert call.at == datetime(2026, 3, 1, 12, 0, 0, 123000, UTC)
    assert call.error is None
    assert call.response["repository"]["createdAt"] == call.at


def test_the_recorded_response_is_what_the_client_received(ecr):
    ecr.push("web", "latest")

    response = ecr.client().describe_images(repositoryName="web")

    assert ecr.calls[0].response == content(response)


def test_calls_are_recorded_in_their_order_and_a_page_at_a_time(ecr):
    ecr.seed({"registries": [{"repositories": [{"name": "web", "images": [{"count": 250}]}]}]})
    client = ecr.client()

    list(client.get_paginator("list_images").paginate(repositoryName="web"))
    client.describe_repositories()

    assert operations(ecr) == ["ListImages"] * 3 + ["DescribeRepositories"]
    tokens = [call.parameters.get("nextToken") for call in ecr.calls[:3]]
    assert tokens == [None, ecr.calls[0].response["nextToken"], ecr.calls[1].response["nextToken"]]


def test_each_try_of_a_client_is_a_call(ecr):
    ecr.push("web", "latest")
    ecr.fail("ListImages", "ThrottlingException", times=2)

    ecr.client().list_images(repositoryName="web")

    assert [call.error for call in ecr.calls] == ["ThrottlingException", "ThrottlingException", None]
    assert [call.response is None for call in ecr.calls] == [True, True, False]


def test_a_network_error_is_recorded_by_its_name(ecr):
    ecr.fail("ListImages", "ReadTimeoutError")
    gate = ecr._gate

    with pytest.raises(Exception, match="ReadTimeoutError"):
        gate.answer(api_request("ListImages", b'{"repositoryName": "web"}'))

    (call,) = ecr.calls
    assert (call.operation, call.parameters, call.error, call.response) == (
        "ListImages",
        {"repositoryName": "web"},
        "ReadTimeoutError",
        None,
    )


@pytest.mark.parametrize(
    ("body", "parameters"),
    [
        pytest.param(b'{"repositoryName": 5}', {"repositoryName": 5}, id="of a wrong type"),
        pytest.param(
            b'{"repositoryName": "web", "maxResults": 0}', {"repositoryName": "web", "maxResults": 0}, id="out of range"
        ),
        pytest.param(
            b'{"repositoryName": "web", "color": "red"}', {"repositoryName": "web"}, id="unknown to the service"
        ),
        pytest.param(b"[1]", {}, id="no object"),
        pytest.param(b"{", {}, id="no JSON"),
    ],
)
def test_a_refused_call_is_recorded_with_the_parameters_that_could_be_read(ecr, body, parameters):
    ecr.answer(api_request("ListImages", body))

    (call,) = ecr.calls
    assert (call.parameters, call.error is None) == (parameters, False)


def test_a_request_for_an_unknown_operation_is_recorded_with_its_name(ecr):
    ecr.answer(api_request("PaintImages", b"{}"))

    (call,) = ecr.calls
    assert (call.operation, call.error) == ("PaintImages", "UnknownOperationException")


def test_what_a_test_author_arranges_is_not_a_call(ecr):
    ecr.seed({"registries": [{"repositories": [{"name": "web"}]}]})
    ecr.push("web", "latest")
    ecr.set_findings("web", [], tag="latest")
    ecr.expire()
    ecr.dump()

    assert ecr.calls == ()


def test_the_registry_of_a_call_is_the_one_that_it_names(ecr):
    client = ecr.client()

    code_of(client.list_images, repositoryName="web", registryId="210987654321")
    code_of(client.list_images, repositoryName="web")

    assert [call.registry_id for call in ecr.calls] == ["210987654321", "123456789012"]


def test_the_principal_of_a_call_in_china_is_in_the_partition_of_china():
    with FakeECR(region="cn-north-1", account_id="111122223333") as ecr:
        ecr.client().describe_repositories()

        assert ecr.calls[0].principal == "arn:aws-cn:iam::111122223333:root"


def test_calls_of_each_fake_are_its_own(ecr):
    with FakeECR() as inner:
        SESSION.client("ecr").describe_repositories()

    assert (len(ecr.calls), len(inner.calls)) == (0, 1)


# --- What is not kept --------------------------------------------------------------------------------


def test_an_authorization_token_is_not_recorded(ecr):
    response = ecr.client().get_authorization_token()

    (call,) = ecr.calls
    recorded = call.response["authorizationData"][0]
    assert recorded["authorizationToken"] == "<not recorded>"
    assert recorded["proxyEndpoint"] == response["authorizationData"][0]["proxyEndpoint"]
    assert response["authorizationData"][0]["authorizationToken"] != "<not recorded>"


def test_the_bytes_of_a_layer_are_not_recorded(ecr):
    ecr.push("web", "latest")
    client = ecr.client()
    upload = client.initiate_layer_upload(repositoryName="web")["uploadId"]

    client.upload_layer_part(
        repositoryName="web", uploadId=upload, partFirstByte=0, partLastByte=4, layerPartBlob=b"layer"
    )

    parameters = ecr.calls[-1].parameters
    assert parameters["layerPartBlob"] == "<5 bytes>"
    assert parameters["uploadId"] == upload


def test_the_url_of_a_layer_is_not_recorded(ecr):
    ecr.push("web", "latest", layers=[b"layer"])
    client = ecr.client()
    digest = ecr.client().batch_get_image(repositoryName="web", imageIds=[{"imageTag": "latest"}])
    layer = json.loads(digest["images"][0]["imageManifest"])["layers"][0]["digest"]

    client.get_download_url_for_layer(repositoryName="web", layerDigest=layer)

    assert ecr.calls[-1].response == {"downloadUrl": "<not recorded>", "layerDigest": layer}


def test_only_the_last_calls_are_kept_and_the_others_counted(ecr, monkeypatch):
    monkeypatch.setattr(journal, "MOST_CALLS", 3)
    client = ecr.client()

    for number in range(5):
        code_of(client.list_images, repositoryName=f"web{number}")

    assert [call.parameters["repositoryName"] for call in ecr.calls] == ["web2", "web3", "web4"]
    assert ecr.calls.dropped == ecr.calls.of("ListImages").dropped == 2
    assert "5 calls" in repr(ecr)


def test_no_more_bytes_are_kept_than_fit(ecr, monkeypatch):
    ecr.seed({"registries": [{"repositories": [{"name": "web", "images": [{"count": 100}]}]}]})
    monkeypatch.setattr(journal, "MOST_BYTES", 25_000)
    client = ecr.client()

    for _ in range(9):
        client.list_images(repositoryName="web")

    assert 1 <= len(ecr.calls) <= 3
    assert len(ecr.calls) + ecr.calls.dropped == 9


def test_a_reset_forgets_the_calls(ecr):
    ecr.client().describe_repositories()

    ecr.reset()

    assert ecr.calls == ()
    assert "0 calls" in repr(ecr)


def test_calls_can_be_read_after_the_fake_was_stopped():
    with FakeECR() as ecr:
        ecr.client().describe_repositories()

    ecr.assert_called("DescribeRepositories", times=1)

    with ecr:
        assert ecr.calls == ()


def test_a_fake_that_was_never_used_has_no_calls():
    assert FakeECR().calls == ()


def test_the_calls_of_16_threads_are_all_recorded(ecr):
    client = ecr.client(config=Config(max_pool_connections=16))

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: code_of(client.list_images, repositoryName=f"web{number}"), range(200)))

    assert {call.parameters["repositoryName"] for call in ecr.calls} == {f"web{number}" for number in range(200)}
    assert len(ecr.calls) == 200


def test_calls_that_were_read_do_not_change(ecr):
    client = ecr.client()
    client.describe_repositories()
    before = ecr.calls

    client.describe_repositories()

    assert (len(before), len(ecr.calls)) == (1, 2)


# --- Selected ----------------------------------------------------------------------------------------


@pytest.fixture
def busy(ecr):
    """Yield a fake that has answered five calls."""
    ecr.push("web", "latest", "v1")
    client = ecr.client(**ONCE)
    client.list_images(repositoryName="web", maxResults=1)
    client.list_images(repositoryName="web", maxResults=2)
    code_of(client.list_images, repositoryName="api")
    client.batch_delete_image(repositoryName="web", imageIds=[{"imageTag": "v1"}])
    client.describe_repositories()
    return ecr


@pytest.mark.parametrize(
    ("operation", "parameters", "count"),
    [
        pytest.param("ListImages", {}, 3, id="every call of an operation"),
        pytest.param("ListImages", {"repositoryName": "web"}, 2, id="with a parameter"),
        pytest.param("ListImages", {"repositoryName": "web", "maxResults": 2}, 1, id="with two parameters"),
        pytest.param("ListImages", {"nextToken": "x"}, 0, id="with a parameter that no call has"),
        pytest.param("BatchDeleteImage", {"imageIds": [{"imageTag": "v1"}]}, 1, id="with a list"),
        pytest.param("*", {"repositoryName": "web"}, 3, id="of every operation"),
        pytest.param("*", {}, 5, id="all"),
        pytest.param("PutImage", {}, 0, id="never called"),
    ],
)
def test_calls_are_selected_by_operation_and_parameters(busy, operation, parameters, count):
    assert len(busy.calls.of(operation, **parameters)) == count
    if count:
        busy.assert_called(operation, **parameters)
        busy.assert_called(operation, times=count, **parameters)
    else:
        busy.assert_not_called(operation, **parameters)
        busy.assert_called(operation, times=0, **parameters)


def test_a_call_that_names_no_registry_is_one_for_the_default_registry(busy):
    busy.assert_called("DescribeRepositories", times=1, registryId="123456789012")
    busy.assert_not_called("*", registryId="210987654321")


def test_a_value_that_a_request_is_refused_for_can_be_asked_for(busy):
    busy.assert_not_called("ListImages", maxResults=0)


def test_selected_calls_can_be_selected_further(busy):
    selected = busy.calls.of("*", repositoryName="web").of("ListImages")

    assert isinstance(selected, RecordedCalls)
    assert [call.parameters["maxResults"] for call in selected] == [1, 2]


MISTAKES = [
    pytest.param(
        ("ListImage",), {}, "ECR has no operation 'ListImage'. Did you mean 'ListImages'?", id="a misspelt operation"
    ),
    pytest.param(("list_images",), {}, "ECR has no operation 'list_images'.", id="the name of a method"),
    pytest.param(
        ("ListImages",),
        {"repository_name": "web"},
        "ListImages has no parameter 'repository_name'. Did you mean 'repositoryName'?",
        id="a parameter as Python writes it",
    ),
    pytest.param(("*",), {"colour": 1}, "ECR has no parameter 'colour'.", id="a parameter of no operation"),
    pytest.param(
        ("BatchDeleteImage",),
        {"imageIds": [{"imageTagg": "a"}]},
        'No request can have this value. Unknown parameter in imageIds[0]: "imageTagg"',
        id="a misspelt member",
    ),
    pytest.param(
        ("BatchDeleteImage",),
        {"imageIds": {"imageTag": "a"}},
        "No request can have this value. Invalid type for parameter imageIds",
        id="a value of a wrong type",
    ),
    pytest.param(
        ("UploadLayerPart",),
        {"layerPartBlob": b"abc"},
        "layerPartBlob is not recorded, so no call can be found by it.",
        id="the bytes of a layer",
    ),
]


@pytest.mark.parametrize("method", ["assert_called", "assert_not_called", "calls.of"])
@pytest.mark.parametrize(("arguments", "parameters", "message"), MISTAKES)
def test_a_name_that_ecr_does_not_have_is_refused(busy, method, arguments, parameters, message):
    function = busy.calls.of if method == "calls.of" else getattr(busy, method)

    with pytest.raises(ValueError, match=re.escape(message)):
        function(*arguments, **parameters)


@pytest.mark.parametrize(
    ("times", "message"),
    [(-1, "times must be 0 or more, not -1."), (True, "times must be a whole number, not True."), (1.5, "not 1.5")],
)
def test_an_invalid_number_of_times_is_refused(busy, times, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        busy.assert_called("ListImages", times=times)


# --- Messages ----------------------------------------------------------------------------------------


def message_of(function, *arguments, **keywords) -> str:
    with pytest.raises(AssertionError) as raised:
        function(*arguments, **keywords)
    return str(raised.value)


def test_a_missing_call_shows_what_was_called_the_most_similar_first(busy):
    message = message_of(busy.assert_called, "ListImages", repositoryName="apis")

    assert message.splitlines() == [
        "ListImages with repositoryName='apis' was not called.",
        "What was called, the most similar first:",
        "  ListImages            repositoryName='api'  → RepositoryNotFoundException",
        "  ListImages            repositoryName='web'  maxResults=1",
        "  ListImages            repositoryName='web'  maxResults=2",
        "  BatchDeleteImage      repositoryName='web'  imageIds=[{'imageTag': 'v1'}]",
        "  DescribeRepositories",
    ]


def test_a_call_with_more_of_the_expected_parameters_is_more_similar(busy):
    message = message_of(busy.assert_called, "ListImages", repositoryName="api", maxResults=2)

    assert message.splitlines()[2:5] == [
        "  ListImages            repositoryName='web'  maxResults=2",
        "  ListImages            repositoryName='api'                → RepositoryNotFoundException",
        "  ListImages            repositoryName='web'  maxResults=1",
    ]


def test_too_many_calls_are_shown_alone(busy):
    message = message_of(busy.assert_called, "ListImages", times=1, repositoryName="web")

    assert message.splitlines() == [
        "ListImages with repositoryName='web' was called twice; expected once.",
        "The calls:",
        "  ListImages  repositoryName='web'  maxResults=1",
        "  ListImages  repositoryName='web'  maxResults=2",
    ]


def test_a_call_that_was_not_to_be_made_is_shown(busy):
    message = message_of(busy.assert_not_called, "DescribeRepositories")

    assert message.splitlines() == [
        "DescribeRepositories was called once; expected no call.",
        "The calls:",
        "  DescribeRepositories",
    ]


def test_equal_calls_are_shown_once_with_their_number(ecr):
    client = ecr.client()
    for _ in range(3):
        client.describe_repositories()

    message = message_of(ecr.assert_called, "ListImages", times=2)

    assert message.splitlines() == [
        "ListImages was not called; expected twice.",
        "What was called, the most similar first:",
        "  DescribeRepositories  (3 times)",
    ]


def test_a_message_shows_ten_different_calls_and_counts_the_rest(ecr):
    client = ecr.client()
    for number in range(25):
        code_of(client.list_images, repositoryName=f"web{number}")

    lines = message_of(ecr.assert_called, "DescribeImages").splitlines()

    assert len(lines) == 13
    assert lines[-1] == "  … and 15 more"


def test_a_message_says_when_nothing_was_called(ecr):
    assert message_of(ecr.assert_called, "*") == "ECR was not called.\nNothing was called."


def test_a_message_says_when_older_calls_were_dropped(busy, monkeypatch):
    monkeypatch.setattr(journal, "MOST_CALLS", 1)
    busy.client().describe_repositories()

    assert message_of(busy.assert_called, "PutImage").splitlines()[-1] == "5 older calls are no longer recorded."


def test_values_that_differ_at_their_end_are_shown_from_there(ecr):
    client = ecr.client(**ONCE)
    ids = [{"imageTag": f"build-{number}"} for number in range(6)]
    for last in ("a", "b"):
        code_of(client.batch_delete_image, repositoryName="web", imageIds=[*ids, {"imageTag": last}])

    lines = message_of(ecr.assert_called, "BatchDeleteImage", imageIds=[*ids, {"imageTag": "c"}]).splitlines()

    assert [line.partition("imageTag': '")[2][-40:].rstrip() for line in lines[2:]] != []
    assert "'a'}]" in lines[2]
    assert "'b'}]" in lines[3]


def test_an_assertion_does_not_hold_because_older_calls_were_dropped(ecr, monkeypatch):
    monkeypatch.setattr(journal, "MOST_CALLS", 2)
    client = ecr.client(**ONCE)
    code_of(client.delete_repository, repositoryName="web")
    for _ in range(3):
        client.describe_repositories()

    assert "1 older calls of it are no longer recorded" in message_of(ecr.assert_not_called, "DeleteRepository")
    assert "is unknown" in message_of(ecr.assert_called, "DescribeRepositories", times=2)
    ecr.assert_called("DescribeRepositories")
    ecr.assert_not_called("PutImage")


def test_the_registry_in_the_arn_of_a_request_is_recorded(ecr):
    arn = "arn:aws:ecr:us-east-1:210987654321:repository/web"

    code_of(ecr.client(**ONCE).list_tags_for_resource, resourceArn=arn)

    assert ecr.calls[0].registry_id == "210987654321"


def test_a_long_value_is_shortened_in_a_message(ecr):
    code_of(ecr.client().list_images, repositoryName="web", nextToken="x" * 500)

    assert max(map(len, message_of(ecr.assert_called, "PutImage").splitlines())) < 140


@settings(max_examples=25)
@given(st.lists(st.sampled_from(["web", "api", "team/service"]), max_size=12), st.integers(0, 12))
def test_an_assertion_holds_exactly_if_the_calls_are_as_many(names, times):
    with FakeECR() as ecr:
        client = ecr.client(**ONCE)
        for name in names:
            code_of(client.list_images, repositoryName=name)

        if names.count("web") == times:
            ecr.assert_called("ListImages", times=times, repositoryName="web")
        else:
            message_of(ecr.assert_called, "ListImages", times=times, repositoryName="web")


# --- repr --------------------------------------------------------------------------------------------


def test_a_repr_shows_the_call_and_its_error(busy):
    assert repr(busy.calls.of("ListImages", repositoryName="api")[0]) == (
        "<ListImages(repositoryName='api') → RepositoryNotFoundException>"
    )


def test_the_repr_of_a_fake_counts_calls_and_events(busy):
    assert repr(busy) == "<FakeECR 123456789012 us-east-1 in memory, active, 5 calls, 3 events>"


def test_the_classes_of_calls_are_exported():
    assert fakeecr.RecordedCall is journal.RecordedCall
    assert fakeecr.RecordedCalls is journal.RecordedCalls
