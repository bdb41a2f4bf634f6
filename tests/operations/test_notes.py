"""The notes on errors: what exists instead, where else something is, and what has to be called first."""

from __future__ import annotations

import json

import pytest
from freezegun import freeze_time

from fakeecr import FakeECR
from tests.answers import api_request, notes_of
from tests.conftest import unchecked
from tests.manifests import CONFIG, blob, digest_of, image, index
from tests.operations.helpers import archive_image, scanning_rules, seed_of

MISSING = "sha256:" + "0" * 64
ONE = image("one")


def repositories(*names):
    return seed_of(*[{"name": name} for name in names])


# --- Repositories ------------------------------------------------------------------------------------


def test_an_empty_registry_is_said_to_be_empty(client):
    notes = notes_of(client.list_images, repositoryName="web")

    assert notes == (
        "Registry 123456789012 in us-east-1 is empty: CreateRepository, push() or a seed puts a repository into it."
    )


@pytest.mark.parametrize(
    ("existing", "expected"),
    [
        pytest.param(["api"], "the repository 'api'.", id="one"),
        pytest.param(["web-1", "api"], "the repositories 'api', 'web-1'. Did you mean 'web-1'?", id="two"),
        pytest.param(["wbe"], "the repository 'wbe'. Did you mean 'wbe'?", id="a typing error"),
        pytest.param(["team/web"], "the repository 'team/web'. Did you mean 'team/web'?", id="another namespace"),
        pytest.param(["team/api"], "the repository 'team/api'.", id="another name"),
        pytest.param(
            [f"r{n}" for n in range(10)],
            "the repositories 'r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7', 'r8', 'r9'.",
            id="ten",
        ),
        pytest.param(
            [f"x{n:02}" for n in range(47)],
            "the repositories 'x00', 'x01', 'x02', 'x03', 'x04', 'x05', 'x06', 'x07', 'x08', 'x09', … and 37 more.",
            id="47 that follow it in the alphabet",
        ),
        pytest.param(
            [f"a{n:03}" for n in range(150)] + ["xx"],
            "the repositories 'a141', 'a142', 'a143', 'a144', 'a145', 'a146', 'a147', 'a148', 'a149', 'xx', "
            "… and at least 91 more.",
            id="more than are read",
        ),
    ],
)
def test_a_missing_repository_comes_with_those_that_exist_and_the_closest_name(ecr, client, existing, expected):
    ecr.seed(repositories(*existing))

    notes = notes_of(client.list_images, repositoryName="web")

    assert notes == f"Registry 123456789012 in us-east-1 has {expected}"


def test_a_missing_repository_comes_with_the_registries_that_have_it(ecr, client):
    ecr.push("web", region="eu-west-1")
    ecr.push("web", registry_id="222222222222")

    first, second = notes_of(client.list_images, repositoryName="web").splitlines()

    assert first == (
        "There is no repository 'web' in registry 123456789012 in us-east-1; this fake has one in "
        "registry 123456789012 in eu-west-1, registry 222222222222 in us-east-1."
    )
    assert second.startswith("Registry 123456789012 in us-east-1 is empty")


def test_the_registries_that_have_a_repository_are_listed_up_to_ten(ecr, client):
    for number in range(12):
        ecr.push("web", registry_id=f"{number:012}")

    notes = notes_of(client.list_images, repositoryName="web")

    assert "registry 000000000009 in us-east-1, … and 2 more." in notes
    assert "registry 000000000010" not in notes


def test_an_upstream_repository_is_no_other_registry(ecr, client):
    ecr.seed({"upstream": [{"url": "public.ecr.aws", "repositories": [{"name": "web"}]}]})

    assert "this fake has one" not in notes_of(client.list_images, repositoryName="web")


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        pytest.param("describe_repositories", {"repositoryNames": ["web"]}, id="DescribeRepositories"),
        pytest.param("put_image", {"repositoryName": "web", "imageManifest": ONE}, id="PutImage"),
        pytest.param("batch_get_image", {"repositoryName": "web", "imageIds": [{"imageTag": "1"}]}, id="BatchGetImage"),
        pytest.param(
            "list_tags_for_resource",
            {"resourceArn": "arn:aws:ecr:us-east-1:123456789012:repository/web"},
            id="ListTagsForResource",
        ),
    ],
)
def test_every_way_to_name_a_missing_repository_has_the_note(ecr, client, method, parameters):
    ecr.seed(repositories("web-1"))

    assert notes_of(getattr(client, method), **parameters).endswith("Did you mean 'web-1'?")


