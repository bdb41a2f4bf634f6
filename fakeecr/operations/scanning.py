"""Operations on scans: when images are scanned, and what a test says is found in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from fakeecr import clock
from fakeecr.errors import (
    cannot_be_scanned,
    feature_disabled,
    image_archived,
    invalid_parameter,
    repository_not_found,
    scan_not_found,
    scan_quota,
)
from fakeecr.operations.call import Call
from fakeecr.operations.finding import find_image, find_repository
from fakeecr.operations.names import finding_arn, repository_arn
from fakeecr.operations.paging import in_memory, read_page
from fakeecr.operations.registry import default_registry
from fakeecr.policies.filters import is_scan_filter_of
from fakeecr.store import documents, images, pages, registries
from fakeecr.store.images import Known, NewImage
from fakeecr.store.manifests import LISTS
from fakeecr.store.models import ImageDocument, RegistryDocument
from fakeecr.store.registries import FoundRepository

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import (
        BatchGetRepositoryScanningConfigurationRequestTypeDef,
        BatchGetRepositoryScanningConfigurationResponseTypeDef,
        DescribeImageScanFindingsRequestTypeDef,
        DescribeImageScanFindingsResponseTypeDef,
        EnhancedImageScanFindingTypeDef,
        GetRegistryScanningConfigurationResponseTypeDef,
        ImageScanStatusTypeDef,
        PutRegistryScanningConfigurationRequestTypeDef,
        PutRegistryScanningConfigurationResponseTypeDef,
        RegistryScanningConfigurationTypeDef,
        RepositoryScanningConfigurationFailureTypeDef,
        RepositoryScanningConfigurationTypeDef,
        StartImageScanRequestTypeDef,
        StartImageScanResponseTypeDef,
        VulnerablePackageTypeDef,
    )

SCANNING = "scanning"
SCAN = "scan"
_DAY = timedelta(days=1)
_ENHANCED_PAGE = 100
# What is said of an image that was scanned, and of one that is scanned again and again (documented).
_COMPLETE: ImageScanStatusTypeDef = {"description": "The scan was completed successfully.", "status": "COMPLETE"}
_ACTIVE: ImageScanStatusTypeDef = {"description": "Continuous scan is selected for image.", "status": "ACTIVE"}
_ARCHIVED: ImageScanStatusTypeDef = {"description": "The image is archived.", "status": "IMAGE_ARCHIVED"}
# Which frequencies a scan type has (documented).
_FREQUENCIES = {"BASIC": {"SCAN_ON_PUSH", "MANUAL"}, "ENHANCED": {"SCAN_ON_PUSH", "CONTINUOUS_SCAN", "MANUAL"}}


def put_registry_scanning_configuration(
    call: Call, request: PutRegistryScanningConfigurationRequestTypeDef
) -> PutRegistryScanningConfigurationResponseTypeDef:
    """Set how the registry's images are scanned; what the request leaves out is as by default."""
    scan_type = request.get("scanType", "BASIC")
    rules = request.get("rules", [])
    frequencies = [rule["scanFrequency"] for rule in rules]
    if not set(frequencies) <= _FREQUENCIES[scan_type]:
        raise invalid_parameter("rules", f"A scan frequency is not one of the scan type {scan_type}")
    if len(set(frequencies)) < len(frequencies):
        raise invalid_parameter("rules", "A scan frequency can have one rule only")
    configuration: Any = {"rules": rules, "scanType": scan_type}
    registry = default_registry(call)
    documents.put(call.connection, RegistryDocument, registry, SCANNING, configuration, clock.now())
    return {"registryScanningConfiguration": configuration, "ResponseMetadata": call.metadata}


def get_registry_scanning_configuration(call: Call, request: object) -> GetRegistryScanningConfigurationResponseTypeDef:
    """Give how the registry's images are scanned."""
    registry = registries.find_registry(call.connection, call.account_id, call.region)
    return {
        "registryId": call.account_id,
        "scanningConfiguration": _configuration(call, registry),
        "ResponseMetadata": call.metadata,
    }


def _configuration(call: Call, registry: int | None) -> RegistryScanningConfigurationTypeDef:
    found = documents.find(call.connection, RegistryDocument, registry, SCANNING)
    return {"rules": [], "scanType": "BASIC"} if found is None else found.content


