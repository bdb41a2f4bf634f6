"""The page "From moto to fakeecr" says what a test's code does under moto, and what it does under fakeecr.

An idiom is code of a user's test, and its outcome under both. Its docstring is its text on the page: in a row of the
page's tables, or in its list of what stays the same. An outcome that is an error is the error's code, or the name of an
exception that is not ECR's.
"""

from __future__ import annotations

import asyncio
import json
import re
import unittest
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import boto3
import botocore.handlers
import pytest
from botocore.exceptions import ClientError, HTTPClientError

from fakeecr import FakeECR
from tests import manifests
from tests.answers import ONCE
from tests.docs.pages import ROOT, named_blocks
from tests.manifests import digest_of

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from moto import mock_aws
    from moto.core.botocore_stubber import BotocoreStubber

# Code that no fake answers reaches for the network, which the suite forbids with a warning as well.
pytestmark = pytest.mark.filterwarnings("ignore:A test tried to use socket:UserWarning")

PAGE = ROOT / "docs" / "from-moto.md"
ACCOUNT, OTHER = "123456789012", "222222222222"
MISSING = f"sha256:{'0' * 64}"
FAKES = {"moto": mock_aws, "fakeecr": FakeECR}


class Idiom(NamedTuple):
    """Code of a user's test.

    Attributes:
        code: takes a client while a fake is active; or `mock_aws` or `FakeECR`, to start it in its own way.
        outcomes: what it returns, or the name of the error that it raises, by the name of the fake.
    """

    code: Callable[[Any], Any]
    outcomes: dict[str, Any]

    @property
    def text(self) -> str:
        return " ".join((self.code.__doc__ or "").split())

    @property
    def changes(self) -> bool:
        return self.outcomes["moto"] != self.outcomes["fakeecr"]


STARTS: list[Idiom] = []
CALLS: list[Idiom] = []


def starting(*, moto: Any, fakeecr: Any) -> Callable[[Any], Any]:
    """Add the decorated function to the idioms that start a fake."""
    return _adding(STARTS, moto, fakeecr)


def calling(*, moto: Any, fakeecr: Any) -> Callable[[Any], Any]:
    """Add the decorated function to the idioms that call ECR."""
    return _adding(CALLS, moto, fakeecr)


def staying(outcome: Any) -> Callable[[Any], Any]:
    """Add the decorated function to the idioms that call ECR, with the same outcome under both fakes."""
    return _adding(CALLS, outcome, outcome)


def _adding(idioms: list[Idiom], moto: Any, fakeecr: Any) -> Callable[[Any], Any]:
    def add(code: Callable[[Any], Any]) -> Callable[[Any], Any]:
        idioms.append(Idiom(code, {"moto": moto, "fakeecr": fakeecr}))
        return code

    return add


def outcome_of(code: Callable[[Any], Any], argument: Any) -> Any:
    """Run an idiom; return what it returns, or the name of its error."""
    try:
        return code(argument)
    except HTTPClientError:
        return "not answered"  # it reached for the network
    except ClientError as error:
        return error.response["Error"]["Code"]
    except Exception as error:
        return type(error).__name__


# --- What idioms share ---------------------------------------------------------------------------


def new_client(region: str = "us-east-1", **arguments: str) -> Any:
    """Make a client with keys, so that moto, too, answers it wherever it is made; it tries each call once."""
    return boto3.Session().client("ecr", region, **{**ONCE, **arguments})


@pytest.fixture(scope="module")
def client():
    """Return a client that both fakes answer."""
    return new_client()


def answer(client: Any) -> str:
    """Make a call."""
    client.describe_repositories()
    return "answered"


def web(client: Any, **settings: Any) -> Any:
    """Create the repository web."""
    return client.create_repository(repositoryName="web", **settings)["repository"]


def put(client: Any, manifest: str | None = None, tag: str | None = None, **parameters: Any) -> Any:
    """Put an image into web, by default one that ECR accepts; return its identifier."""
    if tag is not None:
        parameters["imageTag"] = tag
    manifest = manifests.image() if manifest is None else manifest
    return client.put_image(repositoryName="web", imageManifest=manifest, **parameters)["image"]["imageId"]


def put_many(client: Any, count: int) -> list[str]:
    """Create web with many images; return their tags."""
    web(client)
    tags = [str(number) for number in range(count)]
    for tag in tags:
        put(client, manifests.image(tag), tag)
    return tags


def page_of(response: Any, key: str) -> str:
    """Say how long a page is, and whether another one follows."""
    return f"{len(response[key])}, {'a' if 'nextToken' in response else 'no'} token"


def listed(client: Any, **parameters: Any) -> list[str | None]:
    """Return the tag of each image that ListImages lists."""
    return [each.get("imageTag") for each in client.list_images(repositoryName="web", **parameters)["imageIds"]]