def test_a_pull_through_a_cache_comes_with_what_the_upstream_lacks(ecr, client):
    client.create_pull_through_cache_rule(ecrRepositoryPrefix="public", upstreamRegistryUrl="public.ecr.aws")

    notes = notes_of(client.batch_get_image, repositoryName="public/nginx", imageIds=[{"imageTag": "1"}])

    assert notes.splitlines()[-1] == (
        "The pull-through cache rule 'public' matches, but public.ecr.aws/nginx does not have the image in this fake; "
        "the key 'upstream' of a seed puts it there."
    )


def test_a_repository_that_is_not_empty_comes_with_its_images(ecr, client):
    tagged = ecr.push("web", "1.0", "latest").digest
    untagged = ecr.push("web").digest

    notes = notes_of(client.delete_repository, repositoryName="web")

    assert notes == (
        f"It has '1.0' ({tagged[:19]}…), 'latest' ({tagged[:19]}…), {untagged[:19]}…. "
        "DeleteRepository with force=True deletes images, too."
    )


def test_a_repository_that_only_looks_empty_comes_with_the_filter_that_shows_its_images(ecr, client):
    digest = ecr.push("web", "1.0").digest
    archive_image(client, imageTag="1.0")

    first, second = notes_of(client.delete_repository, repositoryName="web").splitlines()

    assert first.startswith(f"It has '1.0' ({digest[:19]}…, ARCHIVED).")
    assert second == "ListImages lists images that are not ACTIVE only if its filter has the imageStatus ANY."


@pytest.mark.parametrize(
    ("count", "more"),
    [
        pytest.param(3, "", id="3"),
        pytest.param(5, ", … and 2 more", id="5"),
        pytest.param(500, ", … and at least 97 more", id="500"),
    ],
)
def test_three_images_are_listed_and_the_others_counted(ecr, client, count, more):
    ecr.seed(seed_of({"name": "web", "images": [{"count": count, "tags": ["b{n}"]}]}))

    notes = notes_of(client.delete_repository, repositoryName="web")

    assert notes.count("'b") == 3
    assert f"…){more}. DeleteRepository" in notes


# --- Images ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        pytest.param([], "Repository 'web' has no tags.", id="untagged"),
        pytest.param(["1.0"], "Repository 'web' has the tag '1.0'.", id="one"),
        pytest.param(
            ["1.0", "lates", "test"],
            "Repository 'web' has the tags '1.0', 'lates', 'test'. Did you mean 'lates'?",
            id="a similar one",
        ),
    ],
)
def test_a_missing_tag_comes_with_those_that_exist_and_the_closest_one(ecr, client, tags, expected):
    ecr.push("web", *tags)

    notes = notes_of(client.describe_images, repositoryName="web", imageIds=[{"imageTag": "latest"}])

    assert notes == expected


def test_a_missing_tag_of_many_comes_with_its_neighbours_in_the_alphabet(ecr, client):
    ecr.seed(seed_of({"name": "web", "images": [{"count": 1000, "tags": ["v{n}"]}]}))

    notes = notes_of(client.start_image_scan, repositoryName="web", imageId={"imageTag": "v500x"})

    assert "'v499', 'v5', 'v50', 'v500', 'v501', 'v502'" in notes
    assert notes.endswith("Did you mean 'v500'?")


def test_a_tag_of_another_image_comes_with_that_image(ecr, client):
    digest = ecr.push("web", "1.0").digest

    notes = notes_of(
        client.describe_images, repositoryName="web", imageIds=[{"imageTag": "1.0", "imageDigest": MISSING}]
    )

    assert notes == f"The tag '1.0' belongs to the image {digest}."


