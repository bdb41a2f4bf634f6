"""Operations on layers, and on the other blobs that images refer to."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING
from uuid import uuid4

from fakeecr import clock
from fakeecr.errors import (
    empty_upload,
    invalid_layer,
    invalid_layer_part,
    layer_already_exists,
    layer_inaccessible,
    layer_not_found,
    layer_part_too_small,
    layer_too_big,
    upload_not_found,
)
from fakeecr.operations.call import Call
from fakeecr.operations.finding import DIGEST_PATTERN, find_repository, is_digest
from fakeecr.operations.registry import records_pulls
from fakeecr.operations.templates import repository_to_push_to
from fakeecr.store import layers
from fakeecr.store.layers import Upload
from fakeecr.store.registries import FoundRepository

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import (
        BatchCheckLayerAvailabilityRequestTypeDef,
        BatchCheckLayerAvailabilityResponseTypeDef,
        CompleteLayerUploadRequestTypeDef,
        CompleteLayerUploadResponseTypeDef,
        GetDownloadUrlForLayerRequestTypeDef,
        GetDownloadUrlForLayerResponseTypeDef,
        InitiateLayerUploadRequestTypeDef,
        InitiateLayerUploadResponseTypeDef,
        LayerFailureTypeDef,
        LayerTypeDef,
        UploadLayerPartRequestTypeDef,
        UploadLayerPartResponseTypeDef,
    )

_MEBIBYTE = 1024 * 1024
# What AWS proposes as the size of a part (documented), and its quotas.
_PART = 10 * _MEBIBYTE
_SMALLEST_PART = 5 * _MEBIBYTE
_MOST_PARTS = 4200
_BIGGEST_LAYER = 52_000 * _MEBIBYTE


def initiate_layer_upload(call: Call, request: InitiateLayerUploadRequestTypeDef) -> InitiateLayerUploadResponseTypeDef:
    """Begin the upload of a layer."""
    repository = repository_to_push_to(call, request)
    upload_id = str(uuid4())
    layers.open_upload(call.connection, repository.key, upload_id)
    return {"partSize": _PART, "uploadId": upload_id, "ResponseMetadata": call.metadata}


def upload_layer_part(call: Call, request: UploadLayerPartRequestTypeDef) -> UploadLayerPartResponseTypeDef:
    """Take the next part of a layer; its size is checked when the upload is completed."""
    repository = find_repository(call, request)
    upload = _find_upload(call, repository, request["uploadId"])
    first, last, content = request["partFirstByte"], request["partLastByte"], request["layerPartBlob"]
    assert isinstance(content, bytes)  # noqa: S101 - what the validator makes of a blob
    problem = None
    if first != upload.size:
        problem = f"The part begins at byte {first} instead of {upload.size}, where the last part ended"
    elif last - first + 1 != len(content) or not content:
        problem = f"The part has {len(content)} bytes, which are not those from {first} to {last}"
    names = (request["uploadId"], repository.name, repository.account_id)
    if problem:
        raise invalid_layer_part(problem, *names, upload.size)
    if upload.parts >= _MOST_PARTS:
        raise layer_too_big(*names, f"number of parts which is '{_MOST_PARTS}'")
    if upload.size + len(content) > _BIGGEST_LAYER:
        raise layer_too_big(*names, f"size of a layer which is '{_BIGGEST_LAYER}' bytes")
    layers.add_part(call.connection, upload, content)
    return {
        "lastByteReceived": last,
        "registryId": repository.account_id,
        "repositoryName": repository.name,
        "uploadId": request["uploadId"],
        "ResponseMetadata": call.metadata,
    }


def complete_layer_upload(call: Call, request: CompleteLayerUploadRequestTypeDef) -> CompleteLayerUploadResponseTypeDef:
    """Make a layer of what an upload received, if it has the digest that the request gives."""
    repository = find_repository(call, request)
    upload_id = request["uploadId"]
    upload = _find_upload(call, repository, upload_id)
    names = (upload_id, repository.name, repository.account_id)
    if not upload.parts:
        raise empty_upload(*names)
    smallest = layers.smallest_part_but_the_last(call.connection, upload)
    if smallest is not None and smallest < _SMALLEST_PART:
        raise layer_part_too_small(*names, _SMALLEST_PART)
    calculated = layers.digest_of_upload(call.connection, upload)
    for digest in request["layerDigests"]:
        if digest != calculated:
            raise invalid_layer(digest, calculated)
    if layers.kept_layers(call.connection, repository.key, [calculated]):
        raise layer_already_exists(calculated, repository.name, repository.account_id)
    layers.complete_upload(call.connection, repository.key, upload, calculated)
    return {
        "layerDigest": calculated,
        "registryId": repository.account_id,
        "repositoryName": repository.name,
        "uploadId": upload_id,
        "ResponseMetadata": call.metadata,
    }


def _find_upload(call: Call, repository: FoundRepository, upload_id: str) -> Upload:
    upload = layers.find_upload(call.connection, repository.key, upload_id)
    if upload is None:
        raise upload_not_found(upload_id, repository.name, repository.account_id)
    return upload


def batch_check_layer_availability(
    call: Call, request: BatchCheckLayerAvailabilityRequestTypeDef
) -> BatchCheckLayerAvailabilityResponseTypeDef:
    """Tell of layers whether they are there; a layer is archived if every image that refers to it is."""
    repository = find_repository(call, request)
    checked: list[LayerTypeDef] = []
    failures: list[LayerFailureTypeDef] = []
    digests = list(dict.fromkeys(request["layerDigests"]))
    there = layers.find_layers(call.connection, repository.key, list(filter(is_digest, digests)))
    for digest in digests:
        if not digest:
            failures.append(
                {
                    "failureCode": "MissingLayerDigest",
                    "failureReason": "Invalid request parameters: layer digest cannot be empty",
                    "layerDigest": digest,
                }
            )
        elif not is_digest(digest):
            failures.append(
                {
                    "failureCode": "InvalidLayerDigest",
                    "failureReason": "Invalid request parameters: layer digest should satisfy the regex "
                    f"'{DIGEST_PATTERN}'",
                    "layerDigest": digest,
                }
            )
        elif digest not in there:
            checked.append({"layerAvailability": "UNAVAILABLE", "layerDigest": digest})
        else:
            use = layers.use_of(call.connection, repository.key, digest)
            layer: LayerTypeDef = {
                "layerAvailability": "AVAILABLE" if use is None or use.status == "ACTIVE" else "ARCHIVED",
                "layerDigest": digest,
                "layerSize": there[digest].size,
            }
            if use is not None and use.media_type is not None:
                layer["mediaType"] = use.media_type
            checked.append(layer)
    return {"failures": failures, "layers": checked, "ResponseMetadata": call.metadata}


def get_download_url_for_layer(
    call: Call, request: GetDownloadUrlForLayerRequestTypeDef
) -> GetDownloadUrlForLayerResponseTypeDef:
    """Give a URL that has the layer in it, so that no network is needed to read it; it counts as a pull.

    A ``data:`` URL is what the standard library's urllib reads in any process; the adapters see to it that requests
    reads it as well.
    """
    repository = find_repository(call, request)
    digest = request["layerDigest"]
    layer = layers.find_layers(call.connection, repository.key, [digest]).get(digest)
    if layer is None:
        raise layer_not_found(digest, repository.name, repository.account_id)
    use = layers.use_of(call.connection, repository.key, digest)
    if use is None:
        raise layer_inaccessible(digest, "it is not associated with an image")
    if use.status != "ACTIVE":
        raise layer_inaccessible(digest, "the images that it is associated with are archived")
    if records_pulls(call, repository):
        layers.pulled(call.connection, repository.key, digest, clock.now())
    content = b64encode(layers.content_of(call.connection, layer)).decode("ascii")
    return {
        "downloadUrl": f"data:application/octet-stream;base64,{content}",
        "layerDigest": digest,
        "ResponseMetadata": call.metadata,
    }
