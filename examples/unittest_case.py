"""Code that makes its own client, and its tests with unittest: `python -m unittest examples/unittest_case.py`."""

from __future__ import annotations

import unittest

import boto3

from fakeecr import FakeECR


def untagged_digests(repository: str) -> list[str]:
    """Find the images that no tag names any more: those that a clean-up would delete."""
    lister = boto3.client("ecr", region_name="eu-west-1").get_paginator("list_images")
    pages = lister.paginate(repositoryName=repository, filter={"tagStatus": "UNTAGGED"})
    return [image["imageDigest"] for page in pages for image in page["imageIds"]]


@FakeECR(region="eu-west-1")
class UntaggedDigests(unittest.TestCase):
    """Each test, with its setUp, has a fake of its own."""

    fake_ecr: FakeECR

    def setUp(self) -> None:
        """Push a first image."""
        self.first = self.fake_ecr.push("web", "latest")

    def test_an_image_with_a_tag_is_spared(self) -> None:
        """It is not listed."""
        self.assertEqual(untagged_digests("web"), [])

    def test_an_image_whose_tag_moved_on_is_found(self) -> None:
        """It stays in the repository, without a tag."""
        self.fake_ecr.push("web", "latest")

        self.assertEqual(untagged_digests("web"), [self.first.digest])


if __name__ == "__main__":
    unittest.main()
