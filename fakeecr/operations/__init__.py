"""What each operation does: one module a resource, one function an operation.

A function takes the call and the request, which is valid, and gives the response; both are boto3-stubs' types.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from fakeecr.operations import (
    access,
    caches,
    images,
    layers,
    lifecycle,
    policies,
    pushes,
    registry,
    replication,
    repositories,
    scanning,
    signing,
    tags,
    templates,
)
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
    # A pull leaves its moment behind, and may fill a cache.
    "BatchGetImage": Operation(images.batch_get_image, writes=True),
    "BatchGetRepositoryScanningConfiguration": Operation(scanning.batch_get_repository_scanning_configuration),
    "CompleteLayerUpload": Operation(layers.complete_layer_upload, writes=True),
    "CreatePullThroughCacheRule": Operation(caches.create_pull_through_cache_rule, writes=True),
    "CreateRepository": Operation(repositories.create_repository, writes=True),
    "CreateRepositoryCreationTemplate": Operation(templates.create_repository_creation_template, writes=True),
    "DeleteLifecyclePolicy": Operation(lifecycle.delete_lifecycle_policy, writes=True),
    "DeletePullThroughCacheRule": Operation(caches.delete_pull_through_cache_rule, writes=True),
    "DeleteRegistryPolicy": Operation(policies.delete_registry_policy, writes=True),
    "DeleteRepository": Operation(repositories.delete_repository, writes=True),
    "DeleteRepositoryCreationTemplate": Operation(templates.delete_repository_creation_template, writes=True),
    "DeleteRepositoryPolicy": Operation(policies.delete_repository_policy, writes=True),
    "DeleteSigningConfiguration": Operation(signing.delete_signing_configuration, writes=True),
    "DeregisterPullTimeUpdateExclusion": Operation(registry.deregister_pull_time_update_exclusion, writes=True),
    "DescribeImageReplicationStatus": Operation(replication.describe_image_replication_status),
    "DescribeImageScanFindings": Operation(scanning.describe_image_scan_findings),
    "DescribeImageSigningStatus": Operation(signing.describe_image_signing_status),
    "DescribeImages": Operation(images.describe_images),
    "DescribePullThroughCacheRules": Operation(caches.describe_pull_through_cache_rules),
    "DescribeRegistry": Operation(registry.describe_registry),
    "DescribeReplicationBackfillResults": Operation(replication.describe_replication_backfill_results),
    "DescribeRepositories": Operation(repositories.describe_repositories),
    "DescribeRepositoryCreationTemplates": Operation(templates.describe_repository_creation_templates),
    "GetAccountSetting": Operation(registry.get_account_setting),
    "GetAuthorizationToken": Operation(access.get_authorization_token),
    "GetDownloadUrlForLayer": Operation(layers.get_download_url_for_layer, writes=True),
    "GetLifecyclePolicy": Operation(lifecycle.get_lifecycle_policy),
    "GetLifecyclePolicyPreview": Operation(lifecycle.get_lifecycle_policy_preview),
    "GetRegistryPolicy": Operation(policies.get_registry_policy),
    "GetRegistryScanningConfiguration": Operation(scanning.get_registry_scanning_configuration),
    "GetRepositoryPolicy": Operation(policies.get_repository_policy),
    "GetSigningConfiguration": Operation(signing.get_signing_configuration),
    "InitiateLayerUpload": Operation(layers.initiate_layer_upload, writes=True),
    "ListImageReferrers": Operation(images.list_image_referrers),
    "ListImages": Operation(images.list_images),
    "ListPullTimeUpdateExclusions": Operation(registry.list_pull_time_update_exclusions),
    "ListReplicationBackfills": Operation(replication.list_replication_backfills),
    "ListTagsForResource": Operation(tags.list_tags_for_resource),
    "PutAccountSetting": Operation(registry.put_account_setting, writes=True),
    "PutImage": Operation(pushes.put_image, writes=True),
    "PutImageScanningConfiguration": Operation(repositories.put_image_scanning_configuration, writes=True),
    "PutImageTagMutability": Operation(repositories.put_image_tag_mutability, writes=True),
    "PutLifecyclePolicy": Operation(lifecycle.put_lifecycle_policy, writes=True),
    "PutRegistryPolicy": Operation(policies.put_registry_policy, writes=True),
    "PutRegistryScanningConfiguration": Operation(scanning.put_registry_scanning_configuration, writes=True),
    "PutReplicationConfiguration": Operation(replication.put_replication_configuration, writes=True),
    "PutSigningConfiguration": Operation(signing.put_signing_configuration, writes=True),
    "RegisterPullTimeUpdateExclusion": Operation(registry.register_pull_time_update_exclusion, writes=True),
    "SetRepositoryPolicy": Operation(policies.set_repository_policy, writes=True),
    "StartImageScan": Operation(scanning.start_image_scan, writes=True),
    "StartLifecyclePolicyPreview": Operation(lifecycle.start_lifecycle_policy_preview, writes=True),
    "StartReplicationBackfill": Operation(replication.start_replication_backfill, writes=True),
    "StopReplicationBackfill": Operation(replication.stop_replication_backfill),
    "TagResource": Operation(tags.tag_resource, writes=True),
    "UntagResource": Operation(tags.untag_resource, writes=True),
    "UpdateImageStorageClass": Operation(images.update_image_storage_class, writes=True),
    "UpdatePullThroughCacheRule": Operation(caches.update_pull_through_cache_rule, writes=True),
    "UpdateRepositoryCreationTemplate": Operation(templates.update_repository_creation_template, writes=True),
    "UploadLayerPart": Operation(layers.upload_layer_part, writes=True),
    "ValidatePullThroughCacheRule": Operation(caches.validate_pull_through_cache_rule),
}
