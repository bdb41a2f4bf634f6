"""The registries that a pull-through cache rule can pull from [documented]."""

from __future__ import annotations

import re
from typing import NamedTuple

_ECR_HOST = r"([0-9]{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?"


class Upstream(NamedTuple):
    """A kind of upstream registry.

    Attributes:
        name: its name in the API, such as ``docker-hub``.
        needs_credentials: whether a rule needs a secret to pull from it.
    """

    name: str
    needs_credentials: bool


_UPSTREAMS_BY_HOST_PATTERN = {
    _ECR_HOST: Upstream("ecr", needs_credentials=False),
    r"public\.ecr\.aws": Upstream("ecr-public", needs_credentials=False),
    r"quay\.io": Upstream("quay", needs_credentials=False),
    r"registry\.k8s\.io": Upstream("k8s", needs_credentials=False),
    r"registry-1\.docker\.io": Upstream("docker-hub", needs_credentials=True),
    r"ghcr\.io": Upstream("github-container-registry", needs_credentials=True),
    r"[a-z0-9]+\.azurecr\.io": Upstream("azure-container-registry", needs_credentials=True),
    r"registry\.gitlab\.com": Upstream("gitlab-container-registry", needs_credentials=True),
    r"cgr\.dev": Upstream("chainguard", needs_credentials=True),
}

# The hosts of the upstreams that have only one; the other patterns have a character class.
FIXED_HOSTS = tuple(pattern.replace("\\", "") for pattern in _UPSTREAMS_BY_HOST_PATTERN if "[" not in pattern)


def upstream_at(host: str) -> Upstream | None:
    """Return the kind of upstream at a host, or None if no rule can pull from that host."""
    return next(
        (upstream for pattern, upstream in _UPSTREAMS_BY_HOST_PATTERN.items() if re.fullmatch(pattern, host)), None
    )


def ecr_registry_at(host: str) -> tuple[str, str] | None:
    """Return account id and region of the ECR registry at a host, or None if the host is not one of ECR's."""
    match = re.fullmatch(_ECR_HOST, host)
    return (match[1], match[2]) if match else None
