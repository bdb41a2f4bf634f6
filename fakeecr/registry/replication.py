"""Replication: copying pushes, deletions and whole registries to other regions and accounts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from fakeecr import clock
from fakeecr.registry import events
from fakeecr.registry.call import Call
from fakeecr.registry.copying import copy_image
from fakeecr.registry.courses import AT_ONCE, FAILED, look, new_course
from fakeecr.registry.creation import ensure_repository
from fakeecr.registry.kinds import REPLICA, REPLICATION, REPLICATION_COURSE, Course
from fakeecr.store import images, repositories
from fakeecr.store.documents import Document
from fakeecr.store.images import StoredImage
from fakeecr.store.pages import EVERYTHING
from fakeecr.store.repositories import RepositoryAddress, RepositoryRow, StoredRepository

if TYPE_CHECKING:
    from mypy_boto3_ecr.literals import ReplicationStatusType
    from mypy_boto3_ecr.type_defs import ReplicationConfigurationOutputTypeDef, ReplicationRuleOutputTypeDef


class Destination(NamedTuple):
    """A registry that images are replicated to."""

    account_id: str
    region: str

    @property
    def name(self) -> str:
        """The name under which an image's replication to it is recorded."""
        return f"{self.region}/{self.account_id}"

    @staticmethod
    def of_name(name: str) -> Destination:
        """Return the destination of a recorded name."""
        region, _, account_id = name.partition("/")
        return Destination(account_id, region)


def destinations_of(rules: Iterable[ReplicationRuleOutputTypeDef], name: str | None = None) -> list[Destination]:
    """Return the destinations of rules, each once; with a name, only of rules that apply to this repository."""
    return list(
        dict.fromkeys(
            Destination(destination["registryId"], destination["region"])
            for rule in rules
            if name is None or _applies_to(rule, name)
            for destination in rule["destinations"]
        )
    )


def _applies_to(rule: ReplicationRuleOutputTypeDef, name: str) -> bool:
    filters = rule.get("repositoryFilters")
    return not filters or any(name.startswith(prefix["filter"]) for prefix in filters)


def _replicates_deletions(rule: Mapping[str, Any]) -> bool:
    # Not every boto3-stubs that fakeecr supports knows this member.
    return bool(rule.get("deleteReplication", {}).get("enabled"))


def replicate(
    call: Call,
    configuration: ReplicationConfigurationOutputTypeDef,
    repository: StoredRepository,
    image: StoredImage,
    tags: Sequence[str],
) -> None:
    """Copy a pushed image to every destination of its repository; copies are not replicated again [documented].

    If a test lets replications of the repository fail, nothing is copied.
    """
    course = REPLICATION_COURSE.get(call.connection, repository.key)
    for destination in destinations_of(configuration["rules"], repository.name):
        if course is None:
            _replicate_to(call, destination, repository, image, tags)
        else:
            status, in_progress = course.content["status"], course.content.get("in_progress", 0)
            _replicate_to(call, destination, repository, image, tags, new_course(status, in_progress))


def _replicate_to(
    call: Call,
    destination: Destination,
    repository: StoredRepository | RepositoryRow,
    image: StoredImage,
    tags: Sequence[str],
    course: Course = AT_ONCE,
) -> None:
    """Copy an image to a destination, unless it fails on its course, and record the course."""
    now = clock.now()
    call_there = call.in_region(destination.region)
    if course["status"] == FAILED:
        replicated = [image.key]
    else:
        target = ensure_repository(call_there, destination.account_id, repository.name, "REPLICATION", now)
        replicated = copy_image(call_there, repository.key, image, target, tags, restored_at=now)
    if course.get("in_progress"):
        course = {**course, "tags": list(tags)}
    for key in replicated:
        REPLICA.put(call.connection, key, course, now, destination.name)
    if not course.get("in_progress"):
        _emit_end(call, destination, repository, image.digest, tags, course)


def _emit_end(
    call: Call,
    destination: Destination,
    repository: StoredRepository | RepositoryRow,
    digest: str,
    tags: Iterable[str],
    course: Course,
) -> None:
    """Emit at its destination that a replication ended."""
    events.replicated(
        call.in_region(destination.region),
        RepositoryAddress(destination.account_id, destination.region, repository.name),
        repository.account_id,
        call.region.name,
        digest,
        tags,
        succeeded=course["status"] != FAILED,
    )


def look_at_replica(
    call: Call, repository: StoredRepository, image: StoredImage, replica: Document[Course]
) -> ReplicationStatusType:
    """Count a look at the replication of an image to a destination, and return its status."""

    def emit_end() -> None:
        tags = replica.content.get("tags", [])
        _emit_end(call, Destination.of_name(replica.name), repository, image.digest, tags, replica.content)

    return look(call.looks, replica.content, replica.key, at_end=emit_end)  # type: ignore[return-value] # as it was set


def replicate_deletions(
    call: Call, repository: StoredRepository, digests: Collection[str], removed_tags: Mapping[str, str]
) -> None:
    """Repeat deletions at every destination whose rule also replicates deletions.

    Args:
        call: the call.
        repository: the repository in which images or tags were deleted.
        digests: the digests of the deleted images. At a destination, an image of a list is not deleted.
        removed_tags: the tags that were removed from images that still exist, with the digests of these images. At a
            destination, an image that loses its last tag is deleted.
    """
    document = REPLICATION.get(call.connection, repository.registry_key)
    if document is None:
        return
    rules = [rule for rule in document.content["rules"] if _replicates_deletions(rule)]
    for destination in destinations_of(rules, repository.name):
        target = repositories.get_repository(call.connection, *destination, repository.name)
        if target is not None:
            _repeat_deletions(call, target.key, digests, removed_tags)


def _repeat_deletions(call: Call, target_key: int, digests: Collection[str], removed_tags: Mapping[str, str]) -> None:
    replicas = images.get_images(call.connection, target_key, [*digests, *removed_tags.values()])
    tags = images.get_tags(call.connection, [image.key for image in replicas.values()])
    lists = images.get_lists_of(call.connection, target_key, list(replicas))
    deleted = {digest for digest in digests if digest in replicas}
    for tag, digest in removed_tags.items():
        remaining = tags.get(replicas[digest].key, []) if digest in replicas else []
        if remaining == [tag]:
            deleted.add(digest)
        elif tag in remaining:
            remaining.remove(tag)
            images.remove_tags(call.connection, target_key, [tag])
    images.delete_images(call.connection, [replicas[digest].key for digest in deleted if digest not in lists])


def backfill(
    call: Call, account_id: str, configuration: ReplicationConfigurationOutputTypeDef, destination: Destination
) -> list[dict[str, Any]]:
    """Copy the images that a registry already has to one destination of its configuration.

    Returns:
        One result for each tag of an image, and one for an untagged image, in the form of
        DescribeReplicationBackfillResults.
    """
    results = []
    page = repositories.page_of_repositories(call.connection, account_id, call.region.name, EVERYTHING)
    for repository in page.rows:
        if destination not in destinations_of(configuration["rules"], repository.name):
            continue
        for image in images.all_with_relations(call.connection, repository.key):
            if image.status != "ACTIVE":
                # An archived image cannot be pulled, so nothing of it can be copied.
                continue
            stored = StoredImage(image.key, image.digest, image.status, bool(image.tags))
            _replicate_to(call, destination, repository, stored, image.tags)
            for tag in [{"imageTag": tag} for tag in image.tags] or [{}]:
                image_id = {"imageDigest": image.digest, **tag}
                results.append({"imageId": image_id, "repositoryName": repository.name, "status": "COMPLETE"})
    return results
