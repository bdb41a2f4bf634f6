"""Pull-through caches: images that are copied from an upstream registry when they are pulled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from fakeecr import clock
from fakeecr.registry import events, hints
from fakeecr.registry.call import Call
from fakeecr.registry.copying import copy_image
from fakeecr.registry.creation import ensure_repository
from fakeecr.registry.kinds import CACHE_RULE, CacheRule
from fakeecr.registry.lookup import Failure, find_images, find_repository, get_registry_key, get_repository
from fakeecr.rules.upstreams import ecr_registry_at
from fakeecr.rules.wildcards import longest_prefix
from fakeecr.store import images, repositories
from fakeecr.store.images import StoredImage
from fakeecr.store.repositories import StoredRepository

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import ImageIdentifierTypeDef


class _Match(NamedTuple):
    """A cache rule that matches the name of a repository: its prefix, the rule, and the repository's name upstream."""

    prefix: str
    rule: CacheRule
    upstream_name: str


def find_repository_to_pull_from(
    call: Call, name: str, registry_id: str | None, image_ids: Sequence[ImageIdentifierTypeDef]
) -> StoredRepository:
    """Return the repository of a pull; if a cache rule matches its name, first copy these images from upstream.

    Raises:
        ECRError: a RepositoryNotFoundException.
    """
    repository = get_repository(call, name, registry_id)
    if repository is not None and not repository.is_registry_configured:
        return repository
    account_id = call.account_id(registry_id)
    match = _match_rule(call, account_id, name)
    if match is None:
        return repository or find_repository(call, name, registry_id)
    repository = _pull_through(call, account_id, name, match, image_ids) or repository
    if repository is None:
        error = hints.repository_not_found(call, name, account_id)
        raise hints.not_in_upstream(error, match.prefix, f"{match.rule['upstreamRegistryUrl']}/{match.upstream_name}")
    return repository


def _match_rule(call: Call, account_id: str, name: str) -> _Match | None:
    """Return the cache rule with the longest prefix that matches the name of a repository; None if no rule does."""
    documents = CACHE_RULE.get_all(call.connection, get_registry_key(call, account_id))
    rules = {document.name: document.content for document in documents}
    prefix = longest_prefix(rules, name)
    return None if prefix is None else _Match(prefix, rules[prefix], _upstream_name(prefix, rules[prefix], name))


def _pull_through(
    call: Call, account_id: str, name: str, match: _Match, image_ids: Sequence[ImageIdentifierTypeDef]
) -> StoredRepository | None:
    """Copy images from upstream into the cache, and return its repository, or None if nothing was copied."""
    upstream = _get_upstream_repository(call, match.rule, match.upstream_name)
    if upstream is None:
        return None
    cache = None
    for image_id, image in find_images(call, upstream, image_ids):
        if isinstance(image, Failure) or image.status != "ACTIVE":
            continue  # the pull reports it as missing, unless the cache has it already
        cache = cache or ensure_repository(call, account_id, name, "PULL_THROUGH_CACHE", clock.now())
        tag = image_id.get("imageTag")
        is_cached = _is_cached(call, cache, image, tag)
        copy_image(call, upstream.key, image, cache, [tag] if tag else [])
        if not is_cached:
            events.pulled_through(call, cache, match.prefix, match.rule, image.digest, tag)
    return cache


def _is_cached(call: Call, cache: StoredRepository, image: StoredImage, tag: str | None) -> bool:
    """Whether a cache has an image already, with the tag that it is pulled by."""
    cached = images.get_image(call.connection, cache.key, image.digest)
    if cached is None or tag is None:
        return cached is not None
    row = images.get_tag(call.connection, cache.key, tag)
    return row is not None and row.image_key == cached.key


def _upstream_name(prefix: str, rule: CacheRule, name: str) -> str:
    """Return the name that a cached repository has upstream."""
    suffix = name if prefix == "ROOT" else name.removeprefix(prefix.rstrip("/") + "/")
    upstream_prefix = rule["upstreamRepositoryPrefix"]
    return suffix if upstream_prefix == "ROOT" else f"{upstream_prefix.rstrip('/')}/{suffix}"


def _get_upstream_repository(call: Call, rule: CacheRule, name: str) -> StoredRepository | None:
    """Return the repository of this name at the upstream of a rule, or None if it does not exist.

    Behind a host of ECR it is first looked up in this fake's own registries, then among the upstreams of seeds.
    """
    host = rule["upstreamRegistryUrl"]
    ecr_registry = ecr_registry_at(host)
    repository = ecr_registry and repositories.get_repository(call.connection, *ecr_registry, name)
    return repository or repositories.get_repository(call.connection, repositories.UPSTREAM, host, name)
