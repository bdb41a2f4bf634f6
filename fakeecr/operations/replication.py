"""Operations on replication: its configuration, the status of an image, and backfills of earlier images.

Differences from AWS:
    - **What arrives** is an image with its layers, and the images of a list. It is scanned in its destination as
      if it had been pushed there, and is neither signed nor replicated further.
    - **How replications go.** A replication takes no time. `set_replication()` keeps its status in progress, but the
      copy is in its destination from the beginning, or never if it fails. The codes of failures are not known.
    - **Deletions** are replicated only if BatchDeleteImage made them: not those of lifecycle policies, and not
      that of a whole repository.
    - **Backfills** finish at once, so they can neither be stopped nor be in progress twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from fakeecr import clock
from fakeecr.aws_errors import backfill_not_found, backfill_not_in_progress, invalid_parameter
from fakeecr.operations.envelopes import EMPTY, of_registry
from fakeecr.operations.paging import Listing, page_of_items
from fakeecr.registry.call import Call
from fakeecr.registry.kinds import BACKFILL, REPLICA, REPLICATION, Backfill
from fakeecr.registry.lookup import ensure_registry, find_image, find_repository, get_registry_key
from fakeecr.registry.replication import Destination, backfill, destinations_of, look_at_replica
from fakeecr.rules import quotas
from fakeecr.store.documents import Document

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import (
        DescribeImageReplicationStatusRequestTypeDef,
        DescribeImageReplicationStatusResponseTypeDef,
        ImageReplicationStatusTypeDef,
        PutReplicationConfigurationRequestTypeDef,
        PutReplicationConfigurationResponseTypeDef,
    )

# The number of backfills on a page if maxResults is absent, and how long they are listed. [model]
_BACKFILLS_PER_PAGE = 25
_BACKFILLS_LISTED_FOR = timedelta(days=90)


def put_replication_configuration(
    call: Call, request: PutReplicationConfigurationRequestTypeDef
) -> PutReplicationConfigurationResponseTypeDef:
    """Set the destinations to which the registry's images are copied when they are pushed from now on."""
    configuration: Any = request["replicationConfiguration"]
    destinations = destinations_of(configuration["rules"])
    if Destination(call.account_id(), call.region.name) in destinations:
        raise invalid_parameter(
            "replicationConfiguration", "Replication destination cannot be the same as the source registry"
        )
    # The model allows more than the documented quota.
    if len(destinations) > quotas.REPLICATION_DESTINATIONS:
        raise invalid_parameter(
            "replicationConfiguration", f"There can be at most {quotas.REPLICATION_DESTINATIONS} unique destinations"
        )
    for destination in destinations:
        if not call.region_of(destination.region).exists:
            # AWS refuses it [documented]; the text is invented.
            raise invalid_parameter(
                "replicationConfiguration", f"Replication destination region {destination.region} does not exist"
            )
    REPLICATION.put(call.connection, ensure_registry(call), configuration, clock.now())
    return {"replicationConfiguration": configuration, **EMPTY}


def describe_image_replication_status(
    call: Call, request: DescribeImageReplicationStatusRequestTypeDef
) -> DescribeImageReplicationStatusResponseTypeDef:
    """Return the destinations of an image, and how its replication to each of them goes."""
    repository = find_repository(call, request["repositoryName"], request.get("registryId"))
    image = find_image(call, repository, request["imageId"])
    statuses: list[ImageReplicationStatusTypeDef] = []
    for replica in REPLICA.get_all(call.connection, image.key):
        destination = Destination.of_name(replica.name)
        statuses.append(
            {
                "region": destination.region,
                "registryId": destination.account_id,
                "status": look_at_replica(call, repository, image, replica),
            }
        )
    return {
        "imageId": {"imageDigest": image.digest, **request["imageId"]},
        "replicationStatuses": statuses,
        "repositoryName": repository.name,
        **EMPTY,
    }


# --- Backfills -----------------------------------------------------------------------------------
# Not every boto3-stubs that fakeecr supports has types for these requests and responses.


def start_replication_backfill(call: Call, request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Replicate the images that the registry already has to one of its destinations. It takes no time in fakeecr."""
    account_id = call.account_id(request.get("registryId"))
    registry_key = get_registry_key(call, account_id)
    document = REPLICATION.get(call.connection, registry_key)
    destination = Destination(request["destination"]["registryId"], request["destination"]["region"])
    if registry_key is None or document is None or destination not in destinations_of(document.content["rules"]):
        raise invalid_parameter("destination", "must be a destination of the registry's replication configuration")
    content: Backfill = {
        "destination": {"region": destination.region, "registryId": destination.account_id},
        "results": backfill(call, account_id, document.content, destination),
    }
    started = BACKFILL.put(call.connection, registry_key, content, clock.now(), str(uuid4()))
    return {
        "destination": content["destination"],
        "replicationBackfillId": started.name,
        "startedAt": started.created_at,
        "status": "PREPARING",
        **of_registry(account_id),
    }


def stop_replication_backfill(call: Call, request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Refuse to stop a backfill: it was complete as soon as it was started."""
    document = _find_backfill(call, request)
    raise backfill_not_in_progress(document.name)


def describe_replication_backfill_results(call: Call, request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a backfill replicated, page by page."""
    document = _find_backfill(call, request)
    status = request.get("resultStatusFilter")
    results = [result for result in document.content["results"] if status in (None, result["status"])]
    listing = Listing(call, request, "DescribeReplicationBackfillResults", document.key, status)
    page = page_of_items(results, listing.place)
    return {
        **_summary(document),
        "results": page.rows,
        **of_registry(call.account_id(request.get("registryId"))),
        **listing.envelope(page),
    }


def list_replication_backfills(call: Call, request: Mapping[str, Any]) -> Mapping[str, Any]:
    """List the backfills of a registry that were started in the last 90 days."""
    account_id = call.account_id(request.get("registryId"))
    registry_key = get_registry_key(call, account_id)
    listing = Listing(call, request, "ListReplicationBackfills", registry_key, default_size=_BACKFILLS_PER_PAGE)
    since = clock.now() - _BACKFILLS_LISTED_FOR
    page = BACKFILL.page(call.connection, registry_key, listing.place, created_since=since)
    return {
        "backfills": [_summary(document) for document in page.rows],
        **of_registry(account_id),
        **listing.envelope(page),
    }


def _find_backfill(call: Call, request: Mapping[str, Any]) -> Document[Backfill]:
    account_id, backfill_id = call.account_id(request.get("registryId")), request["replicationBackfillId"]
    document = BACKFILL.get(call.connection, get_registry_key(call, account_id), backfill_id)
    if document is None or document.created_at < clock.now() - _BACKFILLS_LISTED_FOR:
        raise backfill_not_found(backfill_id, account_id)
    return document


def _summary(document: Document[Backfill]) -> dict[str, Any]:
    count = len(document.content["results"])
    return {
        "destination": document.content["destination"],
        "endedAt": document.created_at,
        "progress": {
            "completedReplicationCount": count,
            "failedReplicationCount": 0,
            "failureCodes": [],
            "totalReplicationCount": count,
        },
        "replicationBackfillId": document.name,
        "startedAt": document.created_at,
        "status": "COMPLETE",
    }
