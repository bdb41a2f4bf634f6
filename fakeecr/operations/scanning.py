"""Operations on scans: their configuration, their start, and their findings.

Differences from AWS:
    - **Findings** are those that a test or a seed sets; without them a scan finds nothing. Enhanced scanning
      returns the same findings as `enhancedFindings`, with the attributes `package_name` and `package_version` as
      the vulnerable package, and without scores and remediations.
    - **How scans go.** A scan takes no time, unless `set_findings()` keeps it in progress or lets it fail. A response
      without findings has no `imageScanFindings`, as has been observed. Of the descriptions of failures only that of
      an image that cannot be scanned is known. fakeecr uses it for FAILED, and has none for other statuses.
    - **Images that were pushed before scanning was configured** are not scanned by themselves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from fakeecr import clock
from fakeecr.aws_errors import (
    cannot_be_scanned,
    image_archived,
    invalid_parameter,
    repository_not_found,
)
from fakeecr.operations.envelopes import EMPTY, LAST_PAGE, of_registry, of_repository
from fakeecr.operations.paging import Listing, page_of_items
from fakeecr.registry import events, hints, made_up
from fakeecr.registry.call import Call
from fakeecr.registry.courses import COMPLETE, FAILED
from fakeecr.registry.kinds import FINDINGS, SCAN, SCANNING
from fakeecr.registry.lookup import ensure_registry, find_image, find_repository, get_registry_key
from fakeecr.registry.scanning import applied_frequency, get_configuration, is_enhanced_scanning, look_at_scan, scan
from fakeecr.rules.arns import finding_arn, repository_arn
from fakeecr.rules.manifests import LISTS
from fakeecr.store import images, pages, repositories
from fakeecr.store.images import StoredImage
from fakeecr.store.pages import EVERYTHING
from fakeecr.store.repositories import StoredRepository

if TYPE_CHECKING:
    from mypy_boto3_ecr.literals import ScanStatusType
    from mypy_boto3_ecr.type_defs import (
        BatchGetRepositoryScanningConfigurationRequestTypeDef,
        BatchGetRepositoryScanningConfigurationResponseTypeDef,
        DescribeImageScanFindingsRequestTypeDef,
        DescribeImageScanFindingsResponseTypeDef,
        EnhancedImageScanFindingTypeDef,
        GetRegistryScanningConfigurationResponseTypeDef,
        ImageIdentifierTypeDef,
        ImageScanFindingsTypeDef,
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

_DAY = timedelta(days=1)
_ENHANCED_PAGE_SIZE = 100
# The statuses of a scan: complete, repeated continuously, or of an archived image. [documented]
_COMPLETE: ImageScanStatusTypeDef = {"description": "The scan was completed successfully.", "status": "COMPLETE"}
_ACTIVE: ImageScanStatusTypeDef = {"description": "Continuous scan is selected for image.", "status": "ACTIVE"}
_ARCHIVED: ImageScanStatusTypeDef = {"description": "The image is archived.", "status": "IMAGE_ARCHIVED"}
# An image that the scanner does not know. [observed]
_FAILED: ImageScanStatusTypeDef = {
    "description": "UnsupportedImageError: The operating system and/or package manager are not supported.",
    "status": "FAILED",
}
# The frequencies of each scan type. [model]
_FREQUENCIES = {"BASIC": {"SCAN_ON_PUSH", "MANUAL"}, "ENHANCED": {"SCAN_ON_PUSH", "CONTINUOUS_SCAN"}}


def put_registry_scanning_configuration(
    call: Call, request: PutRegistryScanningConfigurationRequestTypeDef
) -> PutRegistryScanningConfigurationResponseTypeDef:
    """Set how the registry's images are scanned; members that the request leaves out get their defaults."""
    scan_type = request.get("scanType", "BASIC")
    rules = request.get("rules", [])
    frequencies = [rule["scanFrequency"] for rule in rules]
    if not set(frequencies) <= _FREQUENCIES[scan_type]:
        raise invalid_parameter("rules", f"A scan frequency is not one of the scan type {scan_type}")
    if len(set(frequencies)) < len(frequencies):
        raise invalid_parameter("rules", "A scan frequency can have one rule only")
    configuration: Any = {"rules": rules, "scanType": scan_type}
    registry_key = ensure_registry(call)
    _emit_frequency_changes(call, get_configuration(call, registry_key), configuration)
    SCANNING.put(call.connection, registry_key, configuration, clock.now())
    return {"registryScanningConfiguration": configuration, **EMPTY}


