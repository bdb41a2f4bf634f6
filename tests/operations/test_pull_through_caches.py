"""Pull-through caches: their rules, and pulls of what a seed offers upstream."""

from __future__ import annotations

from datetime import timedelta

import pytest
from freezegun import freeze_time

from fakeecr import FakeECR, SeedError
from tests.answers import check_paging, code_of, error_of, identifiers
from tests.conftest import unchecked
from tests.manifests import digest_of, image

SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:ecr-pullthroughcache/mine-AbCdEf"  # noqa: S105 - its name
ROLE = "arn:aws:iam::123456789012:role/puller"
PUBLIC = {"ecrRepositoryPrefix": "ecr-public", "upstreamRegistryUrl": "public.ecr.aws"}
UPSTREAM = {
    "upstream": [
        {"url": "public.ecr.aws", "repositories": [
            {"name": "docker/library/alpine", "images": [
                {"tags": ["3.20", "latest"], "manifest": image("alpine")},
                {"tags": ["multi"], "platforms": ["linux/amd64", "linux/arm64"]},
            ]},
        ]},
        {"url": "registry-1.docker.io", "repositories": [{"name": "library/nginx", "images": [{"tags": ["1"]}]}]},
    ],
}  # fmt: skip
ALPINE = "ecr-public/docker/library/alpine"


def pull(client, name=ALPINE, **image_id):
    return client.batch_get_image(repositoryName=name, imageIds=[image_id or {"imageTag": "3.20"}])


