"""PutImage: digests, manifests, tags, immutability, lists and required layers."""

from __future__ import annotations

import json

import pytest
from freezegun import freeze_time

from fakeecr import FakeECR
from tests.answers import code_of, error_of
from tests.conftest import unchecked
from tests.manifests import CONFIG, DOCKER, DOCKER_LIST, LAYER, OCI, OCI_INDEX, blob, digest_of, image, index
from tests.operations.helpers import delete_image, listed_identifiers, only_image, put_image, upload_layer

ONE, TWO = image("one"), image("two")
D1, D2 = digest_of(ONE), digest_of(TWO)


# --- Digests -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "manifest",
    [
        pytest.param(ONE, id="an OCI manifest"),
        pytest.param(ONE + "\n", id="a trailing newline"),
        pytest.param(json.dumps(json.loads(ONE), indent=3), id="indented"),
        pytest.param(image("ünïcode 🐳"), id="outside ASCII"),
        pytest.param(image("docker", mediaType=DOCKER), id="a Docker manifest"),
        pytest.param(index(), id="an OCI index"),
        pytest.param(index(media_type=DOCKER_LIST), id="a Docker manifest list"),
        pytest.param(image("no layers", layers=None), id="no layers"),
        pytest.param(image("no config", config=None), id="no config"),
        pytest.param(
            image("null members", layers=[])[:-1] + ', "manifests": null, "annotations": null}',
            id="null members, as Go writes them",
        ),
    ],
)
def test_an_image_has_the_digest_of_its_exact_manifest_which_is_returned_unchanged(client, web, manifest):
    put = put_image(client, manifest, "v1")

    assert put == {
        "registryId": "123456789012",
        "repositoryName": "web",
        "imageId": {"imageDigest": digest_of(manifest), "imageTag": "v1"},
        "imageManifest": manifest,
        "imageManifestMediaType": json.loads(manifest)["mediaType"],
    }
    assert client.batch_get_image(repositoryName="web", imageIds=[{"imageTag": "v1"}])["images"] == [put]


def test_put_image_with_a_digest_of_another_manifest_is_refused(client, web):
    assert error_of(client.put_image, repositoryName="web", imageManifest=ONE, imageDigest=D2) == (
        "ImageDigestDoesNotMatchException",
        f"The image with digest '{D2}' in repository 'web' and registry ID '123456789012' does not match the "
        "image digest that Amazon ECR has calculated.",
        400,
    )

    put_image(client, ONE, imageDigest=D1)
    assert listed_identifiers(client) == [(D1, None)]


# --- Manifests ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "manifest",
    [
        pytest.param("no JSON", id="not JSON"),
        pytest.param(" ", id="a space"),
        pytest.param("[]", id="a list"),
        pytest.param("null", id="null"),
        pytest.param('"text"', id="a string"),
        pytest.param("{}", id="an empty structure"),
        pytest.param("[" * 100_000, id="100000 nested lists"),
        pytest.param(image("no media type", mediaType=None), id="no media type"),
        pytest.param(image("unknown media type", mediaType="application/json"), id="an unknown media type"),
        pytest.param(image("malformed layers", layers={"a": 1}), id="a structure as layers"),
        pytest.param(image("a layer without digest", layers=[{"size": 1}]), id="a layer without digest"),
        pytest.param(image("an empty digest", layers=[{"digest": "sha256:", "size": 1}]), id="an empty digest"),
        pytest.param(image("a negative size", layers=[blob("a", -1)]), id="a negative size"),
        pytest.param(image("a large size", layers=[blob("a", 2**63)]), id="a size of 2^63"),
        pytest.param(image("a fractional size", layers=[blob("a", 1.5)]), id="a fractional size"),
        pytest.param(
            image("a digest too long for an index", layers=[{"digest": "a:" + "0" * 9000}]),
            id="a layer's digest too long for a database index",
        ),
        pytest.param(
            image("a subject too long for an index", subject={"digest": "a:" + "0" * 9000}),
            id="a subject's digest too long for a database index",
        ),
        pytest.param(image("a malformed config", config="sha256"), id="a string as config"),
        pytest.param(index()[:-1] + ', "manifests": [1]}', id="a number in manifests"),
    ],
)
def test_an_invalid_manifest_is_refused(client, web, manifest):
    assert error_of(client.put_image, repositoryName="web", imageManifest=manifest) == (
        "InvalidParameterException",
        "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'",
        400,
    )
    assert listed_identifiers(client) == []


