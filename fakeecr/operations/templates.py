"""Operations on repository creation templates.

Differences from AWS:
    - **UpdateRepositoryCreationTemplate** keeps what a request leaves out, the mutability too. AWS's text says
      that an omitted mutability becomes MUTABLE.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from fakeecr import clock
from fakeecr.aws_errors import ECRError, invalid_parameter, template_already_exists, template_not_found
from fakeecr.operations.envelopes import of_registry
from fakeecr.operations.paging import Listing
from fakeecr.registry.call import Call
from fakeecr.registry.creation import settings_of_template
from fakeecr.registry.expiry import parse_policy
from fakeecr.registry.kinds import TEMPLATE
from fakeecr.registry.lookup import ensure_registry, get_registry_key
from fakeecr.registry.policies import check_repository_policy
from fakeecr.rules.resource_tags import check_tags
from fakeecr.rules.roles import check_custom_role
from fakeecr.store.documents import Document

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

# The members of a template, except its prefix, as requests have them.
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
_DEFAULTS = {"imageTagMutability": "MUTABLE", "encryptionConfiguration": {"encryptionType": "AES256"}}


def create_repository_creation_template(
    call: Call, request: CreateRepositoryCreationTemplateRequestTypeDef
) -> CreateRepositoryCreationTemplateResponseTypeDef:
    """Create a template; from now on, repositories with its prefix are created by it."""
    prefix, registry_key = request["prefix"], ensure_registry(call)
    if TEMPLATE.get_all(call.connection, registry_key, _spellings([prefix])):
        raise template_already_exists(prefix)
    template = _put(call, registry_key, prefix, _DEFAULTS, request)
    return {"repositoryCreationTemplate": template, **of_registry(call.account_id())}


def update_repository_creation_template(
    call: Call, request: UpdateRepositoryCreationTemplateRequestTypeDef
) -> UpdateRepositoryCreationTemplateResponseTypeDef:
    """Change those members of a template that the request has."""
    document = _find_template(call, request["prefix"])
    template = _put(call, ensure_registry(call), document.name, document.content, request)
    return {"repositoryCreationTemplate": template, **of_registry(call.account_id())}


def delete_repository_creation_template(
    call: Call, request: DeleteRepositoryCreationTemplateRequestTypeDef
) -> DeleteRepositoryCreationTemplateResponseTypeDef:
    """Delete a template, and return it."""
    document = _find_template(call, request["prefix"])
    TEMPLATE.remove(call.connection, get_registry_key(call), document.name)
    return {"repositoryCreationTemplate": _describe(document), **of_registry(call.account_id())}


def describe_repository_creation_templates(
    call: Call, request: DescribeRepositoryCreationTemplatesRequestTypeDef
) -> DescribeRepositoryCreationTemplatesResponseTypeDef:
    """Describe the templates page by page: all, or those of the prefixes in the request."""
    registry_key, prefixes = get_registry_key(call), request.get("prefixes", [])
    listing = Listing(call, request, "DescribeRepositoryCreationTemplates", registry_key, *prefixes)
    names = _spellings(prefixes) if prefixes else None
    page = TEMPLATE.page(call.connection, registry_key, listing.place, names=names)
    return {
        "repositoryCreationTemplates": [_describe(document) for document in page.rows],
        **of_registry(call.account_id()),
        **listing.envelope(page),
    }


def _find_template(call: Call, prefix: str) -> Document[dict[str, Any]]:
    documents = TEMPLATE.get_all(call.connection, get_registry_key(call), _spellings([prefix]))
    if not documents:
        raise template_not_found(prefix)
    return documents[0]


def _spellings(prefixes: Iterable[str]) -> set[str]:
    """Return prefixes without and with a slash at the end, which makes no difference: one is always assumed [model]."""
    return {prefix.removesuffix("/") + slash for prefix in prefixes for slash in ("", "/")}


def _put(
    call: Call, registry_key: int, prefix: str, content: Mapping[str, Any], request: Mapping[str, Any]
) -> RepositoryCreationTemplateTypeDef:
    """Check and store a template with the changes of a request, and return its description."""
    template = {**content, **{name: request[name] for name in _MEMBERS if name in request}}
    if "imageTagMutability" in request and "imageTagMutabilityExclusionFilters" not in request:
        template.pop("imageTagMutabilityExclusionFilters", None)
    check_custom_role(call.region, call.account_id(), request.get("customRoleArn"))
    with _as_invalid_parameter("encryptionConfiguration"):
        settings_of_template(call, call.account_id(), template)
    with _as_invalid_parameter("resourceTags"):
        check_tags(template.get("resourceTags", []))
    if template.get("repositoryPolicy"):
        template["repositoryPolicy"] = check_repository_policy(call.region, template["repositoryPolicy"], arn=None)
    if template.get("lifecyclePolicy"):
        parse_policy(template["lifecyclePolicy"])
    return _describe(TEMPLATE.put(call.connection, registry_key, template, clock.now(), prefix))


@contextmanager
def _as_invalid_parameter(member: str) -> Iterator[None]:
    """Turn an error that only CreateRepository declares into an InvalidParameterException about a member."""
    try:
        yield
    except ECRError as error:
        if error.code == "InvalidParameterException":
            raise
        raise invalid_parameter(member, error.message or "") from None


def _describe(document: Document[dict[str, Any]]) -> RepositoryCreationTemplateTypeDef:
    template = {
        **document.content,
        "createdAt": document.created_at,
        "prefix": document.name,
        "updatedAt": document.updated_at,
    }
    return cast("RepositoryCreationTemplateTypeDef", template)
