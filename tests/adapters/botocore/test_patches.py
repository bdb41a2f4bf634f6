"""What is replaced in botocore while a fake is in use: sleeping, creating clients, making requests."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

import boto3
import botocore.endpoint
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, NoRegionError, WaiterError
from botocore.retries.bucket import Clock, TokenBucket
from botocore.session import Session

from fakeecr import FakeECR
from fakeecr.adapters.botocore.hook import DEFAULT_HOOK
from tests.adapters.botocore.responses import aws_response
from tests.adapters.untouched import process_state
from tests.answers import ONCE, code_of, listed_tags

TWICE = {**ONCE, "config": Config(retries={"total_max_attempts": 2})}


@pytest.fixture
def sleeps(monkeypatch) -> list[float]:
    """Record for how long botocore would sleep, instead of sleeping."""
    sleeps: list[float] = []
    monkeypatch.setattr("time.sleep", sleeps.append)
    monkeypatch.setattr(TokenBucket, "_sleep_amount", lambda *_: sleeps.append(1.0) or 0)
    return sleeps


def call_to_unavailable_service(client, method: str, **parameters: str) -> Callable[[], None]:
    """Return a call that fails with status 503, from a handler of the test; botocore retries it."""
    service = client.meta.service_model.service_name
    operation = client.meta.method_to_api_mapping[method]
    client.meta.events.register(f"before-send.{service}.{operation}", lambda request, **_: aws_response(request, 503))

    def call() -> None:
        with pytest.raises(ClientError, match="503"):
            getattr(client, method)(**parameters)

    return call


# --- Retries --------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
@pytest.mark.parametrize("error", ["ServerException", "ThrottlingException"])
def test_retries_that_a_fake_answers_are_counted_and_do_not_sleep(ecr, session, sleeps, mode, error):
    ecr.push("web", "latest")
    client = session.client("ecr", "us-east-1", config=Config(retries={"mode": mode, "max_attempts": 4}))
    ecr.fail("ListImages", error, times=2)

    for attempts in (2, 0):
        response = client.list_images(repositoryName="web")
        assert response["ResponseMetadata"]["RetryAttempts"] == attempts
    assert sleeps == []


@pytest.mark.parametrize(("mode", "attempts"), [("legacy", 5), ("standard", 3), ("adaptive", 3)])
def test_retries_end_after_botocores_own_number_of_attempts(ecr, session, sleeps, mode, attempts):
    client = session.client("ecr", "us-east-1", config=Config(retries={"mode": mode}))
    ecr.fail("ListImages", "ServerException", times=attempts + 1)

    with pytest.raises(ClientError, match=f"reached max retries: {attempts - 1}"):
        client.list_images(repositoryName="web")
    assert code_of(client.list_images, repositoryName="web") == "RepositoryNotFoundException"
    assert sleeps == []


def test_an_error_that_botocore_does_not_retry_is_not_retried(ecr, session, sleeps):
    client = session.client("ecr", "us-east-1")
    ecr.fail("ListImages", "AccessDeniedException", times=2)

    assert code_of(client.list_images, repositoryName="web") == "AccessDeniedException"
    assert code_of(client.list_images, repositoryName="web") == "AccessDeniedException"
    assert code_of(client.list_images, repositoryName="web") == "RepositoryNotFoundException"


def test_a_retry_of_another_service_sleeps(ecr, session, sleeps):
    call = call_to_unavailable_service(session.client("s3", "us-east-1", **TWICE), "list_buckets")

    call()

    assert len(sleeps) == 1


def test_a_retry_of_another_service_sleeps_even_inside_a_call_that_a_fake_answers(ecr, session, sleeps):
    call_other_service = call_to_unavailable_service(session.client("s3", "us-east-1", **TWICE), "list_buckets")
    client = session.client("ecr", "us-east-1")
    client.meta.events.register("response-received.ecr", lambda **_: call_other_service())

    assert code_of(client.list_images, repositoryName="web") == "RepositoryNotFoundException"
    assert len(sleeps) == 1


def test_a_retry_of_a_client_that_no_fake_answers_sleeps(session, sleeps):
    ecr = FakeECR()
    ecr.push("web", "latest")  # in use, but not active
    call = call_to_unavailable_service(session.client("ecr", "us-east-1", **TWICE), "list_images", repositoryName="web")

    call()

    ecr.stop()
    assert len(sleeps) == 1


def interrupt_call(client) -> None:
    def interrupt(**_: object) -> None:
        raise KeyboardInterrupt

    client.meta.events.register("response-received.ecr", interrupt)
    with pytest.raises(KeyboardInterrupt):
        client.list_images(repositoryName="web")


@pytest.mark.parametrize(
    "use",
    [
        lambda client: client.list_images(repositoryName="web"),
        lambda client: client.generate_presigned_url("list_images", Params={"repositoryName": "web"}),
        lambda client: code_of(client.list_images, repositoryName="none"),
        interrupt_call,
    ],
    ids=["answered", "presigned", "failed", "interrupted"],
)
def test_botocore_sleeps_again_after_a_call_that_a_fake_answered(ecr, session, sleeps, use):
    ecr.push("web", "latest")
    use(session.client("ecr", "us-east-1"))

    botocore.endpoint.time.sleep(3)
    TokenBucket(max_rate=1, clock=Clock()).acquire()

    assert sleeps == [3, 1.0]


def test_a_call_keeps_its_region_when_another_call_is_made_inside_it(ecr, session):
    ecr.push("web", "west", region="us-west-2")
    west, east = (session.client("ecr", region) for region in ("us-west-2", "us-east-1"))
    west.meta.events.register_first(
        "before-send.ecr.ListImages", lambda **_: code_of(east.list_images, repositoryName="web") and None
    )

    assert listed_tags(west) == ["west"]


# --- Waiters --------------------------------------------------------------------------------------


def test_a_waiter_that_a_fake_answers_does_not_sleep(ecr, session, sleeps):
    client = session.client("ecr", "us-east-1")
    client.put_registry_scanning_configuration(
        scanType="ENHANCED",
        rules=[
            {
                "scanFrequency": "CONTINUOUS_SCAN",
                "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}],
            }
        ],
    )
    ecr.push("web", "latest")

    with pytest.raises(WaiterError, match="Max attempts exceeded"):
        client.get_waiter("image_scan_complete").wait(repositoryName="web", imageId={"imageTag": "latest"})
    assert sleeps == []


def test_a_waiter_of_another_service_sleeps(ecr, session, sleeps):
    client = session.client("s3", "us-east-1", **ONCE)
    client.meta.events.register("before-send.s3.HeadBucket", lambda request, **_: aws_response(request, 404))
    ecr.client().describe_registry()

    with pytest.raises(WaiterError, match="Max attempts exceeded"):
        client.get_waiter("bucket_exists").wait(Bucket="none", WaiterConfig={"Delay": 7, "MaxAttempts": 3})
    assert sleeps == [7, 7]


# --- Creating clients -----------------------------------------------------------------------------


def test_a_client_keeps_the_credentials_and_the_region_of_its_session_or_config(ecr):
    session = boto3.Session(aws_access_key_id="mine", aws_secret_access_key="mine", region_name="eu-west-1")

    client = session.client("ecr")
    configured_client = session.client("ecr", config=Config(region_name="eu-west-2"))

    assert client._request_signer._credentials.access_key == "mine"
    assert client.meta.region_name == "eu-west-1"
    assert configured_client.meta.region_name == "eu-west-2"


def test_a_client_takes_its_region_from_the_environment_rather_than_the_fake(ecr, monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-south-1")

    assert boto3.client("ecr").meta.region_name == "ap-south-1"


def test_a_client_takes_the_region_of_its_profile_without_resolving_its_credentials(ecr, monkeypatch, tmp_path):
    config = tmp_path / "config"
    # Resolving these credentials would fail: the program does not exist.
    config.write_text("[profile work]\nregion = eu-west-3\ncredential_process = /no/such/program\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    ecr.push("web", "latest", region="eu-west-3")

    assert listed_tags(boto3.Session(profile_name="work").client("ecr")) == ["latest"]


def test_a_client_without_a_region_takes_that_of_the_active_fake(no_metadata):
    with FakeECR(region="sa-east-1") as ecr:
        ecr.push("web", "latest")
        client = boto3.client("ecr")
        assert client.meta.region_name == "sa-east-1"
        assert listed_tags(client) == ["latest"]
    with pytest.raises(NoRegionError):
        boto3.client("ecr")


def test_clients_of_other_services_get_neither_a_region_nor_credentials_from_a_fake(ecr, no_metadata):
    boto3.client("ecr")

    with pytest.raises(NoRegionError):
        boto3.client("ecr-public")
    assert boto3.Session().get_credentials() is None


# --- Clients without the hook ---------------------------------------------------------------------


def test_a_client_gets_the_hook_once_although_many_threads_make_its_first_call(no_metadata, session):
    client = session.client("ecr", "us-east-1")
    for event, handler in DEFAULT_HOOK.handlers():  # as if it had been created before fakeecr was imported
        client.meta.events.unregister(event, handler)

    with FakeECR() as ecr, ThreadPoolExecutor(16) as pool:
        ecr.push("web", "latest")
        assert list(pool.map(lambda _: listed_tags(client), range(16))) == [["latest"]] * 16
        # With two hooks, one call would meet both failures.
        ecr.fail("ListImages", "AccessDeniedException", times=2)
        assert code_of(client.list_images, repositoryName="web") == "AccessDeniedException"
        assert code_of(client.list_images, repositoryName="web") == "AccessDeniedException"
        assert listed_tags(client) == ["latest"]


# --- Replacing and restoring ----------------------------------------------------------------------


def test_attributes_are_replaced_once_for_all_fakes_and_restored_with_the_last():
    before = process_state()

    first = FakeECR().start()
    during = process_state()
    second = FakeECR().start()
    first.stop()
    assert process_state() == during
    second.stop()

    unchanged = {name for name in before if before[name] == during[name]}
    # What sends is the guard's, and what waits for the import of aiobotocore is in meta_path.
    assert unchanged - {"meta_path"} == {name for name in before if name.endswith(".send")} | {"fakeecr's handlers"}
    assert process_state() == before


def test_an_attribute_that_another_library_replaced_is_left_to_it(session, no_metadata):
    ecr = FakeECR().start()
    with mock.patch.object(Session, "create_client", return_value="another's"):
        ecr.stop()
        assert session.client("ecr") == "another's"
    with pytest.raises(NoRegionError):
        session.client("ecr")
    FakeECR().start().stop()  # restores the attribute that was left


def test_the_replacement_of_another_library_is_called_from_that_of_fakeecr(session):
    with mock.patch.object(Session, "create_client", return_value="another's"), FakeECR():
        assert session.client("ecr") == "another's"


def test_attributes_are_restored_after_threads_stop_their_fakes_in_any_order():
    def use_fake(number: int) -> None:
        with FakeECR() as ecr:
            ecr.push("web", f"{number}")
            assert listed_tags(ecr.client()) == [f"{number}"]

    before = process_state()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(use_fake, range(40)))

    assert process_state() == before
