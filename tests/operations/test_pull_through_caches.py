"""Pull-through cache rules, and pulls of images that a seed or a registry of the fake has upstream."""

from __future__ import annotations

from datetime import timedelta

import pytest
from freezegun import freeze_time

from fakeecr import FakeECR, SeedError
from tests.answers import check_paging, code_of, error_of, identifiers
from tests.conftest import unchecked
from tests.manifests import digest_of, image
from tests.operations.helpers import content, only_repository
from tests.operations.samples import PUBLIC_RULE, SECRET

ROLE = "arn:aws:iam::123456789012:role/puller"
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


def pull(client, repository=ALPINE, **image_id):
    """Pull an image, the tag 3.20 unless another id is given; return the response."""
    return client.batch_get_image(repositoryName=repository, imageIds=[image_id or {"imageTag": "3.20"}])


# --- Rules -------------------------------------------------------------------------------------------


def test_a_pull_through_cache_rule_is_created_described_updated_validated_and_deleted(database):
    rule = {
        "ecrRepositoryPrefix": "hub",
        "upstreamRegistryUrl": "registry-1.docker.io",
        "upstreamRegistry": "docker-hub",
        "credentialArn": SECRET,
        "customRoleArn": ROLE,
        "upstreamRepositoryPrefix": "library",
        "registryId": "123456789012",
    }
    with freeze_time("2026-01-01") as clock, FakeECR(database) as ecr:
        client = unchecked(ecr)

        created = content(client.create_pull_through_cache_rule(**rule))
        created_at = created.pop("createdAt")
        assert created == rule
        (described,) = client.describe_pull_through_cache_rules()["pullThroughCacheRules"]
        assert described == {**rule, "createdAt": created_at, "updatedAt": created_at}

        clock.tick(timedelta(hours=1))
        updated = client.update_pull_through_cache_rule(ecrRepositoryPrefix="hub", credentialArn=SECRET + "2")
        assert updated["credentialArn"] == SECRET + "2"
        assert updated["customRoleArn"] == ROLE
        assert updated["updatedAt"] == created_at + timedelta(hours=1)

        validated = client.validate_pull_through_cache_rule(ecrRepositoryPrefix="hub")
        assert (validated["isValid"], validated["credentialArn"]) == (True, SECRET + "2")

        deleted = client.delete_pull_through_cache_rule(ecrRepositoryPrefix="hub")
        assert (deleted["createdAt"], deleted["upstreamRegistryUrl"]) == (created_at, "registry-1.docker.io")
        assert client.describe_pull_through_cache_rules()["pullThroughCacheRules"] == []


@pytest.mark.parametrize(
    ("url", "upstream_registry", "needs_credentials"),
    [
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com", "ecr", False),
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
def test_the_url_of_a_rule_determines_its_upstream_registry(client, url, upstream_registry, needs_credentials):
    rule = {"ecrRepositoryPrefix": "cache", "upstreamRegistryUrl": url}
    if needs_credentials:
        code, message, _ = error_of(client.create_pull_through_cache_rule, **rule)
        assert code == "UnsupportedUpstreamRegistryException"
        assert message.startswith("The specified upstream registry requires authentication.")
        rule["credentialArn"] = SECRET

    created = client.create_pull_through_cache_rule(**rule)

    assert created["upstreamRegistry"] == upstream_registry
    assert created["upstreamRegistryUrl"] == url.removeprefix("https://").rstrip("/")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"upstreamRegistryUrl": "harbor.example.com"}, id="a host that AWS does not support"),
        pytest.param({"upstreamRegistryUrl": "evil.com/public.ecr.aws"}, id="a supported host in the path"),
        pytest.param({"upstreamRegistry": "quay"}, id="the name of another registry"),
    ],
)
def test_a_rule_of_an_unsupported_upstream_registry_is_refused(client, change):
    code, message, _ = error_of(client.create_pull_through_cache_rule, **{**PUBLIC_RULE, **change})

    assert code == "UnsupportedUpstreamRegistryException"
    assert message.endswith(" is invalid. Specify a valid upstream registry URL and try again")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"ecrRepositoryPrefix": "A"}, id="a capital in the prefix"),
        pytest.param({"ecrRepositoryPrefix": "a"}, id="a prefix of 1"),
        pytest.param({"ecrRepositoryPrefix": "a" * 31}, id="a prefix of 31"),
        pytest.param({"upstreamRepositoryPrefix": "A!"}, id="an invalid upstream prefix"),
        pytest.param({"upstreamRegistry": "harbor"}, id="an unknown upstream registry"),
        pytest.param({"credentialArn": SECRET.replace("ecr-pullthroughcache/", "")}, id="a secret of another name"),
        pytest.param({"registryId": "1"}, id="an invalid registry id"),
    ],
)
def test_an_invalid_pull_through_cache_rule_is_refused(client, change):
    assert code_of(client.create_pull_through_cache_rule, **{**PUBLIC_RULE, **change}) == "InvalidParameterException"


