"""Operations on layers, and on the other blobs that images refer to.

Differences from AWS:
    - **Download URLs** are `data:` URLs that contain the bytes, and do not expire. urllib reads them in every
      process, requests while a fake is active. While the fake is served by HTTP, they are URLs of its server, which
      every client can read; they expire after an hour.
    - **Parts** may have 20 MiB, as the service model says; the user guide says 10.
    - **With `require_layers=True`**, PutImage does not require layers that have `urls`.
    - **The config `{}`** of an image that fakeecr made up can be downloaded. That is not recorded as a pull.
    - **Unassociated layers and open uploads** stay; AWS removes them later.
"""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

from fakeecr.operations.envelopes import EMPTY, of_repository
from fakeecr.registry import downloads, layers
from fakeecr.registry.call import Call
from fakeecr.registry.creation import find_repository_to_push_to
from fakeecr.registry.lookup import find_repository
from fakeecr.rules import quotas
from fakeecr.rules.names import IMAGE_DIGEST, is_image_digest

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


def initiate_layer_upload(call: Call, request: InitiateLayerUploadRequestTypeDef) -> InitiateLayerUploadResponseTypeDef:
    """Begin the upload of a layer."""
    repository = find_repository_to_push_to(call, request["repositoryName"], request.get("registryId"))
    return {"partSize": quotas.PROPOSED_LAYER_PART, "uploadId": layers.begin_upload(call, repository), **EMPTY}


def upload_layer_part(call: Call, request: UploadLayerPartRequestTypeDef) -> UploadLayerPartResponseTypeDef:
    """Add the next part to the upload of a layer."""
    repository = find_repository(call, request["repositoryName"], request.get("registryId"))
    content = request["layerPartBlob"]
    assert isinstance(content, bytes)  # noqa: S101 - what the validator turns a blob into
    layers.add_part(call, repository, request["uploadId"], content, request["partFirstByte"], request["partLastByte"])
    return {
        "lastByteReceived": request["partLastByte"],
        "uploadId": request["uploadId"],
        **of_repository(repository),
    }


def complete_layer_upload(call: Call, request: CompleteLayerUploadRequestTypeDef) -> CompleteLayerUploadResponseTypeDef:
    """Turn an upload into a layer, if it has the digest that the request gives."""
    repository = find_repository(call, request["repositoryName"], request.get("registryId"))
    digest = layers.complete_upload(call, repository, request["uploadId"], request["layerDigests"])
    return {"layerDigest": digest, "uploadId": request["uploadId"], **of_repository(repository)}


def batch_check_layer_availability(
    call: Call, request: BatchCheckLayerAvailabilityRequestTypeDef
) -> BatchCheckLayerAvailabilityResponseTypeDef:
    """Return which layers are available; a layer is archived if every image that uses it is."""
    repository = find_repository(call, request["repositoryName"], request.get("registryId"))
    checked: list[LayerTypeDef] = []
    failures: list[LayerFailureTypeDef] = []
    digests = list(dict.fromkeys(request["layerDigests"]))
    available = layers.get_layers(call, repository.key, list(filter(is_image_digest, digests)))
    for digest in digests:
        if not digest:
            failures.append(
                {
                    "failureCode": "MissingLayerDigest",
                    "failureReason": "Invalid request parameters: layer digest cannot be empty",
                    "layerDigest": digest,
                }
            )
        elif not is_image_digest(digest):
            failures.append(
                {
                    "failureCode": "InvalidLayerDigest",
                    "failureReason": "Invalid request parameters: layer digest should satisfy the regex "
                    f"'{IMAGE_DIGEST}'",
                    "layerDigest": digest,
                }
            )
        elif digest not in available:
            checked.append({"layerAvailability": "UNAVAILABLE", "layerDigest": digest})
        else:
            use = layers.get_use(call, repository.key, digest)
            layer: LayerTypeDef = {
                "layerAvailability": "AVAILABLE" if use is None or use.status == "ACTIVE" else "ARCHIVED",
                "layerDigest": digest,
                "layerSize": available[digest].size,
            }
            if use is not None and use.media_type is not None:
                layer["mediaType"] = use.media_type
            checked.append(layer)
    return {"failures": failures, "layers": checked, **EMPTY}


def get_download_url_for_layer(
    call: Call, request: GetDownloadUrlForLayerRequestTypeDef
) -> GetDownloadUrlForLayerResponseTypeDef:
    """Return a URL of the layer; this counts as a pull.

    It is a URL of the server if the fake has one. Otherwise it is a ``data:`` URL, which contains the layer and needs
    no network: the standard library's urllib reads it in any process, and an adapter lets requests read it too.
    """
    repository = find_repository(call, request["repositoryName"], request.get("registryId"))
    digest = request["layerDigest"]
    layer = layers.pull_layer(call, repository, digest)
    if call.base_url is not None:
        url = call.base_url + downloads.path_of(call, repository, digest)
    else:
        content = b64encode(b"".join(layers.parts_of(call, layer))).decode("ascii")
        url = f"data:application/octet-stream;base64,{content}"
    return {"downloadUrl": url, "layerDigest": digest, **EMPTY}
