"""Layer uploads: InitiateLayerUpload, UploadLayerPart and CompleteLayerUpload."""

from __future__ import annotations

import gc
import tracemalloc
import urllib.request
from uuid import uuid4

import pytest
import sqlalchemy as sa
from botocore.exceptions import ClientError

from fakeecr import FakeECR
from tests.answers import code_of, error_of
from tests.conftest import unchecked
from tests.manifests import blob, digest_of, image
from tests.operations.helpers import begin_upload, complete_upload, content, put_image, send_part, upload_layer

MIB = 1024 * 1024
UNKNOWN = digest_of("unknown")


# --- InitiateLayerUpload and UploadLayerPart ---------------------------------------------------------


def test_a_layer_uploaded_in_parts_is_downloaded_byte_for_byte(database):
    parts = [bytes([n]) * (5 * MIB) for n in (0, 1)] + [b"the last part may be small"]
    digest = digest_of(b"".join(parts))
    with FakeECR(database) as ecr:
        client = unchecked(ecr)
        client.create_repository(repositoryName="web")

        upload_id, size = begin_upload(client), 0
        for part in parts:
            response = send_part(client, upload_id, size, part)
            size += len(part)
            assert content(response) == {
                "registryId": "123456789012",
                "repositoryName": "web",
                "uploadId": upload_id,
                "lastByteReceived": size - 1,
            }
        assert content(complete_upload(client, upload_id, digest)) == {
            "registryId": "123456789012",
            "repositoryName": "web",
            "uploadId": upload_id,
            "layerDigest": digest,
        }

        put_image(client, image(layers=[{**blob("", size), "digest": digest}]))
        url = client.get_download_url_for_layer(repositoryName="web", layerDigest=digest)["downloadUrl"]
        with urllib.request.urlopen(url) as opened:
            assert opened.read() == b"".join(parts)


def test_an_uploaded_part_does_not_stay_in_memory(tmp_path):
    # Not in memory, where all fakes of the process share the statements that SQLAlchemy has compiled.
    with FakeECR(tmp_path / "state.db") as ecr:
        client = unchecked(ecr)
        client.create_repository(repositoryName="web")
        upload_id = begin_upload(client)

        tracemalloc.start()
        send_part(client, upload_id, 0, bytes(5 * MIB))
        gc.collect()
        allocated, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert allocated < MIB


def test_initiate_layer_upload_proposes_parts_of_ten_mebibytes(client, web):
    assert client.initiate_layer_upload(repositoryName="web")["partSize"] == 10 * MIB


@pytest.mark.parametrize(
    ("first", "part", "last"),
    [
        pytest.param(0, b"again", None, id="the first part again"),
        pytest.param(4, b"overlaps", None, id="an overlap"),
        pytest.param(6, b"a gap", None, id="a gap"),
        pytest.param(5, b"longer", 9, id="longer than the range"),
        pytest.param(5, b"shorter", 50, id="shorter than the range"),
        pytest.param(5, b"", 4, id="an empty range"),
        pytest.param(5, b"", 5, id="no bytes"),
        pytest.param(2**62, b"far", None, id="a large position"),
    ],
)
def test_a_part_that_does_not_follow_or_does_not_fill_its_range_is_refused(client, web, first, part, last):
    upload_id = begin_upload(client)
    send_part(client, upload_id, 0, b"first")

    with pytest.raises(ClientError) as caught:
        send_part(client, upload_id, first, part, last)

    response = caught.value.response
    assert response["Error"]["Code"] == "InvalidLayerPartException"
    members = ("registryId", "repositoryName", "uploadId", "lastValidByteReceived")
    assert {member: response[member] for member in members} == {
        "registryId": "123456789012",
        "repositoryName": "web",
        "uploadId": upload_id,
        "lastValidByteReceived": 4,
    }
    # The part before is still in the upload.
    complete_upload(client, upload_id, digest_of(b"first"))


def test_a_first_part_that_does_not_begin_at_zero_is_refused(client, web):
    with pytest.raises(ClientError) as caught:
        send_part(client, begin_upload(client), 1, b"x")

    assert caught.value.response["Error"]["Code"] == "InvalidLayerPartException"
    assert "lastValidByteReceived" not in caught.value.response


@pytest.mark.parametrize(
    "parameters",
    [
        pytest.param({"partFirstByte": -1}, id="a negative first byte"),
        pytest.param({"partLastByte": -1}, id="a negative last byte"),
        pytest.param({"uploadId": "none"}, id="a malformed upload id"),
        pytest.param({"layerPartBlob": b"x" * (20 * MIB + 1), "partLastByte": 20 * MIB}, id="more than 20 MiB"),
    ],
)
def test_upload_layer_part_refuses_invalid_parameters(client, web, parameters):
    request = {"uploadId": begin_upload(client), "partFirstByte": 0, "partLastByte": 0, "layerPartBlob": b"x"}

    code = code_of(client.upload_layer_part, repositoryName="web", **{**request, **parameters})

    assert code == "InvalidParameterException"


def test_a_part_of_twenty_mebibytes_is_accepted(client, web):
    upload_layer(client, b"x" * (20 * MIB))


