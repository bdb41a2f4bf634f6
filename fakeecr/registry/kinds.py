"""Every kind of document that registries, repositories and images have.

The names of kinds are stored in state files, so they must not change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

from fakeecr.store.documents import ImageKind, Kind
from fakeecr.store.models import RegistryDocument, RepositoryDocument

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import (
        RegistryScanningConfigurationTypeDef,
        ReplicationConfigurationOutputTypeDef,
        SigningConfigurationOutputTypeDef,
    )


class CacheRule(TypedDict, total=False):
    """A pull-through cache rule, stored under its prefix."""

    upstreamRegistry: str
    upstreamRegistryUrl: str
    upstreamRepositoryPrefix: str
    credentialArn: str
    customRoleArn: str


class Backfill(TypedDict):
    """A replication backfill, stored under its id."""

    destination: dict[str, str]
    results: list[dict[str, Any]]


class StoredLifecyclePolicy(TypedDict):
    """A lifecycle policy: its text, and when it was last evaluated, in seconds since 1970."""

    text: str
    evaluated: float | None


class Course(TypedDict):
    """How scans, previews or replications go: in progress for a number of looks at them, and then of a final status.

    `id` tells one course from every other, so that the looks at each can be counted; without it, none is in progress.
    `tags` are those that a replication in progress copies.
    """

    status: str
    in_progress: NotRequired[int]
    id: NotRequired[str]
    tags: NotRequired[list[str]]


class Preview(TypedDict):
    """The last preview of a lifecycle policy; `number` tells previews of the same moment apart; an old one has none."""

    text: str
    expiring: int
    transitioning: int
    number: NotRequired[int]
    course: NotRequired[Course]


# Of registries.
REPLICATION: Kind[ReplicationConfigurationOutputTypeDef] = Kind(RegistryDocument, "replication")
SCANNING: Kind[RegistryScanningConfigurationTypeDef] = Kind(RegistryDocument, "scanning")
SIGNING: Kind[SigningConfigurationOutputTypeDef] = Kind(RegistryDocument, "signing")
REGISTRY_POLICY: Kind[str] = Kind(RegistryDocument, "policy")
ACCOUNT_SETTING: Kind[str] = Kind(RegistryDocument, "setting")
PULL_TIME_EXCLUSION: Kind[None] = Kind(RegistryDocument, "exclusion")
CACHE_RULE: Kind[CacheRule] = Kind(RegistryDocument, "cache rule")
TEMPLATE: Kind[dict[str, Any]] = Kind(RegistryDocument, "template")
BACKFILL: Kind[Backfill] = Kind(RegistryDocument, "backfill")

# Of repositories.
REPOSITORY_POLICY: Kind[str] = Kind(RepositoryDocument, "policy")
LIFECYCLE_POLICY: Kind[StoredLifecyclePolicy] = Kind(RepositoryDocument, "lifecycle")
LIFECYCLE_PREVIEW: Kind[Preview] = Kind(RepositoryDocument, "lifecycle preview")
PREVIEW_COURSE: Kind[Course] = Kind(RepositoryDocument, "lifecycle preview course")
REPLICATION_COURSE: Kind[Course] = Kind(RepositoryDocument, "replication course")

# Of images. A scan and a signature have no content; only their existence and their times count.
SCAN: ImageKind[None] = ImageKind("scan")
FINDINGS: ImageKind[list[dict[str, Any]]] = ImageKind("findings")
SCAN_COURSE: ImageKind[Course] = ImageKind("scan course")
SIGNATURE: ImageKind[None] = ImageKind("signing")
# The replication of an image to one destination, whose name the document has.
REPLICA: ImageKind[Course] = ImageKind("replication")
