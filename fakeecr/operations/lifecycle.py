"""Operations on lifecycle policies and their previews, and the daily run that does what they say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from fakeecr import clock
from fakeecr.errors import (
    invalid_parameter,
    lifecycle_policy_not_found,
    lifecycle_policy_preview_not_found,
)
from fakeecr.operations.call import Call
from fakeecr.operations.finding import find_images, find_repository, refuse_malformed
from fakeecr.operations.paging import read_page, refuse_paging
from fakeecr.policies.lifecycle import Candidate, Decision, Rule, evaluate, read
from fakeecr.policies.text import PolicyError
from fakeecr.store import documents, images, previews
from fakeecr.store.documents import Document
from fakeecr.store.models import RepositoryDocument
from fakeecr.store.previews import Previewed
from fakeecr.store.registries import FoundRepository

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import (
        DeleteLifecyclePolicyRequestTypeDef,
        DeleteLifecyclePolicyResponseTypeDef,
        GetLifecyclePolicyPreviewRequestTypeDef,
        GetLifecyclePolicyPreviewResponseTypeDef,
        GetLifecyclePolicyRequestTypeDef,
        GetLifecyclePolicyResponseTypeDef,
        LifecyclePolicyPreviewResultTypeDef,
        LifecyclePolicyPreviewSummaryTypeDef,
        PutLifecyclePolicyRequestTypeDef,
        PutLifecyclePolicyResponseTypeDef,
        StartLifecyclePolicyPreviewRequestTypeDef,
        StartLifecyclePolicyPreviewResponseTypeDef,
    )

LIFECYCLE, _PREVIEW = "lifecycle", "lifecycle preview"
# What AWS says of a policy that was never evaluated (documented).
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_TAGGED = {"ANY": None, "TAGGED": True, "UNTAGGED": False}


def put_lifecycle_policy(call: Call, request: PutLifecyclePolicyRequestTypeDef) -> PutLifecyclePolicyResponseTypeDef:
    """Set a repository's lifecycle policy; the next daily run evaluates it."""
    repository = find_repository(call, request)
    text = checked_policy(request["lifecyclePolicyText"])[1]
    keep_policy(call.connection, repository.key, text)
    return {
        "lifecyclePolicyText": text,
        "registryId": repository.account_id,
        "repositoryName": repository.name,
        "ResponseMetadata": call.metadata,
    }


def get_lifecycle_policy(call: Call, request: GetLifecyclePolicyRequestTypeDef) -> GetLifecyclePolicyResponseTypeDef:
    """Give a repository's lifecycle policy, and when it was last evaluated."""
    repository = find_repository(call, request)
    found = _policy(call, repository)
    return {
        "lastEvaluatedAt": _moment(found.content["evaluated"]),
        "lifecyclePolicyText": found.content["text"],
        "registryId": repository.account_id,
        "repositoryName": repository.name,
        "ResponseMetadata": call.metadata,
    }


def delete_lifecycle_policy(
    call: Call, request: DeleteLifecyclePolicyRequestTypeDef
) -> DeleteLifecyclePolicyResponseTypeDef:
    """Delete a repository's lifecycle policy, and give it."""
    deleted = get_lifecycle_policy(call, request)
    repository = find_repository(call, request)
    documents.remove(call.connection, RepositoryDocument, repository.key, LIFECYCLE)
    return deleted


def checked_policy(text: str) -> tuple[list[Rule], str]:
    """Read a lifecycle policy.

    Raises:
        ECRError: an InvalidParameterException that says what is wrong (observed, capital and all).
    """
    try:
        return read(text)
    except PolicyError as error:
        raise invalid_parameter("LifecyclePolicyText", f"Lifecycle policy validation failure: {error}") from None


def _policy(call: Call, repository: FoundRepository) -> Document:
    found = documents.find(call.connection, RepositoryDocument, repository.key, LIFECYCLE)
    if found is None:
        raise lifecycle_policy_not_found(repository.name, repository.account_id)
    return found


def keep_policy(connection: Connection, repository_id: int, text: str) -> None:
    """Keep a policy's text. Put in place of another it is evaluated when that would have been."""
    found = documents.find(connection, RepositoryDocument, repository_id, LIFECYCLE)
    if found is None or found.content["text"] != text:
        _keep(connection, repository_id, text, None, clock.now() if found is None else found.updated_at)


def _keep(
    connection: Connection, repository_id: int, text: str, evaluated: datetime | None, waits_since: datetime
) -> None:
    content = {"text": text, "evaluated": None if evaluated is None else evaluated.timestamp()}
    documents.put(connection, RepositoryDocument, repository_id, LIFECYCLE, content, waits_since)


def _moment(seconds: float | None) -> datetime:
    return _NEVER if seconds is None else datetime.fromtimestamp(seconds, UTC)


# --- Previews ------------------------------------------------------------------------------------


