"""Operations on pull-through cache rules.

Differences from AWS:
    - **A cache asks its upstream at every pull**; AWS asks about once in 24 hours. What an upstream registry has
      comes from a seed (`upstream`), or from the fake's own registries if the upstream is ECR.
    - **Secrets and roles** are not looked up. Only the account of a custom role is checked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fakeecr import clock
from fakeecr.aws_errors import (
    cache_rule_already_exists,
    cache_rule_not_found,
    invalid_parameter,
    too_many_cache_rules,
    unsupported_upstream,
)
from fakeecr.operations.paging import Listing, page_of_items
from fakeecr.registry.call import Call
from fakeecr.registry.kinds import CACHE_RULE, CacheRule
from fakeecr.registry.lookup import ensure_registry, get_registry_key
from fakeecr.rules import quotas
from fakeecr.rules.roles import check_custom_role
from fakeecr.rules.upstreams import ecr_registry_at, upstream_at
from fakeecr.store.documents import Document

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import (
        CreatePullThroughCacheRuleRequestTypeDef,
        CreatePullThroughCacheRuleResponseTypeDef,
        DeletePullThroughCacheRuleRequestTypeDef,
        DeletePullThroughCacheRuleResponseTypeDef,
        DescribePullThroughCacheRulesRequestTypeDef,
        DescribePullThroughCacheRulesResponseTypeDef,
        UpdatePullThroughCacheRuleRequestTypeDef,
        UpdatePullThroughCacheRuleResponseTypeDef,
        ValidatePullThroughCacheRuleRequestTypeDef,
        ValidatePullThroughCacheRuleResponseTypeDef,
    )


def create_pull_through_cache_rule(
    call: Call, request: CreatePullThroughCacheRuleRequestTypeDef
) -> CreatePullThroughCacheRuleResponseTypeDef:
    """Create a rule; from now on, pulls under its prefix copy images from its upstream."""
    account_id, prefix = call.account_id(request.get("registryId")), request["ecrRepositoryPrefix"]
    host = request["upstreamRegistryUrl"].removeprefix("https://").rstrip("/")
    upstream = upstream_at(host)
    if upstream is None or request.get("upstreamRegistry", upstream.name) != upstream.name:
        raise unsupported_upstream(
            f"The upstream registry URL {host} is invalid. Specify a valid upstream registry URL and try again"
        )
    if upstream.needs_credentials and "credentialArn" not in request:
        raise unsupported_upstream(
            "The specified upstream registry requires authentication. Specify a valid Secrets Manager ARN and try again"
        )
    ecr_registry = ecr_registry_at(host)
    if ecr_registry is not None and ecr_registry[0] != account_id and "customRoleArn" not in request:
        # AWS refuses it [documented]; the text is invented.
        raise invalid_parameter(
            "customRoleArn", "customRoleArn can't be null when the upstream registry is in another account"
        )
    check_custom_role(call.region, account_id, request.get("customRoleArn"))
    upstream_prefix = request.get("upstreamRepositoryPrefix", "ROOT")
    if prefix == "ROOT" and upstream_prefix != "ROOT":
        # AWS refuses it [documented]; the text is invented.
        raise invalid_parameter(
            "upstreamRepositoryPrefix", "upstreamRepositoryPrefix must be ROOT when ecrRepositoryPrefix is ROOT"
        )
    registry_key = ensure_registry(call, account_id)
    rules = CACHE_RULE.get_all(call.connection, registry_key)
    if _without_slash(prefix) in [_without_slash(rule.name) for rule in rules]:
        raise cache_rule_already_exists(prefix, account_id)
    if len(rules) >= quotas.PULL_THROUGH_CACHE_RULES:
        raise too_many_cache_rules(account_id, quotas.PULL_THROUGH_CACHE_RULES)
    content: CacheRule = {
        "upstreamRegistry": upstream.name,
        "upstreamRegistryUrl": host,
        "upstreamRepositoryPrefix": upstream_prefix,
        **_credentials(request),
    }
    rule = CACHE_RULE.put(call.connection, registry_key, content, clock.now(), prefix)
    response: CreatePullThroughCacheRuleResponseTypeDef = _describe(rule, account_id) | {"createdAt": rule.created_at}
    return response


def describe_pull_through_cache_rules(
    call: Call, request: DescribePullThroughCacheRulesRequestTypeDef
) -> DescribePullThroughCacheRulesResponseTypeDef:
    """Describe the rules page by page: all, or those of the prefixes in the request, in its order."""
    account_id = call.account_id(request.get("registryId"))
    registry_key, prefixes = get_registry_key(call, account_id), request.get("ecrRepositoryPrefixes", [])
    listing = Listing(call, request, "DescribePullThroughCacheRules", registry_key, *prefixes)
    if prefixes:
        page = page_of_items(_find_rules(call, account_id, prefixes), listing.place)
    else:
        page = CACHE_RULE.page(call.connection, registry_key, listing.place)
    rules: list[Any] = [
        _describe(rule, account_id) | {"createdAt": rule.created_at, "updatedAt": rule.updated_at} for rule in page.rows
    ]
    return {"pullThroughCacheRules": rules, **listing.envelope(page)}


def update_pull_through_cache_rule(
    call: Call, request: UpdatePullThroughCacheRuleRequestTypeDef
) -> UpdatePullThroughCacheRuleResponseTypeDef:
    """Change the credentials or the role of a rule."""
    account_id, rule = _find_rule(call, request)
    check_custom_role(call.region, account_id, request.get("customRoleArn"))
    content: CacheRule = {**rule.content, **_credentials(request)}
    registry_key = ensure_registry(call, account_id)
    rule = CACHE_RULE.put(call.connection, registry_key, content, clock.now(), rule.name)
    response: UpdatePullThroughCacheRuleResponseTypeDef = _describe(
        rule, account_id, without=("upstreamRegistry", "upstreamRegistryUrl")
    ) | {"updatedAt": rule.updated_at}
    return response


def delete_pull_through_cache_rule(
    call: Call, request: DeletePullThroughCacheRuleRequestTypeDef
) -> DeletePullThroughCacheRuleResponseTypeDef:
    """Delete a rule; the images that were pulled through it stay."""
    account_id, rule = _find_rule(call, request)
    CACHE_RULE.remove(call.connection, get_registry_key(call, account_id), rule.name)
    response: DeletePullThroughCacheRuleResponseTypeDef = _describe(rule, account_id, without=("upstreamRegistry",)) | {
        "createdAt": rule.created_at
    }
    return response


def validate_pull_through_cache_rule(
    call: Call, request: ValidatePullThroughCacheRuleRequestTypeDef
) -> ValidatePullThroughCacheRuleResponseTypeDef:
    """Validate a rule; its credentials are not looked up, so every rule is valid."""
    account_id, rule = _find_rule(call, request)
    response: ValidatePullThroughCacheRuleResponseTypeDef = _describe(
        rule, account_id, without=("upstreamRegistry",)
    ) | {"isValid": True}
    return response


def _credentials(
    request: CreatePullThroughCacheRuleRequestTypeDef | UpdatePullThroughCacheRuleRequestTypeDef,
) -> CacheRule:
    """Return the credentials and the role that a request gives a rule."""
    credentials: CacheRule = {}
    if "credentialArn" in request:
        credentials["credentialArn"] = request["credentialArn"]
    if "customRoleArn" in request:
        credentials["customRoleArn"] = request["customRoleArn"]
    return credentials


def _find_rule(
    call: Call,
    request: UpdatePullThroughCacheRuleRequestTypeDef
    | DeletePullThroughCacheRuleRequestTypeDef
    | ValidatePullThroughCacheRuleRequestTypeDef,
) -> tuple[str, Document[CacheRule]]:
    """Return the account of a request, and the rule that it names."""
    account_id = call.account_id(request.get("registryId"))
    (rule,) = _find_rules(call, account_id, [request["ecrRepositoryPrefix"]])
    return account_id, rule


def _find_rules(call: Call, account_id: str, prefixes: Sequence[str]) -> list[Document[CacheRule]]:
    """Return the rules of these prefixes, each once, in this order.

    Raises:
        ECRError: a PullThroughCacheRuleNotFoundException.
    """
    rules = CACHE_RULE.get_all(call.connection, get_registry_key(call, account_id))
    rules_by_prefix = {_without_slash(rule.name): rule for rule in rules}
    for prefix in prefixes:
        if _without_slash(prefix) not in rules_by_prefix:
            raise cache_rule_not_found(prefix, account_id)
    return [rules_by_prefix[prefix] for prefix in dict.fromkeys(map(_without_slash, prefixes))]


def _without_slash(prefix: str) -> str:
    """Return a prefix without a slash at its end, which makes no difference: one is always assumed [model]."""
    return prefix.removesuffix("/")


def _describe(rule: Document[CacheRule], account_id: str, without: tuple[str, ...] = ()) -> Any:
    """Return a rule as responses have it, of type Any because the stubs require members that AWS leaves out."""
    content = {name: value for name, value in rule.content.items() if name not in without}
    return {**content, "ecrRepositoryPrefix": rule.name, "registryId": account_id}
