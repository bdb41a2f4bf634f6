"""PutImage: digests, tags, limits, lists; each through a real client."""

from __future__ import annotations

import json

import pytest
from freezegun import freeze_time

from fakeecr import FakeECR
from tests.answers import code_of, error_of, identifiers
from tests.conftest import unchecked
from tests.manifests import CONFIG, DOCKER, DOCKER_LIST, LAYER, OCI, OCI_INDEX, blob, digest_of, image, index

ONE, TWO = image("one"), image("two")
INVALID = (
    "InvalidParameterException",
    "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'",
    400,
)


@pytest.fixture
def web(client):
    client.create_repository(repositoryName="web")
    return client


def listed(client, name="web"):
    return identifiers(client.list_images(repositoryName=name, filter={"imageStatus": "ANY"}))


class TestDigest:
    @pytest.mark.parametrize(
        "manifest",
        [
            ONE,
            ONE + "\n",
            json.dumps(json.loads(ONE), indent=3),
            image("ünïcode 🐳"),
            image("docker", mediaType=DOCKER),
            index(),
            index(media_type=DOCKER_LIST),
            image("no layers", layers=None, config=None),
            image("go's null", layers=[])[:-1] + ', "manifests": null, "annotations": null}',
        ],
    )
    def test_is_that_of_the_exact_bytes_which_come_back(self, web, manifest):
        put = web.put_image(repositoryName="web", imageManifest=manifest, imageTag="v1")["image"]
        assert put == {
            "registryId": "123456789012",
            "repositoryName": "web",
            "imageId": {"imageDigest": digest_of(manifest), "imageTag": "v1"},
            "imageManifest": manifest,
            "imageManifestMediaType": json.loads(manifest)["mediaType"],
        }
        assert web.batch_get_image(repositoryName="web", imageIds=[{"imageTag": "v1"}])["images"] == [put]

    def test_that_is_given_must_be_the_manifests(self, web):
        other = digest_of(TWO)
        assert error_of(web.put_image, repositoryName="web", imageManifest=ONE, imageDigest=other) == (
            "ImageDigestDoesNotMatchException",
            f"The image with digest '{other}' in repository 'web' and registry ID '123456789012' does not match the "
            "image digest that Amazon ECR has calculated.",
            400,
        )
        web.put_image(repositoryName="web", imageManifest=ONE, imageDigest=digest_of(ONE))
        assert listed(web) == [(digest_of(ONE), None)]


class TestManifest:
    @pytest.mark.parametrize(
        "manifest",
        [
            "no JSON",
            " ",
            "[]",
            "null",
            '"text"',
            "{}",
            "[" * 100_000,
            image("no media type", mediaType=None),
            image("unknown media type", mediaType="application/json"),
            image("layers that are none", layers={"a": 1}),
            image("a layer without digest", layers=[{"size": 1}]),
            image("a digest that is none", layers=[{"digest": "sha256:", "size": 1}]),
            image("less than nothing", layers=[blob("a", -1)]),
            image("more than there is", layers=[blob("a", 2**63)]),
            image("half a byte", layers=[blob("a", 1.5)]),
            image("a digest too long for an index", layers=[{"digest": "a:" + "0" * 9000}]),
            image("a subject too long for an index", subject={"digest": "a:" + "0" * 9000}),
            image("a config that is none", config="sha256"),
            index()[:-1] + ', "manifests": [1]}',
        ],
    )
    def test_that_is_none_is_refused(self, web, manifest):
        assert error_of(web.put_image, repositoryName="web", imageManifest=manifest) == INVALID
        assert listed(web) == []

    @pytest.mark.parametrize("media_type", [OCI, DOCKER])
    def test_has_the_media_type_that_is_told_beside_it(self, web, media_type):
        manifest = image(mediaType=None)
        put = web.put_image(repositoryName="web", imageManifest=manifest, imageManifestMediaType=media_type)["image"]
        assert put["imageManifestMediaType"] == media_type
        (details,) = web.describe_images(repositoryName="web")["imageDetails"]
        assert details["imageManifestMediaType"] == media_type

    def test_with_a_media_type_refuses_another_beside_it(self, web):
        parameters = {"repositoryName": "web", "imageManifest": ONE}
        assert code_of(web.put_image, imageManifestMediaType=DOCKER, **parameters) == "InvalidParameterException"
        web.put_image(imageManifestMediaType=OCI, **parameters)

    def test_of_dockers_first_schema_is_taken(self, web):
        manifest = json.dumps({"schemaVersion": 1, "fsLayers": [{"blobSum": digest_of("a")}]})
        media_type = "application/vnd.docker.distribution.manifest.v1+prettyjws"
        web.put_image(repositoryName="web", imageManifest=manifest, imageManifestMediaType=media_type)
        assert listed(web) == [(digest_of(manifest), None)]

    def test_of_four_mebibytes_is_taken_and_no_more(self, web):
        biggest = ONE + " " * (4_194_304 - len(ONE))
        web.put_image(repositoryName="web", imageManifest=biggest)
        assert code_of(web.put_image, repositoryName="web", imageManifest=biggest + " ") == "InvalidParameterException"


