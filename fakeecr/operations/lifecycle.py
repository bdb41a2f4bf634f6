"""Operations on lifecycle policies and their previews.

Differences from AWS:
    - **When policies act.** A policy acts when `expire()` is called, or every 24 hours with `expire_daily=True`;
      with AWS, within a day.
    - **How previews go.** A preview takes no time, unless `set_preview()` keeps it in progress or gives it another
      status. AWS does not document what a preview that is not complete has; here it has no results and no summary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakeecr import clock
from fakeecr.aws_errors import lifecycle_policy_preview_in_progress
from fakeecr.operations.envelopes import LAST_PAGE, of_repository
from fakeecr.operations.paging import Listing, refuse_paging
from fakeecr.registry import expiry, hints
from fakeecr.registry.call import Call
from fakeecr.registry.courses import AT_ONCE, COMPLETE, IN_PROGRESS, look
from fakeecr.registry.kinds import (
    LIFECYCLE_POLICY,
    LIFECYCLE_PREVIEW,
    PREVIEW_COURSE,
    Preview,
    StoredLifecyclePolicy,
)
from fakeecr.registry.lookup import check_image_id, find_images, find_repository
from fakeecr.rules.lifecycle import Decision
from fakeecr.store import previews
from fakeecr.store.previews import PreviewRow
from fakeecr.store.repositories import StoredRepository

if TYPE_CHECKING:
    from mypy_boto3_ecr.literals import LifecyclePolicyPreviewStatusType
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

_TAGGED_BY_STATUS = {"ANY": None, "TAGGED": True, "UNTAGGED": False}


def put_lifecycle_policy(call: Call, request: PutLifecyclePolicyRequestTypeDef) -> PutLifecyclePolicyResponseTypeDef:
    """Set a repository's lifecycle policy, which the next daily run evaluates."""
    repository = find_repository(call, request["repositoryName"], request.get("registryId"))
    text = expiry.parse_policy(request["lifecyclePolicyText"]).text
    expiry.put_policy(call.connection, repository.key, text)
    return {"lifecyclePolicyText": text, **of_repository(repository)}


def get_lifecycle_policy(call: Call, request: GetLifecyclePolicyRequestTypeDef) -> GetLifecyclePolicyResponseTypeDef:
    """Return a repository's lifecycle policy, and when it was last evaluated."""
    repository = find_repository(call, request["repositoryName"], request.get("registryId"))
    policy = _find_policy(call, repository)
    return {
        "lastEvaluatedAt": expiry.evaluated_at(policy),
        "lifecyclePolicyText": policy["text"],
        **of_repository(repository),
    }


def delete_lifecycle_policy(
    call: Call, request: DeleteLifecyclePolicyRequestTypeDef
) -> DeleteLifecyclePolicyResponseTypeDef:
    """Delete a repository's lifecycle policy, and return it."""
    repository = find_repository(call, request["repositoryName"], request.get("registryId"))
    policy = _find_policy(call, repository)
    LIFECYCLE_POLICY.remove(call.connection, repository.key)
    return {
        "lastEvaluatedAt": expiry.evaluated_at(policy),
        "lifecyclePolicyText": policy["text"],
        **of_repository(repository),
    }


def _find_policy(call: Call, repository: StoredRepository) -> StoredLifecyclePolicy:
    document = LIFECYCLE_POLICY.get(call.connection, repository.key)
    if document is None:
        raise hints.lifecycle_policy_not_found(repository)
    return document.content


# --- Previews ------------------------------------------------------------------------------------


def start_lifecycle_policy_preview(
    call: Call, request: StartLifecyclePolicyPreviewRequestTypeDef
) -> StartLifecyclePolicyPreviewResponseTypeDef:
    """Evaluate a policy, by default the repository's own, and store what it would do.

    It takes no time, unless `set_preview()` keeps it in progress; until it ends, no other can be started.
    """
    repository = find_repository(call, request["repositoryName"], request.get("registryId"))
    text = request.get("lifecyclePolicyText") or _find_policy(call, repository)["text"]
    rules = expiry.parse_policy(text).rules
    last = LIFECYCLE_PREVIEW.get(call.connection, repository.key)
    if last is not None and _look(call, last.content) == IN_PROGRESS:
        raise lifecycle_policy_preview_in_progress()
    now = clock.now()
    rows = [preview_row(decision) for decision in expiry.decide(call.connection, repository.key, rules, now)]
    previews.put_preview(call.connection, repository.key, rows)
    transitioning = sum(row.action == "TRANSITION" for row in rows)
    preview: Preview = {
        "text": text,
        "expiring": len(rows) - transitioning,
        "transitioning": transitioning,
        "number": 1 if last is None else last.content.get("number", 0) + 1,
    }
    course = PREVIEW_COURSE.get(call.connection, repository.key)
    if course is not None:
        preview["course"] = course.content
    LIFECYCLE_PREVIEW.put(call.connection, repository.key, preview, now)
    return {"lifecyclePolicyText": text, "status": "IN_PROGRESS", **of_repository(repository)}


