"""The operations of the API: one module a resource, one function an operation.

A function takes the call and the validated request, and returns the response; request and response have the types of
boto3-stubs. The modules of this package import no other module of it, except `paging` and `envelopes`.

Differences from AWS:
    - **Access.** Requests are not signed, and no policy is enforced. Every account has a registry, which is empty
      until something is put into it. Where AWS answers AccessDeniedException, fakeecr answers
      RepositoryNotFoundException, or lists nothing.
    - **Time.** Scans, previews, replication, backfills, caches and signing are finished when the call that starts
      them returns. That call says IN_PROGRESS or PREPARING, as with AWS; the next one says COMPLETE. So waiters
      do not wait. A test can keep scans, previews and the status of replications in progress, or let them fail:
      `set_findings()`, `set_preview()` and `set_replication()`.
    - **Messages** are those that have been observed. Where no message has been quoted publicly, fakeecr has its
      own. If a request has several mistakes, the first is reported.
    - **Numbers.** A number with a fraction where an integer is expected, even 1.0, is a SerializationException.
    - **Page tokens** do not expire. A token is accepted only for the repository, filter and database that it was
      issued for; AWS does not say what it does with others. Of AWS's message about an invalid token only the
      beginning is known.
    - **Quotas.** Enforced are 1,000 tags of an image, 50 resource tags of a repository, 100,000 repositories of a
      registry, and the number and size of the parts of a layer. Not enforced are 100,000 images of a repository,
      so that a seed can have a million, and 100,000 scans a day.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from fakeecr.registry.call import Call

__all__ = ["OPERATIONS", "Operation", "find_function"]


class Operation(NamedTuple):
    """An operation that fakeecr answers.

    Attributes:
        module: the module of this package that has its function.
        writes: whether it needs a writing transaction.
        acts: whether its data affects other operations; otherwise the data is only stored and returned.
        not_modelled: what AWS does and fakeecr does not, for the table in the README.
    """

    module: str
    writes: bool = False
    acts: bool = True
    not_modelled: str = ""


@functools.cache
def find_function(name: str) -> Callable[[Call, Any], Mapping[str, Any]]:
    """Return the function of an operation: ``list_images`` for ListImages.

    A module is imported with the first call of one of its operations, because a test seldom needs all of them.
    """
    module = import_module(f"{__name__}.{OPERATIONS[name].module}")
    function: Callable[[Call, Any], Mapping[str, Any]] = getattr(module, re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower())
    return function


OPERATIONS: Mapping[str, Operation] = {
    "BatchCheckLayerAvailability": Operation("layers"),
    "BatchDeleteImage": Operation(
        "images",
        writes=True,
        not_modelled="the minimal storage time of archived images, which is only billed",
    ),
    # It writes, because a pull is recorded and may fill a cache.
    "BatchGetImage": Operation("images", writes=True, not_modelled="translation into another schema of manifests"),
    "BatchGetRepositoryScanningConfiguration": Operation("scanning"),
    "CompleteLayerUpload": Operation("layers", writes=True),
    "CreatePullThroughCacheRule": Operation(
        "pull_through_caches", writes=True, not_modelled="secrets and roles: neither is looked up"
    ),
    "CreateRepository": Operation(
        "repositories",
        writes=True,
        not_modelled="encryption: nothing is encrypted, no key is looked up",
    ),
    "CreateRepositoryCreationTemplate": Operation(
        "templates",
        writes=True,
        not_modelled="the role, and encryption, as of CreateRepository",
    ),
    "DeleteLifecyclePolicy": Operation("lifecycle", writes=True),
    "DeletePullThroughCacheRule": Operation("pull_through_caches", writes=True),
    "DeleteRegistryPolicy": Operation("policies", writes=True, acts=False),
    "DeleteRepository": Operation("repositories", writes=True),
    "DeleteRepositoryCreationTemplate": Operation("templates", writes=True),
    "DeleteRepositoryPolicy": Operation("policies", writes=True, acts=False),
    "DeleteSigningConfiguration": Operation("signing", writes=True),
    "DeregisterPullTimeUpdateExclusion": Operation("registry", writes=True),
    "DescribeImageReplicationStatus": Operation(
        "replication",
        not_modelled="time: `set_replication()` sets what the status is; the codes of failures",
    ),
    "DescribeImageScanFindings": Operation(
        "scanning",
        not_modelled="time: `set_findings()` sets what the status is; of enhanced findings, scores and remediations",
    ),
    "DescribeImageSigningStatus": Operation("signing", not_modelled="signatures: there is only the status, COMPLETE"),
    "DescribeImages": Operation(
        "images",
        not_modelled="scan status and summary, which AWS gives only under its older basic scanning",
    ),
    "DescribePullThroughCacheRules": Operation("pull_through_caches"),
    "DescribeRegistry": Operation("registry"),
    "DescribeReplicationBackfillResults": Operation("replication", not_modelled="failures"),
    "DescribeRepositories": Operation("repositories"),
    "DescribeRepositoryCreationTemplates": Operation("templates"),
    "GetAccountSetting": Operation("registry", acts=False),
    "GetAuthorizationToken": Operation(
        "authorization",
        not_modelled="what the token is for: calls are not signed, and no Docker client can log in",
    ),
    "GetDownloadUrlForLayer": Operation("layers", writes=True, not_modelled="expiry: the URL holds the bytes"),
    "GetLifecyclePolicy": Operation("lifecycle"),
    "GetLifecyclePolicyPreview": Operation("lifecycle", not_modelled="time: `set_preview()` sets what the status is"),
    "GetRegistryPolicy": Operation("policies", acts=False),
    "GetRegistryScanningConfiguration": Operation("scanning"),
    "GetRepositoryPolicy": Operation("policies", acts=False),
    "GetSigningConfiguration": Operation("signing"),
    "InitiateLayerUpload": Operation("layers", writes=True),
    "ListImageReferrers": Operation("images", not_modelled="referrers upstream of a cache"),
    "ListImages": Operation("images"),
    "ListPullTimeUpdateExclusions": Operation("registry"),
    "ListReplicationBackfills": Operation("replication"),
    "ListTagsForResource": Operation("tags", acts=False),
    "PutAccountSetting": Operation("registry", acts=False, writes=True, not_modelled="what most settings change"),
    "PutImage": Operation("images", writes=True, not_modelled="the quota of 100,000 images a repository"),
    "PutImageScanningConfiguration": Operation("repositories", writes=True),
    "PutImageTagMutability": Operation("repositories", writes=True),
    "PutLifecyclePolicy": Operation(
        "lifecycle", writes=True, not_modelled="time: `expire()` does it, or `expire_daily=True`"
    ),
    "PutRegistryPolicy": Operation(
        "policies", acts=False, writes=True, not_modelled="enforcement: no call is ever denied"
    ),
    "PutRegistryScanningConfiguration": Operation(
        "scanning",
        writes=True,
        not_modelled="scans of what was pushed before; all types find the same",
    ),
    "PutReplicationConfiguration": Operation("replication", writes=True),
    "PutSigningConfiguration": Operation(
        "signing",
        writes=True,
        not_modelled="signatures: there is only the status; profiles are not looked up",
    ),
    "RegisterPullTimeUpdateExclusion": Operation(
        "registry",
        writes=True,
        not_modelled="who calls: while there is an exclusion, no pull is recorded",
    ),
    "SetRepositoryPolicy": Operation(
        "policies",
        acts=False,
        writes=True,
        not_modelled="enforcement: no call is ever denied, so `force` changes nothing",
    ),
    "StartImageScan": Operation("scanning", writes=True),
    "StartLifecyclePolicyPreview": Operation("lifecycle", writes=True),
    "StartReplicationBackfill": Operation("replication", writes=True, not_modelled="time: it is over at once"),
    "StopReplicationBackfill": Operation("replication", not_modelled="a backfill that could be stopped"),
    "TagResource": Operation("tags", writes=True, acts=False),
    "UntagResource": Operation("tags", writes=True, acts=False),
    "UpdateImageStorageClass": Operation("images", writes=True, not_modelled="time: only the answer says ACTIVATING"),
    "UpdatePullThroughCacheRule": Operation(
        "pull_through_caches",
        acts=False,
        writes=True,
        not_modelled="secrets and roles: neither is looked up",
    ),
    "UpdateRepositoryCreationTemplate": Operation("templates", writes=True),
    "UploadLayerPart": Operation("layers", writes=True),
    "ValidatePullThroughCacheRule": Operation("pull_through_caches", not_modelled="secrets: each rule is valid"),
}
