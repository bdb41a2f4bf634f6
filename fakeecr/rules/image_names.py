"""Names of images as people write them: ``team/web:1.0``, ``web@sha256:…``, or a whole URI of a registry."""

from __future__ import annotations

import re
from typing import NamedTuple

from fakeecr.rules.messages import show

# Of AWS, of its FIPS and dual-stack endpoints, and of a server on this machine, which has a port.
_HOST = re.compile(r"(?P<account>[0-9]{12})\.dkr[.-]ecr(-fips)?\.(?P<region>[0-9a-z-]+)\.[0-9a-z.-]+(:[0-9]+)?")
_NAME = re.compile(r"(?P<repository>[^:@]+)(:(?P<tag>[^:@/]+))?(@(?P<digest>[^@/]+))?")


class ImageName(NamedTuple):
    """What a name says.

    Attributes:
        repository: the name of the repository.
        tag: the image's tag, or None.
        digest: the image's digest, or the beginning of it, or None.
        account_id: the account of the registry; None if the name is no URI.
        region: the region of the registry; None if the name is no URI.
    """

    repository: str
    tag: str | None = None
    digest: str | None = None
    account_id: str | None = None
    region: str | None = None

    @property
    def is_repository(self) -> bool:
        """Whether it names a repository, and no image in it."""
        return self.tag is None and self.digest is None


def parse_image_name(text: str) -> ImageName:
    """Return what the name of a repository or an image says.

    Args:
        text: the repository's name, a tag or a digest after it, and the registry's host before it; the last two may
            be left out.

    Raises:
        ValueError: it is not such a name.
    """
    host, _, rest = text.partition("/")
    registry = _HOST.fullmatch(host)
    match = _NAME.fullmatch(text if registry is None else rest)
    # Bytes that are no UTF-8 are surrogates in an argument, which no database takes.
    if match is None or re.search("[\ud800-\udfff]", text):
        raise ValueError(f"expected REPOSITORY, REPOSITORY:TAG or REPOSITORY@DIGEST; got {show(text)}")
    return ImageName(
        repository=match["repository"],
        tag=match["tag"],
        digest=match["digest"],
        account_id=registry and registry["account"],
        region=registry and registry["region"],
    )