class TestRule:
    def test_is_created_described_updated_validated_and_deleted(self, database):
        with freeze_time("2026-01-01") as clock, FakeECR(database) as ecr:
            client = unchecked(ecr)
            rule = {
                "ecrRepositoryPrefix": "hub",
                "upstreamRegistryUrl": "registry-1.docker.io",
                "upstreamRegistry": "docker-hub",
                "credentialArn": SECRET,
                "customRoleArn": ROLE,
                "upstreamRepositoryPrefix": "library",
                "registryId": "123456789012",
            }
            created = client.create_pull_through_cache_rule(**rule)
            del created["ResponseMetadata"]
            moment = created.pop("createdAt")
            assert created == rule
            (found,) = client.describe_pull_through_cache_rules()["pullThroughCacheRules"]
            assert found == {**rule, "createdAt": moment, "updatedAt": moment}
            clock.tick(timedelta(hours=1))
            updated = client.update_pull_through_cache_rule(ecrRepositoryPrefix="hub", credentialArn=SECRET + "2")
            assert updated["credentialArn"] == SECRET + "2"
            assert updated["customRoleArn"] == ROLE
            assert updated["updatedAt"] == moment + timedelta(hours=1)
            validated = client.validate_pull_through_cache_rule(ecrRepositoryPrefix="hub")
            assert (validated["isValid"], validated["credentialArn"]) == (True, SECRET + "2")
            deleted = client.delete_pull_through_cache_rule(ecrRepositoryPrefix="hub")
            assert (deleted["createdAt"], deleted["upstreamRegistryUrl"]) == (moment, "registry-1.docker.io")
            assert client.describe_pull_through_cache_rules()["pullThroughCacheRules"] == []

    @pytest.mark.parametrize(
        ("url", "name", "needs_a_secret"),
        [
            ("999999999999.dkr.ecr.eu-west-1.amazonaws.com", "ecr", False),
            ("public.ecr.aws", "ecr-public", False),
            ("https://quay.io/", "quay", False),
            ("registry.k8s.io", "k8s", False),
            ("registry-1.docker.io", "docker-hub", True),
            ("ghcr.io", "github-container-registry", True),
            ("mine.azurecr.io", "azure-container-registry", True),
            ("registry.gitlab.com", "gitlab-container-registry", True),
            ("cgr.dev", "chainguard", True),
        ],
    )
    def test_is_of_an_upstream_that_aws_knows(self, client, url, name, needs_a_secret):
        rule = {"ecrRepositoryPrefix": "cache", "upstreamRegistryUrl": url}
        if needs_a_secret:
            code, message, _ = error_of(client.create_pull_through_cache_rule, **rule)
            assert code == "UnsupportedUpstreamRegistryException"
            assert message.startswith("The specified upstream registry requires authentication.")
            rule["credentialArn"] = SECRET
        created = client.create_pull_through_cache_rule(**rule)
        assert created["upstreamRegistry"] == name
        assert created["upstreamRegistryUrl"] == url.removeprefix("https://").rstrip("/")

    @pytest.mark.parametrize(
        "change",
        [
            {"upstreamRegistryUrl": "harbor.example.com"},
            {"upstreamRegistryUrl": "evil.com/public.ecr.aws"},
            {"upstreamRegistry": "quay"},
        ],
    )
    def test_of_another_upstream_is_refused(self, client, change):
        code, message, _ = error_of(client.create_pull_through_cache_rule, **{**PUBLIC, **change})
        assert code == "UnsupportedUpstreamRegistryException"
        assert message.endswith(" is invalid. Specify a valid upstream registry URL and try again")

    @pytest.mark.parametrize(
        "change",
        [
            {"ecrRepositoryPrefix": "A"},
            {"ecrRepositoryPrefix": "a"},
            {"ecrRepositoryPrefix": "a" * 31},
            {"upstreamRepositoryPrefix": "A!"},
            {"upstreamRegistry": "harbor"},
            {"credentialArn": SECRET.replace("ecr-pullthroughcache/", "")},
            {"registryId": "1"},
        ],
    )
    def test_is_refused_where_it_is_none(self, client, change):
        assert code_of(client.create_pull_through_cache_rule, **{**PUBLIC, **change}) == "InvalidParameterException"

    def test_is_there_once_a_prefix(self, client):
        client.create_pull_through_cache_rule(**PUBLIC)
        for prefix in (PUBLIC["ecrRepositoryPrefix"], PUBLIC["ecrRepositoryPrefix"] + "/"):
            code = code_of(client.create_pull_through_cache_rule, **{**PUBLIC, "ecrRepositoryPrefix": prefix})
            assert code == "PullThroughCacheRuleAlreadyExistsException"

    def test_that_is_not_there_is_not_found(self, client):
        for operation in (
            client.update_pull_through_cache_rule,
            client.delete_pull_through_cache_rule,
            client.validate_pull_through_cache_rule,
        ):
            assert code_of(operation, ecrRepositoryPrefix="no") == "PullThroughCacheRuleNotFoundException"
        describe = client.describe_pull_through_cache_rules
        assert code_of(describe, ecrRepositoryPrefixes=["no"]) == "PullThroughCacheRuleNotFoundException"

    def test_there_are_fifty_at_most_paged_or_named(self, client):
        for n in range(50):
            client.create_pull_through_cache_rule(**{**PUBLIC, "ecrRepositoryPrefix": f"cache{n}"})
        assert code_of(client.create_pull_through_cache_rule, **PUBLIC) == "LimitExceededException"
        describe = client.describe_pull_through_cache_rules
        check_paging(describe, "pullThroughCacheRules", "maxResults")
        found = describe(ecrRepositoryPrefixes=["cache7", "cache3", "cache7"])["pullThroughCacheRules"]
        assert [each["ecrRepositoryPrefix"] for each in found] == ["cache7", "cache3"]
        assert code_of(describe, ecrRepositoryPrefixes=["cache7"], maxResults=1) == "InvalidParameterException"


