"""Layers: real bytes, in parts, found again by their digest."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from uuid import uuid4

import pytest
import sqlalchemy as sa
from botocore.exceptions import ClientError
from freezegun import freeze_time

from fakeecr import FakeECR
from tests.answers import code_of, error_of
from tests.conftest import unchecked
from tests.manifests import CONFIG, LAYER, blob, digest_of, image

MIB = 1024 * 1024
UNKNOWN = digest_of("unknown")


@pytest.fixture
def web(client):
    client.create_repository(repositoryName="web")
    return client


def begin(client):
    return client.initiate_layer_upload(repositoryName="web")["uploadId"]


def send(client, upload, first, content, last=None):
    return client.upload_layer_part(
        repositoryName="web",
        uploadId=upload,
        partFirstByte=first,
        partLastByte=first + len(content) - 1 if last is None else last,
        layerPartBlob=content,
    )


def complete(client, upload, *digests):
    return client.complete_layer_upload(repositoryName="web", uploadId=upload, layerDigests=list(digests))


def upload_layer(client, *parts):
    upload, first = begin(client), 0
    for part in parts:
        send(client, upload, first, part)
        first += len(part)
    return complete(client, upload, digest_of(b"".join(parts)))["layerDigest"]


class TestUpload:
    def test_takes_any_number_of_parts_and_keeps_the_exact_bytes(self, database):
        with FakeECR(database) as ecr:
            client = unchecked(ecr)
            client.create_repository(repositoryName="web")
            parts = [bytes([n]) * (5 * MIB) for n in (0, 1)] + [b"the last may be small"]
            upload, first = begin(client), 0
            for part in parts:
                response = send(client, upload, first, part)
                first += len(part)
                del response["ResponseMetadata"]
                assert response == {
                    "registryId": "123456789012",
                    "repositoryName": "web",
                    "uploadId": upload,
                    "lastByteReceived": first - 1,
                }
            digest = digest_of(b"".join(parts))
            response = complete(client, upload, digest)
            del response["ResponseMetadata"]
            assert response == {
                "registryId": "123456789012",
                "repositoryName": "web",
                "uploadId": upload,
                "layerDigest": digest,
            }
            client.put_image(repositoryName="web", imageManifest=image(layers=[blob("", first) | {"digest": digest}]))
            url = client.get_download_url_for_layer(repositoryName="web", layerDigest=digest)["downloadUrl"]
            with urllib.request.urlopen(url) as opened:
                assert opened.read() == b"".join(parts)

    def test_proposes_parts_of_ten_mebibytes(self, web):
        assert web.initiate_layer_upload(repositoryName="web")["partSize"] == 10 * MIB

    @pytest.mark.parametrize(
        ("first", "content", "last"),
        [
            (0, b"again", None),
            (4, b"overlaps", None),
            (6, b"a gap", None),
            (5, b"longer", 9),
            (5, b"shorter", 50),
            (5, b"", 4),
            (5, b"", 5),
            (2**62, b"far", None),
        ],
    )
    def test_refuses_a_part_that_does_not_follow_or_is_not_what_it_says(self, web, first, content, last):
        upload = begin(web)
        send(web, upload, 0, b"first")
        with pytest.raises(ClientError) as caught:
            send(web, upload, first, content, last)
        response = caught.value.response
        assert response["Error"]["Code"] == "InvalidLayerPartException"
        assert {
            key: response[key] for key in ("registryId", "repositoryName", "uploadId", "lastValidByteReceived")
        } == {
            "registryId": "123456789012",
            "repositoryName": "web",
            "uploadId": upload,
            "lastValidByteReceived": 4,
        }
        # What came before is still there.
        complete(web, upload, digest_of(b"first"))

    def test_refuses_a_first_part_that_is_not_the_first(self, web):
        with pytest.raises(ClientError) as caught:
            send(web, begin(web), 1, b"x")
        assert caught.value.response["Error"]["Code"] == "InvalidLayerPartException"
        assert "lastValidByteReceived" not in caught.value.response

    @pytest.mark.parametrize(
        "parameters",
        [
            {"partFirstByte": -1},
            {"partLastByte": -1},
            {"uploadId": "none"},
            {"layerPartBlob": b"x" * (20 * MIB + 1), "partLastByte": 20 * MIB},
        ],
    )
    def test_refuses_parameters(self, web, parameters):
        given = {"uploadId": begin(web), "partFirstByte": 0, "partLastByte": 0, "layerPartBlob": b"x", **parameters}
        assert code_of(web.upload_layer_part, repositoryName="web", **given) == "InvalidParameterException"

    def test_takes_a_part_of_twenty_mebibytes(self, web):
        upload_layer(web, b"x" * (20 * MIB))

    def test_refuses_more_than_4200_parts(self, ecr, web):
        upload = begin(web)
        with ecr._open().store.writing() as connection:
            connection.execute(
                sa.text(
                    "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 4199) "
                    "INSERT INTO layer_part (layer_id, first_byte, content) SELECT 1, i, x'00' FROM n"
                )
            )
            connection.execute(sa.text("UPDATE layer SET size = 4200"))
        assert code_of(send, client=web, upload=upload, first=4200, content=b"x") == "LimitExceededException"

    def test_refuses_more_than_52000_mebibytes(self, ecr, web):
        upload, most = begin(web), 52_000 * MIB
        with ecr._open().store.writing() as connection:
            connection.execute(sa.text("UPDATE layer SET size = :size"), {"size": most - 1})
        assert code_of(send, client=web, upload=upload, first=most - 1, content=b"xy") == "LimitExceededException"
        send(web, upload, most - 1, b"x")

    @pytest.mark.parametrize("where", ["never begun", "of another repository", "completed"])
    def test_that_is_not_open_is_not_found(self, web, where):
        upload = str(uuid4())
        if where == "of another repository":
            web.create_repository(repositoryName="other")
            upload = web.initiate_layer_upload(repositoryName="other")["uploadId"]
        elif where == "completed":
            upload = begin(web)
            send(web, upload, 0, b"x")
            complete(web, upload, digest_of("x"))
        told = (
            "UploadNotFoundException",
            f"The upload with id '{upload}' in the repository with name 'web' in registry with id '123456789012' does "
            "not exist",
            400,
        )
        assert error_of(send, client=web, upload=upload, first=0, content=b"x") == told
        assert error_of(lambda: complete(web, upload, digest_of("x"))) == told


class TestComplete:
    def test_refuses_an_upload_without_parts(self, web):
        upload = begin(web)
        assert error_of(lambda: complete(web, upload, UNKNOWN)) == (
            "EmptyUploadException",
            f"The upload with id '{upload}' in the repository with name 'web' in registry with id '123456789012' "
            "cannot be completed because it does not have any parts",
            400,
        )

    @pytest.mark.parametrize(
        "digests", [[UNKNOWN], [digest_of("x"), UNKNOWN], ["sha512:" + "0" * 128], [digest_of("x").upper()[:6] + ":00"]]
    )
    def test_refuses_a_digest_that_is_not_the_layers(self, web, digests):
        upload = begin(web)
        send(web, upload, 0, b"x")
        assert code_of(lambda: complete(web, upload, *digests)) == "InvalidLayerException"
        complete(web, upload, digest_of("x"))

    @pytest.mark.parametrize("digests", [[], ["none"], [UNKNOWN] * 101])
    def test_refuses_parameters(self, web, digests):
        assert code_of(lambda: complete(web, begin(web), *digests)) == "InvalidParameterException"

    def test_refuses_small_parts_before_the_last(self, web):
        upload = begin(web)
        send(web, upload, 0, b"x" * (5 * MIB - 1))
        send(web, upload, 5 * MIB - 1, b"x")
        assert code_of(lambda: complete(web, upload, digest_of(b"x" * 5 * MIB))) == "LayerPartTooSmallException"

    def test_refuses_a_layer_that_is_there(self, web):
        upload_layer(web, b"x")
        upload = begin(web)
        send(web, upload, 0, b"x")
        assert code_of(lambda: complete(web, upload, digest_of("x"))) == "LayerAlreadyExistsException"

    def test_drops_other_uploads_of_the_same_layer(self, web):
        first, second, other = begin(web), begin(web), begin(web)
        for upload, content in ((first, b"same"), (second, b"same"), (other, b"else")):
            send(web, upload, 0, content)
        complete(web, first, digest_of("same"))
        assert code_of(lambda: complete(web, second, digest_of("same"))) == "UploadNotFoundException"
        complete(web, other, digest_of("else"))

    @pytest.mark.parametrize("error", ["KmsException", "ServerException"])
    @pytest.mark.parametrize("operation", ["InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload"])
    def test_what_only_aws_can_meet_can_be_ordered(self, ecr, web, operation, error):
        ecr.fail(operation, error)
        with pytest.raises(ClientError) as caught:
            upload_layer(web, b"x")
        assert caught.value.response["Error"]["Code"] == error
        assert caught.value.operation_name == operation


class TestAvailability:
    def test_is_told_of_each_layer_once(self, web):
        digest = upload_layer(web, b"12345")
        response = web.batch_check_layer_availability(
            repositoryName="web", layerDigests=[digest, UNKNOWN, "", "none", "\0", digest]
        )
        assert response["layers"] == [
            {"layerDigest": digest, "layerAvailability": "AVAILABLE", "layerSize": 5},
            {"layerDigest": UNKNOWN, "layerAvailability": "UNAVAILABLE"},
        ]
        assert [(each["layerDigest"], each["failureCode"]) for each in response["failures"]] == [
            ("", "MissingLayerDigest"),
            ("none", "InvalidLayerDigest"),
            ("\0", "InvalidLayerDigest"),
        ]

    def test_knows_the_media_type_that_an_image_gives_it_and_whether_it_is_archived(self, web):
        digest = upload_layer(web, b"12345")
        for name in ("one", "two"):
            web.put_image(
                repositoryName="web", imageManifest=image(name, config=blob("12345", 5, CONFIG)), imageTag=name
            )
        states = []
        for name in ("one", "two"):
            web.update_image_storage_class(
                repositoryName="web", imageId={"imageTag": name}, targetStorageClass="ARCHIVE"
            )
            (layer,) = web.batch_check_layer_availability(repositoryName="web", layerDigests=[digest])["layers"]
            assert layer["mediaType"] == CONFIG
            states.append(layer["layerAvailability"])
        assert states == ["AVAILABLE", "ARCHIVED"]

    @pytest.mark.parametrize("digests", [[], [UNKNOWN] * 101, ["a" * 1001]])
    def test_refuses_parameters(self, web, digests):
        assert code_of(web.batch_check_layer_availability, repositoryName="web", layerDigests=digests) == (
            "InvalidParameterException"
        )

    def test_of_a_made_up_images_config_follows_the_image(self, ecr, web):
        ecr.push("web", "v1")
        empty = digest_of("{}")
        web.update_image_storage_class(repositoryName="web", imageId={"imageTag": "v1"}, targetStorageClass="ARCHIVE")
        (layer,) = web.batch_check_layer_availability(repositoryName="web", layerDigests=[empty])["layers"]
        assert layer["layerAvailability"] == "ARCHIVED"
        assert code_of(web.get_download_url_for_layer, repositoryName="web", layerDigest=empty) == (
            "LayerInaccessibleException"
        )

    def test_an_open_upload_is_no_layer_yet(self, web):
        send(web, begin(web), 0, b"x")
        (layer,) = web.batch_check_layer_availability(repositoryName="web", layerDigests=[digest_of("x")])["layers"]
        assert layer["layerAvailability"] == "UNAVAILABLE"


class TestDownload:
    @pytest.fixture
    def digest(self, web):
        digest = upload_layer(web, b"\0bytes\xff")
        web.put_image(repositoryName="web", imageManifest=image(layers=[{"digest": digest, "size": 7}]), imageTag="v1")
        return digest

    def test_url_gives_the_bytes_in_any_process(self, web, digest):
        response = web.get_download_url_for_layer(repositoryName="web", layerDigest=digest)
        assert response["layerDigest"] == digest
        code = "import sys, urllib.request as r; sys.stdout.buffer.write(r.urlopen(sys.argv[1]).read())"
        read = subprocess.run([sys.executable, "-c", code, response["downloadUrl"]], capture_output=True, check=True)
        assert read.stdout == b"\0bytes\xff"

    def test_counts_as_a_pull_of_the_images_that_have_the_layer(self, web, digest):
        web.put_image(repositoryName="web", imageManifest=image("other"), imageTag="other")
        with freeze_time("2026-03-03"):
            web.get_download_url_for_layer(repositoryName="web", layerDigest=digest)
        pulled = {
            each["imageTags"][0]: each.get("lastRecordedPullTime")
            for each in web.describe_images(repositoryName="web")["imageDetails"]
        }
        assert pulled["v1"].isoformat()[:10] == "2026-03-03"
        assert pulled["other"] is None

    def test_of_an_unknown_layer_is_refused(self, web):
        assert error_of(web.get_download_url_for_layer, repositoryName="web", layerDigest=UNKNOWN) == (
            "LayersNotFoundException",
            f"The layer with digest '{UNKNOWN}' does not exist within the repository with name 'web' in the registry "
            "with id '123456789012'",
            400,
        )
        assert code_of(web.get_download_url_for_layer, repositoryName="web", layerDigest="none") == (
            "InvalidParameterException"
        )

    @pytest.mark.parametrize("why", ["in no image", "image deleted", "image archived"])
    def test_of_a_layer_that_no_image_can_give_is_refused(self, web, digest, why):
        if why == "in no image":
            digest = upload_layer(web, b"lonely")
        elif why == "image deleted":
            web.batch_delete_image(repositoryName="web", imageIds=[{"imageTag": "v1"}])
        else:
            web.update_image_storage_class(
                repositoryName="web", imageId={"imageTag": "v1"}, targetStorageClass="ARCHIVE"
            )
        code, message, _ = error_of(web.get_download_url_for_layer, repositoryName="web", layerDigest=digest)
        assert code == "LayerInaccessibleException"
        assert ("archived" in message) is (why == "image archived")

    def test_of_a_layer_that_very_many_images_have(self, any_ecr):
        client = unchecked(any_ecr)
        images = [{"manifest": image(str(n), config=blob("shared", 6, CONFIG))} for n in range(40)]
        any_ecr.seed({"registries": [{"repositories": [
            {"name": "web", "layers": [{"content": "shared"}], "images": images}]}]})  # fmt: skip
        client.get_download_url_for_layer(repositoryName="web", layerDigest=digest_of("shared"))
        details = client.describe_images(repositoryName="web")["imageDetails"]
        assert len([each for each in details if "lastRecordedPullTime" in each]) == 40

    def test_the_config_of_what_fakeecr_made_up_can_be_had(self, ecr, web):
        ecr.push("web", "v1")
        empty = digest_of("{}")
        (layer,) = web.batch_check_layer_availability(repositoryName="web", layerDigests=[empty])["layers"]
        assert (layer["layerAvailability"], layer["layerSize"]) == ("AVAILABLE", 2)
        url = web.get_download_url_for_layer(repositoryName="web", layerDigest=empty)["downloadUrl"]
        assert urllib.request.urlopen(url).read() == b"{}"

    def test_the_same_config_outlives_them_where_it_was_uploaded(self, ecr, web):
        ecr.push("web", "v1")
        empty = upload_layer(web, b"{}")
        web.batch_delete_image(repositoryName="web", imageIds=[{"imageTag": "v1"}])
        (layer,) = web.batch_check_layer_availability(repositoryName="web", layerDigests=[empty])["layers"]
        assert layer["layerAvailability"] == "AVAILABLE"


def test_the_layer_media_type_of_an_image_is_kept(web):
    digest = upload_layer(web, b"x")
    web.put_image(repositoryName="web", imageManifest=image(layers=[blob("x", 1, LAYER)]))
    (layer,) = web.batch_check_layer_availability(repositoryName="web", layerDigests=[digest])["layers"]
    assert layer["mediaType"] == LAYER
