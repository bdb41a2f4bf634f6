"""FakeECR, every way in: started and stopped, as a decorator, by hand; pushes, failures, resets."""

from __future__ import annotations

import asyncio
import gc
import inspect
import os
import re
import subprocess
import sys
import unittest
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import boto3
import botocore.endpoint
import botocore.session
import pytest
from botocore.config import Config
from botocore.endpoint import Endpoint
from botocore.retries.bucket import TokenBucket
from botocore.session import Session
from freezegun import freeze_time

import fakeecr
from fakeecr import FakeECR, FakeECRError
from fakeecr.protocol.model import known_errors, service_model
from tests.answers import ONCE, code_of, error_of, identifiers, reaches_for_the_network

DIGEST = "sha256:" + "a" * 64


def botocore_as_it_is() -> list[object]:
    return [
        botocore.endpoint.time,
        Session.create_client,
        Endpoint.make_request,
        TokenBucket.acquire,
        list(sys.meta_path),
        dict(os.environ),
    ]


@pytest.fixture(autouse=True)
def _everything_is_as_before():
    gc.collect()
    before = botocore_as_it_is()
    yield
    gc.collect()
    assert not fakeecr.is_active()
    after = botocore_as_it_is()
    # pytest's own variable names the phase of the test
    for environ in (before[-1], after[-1]):
        environ.pop("PYTEST_CURRENT_TEST", None)
    assert after == before


def listed(client=None, repository: str = "web") -> list:
    client = client or boto3.client("ecr")
    return identifiers(client.list_images(repositoryName=repository))


class TestStartedAndStopped:
    def test_with(self):
        with FakeECR() as ecr:
            assert fakeecr.current() is ecr
            ecr.push("web", "latest", digest=DIGEST)
            assert listed() == [(DIGEST, "latest")]
        with pytest.raises(RuntimeError, match=r"No FakeECR is active\."):
            fakeecr.current()

    def test_by_hand(self):
        ecr = FakeECR().start()
        assert fakeecr.is_active()
        ecr.push("web", "latest")
        assert len(listed()) == 1
        ecr.stop()

    def test_after_an_exception(self):
        def fail():
            with FakeECR():
                boto3.client("ecr")
                raise LookupError("the test's own")

        with pytest.raises(LookupError):
            fail()

    def test_it_can_be_started_again_and_is_empty_then(self):
        ecr = FakeECR()
        for _ in range(2):
            with ecr:
                assert ecr.dump() == {"registries": []}
                ecr.push("web", "latest")

    def test_what_is_pushed_before_the_start_is_there(self):
        ecr = FakeECR()
        ecr.push("web", "latest")
        with ecr:
            assert len(listed()) == 1

    def test_to_start_twice_is_a_mistake(self):
        with FakeECR() as ecr, pytest.raises(RuntimeError, match=r"started already; stop\(\) it first"):
            ecr.start()

    def test_to_stop_what_is_not_started_is_a_mistake(self):
        ecr = FakeECR()
        with pytest.raises(RuntimeError, match=r"not started; there is nothing to stop"):
            ecr.stop()
        ecr.push("web", "latest")
        ecr.stop()  # used, and so there is something to let go of

    def test_the_innermost_answers(self):
        with FakeECR() as outer:
            outer.push("web", "outer")
            with FakeECR() as inner:
                inner.push("web", "inner")
                assert [tag for _, tag in listed()] == ["inner"]
            assert [tag for _, tag in listed()] == ["outer"]

    def test_they_may_stop_in_any_order(self):
        outer, inner = FakeECR().start(), FakeECR().start()
        inner.push("web", "inner")
        outer.stop()
        assert [tag for _, tag in listed()] == ["inner"]
        inner.stop()

    def test_many_threads_may_start_and_stop_at_once(self):
        def life(number: int) -> None:
            with FakeECR() as ecr:
                ecr.push("web", "latest")
                assert len(listed(ecr.client())) == 1

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(life, range(40)))

    def test_one_that_was_used_and_forgotten_leaves_nothing(self):
        FakeECR().push("web", "latest")
        client = FakeECR().client()
        del client

    def test_the_environment_is_left_as_it_was(self):
        before = dict(os.environ)
        with FakeECR() as ecr:
            ecr.client()
            boto3.client("ecr")
            assert dict(os.environ) == before

    @pytest.mark.parametrize(
        ("arguments", "shown"),
        [
            ({}, "<FakeECR 123456789012 us-east-1 in memory, stopped>"),
            (
                {"account_id": "012345678910", "region": "eu-west-1", "database": "sqlite://"},
                "<FakeECR 012345678910 eu-west-1 in sqlite://, stopped>",
            ),
            (
                {"database": "postgresql+psycopg://me:secret@host/db"},
                "<FakeECR 123456789012 us-east-1 in postgresql+psycopg://me:***@host/db, stopped>",
            ),
        ],
    )
    def test_it_shows_itself_in_one_line(self, arguments, shown):
        assert repr(FakeECR(**arguments)) == shown

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"account_id": "12"}, "account_id: expected an AWS account id of 12 digits; got '12'"),
            ({"account_id": 123456789012}, "account_id: expected an AWS account id"),
            ({"region": ""}, "region: expected a region such as us-west-2"),
            ({"limits": "none"}, "limits: expected 'published' or 'installed'; got 'none'"),
        ],
    )
    def test_an_argument_that_cannot_be_right_is_refused_at_once(self, arguments, message):
        with pytest.raises(ValueError, match=re.escape(message)):
            FakeECR(**arguments)