class TestTags:
    def test_the_same_manifest_with_a_new_tag_adds_the_tag(self, web):
        with freeze_time("2026-01-01"):
            web.put_image(repositoryName="web", imageManifest=ONE, imageTag="a")
        with freeze_time("2026-01-02"):
            web.put_image(repositoryName="web", imageManifest=ONE, imageTag="b")
        (details,) = web.describe_images(repositoryName="web")["imageDetails"]
        assert details["imageTags"] == ["a", "b"]
        assert details["imagePushedAt"].isoformat()[:10] == "2026-01-01"

    def test_a_tag_makes_an_untagged_image_tagged(self, web):
        web.put_image(repositoryName="web", imageManifest=ONE)
        web.put_image(repositoryName="web", imageManifest=ONE, imageTag="a")
        assert listed(web) == [(digest_of(ONE), "a")]

    def test_a_new_manifest_with_an_old_tag_moves_it_and_leaves_the_old_image_behind(self, web):
        web.put_image(repositoryName="web", imageManifest=ONE, imageTag="a")
        web.put_image(repositoryName="web", imageManifest=ONE, imageTag="b")
        web.put_image(repositoryName="web", imageManifest=TWO, imageTag="a")
        assert set(listed(web)) == {(digest_of(ONE), "b"), (digest_of(TWO), "a")}
        web.put_image(repositoryName="web", imageManifest=TWO, imageTag="b")
        assert set(listed(web)) == {(digest_of(ONE), None), (digest_of(TWO), "a"), (digest_of(TWO), "b")}

    @pytest.mark.parametrize("tag", [{"imageTag": "a"}, {}])
    def test_the_same_manifest_and_tag_are_refused(self, web, tag):
        web.put_image(repositoryName="web", imageManifest=ONE, imageTag="a")
        assert error_of(web.put_image, repositoryName="web", imageManifest=ONE, **tag) == (
            "ImageAlreadyExistsException",
            f"Image with digest '{digest_of(ONE)}' and tag '{tag.get('imageTag', 'null')}' already exists in the "
            "repository with name 'web' in registry with id '123456789012'",
            400,
        )

    @pytest.mark.parametrize("tag", ["a b", "a/b", "ü", "a\n", "\0"])
    def test_a_tag_that_cannot_be_is_refused(self, web, tag):
        assert error_of(web.put_image, repositoryName="web", imageManifest=ONE, imageTag=tag) == (
            "InvalidParameterException",
            "Invalid parameter at 'imageTag' failed to satisfy constraint: 'must satisfy regular expression "
            "'[a-zA-Z0-9-_.]+''",
            400,
        )

    @pytest.mark.parametrize("tag", ["", "a" * 301])
    def test_a_tag_of_a_wrong_length_is_refused(self, web, tag):
        assert code_of(web.put_image, repositoryName="web", imageManifest=ONE, imageTag=tag) == (
            "InvalidParameterException"
        )

    def test_an_image_has_a_thousand_tags_at_most(self, ecr, web):
        ecr.push("web", *[f"t{n}" for n in range(1000)], manifest=ONE)
        web.put_image(repositoryName="web", imageManifest=TWO, imageTag="other")
        for tag in ("one-too-many", "other"):
            assert error_of(web.put_image, repositoryName="web", imageManifest=ONE, imageTag=tag) == (
                "LimitExceededException",
                f"Adding tag '{tag}' to an image in the repository with name 'web' in registry with id '123456789012' "
                "exceeds the maximum allowed number of tags per image which is '1000'",
                400,
            )
        web.batch_delete_image(repositoryName="web", imageIds=[{"imageTag": "t0"}])
        web.put_image(repositoryName="web", imageManifest=ONE, imageTag="now-it-fits")


