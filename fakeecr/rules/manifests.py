"""What an image's manifest says, in the formats of OCI and Docker; and the index of images for several platforms."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta, Struct

from fakeecr.rules.messages import closest, show

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
OCI_GZIPPED_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"

# Lists of images: OCI calls one an index.
LISTS = frozenset({OCI_INDEX, DOCKER_LIST})
MEDIA_TYPES = LISTS | {
    OCI_MANIFEST,
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
}

# OCI's empty blob, the JSON `{}`: the config of images that fakeecr makes up, and of artifacts without a config.
EMPTY_BLOB = b"{}"
EMPTY_DIGEST = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


def digest_of(content: bytes) -> str:
    """Return the digest of a manifest or a layer: the SHA-256 of its exact bytes."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


# PostgreSQL cannot index a very long digest, and the sum of all sizes must fit a column.
_DIGEST = r"\A[a-zA-Z0-9_+.-]+:[a-fA-F0-9]+\Z"
_Digest = Annotated[str, Meta(pattern=_DIGEST, max_length=255)]
_Size = Annotated[int, Meta(ge=0, le=2**46)]


class _Descriptor(Struct, rename="camel"):
    digest: _Digest
    media_type: str | None = None
    size: _Size = 0
    urls: list[Any] | None = None


class _Schema1Layer(Struct, rename="camel"):
    blob_sum: _Digest


class _Manifest(Struct, rename="camel"):
    media_type: str | None = None
    artifact_type: str | None = None
    config: _Descriptor | None = None
    # Programs in Go write an empty list as null.
    layers: list[_Descriptor] | None = None
    manifests: list[_Descriptor] | None = None
    subject: _Descriptor | None = None
    fs_layers: list[_Schema1Layer] | None = None  # of Docker's schema 1


# ECR's schema is stricter than OCI's: it knows fewer members, so each of these must be absent or null. [observed]
_MEDIA_TYPE = r"\A[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+\Z"
_MediaType = Annotated[str, Meta(pattern=_MEDIA_TYPE)]
_CONFIG_DIGEST = r"\A(sha256:[a-fA-F0-9]{64}|sha512:[a-fA-F0-9]{128}|(?!sha(256|512):)[^:]+:[a-fA-F0-9]+)\Z"
_ConfigDigest = Annotated[str, Meta(pattern=_CONFIG_DIGEST, max_length=255)]
# What texts of these patterns are called.
_PATTERNS = {
    _DIGEST: "a digest: an algorithm, a colon and hexadecimal digits",
    _CONFIG_DIGEST: "a digest: sha256, a colon and 64 hexadecimal digits",
    _MEDIA_TYPE: "a media type without parameters, such as application/json",
}


class _StrictConfig(_Descriptor):
    digest: _ConfigDigest
    annotations: None = None


class _StrictLayer(_Descriptor):
    media_type: _MediaType | None = None


class _StrictSubject(_Descriptor):
    platform: None = None


class _StrictPlatform(Struct):
    os_features: None = msgspec.field(name="os.features", default=None)


class _StrictImage(_Descriptor):
    platform: _StrictPlatform | None = None


class _StrictManifest(_Manifest):
    artifact_type: _MediaType | None = None
    config: _StrictConfig | None = None
    layers: list[_StrictLayer] | None = None  # type: ignore[assignment] # a list is only read here
    manifests: list[_StrictImage] | None = None  # type: ignore[assignment]
    subject: _StrictSubject | None = None


class _Annotated(Struct):
    annotations: dict[str, Any] | None = None


_decode = msgspec.json.Decoder(_Manifest).decode
_decode_strictly = msgspec.json.Decoder(_StrictManifest).decode
_decode_annotations = msgspec.json.Decoder(_Annotated).decode


class Reference(NamedTuple):
    """What a manifest refers to by its digest: an image of a list, or a layer or config."""

    digest: str
    is_layer: bool
    media_type: str | None


def media_types_of(media_type: str | None, artifact_media_type: str | None) -> tuple[str, str | None]:
    """Return the media types of an image and of its config; one without a known media type is an OCI image."""
    return media_type or OCI_MANIFEST, artifact_media_type or (None if media_type else OCI_CONFIG)


class Contents(NamedTuple):
    """What a manifest says.

    Attributes:
        media_type: the manifest's own media type.
        artifact_media_type: its config's media type.
        artifact_type: its artifactType, or else its config's media type.
        size: the sum of its layers and config in bytes; None for a list, whose size is that of its largest image.
        subject: the digest of the image that this one refers to as an artifact.
        references: the images of a list, or layers and config, each digest once.
        foreign_layers: the digests of layers that are downloaded from URLs and never uploaded (OCI).
    """

    media_type: str | None = None
    artifact_media_type: str | None = None
    artifact_type: str | None = None
    size: int | None = None
    subject: str | None = None
    references: Sequence[Reference] = ()
    foreign_layers: Collection[str] = ()

    @property
    def is_list(self) -> bool:
        """Whether it is a list of images."""
        return self.media_type in LISTS