class TestAsADecorator:
    def test_of_a_function_gives_each_call_a_fake_of_its_own(self):
        @FakeECR(region="eu-west-1")
        def push(number: int, *, tag: str) -> str:
            """Push."""
            assert fakeecr.current().dump() == {"registries": []}
            fakeecr.current().push("web", tag)
            assert fakeecr.current().region == "eu-west-1"
            return f"{number} {listed()[0][1]}"

        assert (push(1, tag="a"), push(2, tag="b")) == ("1 a", "2 b")
        assert (push.__name__, push.__doc__) == ("push", "Push.")
        assert list(inspect.signature(push).parameters) == ["number", "tag"]

    def test_of_a_coroutine_function_is_active_while_it_runs(self):
        @FakeECR()
        async def push() -> int:
            fakeecr.current().push("web", "latest")
            await asyncio.sleep(0)
            return len(await asyncio.to_thread(listed))

        assert inspect.iscoroutinefunction(push)
        with asyncio.Runner() as runner:
            coroutine = push()
            assert not fakeecr.is_active()
            assert runner.run(coroutine) == 1

    @pytest.mark.asyncio
    @FakeECR()
    async def test_of_a_coroutine_test(self):
        fakeecr.current().push("web", "latest")
        assert len(listed()) == 1

    @pytest.mark.parametrize("tag", ["latest"])
    @FakeECR()
    def test_of_a_test_with_parameters_and_fixtures(self, tag, tmp_path):
        assert tmp_path.exists()
        fakeecr.current().push("web", tag)
        assert len(listed()) == 1

    def test_of_a_testcase_gives_each_test_a_fake_of_its_own(self):
        seen = []

        @FakeECR()
        class Case(unittest.TestCase):
            def setUp(self):
                self.fake_ecr.push("web", "set-up")

            def test_one(self):
                seen.append([tag for _, tag in listed()])
                self.fake_ecr.push("web", "one")

            def test_two(self):
                seen.append([tag for _, tag in listed()])

            def tearDown(self):
                assert fakeecr.current() is self.fake_ecr

        class Child(Case):
            def test_three(self):
                seen.append([tag for _, tag in listed()])
                self.fail("as it must")

        result = unittest.TestResult()
        unittest.defaultTestLoader.loadTestsFromTestCase(Child).run(result)
        assert (result.testsRun, len(result.failures), result.errors) == (3, 1, [])
        assert seen == [["set-up"]] * 3

    def test_of_an_asyncio_testcase(self):
        @FakeECR()
        class Case(unittest.IsolatedAsyncioTestCase):
            async def test_one(self):
                self.fake_ecr.push("web", "latest")
                assert len(await asyncio.to_thread(listed)) == 1

        result = unittest.TestResult()
        unittest.defaultTestLoader.loadTestsFromTestCase(Case).run(result)
        assert (result.testsRun, result.errors, result.failures) == (1, [], [])

    def test_refuses_what_it_cannot_enclose(self):
        def generator():
            yield

        async def async_generator():
            yield

        class Plain:
            pass

        for refused, message in [
            (generator, "generator is a generator function.*fake_ecr"),
            (async_generator, "async_generator is a generator function"),
            (Plain, r"Plain is none.*usefixtures\('fake_ecr'\)"),
            (12, "functions and TestCase classes, not int"),
        ]:
            with pytest.raises(TypeError, match=message):
                FakeECR()(refused)

    def test_refuses_a_fake_that_holds_something_already(self):
        ecr = FakeECR()
        ecr.push("web", "latest")
        with pytest.raises(RuntimeError, match=r"Decorate with a new one: @FakeECR\(\)"):
            ecr(lambda: None)
        ecr.stop()


