"""Operations on replication: where images go when they are pushed, and how those before them follow."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

from fakeecr import clock
from fakeecr.errors import backfill_is_over, backfill_not_found, invalid_parameter
from fakeecr.operations.call import Call
from fakeecr.operations.copies import copy_image
from fakeecr.operations.finding import find_image, find_repository
from fakeecr.operations.paging import in_memory, read_page
from fakeecr.operations.registry import REPLICATION, default_registry
from fakeecr.operations.templates import repository_for
from fakeecr.store import documents, images, pages, registries
from fakeecr.store.documents import Document
from fakeecr.store.images import Known
from fakeecr.store.models import ImageDocument, RegistryDocument
from fakeecr.store.registries import FoundRepository

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import (
        DescribeImageReplicationStatusRequestTypeDef,
        DescribeImageReplicationStatusResponseTypeDef,
        PutReplicationConfigurationRequestTypeDef,
        PutReplicationConfigurationResponseTypeDef,
    )

_BACKFILL = "backfill"
# Quota (documented); the model allows more.
_MOST_DESTINATIONS = 25
# A page where maxResults is absent, and how long backfills are told of (model).
_BACKFILLS_A_PAGE = 25
_BACKFILLS_STAY = timedelta(days=90)


class Place(NamedTuple):
    """A registry that images are replicated to."""

    account_id: str
    region: str

    @property
    def name(self) -> str:
        """Its name among an image's documents."""
        return f"{self.region}/{self.account_id}"


def put_replication_configuration(
    call: Call, request: PutReplicationConfigurationRequestTypeDef
) -> PutReplicationConfigurationResponseTypeDef:
    """Set where the registry's images go as they are pushed from now on."""
    configuration: Any = request["replicationConfiguration"]
    places = _places(configuration)
    if Place(call.account_id, call.region) in places:
        raise invalid_parameter(
            "replicationConfiguration", "Replication destination cannot be the same as the source registry"
        )
    if len(places) > _MOST_DESTINATIONS:
        raise invalid_parameter(
            "replicationConfiguration", f"There can be at most {_MOST_DESTINATIONS} unique destinations"
        )
    documents.put(call.connection, RegistryDocument, default_registry(call), REPLICATION, configuration, clock.now())
    return {"replicationConfiguration": configuration, "ResponseMetadata": call.metadata}


def _places(configuration: Mapping[str, Any], name: str | None = None) -> list[Place]:
    """Give the destinations of a configuration once each: all, or those of one repository's images."""
    return list(
        dict.fromkeys(
            Place(each["registryId"], each["region"])
            for rule in configuration["rules"]
            if name is None or _fits(rule, name)
            for each in rule["destinations"]
        )
    )


def _fits(rule: Mapping[str, Any], name: str) -> bool:
    filters = rule.get("repositoryFilters")
    return not filters or any(name.startswith(each["filter"]) for each in filters)


def replicate(
    call: Call, configuration: Mapping[str, Any], repository: FoundRepository, image: Known, tags: Sequence[str]
) -> None:
    """Copy a pushed image to every destination of its repository; from there it goes nowhere (documented)."""
    for place in _places(configuration, repository.name):
        _replicate_to(call, place, repository, image, tags)


def _replicate_to(call: Call, place: Place, repository: FoundRepository, image: Known, tags: Sequence[str]) -> None:
    now, status = clock.now(), {"status": "COMPLETE"}
    target = repository_for(call.in_region(place.region), place.account_id, repository.name, "REPLICATION", now)
    for key in copy_image(call, repository.key, image.digest, target, tags, restored_at=now):
        documents.put(call.connection, ImageDocument, key, REPLICATION, status, now, place.name)


def replicate_deletions(
    call: Call, repository: FoundRepository, gone: Collection[str], removed: Mapping[str, str]
) -> None:
    """Delete images, and take tags from others, where a rule replicates deletions as well.

    Args:
        call: the call.
        repository: where they were deleted.
        gone: the digests of the images; one that a list needs there stays.
        removed: the digests of the images that lost only tags, by these; with its last an image goes.
    """
    found = documents.find(call.connection, RegistryDocument, repository.registry, REPLICATION)
    if found is None:
        return
    rules = [rule for rule in found.content["rules"] if rule.get("deleteReplication", {}).get("enabled")]
    for place in _places({"rules": rules}, repository.name):
        target = registries.find_repository(call.connection, *place, repository.name)
        if target is None:
            continue
        there = images.find_all(call.connection, target.key, [*gone, *removed.values()])
        tags = images.tags_of(call.connection, [image.key for image in there.values()])
        listed = images.lists_with(call.connection, target.key, list(there))
        going = {digest for digest in gone if digest in there}
        for tag, digest in removed.items():
            left = tags.get(there[digest].key, []) if digest in there else []
            if left == [tag]:
                going.add(digest)
            elif tag in left:
                left.remove(tag)
                images.remove_tags(call.connection, target.key, [tag])
        images.delete_images(call.connection, [there[digest].key for digest in going if digest not in listed])


