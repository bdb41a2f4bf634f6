"""Replication: what is pushed appears in other regions and accounts of the same fake."""

from __future__ import annotations

from datetime import timedelta

import pytest
from freezegun import freeze_time

from tests.answers import check_paging, code_of, error_of, identifiers
from tests.conftest import unchecked
from tests.manifests import blob, digest_of, image, index
from tests.operations.test_templates import KEY, ROLE

OTHER = "999999999999"
WEST = ("eu-west-1", "123456789012")
ACCOUNT = ("us-east-1", OTHER)
AT_WEST = {"region": "eu-west-1", "registryId": "123456789012"}


def rule(*places, prefixes=(), **more):
    found = {"destinations": [{"region": region, "registryId": account} for region, account in places], **more}
    if prefixes:
        found["repositoryFilters"] = [{"filter": each, "filterType": "PREFIX_MATCH"} for each in prefixes]
    return found


def configure(client, *rules):
    client.put_replication_configuration(replicationConfiguration={"rules": list(rules)})


def push(client, tag=None, name="web", manifest=None):
    tagged = {} if tag is None else {"imageTag": tag}
    client.put_image(repositoryName=name, imageManifest=manifest or image(), **tagged)


@pytest.fixture
def web(client):
    client.create_repository(repositoryName="web")
    return client


@pytest.fixture
def there(ecr):
    """Give a function that lists a repository as another region and account have it."""
    return lister(ecr)


def lister(ecr):
    def listed(region="eu-west-1", account="123456789012", name="web"):
        client = unchecked(ecr, region_name=region)
        try:
            return identifiers(client.list_images(repositoryName=name, registryId=account))
        except client.exceptions.RepositoryNotFoundException:
            return None

    return listed


class TestConfiguration:
    def test_is_put_and_described(self, client):
        configuration = {"rules": [rule(WEST, ACCOUNT, prefixes=["prod"]), rule(WEST)]}
        put = client.put_replication_configuration(replicationConfiguration=configuration)
        assert put["replicationConfiguration"] == configuration
        assert client.describe_registry()["replicationConfiguration"] == configuration
        client.put_replication_configuration(replicationConfiguration={"rules": []})
        assert client.describe_registry()["replicationConfiguration"] == {"rules": []}

    @pytest.mark.parametrize(
        ("rules", "said"),
        [
            ([rule(("us-east-1", "123456789012"))], "Replication destination cannot be the same as the source"),
            ([rule(*((f"eu-west-{n}", OTHER) for n in range(26)))], "at most 25 unique destinations"),
            ([rule(WEST)] * 26, "Member must have length less than or equal to 25"),
            ([rule(("EU", OTHER))], "must satisfy regular expression"),
            ([rule(("eu-west-1", "1"))], "must satisfy regular expression"),
            ([rule(WEST, prefixes=["A!"])], "must satisfy regular expression"),
            ([rule(WEST, prefixes=["aa"] * 101)], "Member must have length less than or equal to 100"),
        ],
    )
    def test_is_refused_where_it_is_none(self, client, rules, said):
        code, message, _ = error_of(client.put_replication_configuration, replicationConfiguration={"rules": rules})
        assert code == "InvalidParameterException"
        assert said in message
        assert client.describe_registry()["replicationConfiguration"] == {"rules": []}

    def test_counts_a_destination_once(self, client):
        configure(client, *[rule(*((f"eu-west-{n}", OTHER) for n in range(25)), prefixes=["aa"])] * 2)