def test_an_upload_of_more_than_4200_parts_is_refused(ecr, client, web):
    upload_id = begin_upload(client)
    with ecr._open().store.writing() as connection:
        connection.execute(
            sa.text(
                "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 4199) "
                "INSERT INTO layer_part (layer_id, first_byte, content) SELECT 1, i, x'00' FROM n"
            )
        )
        connection.execute(sa.text("UPDATE layer SET size = 4200"))

    assert code_of(lambda: send_part(client, upload_id, 4200, b"x")) == "LimitExceededException"


def test_a_layer_of_more_than_52000_mebibytes_is_refused(ecr, client, web):
    upload_id, limit = begin_upload(client), 52_000 * MIB
    with ecr._open().store.writing() as connection:
        connection.execute(sa.text("UPDATE layer SET size = :size"), {"size": limit - 1})

    assert code_of(lambda: send_part(client, upload_id, limit - 1, b"xy")) == "LimitExceededException"

    send_part(client, upload_id, limit - 1, b"x")


@pytest.mark.parametrize("state", ["never begun", "of another repository", "completed"])
def test_an_upload_that_is_not_open_is_not_found(client, web, state):
    upload_id = str(uuid4())
    if state == "of another repository":
        client.create_repository(repositoryName="other")
        upload_id = client.initiate_layer_upload(repositoryName="other")["uploadId"]
    elif state == "completed":
        upload_id = begin_upload(client)
        send_part(client, upload_id, 0, b"x")
        complete_upload(client, upload_id, digest_of("x"))
    not_found = (
        "UploadNotFoundException",
        f"The upload with id '{upload_id}' in the repository with name 'web' in registry with id '123456789012' does "
        "not exist",
        400,
    )

    assert error_of(lambda: send_part(client, upload_id, 0, b"x")) == not_found
    assert error_of(lambda: complete_upload(client, upload_id, digest_of("x"))) == not_found


# --- CompleteLayerUpload -----------------------------------------------------------------------------


def test_an_upload_without_parts_cannot_be_completed(client, web):
    upload_id = begin_upload(client)

    assert error_of(lambda: complete_upload(client, upload_id, UNKNOWN)) == (
        "EmptyUploadException",
        f"The upload with id '{upload_id}' in the repository with name 'web' in registry with id '123456789012' "
        "cannot be completed because it does not have any parts",
        400,
    )


@pytest.mark.parametrize(
    "digests",
    [
        pytest.param([UNKNOWN], id="of another layer"),
        pytest.param([digest_of("x"), UNKNOWN], id="also of another layer"),
        pytest.param(["sha512:" + "0" * 128], id="of another algorithm"),
        pytest.param([digest_of("x").upper()[:6] + ":00"], id="of an unknown algorithm"),
    ],
)
def test_an_upload_cannot_be_completed_with_a_wrong_digest(client, web, digests):
    upload_id = begin_upload(client)
    send_part(client, upload_id, 0, b"x")

    assert code_of(lambda: complete_upload(client, upload_id, *digests)) == "InvalidLayerException"

    complete_upload(client, upload_id, digest_of("x"))


@pytest.mark.parametrize(
    "digests",
    [
        pytest.param([], id="none"),
        pytest.param(["none"], id="a malformed digest"),
        pytest.param([UNKNOWN] * 101, id="101 digests"),
    ],
)
def test_complete_layer_upload_refuses_invalid_digests(client, web, digests):
    code = code_of(lambda: complete_upload(client, begin_upload(client), *digests))

    assert code == "InvalidParameterException"


def test_a_part_of_less_than_five_mebibytes_before_the_last_is_refused(client, web):
    upload_id = begin_upload(client)
    send_part(client, upload_id, 0, b"x" * (5 * MIB - 1))
    send_part(client, upload_id, 5 * MIB - 1, b"x")

    code = code_of(lambda: complete_upload(client, upload_id, digest_of(b"x" * 5 * MIB)))

    assert code == "LayerPartTooSmallException"


def test_a_layer_that_exists_cannot_be_uploaded_again(client, web):
    upload_layer(client, b"x")
    upload_id = begin_upload(client)
    send_part(client, upload_id, 0, b"x")

    assert code_of(lambda: complete_upload(client, upload_id, digest_of("x"))) == "LayerAlreadyExistsException"


def test_completing_an_upload_drops_other_uploads_of_the_same_layer(client, web):
    first, second, other = begin_upload(client), begin_upload(client), begin_upload(client)
    for upload_id, part in ((first, b"same"), (second, b"same"), (other, b"else")):
        send_part(client, upload_id, 0, part)

    complete_upload(client, first, digest_of("same"))

    assert code_of(lambda: complete_upload(client, second, digest_of("same"))) == "UploadNotFoundException"
    complete_upload(client, other, digest_of("else"))


@pytest.mark.parametrize("error", ["KmsException", "ServerException"])
@pytest.mark.parametrize("operation", ["InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload"])
def test_an_ordered_error_fails_each_operation_of_an_upload(ecr, client, web, operation, error):
    ecr.fail(operation, error)

    with pytest.raises(ClientError) as caught:
        upload_layer(client, b"x")

    assert caught.value.response["Error"]["Code"] == error
    assert caught.value.operation_name == operation