def _emit_frequency_changes(
    call: Call, before: RegistryScanningConfigurationTypeDef, after: RegistryScanningConfigurationTypeDef
) -> None:
    """Emit which repositories are scanned more or less often than before; only enhanced scanning does [documented]."""
    if "ENHANCED" not in (before.get("scanType"), after.get("scanType")):
        return
    page = repositories.page_of_repositories(call.connection, call.account_id(), call.region.name, EVERYTHING)
    changes = [
        (
            row.name,
            applied_frequency(before, row.name, scan_on_push=row.settings.scan_on_push).frequency,
            applied_frequency(after, row.name, scan_on_push=row.settings.scan_on_push).frequency,
        )
        for row in page.rows
    ]
    scan_type = after.get("scanType", "BASIC")
    events.scan_frequencies_changed(
        call, call.account_id(), scan_type, [change for change in changes if change[1] != change[2]]
    )


def get_registry_scanning_configuration(call: Call, request: object) -> GetRegistryScanningConfigurationResponseTypeDef:
    """Return how the registry's images are scanned."""
    return {"scanningConfiguration": get_configuration(call, get_registry_key(call)), **of_registry(call.account_id())}


def batch_get_repository_scanning_configuration(
    call: Call, request: BatchGetRepositoryScanningConfigurationRequestTypeDef
) -> BatchGetRepositoryScanningConfigurationResponseTypeDef:
    """Return how the images of repositories are scanned: by the registry's rules, or else by their own setting."""
    account_id = call.account_id()
    names = list(dict.fromkeys(request["repositoryNames"]))
    configuration = get_configuration(call, get_registry_key(call))
    rows = repositories.get_rows(call.connection, account_id, call.region.name, names)
    configurations: list[RepositoryScanningConfigurationTypeDef] = []
    failures: list[RepositoryScanningConfigurationFailureTypeDef] = []
    for name in names:
        if name not in rows:
            failures.append(
                {
                    "failureCode": "REPOSITORY_NOT_FOUND",
                    "failureReason": str(repository_not_found(name, account_id).message),
                    "repositoryName": name,
                }
            )
            continue
        applied = applied_frequency(configuration, name, scan_on_push=rows[name].settings.scan_on_push)
        configurations.append(
            {
                "appliedScanFilters": [{"filter": pattern, "filterType": "WILDCARD"} for pattern in applied.filters],
                "repositoryArn": repository_arn(call.region, account_id, name),
                "repositoryName": name,
                "scanFrequency": applied.frequency,
                "scanOnPush": applied.frequency == "SCAN_ON_PUSH",
            }
        )
    return {"failures": failures, "scanningConfigurations": configurations, **EMPTY}


def start_image_scan(call: Call, request: StartImageScanRequestTypeDef) -> StartImageScanResponseTypeDef:
    """Scan an image, at most once in 24 hours. It takes no time, unless `set_findings()` keeps it in progress."""
    repository = find_repository(call, request["repositoryName"], request.get("registryId"))
    image = find_image(call, repository, request["imageId"])
    configuration = get_configuration(call, repository.registry_key)
    if is_enhanced_scanning(configuration):
        raise hints.feature_disabled()
    if image.status != "ACTIVE":
        raise image_archived(image.digest)
    media_type = made_up.media_type_of(images.get_manifests(call.connection, [image.key])[image.key])
    if media_type in LISTS:
        raise cannot_be_scanned(media_type)
    last = SCAN.get(call.connection, image.key)
    if last is not None and clock.now() - last.updated_at < _DAY:
        raise hints.scan_quota(last.updated_at)
    scan(call, repository, image, configuration)
    return {
        "imageId": {"imageDigest": image.digest, **request["imageId"]},
        "imageScanStatus": {"status": "IN_PROGRESS"},
        **of_repository(repository),
    }


# --- Findings ------------------------------------------------------------------------------------


