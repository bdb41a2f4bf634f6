"""Clients and listings for the tests of the front door."""

from __future__ import annotations

import boto3

from fakeecr import FakeECR
from tests.answers import ONCE, identifiers

# One session for all tests: it reads the service model once, which takes most of the time of making a client.
SESSION = boto3.Session()


def client_of_aws():
    """Make a client that no fake has made or patched: unless a fake is active, it calls AWS."""
    return SESSION.client("ecr", "us-east-1", **ONCE)


def tags_in_web(client=None) -> list[str | None]:
    """Return the tags of the repository `web`, as a client, or one that is made now, lists them."""
    client = client or SESSION.client("ecr")
    return [tag for _, tag in identifiers(client.list_images(repositoryName="web"))]


def fake_with(tag: str, **arguments: str) -> FakeECR:
    """Make a fake that has an image with this tag in the repository `web`."""
    ecr = FakeECR(**arguments)
    ecr.push("web", tag)
    return ecr
