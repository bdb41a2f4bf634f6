"""The small manifests that fakeecr makes up: each from a few words, always the same from the same words.

State files keep the words and not the manifest, so what is made here must stay byte for byte what it is.
"""

from __future__ import annotations

import hashlib

# The config is the JSON `{}`, OCI's own empty blob.
_BEFORE = (
    b'{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",'
    b'"config":{"mediaType":"application/vnd.oci.image.config.v1+json",'
    b'"digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},'
    b'"layers":[],"annotations":{"fakeecr.made-from":"'
)
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


def digest_of(manifest: bytes) -> str:
    """Give an image's digest: the SHA-256 of the exact bytes of its manifest."""
    return f"sha256:{hashlib.sha256(manifest).hexdigest()}"
