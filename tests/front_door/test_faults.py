"""fail(), delay() and throttle(): what a test orders for the requests that are still to come; and reset()."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor

import botocore.exceptions
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ReadTimeoutError
from freezegun import freeze_time
from hypothesis import given
from hypothesis import strategies as st

from fakeecr import FakeECR
from fakeecr.api.model import known_errors, service_model
from fakeecr.faults import NETWORK_ERRORS, Throttle
from tests.answers import code_of, error_of, notes_of
from tests.clients import KINDS
from tests.front_door.clients import SESSION, tags_in_web


@pytest.fixture
def client(ecr, unchecked_client_of):
    """Return a client of `ecr` of each kind; it does not retry."""
    return unchecked_client_of(ecr, checks_answers=False)


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
        pytest.param(
            ("ListImages", "ServerException", "2"), "times must be a whole number, not '2'.", id="a text as times"
        ),
        pytest.param(
            ("ListImages", "ServerException", 1, -1), "after must be 0 or more, not -1.", id="a negative after"
        ),
        pytest.param(("ListImages", "ServerException", 1, 0, 0), "every must be 1 or more, not 0.", id="every zeroth"),
        pytest.param(
            ("ListImages", "ServerException", 1, 0, 1, 1.1),
            "probability must be from 0 to 1, not 1.1.",
            id="a large probability",
        ),
        pytest.param(
            ("ListImages", "ReadTimeout"),
            "ECR has no error 'ReadTimeout'. Did you mean 'ReadTimeoutError'?",
            id="an unknown network error",
        ),
    ],
)
def test_an_invalid_order_of_an_error_is_refused(ecr, arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        ecr.fail(*arguments)


# --- Which requests fail -----------------------------------------------------------------------------


def failures(client, calls: int, **parameters) -> list[bool]:
    """Return of each call whether it failed."""
    return [fails(client, "AccessDeniedException", **parameters) for _ in range(calls)]


def fails(client, code: str, **parameters) -> bool:
    """Whether the next listing fails, with an error of this code."""
    try:
        client.list_images(**{"repositoryName": "web", **parameters})
    except ClientError as error:
        if error.response["Error"]["Code"] != code:
            raise
        return True
    return False


@pytest.mark.parametrize(
    ("order", "failed"),
    [
        pytest.param({}, [1], id="the first one"),
        pytest.param({"times": 3}, [1, 2, 3], id="the first three"),
        pytest.param({"times": None}, [1, 2, 3, 4, 5, 6, 7, 8, 9], id="all"),
        pytest.param({"after": 2}, [3], id="the third one"),
        pytest.param({"every": 3, "times": None}, [3, 6, 9], id="each third one"),
        pytest.param({"every": 3}, [3], id="each third one, once"),
        pytest.param({"after": 2, "every": 3, "times": None}, [5, 8], id="each third one after two"),
        pytest.param({"probability": 0, "times": None}, [], id="with no probability"),
        pytest.param({"probability": 1, "times": None}, [1, 2, 3, 4, 5, 6, 7, 8, 9], id="with certainty"),
    ],
)
def test_an_order_says_which_requests_fail(ecr, client, order, failed):
    ecr.push("web", "latest")
    fault = ecr.fail("ListImages", "AccessDeniedException", **order)

    result = failures(client, 9)

    assert [number for number, has_failed in enumerate(result, 1) if has_failed] == failed
    assert fault.hits == len(failed)


def test_a_probability_gives_the_same_failures_in_each_run(client, ecr):
    ecr.push("web", "latest")

    with ecr.fail("ListImages", "AccessDeniedException", None, probability=0.5, seed=7):
        first = failures(client, 40)
    with ecr.fail("ListImages", "AccessDeniedException", None, probability=0.5, seed=7):
        again = failures(client, 40)
    with ecr.fail("ListImages", "AccessDeniedException", None, probability=0.5, seed=8):
        other = failures(client, 40)

    assert first == again != other
    assert 5 < sum(first) < 35


def test_only_requests_with_equal_parameters_fail_and_count(ecr, client):
    ecr.push("web", "latest")
    ecr.push("api", "latest")
    fault = ecr.fail(
        "ListImages", "AccessDeniedException", after=1, repositoryName="web", filter={"tagStatus": "TAGGED"}
    )
    tagged = {"filter": {"tagStatus": "TAGGED"}}

    results = [
        *failures(client, 2, repositoryName="api", **tagged),
        *failures(client, 2),
        *failures(client, 3, **tagged),
    ]

    assert results == [False, False, False, False, False, True, False]
    assert fault.hits == 1


def test_a_star_lets_every_operation_fail(ecr, client):
    ecr.fail("*", "AccessDeniedException", times=2)

    codes = [code_of(client.describe_repositories), code_of(client.list_images, repositoryName="web")]

    assert codes == ["AccessDeniedException"] * 2
    assert client.describe_repositories()["repositories"] == []


def test_a_misspelt_parameter_of_an_order_is_refused(ecr):
    with pytest.raises(
        ValueError, match=r"ListImages has no parameter 'repository_name'\. Did you mean 'repositoryName'"
    ):
        ecr.fail("ListImages", "ServerException", repository_name="web")


def test_a_request_that_names_no_registry_is_for_the_default_one(ecr, client):
    ecr.push("web", "latest")
    other = ecr.fail("ListImages", "ServerException", registryId="210987654321")
    own = ecr.fail("ListImages", "AccessDeniedException", registryId="123456789012")

    assert failures(client, 2) == [True, False]
    assert (own.hits, other.hits) == (1, 0)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        pytest.param(
            {"time": 3}, "ListImages has no parameter 'time'. Did you mean 'times'?", id="a misspelt argument"
        ),
        pytest.param({"maxResults": "5"}, "No request can have this value. Invalid type", id="a wrong type"),
    ],
)
def test_an_order_that_no_request_can_meet_is_refused(ecr, parameters, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        ecr.fail("ListImages", "ServerException", **parameters)


def test_a_note_on_an_ordered_error_says_where_it_was_ordered(ecr, client):
    fault = ecr.fail("ListImages", "AccessDeniedException")

    notes = notes_of(client.list_images, repositoryName="web")

    assert notes == f"A test ordered this error: {fault.ordered_at}."
    assert fault.ordered_at.startswith(f"{__file__}, line ")


def test_a_call_that_fails_changes_nothing(ecr, client):
    ecr.push("web", "latest")
    ecr.fail("BatchDeleteImage", "ServerException")
    before = ecr.dump()

    code_of(client.batch_delete_image, repositoryName="web", imageIds=[{"imageTag": "latest"}])

    assert ecr.dump() == before
    assert ecr.events == ecr.events[:1]


def test_an_invalid_request_fails_as_ordered(ecr, client):
    ecr.fail("ListImages", "AccessDeniedException", repositoryName="web")

    code = code_of(client.list_images, repositoryName="web", maxResults=100_000)

    assert code == "AccessDeniedException"


# --- A fault -----------------------------------------------------------------------------------------


def test_a_removed_fault_hits_nothing_more(ecr, client):
    ecr.push("web", "latest")
    fault = ecr.fail("ListImages", "AccessDeniedException", times=None)
    assert failures(client, 2) == [True, True]

    fault.remove()
    fault.remove()

    assert failures(client, 2) == [False, False]
    assert fault.hits == 2


def test_a_fault_lasts_as_long_as_its_block(ecr, client):
    ecr.push("web", "latest")

    with ecr.fail("ListImages", "AccessDeniedException", times=None) as fault:
        assert failures(client, 1) == [True]

    assert failures(client, 1) == [False]
    assert (fault.operation, fault.hits) == ("ListImages", 1)


def test_of_two_faults_the_earlier_comes_first(ecr, client):
    ecr.push("web", "latest")
    ecr.fail("ListImages", "AccessDeniedException", after=1)
    ecr.fail("*", "ServerException")

    codes = [code_of(client.list_images, repositoryName="web") for _ in range(2)]

    assert codes == ["ServerException", "AccessDeniedException"]
    assert tags_in_web(client) == ["latest"]


def test_a_fault_shows_what_it_is_for_and_how_often_it_hit(ecr):
    fault = ecr.fail("ListImages", "ServerException", repositoryName="web")

    assert repr(fault) == "<Failure of ListImages, repositoryName='web': 0 hits>"


# --- Network errors ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NETWORK_ERRORS)
def test_a_network_error_is_raised_as_botocores_own(ecr, client, name):
    ecr.push("web", "latest")
    ecr.fail("ListImages", name)

    with pytest.raises(getattr(botocore.exceptions, name), match=re.escape("https://api.ecr.us-east-1.amazonaws.com/")):
        client.list_images(repositoryName="web")

    assert tags_in_web(client) == ["latest"]


@pytest.mark.parametrize("name", NETWORK_ERRORS)
def test_a_network_error_is_retried_by_botocore(ecr, name):
    ecr.push("web", "latest")
    ecr.fail("ListImages", name, times=2)

    assert tags_in_web(ecr.client()) == ["latest"]
    assert [call.error for call in ecr.calls] == [name, name, None]


# --- Delays ------------------------------------------------------------------------------------------


@pytest.fixture
def waits(monkeypatch):
    """Return the seconds that adapters waited, without waiting."""
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        if seconds:  # an answer without a delay waits one turn
            waited.append(seconds)

    monkeypatch.setattr(time, "sleep", waited.append)
    if "aiobotocore" in KINDS:
        monkeypatch.setattr("fakeecr.adapters.aiobotocore._sleep", sleep)
    return waited


def test_a_delay_lets_a_call_be_answered_later(ecr, client, waits):
    ecr.push("web", "latest")
    fault = ecr.delay("ListImages", 1.5, repositoryName="web")

    assert tags_in_web(client) == ["latest"]
    client.describe_repositories()

    assert waits == [1.5]
    assert fault.hits == 1


def test_delays_add_up_and_end_when_they_are_removed(ecr, client, waits):
    ecr.push("web", "latest")

    with ecr.delay("*", 1), ecr.delay("ListImages", 0.25):
        tags_in_web(client)
    tags_in_web(client)

    assert waits == [1.25]


def test_an_error_comes_late_too(ecr, client, waits):
    ecr.delay("ListImages", 2)
    ecr.fail("ListImages", "AccessDeniedException")

    assert code_of(client.list_images, repositoryName="web") == "AccessDeniedException"
    assert waits == [2]


def test_a_delay_beyond_the_read_timeout_of_the_client_times_out_at_once(ecr, waits):
    ecr.push("web", "latest")
    client = ecr.client(config=Config(read_timeout=5, retries={"total_max_attempts": 2}))
    ecr.delay("BatchDeleteImage", 5.5)

    with pytest.raises(ReadTimeoutError, match=re.escape("https://api.ecr.us-east-1.amazonaws.com/")):
        client.batch_delete_image(repositoryName="web", imageIds=[{"imageTag": "latest"}])

    assert waits == []
    assert [call.error for call in ecr.calls] == ["ReadTimeoutError"] * 2
    assert tags_in_web(client) == ["latest"]


def test_a_delay_as_long_as_the_read_timeout_is_waited_for(ecr, waits):
    ecr.push("web", "latest")
    ecr.delay("ListImages", 5)

    assert tags_in_web(ecr.client(config=Config(read_timeout=5))) == ["latest"]
    assert waits == [5]


@pytest.mark.parametrize("seconds", [-1, 100_000, "1", True, float("nan")])
def test_an_invalid_delay_is_refused(ecr, seconds):
    with pytest.raises(ValueError, match="seconds must be"):
        ecr.delay("ListImages", seconds)


# --- Throttling --------------------------------------------------------------------------------------


def throttled(client, calls: int) -> list[bool]:
    return [fails(client, "ThrottlingException") for _ in range(calls)]


def test_requests_beyond_the_rate_are_throttled_until_time_passes(ecr, client):
    with freeze_time("2026-03-01") as clock:
        ecr.push("web", "latest")
        fault = ecr.throttle("ListImages", 2)

        assert throttled(client, 4) == [False, False, True, True]
        clock.tick(0.5)
        assert throttled(client, 2) == [False, True]
        clock.tick(60)
        assert throttled(client, 3) == [False, False, True]

    assert fault.hits == 4


@pytest.mark.parametrize(
    ("per_second", "burst", "answered"),
    [
        pytest.param(3, None, 3, id="the rate by default"),
        pytest.param(1, 5, 5, id="a burst"),
        pytest.param(0.1, None, 1, id="a rate below 1"),
        pytest.param(10, 1, 1, id="a burst below the rate"),
    ],
)
@freeze_time("2026-03-01")
def test_as_many_requests_at_once_are_answered_as_the_burst_allows(ecr, client, per_second, burst, answered):
    ecr.push("web", "latest")
    ecr.throttle("ListImages", per_second, burst)

    assert throttled(client, 8).count(False) == answered


@freeze_time("2026-03-01")
def test_throttling_has_the_message_of_aws(ecr, client):
    ecr.throttle("*", 1)
    client.describe_repositories()

    assert error_of(client.list_images, repositoryName="web") == ("ThrottlingException", "Rate exceeded", 400)


def test_a_clock_that_is_set_back_does_not_empty_the_bucket(ecr, client):
    ecr.push("web", "latest")
    with freeze_time("2026-03-02"):
        ecr.throttle("ListImages", 3)
    with freeze_time("2026-03-01"):
        assert throttled(client, 4) == [False, False, False, True]


@pytest.mark.parametrize(("per_second", "burst"), [(0, None), (-1, None), ("1", None), (1, 0), (1, 0.5)])
def test_an_invalid_rate_is_refused(ecr, per_second, burst):
    with pytest.raises(ValueError, match="must be"):
        ecr.throttle("ListImages", per_second, burst)


@given(
    rate=st.floats(0.1, 20),
    burst=st.floats(1, 20),
    pauses=st.lists(st.floats(0, 3), min_size=1, max_size=40),
)
def test_no_more_requests_are_answered_than_burst_and_rate_allow(rate, burst, pauses):
    with freeze_time("2026-03-01") as clock:
        throttle = Throttle("ListImages", rate, burst, {})
        answered, seconds = 0, 0.0
        for pause in pauses:
            clock.tick(pause)
            seconds += pause
            answered += throttle.strike() is None
            assert answered <= burst + rate * seconds + 0.01 * len(pauses)


# --- reset() -----------------------------------------------------------------------------------------


def test_a_reset_removes_registries_and_ordered_errors(any_ecr):
    any_ecr.fail("ListImages", "ServerException", times=99)
    any_ecr.push("web", "latest")

    any_ecr.reset()

    assert any_ecr.dump() == {"registries": []}
    any_ecr.push("web", "latest")
    assert tags_in_web(any_ecr.client()) == ["latest"]