class TestImmutability:
    @pytest.mark.parametrize(
        ("mutability", "filters", "tag", "is_immutable"),
        [
            ("MUTABLE", [], "v1", False),
            ("IMMUTABLE", [], "v1", True),
            ("IMMUTABLE_WITH_EXCLUSION", ["latest"], "latest", False),
            ("IMMUTABLE_WITH_EXCLUSION", ["latest"], "latest2", True),
            ("IMMUTABLE_WITH_EXCLUSION", ["latest", "dev-*"], "dev-1", False),
            ("IMMUTABLE_WITH_EXCLUSION", ["dev-*"], "a-dev-1", True),
            ("IMMUTABLE_WITH_EXCLUSION", ["*"], "anything", False),
            ("IMMUTABLE_WITH_EXCLUSION", ["a.c"], "abc", True),
            ("MUTABLE_WITH_EXCLUSION", ["*-rel"], "1.0-rel", True),
            ("MUTABLE_WITH_EXCLUSION", ["*-rel"], "1.0-rel-2", False),
            ("MUTABLE_WITH_EXCLUSION", ["v*.*"], "v1.0", True),
            ("MUTABLE_WITH_EXCLUSION", ["v*.*"], "v1", False),
        ],
    )
    def test_a_tag_stays_or_moves_as_the_repository_says(self, web, mutability, filters, tag, is_immutable):
        parameters = {"imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": f} for f in filters]}
        web.put_image_tag_mutability(
            repositoryName="web", imageTagMutability=mutability, **(parameters if filters else {})
        )
        web.put_image(repositoryName="web", imageManifest=ONE, imageTag=tag)
        if not is_immutable:
            web.put_image(repositoryName="web", imageManifest=TWO, imageTag=tag)
            assert (digest_of(TWO), tag) in listed(web)
            return
        assert error_of(web.put_image, repositoryName="web", imageManifest=TWO, imageTag=tag) == (
            "ImageTagAlreadyExistsException",
            f"The image tag '{tag}' already exists in the 'web' repository and cannot be overwritten because the tag "
            "is immutable.",
            400,
        )
        assert listed(web) == [(digest_of(ONE), tag)]

    def test_new_tags_are_welcome_and_a_deleted_one_may_come_again(self, web):
        web.put_image_tag_mutability(repositoryName="web", imageTagMutability="IMMUTABLE")
        web.put_image(repositoryName="web", imageManifest=ONE, imageTag="a")
        web.put_image(repositoryName="web", imageManifest=ONE, imageTag="b")
        assert code_of(web.put_image, repositoryName="web", imageManifest=ONE, imageTag="a") == (
            "ImageAlreadyExistsException"
        )
        web.batch_delete_image(repositoryName="web", imageIds=[{"imageTag": "a"}])
        web.put_image(repositoryName="web", imageManifest=TWO, imageTag="a")