@pytest.mark.parametrize("arn", [ROLE.replace("123456789012", "999999999999"), ROLE.replace(":role/", ":user/"), "x"])
def test_the_custom_role_of_a_rule_must_be_in_the_account_of_the_registry(client, arn):
    """The role must be in the same account as the registry that is configured [model]."""
    code = code_of(client.create_pull_through_cache_rule, **PUBLIC_RULE, customRoleArn=arn)
    assert code == "InvalidParameterException"

    client.create_pull_through_cache_rule(**PUBLIC_RULE, customRoleArn=ROLE)

    update = client.update_pull_through_cache_rule
    code = code_of(update, ecrRepositoryPrefix=PUBLIC_RULE["ecrRepositoryPrefix"], customRoleArn=arn)
    assert code == "InvalidParameterException"


def test_the_custom_role_of_a_rule_of_another_registry_must_be_in_the_account_of_that_registry(client):
    rule = {**PUBLIC_RULE, "registryId": "999999999999"}

    assert code_of(client.create_pull_through_cache_rule, **rule, customRoleArn=ROLE) == "InvalidParameterException"
    client.create_pull_through_cache_rule(**rule, customRoleArn=ROLE.replace("123456789012", "999999999999"))


@pytest.mark.newest_model("prefix that ends with a slash")
def test_a_second_rule_of_the_same_prefix_is_refused(client):
    client.create_pull_through_cache_rule(**PUBLIC_RULE)

    for prefix in (PUBLIC_RULE["ecrRepositoryPrefix"], PUBLIC_RULE["ecrRepositoryPrefix"] + "/"):
        code = code_of(client.create_pull_through_cache_rule, **{**PUBLIC_RULE, "ecrRepositoryPrefix": prefix})
        assert code == "PullThroughCacheRuleAlreadyExistsException"


@pytest.mark.newest_model("prefix that ends with a slash")
@pytest.mark.parametrize(("created", "given"), [("hub", "hub/"), ("hub/", "hub"), ("hub/", "hub/")])
def test_a_rule_is_found_by_its_prefix_with_or_without_a_slash_at_the_end(client, created, given):
    """There is always an assumed slash at the end of a prefix [model]."""
    client.create_pull_through_cache_rule(**{**PUBLIC_RULE, "ecrRepositoryPrefix": created})

    response = client.describe_pull_through_cache_rules(ecrRepositoryPrefixes=[given, created])
    assert [rule["ecrRepositoryPrefix"] for rule in response["pullThroughCacheRules"]] == [created]
    for operation in (
        client.update_pull_through_cache_rule,
        client.validate_pull_through_cache_rule,
        client.delete_pull_through_cache_rule,
    ):
        assert operation(ecrRepositoryPrefix=given)["ecrRepositoryPrefix"] == created
    assert client.describe_pull_through_cache_rules()["pullThroughCacheRules"] == []


