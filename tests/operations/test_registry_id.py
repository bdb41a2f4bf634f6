"""registryId: an operation on a repository looks it up in the registry of the request."""

from __future__ import annotations

from contextlib import suppress

import pytest
from botocore.exceptions import ClientError

from tests.answers import code_of, error_of
from tests.manifests import image

UPLOAD_ID = "00000000-0000-0000-0000-000000000000"
UNKNOWN_DIGEST = "sha256:" + "0" * 64

# Operation → its request, without repositoryName and registryId.
OPERATIONS = {
    "delete_repository": {},
    "put_image_tag_mutability": {"imageTagMutability": "IMMUTABLE"},
    "put_image_scanning_configuration": {"imageScanningConfiguration": {"scanOnPush": True}},
    "put_image": {"imageManifest": image()},
    "batch_get_image": {"imageIds": [{"imageTag": "a"}]},
    "batch_delete_image": {"imageIds": [{"imageTag": "a"}]},
    "describe_images": {},
    "list_image_referrers": {"subjectId": {"imageDigest": UNKNOWN_DIGEST}},
    "update_image_storage_class": {"imageId": {"imageTag": "a"}, "targetStorageClass": "ARCHIVE"},
    "initiate_layer_upload": {},
    "upload_layer_part": {"uploadId": UPLOAD_ID, "partFirstByte": 0, "partLastByte": 0, "layerPartBlob": b"x"},
    "complete_layer_upload": {"uploadId": UPLOAD_ID, "layerDigests": [UNKNOWN_DIGEST]},
    "batch_check_layer_availability": {"layerDigests": [UNKNOWN_DIGEST]},
    "get_download_url_for_layer": {"layerDigest": UNKNOWN_DIGEST},
}


@pytest.mark.parametrize(("operation", "parameters"), OPERATIONS.items(), ids=OPERATIONS)
def test_an_operation_looks_up_a_repository_in_the_registry_of_the_request(ecr, client, operation, parameters):
    call = getattr(client, operation)
    ecr.push("web", "a", registry_id="999999999999")

    assert error_of(call, repositoryName="web", **parameters) == (
        "RepositoryNotFoundException",
        "The repository with name 'web' does not exist in the registry with id '123456789012'",
        400,
    )
    with suppress(ClientError):
        response = call(repositoryName="web", registryId="999999999999", **parameters)
        assert response.get("registryId", "999999999999") == "999999999999"
        return
    # The repository is found, and something in it is missing, or it has an image.
    code = code_of(call, repositoryName="web", registryId="999999999999", **parameters)
    assert code in {"UploadNotFoundException", "LayersNotFoundException", "RepositoryNotEmptyException"}