def describe_image_replication_status(
    call: Call, request: DescribeImageReplicationStatusRequestTypeDef
) -> DescribeImageReplicationStatusResponseTypeDef:
    """Tell where an image was replicated to."""
    repository = find_repository(call, request)
    image = find_image(call, repository, request["imageId"])
    statuses = documents.find_all(call.connection, ImageDocument, image.key, REPLICATION)
    return {
        "imageId": {"imageDigest": image.digest, **request["imageId"]},
        "replicationStatuses": [
            {
                "region": document.name.partition("/")[0],
                "registryId": document.name.partition("/")[2],
                "status": document.content["status"],
            }
            for document in statuses
        ],
        "repositoryName": repository.name,
        "ResponseMetadata": call.metadata,
    }


# --- Backfills -----------------------------------------------------------------------------------
# Their requests and responses have no types in every boto3-stubs yet that this project may meet.


def start_replication_backfill(call: Call, request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Replicate the images that are there already to one configured destination; it takes no time here."""
    account_id = call.account_of(request)
    registry = registries.find_registry(call.connection, account_id, call.region)
    found = documents.find(call.connection, RegistryDocument, registry, REPLICATION)
    place = Place(request["destination"]["registryId"], request["destination"]["region"])
    if registry is None or found is None or place not in _places(found.content):
        raise invalid_parameter("destination", "must be a destination of the registry's replication configuration")
    results = []
    for row in _all_repositories(call, account_id):
        if place not in _places(found.content, row.name):
            continue
        repository = registries.find_repository(call.connection, account_id, call.region, row.name)
        assert repository is not None  # noqa: S101 - it was just read
        for image, tags, _ in images.all_of(call.connection, repository.key):
            if image.status != "ACTIVE":
                # As nobody pulls it, nothing of it can be copied.
                continue
            known = images.find(call.connection, repository.key, image.digest)
            assert known is not None  # noqa: S101 - it was just read
            _replicate_to(call, place, repository, known, tags)
            for tag in [{"imageTag": tag} for tag in tags] or [{}]:
                image_id = {"imageDigest": image.digest, **tag}
                results.append({"imageId": image_id, "repositoryName": row.name, "status": "COMPLETE"})
    backfill_id = str(uuid4())
    content = {"destination": {"region": place.region, "registryId": place.account_id}, "results": results}
    kept = documents.put(call.connection, RegistryDocument, registry, _BACKFILL, content, clock.now(), backfill_id)
    return {
        "destination": content["destination"],
        "registryId": account_id,
        "replicationBackfillId": backfill_id,
        "startedAt": kept.created_at,
        "status": "PREPARING",
        "ResponseMetadata": call.metadata,
    }


def _all_repositories(call: Call, account_id: str) -> list[Any]:
    page = pages.repositories(call.connection, account_id, call.region, size=2**31)
    return list(page.rows)


def stop_replication_backfill(call: Call, request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Refuse to stop a backfill: each is over as soon as it was started."""
    found = _backfill(call, request)
    raise backfill_is_over(found.name)


def describe_replication_backfill_results(call: Call, request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give what a backfill replicated, page by page."""
    found = _backfill(call, request)
    wanted = request.get("resultStatusFilter")
    results = [each for each in found.content["results"] if wanted in (None, each["status"])]
    listing = ("DescribeReplicationBackfillResults", found.key, wanted)
    rows, token = read_page(call, request, listing, in_memory(results))
    response = {
        **_summary(found),
        "registryId": call.account_of(request),
        "results": [each for each, _ in rows],
        "ResponseMetadata": call.metadata,
    }
    return response if token is None else {**response, "nextToken": token}


def list_replication_backfills(call: Call, request: Mapping[str, Any]) -> Mapping[str, Any]:
    """List the backfills of a registry, but for old ones."""
    account_id = call.account_of(request)
    registry = registries.find_registry(call.connection, account_id, call.region)
    since = clock.now() - _BACKFILLS_STAY
    read = partial(documents.read_page, call.connection, RegistryDocument, registry, _BACKFILL, since=since)
    listing = ("ListReplicationBackfills", registry)
    rows, token = read_page(call, request, listing, read, _BACKFILLS_A_PAGE)
    response = {
        "backfills": [_summary(each) for each in rows],
        "registryId": account_id,
        "ResponseMetadata": call.metadata,
    }
    return response if token is None else {**response, "nextToken": token}


def _backfill(call: Call, request: Mapping[str, Any]) -> Document:
    account_id, backfill_id = call.account_of(request), request["replicationBackfillId"]
    registry = registries.find_registry(call.connection, account_id, call.region)
    found = documents.find(call.connection, RegistryDocument, registry, _BACKFILL, backfill_id)
    if found is None or found.created_at < clock.now() - _BACKFILLS_STAY:
        raise backfill_not_found(backfill_id, account_id)
    return found


def _summary(backfill: Document) -> dict[str, Any]:
    count = len(backfill.content["results"])
    return {
        "destination": backfill.content["destination"],
        "endedAt": backfill.created_at,
        "progress": {
            "completedReplicationCount": count,
            "failedReplicationCount": 0,
            "failureCodes": [],
            "totalReplicationCount": count,
        },
        "replicationBackfillId": backfill.name,
        "startedAt": backfill.created_at,
        "status": "COMPLETE",
    }