@pytest.mark.parametrize(
    ("place", "named"),
    [
        pytest.param({}, "Repository 'api'", id="the same registry"),
        pytest.param(
            {"region": "eu-west-1"}, "Repository 'api' in registry 123456789012 in eu-west-1", id="another region"
        ),
        pytest.param(
            {"registry_id": "222222222222"},
            "Repository 'api' in registry 222222222222 in us-east-1",
            id="another account",
        ),
    ],
)
def test_a_missing_digest_comes_with_another_repository_that_has_it(ecr, client, place, named):
    ecr.push("web", "1.0")
    ecr.push("api", manifest=ONE, **place)

    notes = notes_of(client.describe_images, repositoryName="web", imageIds=[{"imageDigest": digest_of(ONE)}])

    assert notes == f"{named} has this image."


def test_a_digest_that_no_repository_has_comes_with_the_images_of_its_own(ecr, client):
    digest = ecr.push("web", "1.0").digest
    ecr.seed(repositories("empty"))

    full = notes_of(client.describe_images, repositoryName="web", imageIds=[{"imageDigest": MISSING}])
    empty = notes_of(client.describe_images, repositoryName="empty", imageIds=[{"imageDigest": MISSING}])

    assert full == f"Repository 'web' has '1.0' ({digest[:19]}…)."
    assert empty == "Repository 'empty' has no images."


def test_a_malformed_image_id_needs_no_note(ecr, client):
    ecr.push("web", "1.0")

    assert notes_of(client.describe_images, repositoryName="web", imageIds=[{"imageTag": "a b"}]) == ""


@pytest.mark.parametrize(
    ("mutability", "shown"),
    [
        pytest.param({"imageTagMutability": "IMMUTABLE"}, "IMMUTABLE", id="immutable"),
        pytest.param(
            {
                "imageTagMutability": "MUTABLE_WITH_EXCLUSION",
                "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "v*"}],
            },
            "MUTABLE_WITH_EXCLUSION, with the filters 'v*'",
            id="mutable with an exclusion",
        ),
    ],
)
def test_an_immutable_tag_comes_with_the_image_that_has_it(ecr, client, mutability, shown):
    digest = ecr.push("web", "v1").digest
    client.put_image_tag_mutability(repositoryName="web", **mutability)

    notes = notes_of(client.put_image, repositoryName="web", imageManifest=ONE, imageTag="v1")

    assert notes == f"The image {digest} has the tag. The imageTagMutability of 'web' is {shown}."


def test_a_digest_that_does_not_match_comes_with_the_manifests(client, web):
    notes = notes_of(client.put_image, repositoryName="web", imageManifest=ONE, imageDigest=MISSING)

    assert notes.startswith(f"The digest of the manifest is {digest_of(ONE)}")


def test_an_invalid_manifest_comes_with_the_key_that_is_wrong(client, web):
    manifest = image(layers=[blob("a"), blob("b", -1)])

    notes = notes_of(client.put_image, repositoryName="web", imageManifest=manifest)

    assert notes == "The manifest is invalid: layers[1].size: expected a whole number of at least 0; got -1."


def test_a_list_whose_images_are_missing_comes_with_the_repository_that_has_them(ecr, client, web):
    ecr.push("api", manifest=ONE)

    notes = notes_of(client.put_image, repositoryName="web", imageManifest=index(ONE, image("two")))

    assert notes == (
        f"Repository 'api' has {digest_of(ONE)}. The images of a list must be in its own repository: "
        "push them to 'web' first."
    )


# --- Layers ------------------------------------------------------------------------------------------


def test_a_layer_that_an_image_refers_to_was_not_uploaded(ecr, client):
    ecr.push("web", manifest=image(layers=[blob("layer")]))

    notes = notes_of(client.get_download_url_for_layer, repositoryName="web", layerDigest=digest_of("layer"))

    assert notes == (
        "An image in 'web' refers to this layer, but its bytes were not uploaded. "
        "UploadLayerPart and CompleteLayerUpload put a layer into a repository, as push(layers=[…]) and seeds do."
    )


