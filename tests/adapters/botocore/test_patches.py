"""What botocore does otherwise while a fake is in use: it does not sleep for what a fake answers."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

import botocore.endpoint
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError, NoRegionError, WaiterError
from botocore.retries.bucket import Clock, TokenBucket
from botocore.session import Session

from fakeecr import FakeECR
from tests.adapters.untouched import as_it_is
from tests.answers import ONCE, code_of, identifiers


@pytest.fixture
def slept(monkeypatch) -> list[float]:
    """Note what botocore would sleep, instead of sleeping."""
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    monkeypatch.setattr(TokenBucket, "_sleep_amount", lambda *_: slept.append(1.0) or 0)
    return slept


class Raw:
    """The body of a response that has none."""

    def stream(self):
        yield b""


def unavailable(client, call: str, **parameters: str) -> Callable[[], None]:
    """Give a call that a test's own handler fails, and botocore tries twice."""
    service = client.meta.service_model.service_name
    operation = client.meta.method_to_api_mapping[call]
    client.meta.events.register(
        f"before-send.{service}.{operation}", lambda request, **_: AWSResponse(request.url, 503, {}, Raw())
    )

    def fail() -> None:
        with pytest.raises(ClientError, match="503"):
            getattr(client, call)(**parameters)

    return fail


TWICE = {**ONCE, "config": Config(retries={"total_max_attempts": 2})}


class TestRetries:
    @pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
    @pytest.mark.parametrize("error", ["ServerException", "ThrottlingException"])
    def test_that_a_fake_answers_are_counted_and_take_no_time(self, ecr, session, slept, mode, error):
        ecr.push("web", "latest")
        client = session.client("ecr", "us-east-1", config=Config(retries={"mode": mode, "max_attempts": 4}))
        ecr.fail("ListImages", error, times=2)
        for attempts in (2, 0):
            response = client.list_images(repositoryName="web")
            assert response["ResponseMetadata"]["RetryAttempts"] == attempts
        assert slept == []

    @pytest.mark.parametrize(("mode", "tries"), [("legacy", 5), ("standard", 3), ("adaptive", 3)])
    def test_end_where_botocore_ends_them(self, ecr, session, slept, mode, tries):
        client = session.client("ecr", "us-east-1", config=Config(retries={"mode": mode}))
        ecr.fail("ListImages", "ServerException", times=tries + 1)
        with pytest.raises(ClientError, match=f"reached max retries: {tries - 1}"):
            client.list_images(repositoryName="web")
        assert code_of(client.list_images, repositoryName="web") == "RepositoryNotFoundException"
        assert slept == []

    def test_of_an_error_that_is_no_fault_do_not_happen(self, ecr, session, slept):
        client = session.client("ecr", "us-east-1")
        ecr.fail("ListImages", "AccessDeniedException", times=2)
        assert code_of(client.list_images, repositoryName="web") == "AccessDeniedException"
        assert code_of(client.list_images, repositoryName="web") == "AccessDeniedException"
        assert code_of(client.list_images, repositoryName="web") == "RepositoryNotFoundException"

    def test_of_other_services_sleep(self, ecr, session, slept):
        unavailable(session.client("s3", "us-east-1", **TWICE), "list_buckets")()
        assert len(slept) == 1

    def test_of_other_services_sleep_also_in_the_midst_of_a_call_that_a_fake_answers(self, ecr, session, slept):
        other = unavailable(session.client("s3", "us-east-1", **TWICE), "list_buckets")
        client = session.client("ecr", "us-east-1")
        client.meta.events.register("response-received.ecr", lambda **_: other())
        assert code_of(client.list_images, repositoryName="web") == "RepositoryNotFoundException"
        assert len(slept) == 1

    def test_of_a_client_that_no_fake_answers_sleep(self, session, slept):
        ecr = FakeECR()
        ecr.push("web", "latest")  # in use, but not active
        unavailable(session.client("ecr", "us-east-1", **TWICE), "list_images", repositoryName="web")()
        ecr.stop()
        assert len(slept) == 1

    @pytest.mark.parametrize(
        "leave",
        [
            lambda client: client.list_images(repositoryName="web"),
            lambda client: client.generate_presigned_url("list_images", Params={"repositoryName": "web"}),
            lambda client: code_of(client.list_images, repositoryName="none"),
            lambda client: interrupted(client),
        ],
        ids=["answered", "presigned", "failed", "interrupted"],
    )
    def test_sleep_again_after_any_call(self, ecr, session, slept, leave):
        ecr.push("web", "latest")
        leave(session.client("ecr", "us-east-1"))
        botocore.endpoint.time.sleep(3)
        TokenBucket(max_rate=1, clock=Clock()).acquire()
        assert slept == [3, 1.0]

    def test_keep_the_region_of_their_call_though_another_is_made_in_its_midst(self, ecr, session):
        ecr.push("web", "west", region="us-west-2")
        west, east = (session.client("ecr", region) for region in ("us-west-2", "us-east-1"))
        west.meta.events.register_first(
            "before-send.ecr.ListImages", lambda **_: code_of(east.list_images, repositoryName="web") and None
        )
        assert [tag for _, tag in identifiers(west.list_images(repositoryName="web"))] == ["west"]


def interrupted(client) -> None:
    def interrupt(**_: object) -> None:
        raise KeyboardInterrupt

    client.meta.events.register("response-received.ecr", interrupt)
    with pytest.raises(KeyboardInterrupt):
        client.list_images(repositoryName="web")


class TestWaiters:
    def test_take_no_time_where_a_fake_answers(self, ecr, session, slept):
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
        assert slept == []

    def test_of_other_services_sleep(self, ecr, session, slept):
        client = session.client("s3", "us-east-1", **ONCE)
        client.meta.events.register(
            "before-send.s3.HeadBucket", lambda request, **_: AWSResponse(request.url, 404, {}, Raw())
        )
        ecr.client().describe_registry()
        with pytest.raises(WaiterError, match="Max attempts exceeded"):
            client.get_waiter("bucket_exists").wait(Bucket="none", WaiterConfig={"Delay": 7, "MaxAttempts": 3})
        assert slept == [7, 7]


class TestTheChanges:
    def test_are_made_once_for_all_fakes_and_taken_back_with_the_last(self):
        before = as_it_is()
        first = FakeECR().start()
        during = as_it_is()
        second = FakeECR().start()
        first.stop()
        assert as_it_is() == during
        second.stop()
        changed = {what for what in before if before[what] != during[what]}
        assert changed == {
            "botocore.endpoint.time",
            "botocore.waiter.time",
            "wait",
            "create_client",
            "make_request",
            "acquire",
            "active",
        }
        assert as_it_is() == before

    def test_leave_what_another_puts_over_them_to_the_other(self, session, no_metadata):
        ecr = FakeECR().start()
        with mock.patch.object(Session, "create_client", return_value="another's"):
            ecr.stop()
            assert session.client("ecr") == "another's"
        with pytest.raises(NoRegionError):
            session.client("ecr")
        FakeECR().start().stop()  # takes back what came to light again

    def test_stand_over_what_another_has_put_there(self, session):
        with mock.patch.object(Session, "create_client", return_value="another's"), FakeECR():
            assert session.client("ecr") == "another's"

    def test_are_taken_back_by_threads_in_any_order(self):
        def life(number: int) -> None:
            with FakeECR() as ecr:
                ecr.push("web", f"{number}")
                client = ecr.client()
                assert [tag for _, tag in identifiers(client.list_images(repositoryName="web"))] == [f"{number}"]

        before = as_it_is()
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(life, range(40)))
        assert as_it_is() == before