def batch_get_repository_scanning_configuration(
    call: Call, request: BatchGetRepositoryScanningConfigurationRequestTypeDef
) -> BatchGetRepositoryScanningConfigurationResponseTypeDef:
    """Give how the images of repositories are scanned: by the registry's rules, or else by their own setting."""
    names = list(dict.fromkeys(request["repositoryNames"]))
    configuration = _configuration(call, registries.find_registry(call.connection, call.account_id, call.region))
    there = pages.repositories_of(call.connection, call.account_id, call.region, names)
    found: list[RepositoryScanningConfigurationTypeDef] = []
    failures: list[RepositoryScanningConfigurationFailureTypeDef] = []
    for name in names:
        if name not in there:
            failures.append(
                {
                    "failureCode": "REPOSITORY_NOT_FOUND",
                    "failureReason": str(repository_not_found(name, call.account_id).message),
                    "repositoryName": name,
                }
            )
            continue
        frequency, filters = applied(configuration, name, scan_on_push=there[name].scan_on_push)
        found.append(
            {
                "appliedScanFilters": [{"filter": each, "filterType": "WILDCARD"} for each in filters],
                "repositoryArn": repository_arn(call, call.account_id, name),
                "repositoryName": name,
                "scanFrequency": frequency,
                "scanOnPush": frequency == "SCAN_ON_PUSH",
            }
        )
    return {"failures": failures, "scanningConfigurations": found, "ResponseMetadata": call.metadata}


def applied(configuration: Mapping[str, Any], name: str, *, scan_on_push: bool) -> tuple[Any, list[str]]:
    """Give how often a repository's images are scanned, and the filters that say so."""
    for frequency in ("CONTINUOUS_SCAN", "SCAN_ON_PUSH"):
        for rule in configuration["rules"]:
            fitting = [each["filter"] for each in rule["repositoryFilters"] if is_scan_filter_of(each["filter"], name)]
            if rule["scanFrequency"] == frequency and fitting:
                return frequency, fitting
    return ("SCAN_ON_PUSH" if scan_on_push and configuration["scanType"] == "BASIC" else "MANUAL"), []


# --- Scans ---------------------------------------------------------------------------------------


def scan_on_push(call: Call, repository: FoundRepository, pushed: NewImage) -> None:
    """Scan an image that is new to a repository, if its registry or itself says so; a list is nothing to scan."""
    frequency, _ = applied(
        _configuration(call, repository.registry), repository.name, scan_on_push=repository.scan_on_push
    )
    image = images.find(call.connection, repository.key, pushed.digest)
    if image is not None and frequency != "MANUAL" and pushed.contents.media_type not in LISTS:
        _scan(call, image)


def _scan(call: Call, image: Known) -> None:
    now = clock.now()
    documents.put(call.connection, ImageDocument, image.key, SCAN, None, now)


def start_image_scan(call: Call, request: StartImageScanRequestTypeDef) -> StartImageScanResponseTypeDef:
    """Scan an image, once in 24 hours; it takes no time here."""
    repository = find_repository(call, request)
    image = find_image(call, repository, request["imageId"])
    if _configuration(call, repository.registry)["scanType"] == "ENHANCED":
        raise feature_disabled()
    if image.status != "ACTIVE":
        raise image_archived(image.digest)
    _, media_type = images.manifests_of(call.connection, [image.key])[image.key]
    if media_type in LISTS:
        raise cannot_be_scanned(media_type)
    last = documents.find(call.connection, ImageDocument, image.key, SCAN)
    if last is not None and clock.now() - last.updated_at < _DAY:
        raise scan_quota()
    _scan(call, image)
    return {
        "imageId": {"imageDigest": image.digest, **request["imageId"]},
        "imageScanStatus": {"status": "IN_PROGRESS"},
        "registryId": repository.account_id,
        "repositoryName": repository.name,
        "ResponseMetadata": call.metadata,
    }