def test_an_unknown_pull_through_cache_rule_is_not_found(client):
    for operation in (
        client.update_pull_through_cache_rule,
        client.delete_pull_through_cache_rule,
        client.validate_pull_through_cache_rule,
    ):
        assert code_of(operation, ecrRepositoryPrefix="no") == "PullThroughCacheRuleNotFoundException"
    describe = client.describe_pull_through_cache_rules
    assert code_of(describe, ecrRepositoryPrefixes=["no"]) == "PullThroughCacheRuleNotFoundException"


def test_a_registry_has_at_most_fifty_rules_which_are_described_in_pages_or_by_prefix(client):
    describe = client.describe_pull_through_cache_rules
    for n in range(50):
        client.create_pull_through_cache_rule(**{**PUBLIC_RULE, "ecrRepositoryPrefix": f"cache{n}"})

    assert code_of(client.create_pull_through_cache_rule, **PUBLIC_RULE) == "LimitExceededException"

    check_paging(describe, "pullThroughCacheRules", "maxResults")
    prefixes = ["cache7", "cache3", "cache5", "cache7"]
    rules = describe(ecrRepositoryPrefixes=prefixes)["pullThroughCacheRules"]
    assert [rule["ecrRepositoryPrefix"] for rule in rules] == ["cache7", "cache3", "cache5"]
    # The model forbids pages of named repositories and images, and not of named rules.
    check_paging(describe, "pullThroughCacheRules", "maxResults", ecrRepositoryPrefixes=prefixes)
    token = describe(maxResults=1)["nextToken"]
    assert code_of(describe, ecrRepositoryPrefixes=prefixes, nextToken=token) == "InvalidParameterException"


# --- Pulls from a seed's upstream --------------------------------------------------------------------


@pytest.fixture
def public_cache(ecr, client):
    """Seed upstream registries, and create the pull-through cache rule of public.ecr.aws."""
    ecr.seed(UPSTREAM)
    client.create_pull_through_cache_rule(**PUBLIC_RULE)


def test_a_pull_through_a_cache_creates_the_repository_and_returns_the_image(client, public_cache):
    response = pull(client)

    assert response["failures"] == []
    (pulled,) = response["images"]
    assert pulled["imageManifest"] == image("alpine")
    assert pulled["repositoryName"] == ALPINE
    repositories = client.describe_repositories()["repositories"]
    assert [repository["repositoryName"] for repository in repositories] == [ALPINE]
    assert identifiers(client.list_images(repositoryName=ALPINE)) == [(digest_of(image("alpine")), "3.20")]


def test_a_pull_by_digest_through_a_cache_stores_the_image_untagged(client, public_cache):
    digest = digest_of(image("alpine"))

    assert pull(client, imageDigest=digest)["images"][0]["imageManifest"] == image("alpine")

    assert identifiers(client.list_images(repositoryName=ALPINE)) == [(digest, None)]


def test_a_pull_of_an_index_through_a_cache_stores_its_images_too(client, public_cache):
    pull(client, imageTag="multi")

    assert len(identifiers(client.list_images(repositoryName=ALPINE))) == 3


def test_a_pull_of_an_image_that_is_not_upstream_fails_as_without_a_cache(client, public_cache):
    assert code_of(pull, client=client, repository="ecr-public/unknown") == "RepositoryNotFoundException"
    assert code_of(pull, client=client, imageTag="unknown") == "RepositoryNotFoundException"
    pull(client)
    assert pull(client, imageTag="unknown")["failures"][0]["failureCode"] == "ImageNotFound"


def test_a_pull_of_a_tag_with_another_digest_through_a_cache_stores_nothing(client, public_cache):
    image_id = {"imageTag": "3.20", "imageDigest": digest_of("wrong")}

    assert code_of(pull, client=client, **image_id) == "RepositoryNotFoundException"


