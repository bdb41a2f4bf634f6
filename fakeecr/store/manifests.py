"""Manifests: what they say (OCI's and Docker's formats), and the small ones that fakeecr makes up.

A made-up manifest comes from a few words, always the same from the same words. State files keep the words and not
the manifest, so what is made here must stay byte for byte what it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta, Struct

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"

LISTS = frozenset({OCI_INDEX, DOCKER_LIST})
MEDIA_TYPES = LISTS | {
    OCI_MANIFEST,
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
}

# --- Digests -------------------------------------------------------------------------------------

# OCI's own empty blob, the JSON `{}`: the config of what is made up here, and of artifacts that have none.
EMPTY_BLOB = b"{}"
EMPTY_DIGEST = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


def digest_of(content: bytes) -> str:
    """Give the digest of a manifest or a layer: the SHA-256 of its exact bytes."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


# --- Read ----------------------------------------------------------------------------------------

# No NUL, which PostgreSQL cannot keep; and no size whose sum over a whole manifest would not fit a column.
_Words = Annotated[str, Meta(pattern=r"\A[^\0]*\Z")]
# And no digest that would be too long for an index of PostgreSQL.
_Digest = Annotated[str, Meta(pattern=r"\A[a-zA-Z0-9_+.-]+:[a-fA-F0-9]+\Z", max_length=255)]
_Size = Annotated[int, Meta(ge=0, le=2**46)]


class _Descriptor(Struct, rename="camel"):
    digest: _Digest
    media_type: _Words | None = None
    size: _Size = 0
    urls: list[Any] | None = None


class _OldLayer(Struct, rename="camel"):
    blob_sum: _Digest


class _Manifest(Struct, rename="camel"):
    media_type: _Words | None = None
    artifact_type: _Words | None = None
    config: _Descriptor | None = None
    # Programs in Go write an empty list as null.
    layers: list[_Descriptor] | None = None
    manifests: list[_Descriptor] | None = None
    subject: _Descriptor | None = None
    fs_layers: list[_OldLayer] | None = None  # of Docker's first schema


class _Annotated(Struct):
    annotations: dict[str, Any] | None = None


_decode = msgspec.json.Decoder(_Manifest).decode
_decode_annotations = msgspec.json.Decoder(_Annotated).decode


class Reference(NamedTuple):
    """What a manifest refers to by digest: an image of a list, or a layer or config."""

    digest: str
    is_layer: bool
    media_type: str | None


class Contents(NamedTuple):
    """What a manifest says.

    Attributes:
        media_type: its own media type.
        artifact_media_type: its config's media type.
        artifact_type: its artifactType, or else its config's media type.
        size: the bytes of its layers and config; None for a list, whose size is that of its biggest image.
        subject: the digest of the image that it refers to as an artifact.
        references: the images of a list, or layers and config, each digest once.
        elsewhere: the digests of layers that are to be had elsewhere, by URLs, and are not uploaded (OCI).
    """

    media_type: str | None = None
    artifact_media_type: str | None = None
    artifact_type: str | None = None
    size: int | None = None
    subject: str | None = None
    references: Sequence[Reference] = ()
    elsewhere: Collection[str] = ()


NOTHING = Contents()


def read(manifest: bytes, media_type: str | None = None) -> Contents:
    """Read a manifest.

    Args:
        manifest: its exact bytes.
        media_type: the media type that was told beside it; its own comes first.

    Raises:
        ValueError: it is not JSON, has not the form of a manifest, or no media type that a registry takes.
    """
    try:
        said = _decode(manifest)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(str(error)) from None
    own_type = said.media_type or media_type
    if own_type not in MEDIA_TYPES:
        raise ValueError(f"{own_type!r} is no media type of a manifest")
    config_type = said.config.media_type if said.config else None
    if own_type in LISTS:
        references = [Reference(child.digest, False, child.media_type) for child in said.manifests or ()]
        size = None
    else:
        blobs = [*([said.config] if said.config else ()), *(said.layers or ())]
        references = [Reference(blob.digest, True, blob.media_type) for blob in blobs]
        references += [Reference(layer.blob_sum, True, None) for layer in said.fs_layers or ()]
        size = sum([blob.size for blob in blobs])
    return Contents(
        own_type,
        config_type,
        said.artifact_type or config_type,
        size,
        said.subject.digest if said.subject else None,
        list({each.digest: each for each in references}.values()),
        [layer.digest for layer in said.layers or () if layer.urls],
    )


def read_leniently(manifest: bytes, media_type: str | None = None) -> Contents:
    """Read a manifest that need not be one, as those of tests about broken images: then it says nothing.

    One that names no media type, which OCI allows, is an index if it lists manifests, and else an image.
    """
    try:
        return read(manifest, media_type or (OCI_INDEX if b'"manifests"' in manifest else OCI_MANIFEST))
    except ValueError:
        return Contents(media_type)


def annotations_of(manifest: bytes) -> dict[str, str]:
    """Give a manifest's annotations, those that are texts; none where it has no such thing."""
    try:
        annotations = _decode_annotations(manifest).annotations or {}
    except (msgspec.MsgspecError, RecursionError):
        return {}
    return {name: value for name, value in annotations.items() if isinstance(value, str)}


# --- Made up -------------------------------------------------------------------------------------

_BEFORE = (
    f'{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}",'
    f'"config":{{"mediaType":"{OCI_CONFIG}","digest":"{EMPTY_DIGEST}","size":2}},'
    '"layers":[],"annotations":{"fakeecr.made-from":"'
).encode()
_AFTER = b'"}}'
_hashed_before = hashlib.sha256(_BEFORE)


def manifest(made_from: str) -> bytes:
    """Make a manifest from words that need no escaping in JSON, such as ``amazonlinux:latest``."""
    return b"%b%b%b" % (_BEFORE, made_from.encode(), _AFTER)


def made_digest(made_from: str) -> str:
    """Give the digest of :func:`manifest` of the same words, without making it."""
    hashed = _hashed_before.copy()
    hashed.update(made_from.encode() + _AFTER)
    return f"sha256:{hashed.hexdigest()}"


def words_for(made_from: str, platform: str) -> str:
    """Give the words of the image for one platform of an index."""
    return f"{made_from} {platform}"


def index(made_from: str, platforms: Sequence[str]) -> bytes:
    """Make the index of an image for several platforms, such as ``linux/arm64/v8``."""
    return msgspec.json.encode(
        {
            "schemaVersion": 2,
            "mediaType": OCI_INDEX,
            "manifests": [
                {
                    "mediaType": OCI_MANIFEST,
                    "digest": made_digest(words),
                    "size": len(manifest(words)),
                    "platform": dict(zip(("os", "architecture", "variant"), platform.split("/"), strict=False)),
                }
                for platform in platforms
                for words in [words_for(made_from, platform)]
            ],
            "annotations": {"fakeecr.made-from": made_from},
        }
    )
