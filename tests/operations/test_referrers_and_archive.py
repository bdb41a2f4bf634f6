"""ListImageReferrers and UpdateImageStorageClass."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from freezegun import freeze_time

from tests.answers import check_paging, code_of, error_of, identifiers
from tests.manifests import OCI, OCI_INDEX, digest_of, image, index, referrer

ONE, TWO = image("one"), image("two")
SUBJECT = {"imageDigest": digest_of(ONE)}
SBOM, SIGNATURE = "application/vnd.example.sbom", "application/vnd.example.signature"


class TestListImageReferrers:
    @pytest.fixture(autouse=True)
    def web(self, client):
        client.create_repository(repositoryName="web")
        client.put_image(repositoryName="web", imageManifest=ONE, imageTag="v1")

    def push(self, client, *artifact_types):
        manifests = [referrer(ONE, kind, annotations={"n": str(n)}) for n, kind in enumerate(artifact_types)]
        for manifest in manifests:
            client.put_image(repositoryName="web", imageManifest=manifest)
        return manifests

    def test_describes_the_artifacts_about_an_image(self, client):
        (manifest,) = self.push(client, SBOM)
        client.put_image(repositoryName="web", imageManifest=referrer(TWO))
        assert client.list_image_referrers(repositoryName="web", subjectId=SUBJECT)["referrers"] == [
            {
                "digest": digest_of(manifest),
                "mediaType": OCI,
                "artifactType": SBOM,
                "size": len(manifest),
                "annotations": {"n": "0"},
                "artifactStatus": "ACTIVE",
            }
        ]

    def test_takes_the_configs_media_type_where_there_is_no_artifact_type(self, client):
        subject = {"mediaType": OCI, "digest": digest_of(ONE), "size": 1}
        config = {"mediaType": SIGNATURE, "digest": digest_of("config"), "size": 1}
        client.put_image(repositoryName="web", imageManifest=image(subject=subject, config=config))
        client.put_image(repositoryName="web", imageManifest=index(subject=subject))
        found = client.list_image_referrers(repositoryName="web", subjectId=SUBJECT)["referrers"]
        assert [(each["mediaType"], each.get("artifactType")) for each in found] == [
            (OCI, SIGNATURE), (OCI_INDEX, None),
        ]  # fmt: skip
        assert "annotations" not in found[0]

    @pytest.mark.parametrize(
        ("wanted", "count"),
        [([], 5), ([SBOM], 3), ([SBOM, SIGNATURE], 5), (["other", "\0"], 0), ([SIGNATURE] * 5, 2), (["\0"], 0)],
    )
    def test_filters_by_artifact_type(self, client, wanted, count):
        self.push(client, SBOM, SIGNATURE, SBOM, SIGNATURE, SBOM)
        parameters = {"repositoryName": "web", "subjectId": SUBJECT, "filter": {"artifactTypes": wanted}}
        assert len(client.list_image_referrers(**parameters)["referrers"]) == count
        check_paging(client.list_image_referrers, "referrers", "maxResults", **parameters)

    def test_a_type_with_a_nul_is_not_one_with_a_space(self, client):
        self.push(client, "a b")
        found = client.list_image_referrers(repositoryName="web", subjectId=SUBJECT, filter={"artifactTypes": ["a\0b"]})
        assert found["referrers"] == []

    def test_gives_the_annotations_that_are_texts(self, client):
        client.put_image(repositoryName="web", imageManifest=referrer(ONE, annotations={"a": 1, "b": "c"}))
        (found,) = client.list_image_referrers(repositoryName="web", subjectId=SUBJECT)["referrers"]
        assert found["annotations"] == {"b": "c"}

    def test_filters_by_status(self, client):
        manifests = self.push(client, SBOM, SBOM)
        image_id = {"imageDigest": digest_of(manifests[0])}
        client.update_image_storage_class(repositoryName="web", imageId=image_id, targetStorageClass="ARCHIVE")
        counts = {
            status: len(
                client.list_image_referrers(
                    repositoryName="web", subjectId=SUBJECT, filter={"artifactStatus": status} if status else {}
                )["referrers"]
            )
            for status in (None, "ACTIVE", "ARCHIVED", "ACTIVATING", "ANY")
        }
        assert counts == {None: 1, "ACTIVE": 1, "ARCHIVED": 1, "ACTIVATING": 0, "ANY": 2}

    def test_gives_twenty_where_nothing_is_said_and_fifty_at_most(self, client):
        self.push(client, *[SBOM] * 51)
        sizes = {
            size: len(
                client.list_image_referrers(
                    repositoryName="web", subjectId=SUBJECT, **({"maxResults": size} if size else {})
                )["referrers"]
            )
            for size in (None, 1, 50)
        }
        assert sizes == {None: 20, 1: 1, 50: 50}

    @pytest.mark.parametrize(
        "parameters",
        [
            {"maxResults": 0},
            {"maxResults": 51},
            {"nextToken": "made up"},
            {"subjectId": {}},
            {"subjectId": {"imageDigest": "none"}},
            {"filter": {"artifactTypes": [SBOM] * 6}},
            {"filter": {"artifactTypes": [""]}},
            {"filter": {"artifactTypes": ["a" * 256]}},
            {"filter": {"artifactStatus": "GONE"}},
        ],
    )
    def test_refuses(self, client, parameters):
        assert code_of(
            client.list_image_referrers, **{"repositoryName": "web", "subjectId": SUBJECT, **parameters}
        ) == ("InvalidParameterException")

    def test_takes_only_its_own_tokens(self, client):
        self.push(client, *[SBOM] * 3)
        token = client.list_image_referrers(repositoryName="web", subjectId=SUBJECT, maxResults=1)["nextToken"]
        for parameters in (
            {"subjectId": {"imageDigest": digest_of(TWO)}},
            {"subjectId": SUBJECT, "filter": {"artifactTypes": [SBOM]}},
            {"subjectId": SUBJECT, "filter": {"artifactStatus": "ANY"}},
        ):
            assert code_of(client.list_image_referrers, repositoryName="web", nextToken=token, **parameters) == (
                "InvalidParameterException"
            )

    def test_an_unknown_subject_has_none(self, client):
        response = client.list_image_referrers(repositoryName="web", subjectId={"imageDigest": digest_of("unknown")})
        assert response["referrers"] == []


class TestUpdateImageStorageClass:
    @pytest.fixture
    def web(self, client):
        client.create_repository(repositoryName="web")
        client.put_image(repositoryName="web", imageManifest=ONE, imageTag="v1")
        return client

    def archive(self, client, image_id, to="ARCHIVE"):
        return client.update_image_storage_class(repositoryName="web", imageId=image_id, targetStorageClass=to)

    def listed(self, client, **parameters):
        return identifiers(client.list_images(repositoryName="web", **parameters))

    @pytest.mark.parametrize("image_id", [{"imageTag": "v1"}, SUBJECT, {**SUBJECT, "imageTag": "v1"}])
    def test_archives_and_restores(self, web, image_id):
        with freeze_time("2026-01-01"):
            response = self.archive(web, image_id)
        del response["ResponseMetadata"]
        assert response == {
            "registryId": "123456789012",
            "repositoryName": "web",
            "imageId": {**SUBJECT, **image_id},
            "imageStatus": "ARCHIVED",
        }
        archived = {"imageStatus": "ARCHIVED"}
        assert self.listed(web) == []
        assert self.listed(web, filter=archived) == [(digest_of(ONE), "v1")]
        assert web.describe_images(repositoryName="web")["imageDetails"] == []
        (details,) = web.describe_images(repositoryName="web", filter=archived)["imageDetails"]
        assert details["imageStatus"] == "ARCHIVED"
        assert details["lastArchivedAt"] == datetime(2026, 1, 1, tzinfo=UTC)
        with freeze_time("2026-02-02"):
            assert self.archive(web, image_id, "STANDARD")["imageStatus"] == "ACTIVE"
        assert self.listed(web) == [(digest_of(ONE), "v1")]
        (details,) = web.describe_images(repositoryName="web")["imageDetails"]
        assert details["lastArchivedAt"] == datetime(2026, 1, 1, tzinfo=UTC)
        assert details["lastActivatedAt"] == datetime(2026, 2, 2, tzinfo=UTC)

    @pytest.mark.parametrize("tag", [{"imageTag": "v1"}, {"imageTag": "v2"}, {}])
    def test_an_archived_image_is_restored_by_pushing_it_again(self, web, tag):
        self.archive(web, SUBJECT)
        with freeze_time("2026-02-02"):
            web.put_image(repositoryName="web", imageManifest=ONE, **tag)
        (details,) = web.describe_images(repositoryName="web")["imageDetails"]
        assert details["lastActivatedAt"] == datetime(2026, 2, 2, tzinfo=UTC)
        assert set(details["imageTags"]) == {"v1", *tag.values()}

    def test_a_push_through_the_fake_restores_too_and_a_seed_does_not(self, ecr, web):
        self.archive(web, SUBJECT)
        ecr.seed({"registries": [{"repositories": [{"name": "web", "images": [{"manifest": ONE, "tags": ["v2"]}]}]}]})
        assert self.listed(web) == []
        ecr.push("web", "v3", manifest=ONE)
        assert {tag for _, tag in self.listed(web)} == {"v1", "v2", "v3"}

    @pytest.mark.parametrize(("before", "to"), [([], "STANDARD"), (["ARCHIVE"], "ARCHIVE")])
    def test_refuses_to_move_an_image_to_where_it_is(self, web, before, to):
        for target in before:
            self.archive(web, SUBJECT, target)
        code, message, _ = error_of(self.archive, client=web, image_id=SUBJECT, to=to)
        assert code == "ImageStorageClassUpdateNotSupportedException"
        assert digest_of(ONE) in message

    @pytest.mark.parametrize(
        ("image_id", "to", "code"),
        [
            ({"imageTag": "unknown"}, "ARCHIVE", "ImageNotFoundException"),
            ({"imageDigest": digest_of(TWO)}, "ARCHIVE", "ImageNotFoundException"),
            ({"imageDigest": digest_of(TWO), "imageTag": "v1"}, "ARCHIVE", "ImageNotFoundException"),
            ({}, "ARCHIVE", "InvalidParameterException"),
            ({"imageDigest": "none"}, "ARCHIVE", "InvalidParameterException"),
            ({"imageTag": "a b"}, "ARCHIVE", "InvalidParameterException"),
            ({"imageTag": "v1"}, "GLACIER", "InvalidParameterException"),
        ],
    )
    def test_refuses(self, web, image_id, to, code):
        assert error_of(self.archive, client=web, image_id=image_id, to=to)[0] == code
        assert self.listed(web) == [(digest_of(ONE), "v1")]