class TestPush:
    def test_appears_in_the_other_region_and_the_other_account(self, any_ecr):
        web, there = unchecked(any_ecr), lister(any_ecr)
        web.create_repository(repositoryName="web")
        configure(web, rule(WEST, ACCOUNT))
        push(web, "1.0")
        expected = [(digest_of(image()), "1.0")]
        assert there() == expected
        assert there("us-east-1", OTHER) == expected
        assert there("eu-west-1", OTHER) is None

    def test_of_the_fake_appears_as_well(self, ecr, client, there):
        configure(client, rule(WEST))
        one = ecr.push("web", "1.0", "latest")
        assert there() == [(one.digest, "1.0"), (one.digest, "latest")]
        multi = ecr.push("web", "multi", platforms=["linux/amd64"])
        assert set(there()) >= {(multi.digest, "multi"), (multi.platforms["linux/amd64"], None)}

    @pytest.mark.parametrize(
        ("prefixes", "goes"), [((), True), (["we"], True), (["web"], True), (["webs"], False), (["no", "web"], True)]
    )
    def test_goes_by_filters(self, web, there, prefixes, goes):
        configure(web, rule(WEST, prefixes=prefixes))
        push(web, "1.0")
        assert (there() is not None) is goes

    def test_takes_layers_and_images_of_lists_along(self, ecr, there):
        manifest = image(layers=[blob("text", 4)])
        ecr.seed({"registries": [{"repositories": [{"name": "web", "layers": [{"content": "text"}], "images": [
            {"manifest": manifest}, {"manifest": image("other")}]}]}]})  # fmt: skip
        web = unchecked(ecr)
        configure(web, rule(WEST))
        push(web, "multi", manifest=index(manifest))
        assert set(there()) == {(digest_of(manifest), None), (digest_of(index(manifest)), "multi")}
        west = unchecked(ecr, region_name="eu-west-1")
        assert west.get_download_url_for_layer(repositoryName="web", layerDigest=digest_of("text"))["downloadUrl"]
        assert west.describe_images(repositoryName="web", imageIds=[{"imageTag": "multi"}])["imageDetails"]

    def test_goes_no_further(self, ecr, web, there):
        configure(web, rule(WEST))
        configure(unchecked(ecr, region_name="eu-west-1"), rule(("ap-south-1", "123456789012")))
        push(web, "1.0")
        assert there() is not None
        assert there("ap-south-1") is None

    def test_moves_a_tag_there_too(self, web, there):
        configure(web, rule(WEST))
        push(web, "latest")
        push(web, "latest", manifest=image("new"))
        assert set(there()) == {(digest_of(image()), None), (digest_of(image("new")), "latest")}

    def test_with_a_tag_that_is_held_fast_there_comes_untagged(self, ecr, web, there):
        west = unchecked(ecr, region_name="eu-west-1")
        west.create_repository(repositoryName="web", imageTagMutability="IMMUTABLE")
        configure(web, rule(WEST))
        push(web, "latest")
        push(web, "latest", manifest=image("new"))
        assert set(there()) == {(digest_of(image()), "latest"), (digest_of(image("new")), None)}

    def test_is_only_of_what_comes_after(self, web, there):
        push(web, "1.0")
        configure(web, rule(WEST))
        assert there() is None
        push(web, "2.0", manifest=image("two"))
        assert there() == [(digest_of(image("two")), "2.0")]

    def test_makes_the_repository_by_a_template_there(self, ecr, web):
        west = unchecked(ecr, region_name="eu-west-1")
        west.create_repository_creation_template(
            prefix="ROOT",
            appliedFor=["REPLICATION"],
            imageTagMutability="IMMUTABLE",
            encryptionConfiguration={"encryptionType": "KMS", "kmsKey": KEY.replace("us-east-1", "eu-west-1")},
            customRoleArn=ROLE,
        )
        configure(web, rule(WEST))
        push(web, "1.0")
        (repository,) = west.describe_repositories()["repositories"]
        assert repository["imageTagMutability"] == "IMMUTABLE"
        assert repository["encryptionConfiguration"]["kmsKey"].startswith("arn:aws:kms:eu-west-1:")

    def test_does_not_take_settings_or_deletions_along(self, ecr, client, there):
        client.create_repository(repositoryName="web", imageTagMutability="IMMUTABLE")
        configure(client, rule(WEST))
        push(client, "1.0")
        client.batch_delete_image(repositoryName="web", imageIds=[{"imageTag": "1.0"}])
        assert there() == [(digest_of(image()), "1.0")]
        (repository,) = unchecked(ecr, region_name="eu-west-1").describe_repositories()["repositories"]
        assert repository["imageTagMutability"] == "MUTABLE"

    def test_restores_what_is_archived_there(self, ecr, web, there):
        configure(web, rule(WEST))
        push(web, "1.0")
        west = unchecked(ecr, region_name="eu-west-1")
        west.update_image_storage_class(repositoryName="web", imageId={"imageTag": "1.0"}, targetStorageClass="ARCHIVE")
        push(web, "1.1")
        assert sorted(tag for _, tag in there()) == ["1.0", "1.1"]

    def test_is_of_the_registry_it_was_pushed_to(self, ecr, there):
        ecr.push("web", registry_id=OTHER)
        client = unchecked(ecr)
        configure(client, rule(WEST))
        client.put_image(repositoryName="web", registryId=OTHER, imageManifest=image())
        assert there() is None


