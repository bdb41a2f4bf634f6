"""FakeECR in use: its clients and those it patches; pushes, failures, resets."""

from __future__ import annotations

import gc
import re
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from unittest.mock import MagicMock

import boto3
import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from freezegun import freeze_time

from fakeecr import FakeECR, FakeECRError
from fakeecr.api.model import known_errors, service_model
from tests.adapters.untouched import everything_is_as_before
from tests.answers import ONCE, code_of, error_of, identifiers, reaches_for_the_network

DIGEST = "sha256:" + "a" * 64

# It has read the service model when it makes its second client, which takes most of the time of making one.
SESSION = boto3.Session()


@pytest.fixture(autouse=True)
def _everything_is_as_before() -> Iterator[None]:
    with everything_is_as_before():
        yield


def tags(client) -> list[str | None]:
    return [tag for _, tag in identifiers(client.list_images(repositoryName="web"))]


def fake_with(tag: str, **arguments: str) -> FakeECR:
    ecr = FakeECR(**arguments)
    ecr.push("web", tag)
    return ecr


class TestAFake:
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


class TestPatch:
    def test_answers_one_client_and_no_other(self):
        ecr = fake_with("latest")
        mine, other = (SESSION.client("ecr", "us-east-1", **ONCE) for _ in range(2))
        ecr.patch(mine)
        assert tags(mine) == ["latest"]
        assert reaches_for_the_network(other.list_images, repositoryName="web")
        ecr.stop()
        assert reaches_for_the_network(mine.list_images, repositoryName="web")

    @pytest.mark.parametrize("make", [boto3.Session, botocore.session.Session], ids=["boto3", "botocore"])
    def test_answers_the_clients_that_a_session_makes_from_now_on(self, make):
        ecr = fake_with("latest", region="eu-west-1")
        session, another = make(), make()

        def client(session, *region, **options):
            make_client = session.client if make is boto3.Session else session.create_client
            return make_client("ecr", *region, **options)

        before = client(session, "us-east-1", **ONCE)
        ecr.patch(session)
        # Of the machine it asks for nothing: no credentials and no region.
        mine = client(session)
        assert (mine.meta.region_name, tags(mine)) == ("eu-west-1", ["latest"])
        for other in (before, client(another, "us-east-1", **ONCE)):
            assert reaches_for_the_network(other.list_images, repositoryName="web")
        ecr.stop()
        for later in (mine, client(session, "us-east-1", **ONCE)):
            assert reaches_for_the_network(later.list_images, repositoryName="web")

    def test_is_stronger_than_the_innermost_fake(self, ecr):
        ecr.push("web", "active")
        client = SESSION.client("ecr")
        bound = fake_with("bound")
        bound.patch(client)
        assert tags(client) == ["bound"]
        bound.stop()
        assert tags(client) == ["active"]

    @pytest.mark.parametrize("stopped", ["first", "second"])
    def test_by_a_second_fake_lasts_as_long_as_that(self, stopped):
        fakes = {name: fake_with(name) for name in ("first", "second")}
        client = SESSION.client("ecr", "us-east-1", **ONCE)
        for fake in fakes.values():
            fake.patch(client)
        assert tags(client) == ["second"]
        fakes.pop(stopped).stop()
        [(name, fake)] = fakes.items()
        assert tags(client) == [name]
        fake.stop()
        assert reaches_for_the_network(client.list_images, repositoryName="web")

    def test_again_and_again_answers_once(self):
        client = SESSION.client("ecr", "us-east-1", **ONCE)
        for tag in ("first", "second"):
            ecr = fake_with(tag)
            for _ in range(3):
                ecr.patch(client)
            ecr.fail("ListImages", "AccessDeniedException")
            assert code_of(client.list_images, repositoryName="web") == "AccessDeniedException"
            assert tags(client) == [tag]
            ecr.stop()
        assert reaches_for_the_network(client.list_images, repositoryName="web")

    def test_lets_go_of_a_fake_that_was_stopped_when_another_comes(self):
        client = SESSION.client("ecr", "us-east-1", **ONCE)
        stopped = fake_with("stopped")
        stopped.patch(client)
        stopped.stop()
        gone = weakref.ref(stopped)
        del stopped
        with FakeECR() as ecr:
            ecr.patch(client)
            gc.collect()
            assert gone() is None

    def test_of_another_fakes_client_lasts_as_long_as_the_patch(self):
        owner, other = fake_with("owner"), fake_with("other")
        client = owner.client()
        other.patch(client)
        assert tags(client) == ["other"]
        other.stop()
        assert tags(client) == ["owner"]
        owner.stop()
        with pytest.raises(FakeECRError, match="its fake was stopped"):
            client.list_images(repositoryName="web")

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda: SESSION.client("s3", "us-east-1", **ONCE), "answers clients of ecr; this is one of s3"),
            (lambda: SESSION.client("ecr-public", "us-east-1", **ONCE), "this is one of ecr-public"),
            (lambda: boto3.resource("s3", "us-east-1", **ONCE), "got s3.ServiceResource"),
            (lambda: "ecr", "patch.. takes a client of ECR, a boto3 Session or a botocore Session; got str"),
            (lambda: None, "got NoneType"),
            (lambda: boto3, "got module"),
            (MagicMock, "got MagicMock"),
        ],
    )
    def test_refuses_anything_else_and_is_not_in_use_then(self, make, message):
        ecr = FakeECR()
        with pytest.raises(TypeError, match=message):
            ecr.patch(make())
        assert not ecr.is_open