def names(client: Any, **parameters: Any) -> list[str]:
    """Return the name of each repository."""
    repositories = client.describe_repositories(**parameters)["repositories"]
    return [repository["repositoryName"] for repository in repositories]


def details(client: Any, **parameters: Any) -> list[Any]:
    return client.describe_images(repositoryName="web", **parameters)["imageDetails"]


def got(client: Any, *image_ids: dict[str, str], **parameters: Any) -> list[str]:
    """Return the tags and the codes of the failures of a BatchGetImage."""
    response = client.batch_get_image(repositoryName="web", imageIds=image_ids, **parameters)
    tags = [image["imageId"]["imageTag"] for image in response["images"]]
    return tags + [failure["failureCode"] for failure in response["failures"]]


def deleted(client: Any, *image_ids: dict[str, str]) -> list[str]:
    """Return the codes of the failures of a BatchDeleteImage."""
    response = client.batch_delete_image(repositoryName="web", imageIds=image_ids)
    return [failure["failureCode"] for failure in response["failures"]]


def message_of(call: Callable[..., Any], **parameters: Any) -> str:
    """Make a call that must fail; return the message of the error."""
    with pytest.raises(ClientError) as error:
        call(**parameters)
    return error.value.response["Error"]["Message"]


def lifecycle_policy(**selection: Any) -> str:
    rule = {"rulePriority": 1, "description": "Old images go.", "selection": selection, "action": {"type": "expire"}}
    return json.dumps({"rules": [rule]})


NEWEST_ONLY = lifecycle_policy(tagStatus="any", countType="imageCountMoreThan", countNumber=1)


# --- Starting ------------------------------------------------------------------------------------


@starting(moto="not answered", fakeecr="answered")
def client_made_before_moto_is_imported(make):
    """A client made before moto is imported"""
    handlers = [entry for entry in botocore.handlers.BUILTIN_HANDLERS if not isinstance(entry[1], BotocoreStubber)]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(botocore.handlers, "BUILTIN_HANDLERS", handlers)
        client = new_client()
    with make():
        return answer(client)


@starting(moto="NoCredentialsError", fakeecr="answered")
def client_without_credentials(make):
    """A client without credentials, made before the start"""
    client = boto3.client("ecr", "us-east-1")
    with make():
        return answer(client)


@starting(moto="NoRegionError", fakeecr="us-east-1")
def client_without_a_region(make):
    """A client without a region, made after the start"""
    with make():
        return boto3.client("ecr").meta.region_name


@starting(moto="not answered", fakeecr="answered")
def decorated_coroutine(make):
    """A decorated coroutine function"""

    @make()
    async def check():
        return answer(new_client())

    return asyncio.run(check())


@starting(moto="not answered", fakeecr="TypeError")
def decorated_generator(make):
    """A decorated fixture that yields"""

    @make()
    def fixture():
        yield answer(new_client())

    return next(fixture())


@starting(moto="not answered", fakeecr="answered")
def inherited_test(make):
    """A test that a decorated class inherits"""
    outcomes = []

    class Base(unittest.TestCase):
        def test_inherited(self):
            outcomes.append(outcome_of(answer, new_client()))

    @make()
    class Decorated(Base):
        pass

    run(Decorated("test_inherited"))
    return outcomes[0]


@starting(moto="not answered", fakeecr="answered")
def cleanup_of_a_test_case(make):
    """A clean-up that a TestCase has added"""
    outcomes = []

    @make()
    class Decorated(unittest.TestCase):
        def test_cleanup(self):
            self.addCleanup(lambda: outcomes.append(outcome_of(answer, new_client())))

    run(Decorated("test_cleanup"))
    return outcomes[0]