class TestDeletions:
    def delete(self, client, **image_id):
        client.batch_delete_image(repositoryName="web", imageIds=[image_id])

    @pytest.fixture
    def both(self, web):
        configure(web, rule(WEST, deleteReplication={"enabled": True}))
        push(web, "a")
        push(web, "b")
        return web

    def test_of_a_tag_are_replicated_where_a_rule_says_so(self, both, there):
        self.delete(both, imageTag="a")
        assert there() == [(digest_of(image()), "b")]
        self.delete(both, imageTag="b")
        assert there() == []

    def test_of_an_image_are_replicated_where_a_rule_says_so(self, both, there):
        self.delete(both, imageDigest=digest_of(image()))
        assert there() == []

    def test_of_an_image_take_it_whatever_it_is_called_there(self, ecr, both, there):
        west = unchecked(ecr, region_name="eu-west-1")
        west.put_image(repositoryName="web", imageManifest=image(), imageTag="theirs")
        self.delete(both, imageDigest=digest_of(image()))
        assert there() == []
        push(both, "a")
        push(west, "a", "web", image("theirs"))
        assert len(there()) == 2
        self.delete(both, imageTag="a")
        assert there() == [(digest_of(image("theirs")), "a")]

    def test_of_a_tag_of_what_a_list_needs_are_replicated_too(self, both, there):
        push(both, "multi", "web", index(image()))
        self.delete(both, imageTag="a")
        assert sorted(there()) == sorted([(digest_of(image()), "b"), (digest_of(index(image())), "multi")])

    def test_leave_what_a_list_there_needs(self, ecr, both, there):
        west = unchecked(ecr, region_name="eu-west-1")
        west.put_image(repositoryName="web", imageManifest=index(image()), imageTag="multi")
        self.delete(both, imageDigest=digest_of(image()))
        assert (digest_of(image()), "a") in there()


class TestStatus:
    def test_is_told_of_the_images_of_a_list_too(self, web):
        push(web, "child")
        configure(web, rule(WEST))
        push(web, "multi", "web", index(image()))
        for tag in ("multi", "child"):
            status = web.describe_image_replication_status(repositoryName="web", imageId={"imageTag": tag})
            assert status["replicationStatuses"] == [{**AT_WEST, "status": "COMPLETE"}]

    def test_names_every_destination(self, web):
        configure(web, rule(WEST, ACCOUNT))
        push(web, "1.0")
        described = web.describe_image_replication_status(repositoryName="web", imageId={"imageTag": "1.0"})
        assert described["imageId"] == {"imageDigest": digest_of(image()), "imageTag": "1.0"}
        assert described["replicationStatuses"] == [
            {**AT_WEST, "status": "COMPLETE"},
            {"region": "us-east-1", "registryId": OTHER, "status": "COMPLETE"},
        ]

    def test_is_none_of_what_went_nowhere(self, web):
        push(web, "1.0")
        described = web.describe_image_replication_status(repositoryName="web", imageId={"imageTag": "1.0"})
        assert described["replicationStatuses"] == []
        for request, code in (
            ({"repositoryName": "web", "imageId": {"imageTag": "no"}}, "ImageNotFoundException"),
            ({"repositoryName": "no", "imageId": {"imageTag": "no"}}, "RepositoryNotFoundException"),
        ):
            assert code_of(web.describe_image_replication_status, **request) == code