@pytest.mark.parametrize("media_type", [pytest.param(OCI, id="OCI"), pytest.param(DOCKER, id="Docker")])
def test_a_manifest_without_a_media_type_has_that_of_the_request(client, web, media_type):
    put = put_image(client, image(mediaType=None), imageManifestMediaType=media_type)

    assert put["imageManifestMediaType"] == media_type
    assert only_image(client)["imageManifestMediaType"] == media_type


def test_a_media_type_in_the_request_that_is_not_the_manifests_is_refused(client, web):
    parameters = {"repositoryName": "web", "imageManifest": ONE}

    assert code_of(client.put_image, imageManifestMediaType=DOCKER, **parameters) == "InvalidParameterException"

    client.put_image(imageManifestMediaType=OCI, **parameters)


def test_a_manifest_of_dockers_first_schema_is_accepted(client, web):
    manifest = json.dumps({"schemaVersion": 1, "fsLayers": [{"blobSum": digest_of("a")}]})
    media_type = "application/vnd.docker.distribution.manifest.v1+prettyjws"

    put_image(client, manifest, imageManifestMediaType=media_type)

    assert listed_identifiers(client) == [(digest_of(manifest), None)]


def test_a_manifest_has_at_most_four_mebibytes(client, web):
    largest = ONE + " " * (4_194_304 - len(ONE))

    put_image(client, largest)

    code = code_of(client.put_image, repositoryName="web", imageManifest=largest + " ")
    assert code == "InvalidParameterException"


# --- Tags --------------------------------------------------------------------------------------------


def test_put_image_of_an_existing_image_with_a_new_tag_adds_the_tag(client, web):
    with freeze_time("2026-01-01"):
        put_image(client, ONE, "a")

    with freeze_time("2026-01-02"):
        put_image(client, ONE, "b")

    details = only_image(client)
    assert details["imageTags"] == ["a", "b"]
    assert details["imagePushedAt"].isoformat()[:10] == "2026-01-01"


def test_put_image_of_an_untagged_image_with_a_tag_tags_it(client, web):
    put_image(client, ONE)

    put_image(client, ONE, "a")

    assert listed_identifiers(client) == [(D1, "a")]


def test_put_image_with_an_existing_tag_moves_the_tag_and_keeps_the_earlier_image(client, web):
    put_image(client, ONE, "a")
    put_image(client, ONE, "b")

    put_image(client, TWO, "a")
    assert set(listed_identifiers(client)) == {(D1, "b"), (D2, "a")}

    put_image(client, TWO, "b")
    assert set(listed_identifiers(client)) == {(D1, None), (D2, "a"), (D2, "b")}


@pytest.mark.parametrize("parameters", [pytest.param({"imageTag": "a"}, id="same tag"), pytest.param({}, id="no tag")])
def test_put_image_of_an_existing_image_without_a_new_tag_is_refused(client, web, parameters):
    put_image(client, ONE, "a")

    assert error_of(client.put_image, repositoryName="web", imageManifest=ONE, **parameters) == (
        "ImageAlreadyExistsException",
        f"Image with digest '{D1}' and tag '{parameters.get('imageTag', 'null')}' already exists in the "
        "repository with name 'web' in registry with id '123456789012'",
        400,
    )


@pytest.mark.parametrize(
    "tag",
    [
        pytest.param("a b", id="a space"),
        pytest.param("a/b", id="a slash"),
        pytest.param("ü", id="a letter outside ASCII"),
        pytest.param("a\n", id="a trailing newline"),
        pytest.param("\0", id="NUL"),
    ],
)
def test_a_tag_with_an_invalid_character_is_refused(client, web, tag):
    assert error_of(client.put_image, repositoryName="web", imageManifest=ONE, imageTag=tag) == (
        "InvalidParameterException",
        "Invalid parameter at 'imageTag' failed to satisfy constraint: 'must satisfy regular expression "
        "'[a-zA-Z0-9-_.]+''",
        400,
    )


