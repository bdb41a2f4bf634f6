"""Code that makes its own client, and its tests with unittest: `python -m unittest examples/unittest_case.py`."""

from __future__ import annotations

import unittest

import boto3

from fakeecr import FakeECR


def untagged_digests(repository: str) -> list[str]:
    """Return the digests of the untagged images of a repository, which a clean-up would delete."""
    paginator = boto3.client("ecr", region_name="eu-west-1").get_paginator("list_images")
    pages = paginator.paginate(repositoryName=repository, filter={"tagStatus": "UNTAGGED"})
    return [image["imageDigest"] for page in pages for image in page["imageIds"]]


@FakeECR(region="eu-west-1")
class UntaggedDigests(unittest.TestCase):
    """Each test, including its setUp, has a new fake."""

    fake_ecr: FakeECR

    def setUp(self) -> None:
        """Push a first image."""
        self.first = self.fake_ecr.push("web", "latest")

    def test_a_tagged_image_is_not_returned(self) -> None:
        """The only image has a tag."""
        self.assertEqual(untagged_digests("web"), [])

    def test_an_image_whose_tag_moved_is_returned(self) -> None:
        """A push that moves the tag leaves the earlier image untagged."""
        self.fake_ecr.push("web", "latest")

        self.assertEqual(untagged_digests("web"), [self.first.digest])


if __name__ == "__main__":
    unittest.main()