class TestPull:
    @pytest.fixture
    def offered(self, ecr, client):
        ecr.seed(UPSTREAM)
        client.create_pull_through_cache_rule(**PUBLIC)
        return client

    def test_creates_the_repository_and_serves_the_image(self, offered):
        pulled = pull(offered)
        assert pulled["failures"] == []
        (found,) = pulled["images"]
        assert found["imageManifest"] == image("alpine")
        assert found["repositoryName"] == ALPINE
        assert [each["repositoryName"] for each in offered.describe_repositories()["repositories"]] == [ALPINE]
        assert identifiers(offered.list_images(repositoryName=ALPINE)) == [(digest_of(image("alpine")), "3.20")]

    def test_by_digest_brings_the_image_untagged(self, offered):
        digest = digest_of(image("alpine"))
        assert pull(offered, imageDigest=digest)["images"][0]["imageManifest"] == image("alpine")
        assert identifiers(offered.list_images(repositoryName=ALPINE)) == [(digest, None)]

    def test_brings_an_index_with_its_images(self, offered):
        pull(offered, imageTag="multi")
        assert len(identifiers(offered.list_images(repositoryName=ALPINE))) == 3

    def test_of_what_is_not_upstream_fails_as_ever(self, offered):
        assert code_of(pull, client=offered, name="ecr-public/unknown") == "RepositoryNotFoundException"
        assert code_of(pull, client=offered, imageTag="unknown") == "RepositoryNotFoundException"
        pull(offered)
        assert pull(offered, imageTag="unknown")["failures"][0]["failureCode"] == "ImageNotFound"

    def test_of_a_tag_with_another_digest_brings_nothing(self, offered):
        wrong = {"imageTag": "3.20", "imageDigest": digest_of("wrong")}
        assert code_of(pull, client=offered, **wrong) == "RepositoryNotFoundException"

    def test_follows_a_tag_that_moves_upstream(self, ecr, offered):
        pull(offered)
        new = image("newer")
        ecr.seed({"upstream": [{"url": "public.ecr.aws", "repositories": [
            {"name": "docker/library/alpine", "images": [{"manifest": new, "tags": ["3.20"]}]}]}]})  # fmt: skip
        assert pull(offered)["images"][0]["imageManifest"] == new
        assert set(identifiers(offered.list_images(repositoryName=ALPINE))) == {
            (digest_of(image("alpine")), None), (digest_of(new), "3.20")}  # fmt: skip

    def test_is_cached(self, offered):
        pull(offered)
        offered.delete_pull_through_cache_rule(ecrRepositoryPrefix="ecr-public")
        assert pull(offered)["failures"] == []

    def test_makes_the_repository_by_its_template(self, offered):
        offered.create_repository_creation_template(
            prefix="ecr-public", appliedFor=["PULL_THROUGH_CACHE"], imageTagMutability="IMMUTABLE"
        )
        pull(offered)
        (repository,) = offered.describe_repositories()["repositories"]
        assert repository["imageTagMutability"] == "IMMUTABLE"

    @pytest.mark.parametrize(
        ("prefix", "upstream", "name"),
        [
            ("ROOT", None, "library/nginx"),
            ("ROOT", "library", "nginx"),
            ("hub", "library", "hub/nginx"),
            ("hub", "ROOT", "hub/library/nginx"),
            ("hub/", "library/", "hub/nginx"),
        ],
    )
    def test_maps_prefixes(self, ecr, client, prefix, upstream, name):
        ecr.seed(UPSTREAM)
        more = {} if upstream is None else {"upstreamRepositoryPrefix": upstream}
        client.create_pull_through_cache_rule(
            ecrRepositoryPrefix=prefix, upstreamRegistryUrl="registry-1.docker.io", credentialArn=SECRET, **more
        )
        assert len(pull(client, name, imageTag="1")["images"]) == 1

    def test_goes_by_the_longest_prefix(self, ecr, client):
        ecr.seed(UPSTREAM)

        def rule(prefix, url):
            client.create_pull_through_cache_rule(
                ecrRepositoryPrefix=prefix, upstreamRegistryUrl=url, credentialArn=SECRET
            )

        # ROOT is the shortest, though it has more letters.
        rule("ROOT", "quay.io")
        rule("hub", "registry-1.docker.io")
        assert len(pull(client, "hub/library/nginx", imageTag="1")["images"]) == 1
        client.delete_repository(repositoryName="hub/library/nginx", force=True)
        rule("hub/library", "quay.io")
        assert code_of(pull, client=client, name="hub/library/nginx", imageTag="1") == "RepositoryNotFoundException"
        assert code_of(pull, client=client, name="hubs/library/nginx", imageTag="1") == "RepositoryNotFoundException"

    def test_of_what_no_image_can_be_called_fails(self, any_ecr):
        any_ecr.seed(UPSTREAM)
        client = unchecked(any_ecr)
        client.create_pull_through_cache_rule(ecrRepositoryPrefix="ecr-public", upstreamRegistryUrl="public.ecr.aws")
        pull(client)
        for image_id, code in (({"imageTag": "\0"}, "InvalidImageTag"), ({"imageDigest": "\0"}, "InvalidImageDigest")):
            (failure,) = pull(client, **image_id)["failures"]
            assert failure["failureCode"] == code

    def test_is_scanned_as_what_is_pushed(self, offered):
        filters = [{"filter": "*", "filterType": "WILDCARD"}]
        offered.put_registry_scanning_configuration(
            rules=[{"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": filters}]
        )
        pull(offered)
        scanned = {"repositoryName": ALPINE, "imageId": {"imageTag": "3.20"}}
        assert offered.describe_image_scan_findings(**scanned)["imageScanStatus"]["status"] == "COMPLETE"