def start_lifecycle_policy_preview(
    call: Call, request: StartLifecyclePolicyPreviewRequestTypeDef
) -> StartLifecyclePolicyPreviewResponseTypeDef:
    """Evaluate a policy, the repository's own if none is given, and keep what it would do; that takes no time here."""
    repository = find_repository(call, request)
    text = request.get("lifecyclePolicyText") or _policy(call, repository).content["text"]
    previewed = [
        Previewed(
            decision.image.digest,
            decision.image.tags,
            decision.image.pushed_at,
            decision.rule.action.upper(),
            decision.rule.priority,
            decision.image.storage_class.upper(),
        )
        for decision in _decide(call.connection, repository.key, checked_policy(text)[0], clock.now())
    ]
    last = documents.find(call.connection, RepositoryDocument, repository.key, _PREVIEW)
    previews.keep(call.connection, repository.key, previewed)
    moving = sum(each.action == "TRANSITION" for each in previewed)
    preview = {
        "text": text,
        "expiring": len(previewed) - moving,
        "transitioning": moving,
        # Tells previews apart that are of one moment.
        "number": 1 if last is None else last.content.get("number", 0) + 1,
    }
    documents.put(call.connection, RepositoryDocument, repository.key, _PREVIEW, preview, clock.now())
    return {
        "lifecyclePolicyText": text,
        "registryId": repository.account_id,
        "repositoryName": repository.name,
        "status": "IN_PROGRESS",
        "ResponseMetadata": call.metadata,
    }


def get_lifecycle_policy_preview(
    call: Call, request: GetLifecyclePolicyPreviewRequestTypeDef
) -> GetLifecyclePolicyPreviewResponseTypeDef:
    """Give what the last preview found: of all images, page by page, or of those asked for."""
    repository = find_repository(call, request)
    preview = documents.find(call.connection, RepositoryDocument, repository.key, _PREVIEW)
    if preview is None:
        raise lifecycle_policy_preview_not_found(repository.name, repository.account_id)
    response: GetLifecyclePolicyPreviewResponseTypeDef = {
        "lifecyclePolicyText": preview.content["text"],
        "previewResults": [],
        "registryId": repository.account_id,
        "repositoryName": repository.name,
        "status": "COMPLETE",
        "summary": _summary(preview.content),
        "ResponseMetadata": call.metadata,
    }
    tagged = _TAGGED[request.get("filter", {}).get("tagStatus", "ANY")]
    if "imageIds" in request:
        refuse_paging(request, "imageIds")
        for _, found in find_images(call, repository, request["imageIds"]):
            refuse_malformed(found)
        wanted = {(image_id.get("imageDigest"), image_id.get("imageTag")) for image_id in request["imageIds"]}
        shown = previews.find_all(call.connection, repository.key, tagged, wanted)
        response["previewResults"] = [_result(each) for each in shown]
        return response
    listing = ("GetLifecyclePolicyPreview", repository.key, tagged, preview.content.get("number"))
    read_rows = partial(previews.read_page, call.connection, repository.key, tagged)
    rows, token = read_page(call, request, listing, read_rows)
    response["previewResults"] = [_result(each) for each in rows]
    if token is not None:
        response["nextToken"] = token
    return response


def _result(found: Previewed) -> LifecyclePolicyPreviewResultTypeDef:
    result: LifecyclePolicyPreviewResultTypeDef = {
        "action": {"type": found.action},
        "appliedRulePriority": found.priority,
        "imageDigest": found.digest,
        "imagePushedAt": found.pushed_at,
        "imageTags": list(found.tags),
        "storageClass": found.storage_class,
    }
    if found.action == "TRANSITION":
        result["action"]["targetStorageClass"] = "ARCHIVE"
    return result


def _summary(preview: Mapping[str, Any]) -> LifecyclePolicyPreviewSummaryTypeDef:
    summary: LifecyclePolicyPreviewSummaryTypeDef = {"expiringImageTotalCount": preview["expiring"]}
    if preview["transitioning"]:
        summary["transitioningImageTotalCounts"] = [
            {"imageTotalCount": preview["transitioning"], "targetStorageClass": "ARCHIVE"}
        ]
    return summary


# --- The daily run -------------------------------------------------------------------------------


def run(connection: Connection, now: datetime) -> list[Decision]:
    """Do what every lifecycle policy says, in all registries, and give what was decided."""
    done: list[Decision] = []
    for repository_id, content in documents.everywhere(connection, RepositoryDocument, LIFECYCLE):
        decisions = _decide(connection, repository_id, read(content["text"])[0], now)
        known = images.find_all(connection, repository_id, [decision.image.digest for decision in decisions])
        expired = [decision.image.digest for decision in decisions if decision.rule.action == "expire"]
        images.delete_images(connection, [known[digest].key for digest in expired])
        for decision in decisions:
            if decision.rule.action == "transition":
                images.set_status(connection, known[decision.image.digest].key, "ARCHIVED", now)
        _keep(connection, repository_id, content["text"], now, now)
        done += decisions
    return done


def waiting_since(connection: Connection) -> datetime | None:
    """Give since when the policy waits that waits longest to be evaluated; None where there is no policy."""
    return documents.oldest(connection, RepositoryDocument, LIFECYCLE)


def _decide(connection: Connection, repository_id: int, rules: Sequence[Rule], now: datetime) -> list[Decision]:
    candidates = [
        Candidate(
            row.digest,
            tags,
            row.pushed_at,
            "standard" if row.status == "ACTIVE" else "archive",
            row.pulled_at,
            row.archived_at,
            row.activated_at,
            lists,
            row.subject,
        )
        for row, tags, lists in images.all_of(connection, repository_id)
    ]
    return evaluate(rules, candidates, now)