@pytest.mark.parametrize("tag", [pytest.param("", id="empty"), pytest.param("a" * 301, id="301 characters")])
def test_a_tag_of_an_invalid_length_is_refused(client, web, tag):
    code = code_of(client.put_image, repositoryName="web", imageManifest=ONE, imageTag=tag)

    assert code == "InvalidParameterException"


def test_an_image_has_at_most_a_thousand_tags(ecr, client, web):
    ecr.push("web", *[f"t{n}" for n in range(1000)], manifest=ONE)
    put_image(client, TWO, "other")

    for tag in ("one-too-many", "other"):
        assert error_of(client.put_image, repositoryName="web", imageManifest=ONE, imageTag=tag) == (
            "LimitExceededException",
            f"Adding tag '{tag}' to an image in the repository with name 'web' in registry with id '123456789012' "
            "exceeds the maximum allowed number of tags per image which is '1000'",
            400,
        )

    delete_image(client, imageTag="t0")
    put_image(client, ONE, "now-it-fits")


# --- Immutability ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mutability", "filters", "tag", "is_immutable"),
    [
        pytest.param("MUTABLE", [], "v1", False, id="mutable"),
        pytest.param("IMMUTABLE", [], "v1", True, id="immutable"),
        pytest.param("IMMUTABLE_WITH_EXCLUSION", ["latest"], "latest", False, id="immutable except latest: latest"),
        pytest.param("IMMUTABLE_WITH_EXCLUSION", ["latest"], "latest2", True, id="immutable except latest: latest2"),
        pytest.param(
            "IMMUTABLE_WITH_EXCLUSION", ["latest", "dev-*"], "dev-1", False, id="immutable except latest, dev-*: dev-1"
        ),
        pytest.param("IMMUTABLE_WITH_EXCLUSION", ["dev-*"], "a-dev-1", True, id="immutable except dev-*: a-dev-1"),
        pytest.param("IMMUTABLE_WITH_EXCLUSION", ["*"], "anything", False, id="immutable except *: anything"),
        pytest.param("IMMUTABLE_WITH_EXCLUSION", ["a.c"], "abc", True, id="immutable except a.c: abc"),
        pytest.param("MUTABLE_WITH_EXCLUSION", ["*-rel"], "1.0-rel", True, id="mutable except *-rel: 1.0-rel"),
        pytest.param("MUTABLE_WITH_EXCLUSION", ["*-rel"], "1.0-rel-2", False, id="mutable except *-rel: 1.0-rel-2"),
        pytest.param("MUTABLE_WITH_EXCLUSION", ["v*.*"], "v1.0", True, id="mutable except v*.*: v1.0"),
        pytest.param("MUTABLE_WITH_EXCLUSION", ["v*.*"], "v1", False, id="mutable except v*.*: v1"),
    ],
)
def test_the_mutability_of_a_repository_decides_whether_a_tag_moves(
    client, web, mutability, filters, tag, is_immutable
):
    exclusions = [{"filterType": "WILDCARD", "filter": wildcard} for wildcard in filters]
    client.put_image_tag_mutability(
        repositoryName="web",
        imageTagMutability=mutability,
        **({"imageTagMutabilityExclusionFilters": exclusions} if exclusions else {}),
    )
    put_image(client, ONE, tag)

    if not is_immutable:
        put_image(client, TWO, tag)
        assert (D2, tag) in listed_identifiers(client)
        return
    assert error_of(client.put_image, repositoryName="web", imageManifest=TWO, imageTag=tag) == (
        "ImageTagAlreadyExistsException",
        f"The image tag '{tag}' already exists in the 'web' repository and cannot be overwritten because the tag "
        "is immutable.",
        400,
    )
    assert listed_identifiers(client) == [(D1, tag)]


def test_an_immutable_repository_accepts_new_tags_and_tags_that_were_deleted(client, web):
    client.put_image_tag_mutability(repositoryName="web", imageTagMutability="IMMUTABLE")
    put_image(client, ONE, "a")

    put_image(client, ONE, "b")
    code = code_of(client.put_image, repositoryName="web", imageManifest=ONE, imageTag="a")
    assert code == "ImageAlreadyExistsException"

    delete_image(client, imageTag="a")
    put_image(client, TWO, "a")