def test_a_pull_through_a_cache_follows_a_tag_that_moved_upstream(ecr, client, public_cache):
    pull(client)
    new = image("newer")
    ecr.seed({"upstream": [{"url": "public.ecr.aws", "repositories": [
        {"name": "docker/library/alpine", "images": [{"manifest": new, "tags": ["3.20"]}]}]}]})  # fmt: skip

    assert pull(client)["images"][0]["imageManifest"] == new

    assert set(identifiers(client.list_images(repositoryName=ALPINE))) == {
        (digest_of(image("alpine")), None), (digest_of(new), "3.20")}  # fmt: skip


def test_a_cached_image_can_be_pulled_after_its_rule_is_deleted(client, public_cache):
    pull(client)
    client.delete_pull_through_cache_rule(ecrRepositoryPrefix="ecr-public")

    assert pull(client)["failures"] == []


def test_a_pull_through_a_cache_creates_the_repository_by_its_template(client, public_cache):
    client.create_repository_creation_template(
        prefix="ecr-public", appliedFor=["PULL_THROUGH_CACHE"], imageTagMutability="IMMUTABLE"
    )

    pull(client)

    assert only_repository(client)["imageTagMutability"] == "IMMUTABLE"


@pytest.mark.parametrize(
    ("prefix", "upstream_prefix", "repository"),
    [
        ("ROOT", None, "library/nginx"),
        ("hub", "library", "hub/nginx"),
        ("hub", "ROOT", "hub/library/nginx"),
        ("hub/", "library/", "hub/nginx"),
    ],
)
def test_a_rule_maps_its_prefix_to_the_upstream_prefix(ecr, client, prefix, upstream_prefix, repository):
    ecr.seed(UPSTREAM)
    upstream = {} if upstream_prefix is None else {"upstreamRepositoryPrefix": upstream_prefix}
    client.create_pull_through_cache_rule(
        ecrRepositoryPrefix=prefix, upstreamRegistryUrl="registry-1.docker.io", credentialArn=SECRET, **upstream
    )

    assert len(pull(client, repository, imageTag="1")["images"]) == 1


def test_the_rule_of_the_longest_prefix_applies(ecr, client):
    ecr.seed(UPSTREAM)

    def create_rule(prefix, url):
        client.create_pull_through_cache_rule(ecrRepositoryPrefix=prefix, upstreamRegistryUrl=url, credentialArn=SECRET)

    # ROOT is the shortest prefix, though it has more letters than "hub".
    create_rule("ROOT", "quay.io")
    create_rule("hub", "registry-1.docker.io")
    assert len(pull(client, "hub/library/nginx", imageTag="1")["images"]) == 1

    client.delete_repository(repositoryName="hub/library/nginx", force=True)
    create_rule("hub/library", "quay.io")
    for repository in ("hub/library/nginx", "hubs/library/nginx"):
        code = code_of(pull, client=client, repository=repository, imageTag="1")
        assert code == "RepositoryNotFoundException"


def test_a_pull_of_a_malformed_image_id_through_a_cache_is_a_failure(any_ecr):
    any_ecr.seed(UPSTREAM)
    client = unchecked(any_ecr)
    client.create_pull_through_cache_rule(**PUBLIC_RULE)
    pull(client)

    for image_id, code in (({"imageTag": "\0"}, "InvalidImageTag"), ({"imageDigest": "\0"}, "InvalidImageDigest")):
        (failure,) = pull(client, **image_id)["failures"]
        assert failure["failureCode"] == code


def test_an_image_pulled_through_a_cache_is_scanned_on_push(client, public_cache):
    filters = [{"filter": "*", "filterType": "WILDCARD"}]
    client.put_registry_scanning_configuration(rules=[{"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": filters}])

    pull(client)

    scanned = {"repositoryName": ALPINE, "imageId": {"imageTag": "3.20"}}
    assert client.describe_image_scan_findings(**scanned)["imageScanStatus"]["status"] == "COMPLETE"


