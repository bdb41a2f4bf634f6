"""What the tests of async clients do with a call; the counterparts of `tests.answers`."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import pytest
from botocore.exceptions import ClientError, HTTPClientError


async def listed_tags(client: Any, repository: str = "web") -> list[str | None]:
    """Return the tag of each identifier on the first page of a repository's listing."""
    response = await client.list_images(repositoryName=repository)
    return [image.get("imageTag") for image in response["imageIds"]]


async def code_of(call: Awaitable[Any]) -> str:
    """Await a call that must fail; return the code of the error."""
    with pytest.raises(ClientError) as error:
        await call
    return str(error.value.response["Error"]["Code"])


async def reaches_for_the_network(call: Awaitable[Any]) -> bool:
    """Whether a call is sent, which the tests forbid; fail if it is not."""
    with pytest.raises(HTTPClientError, match="A test tried to use socket"):
        await call
    return True