NO_CONTENTS = Contents()


def parse(manifest: bytes, media_type: str | None = None, *, strict: bool = False) -> Contents:
    """Return what a manifest says.

    Args:
        manifest: its exact bytes.
        media_type: the media type given beside it, which counts only if the manifest itself names none.
        strict: whether it must also fit ECR's own schema, as it must for PutImage.

    Raises:
        ValueError: it is not JSON, not a manifest, or of a media type that ECR does not take. The message says at which
            key path, what was expected, and what was given.
    """
    try:
        content = _decode_strictly(manifest) if strict else _decode(manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        # Imported here, because only errors need it.
        from fakeecr.rules.json_problems import describe_problem

        raise ValueError(describe_problem(error, manifest, _PATTERNS)) from None
    own_type = content.media_type or media_type
    if own_type not in MEDIA_TYPES:
        example = closest(own_type or "", MEDIA_TYPES) or OCI_MANIFEST
        given = show(own_type) if own_type else "nothing, neither in the manifest nor beside it"
        raise ValueError(f"mediaType: expected that of a manifest, such as {example}; got {given}")
    # PostgreSQL cannot store a NUL, and JSON can write one only as this escape.
    if b"\\u0000" in manifest:
        _check_no_nul(content)
    config_type = content.config.media_type if content.config else None
    if own_type in LISTS:
        references = [Reference(child.digest, False, child.media_type) for child in content.manifests or ()]
        size = None
    else:
        blobs = [*([content.config] if content.config else ()), *(content.layers or ())]
        references = [Reference(blob.digest, True, blob.media_type) for blob in blobs]
        references += [Reference(layer.blob_sum, True, None) for layer in content.fs_layers or ()]
        if strict and not references:
            raise ValueError("config, layers: expected a config or a layer; got neither")
        size = sum([blob.size for blob in blobs])
    return Contents(
        media_type=own_type,
        artifact_media_type=config_type,
        artifact_type=content.artifact_type or config_type,
        size=size,
        subject=content.subject.digest if content.subject else None,
        references=list({reference.digest: reference for reference in references}.values()),
        foreign_layers=[layer.digest for layer in content.layers or () if layer.urls],
    )


def _check_no_nul(content: _Manifest) -> None:
    """Check the texts that are stored, except those that their own pattern checks."""
    descriptors = {"config": content.config, "subject": content.subject}
    descriptors |= {f"layers[{number}]": layer for number, layer in enumerate(content.layers or ())}
    descriptors |= {f"manifests[{number}]": image for number, image in enumerate(content.manifests or ())}
    texts = {f"{path}.mediaType": descriptor.media_type for path, descriptor in descriptors.items() if descriptor}
    for path, text in {"artifactType": content.artifact_type, **texts}.items():
        if text and "\0" in text:
            raise ValueError(f"{path}: expected a text without a NUL character; got {show(text)}")


def parse_leniently(manifest: bytes, media_type: str | None = None) -> Contents:
    """Return what a manifest says, or nothing of a text that is not a manifest: a test may push a broken one.

    Without any media type, which OCI allows, a manifest that lists manifests is an index, and any other an image.
    """
    try:
        return parse(manifest, media_type or (OCI_INDEX if b'"manifests"' in manifest else OCI_MANIFEST))
    except ValueError:
        return Contents(media_type)


def annotations_of(manifest: bytes) -> dict[str, str]:
    """Return a manifest's annotations whose values are texts."""
    try:
        annotations = _decode_annotations(manifest).annotations or {}
    except (msgspec.MsgspecError, RecursionError):
        return {}
    return {name: value for name, value in annotations.items() if isinstance(value, str)}


# --- Made ----------------------------------------------------------------------------------------


class PlatformImage(NamedTuple):
    """An image of an index.

    Attributes:
        platform: what it is for, such as ``linux/arm64/v8``.
        digest: its digest.
        size: the size of its manifest in bytes.
    """

    platform: str
    digest: str
    size: int


def platform_members(platform: str) -> dict[str, str]:
    """Return a platform such as ``linux/arm64/v8`` as an index and a config have it."""
    return dict(zip(("os", "architecture", "variant"), platform.split("/"), strict=False))


def make_index(images: Iterable[PlatformImage], **members: Any) -> bytes:
    """Make the index of images for several platforms, with more members at its end."""
    return msgspec.json.encode(
        {
            "schemaVersion": 2,
            "mediaType": OCI_INDEX,
            "manifests": [
                {
                    "mediaType": OCI_MANIFEST,
                    "digest": image.digest,
                    "size": image.size,
                    "platform": platform_members(image.platform),
                }
                for image in images
            ],
            **members,
        }
    )
