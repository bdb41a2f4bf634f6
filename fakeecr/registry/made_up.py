"""The small images that fakeecr makes up when a test gives no manifest.

A made-up manifest is made from a few words, always the same bytes from the same words. State files store the words and
not the manifest, so the bytes made here must never change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from fakeecr.registry.call import Call
from fakeecr.rules import manifests
from fakeecr.rules.manifests import EMPTY_DIGEST, OCI_CONFIG, OCI_MANIFEST, PlatformImage, digest_of, parse
from fakeecr.store import images
from fakeecr.store.images import NewImage, StoredManifest

_PREFIX = (
    f'{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}",'
    f'"config":{{"mediaType":"{OCI_CONFIG}","digest":"{EMPTY_DIGEST}","size":2}},'
    '"layers":[],"annotations":{"fakeecr.made-from":"'
).encode()
_SUFFIX = b'"}}'
_hashed_prefix = hashlib.sha256(_PREFIX)


def make_manifest(words: str) -> bytes:
    """Make a manifest from words that need no escaping in JSON, such as ``amazonlinux:latest``."""
    return b"%b%b%b" % (_PREFIX, words.encode(), _SUFFIX)


def made_digest(words: str) -> str:
    """Return the digest of the manifest that :func:`make_manifest` makes from these words, without making it."""
    sha256 = _hashed_prefix.copy()
    sha256.update(words.encode() + _SUFFIX)
    return f"sha256:{sha256.hexdigest()}"


def make_index(words: str, platforms: Sequence[str]) -> bytes:
    """Make the index of an image for several platforms, such as ``linux/arm64/v8``."""
    children = [(platform, _words_for(words, platform)) for platform in platforms]
    return manifests.make_index(
        [PlatformImage(platform, made_digest(child), len(make_manifest(child))) for platform, child in children],
        annotations={"fakeecr.made-from": words},
    )


def _words_for(words: str, platform: str) -> str:
    return f"{words} {platform}"


def split_by_platform(image: NewImage, platforms: Sequence[str]) -> list[NewImage]:
    """Return the images that replace a made-up image of several platforms: one for each platform, then their index.

    Args:
        image: what the index and its images have in common; its size, if any, is that of each image.
        platforms: such as ``linux/arm64/v8``.
    """
    words = image.made_from or ""
    children = [
        image._replace(digest=made_digest(child), made_from=child)
        for child in (_words_for(words, platform) for platform in platforms)
    ]
    content = make_index(words, platforms)
    index = image._replace(digest=digest_of(content), manifest=content, made_from=None, contents=parse(content))
    return [*children, index]


def new_words(call: Call, repository_key: int, name: str, platforms: Sequence[str] = ()) -> str:
    """Return the words of an image that the repository does not have yet, by counting its made-up images."""
    while True:
        words = f"{name}#{images.count_push(call.connection, repository_key)}"
        digest = digest_of(make_index(words, platforms)) if platforms else made_digest(words)
        # The repository may have it already: from a seed that another fake dumped.
        if images.get_image(call.connection, repository_key, digest) is None:
            return words


def content_of(manifest: StoredManifest) -> bytes | None:
    """Return the exact bytes of a stored manifest, or None if they are not known."""
    return manifest.content if manifest.made_from is None else make_manifest(manifest.made_from)


def media_type_of(manifest: StoredManifest) -> str:
    """Return the media type of an image; made-up images, and images without a known one, are OCI images."""
    return manifest.media_type or OCI_MANIFEST
