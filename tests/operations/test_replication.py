"""Replication of pushes and deletions to other regions and accounts of the same fake."""

from __future__ import annotations

import pytest

from tests.answers import code_of, error_of
from tests.conftest import unchecked
from tests.manifests import blob, digest_of, image, index
from tests.operations.helpers import (
    archive_image,
    configure_replication,
    delete_image,
    only_repository,
    put_image,
    replica,
    replication_rule,
    seed_of,
)
from tests.operations.samples import CREATOR_ROLE, CROSS_ACCOUNT, KMS_KEY, OTHER_ACCOUNT, WEST

IMAGE = image()
DIGEST = digest_of(IMAGE)


# --- Configuration -----------------------------------------------------------------------------------


def test_a_replication_configuration_is_put_and_described(client):
    configuration = {"rules": [replication_rule(WEST, CROSS_ACCOUNT, prefixes=["prod"]), replication_rule(WEST)]}

    put = client.put_replication_configuration(replicationConfiguration=configuration)
    assert put["replicationConfiguration"] == configuration
    assert client.describe_registry()["replicationConfiguration"] == configuration

    configure_replication(client)
    assert client.describe_registry()["replicationConfiguration"] == {"rules": []}


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        pytest.param(
            [replication_rule({"region": "us-east-1", "registryId": "123456789012"})],
            "Replication destination cannot be the same as the source",
            id="the source as destination",
        ),
        pytest.param(
            [replication_rule(*({"region": f"eu-west-{n}", "registryId": OTHER_ACCOUNT} for n in range(26)))],
            "at most 25 unique destinations",
            id="26 destinations",
        ),
        pytest.param(
            [replication_rule(WEST)] * 26,
            "Member must have length less than or equal to 25",
            id="26 rules",
            marks=pytest.mark.newest_model("limit of 25 rules"),
        ),
        pytest.param(
            [replication_rule({"region": "EU", "registryId": OTHER_ACCOUNT})],
            "must satisfy regular expression",
            id="a malformed region",
        ),
        pytest.param(
            [replication_rule({"region": "eu-west-1", "registryId": "1"})],
            "must satisfy regular expression",
            id="a malformed registry id",
        ),
        pytest.param(
            [replication_rule(WEST, prefixes=["A!"])], "must satisfy regular expression", id="a malformed filter"
        ),
        pytest.param(
            [replication_rule(WEST, prefixes=["aa"] * 101)],
            "Member must have length less than or equal to 100",
            id="101 filters",
        ),
    ],
)
def test_an_invalid_replication_configuration_is_refused(client, rules, reason):
    code, message, _ = error_of(client.put_replication_configuration, replicationConfiguration={"rules": rules})

    assert code == "InvalidParameterException"
    assert reason in message
    assert client.describe_registry()["replicationConfiguration"] == {"rules": []}


def test_a_destination_of_two_rules_counts_once(client):
    destinations = [{"region": "eu-west-1", "registryId": f"{n:012}"} for n in range(25)]

    configure_replication(client, *[replication_rule(*destinations, prefixes=["aa"])] * 2)


# --- Pushes ------------------------------------------------------------------------------------------


def test_a_pushed_image_is_replicated_to_another_region_and_another_account(any_ecr):
    client = unchecked(any_ecr)
    client.create_repository(repositoryName="web")
    configure_replication(client, replication_rule(WEST, CROSS_ACCOUNT))

    put_image(client, tag="1.0")

    assert replica(any_ecr) == [(DIGEST, "1.0")]
    assert replica(any_ecr, CROSS_ACCOUNT) == [(DIGEST, "1.0")]
    assert replica(any_ecr, {"region": "eu-west-1", "registryId": OTHER_ACCOUNT}) is None


def test_an_image_pushed_by_the_fake_is_replicated(ecr, client):
    configure_replication(client, replication_rule(WEST))

    pushed = ecr.push("web", "1.0", "latest")
    assert replica(ecr) == [(pushed.digest, "1.0"), (pushed.digest, "latest")]

    multi = ecr.push("web", "multi", platforms=["linux/amd64"])
    assert set(replica(ecr)) >= {(multi.digest, "multi"), (multi.platforms["linux/amd64"], None)}


