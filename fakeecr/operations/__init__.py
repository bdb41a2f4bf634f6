"""What each operation does: one module a resource, one function an operation.

A function takes the call and the request, which is valid, and gives the response; both are boto3-stubs' types.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from fakeecr.operations import access, images, layers, pushes, repositories, tags
from fakeecr.operations.call import Call

__all__ = ["OPERATIONS", "Call", "Operation"]


class Operation(NamedTuple):
    """An operation that fakeecr answers.

    Attributes:
        function: what answers it.
        writes: whether it needs a transaction that writes.
    """

    function: Callable[[Call, Any], Mapping[str, Any]]
    writes: bool = False


OPERATIONS: Mapping[str, Operation] = {
    "BatchCheckLayerAvailability": Operation(layers.batch_check_layer_availability),
    "BatchDeleteImage": Operation(images.batch_delete_image, writes=True),
    # A pull leaves its moment behind.
    "BatchGetImage": Operation(images.batch_get_image, writes=True),
    "CompleteLayerUpload": Operation(layers.complete_layer_upload, writes=True),
    "CreateRepository": Operation(repositories.create_repository, writes=True),
    "DeleteRepository": Operation(repositories.delete_repository, writes=True),
    "DescribeImages": Operation(images.describe_images),
    "DescribeRepositories": Operation(repositories.describe_repositories),
    "GetAuthorizationToken": Operation(access.get_authorization_token),
    "GetDownloadUrlForLayer": Operation(layers.get_download_url_for_layer, writes=True),
    "InitiateLayerUpload": Operation(layers.initiate_layer_upload, writes=True),
    "ListImageReferrers": Operation(images.list_image_referrers),
    "ListImages": Operation(images.list_images),
    "ListTagsForResource": Operation(tags.list_tags_for_resource),
    "PutImage": Operation(pushes.put_image, writes=True),
    "PutImageScanningConfiguration": Operation(repositories.put_image_scanning_configuration, writes=True),
    "PutImageTagMutability": Operation(repositories.put_image_tag_mutability, writes=True),
    "TagResource": Operation(tags.tag_resource, writes=True),
    "UntagResource": Operation(tags.untag_resource, writes=True),
    "UpdateImageStorageClass": Operation(images.update_image_storage_class, writes=True),
    "UploadLayerPart": Operation(layers.upload_layer_part, writes=True),
}