class TestPatch:
    def test_answers_one_client_and_no_other(self):
        ecr = FakeECR()
        ecr.push("web", "latest")
        mine, other = (boto3.client("ecr", "us-east-1", **ONCE) for _ in range(2))
        ecr.patch(mine)
        assert len(listed(mine)) == 1
        assert reaches_for_the_network(other.list_images, repositoryName="web")
        ecr.stop()
        assert reaches_for_the_network(mine.list_images, repositoryName="web")

    @pytest.mark.parametrize("make", [boto3.Session, botocore.session.Session], ids=["boto3", "botocore"])
    def test_answers_the_clients_that_a_session_makes_from_now_on(self, make):
        ecr = FakeECR()
        ecr.push("web", "latest")
        session = make()
        maker = getattr(session, "create_client", None) or session.client
        before = maker("ecr", "us-east-1", **ONCE)
        ecr.patch(session)
        assert len(listed(maker("ecr", "us-east-1", **ONCE))) == 1
        assert reaches_for_the_network(before.list_images, repositoryName="web")
        ecr.stop()

    def test_is_stronger_than_the_innermost_fake(self):
        bound = FakeECR()
        bound.push("web", "bound")
        with FakeECR() as active:
            active.push("web", "active")
            client = boto3.client("ecr")
            bound.patch(client)
            assert [tag for _, tag in listed(client)] == ["bound"]
            bound.stop()
            assert [tag for _, tag in listed(client)] == ["active"]

    def test_by_another_fake_replaces_the_first(self):
        first, second = FakeECR(), FakeECR()
        second.push("web", "second")
        client = boto3.client("ecr", "us-east-1", **{**ONCE, "config": Config()})
        first.patch(client)
        second.patch(client)
        second.fail("ListImages", "ServerException")
        assert client.list_images(repositoryName="web")["ResponseMetadata"]["RetryAttempts"] == 1
        first.stop()
        second.stop()

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda: boto3.client("s3", "us-east-1", **ONCE), "answers clients of ecr; this is one of s3"),
            (lambda: boto3.client("ecr-public", "us-east-1", **ONCE), "this is one of ecr-public"),
            (lambda: "ecr", "patch.. takes a client of ECR, a boto3 Session or a botocore Session; got str"),
            (lambda: None, "got NoneType"),
        ],
    )
    def test_refuses_anything_else(self, make, message):
        with pytest.raises(TypeError, match=message):
            FakeECR().patch(make())


class TestClient:
    def test_is_answered_without_a_start(self):
        ecr = FakeECR(region="eu-west-1")
        ecr.push("web", "latest")
        client = ecr.client()
        assert client.meta.region_name == "eu-west-1"
        assert len(listed(client)) == 1
        ecr.stop()

    def test_is_refused_loudly_after_the_stop(self):
        with FakeECR() as ecr:
            client = ecr.client()
        with pytest.raises(FakeECRError, match=r"its fake was stopped.*nothing was sent to AWS"):
            client.list_images(repositoryName="web")

    def test_belongs_to_its_fake_though_another_is_active(self):
        with FakeECR() as outer:
            outer.push("web", "outer")
            client = outer.client()
            with FakeECR():
                assert [tag for _, tag in listed(client)] == ["outer"]

    def test_takes_what_boto3_takes(self):
        with FakeECR() as ecr:
            client = ecr.client("us-west-2", endpoint_url="http://localhost:1", aws_access_key_id="mine")
            assert client.meta.endpoint_url == "http://localhost:1"
            assert client._request_signer._credentials.access_key == "mine"


