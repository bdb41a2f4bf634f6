"""The guard finds calls that no fake answers before they reach AWS."""

from __future__ import annotations

import asyncio
import functools
import warnings

import boto3
import botocore.awsrequest
import pytest
from botocore.httpsession import URLLib3Session
from botocore.loaders import Loader
from botocore.stub import Stubber
from moto import mock_aws

import fakeecr
from fakeecr import FakeECR, UnfakedCallError, UnfakedCallWarning
from tests.adapters.processes import run_python
from tests.answers import ONCE, reaches_for_the_network
from tests.front_door.clients import SESSION, client_of_aws, tags_in_web


def client_with_keys(**kwargs):
    """Make a client that signs its requests, as a developer's does."""
    return SESSION.client("ecr", "us-east-1", **ONCE, **kwargs)


def test_an_error_guard_refuses_a_call_that_no_fake_answers():
    client = client_with_keys()

    with fakeecr.guard(), pytest.raises(UnfakedCallError) as refusal:
        client.list_images(repositoryName="web")

    assert str(refusal.value) == (
        "ListImages was called while no fake was active, and was not sent to AWS (api.ecr.us-east-1.amazonaws.com). Use "
        "the fixture `fake_ecr`, `with FakeECR():` or `@FakeECR()` around it. Mark a test that is meant to call AWS with "
        "`fakeecr_real`."
    )


def test_calls_reach_the_network_again_after_the_guard():
    client = client_with_keys()

    with fakeecr.guard():
        pass

    assert reaches_for_the_network(client.list_images, repositoryName="web")


def test_a_fake_answers_inside_a_guard():
    with fakeecr.guard(), FakeECR() as ecr:
        ecr.push("web", "latest")
        assert tags_in_web(client_of_aws()) == ["latest"]


def test_a_warning_guard_warns_once_for_each_place_that_calls():
    client = client_with_keys()

    def list_images() -> bool:
        return reaches_for_the_network(lambda: client.list_images(repositoryName="web"))

    def describe_images() -> bool:
        return reaches_for_the_network(lambda: client.describe_images(repositoryName="web"))

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(2):
            with fakeecr.guard("warn"):
                assert all([list_images(), describe_images(), list_images(), describe_images()])

    assert [warning.category for warning in caught] == [UnfakedCallWarning] * 4
    assert [str(warning.message).partition(" ")[0] for warning in caught] == ["ListImages", "DescribeImages"] * 2
    assert {warning.filename for warning in caught} == {__file__}


def test_a_warning_that_is_an_error_refuses_every_call_of_a_place():
    client = client_with_keys()

    with fakeecr.guard("warn"):
        for _ in range(2):
            with pytest.raises(UnfakedCallWarning, match="ListImages is called while no fake is active"):
                client.list_images(repositoryName="web")


@pytest.mark.parametrize("actions", [("error", "off"), ("off", "error"), ("error", "error")])
def test_the_innermost_guard_decides(actions):
    client = client_with_keys()
    outer, inner = actions
    refuses = {"error": True, "off": False}

    def is_refused() -> bool:
        try:
            return not reaches_for_the_network(client.list_images, repositoryName="web")
        except UnfakedCallError:
            return True

    with fakeecr.guard(outer):
        with fakeecr.guard(inner):
            assert is_refused() is refuses[inner]
        assert is_refused() is refuses[outer]
    assert not is_refused()


def test_a_guard_decorates_functions_and_coroutine_functions():
    client = client_with_keys()

    @fakeecr.guard()
    def call() -> None:
        client.list_images(repositoryName="web")

    @fakeecr.guard()
    async def call_in_coroutine() -> None:
        await asyncio.sleep(0)
        client.list_images(repositoryName="web")

    with pytest.raises(UnfakedCallError):
        call()
    with pytest.raises(UnfakedCallError):
        asyncio.run(call_in_coroutine())


def test_a_guard_of_a_decorated_coroutine_holds_for_it_alone():
    client = client_with_keys()

    @fakeecr.guard("error")
    async def refused() -> None:
        await asyncio.sleep(0)
        with pytest.raises(UnfakedCallError):
            client.list_images(repositoryName="web")

    @fakeecr.guard("off")
    async def allowed() -> None:
        await asyncio.sleep(0)
        assert reaches_for_the_network(client.list_images, repositoryName="web")

    async def run() -> None:
        await asyncio.gather(refused(), allowed(), refused(), allowed())

    asyncio.run(run())


def test_a_refused_call_is_not_signed(monkeypatch):
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    client = boto3.Session().client("ecr", "us-east-1")  # without credentials, it cannot sign

    with fakeecr.guard(), pytest.raises(UnfakedCallError):
        client.list_images(repositoryName="web")