# --- Lists of images ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "media_type", [pytest.param(OCI_INDEX, id="OCI index"), pytest.param(DOCKER_LIST, id="Docker manifest list")]
)
def test_a_list_is_refused_until_its_images_are_pushed(client, web, media_type):
    three = image("three")
    manifest = index(ONE, TWO, three, media_type=media_type)
    put_image(client, ONE)

    assert error_of(client.put_image, repositoryName="web", imageManifest=manifest, imageTag="v1") == (
        "ReferencedImagesNotFoundException",
        f"Images with digests '[{D2}, {digest_of(three)}]' required for pushing image into repository "
        "with name 'web' in the registry with id '123456789012' do not exist",
        400,
    )

    put_image(client, TWO)
    put_image(client, three)
    put_image(client, manifest, "v1")


def test_the_images_of_a_list_must_be_in_the_same_repository(ecr, client, web):
    ecr.push("other", manifest=ONE)

    code = code_of(client.put_image, repositoryName="web", imageManifest=index(ONE))

    assert code == "ReferencedImagesNotFoundException"


def test_a_list_has_the_size_of_its_largest_image(client, web):
    children = [image(f"{size}", layers=[blob(f"{size}", size)]) for size in (100, 300, 200)]
    for child in children:
        put_image(client, child)

    put_image(client, index(*children), "v1")

    assert only_image(client, filter={"tagStatus": "TAGGED"})["imageSizeInBytes"] == 310


def test_a_list_can_have_more_images_than_a_statement_takes_values(database):
    with FakeECR(database) as ecr:
        client = unchecked(ecr)
        client.create_repository(repositoryName="web")
        put_image(client, ONE)
        missing = [{"digest": f"a:{n:x}"} for n in range(70_000)]
        manifest = index(ONE)[:-2] + "," + json.dumps(missing)[1:] + "}"

        code = code_of(client.put_image, repositoryName="web", imageManifest=manifest)
        assert code == "ReferencedImagesNotFoundException"

        ecr.push("web", "multi", manifest=manifest)
        assert only_image(client, imageIds=[{"imageTag": "multi"}])["imageSizeInBytes"] == 110


def test_a_list_can_have_another_list_and_an_image_twice(client, web):
    inner = index(ONE, ONE)
    put_image(client, ONE)
    put_image(client, inner)

    put_image(client, index(inner, ONE), "v1")

    assert only_image(client, imageIds=[{"imageTag": "v1"}])["imageSizeInBytes"] == 110


# --- Required layers ---------------------------------------------------------------------------------


@pytest.fixture
def strict_client():
    """Return a client of a fake that requires uploaded layers and has the empty repository "web"."""
    with FakeECR(require_layers=True) as ecr:
        client = unchecked(ecr)
        client.create_repository(repositoryName="web")
        yield client


def test_with_require_layers_an_image_is_refused_until_its_layers_are_uploaded(strict_client):
    manifest = image(config=blob("config", 6, CONFIG), layers=[blob("layer", 5, LAYER)])
    upload_layer(strict_client, b"layer")

    assert error_of(strict_client.put_image, repositoryName="web", imageManifest=manifest) == (
        "LayersNotFoundException",
        f"Layers with digests '[{digest_of('config')}]' required for pushing image into repository with name "
        "'web' in the registry with id '123456789012' do not exist",
        400,
    )

    upload_layer(strict_client, b"config")
    put_image(strict_client, manifest)


def test_with_require_layers_a_foreign_layer_is_not_required(strict_client):
    foreign = {**blob("foreign"), "urls": ["https://example.com/layer"]}

    put_image(strict_client, image(config=None, layers=[foreign]))


def test_with_require_layers_an_existing_image_can_be_tagged(strict_client):
    content = b"{}"
    upload_layer(strict_client, content)
    manifest = image(config={"mediaType": CONFIG, "digest": digest_of(content), "size": 2}, layers=[])
    put_image(strict_client, manifest, "a")

    put_image(strict_client, manifest, "b")

    assert len(listed_identifiers(strict_client)) == 2


def test_layers_are_not_required_by_default(client, web):
    put_image(client, ONE)