class TestPush:
    def test_tells_what_it_made(self, ecr):
        image = ecr.push("web", "a", "b", registry_id="012345678910", region="eu-west-1", manifest="{}")
        assert (image.registry_id, image.region, image.repository) == ("012345678910", "eu-west-1", "web")
        assert image.tags == ("a", "b")
        assert image.digest == "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"

    def test_makes_another_image_each_time_and_the_same_ones_in_each_run(self):
        runs = []
        for _ in range(2):
            with FakeECR() as ecr:
                runs.append([ecr.push("web", "latest").digest for _ in range(3)])
        assert runs[0] == runs[1]
        assert len(set(runs[0])) == 3

    def test_gives_an_image_that_is_there_another_tag(self, ecr):
        first = ecr.push("web", "a", manifest="{}", pushed_at="2016-12-16T20:05:42Z")
        again = ecr.push("web", "b", manifest=b"{}")
        assert again.digest == first.digest
        [image] = ecr.dump()["registries"][0]["repositories"][0]["images"]
        assert (image["tags"], image["pushed_at"]) == (["a", "b"], "2016-12-16T20:05:42Z")

    def test_reads_the_one_clock(self, ecr):
        with freeze_time("2020-01-02T03:04:05.678901Z"):
            ecr.push("web")
        [repository] = ecr.dump()["registries"][0]["repositories"]
        assert repository["created_at"] == "2020-01-02T03:04:05.678000Z"
        assert repository["images"][0]["pushed_at"] == "2020-01-02T03:04:05.678000Z"

    @pytest.mark.parametrize("moment", [datetime(2020, 1, 2, tzinfo=UTC), datetime(2020, 1, 2), "2020-01-02"])
    def test_takes_a_moment(self, ecr, moment):
        ecr.push("web", pushed_at=moment)
        [image] = ecr.dump()["registries"][0]["repositories"][0]["images"]
        assert image["pushed_at"] == "2020-01-02T00:00:00Z"

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"repository": "Web"}, "repository: expected a repository name"),
            ({"repository": ""}, "repository: expected a repository name"),
            ({"tags": ["a b"]}, "tags: expected a tag"),
            ({"tags": [""]}, "tags: expected a tag"),
            ({"tags": [1.1]}, "tags: expected a tag"),
            ({"tags": ["v{n}"]}, "tags: a tag has no braces"),
            ({"digest": "sha256:abc"}, "digest: expected a digest"),
            ({"digest": DIGEST, "manifest": "{}"}, f"digest: {DIGEST} is not the manifest's, which is sha256:44136"),
            ({"manifest": b"\xff"}, "manifest: expected the text of a manifest in UTF-8"),
            ({"manifest": {"a": 1}}, "manifest: expected the text of a manifest"),
            ({"pushed_at": "noon"}, "pushed_at: expected a moment"),
            ({"pushed_at": 5}, "pushed_at: expected a moment"),
            ({"registry_id": "5"}, "registry_id: expected an AWS account id"),
            ({"region": "US"}, "region: expected a region"),
        ],
    )
    def test_refuses_what_ecr_would_not_take(self, ecr, arguments, message):
        arguments = {"repository": "web", "tags": [], **arguments}
        with pytest.raises(ValueError, match=message):
            ecr.push(arguments.pop("repository"), *arguments.pop("tags"), **arguments)
        assert ecr.dump() == {"registries": []}


