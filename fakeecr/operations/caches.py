"""Operations on pull-through cache rules, and the pulls that go through them to what a seed offers upstream."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from fakeecr import clock
from fakeecr.errors import (
    cache_rule_already_exists,
    cache_rule_not_found,
    too_many_cache_rules,
    unsupported_upstream,
)
from fakeecr.operations.call import Call
from fakeecr.operations.copies import copy_image
from fakeecr.operations.finding import Failure, find_images, find_repository
from fakeecr.operations.paging import read_page, refuse_paging
from fakeecr.operations.templates import repository_for
from fakeecr.policies.filters import nearest
from fakeecr.store import documents, registries
from fakeecr.store.documents import Document
from fakeecr.store.models import RegistryDocument
from fakeecr.store.registries import FoundRepository

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import (
        BatchGetImageRequestTypeDef,
        CreatePullThroughCacheRuleRequestTypeDef,
        CreatePullThroughCacheRuleResponseTypeDef,
        DeletePullThroughCacheRuleRequestTypeDef,
        DeletePullThroughCacheRuleResponseTypeDef,
        DescribePullThroughCacheRulesRequestTypeDef,
        DescribePullThroughCacheRulesResponseTypeDef,
        ImageIdentifierTypeDef,
        UpdatePullThroughCacheRuleRequestTypeDef,
        UpdatePullThroughCacheRuleResponseTypeDef,
        ValidatePullThroughCacheRuleRequestTypeDef,
        ValidatePullThroughCacheRuleResponseTypeDef,
    )

_RULE = "cache rule"
# Quota (documented).
_MOST_RULES = 50
_ECR_HOST = r"([0-9]{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?"


class Upstream(NamedTuple):
    """A kind of registry that rules may pull from."""

    name: str
    needs_credentials: bool


# Upstreams by their hosts (documented).
_UPSTREAMS = {
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
# Those that are one host alone.
HOSTS = [pattern.replace("\\", "") for pattern in _UPSTREAMS if "[" not in pattern]


def upstream_of(host: str) -> Upstream | None:
    """Tell what kind of upstream a host is; None where rules can have none such."""
    return next((kind for pattern, kind in _UPSTREAMS.items() if re.fullmatch(pattern, host)), None)


def create_pull_through_cache_rule(
    call: Call, request: CreatePullThroughCacheRuleRequestTypeDef
) -> CreatePullThroughCacheRuleResponseTypeDef:
    """Create a rule, through which the images of a prefix are pulled from upstream from now on."""
    account_id, prefix = call.account_of(request), request["ecrRepositoryPrefix"]
    url = request["upstreamRegistryUrl"].removeprefix("https://").rstrip("/")
    upstream = upstream_of(url)
    if upstream is None or request.get("upstreamRegistry", upstream.name) != upstream.name:
        raise unsupported_upstream(
            f"The upstream registry URL {url} is invalid. Specify a valid upstream registry URL and try again"
        )
    if upstream.needs_credentials and "credentialArn" not in request:
        raise unsupported_upstream(
            "The specified upstream registry requires authentication. Specify a valid Secrets Manager ARN and try again"
        )
    registry = registries.ensure_registry(call.connection, account_id, call.region)
    rules = documents.find_all(call.connection, RegistryDocument, registry, _RULE)
    # A slash is assumed after a prefix that has none (documented).
    if prefix.rstrip("/") in [rule.name.rstrip("/") for rule in rules]:
        raise cache_rule_already_exists(prefix, account_id)
    if len(rules) >= _MOST_RULES:
        raise too_many_cache_rules(account_id, _MOST_RULES)
    content = {"upstreamRegistry": upstream.name, "upstreamRegistryUrl": url}
    for name in ("credentialArn", "customRoleArn", "upstreamRepositoryPrefix"):
        if name in request:
            content[name] = request[name]
    content.setdefault("upstreamRepositoryPrefix", "ROOT")
    kept = documents.put(call.connection, RegistryDocument, registry, _RULE, content, clock.now(), prefix)
    response: CreatePullThroughCacheRuleResponseTypeDef = _response(call, _described(kept, account_id, "createdAt"))
    return response


def describe_pull_through_cache_rules(
    call: Call, request: DescribePullThroughCacheRulesRequestTypeDef
) -> DescribePullThroughCacheRulesResponseTypeDef:
    """Describe the rules: all, page by page, or those of these prefixes."""
    account_id = call.account_of(request)
    registry = registries.find_registry(call.connection, account_id, call.region)
    prefixes = request.get("ecrRepositoryPrefixes")
    response: DescribePullThroughCacheRulesResponseTypeDef = {
        "pullThroughCacheRules": [],
        "ResponseMetadata": call.metadata,
    }
    if prefixes is not None:
        refuse_paging(request, "ecrRepositoryPrefixes")
        found = {
            rule.name: rule for rule in documents.find_all(call.connection, RegistryDocument, registry, _RULE, prefixes)
        }
        for prefix in prefixes:
            if prefix not in found:
                raise cache_rule_not_found(prefix, account_id)
        rows: Sequence[Any] = [found[prefix] for prefix in dict.fromkeys(prefixes)]
    else:
        read = partial(documents.read_page, call.connection, RegistryDocument, registry, _RULE)
        rows, token = read_page(call, request, ("DescribePullThroughCacheRules", registry), read)
        if token is not None:
            response["nextToken"] = token
    response["pullThroughCacheRules"] = [_described(rule, account_id, "createdAt", "updatedAt") for rule in rows]
    return response


def update_pull_through_cache_rule(
    call: Call, request: UpdatePullThroughCacheRuleRequestTypeDef
) -> UpdatePullThroughCacheRuleResponseTypeDef:
    """Change a rule's credentials or role."""
    account_id, rule = _found(call, request)
    content = dict(rule.content)
    for name in ("credentialArn", "customRoleArn"):
        if name in request:
            content[name] = request[name]
    registry = registries.ensure_registry(call.connection, account_id, call.region)
    kept = documents.put(call.connection, RegistryDocument, registry, _RULE, content, clock.now(), rule.name)
    described = _described(kept, account_id, "updatedAt")
    for name in ("upstreamRegistry", "upstreamRegistryUrl"):
        del described[name]
    response: UpdatePullThroughCacheRuleResponseTypeDef = _response(call, described)
    return response


