"""Checks that the shape of a seed cannot express: of values that depend on each other, of policies and of layers."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable, Iterator
from typing import NamedTuple

from fakeecr.errors import SeedError
from fakeecr.rules import access, lifecycle, names, quotas, upstreams
from fakeecr.rules.manifests import digest_of
from fakeecr.rules.mutability import has_exclusions
from fakeecr.rules.policy_text import PolicyError
from fakeecr.seeds.files import LayerContent, SeedFiles, read_layer
from fakeecr.seeds.schema import LayerSeed, RepositorySeed, UpstreamSeed
from fakeecr.store.repositories import RepositorySettings


class CheckedRepository(NamedTuple):
    """The valid description of a repository, except its layers and images.

    Attributes:
        settings: its settings.
        tags: its tags as an AWS resource.
        policy: its normalized policy, or None.
        lifecycle_policy: its normalized lifecycle policy, or None.
    """

    settings: RepositorySettings
    tags: dict[str, str]
    policy: str | None
    lifecycle_policy: str | None


def check_repository(repository: RepositorySeed, partition: str) -> CheckedRepository:
    """Return the valid description of a repository.

    Args:
        repository: the description.
        partition: the partition of its region.

    Raises:
        SeedError: it is invalid; the error's path begins at the repository.
    """
    return CheckedRepository(
        settings=_settings(repository),
        tags=_tags(repository),
        policy=_policy(repository.policy, "policy", lambda text: access.read_policy(text, partition).text),
        lifecycle_policy=_policy(
            repository.lifecycle_policy, "lifecycle_policy", lambda text: lifecycle.parse(text).text
        ),
    )


def _settings(repository: RepositorySeed) -> RepositorySettings:
    filters = tuple(str(pattern) for pattern in repository.image_tag_mutability_exclusion_filters)
    if bool(filters) is not has_exclusions(repository.image_tag_mutability):
        raise SeedError(
            "filters and a mutability …_WITH_EXCLUSION need each other; only one of the two is given",
            path="image_tag_mutability_exclusion_filters" if filters else "image_tag_mutability",
        )
    if (repository.kms_key is None) is not (repository.encryption_type == "AES256"):
        raise SeedError(
            "a kms_key and the encryption_type KMS or KMS_DSSE need each other; only one of the two is given",
            path="kms_key" if repository.kms_key else "encryption_type",
        )
    return RepositorySettings(
        tag_mutability=repository.image_tag_mutability,
        exclusion_filters=filters,
        scan_on_push=bool(repository.scan_on_push),
        encryption_type=repository.encryption_type,
        kms_key=repository.kms_key and str(repository.kms_key),
    )


def _tags(repository: RepositorySeed) -> dict[str, str]:
    if len(repository.tags) > quotas.TAGS_PER_RESOURCE:
        raise SeedError(
            f"a repository has at most {quotas.TAGS_PER_RESOURCE} tags; this one has {len(repository.tags)}",
            path="tags",
        )
    for key in repository.tags:
        try:
            names.RESOURCE_TAG_KEY.check(key)
        except ValueError as error:
            raise SeedError(str(error), path=f"tags.{key}") from None
    return {key: str(value) for key, value in repository.tags.items()}


def _policy(text: str | None, path: str, normalize: Callable[[str], str]) -> str | None:
    if text is None:
        return None
    try:
        return normalize(text)
    except PolicyError as error:
        raise SeedError(f"expected a policy as JSON: {error}", path=path) from None


def read_layers(layers: list[LayerSeed], files: SeedFiles) -> Iterator[LayerContent]:
    """Yield the contents of layers, some of which are among the files of the seed.

    Raises:
        SeedError: a layer is invalid; the error's path begins at the repository.
    """
    for index, layer in enumerate(layers):
        path = f"layers[{index}]"
        content = _read_layer(layer, path, files)
        if layer.digest not in (None, content.digest):
            raise SeedError(f"the digest of this layer is {content.digest}", path=f"{path}.digest")
        yield content


def _read_layer(layer: LayerSeed, path: str, files: SeedFiles) -> LayerContent:
    given = [name for name in ("content", "base64", "file") if getattr(layer, name) is not None]
    if len(given) != 1:
        raise SeedError("a layer needs exactly one of content, base64 and file", path=path)
    if layer.file is not None:
        return read_layer(files, layer.file, f"{path}.file")
    content = _decode(layer.base64 or "", path) if layer.content is None else layer.content.encode()
    return LayerContent(digest_of(content), len(content), [content])


def _decode(text: str, path: str) -> bytes:
    try:
        return b64decode("".join(text.split()))
    except binascii.Error as error:
        raise SeedError(f"expected bytes in base64: {error}", path=f"{path}.base64") from None


def check_upstream(upstream: UpstreamSeed, path: str) -> str:
    """Return the host of a registry that pull-through cache rules can pull from.

    Raises:
        SeedError: no rule can pull from it.
    """
    host = str(upstream.url)
    if upstreams.upstream_at(host) is None:
        raise SeedError(
            f"no pull-through cache rule can pull from '{host}'; the hosts are {', '.join(upstreams.FIXED_HOSTS)}, "
            "and those of Azure and ECR",
            path=f"{path}.url",
        )
    return host
