"""Images that a test pushes by their layers: real layers, and the config and manifest that name them.

The same layers always make the same bytes, so that pushing them again is what `docker push` of the same image is: it
changes nothing but tags. A config therefore has no date.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from fakeecr.registry.drafts import draft_image
from fakeecr.rules import manifests
from fakeecr.rules.manifests import (
    OCI_CONFIG,
    OCI_GZIPPED_LAYER,
    OCI_LAYER,
    OCI_MANIFEST,
    PlatformImage,
    digest_of,
    platform_members,
)
from fakeecr.store.images import NewImage

# What an image is for if the test names no platform.
_DEFAULT_PLATFORM = "linux/amd64"
# How many bytes of a layer are decompressed at a time.
_AT_A_TIME = 1024 * 1024


class ImageLayer(NamedTuple):
    """A layer as an image names it.

    Attributes:
        digest: the digest of its bytes, compressed or not.
        size: their number.
        media_type: its media type.
        diff_id: the digest of its bytes when they are decompressed (OCI).
    """

    digest: str
    size: int
    media_type: str
    diff_id: str


class LayeredImages(NamedTuple):
    """The images that a push of layers consists of.

    Attributes:
        images: the image; or the image of each platform, and their index at the end.
        configs: the config of each image but the index.
    """

    images: list[NewImage]
    configs: list[bytes]


def describe_layer(digest: str, size: int, parts: Iterable[bytes]) -> ImageLayer:
    """Return how an image names a layer with this digest, size and content, which may be gzip or not."""
    sha256 = hashlib.sha256()
    try:
        for part in _decompress(parts):
            sha256.update(part)
    except zlib.error:
        return ImageLayer(digest, size, OCI_LAYER, digest)
    return ImageLayer(digest, size, OCI_GZIPPED_LAYER, f"sha256:{sha256.hexdigest()}")


def _decompress(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the content of a gzip, which may have several members.

    Raises:
        zlib.error: it is not a gzip, or an incomplete one. Of what is not a gzip, only the first part is read.
    """
    member = _new_member()
    for part in parts:
        remaining = part
        while remaining:
            if member.eof:
                member = _new_member()
            yield member.decompress(remaining, _AT_A_TIME)
            remaining = member.unused_data or member.unconsumed_tail
    yield member.flush()
    if not member.eof:
        raise zlib.error("the gzip is incomplete")


def _new_member() -> zlib._Decompress:
    return zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)


def draft_layered(layers: Sequence[ImageLayer], platforms: Sequence[str], pushed_at: datetime) -> LayeredImages:
    """Build the image of layers, or with platforms an image of the same layers for each, and their index.

    Args:
        layers: its layers, the lowest first.
        platforms: such as ``linux/arm64/v8``; none for a single image.
        pushed_at: when it was pushed.
    """
    configs = [_make_config(layers, platform) for platform in platforms or [_DEFAULT_PLATFORM]]
    contents = [_make_manifest(config, layers) for config in configs]
    images = [draft_image(pushed_at, manifest=content) for content in contents]
    if platforms:
        children = zip(platforms, images, contents, strict=True)
        index = manifests.make_index(
            [PlatformImage(platform, image.digest, len(content)) for platform, image, content in children]
        )
        images.append(draft_image(pushed_at, manifest=index))
    return LayeredImages(images, configs)


def _make_config(layers: Sequence[ImageLayer], platform: str) -> bytes:
    """Make the config of an image with the members that OCI requires."""
    return msgspec.json.encode(
        {
            **platform_members(platform),
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
        }
    )


def _make_manifest(config: bytes, layers: Sequence[ImageLayer]) -> bytes:
    return msgspec.json.encode(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": {"mediaType": OCI_CONFIG, "digest": digest_of(config), "size": len(config)},
            "layers": [{"mediaType": layer.media_type, "digest": layer.digest, "size": layer.size} for layer in layers],
        }
    )