class TestBackfill:
    @pytest.fixture
    def pushed(self, ecr, client):
        """Images that were there before the configuration: of two tags, untagged, and of a repository that stays."""
        for name in ("web", "stays"):
            client.create_repository(repositoryName=name)
            push(client, "a", name)
            push(client, "b", name)
            push(client, None, name, image("untagged"))
        configure(client, rule(WEST, ACCOUNT, prefixes=["we"]))
        return client

    def test_replicates_what_was_there_before(self, pushed, there):
        started = pushed.start_replication_backfill(destination=AT_WEST)
        assert started["status"] == "PREPARING"
        assert started["destination"] == AT_WEST
        assert set(there()) == {
            (digest_of(image()), "a"),
            (digest_of(image()), "b"),
            (digest_of(image("untagged")), None),
        }
        assert there(name="stays") is None
        assert there("us-east-1", OTHER) is None
        status = pushed.describe_image_replication_status(repositoryName="web", imageId={"imageTag": "a"})
        assert status["replicationStatuses"] == [{**AT_WEST, "status": "COMPLETE"}]

    def test_leaves_out_what_is_archived(self, pushed, there):
        pushed.update_image_storage_class(repositoryName="web", imageId={"imageTag": "a"}, targetStorageClass="ARCHIVE")
        pushed.start_replication_backfill(destination=AT_WEST)
        assert there() == [(digest_of(image("untagged")), None)]

    def test_tells_its_results(self, pushed):
        backfill_id = pushed.start_replication_backfill(destination=AT_WEST)["replicationBackfillId"]
        describe = pushed.describe_replication_backfill_results
        found = describe(replicationBackfillId=backfill_id)
        assert found["status"] == "COMPLETE"
        assert len(found["results"]) == 3
        assert found["progress"] == {
            "totalReplicationCount": 3,
            "completedReplicationCount": 3,
            "failedReplicationCount": 0,
            "failureCodes": [],
        }
        assert {each["repositoryName"] for each in found["results"]} == {"web"}
        check_paging(describe, "results", "maxResults", replicationBackfillId=backfill_id)
        assert describe(replicationBackfillId=backfill_id, resultStatusFilter="FAILED")["results"] == []

    def test_is_listed(self, pushed):
        ids = [pushed.start_replication_backfill(destination=AT_WEST)["replicationBackfillId"] for _ in range(3)]
        assert [each["replicationBackfillId"] for each in pushed.list_replication_backfills()["backfills"]] == ids
        check_paging(pushed.list_replication_backfills, "backfills", "maxResults")

    def test_is_listed_with_twenty_five_a_page(self, pushed):
        for _ in range(26):
            pushed.start_replication_backfill(destination=AT_WEST)
        assert len(pushed.list_replication_backfills()["backfills"]) == 25
        assert len(pushed.list_replication_backfills(maxResults=50)["backfills"]) == 26

    def test_is_told_of_for_ninety_days(self, pushed):
        with freeze_time("2026-01-01") as clock:
            backfill_id = pushed.start_replication_backfill(destination=AT_WEST)["replicationBackfillId"]
            clock.tick(timedelta(days=90))
            pushed.describe_replication_backfill_results(replicationBackfillId=backfill_id)
            assert len(pushed.list_replication_backfills()["backfills"]) == 1
            clock.tick(1)
            assert pushed.list_replication_backfills()["backfills"] == []
            assert code_of(pushed.describe_replication_backfill_results, replicationBackfillId=backfill_id) == (
                "ReplicationBackfillNotFoundException"
            )

    def test_is_over_before_it_can_be_stopped(self, pushed):
        backfill_id = pushed.start_replication_backfill(destination=AT_WEST)["replicationBackfillId"]
        assert code_of(pushed.stop_replication_backfill, replicationBackfillId=backfill_id) == (
            "ReplicationBackfillInvalidStatusException"
        )

    def test_goes_where_the_configuration_says(self, pushed):
        for place in ({"region": "ap-south-1", "registryId": OTHER}, {"region": "us-east-1", "registryId": "1"}):
            assert code_of(pushed.start_replication_backfill, destination=place) == "InvalidParameterException"
        configure(pushed)
        assert code_of(pushed.start_replication_backfill, destination=AT_WEST) == "InvalidParameterException"

    def test_that_is_not_there_is_not_found(self, pushed):
        nowhere = "00000000-0000-0000-0000-000000000000"
        for operation in (pushed.stop_replication_backfill, pushed.describe_replication_backfill_results):
            assert code_of(operation, replicationBackfillId=nowhere) == "ReplicationBackfillNotFoundException"
