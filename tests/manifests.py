"""Manifests as clients push them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

OCI = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def digest_of(content: str | bytes) -> str:
    content = content.encode() if isinstance(content, str) else content
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def blob(name: str, size: int = 100, media_type: str = LAYER) -> dict[str, Any]:
    """Build the descriptor of a blob that was not uploaded."""
    return {"mediaType": media_type, "digest": digest_of(name), "size": size}


def image(name: str = "image", **members: Any) -> str:
    """Build the manifest of an image, a different one for each name: a config of 10 bytes and a layer of 100."""
    content = {
        "schemaVersion": 2,
        "mediaType": OCI,
        "config": blob(f"config of {name}", 10, CONFIG),
        "layers": [blob(f"layer of {name}")],
        **members,
    }
    return json.dumps({key: value for key, value in content.items() if value is not None})


def index(*children: str, media_type: str = OCI_INDEX, **members: Any) -> str:
    """Build the manifest of an index or list of these manifests."""
    manifests = [{"mediaType": OCI, "digest": digest_of(child), "size": len(child)} for child in children]
    return json.dumps({"schemaVersion": 2, "mediaType": media_type, "manifests": manifests, **members})


def referrer(subject: str, artifact_type: str = "application/vnd.example.sbom", **members: Any) -> str:
    """Build the manifest of an artifact whose subject is this manifest."""
    descriptor = {"mediaType": OCI, "digest": digest_of(subject), "size": len(subject)}
    return image("nothing", artifactType=artifact_type, subject=descriptor, **members)
