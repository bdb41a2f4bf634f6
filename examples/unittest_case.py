"""fakeecr with unittest: run with `python -m unittest examples/unittest_case.py`, or as it is."""

from __future__ import annotations

import unittest
from typing import TYPE_CHECKING

import boto3

import fakeecr

if TYPE_CHECKING:
    from fakeecr import FakeECR


def untagged_digests(repository: str) -> list[str]:
    """Give the digests of the images that no tag names: those that a clean-up would delete."""
    pages = (
        boto3.client("ecr")
        .get_paginator("list_images")
        .paginate(repositoryName=repository, filter={"tagStatus": "UNTAGGED"})
    )
    return [image["imageDigest"] for page in pages for image in page["imageIds"]]


@fakeecr.FakeECR()
class UntaggedDigests(unittest.TestCase):
    """Every test has a fake of its own, with what setUp put there."""

    fake_ecr: FakeECR

    def setUp(self) -> None:
        """Push the first build."""
        self.first = self.fake_ecr.push("team/service", "latest")

    def test_a_tagged_image_is_spared(self) -> None:
        """An image that a tag names is not one of them."""
        self.assertEqual(untagged_digests("team/service"), [])

    def test_an_image_whose_tag_moved_on_is_found(self) -> None:
        """When `latest` moves to the next build, the first one has no tag left."""
        self.fake_ecr.push("team/service", "latest")
        self.assertEqual(untagged_digests("team/service"), [self.first.digest])


if __name__ == "__main__":
    unittest.main()