def test_a_missing_layer_comes_with_another_repository_that_has_it(ecr, client, web):
    ecr.seed(seed_of({"name": "api", "layers": [{"content": "layer"}]}))

    notes = notes_of(client.get_download_url_for_layer, repositoryName="web", layerDigest=digest_of("layer"))

    assert notes.startswith(
        f"Repository 'api' has the layer {digest_of('layer')}; each repository needs its own upload.\nUploadLayerPart"
    )


def test_layers_are_required_because_the_fake_was_told_so():
    with FakeECR(require_layers=True) as ecr:
        client = unchecked(ecr)
        ecr.seed(seed_of({"name": "web"}, {"name": "api", "layers": [{"content": "config"}]}))
        manifest = image(config=blob("config", 6, CONFIG), layers=[])

        first, second = notes_of(client.put_image, repositoryName="web", imageManifest=manifest).splitlines()

    assert first.startswith("This fake has require_layers=True")
    assert second.startswith(f"Repository 'api' has the layer {digest_of('config')}")


# --- What has to be called first ---------------------------------------------------------------------


def test_a_missing_lifecycle_policy_comes_with_what_puts_one(client, web):
    for method in (client.get_lifecycle_policy, client.start_lifecycle_policy_preview):
        assert notes_of(method, repositoryName="web").startswith("PutLifecyclePolicy gives it one.")


def test_a_missing_preview_comes_with_what_makes_one(client, web):
    before = notes_of(client.get_lifecycle_policy_preview, repositoryName="web")
    selection = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1}
    rule = {"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}
    client.put_lifecycle_policy(repositoryName="web", lifecyclePolicyText=json.dumps({"rules": [rule]}))
    after = notes_of(client.get_lifecycle_policy_preview, repositoryName="web")

    assert before == (
        "StartLifecyclePolicyPreview makes a preview, from its lifecyclePolicyText, because the repository has no "
        "policy either."
    )
    assert after == "StartLifecyclePolicyPreview makes a preview, from the repository's policy."


def test_a_missing_scan_comes_with_what_scans_an_image(ecr, client):
    ecr.push("web", "1.0")
    scan = {"repositoryName": "web", "imageId": {"imageTag": "1.0"}}

    assert notes_of(client.describe_image_scan_findings, **scan).startswith("StartImageScan scans an image")

    client.put_registry_scanning_configuration(scanType="ENHANCED", rules=scanning_rules("other"))
    assert "StartImageScan is disabled" in notes_of(client.describe_image_scan_findings, **scan)
    assert notes_of(client.start_image_scan, **scan).startswith("The registry's scan type is ENHANCED")


def test_a_second_scan_comes_with_the_time_of_the_first(ecr, client):
    ecr.push("web", "1.0")
    scan = {"repositoryName": "web", "imageId": {"imageTag": "1.0"}}
    with freeze_time("2026-01-01 12:00"):
        client.start_image_scan(**scan)

    with freeze_time("2026-01-02 11:00"):
        assert notes_of(client.start_image_scan, **scan).startswith("The last scan began at 2026-01-01 12:00:00 UTC")


# --- Policies ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        pytest.param("{", "it is not JSON", id="not JSON"),
        pytest.param('{"Version": "2012-10-17"}', "it has no statements", id="no statements"),
        pytest.param(
            '{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}}',
            "the action 's3:GetObject' does not apply to a resource of ECR",
            id="an action of another service",
        ),
        pytest.param(
            '{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "ecr:*", "Resource": "x"}}',
            "its Resource must be absent, or the ARN of the repository",
            id="another resource",
        ),
    ],
)
def test_an_invalid_policy_comes_with_what_is_wrong(client, web, policy, expected):
    notes = notes_of(client.set_repository_policy, repositoryName="web", policyText=policy)

    assert notes == f"The policy is invalid: {expected}."


# --- Any note ----------------------------------------------------------------------------------------


def test_aws_has_no_part_in_a_note(ecr, client):
    """The body of the response is AWS's alone."""
    response = ecr.answer(api_request("ListImages", b'{"repositoryName": "web"}'))

    assert json.loads(response.body) == {
        "__type": "RepositoryNotFoundException",
        "message": "The repository with name 'web' does not exist in the registry with id '123456789012'",
    }
    assert response.notes