@starting(moto="not answered", fakeecr="not answered")
def set_up_class(make):
    """`setUpClass` of a decorated class runs before the start."""
    outcomes = []

    @make()
    class Decorated(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            outcomes.append(outcome_of(answer, new_client()))

        def test_nothing(self):
            pass

    run(Decorated("test_nothing"))
    return outcomes[0]


@starting(moto=[["web", "one"], ["web", "two"]], fakeecr=[["web", "one"], ["web", "two"]])
def states_of_a_test_case(make):
    """Each test of a decorated TestCase has its own state, and shares it with its `setUp` and `tearDown`."""
    outcomes = []

    @make()
    class Decorated(unittest.TestCase):
        def setUp(self):
            self.client = new_client()
            web(self.client)

        def test_one(self):
            self.client.create_repository(repositoryName="one")

        def test_two(self):
            self.client.create_repository(repositoryName="two")

        def tearDown(self):
            outcomes.append(names(self.client))

    run(Decorated("test_one"), Decorated("test_two"))
    return outcomes


def run(*tests: unittest.TestCase) -> None:
    """Run tests, which must pass."""
    result = unittest.TestResult()
    unittest.TestSuite(tests).run(result)
    assert (result.testsRun, result.errors, result.failures) == (len(tests), [], [])


@starting(moto=[[], []], fakeecr=[[], []])
def calls_of_a_decorated_function(make):
    """Each call of a decorated function starts without repositories."""

    @make()
    def check():
        client = new_client()
        before = names(client)
        web(client)
        return before

    return [check(), check()]


@starting(moto=["web"], fakeecr=[])
def one_inside_another(make):
    """One inside another: what the inner one sees"""
    with make():
        client = new_client()
        web(client)
        with make():
            return names(client)


@starting(moto=ACCOUNT, fakeecr=ACCOUNT)
def default_account(make):
    """The default account is 123456789012."""
    with make():
        return web(new_client())["registryId"]


@starting(moto=OTHER, fakeecr=ACCOUNT)
def account_of_the_environment(make):
    """`MOTO_ACCOUNT_ID`, set to another account"""
    with pytest.MonkeyPatch.context() as patched, make():
        patched.setenv("MOTO_ACCOUNT_ID", OTHER)
        return web(new_client())["registryId"]


@starting(moto=OTHER, fakeecr=ACCOUNT)
def credentials_of_a_role(make):
    """A client with the credentials of a role in another account"""
    with mock_aws(), make():
        sts = boto3.Session().client("sts", "us-east-1", **ONCE)
        keys = sts.assume_role(RoleArn=f"arn:aws:iam::{OTHER}:role/ci", RoleSessionName="tests")["Credentials"]
        client = new_client(
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )
        return web(client)["registryId"]


# --- Registries ----------------------------------------------------------------------------------


@calling(moto="in both registries", fakeecr="in that registry")
def repository_of_another_registry(client):
    """`create_repository(registryId=…)`: where the repository is listed"""
    web(client, registryId=OTHER)
    own, other = names(client), names(client, registryId=OTHER)
    return {("web", "web"): "in both registries", ("", "web"): "in that registry"}["".join(own), "".join(other)]


@calling(moto="accepted", fakeecr="RepositoryNotFoundException")
def put_into_another_registry(client):
    """`put_image(registryId=…)` for a registry without the repository"""
    web(client)
    put(client, registryId=OTHER)
    return "accepted"


@calling(moto=[], fakeecr=["web"])
def replication(client):
    """A replication rule: the repositories of the other region after a push"""
    rule = {"destinations": [{"region": "eu-west-1", "registryId": ACCOUNT}]}
    client.put_replication_configuration(replicationConfiguration={"rules": [rule]})
    web(client)
    put(client)
    return names(new_client("eu-west-1"))


@calling(moto=False, fakeecr=True)
def authorization_token(client):
    """The authorization token is valid now"""
    return client.get_authorization_token()["authorizationData"][0]["expiresAt"] > datetime.now(UTC)


# --- Manifests and digests -----------------------------------------------------------------------


@calling(moto="Exception", fakeecr="InvalidParameterException")
def manifest_that_is_not_json(client):
    """A manifest that is not JSON"""
    web(client)
    return put(client, "manifest")


@calling(moto="accepted", fakeecr="InvalidParameterException")
def manifest_without_layers(client):
    """A manifest without `config` and `layers`"""
    web(client)
    put(client, manifests.image(config=None, layers=None))
    return "accepted"


@calling(moto="accepted", fakeecr="InvalidParameterException")
def manifest_with_a_digest_that_is_none(client):
    """A manifest with a digest such as `sha256:layer1`"""
    web(client)
    put(client, manifests.image(layers=[{"mediaType": manifests.LAYER, "digest": "sha256:layer1", "size": 1}]))
    return "accepted"


@calling(moto="accepted", fakeecr="InvalidParameterException")
def media_type_that_no_manifest_has(client):
    """A media type that no manifest has, such as `application/json`"""
    web(client)
    put(client, manifests.image(mediaType="application/json"))
    return "accepted"


@calling(moto="image manifest mediatype not provided", fakeecr="'Invalid JSON syntax'")
def manifest_without_a_media_type(client):
    """A manifest without a media type: the error"""
    web(client)
    message = message_of(client.put_image, repositoryName="web", imageManifest=manifests.image(mediaType=None))
    return message.removesuffix(" in manifest or parameter").rpartition("constraint: ")[2]


@calling(moto="accepted", fakeecr="ReferencedImagesNotFoundException")
def index_of_missing_images(client):
    """An index whose images are missing"""
    web(client)
    put(client, manifests.index(manifests.image()))
    return "accepted"


@calling(moto="Exception", fakeecr="RepositoryNotFoundException")
def put_into_a_missing_repository(client):
    """PutImage into a repository that does not exist"""
    return put(client)


@calling(moto="accepted", fakeecr="InvalidParameterException")
def tag_with_a_space(client):
    """A tag with a space"""
    web(client)
    put(client, tag="my tag")
    return "accepted"


@calling(moto=False, fakeecr=True)
def digest_of_the_bytes(client):
    """The digest of an image is that of its manifest's bytes"""
    web(client)
    return put(client)["imageDigest"] == digest_of(manifests.image())


@calling(moto=False, fakeecr=True)
def manifests_with_the_same_layers(client):
    """Two manifests with the same layers have different digests"""
    web(client)
    other = manifests.image(annotations={"commit": "1234abc"})
    return put(client)["imageDigest"] != put(client, other)["imageDigest"]


@calling(moto="accepted", fakeecr="ImageDigestDoesNotMatchException")
def digest_of_the_request(client):
    """An `imageDigest` that is not the manifest's"""
    web(client)
    put(client, imageDigest=MISSING)
    return "accepted"


@calling(moto="accepted", fakeecr="ImageAlreadyExistsException")
def untagged_image_put_twice(client):
    """The same manifest put twice without a tag"""
    web(client)
    put(client)
    put(client)
    return "accepted"


@calling(moto=10, fakeecr=110)
def size_of_an_image(client):
    """The size of an image with a config of 10 bytes and a layer of 100"""
    web(client)
    put(client)
    return details(client)[0]["imageSizeInBytes"]


@calling(moto=False, fakeecr=True)
def media_type_of_a_config(client):
    """DescribeImages has an `artifactMediaType`"""
    web(client)
    put(client)
    return "artifactMediaType" in details(client)[0]


# --- Pages and batches ---------------------------------------------------------------------------


@calling(moto="3, no token", fakeecr="2, a token")
def page_of_two_images(client):
    """`maxResults=2` with three images"""
    put_many(client, 3)
    return page_of(client.list_images(repositoryName="web", maxResults=2), "imageIds")


@calling(moto="101, no token", fakeecr="100, a token")
def list_of_101_images(client):
    """101 images without `maxResults`"""
    put_many(client, 101)
    return page_of(client.list_images(repositoryName="web"), "imageIds")


@calling(moto="101, no token", fakeecr="100, a token")
def list_of_101_repositories(client):
    """101 repositories without `maxResults`"""
    for number in range(101):
        client.create_repository(repositoryName=f"repository-{number}")
    return page_of(client.describe_repositories(), "repositories")


@calling(moto="accepted", fakeecr="InvalidParameterException")
def made_up_token(client):
    """A `nextToken` that nobody has given out"""
    web(client)
    listed(client, nextToken="made-up")
    return "accepted"


@calling(moto="accepted", fakeecr="InvalidParameterException")
def page_of_1001_images(client):
    """`maxResults=1001`"""
    web(client)
    listed(client, maxResults=1001)
    return "accepted"


@calling(moto="accepted", fakeecr="InvalidParameterException")
def deletion_of_101_images(client):
    """BatchDeleteImage of 101 images"""
    deleted(client, *[{"imageTag": tag} for tag in put_many(client, 101)])
    return "accepted"


@calling(moto="accepted", fakeecr="InvalidParameterException")
def download_of_101_images(client):
    """BatchGetImage of 101 images"""
    got(client, *[{"imageTag": tag} for tag in put_many(client, 101)])
    return "accepted"


@calling(moto="accepted", fakeecr="InvalidParameterException")
def page_of_named_images(client):
    """DescribeImages with `imageIds` and `maxResults`"""
    web(client)
    put(client, tag="latest")
    details(client, imageIds=[{"imageTag": "latest"}], maxResults=10)
    return "accepted"


@calling(moto=False, fakeecr=True)
def describe_untagged_images(client):
    """DescribeImages filters by `tagStatus`"""
    web(client)
    put(client, manifests.image("tagged"), "latest")
    put(client, manifests.image("untagged"))
    return len(details(client, filter={"tagStatus": "UNTAGGED"})) == 1


@calling(moto=False, fakeecr=True)
def order_of_named_images(client):
    """DescribeImages answers in the order of `imageIds`"""
    # moto answers in the order of a set, which will not be that of so many images.
    backwards = put_many(client, 25)[::-1]
    images = details(client, imageIds=[{"imageTag": tag} for tag in backwards])
    return [image["imageTags"][0] for image in images] == backwards


# --- Tags ----------------------------------------------------------------------------------------


@calling(moto=["latest"], fakeecr=[None, "latest"])
def moved_tag(client):
    """A tag that moves: the images afterwards"""
    web(client)
    put(client, manifests.image("old"), "latest")
    put(client, manifests.image("new"), "latest")
    return listed(client)


@calling(moto="ImageAlreadyExistsException", fakeecr="ImageTagAlreadyExistsException")
def immutable_tag(client):
    """An immutable tag, put with another image"""
    web(client, imageTagMutability="IMMUTABLE")
    put(client, manifests.image("old"), "1.0")
    return put(client, manifests.image("new"), "1.0")


@calling(moto="moved", fakeecr="ImageTagAlreadyExistsException")
def exclusion_filter(client):
    """An exclusion filter `v1`, and the immutable tag `v10`"""
    exclusion = {"filterType": "WILDCARD", "filter": "v1"}
    web(client, imageTagMutability="IMMUTABLE_WITH_EXCLUSION", imageTagMutabilityExclusionFilters=[exclusion])
    put(client, manifests.image("old"), "v10")
    put(client, manifests.image("new"), "v10")
    return "moved"


# --- Getting and deleting images -----------------------------------------------------------------


@calling(moto=["latest"], fakeecr=["1.0"])
def get_by_the_first_tag(client):
    """BatchGetImage by `1.0` of an image that is also `latest`"""
    web(client)
    put(client, tag="1.0")
    put(client, tag="latest")
    return got(client, {"imageTag": "1.0"})


@calling(moto=["latest"], fakeecr=["1.0", "latest"])
def get_by_digest(client):
    """BatchGetImage by the digest of such an image"""
    web(client)
    put(client, tag="1.0")
    image = put(client, tag="latest")
    return got(client, {"imageDigest": image["imageDigest"]})


@calling(moto=["imageTag", "null"], fakeecr=["imageDigest"])
def get_a_missing_digest(client):
    """BatchGetImage of a missing digest: the failure names"""
    web(client)
    failure = client.batch_get_image(repositoryName="web", imageIds=[{"imageDigest": MISSING}])["failures"][0]
    return [word for item in failure["imageId"].items() for word in item if word != MISSING]


@calling(moto=["1.0"], fakeecr=["ImageTagDoesNotMatchDigest"])
def get_by_tag_and_another_digest(client):
    """BatchGetImage by a tag and another image's digest"""
    web(client)
    put(client, tag="1.0")
    return got(client, {"imageTag": "1.0", "imageDigest": MISSING})


@calling(moto=["1.0"], fakeecr=["ImageNotFound"])
def get_an_accepted_media_type(client):
    """`acceptedMediaTypes` without the image's media type"""
    web(client)
    put(client, tag="1.0")
    return got(client, {"imageTag": "1.0"}, acceptedMediaTypes=[manifests.DOCKER])


@calling(moto=[], fakeecr=["latest"])
def delete_by_digest_and_tag(client):
    """BatchDeleteImage by digest and tag of an image that is also `latest`"""
    web(client)
    put(client, tag="1.0")
    image = put(client, tag="latest")
    assert deleted(client, {"imageDigest": image["imageDigest"], "imageTag": "1.0"}) == []
    return listed(client)


@calling(moto=False, fakeecr=True)
def delete_an_untagged_image(client):
    """BatchDeleteImage of an untagged image: the response names the image"""
    web(client)
    image = put(client)
    return client.batch_delete_image(repositoryName="web", imageIds=[image])["imageIds"] == [image]


@calling(moto="deleted", fakeecr="ImageReferencedByManifestList")
def delete_an_image_of_an_index(client):
    """BatchDeleteImage of an image in an index"""
    web(client)
    image = put(client)
    put(client, manifests.index(manifests.image()), imageDigest=digest_of(manifests.index(manifests.image())))
    return "".join(deleted(client, image)) or "deleted"


@calling(moto="MissingLayerDigest", fakeecr="UNAVAILABLE")
def missing_layer(client):
    """BatchCheckLayerAvailability of a missing layer"""
    web(client)
    response = client.batch_check_layer_availability(repositoryName="web", layerDigests=[MISSING])
    availability = [layer["layerAvailability"] for layer in response["layers"]]
    return "".join(availability + [failure["failureCode"] for failure in response["failures"]])


@calling(moto="NotImplementedError", fakeecr="LayersNotFoundException")
def download_of_a_layer(client):
    """GetDownloadUrlForLayer of a missing layer"""
    web(client)
    return client.get_download_url_for_layer(repositoryName="web", layerDigest=MISSING)


# --- Policies and scans --------------------------------------------------------------------------


@calling(moto="NotImplementedError", fakeecr=["old"])
def preview_of_a_lifecycle_policy(client):
    """The preview of a lifecycle policy that selects the image `old`"""
    web(client)
    put(client, manifests.image("old"), "old")
    put(client, manifests.image("new"), "new")
    client.start_lifecycle_policy_preview(repositoryName="web", lifecyclePolicyText=NEWEST_ONLY)
    results = client.get_lifecycle_policy_preview(repositoryName="web")["previewResults"]
    return [tag for result in results for tag in result["imageTags"]]


@calling(moto="accepted", fakeecr="InvalidParameterException")
def lifecycle_rule_without_tags(client):
    """A lifecycle rule for `tagged` images that names no tags"""
    web(client)
    policy = lifecycle_policy(tagStatus="tagged", countType="imageCountMoreThan", countNumber=1)
    client.put_lifecycle_policy(repositoryName="web", lifecyclePolicyText=policy)
    return "accepted"


@calling(moto=True, fakeecr=False)
def text_of_a_lifecycle_policy(client):
    """The text of a lifecycle policy comes back as it was sent"""
    web(client)
    client.put_lifecycle_policy(repositoryName="web", lifecyclePolicyText=NEWEST_ONLY)
    text = client.get_lifecycle_policy(repositoryName="web")["lifecyclePolicyText"]
    assert json.loads(text) == json.loads(NEWEST_ONLY)
    return text == NEWEST_ONLY


@calling(moto=True, fakeecr=False)
def text_of_a_repository_policy(client):
    """The text of a repository policy comes back as it was sent"""
    web(client)
    statement = {"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    client.set_repository_policy(repositoryName="web", policyText=policy)
    text = client.get_repository_policy(repositoryName="web")["policyText"]
    assert json.loads(text) == json.loads(policy)
    return text == policy


@calling(moto=["CVE-9999-9999"], fakeecr=[])
def findings_of_a_scan(client):
    """What a scan finds, unless the test says otherwise"""
    web(client)
    image = {"repositoryName": "web", "imageId": put(client)}
    client.start_image_scan(**image)
    findings = client.describe_image_scan_findings(**image)["imageScanFindings"]["findings"]
    return [finding["name"] for finding in findings]


@calling(moto="ScanNotFoundException", fakeecr="COMPLETE")
def scan_on_push(client):
    """`scanOnPush`: the status of a pushed image's scan"""
    web(client, imageScanningConfiguration={"scanOnPush": True})
    image = put(client)
    return client.describe_image_scan_findings(repositoryName="web", imageId=image)["imageScanStatus"]["status"]


# --- What stays the same -------------------------------------------------------------------------


@staying([])
def regions(client):
    """Each region is a registry of its own."""
    web(client)
    return names(new_client("eu-west-1"))


@staying(
    {
        "repositoryArn": f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/web",
        "registryId": ACCOUNT,
        "repositoryName": "web",
        "repositoryUri": f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/web",
        "imageTagMutability": "MUTABLE",
        "imageScanningConfiguration": {"scanOnPush": False},
        "encryptionConfiguration": {"encryptionType": "AES256"},
    }
)
def created_repository(client):
    """CreateRepository answers with the same ARN, URI and default settings."""
    return {name: value for name, value in web(client).items() if name != "createdAt"}


@staying("InvalidParameterException")
def name_with_a_capital_letter(client):
    """A repository's name with a capital letter is an `InvalidParameterException`."""
    return client.create_repository(repositoryName="Web")


@staying([{"Key": "team", "Value": "blue"}])
def tags_of_a_repository(client):
    """A repository has the tags of CreateRepository and TagResource."""
    arn = web(client, tags=[{"Key": "team", "Value": "red"}])["repositoryArn"]
    client.tag_resource(resourceArn=arn, tags=[{"Key": "team", "Value": "blue"}])
    return client.list_tags_for_resource(resourceArn=arn)["tags"]


@staying(["web", "api", "db"])
def order_of_repositories(client):
    """DescribeRepositories lists the oldest repository first."""
    for name in ("web", "api", "db"):
        client.create_repository(repositoryName=name)
    return names(client)


@staying(["1.0", "latest", "2.0", None])
def listed_images(client):
    """ListImages lists the oldest image first, and has an entry for each tag."""
    web(client)
    put(client, manifests.image("1"), "1.0")
    put(client, manifests.image("1"), "latest")
    put(client, manifests.image("2"), "2.0")
    put(client, manifests.image("3"))
    return listed(client)


@staying([["1.0"], [None]])
def filter_by_tag_status(client):
    """ListImages filters by `tagStatus`."""
    web(client)
    put(client, manifests.image("1"), "1.0")
    put(client, manifests.image("2"))
    return [listed(client, filter={"tagStatus": status}) for status in ("TAGGED", "UNTAGGED")]


@staying(True)
def manifest_to_the_byte(client):
    """A manifest comes back to the byte."""
    web(client)
    put(client, f"{manifests.image()}\n", "1.0")
    response = client.batch_get_image(repositoryName="web", imageIds=[{"imageTag": "1.0"}])
    return response["images"][0]["imageManifest"] == f"{manifests.image()}\n"


@staying(manifests.OCI)
def media_type_of_the_request(client):
    """An image whose manifest has no `mediaType` gets the `imageManifestMediaType` of the call."""
    web(client)
    put(client, manifests.image(mediaType=None), imageManifestMediaType=manifests.OCI)
    return details(client)[0]["imageManifestMediaType"]


@staying([["1.0", "latest"]])
def second_tag(client):
    """The same manifest put with a second tag is one image with two tags."""
    web(client)
    put(client, tag="1.0")
    put(client, tag="latest")
    return [image["imageTags"] for image in details(client)]


@staying("ImageAlreadyExistsException")
def same_tag_twice(client):
    """The same manifest put with the same tag is an `ImageAlreadyExistsException`."""
    web(client)
    put(client, tag="1.0")
    return put(client, tag="1.0")


@staying(["latest"])
def deleted_tag(client):
    """BatchDeleteImage by one of two tags removes that tag."""
    web(client)
    put(client, tag="1.0")
    put(client, tag="latest")
    assert deleted(client, {"imageTag": "1.0"}) == []
    return listed(client)


@staying([])
def deleted_last_tag(client):
    """BatchDeleteImage by the last tag deletes the image."""
    web(client)
    put(client, tag="latest")
    assert deleted(client, {"imageTag": "latest"}) == []
    return listed(client)


@staying(["ImageNotFound", "MissingDigestAndTag", "InvalidImageDigest"])
def failures_of_deletions(client):
    """BatchDeleteImage reports the same failures for missing images, empty identifiers and malformed digests."""
    web(client)
    return deleted(client, {"imageTag": "none"}, {}, {"imageDigest": "sha256:zz"})


@staying("LimitExceededException")
def second_scan(client):
    """A second scan of an image on the same day is a `LimitExceededException`."""
    web(client)
    image = {"repositoryName": "web", "imageId": put(client)}
    client.start_image_scan(**image)
    return client.start_image_scan(**image)


IN_REGISTRY = f"in the registry with id '{ACCOUNT}'"
OF_WEB = f"for the repository with name 'web' {IN_REGISTRY}"


@staying(
    [
        f"The repository with name 'none' does not exist {IN_REGISTRY}",
        f"The repository with name 'web' already exists {IN_REGISTRY}",
        f"The repository with name 'web' in registry with id '{ACCOUNT}' cannot be deleted because it still contains "
        "images",
        "The image with imageId {imageDigest:'null', imageTag:'none'} does not exist within the repository with name "
        f"'web' {IN_REGISTRY}",
        f"Lifecycle policy does not exist {OF_WEB}",
        f"Repository policy does not exist {OF_WEB}",
        "Image scan does not exist for the image with '{imageDigest:'null', imageTag:'latest'}' in the repository with "
        f"name 'web' {IN_REGISTRY}",
    ]
)
def messages_of_errors(client):
    """The messages are the same for what does not exist, exists already, or cannot be deleted because it has images."""
    web(client)
    put(client, tag="latest")
    of_web = {"repositoryName": "web"}
    return [
        message_of(client.list_images, repositoryName="none"),
        message_of(client.create_repository, **of_web),
        message_of(client.delete_repository, **of_web),
        message_of(client.describe_images, **of_web, imageIds=[{"imageTag": "none"}]),
        message_of(client.get_lifecycle_policy, **of_web),
        message_of(client.get_repository_policy, **of_web),
        message_of(client.describe_image_scan_findings, **of_web, imageId={"imageTag": "latest"}),
    ]


# --- Each idiom has the outcomes that the page states --------------------------------------------


def each_of(idioms: list[Idiom]) -> Any:
    return pytest.mark.parametrize("idiom", idioms, ids=[each.code.__name__ for each in idioms])


each_fake = pytest.mark.parametrize("fake", FAKES)


@each_fake
@each_of(STARTS)
def test_a_start_has_the_outcome_that_the_page_states(monkeypatch, fake, idiom):
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")  # botocore would ask the network for credentials

    outcome = outcome_of(idiom.code, FAKES[fake])

    assert outcome == idiom.outcomes[fake]


@each_fake
@each_of(CALLS)
def test_a_call_has_the_outcome_that_the_page_states(client, fake, idiom):
    with FAKES[fake]():
        outcome = outcome_of(idiom.code, client)

    assert outcome == idiom.outcomes[fake]


def test_the_tables_of_the_page_have_the_idioms_that_change():
    rows = [text for text, _, _ in rows_of_the_page()]

    assert rows == [idiom.text for idiom in STARTS + CALLS if idiom.changes]


def test_the_list_of_the_page_has_the_idioms_that_stay_the_same():
    section = PAGE.read_text(encoding="utf-8").partition("## What stays the same\n")[2].partition("\n## ")[0]
    lines = re.findall(r"^- (.*(?:\n  .*)*)", section, re.MULTILINE)

    assert sorted(" ".join(line.split()) for line in lines) == sorted(
        idiom.text for idiom in STARTS + CALLS if not idiom.changes
    )


@each_of([idiom for idiom in STARTS + CALLS if idiom.changes])
def test_a_row_of_the_page_has_the_words_of_its_outcomes(idiom):
    [(moto, fakeecr)] = [cells for text, *cells in rows_of_the_page() if text == idiom.text]

    assert [word for word in words_of(idiom.outcomes["moto"]) if word not in moto] == []
    assert [word for word in words_of(idiom.outcomes["fakeecr"]) if word not in fakeecr] == []


def rows_of_the_page() -> list[list[str]]:
    """Return the cells of each row under "What changes"."""
    section = PAGE.read_text(encoding="utf-8").partition("## What changes\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ") and not line.startswith("| in your test")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def words_of(outcome: Any) -> Iterator[str]:
    """Yield what a cell of the page must contain to state an outcome."""
    if isinstance(outcome, list):
        for item in outcome:
            yield from words_of(item)
    elif isinstance(outcome, bool):
        yield "yes" if outcome else "no"
    elif outcome is not None:
        yield str(outcome)


# --- Whole suites --------------------------------------------------------------------------------

DISABLED_PLUGINS = ("asyncio", "hypothesispytest", "randomly", "cacheprovider")


@pytest.fixture
def run_pytest(pytester, monkeypatch):
    """Return a function that writes files and runs pytest there; it returns the numbers of outcomes."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    def run(files):
        for name, text in files.items():
            file = pytester.path / name
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
        disabled = [argument for name in DISABLED_PLUGINS for argument in ("-p", f"no:{name}")]
        options = ["--disable-socket", "--allow-unix-socket", "-W", "error", *disabled]
        return pytester.runpytest_subprocess(*options).parseoutcomes()

    return run


def test_the_conftest_of_the_page_lets_fakeecr_answer_ecr_in_tests_that_moto_decorates(run_pytest):
    page = PAGE.read_text(encoding="utf-8")
    [conftest] = [block.code for block in named_blocks(page, "python", "py") if block.file == "tests/conftest.py"]

    outcomes = run_pytest(
        {
            "tests/conftest.py": conftest,
            "tests/test_release.py": """
import unittest

import boto3
import fakeecr
from moto import mock_aws


def answered_by():
    boto3.client("s3", region_name="us-east-1").list_buckets()
    before = len(fakeecr.current().dump()["registries"])
    boto3.client("ecr", region_name="us-east-1").create_repository(repositoryName="web")
    after = len(fakeecr.current().dump()["registries"])
    return "fakeecr" if after == before + 1 else "moto"


@mock_aws
def test_a_function():
    assert answered_by() == "fakeecr"


@mock_aws
class TestClass:
    def setup_method(self, method):
        self.answered_by = answered_by()

    def test_a_method(self):
        assert self.answered_by == "fakeecr"


@mock_aws
class Case(unittest.TestCase):
    def setUp(self):
        self.answered_by = answered_by()

    def test_a_case(self):
        self.assertEqual(self.answered_by, "fakeecr")
""",
        }
    )

    assert outcomes == {"passed": 3}


CLASS = """
import boto3
import pytest
from fakeecr import FakeECR
from moto import mock_aws


def create(name):
    boto3.client("ecr", region_name="us-east-1").create_repository(repositoryName=name)


@DECORATOR
class TestSetup:
    def setup_method(self):
        create("web")

    def test_after_the_setup(self):
        create("other")


@DECORATOR
class TestFixture:
    @pytest.fixture(autouse=True)
    def repository(self):
        create("web")

    def test_after_the_fixture(self):
        create("other")


@DECORATOR
class TestArgument:
    def setup_method(self, method):
        create("web")

    def test_after_the_setup(self):
        create("other")
"""


@pytest.mark.parametrize(
    ("decorator", "expected"), [("mock_aws", {"passed": 1, "errors": 2}), ("FakeECR()", {"passed": 3})]
)
def test_a_class_of_pytest_tests_is_set_up_as_the_page_says(run_pytest, decorator, expected):
    outcomes = run_pytest({"test_classes.py": CLASS.replace("DECORATOR", decorator)})

    assert outcomes == expected


def test_a_fixture_of_the_page_gives_a_whole_suite_a_region(run_pytest):
    page = PAGE.read_text(encoding="utf-8")
    [conftest] = [b.code for b in named_blocks(page, "python", "py") if b.file == "tests/frankfurt/conftest.py"]

    outcomes = run_pytest(
        {
            "conftest.py": conftest,
            "test_region.py": """
def test_all_are_in_the_region(fake_ecr, ecr_client):
    assert fake_ecr.push("web").region == ecr_client.meta.region_name == "eu-central-1"
""",
        }
    )

    assert outcomes == {"passed": 1}