def get_lifecycle_policy_preview(
    call: Call, request: GetLifecyclePolicyPreviewRequestTypeDef
) -> GetLifecyclePolicyPreviewResponseTypeDef:
    """Return the last preview: page by page, or for the images named in the request."""
    repository = find_repository(call, request["repositoryName"], request.get("registryId"))
    document = LIFECYCLE_PREVIEW.get(call.connection, repository.key)
    if document is None:
        has_policy = LIFECYCLE_POLICY.get(call.connection, repository.key) is not None
        raise hints.lifecycle_policy_preview_not_found(repository, has_policy=has_policy)
    preview = document.content
    tagged = _TAGGED_BY_STATUS[request.get("filter", {}).get("tagStatus", "ANY")]
    image_ids = {(image_id.get("imageDigest"), image_id.get("imageTag")) for image_id in request.get("imageIds", [])}
    if image_ids:
        refuse_paging(request, "imageIds")
        for result in find_images(call, repository, request["imageIds"]):
            check_image_id(result)
    listing = Listing(call, request, "GetLifecyclePolicyPreview", repository.key, tagged, preview.get("number"))
    status = _look(call, preview)
    if status != COMPLETE:
        return {  # type: ignore[typeddict-item] # no summary, although the type requires it
            "lifecyclePolicyText": preview["text"],
            "previewResults": [],
            "status": status,
            **of_repository(repository),
            **LAST_PAGE,
        }
    response: GetLifecyclePolicyPreviewResponseTypeDef = {
        "lifecyclePolicyText": preview["text"],
        "previewResults": [],
        "status": "COMPLETE",
        "summary": preview_summary(preview["expiring"], preview["transitioning"]),
        **of_repository(repository),
        **LAST_PAGE,
    }
    if image_ids:
        rows = previews.get_previewed(call.connection, repository.key, tagged, image_ids)
        response["previewResults"] = [preview_result(row) for row in rows]
        return response
    page = previews.page_of_preview(call.connection, repository.key, tagged, listing.place)
    response["previewResults"] = [preview_result(row) for row in page.rows]
    return {**response, **listing.envelope(page)}


def _look(call: Call, preview: Preview) -> LifecyclePolicyPreviewStatusType:
    """Count a look at a preview, and return its status."""
    return look(call.looks, preview.get("course", AT_ONCE), preview.get("number"))  # type: ignore[return-value] # as it was set


def preview_row(decision: Decision) -> PreviewRow:
    """Return a decision on an image as it is stored in a preview."""
    return PreviewRow(
        digest=decision.image.digest,
        tags=decision.image.tags,
        pushed_at=decision.image.pushed_at,
        action=decision.rule.action.upper(),
        priority=decision.rule.priority,
        storage_class=decision.image.storage_class.upper(),
    )


def preview_result(row: PreviewRow) -> LifecyclePolicyPreviewResultTypeDef:
    """Return an image of a preview as GetLifecyclePolicyPreview describes it."""
    result: LifecyclePolicyPreviewResultTypeDef = {
        "action": {"type": row.action},
        "appliedRulePriority": row.priority,
        "imageDigest": row.digest,
        "imagePushedAt": row.pushed_at,
        "imageTags": list(row.tags),
        "storageClass": row.storage_class,
    }
    if row.action == "TRANSITION":
        result["action"]["targetStorageClass"] = "ARCHIVE"
    return result


def preview_summary(expiring: int, transitioning: int) -> LifecyclePolicyPreviewSummaryTypeDef:
    """Return how many images a preview deletes and archives, as GetLifecyclePolicyPreview describes it."""
    summary: LifecyclePolicyPreviewSummaryTypeDef = {"expiringImageTotalCount": expiring}
    if transitioning:
        summary["transitioningImageTotalCounts"] = [{"imageTotalCount": transitioning, "targetStorageClass": "ARCHIVE"}]
    return summary
