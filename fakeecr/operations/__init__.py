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
        acts: whether what it keeps, or gives, has a part in what else happens; otherwise it is stored and given back.
        not_modelled: what AWS does of it, and this fake does not; for the table in the README.
    """

    function: Callable[[Call, Any], Mapping[str, Any]]
    writes: bool = False
    acts: bool = True
    not_modelled: str = ""


OPERATIONS: Mapping[str, Operation] = {
    "BatchCheckLayerAvailability": Operation(layers.batch_check_layer_availability),
    "BatchDeleteImage": Operation(
        images.batch_delete_image,
        writes=True,
        not_modelled="the minimal storage time of archived images, which is only billed",
    ),
    # A pull leaves its moment behind, and may fill a cache.
    "BatchGetImage": Operation(
        images.batch_get_image, writes=True, not_modelled="translation into another schema of manifests"
    ),
    "BatchGetRepositoryScanningConfiguration": Operation(scanning.batch_get_repository_scanning_configuration),
    "CompleteLayerUpload": Operation(layers.complete_layer_upload, writes=True),
    "CreatePullThroughCacheRule": Operation(
        caches.create_pull_through_cache_rule, writes=True, not_modelled="secrets and roles: neither is looked up"
    ),
    "CreateRepository": Operation(
        repositories.create_repository,
        writes=True,
        not_modelled="encryption: nothing is encrypted, no key is looked up",
    ),
    "CreateRepositoryCreationTemplate": Operation(
        templates.create_repository_creation_template,
        writes=True,
        not_modelled="the role, and encryption, as of CreateRepository",
    ),
    "DeleteLifecyclePolicy": Operation(lifecycle.delete_lifecycle_policy, writes=True),
    "DeletePullThroughCacheRule": Operation(caches.delete_pull_through_cache_rule, writes=True),
    "DeleteRegistryPolicy": Operation(policies.delete_registry_policy, writes=True, acts=False),
    "DeleteRepository": Operation(repositories.delete_repository, writes=True),
    "DeleteRepositoryCreationTemplate": Operation(templates.delete_repository_creation_template, writes=True),
    "DeleteRepositoryPolicy": Operation(policies.delete_repository_policy, writes=True, acts=False),
    "DeleteSigningConfiguration": Operation(signing.delete_signing_configuration, writes=True),
    "DeregisterPullTimeUpdateExclusion": Operation(registry.deregister_pull_time_update_exclusion, writes=True),
    "DescribeImageReplicationStatus": Operation(
        replication.describe_image_replication_status,
        not_modelled="replication that is in progress or failed: it takes no time",
    ),
    "DescribeImageScanFindings": Operation(
        scanning.describe_image_scan_findings,
        not_modelled="scans that are in progress or failed; of enhanced findings, scores and remediations",
    ),
    "DescribeImageSigningStatus": Operation(
        signing.describe_image_signing_status, not_modelled="signatures: there is only the status, COMPLETE"
    ),
    "DescribeImages": Operation(
        images.describe_images,
        not_modelled="scan status and summary, which AWS gives only under its older basic scanning",
    ),
    "DescribePullThroughCacheRules": Operation(caches.describe_pull_through_cache_rules),
    "DescribeRegistry": Operation(registry.describe_registry),
    "DescribeReplicationBackfillResults": Operation(
        replication.describe_replication_backfill_results, not_modelled="failures; backfills do not go after 90 days"
    ),
    "DescribeRepositories": Operation(repositories.describe_repositories),
    "DescribeRepositoryCreationTemplates": Operation(templates.describe_repository_creation_templates),
    "GetAccountSetting": Operation(registry.get_account_setting, acts=False),
    "GetAuthorizationToken": Operation(
        access.get_authorization_token,
        not_modelled="what the token is for: calls are not signed, and no Docker client can log in",
    ),
    "GetDownloadUrlForLayer": Operation(
        layers.get_download_url_for_layer, writes=True, not_modelled="expiry: the URL holds the bytes"
    ),
    "GetLifecyclePolicy": Operation(lifecycle.get_lifecycle_policy),
    "GetLifecyclePolicyPreview": Operation(lifecycle.get_lifecycle_policy_preview),
    "GetRegistryPolicy": Operation(policies.get_registry_policy, acts=False),
    "GetRegistryScanningConfiguration": Operation(scanning.get_registry_scanning_configuration),
    "GetRepositoryPolicy": Operation(policies.get_repository_policy, acts=False),
    "GetSigningConfiguration": Operation(signing.get_signing_configuration),
    "InitiateLayerUpload": Operation(layers.initiate_layer_upload, writes=True),
    "ListImageReferrers": Operation(images.list_image_referrers, not_modelled="referrers upstream of a cache"),
    "ListImages": Operation(images.list_images),
    "ListPullTimeUpdateExclusions": Operation(registry.list_pull_time_update_exclusions),
    "ListReplicationBackfills": Operation(replication.list_replication_backfills),
    "ListTagsForResource": Operation(tags.list_tags_for_resource, acts=False),
    "PutAccountSetting": Operation(
        registry.put_account_setting, acts=False, writes=True, not_modelled="what the settings change in AWS"
    ),
    "PutImage": Operation(pushes.put_image, writes=True, not_modelled="the quota of 100,000 images a repository"),
    "PutImageScanningConfiguration": Operation(repositories.put_image_scanning_configuration, writes=True),
    "PutImageTagMutability": Operation(repositories.put_image_tag_mutability, writes=True),
    "PutLifecyclePolicy": Operation(
        lifecycle.put_lifecycle_policy, writes=True, not_modelled="time: `expire()` does it, or `expire_daily=True`"
    ),
    "PutRegistryPolicy": Operation(
        policies.put_registry_policy, acts=False, writes=True, not_modelled="enforcement: no call is ever denied"
    ),
    "PutRegistryScanningConfiguration": Operation(
        scanning.put_registry_scanning_configuration,
        writes=True,
        not_modelled="scans of what was pushed before; all types find the same",
    ),
    "PutReplicationConfiguration": Operation(replication.put_replication_configuration, writes=True),
    "PutSigningConfiguration": Operation(
        signing.put_signing_configuration,
        writes=True,
        not_modelled="signatures: there is only the status; profiles are not looked up",
    ),
    "RegisterPullTimeUpdateExclusion": Operation(
        registry.register_pull_time_update_exclusion,
        writes=True,
        not_modelled="who calls: while there is an exclusion, no pull is recorded",
    ),
    "SetRepositoryPolicy": Operation(
        policies.set_repository_policy,
        acts=False,
        writes=True,
        not_modelled="enforcement: no call is ever denied, so `force` changes nothing",
    ),
    "StartImageScan": Operation(scanning.start_image_scan, writes=True),
    "StartLifecyclePolicyPreview": Operation(lifecycle.start_lifecycle_policy_preview, writes=True),
    "StartReplicationBackfill": Operation(
        replication.start_replication_backfill, writes=True, not_modelled="time: it is over at once"
    ),
    "StopReplicationBackfill": Operation(
        replication.stop_replication_backfill, not_modelled="a backfill that could be stopped"
    ),
    "TagResource": Operation(tags.tag_resource, writes=True, acts=False),
    "UntagResource": Operation(tags.untag_resource, writes=True, acts=False),
    "UpdateImageStorageClass": Operation(
        images.update_image_storage_class, writes=True, not_modelled="time: ACTIVATING is only seen in seeds"
    ),
    "UpdatePullThroughCacheRule": Operation(
        caches.update_pull_through_cache_rule,
        acts=False,
        writes=True,
        not_modelled="secrets and roles: neither is looked up",
    ),
    "UpdateRepositoryCreationTemplate": Operation(templates.update_repository_creation_template, writes=True),
    "UploadLayerPart": Operation(layers.upload_layer_part, writes=True),
    "ValidatePullThroughCacheRule": Operation(
        caches.validate_pull_through_cache_rule, not_modelled="secrets: each rule is valid"
    ),
}