@pytest.mark.parametrize(
    ("prefixes", "is_replicated"),
    [
        pytest.param((), True, id="no filter"),
        pytest.param(["we"], True, id="a prefix"),
        pytest.param(["web"], True, id="the whole name"),
        pytest.param(["webs"], False, id="longer than the name"),
        pytest.param(["no", "web"], True, id="the second of two"),
    ],
)
def test_a_push_is_replicated_if_a_filter_of_the_rule_matches(ecr, client, web, prefixes, is_replicated):
    configure_replication(client, replication_rule(WEST, prefixes=prefixes))

    put_image(client, tag="1.0")

    assert (replica(ecr) is not None) is is_replicated


def test_the_replication_of_a_list_includes_its_images_and_layers(ecr, client, west_client):
    manifest = image(layers=[blob("text", 4)])
    ecr.seed(seed_of({"name": "web", "layers": [{"content": "text"}],
                      "images": [{"manifest": manifest}, {"manifest": image("other")}]}))  # fmt: skip
    configure_replication(client, replication_rule(WEST))

    put_image(client, index(manifest), "multi")

    assert set(replica(ecr)) == {(digest_of(manifest), None), (digest_of(index(manifest)), "multi")}
    layer = {"repositoryName": "web", "layerDigest": digest_of("text")}
    assert west_client.get_download_url_for_layer(**layer)["downloadUrl"]
    assert west_client.describe_images(repositoryName="web", imageIds=[{"imageTag": "multi"}])["imageDetails"]


def test_a_replicated_image_is_not_replicated_further(ecr, client, west_client, web):
    south = {"region": "ap-south-1", "registryId": "123456789012"}
    configure_replication(client, replication_rule(WEST))
    configure_replication(west_client, replication_rule(south))

    put_image(client, tag="1.0")

    assert replica(ecr) is not None
    assert replica(ecr, south) is None


def test_a_tag_that_moves_moves_at_the_destination_too(ecr, client, web):
    configure_replication(client, replication_rule(WEST))
    put_image(client, tag="latest")

    put_image(client, image("new"), "latest")

    assert set(replica(ecr)) == {(DIGEST, None), (digest_of(image("new")), "latest")}


def test_an_image_is_replicated_untagged_if_its_tag_is_immutable_at_the_destination(ecr, client, west_client, web):
    west_client.create_repository(repositoryName="web", imageTagMutability="IMMUTABLE")
    configure_replication(client, replication_rule(WEST))
    put_image(client, tag="latest")

    put_image(client, image("new"), "latest")

    assert set(replica(ecr)) == {(DIGEST, "latest"), (digest_of(image("new")), None)}


def test_an_image_pushed_before_the_configuration_is_not_replicated(ecr, client, web):
    put_image(client, tag="1.0")
    configure_replication(client, replication_rule(WEST))
    assert replica(ecr) is None

    put_image(client, image("two"), "2.0")
    assert replica(ecr) == [(digest_of(image("two")), "2.0")]


def test_replication_creates_the_repository_by_the_template_at_the_destination(client, west_client, web):
    west_client.create_repository_creation_template(
        prefix="ROOT",
        appliedFor=["REPLICATION"],
        imageTagMutability="IMMUTABLE",
        encryptionConfiguration={"encryptionType": "KMS", "kmsKey": KMS_KEY.replace("us-east-1", "eu-west-1")},
        customRoleArn=CREATOR_ROLE,
    )
    configure_replication(client, replication_rule(WEST))

    put_image(client, tag="1.0")

    repository = only_repository(west_client)
    assert repository["imageTagMutability"] == "IMMUTABLE"
    assert repository["encryptionConfiguration"]["kmsKey"].startswith("arn:aws:kms:eu-west-1:")


def test_the_settings_of_a_repository_and_deletions_are_not_replicated_by_default(ecr, client, west_client):
    client.create_repository(repositoryName="web", imageTagMutability="IMMUTABLE")
    configure_replication(client, replication_rule(WEST))
    put_image(client, tag="1.0")

    delete_image(client, imageTag="1.0")

    assert replica(ecr) == [(DIGEST, "1.0")]
    assert only_repository(west_client)["imageTagMutability"] == "MUTABLE"