# --- Pulls from another registry of the fake ---------------------------------------------------------

ECR_URL = "555555555555.dkr.ecr.eu-west-1.amazonaws.com"


@pytest.fixture
def ecr_cache(ecr, client):
    """Push an image to another registry of the fake, and create the pull-through cache rule of that registry."""
    ecr.push("srv/app", "v1", manifest=image("own"), registry_id="555555555555", region="eu-west-1")
    client.create_pull_through_cache_rule(ecrRepositoryPrefix="acd", upstreamRegistryUrl=ECR_URL, customRoleArn=ROLE)


def test_a_rule_of_ecr_pulls_from_the_fakes_own_registry(client, ecr_cache):
    (pulled,) = pull(client, "acd/srv/app", imageTag="v1")["images"]

    assert pulled["imageId"]["imageDigest"] == digest_of(image("own"))


def test_the_fakes_own_registry_takes_precedence_over_a_seeds_upstream(ecr, client, ecr_cache):
    app = {"name": "srv/app", "images": [{"tags": ["v1", "v2"], "manifest": image("theirs")}]}
    ecr.seed({"upstream": [{"url": ECR_URL, "repositories": [app, {**app, "name": "srv/other"}]}]})

    (pulled,) = pull(client, "acd/srv/app", imageTag="v1")["images"]
    assert pulled["imageId"]["imageDigest"] == digest_of(image("own"))

    (pulled,) = pull(client, "acd/srv/other", imageTag="v1")["images"]
    assert pulled["imageId"]["imageDigest"] == digest_of(image("theirs"))


def test_an_archived_upstream_image_cannot_be_pulled(ecr, client, ecr_cache):
    ecr.client("eu-west-1").update_image_storage_class(
        registryId="555555555555",
        repositoryName="srv/app",
        imageId={"imageTag": "v1"},
        targetStorageClass="ARCHIVE",
    )

    code = code_of(pull, client=client, repository="acd/srv/app", imageTag="v1")

    assert code == "RepositoryNotFoundException"


# --- Upstream registries in a seed -------------------------------------------------------------------


def test_the_log_does_not_suggest_an_upstream_repository_of_a_seed(ecr, client, caplog):
    ecr.seed(UPSTREAM)

    assert code_of(client.list_images, repositoryName="library/nginx") == "RepositoryNotFoundException"

    assert caplog.text == ""


def test_a_client_cannot_see_the_upstream_repositories_of_a_seed(ecr, client):
    ecr.seed(UPSTREAM)

    assert client.describe_repositories()["repositories"] == []

    upstream = {"repositoryName": "library/nginx", "registryId": "upstream"}
    assert code_of(client.list_images, **upstream) == "InvalidParameterException"


@pytest.mark.parametrize(
    ("upstream", "message"),
    [
        pytest.param([{"repositories": []}], r"upstream\[0\]: the key 'url' is missing", id="no url"),
        pytest.param([{"url": "no url", "repositories": []}], r"upstream\[0\].url: expected", id="a malformed url"),
        pytest.param(
            [{"url": "docker.io"}],
            "can pull from 'docker.io'; the hosts are .*, registry-1.docker.io, .* of Azure and ECR",
            id="an unsupported url",
        ),
        pytest.param(
            [{"url": "quay.io", "repositories": [{"name": "app", "policy": "{}"}]}],
            r"repositories\[0\].policy: unknown key 'policy'; the keys here are name, layers, images",
            id="a key of other repositories",
        ),
        pytest.param(
            [{"url": "quay.io", "repositories": [{"name": "A"}]}],
            r"upstream\[0\].repositories\[0\].name: expected",
            id="a malformed repository name",
        ),
    ],
)
def test_an_invalid_upstream_registry_in_a_seed_is_refused(ecr, upstream, message):
    with pytest.raises(SeedError, match=message):
        ecr.seed({"upstream": upstream})
