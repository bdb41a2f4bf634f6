"""The fixtures and the markers, in a user's tests. A type checker knows a fixture's type from the annotation alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_type

import pytest
from mypy_boto3_ecr import ECRClient
from mypy_boto3_ecr.type_defs import ImageIdentifierTypeDef

import fakeecr
from fakeecr import FakeECR, PushedImage

pytestmark = pytest.mark.fakeecr(region="eu-west-1")


def test_with_both_fixtures(fake_ecr: fakeecr.FakeECR, ecr_client: ECRClient) -> None:
    image = fake_ecr.push("web", "latest")
    response = ecr_client.list_images(repositoryName="web")

    assert_type(image, PushedImage)
    assert_type(response["imageIds"], list[ImageIdentifierTypeDef])
    assert response["imageIds"] == [{"imageDigest": image.digest, "imageTag": "latest"}]


@pytest.mark.fakeecr(seed="registries.yaml", account_id="012345678910", limits="installed", expire_daily=True)
def test_with_the_marker(ecr_client: ECRClient) -> int:
    return len(ecr_client.describe_repositories()["repositories"])


@pytest.mark.fakeecr(seed={"registries": [{"repositories": [{"name": "web", "images": [{"count": 250}]}]}]})
class TestWithTheMarker:
    def setup_method(self) -> None:
        self.image = fakeecr.current().push("web", "latest")

    @pytest.mark.fakeecr_real
    def test_of_the_class(self, fake_ecr: FakeECR) -> str:
        assert_type(self.image, PushedImage)
        return fake_ecr.region


@pytest.fixture
def seeded_ecr(fake_ecr: FakeECR) -> FakeECR:
    fake_ecr.seed("registries.yaml")
    return fake_ecr


@pytest.fixture(scope="module")
def shared_ecr() -> Iterator[FakeECR]:
    with FakeECR() as ecr:
        yield ecr


# The markers keep what they mark.
def calls_what_is_marked(ecr: FakeECR) -> None:
    assert_type(test_with_the_marker(ecr.client()), int)
    assert_type(TestWithTheMarker().test_of_the_class(ecr), str)
    test_with_the_marker(ecr)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