class TestLists:
    @pytest.mark.parametrize("media_type", [OCI_INDEX, DOCKER_LIST])
    def test_their_images_must_be_there(self, web, media_type):
        web.put_image(repositoryName="web", imageManifest=ONE)
        three = image("three")
        manifest = index(ONE, TWO, three, media_type=media_type)
        assert error_of(web.put_image, repositoryName="web", imageManifest=manifest, imageTag="v1") == (
            "ReferencedImagesNotFoundException",
            f"Images with digests '[{digest_of(TWO)}, {digest_of(three)}]' required for pushing image into repository "
            "with name 'web' in the registry with id '123456789012' do not exist",
            400,
        )
        web.put_image(repositoryName="web", imageManifest=TWO)
        web.put_image(repositoryName="web", imageManifest=three)
        web.put_image(repositoryName="web", imageManifest=manifest, imageTag="v1")

    def test_their_images_must_be_in_the_same_repository(self, ecr, web):
        ecr.push("other", manifest=ONE)
        assert code_of(web.put_image, repositoryName="web", imageManifest=index(ONE)) == (
            "ReferencedImagesNotFoundException"
        )

    def test_their_size_is_that_of_their_biggest_image(self, web):
        children = [image(f"{size}", layers=[blob(f"{size}", size)]) for size in (100, 300, 200)]
        for child in children:
            web.put_image(repositoryName="web", imageManifest=child)
        web.put_image(repositoryName="web", imageManifest=index(*children), imageTag="v1")
        (details,) = web.describe_images(repositoryName="web", filter={"tagStatus": "TAGGED"})["imageDetails"]
        assert details["imageSizeInBytes"] == 310

    def test_may_be_longer_than_a_statement_takes_values(self, database):
        with FakeECR(database) as ecr:
            client = unchecked(ecr)
            client.create_repository(repositoryName="web")
            client.put_image(repositoryName="web", imageManifest=ONE)
            missing = [{"digest": f"a:{n:x}"} for n in range(70_000)]
            manifest = index(ONE)[:-2] + "," + json.dumps(missing)[1:] + "}"
            code = code_of(client.put_image, repositoryName="web", imageManifest=manifest)
            assert code == "ReferencedImagesNotFoundException"
            ecr.push("web", "multi", manifest=manifest)
            (details,) = client.describe_images(repositoryName="web", imageIds=[{"imageTag": "multi"}])["imageDetails"]
            assert details["imageSizeInBytes"] == 110

    def test_may_list_lists_and_one_image_twice(self, web):
        web.put_image(repositoryName="web", imageManifest=ONE)
        inner = index(ONE, ONE)
        web.put_image(repositoryName="web", imageManifest=inner)
        web.put_image(repositoryName="web", imageManifest=index(inner, ONE), imageTag="v1")
        (details,) = web.describe_images(repositoryName="web", imageIds=[{"imageTag": "v1"}])["imageDetails"]
        assert details["imageSizeInBytes"] == 110


class TestRequiredLayers:
    @pytest.fixture
    def strict(self):
        with FakeECR(require_layers=True) as ecr:
            client = unchecked(ecr)
            client.create_repository(repositoryName="web")
            yield client

    def upload(self, client, content):
        upload = client.initiate_layer_upload(repositoryName="web")["uploadId"]
        client.upload_layer_part(
            repositoryName="web", uploadId=upload, partFirstByte=0, partLastByte=len(content) - 1, layerPartBlob=content
        )
        client.complete_layer_upload(repositoryName="web", uploadId=upload, layerDigests=[digest_of(content)])

    def test_must_be_uploaded_before(self, strict):
        manifest = image(config=blob("config", 6, CONFIG), layers=[blob("layer", 5, LAYER)])
        self.upload(strict, b"layer")
        assert error_of(strict.put_image, repositoryName="web", imageManifest=manifest) == (
            "LayersNotFoundException",
            f"Layers with digests '[{digest_of('config')}]' required for pushing image into repository with name "
            "'web' in the registry with id '123456789012' do not exist",
            400,
        )
        self.upload(strict, b"config")
        strict.put_image(repositoryName="web", imageManifest=manifest)

    def test_are_not_required_where_they_are_to_be_had_elsewhere(self, strict):
        foreign = {**blob("foreign"), "urls": ["https://example.com/layer"]}
        strict.put_image(repositoryName="web", imageManifest=image(config=None, layers=[foreign]))

    def test_are_not_required_of_an_image_that_is_there(self, strict):
        strict.put_image(repositoryName="web", imageManifest=image(config=None, layers=[]), imageTag="a")
        strict.put_image(repositoryName="web", imageManifest=image(config=None, layers=[]), imageTag="b")
        assert len(listed(strict)) == 2

    def test_are_not_required_otherwise(self, web):
        web.put_image(repositoryName="web", imageManifest=ONE)