def test_a_call_that_a_library_answers_below_botocore_is_not_guarded(monkeypatch):
    client = client_with_keys()
    replacement = type("AWSHTTPSConnection", (botocore.awsrequest.AWSHTTPSConnection,), {"__module__": "vcr.stubs"})
    monkeypatch.setattr(botocore.awsrequest, "AWSHTTPSConnection", replacement)

    with fakeecr.guard():
        assert reaches_for_the_network(client.list_images, repositoryName="web")


def test_what_botocore_s_stubber_answers_is_not_guarded():
    client = client_with_keys()

    with fakeecr.guard(), Stubber(client) as stubber:
        stubber.add_response("list_images", {"imageIds": [{"imageTag": "canned"}]})
        assert client.list_images(repositoryName="web")["imageIds"] == [{"imageTag": "canned"}]


def test_a_library_that_wraps_what_a_guard_has_replaced_keeps_its_wrapper():
    with pytest.MonkeyPatch.context() as patched:
        with fakeecr.guard():
            original = URLLib3Session.send
            wrapper = functools.wraps(original)(lambda self, request: original(self, request))
            patched.setattr(URLLib3Session, "send", wrapper)
        assert URLLib3Session.send is wrapper
    URLLib3Session.send = original.__wrapped__


def test_a_guard_holds_after_a_replacement_that_began_before_it_has_ended():
    client = client_with_keys()

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(URLLib3Session, "send", lambda self, request: None)
        outer = fakeecr.guard("warn")
        outer.__enter__()
    with fakeecr.guard(), pytest.raises(UnfakedCallError):
        client.list_images(repositoryName="web")
    outer.__exit__(None, None, None)


@pytest.mark.parametrize("decorated", [type("TestClass", (), {}), pytest.fixture(lambda: None), 5])
def test_a_guard_decorates_nothing_else(decorated):
    with pytest.raises(TypeError, match=r"@fakeecr\.guard\(\)"):
        fakeecr.guard()(decorated)


def test_an_unknown_action_is_refused():
    with pytest.raises(ValueError, match="expected 'warn', 'error' or 'off'; got 'loud'"):
        fakeecr.guard("loud")


def test_what_moto_answers_is_not_guarded():
    with fakeecr.guard(), mock_aws():
        client = boto3.client("ecr", "us-east-1", **ONCE)
        assert client.describe_repositories()["repositories"] == []


def test_a_call_to_another_service_is_not_guarded():
    with fakeecr.guard():
        client = SESSION.client("ecr-public", "us-east-1", **ONCE)
        assert reaches_for_the_network(client.describe_repositories)


@pytest.mark.parametrize("endpoint", ["http://localhost:4566", "https://ecr.example.com", "https://notamazonaws.com"])
def test_a_call_to_another_host_than_aws_s_is_not_guarded(endpoint):
    client = client_with_keys(endpoint_url=endpoint)

    with fakeecr.guard():
        assert reaches_for_the_network(client.list_images, repositoryName="web")


@pytest.mark.parametrize("use_dualstack_endpoint", [False, True])
@pytest.mark.parametrize("partition", [each["id"] for each in Loader().load_data("partitions")["partitions"]])
def test_every_partition_of_aws_is_guarded(partition, use_dualstack_endpoint):
    outputs = {each["id"]: each["outputs"] for each in Loader().load_data("partitions")["partitions"]}[partition]
    suffix = outputs["dualStackDnsSuffix" if use_dualstack_endpoint else "dnsSuffix"]
    client = client_with_keys(endpoint_url=f"https://api.ecr.some-region-1.{suffix}")

    with fakeecr.guard(), pytest.raises(UnfakedCallError, match=suffix):
        client.list_images(repositoryName="web")


def test_a_guard_finds_the_calls_of_clients_that_were_made_before_fakeecr_was_imported():
    run_python(
        """
        import boto3
        client = boto3.client("ecr")
        import fakeecr
        with fakeecr.guard():
            try:
                client.list_images(repositoryName="web")
            except fakeecr.UnfakedCallError as error:
                print(error)
            else:
                raise AssertionError
        """
    )


def test_a_guard_does_not_import_botocore_and_finds_the_calls_of_a_later_import():
    run_python(
        """
        import sys, fakeecr
        with fakeecr.guard():
            assert "botocore" not in sys.modules
            import boto3
            try:
                boto3.client("ecr").list_images(repositoryName="web")
            except fakeecr.UnfakedCallError:
                pass
            else:
                raise AssertionError
        import botocore.httpsession
        assert botocore.httpsession.URLLib3Session.send.__module__ == "botocore.httpsession"
        """
    )
