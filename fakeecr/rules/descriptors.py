"""What a manifest refers to, one descriptor after another, as people want to see it: with sizes and platforms."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Struct


class Platform(Struct):
    """The platform of an image in an index."""

    os: str = ""
    architecture: str = ""
    variant: str = ""

    def __str__(self) -> str:
        return "/".join(filter(None, (self.os, self.architecture, self.variant)))


class Descriptor(Struct, rename="camel"):
    """A reference to a layer, a config or an image.

    Attributes:
        digest: its digest.
        media_type: its media type, or None.
        size: its size in bytes; of an image, that of its manifest.
        platform: the platform of an image, or None.
    """

    digest: str
    media_type: str | None = None
    size: int = 0
    platform: Platform | None = None


class Descriptors(Struct):
    """The references of a manifest.

    Attributes:
        config: the config of an image, or None.
        layers: the layers of an image.
        manifests: the images of an index; None if it is no index.
    """

    config: Descriptor | None = None
    layers: Sequence[Descriptor] | None = None
    manifests: Sequence[Descriptor] | None = None


_decode = msgspec.json.Decoder(Descriptors).decode


def read_descriptors(manifest: bytes) -> Descriptors:
    """Return what a manifest refers to: nothing if it is not a manifest of OCI or of Docker's schema 2."""
    try:
        return _decode(manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Descriptors()