class TestOwnUpstream:
    """Where a rule pulls from ECR, this fake's own registries are upstream."""

    URL = "555555555555.dkr.ecr.eu-west-1.amazonaws.com"

    @pytest.fixture
    def ruled(self, ecr, client):
        ecr.push("srv/app", "v1", manifest=image("own"), registry_id="555555555555", region="eu-west-1")
        client.create_pull_through_cache_rule(
            ecrRepositoryPrefix="acd", upstreamRegistryUrl=self.URL, customRoleArn=ROLE
        )
        return client

    def test_is_pulled_from(self, ruled):
        (pulled,) = pull(ruled, "acd/srv/app", imageTag="v1")["images"]
        assert pulled["imageId"]["imageDigest"] == digest_of(image("own"))

    def test_comes_before_what_a_seed_offers(self, ecr, ruled):
        theirs = {"name": "srv/app", "images": [{"tags": ["v1", "v2"], "manifest": image("theirs")}]}
        ecr.seed({"upstream": [{"url": self.URL, "repositories": [theirs, {**theirs, "name": "srv/other"}]}]})
        (pulled,) = pull(ruled, "acd/srv/app", imageTag="v1")["images"]
        assert pulled["imageId"]["imageDigest"] == digest_of(image("own"))
        (pulled,) = pull(ruled, "acd/srv/other", imageTag="v1")["images"]
        assert pulled["imageId"]["imageDigest"] == digest_of(image("theirs"))

    def test_gives_no_archived_image(self, ecr, ruled):
        ecr.client("eu-west-1").update_image_storage_class(
            registryId="555555555555",
            repositoryName="srv/app",
            imageId={"imageTag": "v1"},
            targetStorageClass="ARCHIVE",
        )
        assert code_of(pull, client=ruled, name="acd/srv/app", imageTag="v1") == "RepositoryNotFoundException"


class TestUpstreamSeed:
    def test_is_nowhere_a_client_is_sent_to(self, ecr, client, caplog):
        ecr.seed(UPSTREAM)
        assert code_of(client.list_images, repositoryName="library/nginx") == "RepositoryNotFoundException"
        assert caplog.text == ""

    def test_is_seen_by_no_client(self, ecr, client):
        ecr.seed(UPSTREAM)
        assert client.describe_repositories()["repositories"] == []
        upstream = {"repositoryName": "library/nginx", "registryId": "upstream"}
        assert code_of(client.list_images, **upstream) == "InvalidParameterException"

    @pytest.mark.parametrize(
        ("upstream", "message"),
        [
            ([{"repositories": []}], r"upstream\[0\]: the key 'url' is missing"),
            ([{"url": "no url", "repositories": []}], r"upstream\[0\].url: expected"),
            (
                [{"url": "docker.io"}],
                "can name 'docker.io'; the hosts are .*, registry-1.docker.io, .* of Azure and ECR",
            ),
            (
                [{"url": "quay.io", "repositories": [{"name": "app", "policy": "{}"}]}],
                r"repositories\[0\].policy: unknown key 'policy'; the keys here are name, layers, images",
            ),
            ([{"url": "quay.io", "repositories": [{"name": "A"}]}], r"upstream\[0\].repositories\[0\].name: expected"),
        ],
    )
    def test_is_checked(self, ecr, upstream, message):
        with pytest.raises(SeedError, match=message):
            ecr.seed({"upstream": upstream})