class TestFail:
    @pytest.fixture
    def client(self, ecr):
        return ecr.client(config=Config(retries={"total_max_attempts": 1}))

    @pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
    @pytest.mark.parametrize("error", ["ServerException", "ThrottlingException"])
    def test_is_seen_in_the_retries_which_take_no_time(self, monkeypatch, mode, error):
        monkeypatch.setattr("time.sleep", lambda seconds: pytest.fail("slept"))
        with FakeECR() as ecr:
            ecr.push("web", "latest")
            client = boto3.client("ecr", config=Config(retries={"mode": mode, "max_attempts": 4}))
            ecr.fail("ListImages", error, times=2)
            for attempts in (2, 0):
                response = client.list_images(repositoryName="web")
                assert response["ResponseMetadata"]["RetryAttempts"] == attempts

    @pytest.mark.parametrize("error", sorted(known_errors()))
    def test_brings_every_error_with_its_status_and_class(self, ecr, client, error):
        ecr.push("web", "latest")
        ecr.fail("ListImages", error)
        with pytest.raises(botocore.exceptions.ClientError) as caught:
            client.list_images(repositoryName="web")
        response = caught.value.response
        assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (
            error,
            known_errors()[error].status,
        )
        if error in service_model().shape_names:
            assert isinstance(caught.value, client.exceptions.from_code(error))
        assert len(listed(client)) == 1

    def test_strikes_in_the_order_it_was_given_and_only_its_operation(self, ecr, client):
        ecr.push("web", "latest")
        ecr.fail("DescribeImages", "ImageNotFoundException")
        ecr.fail("ListImages", "ServerException", times=2)
        ecr.fail("ListImages", "AccessDeniedException")
        codes = [code_of(client.list_images, repositoryName="web") for _ in range(3)]
        assert codes == ["ServerException", "ServerException", "AccessDeniedException"]
        assert len(listed(client)) == 1
        assert code_of(client.describe_images, repositoryName="web") == "ImageNotFoundException"

    def test_says_what_aws_says(self, ecr, client):
        ecr.fail("ListImages", "ThrottlingException")
        assert error_of(client.list_images, repositoryName="web") == ("ThrottlingException", "Rate exceeded", 400)

    def test_may_be_ordered_for_an_operation_that_is_not_there_yet(self, ecr, client):
        ecr.fail("GetAuthorizationToken", "ServerException")
        assert code_of(client.get_authorization_token) == "ServerException"

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("ListImage", "ServerException"), "ECR has no operation 'ListImage'. Did you mean 'ListImages'?"),
            (("list_images", "ServerException"), "ECR has no operation 'list_images'."),
            (
                ("ListImages", "ServerExeption"),
                "ECR answers with no error 'ServerExeption'. Did you mean 'ServerException'?",
            ),
            (("ListImages", "ServerException", 0), "times must be 1 or more, not 0."),
        ],
    )
    def test_refuses_what_does_not_exist(self, ecr, arguments, message):
        with pytest.raises(ValueError, match=re.escape(message)):
            ecr.fail(*arguments)

    def test_is_forgotten_by_a_reset(self, any_ecr):
        any_ecr.fail("ListImages", "ServerException", times=99)
        any_ecr.push("web", "latest")
        any_ecr.reset()
        assert any_ecr.dump() == {"registries": []}
        any_ecr.push("web", "latest")
        assert len(listed(any_ecr.client())) == 1


def run_python(script: str) -> str:
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, env={"PATH": ""})
    assert done.returncode == 0, done.stderr
    return done.stdout


class TestTheFrontDoor:
    def test_is_cheap_to_come_through(self):
        heavy = run_python(
            "import sys, fakeecr; fakeecr.is_active(); dir(fakeecr)\n"
            "print({'sqlalchemy', 'alembic', 'msgspec', 'yaml', 'boto3', 'botocore'} & set(sys.modules))"
        )
        assert heavy.strip() == "set()"

    def test_shows_what_there_is(self):
        assert set(fakeecr.__all__) <= set(dir(fakeecr))
        for name in fakeecr.__all__:
            assert getattr(fakeecr, name) is not None
        with pytest.raises(AttributeError, match="no attribute 'FakeEcr'"):
            fakeecr.FakeEcr  # noqa: B018

    def test_a_fake_in_memory_needs_no_alembic(self, tmp_path):
        script = (
            "import sys, fakeecr\n"
            f"for database in (None, {str(tmp_path / 'x.db')!r}, {str(tmp_path / 'x.db')!r}):\n"
            "    with fakeecr.FakeECR(database) as ecr: ecr.push('web')\n"
            "print('alembic' in sys.modules)"
        )
        assert run_python(script).strip() == "False"
