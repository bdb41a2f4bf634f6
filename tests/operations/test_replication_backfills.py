"""Backfills: the replication of images that were pushed before the replication configuration."""

from __future__ import annotations

from datetime import timedelta

import pytest
from freezegun import freeze_time

from tests.answers import check_paging, code_of
from tests.manifests import digest_of, image
from tests.operations.helpers import archive_image, configure_replication, put_image, replica, replication_rule
from tests.operations.samples import CROSS_ACCOUNT, OTHER_ACCOUNT, WEST


@pytest.fixture
def earlier_images(client):
    """Push images to the repositories "web" and "stays", then configure the replication of "web" only.

    Each repository has an image with the tags a and b, and an untagged one.
    """
    for repository in ("web", "stays"):
        client.create_repository(repositoryName=repository)
        put_image(client, tag="a", repository=repository)
        put_image(client, tag="b", repository=repository)
        put_image(client, image("untagged"), repository=repository)
    configure_replication(client, replication_rule(WEST, CROSS_ACCOUNT, prefixes=["we"]))


def backfill(client):
    """Start a backfill of WEST; return its id."""
    return client.start_replication_backfill(destination=WEST)["replicationBackfillId"]


def test_a_backfill_replicates_earlier_images_to_its_destination(ecr, client, earlier_images):
    started = client.start_replication_backfill(destination=WEST)

    assert started["status"] == "PREPARING"
    assert started["destination"] == WEST
    assert set(replica(ecr)) == {
        (digest_of(image()), "a"),
        (digest_of(image()), "b"),
        (digest_of(image("untagged")), None),
    }
    assert replica(ecr, repository="stays") is None
    assert replica(ecr, CROSS_ACCOUNT) is None
    status = client.describe_image_replication_status(repositoryName="web", imageId={"imageTag": "a"})
    assert status["replicationStatuses"] == [{**WEST, "status": "COMPLETE"}]


def test_a_backfill_does_not_replicate_archived_images(ecr, client, earlier_images):
    archive_image(client, imageTag="a")

    backfill(client)

    assert replica(ecr) == [(digest_of(image("untagged")), None)]


def test_a_backfill_has_a_result_for_each_identifier(client, earlier_images):
    describe = client.describe_replication_backfill_results
    backfill_id = backfill(client)

    response = describe(replicationBackfillId=backfill_id)

    assert response["status"] == "COMPLETE"
    assert len(response["results"]) == 3
    assert response["progress"] == {
        "totalReplicationCount": 3,
        "completedReplicationCount": 3,
        "failedReplicationCount": 0,
        "failureCodes": [],
    }
    assert {result["repositoryName"] for result in response["results"]} == {"web"}
    check_paging(describe, "results", "maxResults", replicationBackfillId=backfill_id)
    assert describe(replicationBackfillId=backfill_id, resultStatusFilter="FAILED")["results"] == []


def test_backfills_are_listed_in_the_order_of_their_start(client, earlier_images):
    backfill_ids = [backfill(client) for _ in range(3)]

    backfills = client.list_replication_backfills()["backfills"]

    assert [listed["replicationBackfillId"] for listed in backfills] == backfill_ids
    check_paging(client.list_replication_backfills, "backfills", "maxResults")


def test_a_page_of_backfills_has_twenty_five_by_default(client, earlier_images):
    for _ in range(26):
        backfill(client)

    assert len(client.list_replication_backfills()["backfills"]) == 25
    assert len(client.list_replication_backfills(maxResults=50)["backfills"]) == 26


def test_a_backfill_is_described_and_listed_for_ninety_days(client, earlier_images):
    with freeze_time("2026-01-01") as clock:
        backfill_id = backfill(client)

        clock.tick(timedelta(days=90))
        client.describe_replication_backfill_results(replicationBackfillId=backfill_id)
        assert len(client.list_replication_backfills()["backfills"]) == 1

        clock.tick(1)
        assert client.list_replication_backfills()["backfills"] == []
        code = code_of(client.describe_replication_backfill_results, replicationBackfillId=backfill_id)
        assert code == "ReplicationBackfillNotFoundException"


def test_a_backfill_is_complete_before_it_can_be_stopped(client, earlier_images):
    backfill_id = backfill(client)

    code = code_of(client.stop_replication_backfill, replicationBackfillId=backfill_id)

    assert code == "ReplicationBackfillInvalidStatusException"


def test_a_backfill_of_a_destination_that_is_not_configured_is_refused(client, earlier_images):
    for destination in (
        {"region": "ap-south-1", "registryId": OTHER_ACCOUNT},
        {"region": "us-east-1", "registryId": "1"},
    ):
        assert code_of(client.start_replication_backfill, destination=destination) == "InvalidParameterException"

    configure_replication(client)
    assert code_of(client.start_replication_backfill, destination=WEST) == "InvalidParameterException"


def test_an_unknown_backfill_is_not_found(client, earlier_images):
    backfill_id = "00000000-0000-0000-0000-000000000000"

    for operation in (client.stop_replication_backfill, client.describe_replication_backfill_results):
        assert code_of(operation, replicationBackfillId=backfill_id) == "ReplicationBackfillNotFoundException"