def describe_image_scan_findings(
    call: Call, request: DescribeImageScanFindingsRequestTypeDef
) -> DescribeImageScanFindingsResponseTypeDef:
    """Give what the last scan of an image found, which is what a seed or `set_findings()` says, page by page."""
    repository = find_repository(call, request)
    image_id = request["imageId"]
    image = find_image(call, repository, image_id)
    scan = documents.find(call.connection, ImageDocument, image.key, SCAN)
    kept = documents.find(call.connection, ImageDocument, image.key, documents.FINDINGS)
    # What a test says is found was found by a scan, be it that nobody asked for it.
    scan = scan or kept
    if scan is None:
        raise scan_not_found(
            image_id.get("imageDigest"), image_id.get("imageTag"), repository.name, repository.account_id
        )
    findings: Sequence[Any] = [] if kept is None else kept.content
    configuration = _configuration(call, repository.registry)
    is_enhanced = configuration["scanType"] == "ENHANCED"
    listing = ("DescribeImageScanFindings", image.key, findings)
    # Of enhanced findings a page always has a hundred (observed).
    asked = {**request, "maxResults": _ENHANCED_PAGE} if is_enhanced else request
    rows, token = read_page(call, asked, listing, in_memory(findings))
    shown = [finding for finding, _ in rows]
    frequency, _ = applied(configuration, repository.name, scan_on_push=repository.scan_on_push)
    response: DescribeImageScanFindingsResponseTypeDef = {
        "imageId": {"imageDigest": image.digest, **image_id},
        "imageScanFindings": {
            "findingSeverityCounts": dict(Counter(finding["severity"] for finding in findings)),
            "imageScanCompletedAt": scan.updated_at,
            "vulnerabilitySourceUpdatedAt": scan.updated_at,
        },
        "imageScanStatus": _status(image, frequency),
        "registryId": repository.account_id,
        "repositoryName": repository.name,
        "ResponseMetadata": call.metadata,
    }
    # Where enhanced scans found nothing there is an empty list of the other kind, and none of this (observed).
    if is_enhanced and findings:
        response["imageScanFindings"]["enhancedFindings"] = _enhanced(call, repository, image, shown, scan.updated_at)
    else:
        response["imageScanFindings"]["findings"] = shown
    if token is not None:
        response["nextToken"] = token
    return response


def _status(image: Known, frequency: str) -> ImageScanStatusTypeDef:
    """Tell how the last scan of an image stands."""
    if frequency != "CONTINUOUS_SCAN":
        return _COMPLETE
    return _ACTIVE if image.status == "ACTIVE" else _ARCHIVED


def _enhanced(
    call: Call, repository: FoundRepository, image: Known, findings: Sequence[Mapping[str, Any]], scanned_at: datetime
) -> list[EnhancedImageScanFindingTypeDef]:
    """Tell findings as Amazon Inspector does; what a test does not say, such as scores, is left out."""
    resource_id = f"{repository_arn(call, repository.account_id, repository.name)}/{image.digest}"
    tags = images.tags_of(call.connection, [image.key]).get(image.key, [])
    pushed_at = pages.images_of(call.connection, [image.key])[image.key].pushed_at
    enhanced: list[EnhancedImageScanFindingTypeDef] = []
    for finding in findings:
        said = {each["key"]: each.get("value", "") for each in finding.get("attributes", [])}
        package, key = said.get("package_name"), f"{image.digest} {finding['name']} {said}"
        told: EnhancedImageScanFindingTypeDef = {
            "awsAccountId": repository.account_id,
            "findingArn": finding_arn(call, repository.account_id, blake2b(key.encode(), digest_size=16).hexdigest()),
            "firstObservedAt": scanned_at,
            "lastObservedAt": scanned_at,
            "packageVulnerabilityDetails": {"vendorSeverity": finding["severity"], "vulnerabilityId": finding["name"]},
            "resources": [
                {
                    "details": {
                        "awsEcrContainerImage": {
                            "imageHash": image.digest,
                            "imageTags": tags,
                            "pushedAt": pushed_at,
                            "registry": repository.account_id,
                            "repositoryName": repository.name,
                        }
                    },
                    "id": resource_id,
                    "type": "AWS_ECR_CONTAINER_IMAGE",
                }
            ],
            "severity": finding["severity"],
            "status": "ACTIVE",
            "title": finding["name"] if package is None else f"{finding['name']} - {package}",
            "type": "PACKAGE_VULNERABILITY",
            "updatedAt": scanned_at,
        }
        if "description" in finding:
            told["description"] = finding["description"]
        if "uri" in finding:
            told["packageVulnerabilityDetails"]["sourceUrl"] = finding["uri"]
        if package is not None:
            vulnerable: VulnerablePackageTypeDef = {"name": package}
            if "package_version" in said:
                vulnerable["version"] = said["package_version"]
            told["packageVulnerabilityDetails"]["vulnerablePackages"] = [vulnerable]
        enhanced.append(told)
    return enhanced