def describe_image_scan_findings(
    call: Call, request: DescribeImageScanFindingsRequestTypeDef
) -> DescribeImageScanFindingsResponseTypeDef:
    """Return the findings of an image's last scan, page by page: those that a seed or `set_findings()` gave it.

    While the scan is in progress, and if it did not complete, there is only its status.
    """
    repository = find_repository(call, request["repositoryName"], request.get("registryId"))
    image_id = request["imageId"]
    image = find_image(call, repository, image_id)
    configuration = get_configuration(call, repository.registry_key)
    is_enhanced = is_enhanced_scanning(configuration)
    findings_document = FINDINGS.get(call.connection, image.key)
    scan_document = SCAN.get(call.connection, image.key)
    # An image with findings counts as scanned, even if no scan was asked for.
    last = scan_document or findings_document
    if last is None:
        raise hints.scan_not_found(image_id, repository, is_enhanced=is_enhanced)
    findings: Sequence[Any] = [] if findings_document is None else findings_document.content
    # A page of enhanced findings always has this size. [observed]
    sized_request: Mapping[str, Any] = {**request, "maxResults": _ENHANCED_PAGE_SIZE} if is_enhanced else request
    listing = Listing(call, sized_request, "DescribeImageScanFindings", image.key, findings)
    frequency = applied_frequency(configuration, repository.name, scan_on_push=repository.scan_on_push).frequency
    scanned_at = None if scan_document is None else scan_document.updated_at
    status = look_at_scan(call, repository, image, configuration, scanned_at)
    full_image_id: ImageIdentifierTypeDef = {"imageDigest": image.digest, **image_id}
    scan_status = _describe_status(status, image, frequency)
    if status != COMPLETE:
        # No findings, although the type requires them. [observed]
        return {"imageId": full_image_id, "imageScanStatus": scan_status, **of_repository(repository), **LAST_PAGE}  # type: ignore[typeddict-item]
    page = page_of_items(findings, listing.place)
    content: ImageScanFindingsTypeDef = {
        "findingSeverityCounts": dict(Counter(finding["severity"] for finding in findings)),
        "imageScanCompletedAt": last.updated_at,
        "vulnerabilitySourceUpdatedAt": last.updated_at,
    }
    # If an enhanced scan found nothing, AWS answers with an empty list of basic findings. [observed]
    if is_enhanced and findings:
        content["enhancedFindings"] = _enhance(call, repository, image, page.rows, last.updated_at)
    else:
        content["findings"] = [*page.rows]
    return {
        "imageId": full_image_id,
        "imageScanFindings": content,
        "imageScanStatus": scan_status,
        **of_repository(repository),
        **listing.envelope(page),
    }


def _describe_status(status: ScanStatusType, image: StoredImage, frequency: str) -> ImageScanStatusTypeDef:
    """Return the status of a scan with its description, if that is known."""
    if status == FAILED:
        return _FAILED
    if status != COMPLETE:
        return {"status": status}
    if frequency != "CONTINUOUS_SCAN":
        return _COMPLETE
    return _ACTIVE if image.status == "ACTIVE" else _ARCHIVED


def _enhance(
    call: Call,
    repository: StoredRepository,
    image: StoredImage,
    findings: Sequence[Mapping[str, Any]],
    scanned_at: datetime,
) -> list[EnhancedImageScanFindingTypeDef]:
    """Return findings in the form of Amazon Inspector, without values that a test cannot give, such as scores."""
    account_id = repository.account_id
    resource_id = f"{repository_arn(call.region, account_id, repository.name)}/{image.digest}"
    tags = images.get_tags(call.connection, [image.key]).get(image.key, [])
    pushed_at = pages.get_images(call.connection, [image.key])[image.key].pushed_at
    enhanced_findings: list[EnhancedImageScanFindingTypeDef] = []
    for finding in findings:
        attributes = {attribute["key"]: attribute.get("value", "") for attribute in finding.get("attributes", [])}
        package = attributes.get("package_name")
        identity = f"{image.digest} {finding['name']} {attributes}"
        finding_id = blake2b(identity.encode(), digest_size=16).hexdigest()
        enhanced: EnhancedImageScanFindingTypeDef = {
            "awsAccountId": account_id,
            "findingArn": finding_arn(call.region, account_id, finding_id),
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
                            "registry": account_id,
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
            enhanced["description"] = finding["description"]
        if "uri" in finding:
            enhanced["packageVulnerabilityDetails"]["sourceUrl"] = finding["uri"]
        if package is not None:
            vulnerable: VulnerablePackageTypeDef = {"name": package}
            if "package_version" in attributes:
                vulnerable["version"] = attributes["package_version"]
            enhanced["packageVulnerabilityDetails"]["vulnerablePackages"] = [vulnerable]
        enhanced_findings.append(enhanced)
    return enhanced_findings