def test_notes_are_the_same_on_every_engine(any_ecr):
    client = unchecked(any_ecr)
    any_ecr.seed(repositories("web-1", "web-3", "api"))
    any_ecr.push("web-1", "1.0", "1.2")
    any_ecr.push("api", manifest=ONE)

    assert notes_of(client.list_images, repositoryName="web-33") == (
        "Registry 123456789012 in us-east-1 has the repositories 'api', 'web-1', 'web-3'. Did you mean 'web-3'?"
    )
    assert notes_of(client.describe_images, repositoryName="web-1", imageIds=[{"imageTag": "1.22"}]) == (
        "Repository 'web-1' has the tags '1.0', '1.2'. Did you mean '1.2'?"
    )
    assert notes_of(client.describe_images, repositoryName="web-1", imageIds=[{"imageDigest": digest_of(ONE)}]) == (
        "Repository 'api' has this image."
    )
    assert "has the layer" not in notes_of(
        client.get_download_url_for_layer, repositoryName="web-1", layerDigest=MISSING
    )
    assert "'1.0' (sha256:" in notes_of(client.delete_repository, repositoryName="web-1")


# --- Refused page tokens -----------------------------------------------------------------------------


def test_a_token_of_another_listing_says_which_call_returned_it(ecr, client):
    ecr.push("web", "a", "b")
    tagged = {"tagStatus": "TAGGED"}
    token = client.list_images(repositoryName="web", filter=tagged, maxResults=1)["nextToken"]

    notes = notes_of(client.list_images, repositoryName="web", nextToken=token)

    assert notes == (
        "ListImages returned this token, for repositoryName='web', filter={'tagStatus': 'TAGGED'}, in us-east-1. "
        "A token continues only the listing that it is from: the same operation with the same parameters, "
        "except maxResults."
    )


def test_the_token_of_a_later_page_is_described_without_the_token_before_it(ecr, client):
    ecr.push("web", "a", "b", "c")
    token = client.list_images(repositoryName="web", maxResults=1)["nextToken"]
    later = client.list_images(repositoryName="web", maxResults=1, nextToken=token)["nextToken"]

    notes = notes_of(client.describe_images, repositoryName="web", nextToken=later)

    assert notes.startswith("ListImages returned this token, for repositoryName='web', in us-east-1.")


def test_the_token_of_a_repository_that_was_created_again_says_so(ecr, client):
    ecr.push("web", "a", "b")
    token = client.list_images(repositoryName="web", maxResults=1)["nextToken"]
    client.delete_repository(repositoryName="web", force=True)
    ecr.push("web", "a", "b")

    notes = notes_of(client.list_images, repositoryName="web", nextToken=token)

    assert notes.startswith("ListImages returned this token for the same parameters, but what it lists was replaced")


def test_a_token_of_another_region_says_which_region_it_is_from(ecr, client):
    ecr.push("web", "a", "b")
    ecr.push("web", "a", "b", region="eu-west-1")
    token = unchecked(ecr, region_name="eu-west-1").list_images(repositoryName="web", maxResults=1)["nextToken"]

    notes = notes_of(client.list_images, repositoryName="web", nextToken=token)

    assert notes.startswith("ListImages returned this token, for repositoryName='web', in eu-west-1.")


@pytest.mark.parametrize("token", ["x", "é", '"', "A" * 32])
def test_a_token_that_no_call_returned_says_so(ecr, client, token):
    ecr.push("web", "latest")
    client.list_images(repositoryName="web")

    notes = notes_of(client.list_images, repositoryName="web", nextToken=token)

    assert notes.startswith("No call that this fake recorded returned this token.")


def test_a_token_from_before_a_reset_is_not_found(ecr, client):
    ecr.push("web", "a", "b")
    token = client.list_images(repositoryName="web", maxResults=1)["nextToken"]
    ecr.reset()
    ecr.push("web", "a", "b")

    assert "before a reset()" in notes_of(client.list_images, repositoryName="web", nextToken=token)