def test_replication_restores_an_image_that_is_archived_at_the_destination(ecr, client, west_client, web):
    configure_replication(client, replication_rule(WEST))
    put_image(client, tag="1.0")
    archive_image(west_client, imageTag="1.0")

    put_image(client, tag="1.1")

    assert sorted(tag for _, tag in replica(ecr)) == ["1.0", "1.1"]


def test_a_push_to_another_registry_follows_the_configuration_of_that_registry(ecr, client):
    ecr.push("web", registry_id=OTHER_ACCOUNT)
    configure_replication(client, replication_rule(WEST))

    put_image(client, registryId=OTHER_ACCOUNT)

    assert replica(ecr) is None


# --- Deletions ---------------------------------------------------------------------------------------


@pytest.fixture
def replicated(client, web):
    """Push IMAGE with the tags a and b, under a rule that replicates images and deletions to WEST."""
    configure_replication(client, replication_rule(WEST, deleteReplication={"enabled": True}))
    put_image(client, tag="a")
    put_image(client, tag="b")


def test_a_rule_can_replicate_the_deletion_of_a_tag(ecr, client, replicated):
    delete_image(client, imageTag="a")
    assert replica(ecr) == [(DIGEST, "b")]

    delete_image(client, imageTag="b")
    assert replica(ecr) == []


def test_a_rule_can_replicate_the_deletion_of_an_image(ecr, client, replicated):
    delete_image(client, imageDigest=DIGEST)

    assert replica(ecr) == []


def test_the_replicated_deletion_of_an_image_deletes_it_with_every_tag_at_the_destination(
    ecr, client, west_client, replicated
):
    put_image(west_client, tag="theirs")

    delete_image(client, imageDigest=DIGEST)

    assert replica(ecr) == []

    put_image(client, tag="a")
    put_image(west_client, image("theirs"), "a")
    assert len(replica(ecr)) == 2

    delete_image(client, imageTag="a")
    assert replica(ecr) == [(digest_of(image("theirs")), "a")]


def test_the_deletion_of_a_tag_of_an_image_in_a_list_is_replicated(ecr, client, replicated):
    put_image(client, index(IMAGE), "multi")

    delete_image(client, imageTag="a")

    assert sorted(replica(ecr)) == sorted([(DIGEST, "b"), (digest_of(index(IMAGE)), "multi")])


def test_the_deletion_of_an_image_is_not_replicated_if_a_list_at_the_destination_refers_to_it(
    ecr, client, west_client, replicated
):
    put_image(west_client, index(IMAGE), "multi")

    delete_image(client, imageDigest=DIGEST)

    assert (DIGEST, "a") in replica(ecr)


# --- Status ------------------------------------------------------------------------------------------


def test_the_images_of_a_replicated_list_have_a_replication_status(client, web):
    put_image(client, tag="child")
    configure_replication(client, replication_rule(WEST))

    put_image(client, index(IMAGE), "multi")

    for tag in ("multi", "child"):
        status = client.describe_image_replication_status(repositoryName="web", imageId={"imageTag": tag})
        assert status["replicationStatuses"] == [{**WEST, "status": "COMPLETE"}]


def test_the_replication_status_of_an_image_has_every_destination(client, web):
    configure_replication(client, replication_rule(WEST, CROSS_ACCOUNT))
    put_image(client, tag="1.0")

    status = client.describe_image_replication_status(repositoryName="web", imageId={"imageTag": "1.0"})

    assert status["imageId"] == {"imageDigest": DIGEST, "imageTag": "1.0"}
    assert status["replicationStatuses"] == [
        {**WEST, "status": "COMPLETE"},
        {**CROSS_ACCOUNT, "status": "COMPLETE"},
    ]


def test_an_image_that_was_not_replicated_has_no_replication_status(client, web):
    put_image(client, tag="1.0")

    status = client.describe_image_replication_status(repositoryName="web", imageId={"imageTag": "1.0"})

    assert status["replicationStatuses"] == []
    for request, code in (
        ({"repositoryName": "web", "imageId": {"imageTag": "no"}}, "ImageNotFoundException"),
        ({"repositoryName": "no", "imageId": {"imageTag": "no"}}, "RepositoryNotFoundException"),
    ):
        assert code_of(client.describe_image_replication_status, **request) == code
