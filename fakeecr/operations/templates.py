"""Operations on repository creation templates, and the repositories that are created by them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from fakeecr import clock
from fakeecr.errors import (
    ECRError,
    invalid_parameter,
    template_already_exists,
    template_not_found,
)
from fakeecr.operations.call import Call
from fakeecr.operations.finding import find_repository
from fakeecr.operations.lifecycle import checked_policy, keep_policy
from fakeecr.operations.paging import read_page, refuse_paging
from fakeecr.operations.policies import checked_repository_policy, keep_repository_policy
from fakeecr.operations.registry import default_registry
from fakeecr.operations.repositories import checked_filters, encryption_of
from fakeecr.operations.tags import checked_tags
from fakeecr.policies.filters import nearest
from fakeecr.store import documents, registries
from fakeecr.store.documents import Document
from fakeecr.store.models import RegistryDocument
from fakeecr.store.registries import FoundRepository

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import (
        CreateRepositoryCreationTemplateRequestTypeDef,
        CreateRepositoryCreationTemplateResponseTypeDef,
        DeleteRepositoryCreationTemplateRequestTypeDef,
        DeleteRepositoryCreationTemplateResponseTypeDef,
        DescribeRepositoryCreationTemplatesRequestTypeDef,
        DescribeRepositoryCreationTemplatesResponseTypeDef,
        RepositoryCreationTemplateTypeDef,
        UpdateRepositoryCreationTemplateRequestTypeDef,
        UpdateRepositoryCreationTemplateResponseTypeDef,
    )

_TEMPLATE = "template"
# The members of a template, but for its prefix, as requests have them.
_MEMBERS = (
    "appliedFor",
    "customRoleArn",
    "description",
    "encryptionConfiguration",
    "imageTagMutability",
    "imageTagMutabilityExclusionFilters",
    "lifecyclePolicy",
    "repositoryPolicy",
    "resourceTags",
)


def create_repository_creation_template(
    call: Call, request: CreateRepositoryCreationTemplateRequestTypeDef
) -> CreateRepositoryCreationTemplateResponseTypeDef:
    """Create a template, by which repositories of a prefix are created from now on."""
    prefix, registry = request["prefix"], default_registry(call)
    # A slash is assumed after a prefix that has none (documented).
    same = {prefix.rstrip("/"), prefix.rstrip("/") + "/"}
    if documents.find_all(call.connection, RegistryDocument, registry, _TEMPLATE, same):
        raise template_already_exists(prefix)
    content = {"imageTagMutability": "MUTABLE", "encryptionConfiguration": {"encryptionType": "AES256"}}
    return {
        "registryId": call.account_id,
        "repositoryCreationTemplate": _keep(call, registry, prefix, content, request),
        "ResponseMetadata": call.metadata,
    }


def update_repository_creation_template(
    call: Call, request: UpdateRepositoryCreationTemplateRequestTypeDef
) -> UpdateRepositoryCreationTemplateResponseTypeDef:
    """Change what the request has of a template; what it has not stays."""
    prefix, registry = request["prefix"], default_registry(call)
    found = _found(call, prefix)
    return {
        "registryId": call.account_id,
        "repositoryCreationTemplate": _keep(call, registry, prefix, found.content, request),
        "ResponseMetadata": call.metadata,
    }


def delete_repository_creation_template(
    call: Call, request: DeleteRepositoryCreationTemplateRequestTypeDef
) -> DeleteRepositoryCreationTemplateResponseTypeDef:
    """Delete a template, and give it."""
    found = _found(call, request["prefix"])
    documents.remove(call.connection, RegistryDocument, default_registry(call), _TEMPLATE, found.name)
    return {
        "registryId": call.account_id,
        "repositoryCreationTemplate": _described(found),
        "ResponseMetadata": call.metadata,
    }


def describe_repository_creation_templates(
    call: Call, request: DescribeRepositoryCreationTemplatesRequestTypeDef
) -> DescribeRepositoryCreationTemplatesResponseTypeDef:
    """Describe the templates: all, page by page, or those of these prefixes."""
    registry = registries.find_registry(call.connection, call.account_id, call.region)
    prefixes = request.get("prefixes")
    response: DescribeRepositoryCreationTemplatesResponseTypeDef = {
        "registryId": call.account_id,
        "repositoryCreationTemplates": [],
        "ResponseMetadata": call.metadata,
    }
    if prefixes:
        refuse_paging(request, "prefixes")
        found = documents.find_all(call.connection, RegistryDocument, registry, _TEMPLATE, prefixes)
        response["repositoryCreationTemplates"] = [_described(each) for each in found]
        return response
    read = partial(documents.read_page, call.connection, RegistryDocument, registry, _TEMPLATE)
    rows, token = read_page(call, request, ("DescribeRepositoryCreationTemplates", registry), read)
    response["repositoryCreationTemplates"] = [_described(each) for each in rows]
    if token is not None:
        response["nextToken"] = token
    return response


def _found(call: Call, prefix: str) -> Document:
    found = documents.find(call.connection, RegistryDocument, default_registry(call), _TEMPLATE, prefix)
    if found is None:
        raise template_not_found(prefix)
    return found


def _keep(
    call: Call, registry: int, prefix: str, content: Mapping[str, Any], request: Mapping[str, Any]
) -> RepositoryCreationTemplateTypeDef:
    """Check a template with what a request changes of it, and keep it."""
    changed = {**content, **{name: request[name] for name in _MEMBERS if name in request}}
    if "imageTagMutability" in request and "imageTagMutabilityExclusionFilters" not in request:
        changed.pop("imageTagMutabilityExclusionFilters", None)
    tags = changed.get("resourceTags", [])
    with _refused("encryptionConfiguration"):
        _settings(call, call.account_id, changed)
    with _refused("resourceTags"):
        checked_tags(tags)
    if (tags or changed["encryptionConfiguration"]["encryptionType"] != "AES256") and not changed.get("customRoleArn"):
        raise invalid_parameter("customRoleArn", "customRoleArn can't be null when tags or a KMS key are given")
    if changed.get("repositoryPolicy"):
        checked_repository_policy(changed["repositoryPolicy"])
    if changed.get("lifecyclePolicy"):
        checked_policy(changed["lifecyclePolicy"])
    return _described(
        documents.put(call.connection, RegistryDocument, registry, _TEMPLATE, changed, clock.now(), prefix)
    )


@contextmanager
def _refused(member: str) -> Iterator[None]:
    """Say InvalidParameterException of what CreateRepository has errors of its own for, which templates have not."""
    try:
        yield
    except ECRError as error:
        if error.code == "InvalidParameterException":
            raise
        raise invalid_parameter(member, error.message or "") from None


def _settings(call: Call, account_id: str, template: Mapping[str, Any]) -> dict[str, Any]:
    """Give the columns of a repository that is created by a template."""
    mutability = template["imageTagMutability"]
    encryption: Any = {name: value for name, value in template["encryptionConfiguration"].items() if value}
    encryption_type, kms_key = encryption_of(call, account_id, encryption)
    return {
        "tag_mutability": mutability,
        "exclusion_filters": checked_filters(mutability, template.get("imageTagMutabilityExclusionFilters")),
        "encryption_type": encryption_type,
        "kms_key": kms_key,
    }


def _described(document: Document) -> RepositoryCreationTemplateTypeDef:
    described: RepositoryCreationTemplateTypeDef = document.content
    described["createdAt"] = document.created_at
    described["prefix"] = document.name
    described["updatedAt"] = document.updated_at
    return described


# --- Created by a template -----------------------------------------------------------------------


def repository_for(call: Call, account_id: str, name: str, purpose: str, created_at: datetime) -> FoundRepository:
    """Find a repository, or create it: by the template for a purpose, or else with the default settings."""
    found = registries.find_repository(call.connection, account_id, call.region, name)
    found = found or _create_for(call, account_id, name, purpose, created_at)
    if found is None:
        registries.create_repository(call.connection, account_id, call.region, name, created_at)
        found = registries.find_repository(call.connection, account_id, call.region, name)
    assert found is not None  # noqa: S101 - it was created
    return found


def repository_to_push_to(call: Call, request: Mapping[str, Any]) -> FoundRepository:
    """Find the repository that a push is about, or create it where a template says so.

    Raises:
        ECRError: a RepositoryNotFoundException.
    """
    account_id, name = call.account_of(request), request["repositoryName"]
    found = registries.find_repository(call.connection, account_id, call.region, name)
    found = found or _create_for(call, account_id, name, "CREATE_ON_PUSH", clock.now())
    return found or find_repository(call, request)


def _create_for(call: Call, account_id: str, name: str, purpose: str, created_at: datetime) -> FoundRepository | None:
    """Create a repository by the template of the longest prefix that is for a purpose; None where there is none."""
    registry = registries.find_registry(call.connection, account_id, call.region)
    templates = {
        each.name: each.content
        for each in documents.find_all(call.connection, RegistryDocument, registry, _TEMPLATE)
        if purpose in each.content["appliedFor"]
    }
    prefix = nearest(templates, name)
    if prefix is None:
        return None
    template = templates[prefix]
    key = registries.create_repository(
        call.connection, account_id, call.region, name, created_at, **_settings(call, account_id, template)
    )
    registries.set_tags(call.connection, key, checked_tags(template.get("resourceTags", [])))
    if template.get("repositoryPolicy"):
        keep_repository_policy(call.connection, key, checked_repository_policy(template["repositoryPolicy"]))
    if template.get("lifecyclePolicy"):
        keep_policy(call.connection, key, checked_policy(template["lifecyclePolicy"])[1])
    return registries.find_repository(call.connection, account_id, call.region, name)
