"""The events that Amazon ECR sends to EventBridge: each kind is made in one place, and emitted by a call.

The sources are marked as elsewhere: [documented] by AWS, [schema] of EventBridge's registry, [observed], or unknown.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol

from fakeecr import clock
from fakeecr.ids import new_id
from fakeecr.rules.arns import repository_arn
from fakeecr.rules.manifests import media_types_of

if TYPE_CHECKING:
    from fakeecr.aws_errors import Repository
    from fakeecr.registry.call import Call
    from fakeecr.registry.kinds import CacheRule

# What EventBridge receives: a dict that JSON can represent.
Event = dict[str, Any]

IMAGE_ACTION = "ECR Image Action"
REFERRER_ACTION = "ECR Referrer Action"
IMAGE_SCAN = "ECR Image Scan"
INSPECTOR_SCAN = "Inspector2 Scan"
SCAN_RESOURCE_CHANGE = "ECR Scan Resource Change"
REPLICATION_ACTION = "ECR Replication Action"
PULL_THROUGH_CACHE_ACTION = "ECR Pull Through Cache Action"

DETAIL_TYPES = (
    IMAGE_ACTION,
    REFERRER_ACTION,
    IMAGE_SCAN,
    INSPECTOR_SCAN,
    SCAN_RESOURCE_CHANGE,
    REPLICATION_ACTION,
    PULL_THROUGH_CACHE_ACTION,
)


class _Manifest(Protocol):
    """What an event says about a manifest; an image without a known media type is an OCI image."""

    @property
    def media_type(self) -> str | None: ...

    @property
    def artifact_media_type(self) -> str | None: ...

    @property
    def subject(self) -> str | None: ...


def _emit(
    call: Call,
    repository: Repository,
    detail_type: str,
    detail: Mapping[str, Any],
    *,
    names_repository: bool,
    source: str = "aws.ecr",
) -> None:
    """Let a call emit an event in its region; it is recorded when the transaction is committed.

    Args:
        call: the call, in the region of the registry in which it happened.
        repository: the repository that it happened to.
        detail_type: the kind of event.
        detail: what happened.
        names_repository: whether `resources` has the repository's ARN; it is empty otherwise [documented].
        source: who sends it.
    """
    arns = [repository_arn(call.region, repository.account_id, repository.name)] if names_repository else []
    call.events.append(_envelope(call, repository.account_id, source, detail_type, arns, detail))


def _envelope(
    call: Call, account_id: str, source: str, detail_type: str, resources: list[str], detail: Mapping[str, Any]
) -> Event:
    return {
        "version": "0",
        "id": new_id(),
        "detail-type": detail_type,
        "source": source,
        "account": account_id,
        "time": _time(int(clock.timestamp())),
        "region": call.region.name,
        "resources": resources,
        "detail": dict(detail),
    }


@functools.lru_cache(maxsize=1)
def _time(second: int) -> str:
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%SZ}"


# --- Images --------------------------------------------------------------------------------------


def pushed(call: Call, repository: Repository, digest: str, manifest: _Manifest, tags: Iterable[str]) -> None:
    """Emit the push of an image: one event for each tag, or one with an empty tag [observed]."""
    for tag in list(tags) or [""]:
        _image_action(call, repository, "PUSH", digest, manifest, tag)


def deleted(call: Call, repository: Repository, digest: str, manifest: _Manifest, tag: str | None) -> None:
    """Emit the deletion of an identifier: of a tag, or of an image without one."""
    _image_action(call, repository, "DELETE", digest, manifest, tag or "")


def _image_action(
    call: Call, repository: Repository, action: Literal["PUSH", "DELETE"], digest: str, manifest: _Manifest, tag: str
) -> None:
    detail = {
        "result": "SUCCESS",
        "repository-name": repository.name,
        "image-digest": digest,
        "action-type": action,
        "image-tag": tag,
        **_media_types(manifest),
    }
    _emit(call, repository, _action_type(manifest), detail, names_repository=False)


def storage_class_changed(
    call: Call, repository: Repository, digest: str, manifest: _Manifest, activated_at: datetime | None
) -> None:
    """Emit that an image was archived, or restored at a moment [documented]."""
    detail = {
        "action-type": "UPDATE_STORAGE_CLASS",
        "target-storage-class": "ARCHIVE" if activated_at is None else "STANDARD",
        "image-digest": digest,
        "repository-name": repository.name,
        "result": "SUCCESS",
        **_media_types(manifest),
    }
    if activated_at is not None:
        detail["last-activated-at"] = _with_fraction(activated_at)
    _emit(call, repository, _action_type(manifest), detail, names_repository=False)


def _action_type(manifest: _Manifest) -> str:
    # That a referrer's own type replaces that of images is inferred from the schema.
    return IMAGE_ACTION if manifest.subject is None else REFERRER_ACTION


def _media_types(manifest: _Manifest) -> dict[str, str]:
    media_type, artifact = media_types_of(manifest.media_type, manifest.artifact_media_type)
    media_types = {"manifest-media-type": media_type}
    return media_types if artifact is None else {**media_types, "artifact-media-type": artifact}


def _with_fraction(moment: datetime) -> str:
    """Return a moment with its milliseconds, without zeros at their end, as in ``2025-10-10T19:13:02.74Z``."""
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}".rstrip("0").rstrip(".") + "Z"


# --- Scans ---------------------------------------------------------------------------------------


def scanned(
    call: Call,
    repository: Repository,
    digest: str,
    tags: Sequence[str],
    findings: Iterable[Mapping[str, Any]] | None,
    *,
    is_enhanced: bool,
) -> None:
    """Emit that a scan of an image ended.

    Args:
        call: the call, in the region of the image.
        repository: the repository of the image.
        digest: the image's digest.
        tags: its tags.
        findings: what the scan found; None if it failed.
        is_enhanced: whether Amazon Inspector scans.
    """
    counts: dict[str, int] = Counter(finding["severity"] for finding in findings or ())
    image: dict[str, Any] = {"image-digest": digest, "image-tags": list(tags)}
    if is_enhanced:
        inspected = {
            "scan-status": "INITIAL_SCAN_COMPLETE",
            "repository-name": repository_arn(call.region, repository.account_id, repository.name),
            "finding-severity-counts": {**counts, "TOTAL": sum(counts.values())},
            **image,
        }
        _emit(call, repository, INSPECTOR_SCAN, inspected, names_repository=True, source="aws.inspector2")
        return
    status = "FAILED" if findings is None else "COMPLETE"
    detail: dict[str, Any] = {"scan-status": status, "repository-name": repository.name, **image}
    if counts:
        detail["finding-severity-counts"] = dict(counts)
    _emit(call, repository, IMAGE_SCAN, detail, names_repository=True)


def scan_frequencies_changed(
    call: Call, account_id: str, scan_type: str, changes: Iterable[tuple[str, str, str]]
) -> None:
    """Emit that the scan frequencies of repositories changed.

    Args:
        call: the call.
        account_id: the account of the registry.
        scan_type: the registry's scan type now.
        changes: of each repository the name, and its frequency before and now.
    """
    repositories = [
        {
            "repository-name": name,
            "repository-arn": repository_arn(call.region, account_id, name),
            "scan-frequency": after,
            "previous-scan-frequency": before,
        }
        for name, before, after in changes
    ]
    if repositories:
        detail = {
            "action-type": "SCAN_FREQUENCY_CHANGE",
            "repositories": repositories,
            "resource-type": "REPOSITORY",
            "scan-type": scan_type,
        }
        call.events.append(_envelope(call, account_id, "aws.ecr", SCAN_RESOURCE_CHANGE, [], detail))


# --- Copies --------------------------------------------------------------------------------------


def replicated(
    call: Call,
    replica: Repository,
    source_account: str,
    source_region: str,
    digest: str,
    tags: Iterable[str],
    *,
    succeeded: bool = True,
) -> None:
    """Emit that an image arrived at a destination, or failed to: one event for each tag.

    Args:
        call: the call, in the region of the destination.
        replica: the repository at the destination.
        source_account: the account that the image came from.
        source_region: the region that it came from.
        digest: its digest.
        tags: its tags; if it has none, the event has an empty one.
        succeeded: whether it arrived.
    """
    for tag in list(tags) or [""]:
        detail = {
            "result": "SUCCESS" if succeeded else "FAILED",
            "repository-name": replica.name,
            "image-digest": digest,
            "source-account": source_account,
            "action-type": "REPLICATE",
            "source-region": source_region,
            "image-tag": tag,
        }
        _emit(call, replica, REPLICATION_ACTION, detail, names_repository=True)


def pulled_through(call: Call, cache: Repository, prefix: str, rule: CacheRule, digest: str, tag: str | None) -> None:
    """Emit that an image was copied from the upstream of a cache rule [documented]."""
    detail = {
        "rule-version": "1",
        "sync-status": "SUCCESS",
        "ecr-repository-prefix": prefix,
        "repository-name": cache.name,
        "upstream-registry-url": rule["upstreamRegistryUrl"],
        "image-tag": tag or "",
        "image-digest": digest,
    }
    _emit(call, cache, PULL_THROUGH_CACHE_ACTION, detail, names_repository=True)