class TestClient:
    def test_is_answered_without_a_start(self):
        ecr = fake_with("latest", region="eu-west-1")
        client = ecr.client()
        assert client.meta.region_name == "eu-west-1"
        assert tags(client) == ["latest"]
        ecr.stop()

    def test_is_refused_loudly_after_the_stop(self):
        with FakeECR() as ecr:
            client = ecr.client()
        for call in (
            lambda: client.list_images(repositoryName="web"),
            lambda: client.generate_presigned_url("list_images", Params={"repositoryName": "web"}),
        ):
            with pytest.raises(FakeECRError, match=r"its fake was stopped.*nothing was sent to AWS"):
                call()

    def test_belongs_to_its_fake_though_another_is_active(self, ecr):
        ecr.push("web", "outer")
        client = ecr.client()
        with FakeECR():
            assert tags(client) == ["outer"]

    def test_is_refused_after_the_stop_though_another_fake_is_active(self, ecr):
        with FakeECR() as inner:
            client = inner.client()
        with pytest.raises(FakeECRError, match="its fake was stopped"):
            client.list_images(repositoryName="web")

    def test_is_answered_again_when_its_fake_is_used_again(self):
        ecr = FakeECR()
        client = ecr.client()
        for tag in ("first", "second"):
            with ecr:
                ecr.push("web", tag)
                assert tags(client) == [tag]

    @pytest.mark.parametrize(
        ("given", "region"),
        [
            ({}, "us-east-1"),
            ({"region_name": "us-west-2"}, "us-west-2"),
            ({"config": Config(region_name="us-west-2")}, "us-west-2"),
            ({"config": Config(region_name="us-west-2"), "region_name": "eu-west-1"}, "eu-west-1"),
            ({"config": Config(retries={"mode": "standard"})}, "us-east-1"),
        ],
    )
    def test_takes_its_region_from_the_longest_prefix(self, ecr, monkeypatch, given, region):
        monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-south-1")
        ecr.push("web", "latest", region=region)
        client = ecr.client(**given)
        assert (client.meta.region_name, tags(client)) == (region, ["latest"])

    def test_takes_what_boto3_takes(self, ecr):
        client = ecr.client(
            "us-west-2",
            endpoint_url="http://localhost:1",
            aws_access_key_id="mine",
            config=Config(retries={"mode": "adaptive"}),
        )
        assert client.meta.endpoint_url == "http://localhost:1"
        assert client._request_signer._credentials.access_key == "mine"
        assert client.meta.config.retries["mode"] == "adaptive"

    def test_takes_nothing_from_a_configuration_file(self, ecr, monkeypatch, tmp_path):
        config = tmp_path / "config"
        config.write_text("[default]\nregion = eu-west-3\nendpoint_url = http://localhost:1\nretry_mode = adaptive\n")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
        monkeypatch.setenv("AWS_PROFILE", "which-is-nowhere")
        client = ecr.client()
        assert client.meta.region_name == "us-east-1"
        assert client.meta.endpoint_url == "https://api.ecr.us-east-1.amazonaws.com"
        assert client.meta.config.retries["mode"] != "adaptive"


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
            ({"tags": ["v{n}"]}, "tags: expected a tag"),
            ({"digest": "sha256:abc"}, "digest: expected a digest"),
            ({"digest": DIGEST, "manifest": "{}"}, f"digest: {DIGEST} is not the manifest's digest, which is sha256:44136"),
            ({"manifest": b"\xff"}, "manifest: expected the text of a manifest or layer in UTF-8"),
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

    @pytest.mark.parametrize("error", sorted(known_errors()))
    def test_brings_every_error_with_its_status_and_class(self, ecr, client, error):
        ecr.push("web", "latest")
        ecr.fail("ListImages", error)
        with pytest.raises(ClientError) as caught:
            client.list_images(repositoryName="web")
        response = caught.value.response
        assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (
            error,
            known_errors()[error].status,
        )
        if error in service_model().shape_names:
            assert type(caught.value) is getattr(client.exceptions, error)
        assert tags(client) == ["latest"]

    def test_strikes_in_the_order_it_was_given_and_only_its_operation(self, ecr, client):
        ecr.push("web", "latest")
        ecr.fail("DescribeImages", "ImageNotFoundException")
        ecr.fail("ListImages", "ServerException", times=2)
        ecr.fail("ListImages", "AccessDeniedException")
        codes = [code_of(client.list_images, repositoryName="web") for _ in range(3)]
        assert codes == ["ServerException", "ServerException", "AccessDeniedException"]
        assert tags(client) == ["latest"]
        assert code_of(client.describe_images, repositoryName="web") == "ImageNotFoundException"

    def test_strikes_as_often_as_it_was_told_whichever_threads_call(self, ecr, client):
        ecr.push("web", "latest")
        ecr.fail("ListImages", "AccessDeniedException", times=20)
        refused = []

        def call(_: int) -> None:
            try:
                client.list_images(repositoryName="web")
            except ClientError as error:
                refused.append(error.response["Error"]["Code"])

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(call, range(60)))
        assert refused == ["AccessDeniedException"] * 20

    def test_strikes_the_fake_it_was_given_to_and_no_other(self, ecr):
        ecr.push("web", "outer")
        ecr.fail("ListImages", "AccessDeniedException")
        with FakeECR() as inner:
            inner.push("web", "inner")
            assert tags(SESSION.client("ecr")) == ["inner"]
        assert code_of(ecr.client().list_images, repositoryName="web") == "AccessDeniedException"

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
                "ECR has no error 'ServerExeption'. Did you mean 'ServerException'?",
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
        assert tags(any_ecr.client()) == ["latest"]