def delete_pull_through_cache_rule(
    call: Call, request: DeletePullThroughCacheRuleRequestTypeDef
) -> DeletePullThroughCacheRuleResponseTypeDef:
    """Delete a rule; what was pulled through it stays."""
    account_id, rule = _found(call, request)
    registry = registries.find_registry(call.connection, account_id, call.region)
    documents.remove(call.connection, RegistryDocument, registry, _RULE, rule.name)
    described = _described(rule, account_id, "createdAt")
    del described["upstreamRegistry"]
    response: DeletePullThroughCacheRuleResponseTypeDef = _response(call, described)
    return response


def validate_pull_through_cache_rule(
    call: Call, request: ValidatePullThroughCacheRuleRequestTypeDef
) -> ValidatePullThroughCacheRuleResponseTypeDef:
    """Validate a rule: credentials are not looked up, so that each is valid."""
    account_id, rule = _found(call, request)
    described = _described(rule, account_id)
    del described["upstreamRegistry"]
    response: ValidatePullThroughCacheRuleResponseTypeDef = _response(call, {**described, "isValid": True})
    return response


def _found(call: Call, request: Any) -> tuple[str, Document]:
    account_id, prefix = call.account_of(request), request["ecrRepositoryPrefix"]
    registry = registries.find_registry(call.connection, account_id, call.region)
    found = documents.find(call.connection, RegistryDocument, registry, _RULE, prefix)
    if found is None:
        raise cache_rule_not_found(prefix, account_id)
    return account_id, found


def _described(rule: Document, account_id: str, *moments: str) -> Any:
    described = {**rule.content, "ecrRepositoryPrefix": rule.name, "registryId": account_id}
    if "createdAt" in moments:
        described["createdAt"] = rule.created_at
    if "updatedAt" in moments:
        described["updatedAt"] = rule.updated_at
    return described


def _response(call: Call, described: Mapping[str, Any]) -> Any:
    """Complete a response; boto3-stubs' types require what AWS leaves out where it is not set."""
    return {**described, "ResponseMetadata": call.metadata}


# --- Pulled through ------------------------------------------------------------------------------


def repository_to_pull_from(call: Call, request: BatchGetImageRequestTypeDef) -> FoundRepository:
    """Find the repository that a pull is about, once what is pulled through a cache is there.

    Raises:
        ECRError: a RepositoryNotFoundException.
    """
    account_id, name = call.account_of(request), request["repositoryName"]
    found = registries.find_repository(call.connection, account_id, call.region, name)
    if found is not None and not found.configured:
        return found
    _pull_through(call, account_id, name, request["imageIds"])
    return find_repository(call, request)


def _pull_through(call: Call, account_id: str, name: str, image_ids: Sequence[ImageIdentifierTypeDef]) -> None:
    """Copy what is asked for and upstream has into the cache, whose repository is created if it is missing."""
    registry = registries.find_registry(call.connection, account_id, call.region)
    found = documents.find_all(call.connection, RegistryDocument, registry, _RULE)
    rules = {rule.name: rule.content for rule in found}
    ours = nearest(rules, name)
    if ours is None:
        return
    rest = name if ours == "ROOT" else name.removeprefix(ours.rstrip("/") + "/")
    prefix = rules[ours]["upstreamRepositoryPrefix"]
    theirs = rest if prefix == "ROOT" else f"{prefix.rstrip('/')}/{rest}"
    upstream = _upstream_repository(call, rules[ours]["upstreamRegistryUrl"], theirs)
    if upstream is None:
        return
    for image_id, known in find_images(call, upstream, image_ids):
        if isinstance(known, Failure) or known.status != "ACTIVE":
            continue
        tag = image_id.get("imageTag")
        cached = repository_for(call, account_id, name, "PULL_THROUGH_CACHE", clock.now())
        copy_image(call, upstream.key, known.digest, cached, [tag] if tag else [])


def _upstream_repository(call: Call, host: str, name: str) -> FoundRepository | None:
    """Find what is upstream: in this fake's own registry, where the host is one of ECR's, or what a seed offers."""
    own = re.fullmatch(_ECR_HOST, host)
    found = None if own is None else registries.find_repository(call.connection, own[1], own[2], name)
    return found or registries.find_repository(call.connection, registries.UPSTREAM, host, name)
