"""Scans: which images are scanned when, the records of scans, and how they go."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from fakeecr import clock
from fakeecr.registry import events
from fakeecr.registry.call import Call
from fakeecr.registry.courses import AT_ONCE, COMPLETE, FAILED, look
from fakeecr.registry.kinds import FINDINGS, SCAN, SCAN_COURSE, SCANNING
from fakeecr.rules.manifests import LISTS
from fakeecr.rules.wildcards import matches_scan_filter
from fakeecr.store import images
from fakeecr.store.images import StoredImage
from fakeecr.store.repositories import StoredRepository

if TYPE_CHECKING:
    from mypy_boto3_ecr.literals import ScanFrequencyType, ScanStatusType
    from mypy_boto3_ecr.type_defs import RegistryScanningConfigurationTypeDef

    from fakeecr.registry.kinds import Course


# How images are scanned in a registry without a configuration.
DEFAULT: RegistryScanningConfigurationTypeDef = {"rules": [], "scanType": "BASIC"}


class AppliedFrequency(NamedTuple):
    """How often a repository's images are scanned, and the filters of the registry's rule that decided it, if any."""

    frequency: ScanFrequencyType
    filters: list[str]


def get_configuration(call: Call, registry_key: int | None) -> RegistryScanningConfigurationTypeDef:
    """Return how a registry's images are scanned."""
    document = SCANNING.get(call.connection, registry_key)
    return DEFAULT if document is None else document.content


def applied_frequency(
    configuration: RegistryScanningConfigurationTypeDef, name: str, *, scan_on_push: bool
) -> AppliedFrequency:
    """Return how often a repository's images are scanned: by the registry's rules, or else by its own setting."""
    frequencies: tuple[ScanFrequencyType, ...] = ("CONTINUOUS_SCAN", "SCAN_ON_PUSH")
    for frequency in frequencies:
        for rule in configuration.get("rules", []):
            patterns = [scan_filter["filter"] for scan_filter in rule["repositoryFilters"]]
            matching = [pattern for pattern in patterns if matches_scan_filter(pattern, name)]
            if rule["scanFrequency"] == frequency and matching:
                return AppliedFrequency(frequency, matching)
    is_on_push = scan_on_push and configuration.get("scanType") == "BASIC"
    return AppliedFrequency("SCAN_ON_PUSH" if is_on_push else "MANUAL", [])


def scan_on_push(
    call: Call,
    repository: StoredRepository,
    image: StoredImage,
    media_type: str | None,
    configuration: RegistryScanningConfigurationTypeDef,
) -> None:
    """Scan an image that is new in a repository, if it is configured to; lists are not scanned."""
    applied = applied_frequency(configuration, repository.name, scan_on_push=repository.scan_on_push)
    if applied.frequency != "MANUAL" and media_type not in LISTS:
        scan(call, repository, image, configuration)


def scan(
    call: Call,
    repository: StoredRepository,
    image: StoredImage,
    configuration: RegistryScanningConfigurationTypeDef,
) -> None:
    """Scan an image now."""
    SCAN.put(call.connection, image.key, None, clock.now())
    if not _course_of(call, image).get("in_progress"):
        emit_end(call, repository, image, configuration)


def count_as_scanned(call: Call, repository: StoredRepository, image: StoredImage) -> None:
    """Let the findings that a test set count as a scan of Amazon Inspector, which scans by itself."""
    configuration = get_configuration(call, repository.registry_key)
    if is_enhanced_scanning(configuration) and not _course_of(call, image).get("in_progress"):
        emit_end(call, repository, image, configuration)


def _course_of(call: Call, image: StoredImage) -> Course:
    """Return how the scans of an image go."""
    course = SCAN_COURSE.get(call.connection, image.key)
    return AT_ONCE if course is None else course.content


def emit_end(
    call: Call,
    repository: StoredRepository,
    image: StoredImage,
    configuration: RegistryScanningConfigurationTypeDef,
) -> None:
    """Emit that a scan of an image completed or failed; of scans that end otherwise no event is known."""
    status, is_enhanced = _course_of(call, image)["status"], is_enhanced_scanning(configuration)
    if status != COMPLETE and (status != FAILED or is_enhanced):
        return
    findings = FINDINGS.get(call.connection, image.key)
    found = [] if findings is None else findings.content
    tags = images.get_tags(call.connection, [image.key]).get(image.key, [])
    events.scanned(call, repository, image.digest, tags, None if status == FAILED else found, is_enhanced=is_enhanced)


def is_enhanced_scanning(configuration: RegistryScanningConfigurationTypeDef) -> bool:
    """Whether Amazon Inspector scans the images of a registry."""
    return configuration.get("scanType") == "ENHANCED"


def look_at_scan(
    call: Call,
    repository: StoredRepository,
    image: StoredImage,
    configuration: RegistryScanningConfigurationTypeDef,
    scanned_at: datetime | None,
) -> ScanStatusType:
    """Count a look at the last scan of an image, and return its status: that of the course that a test has set.

    Args:
        call: the call.
        repository: the repository of the image.
        image: the image.
        configuration: how the registry's images are scanned.
        scanned_at: when the scan was started; None for an image that only counts as scanned.
    """

    def at_end() -> None:
        # Findings under enhanced scanning are a scan, as Inspector scans by itself; otherwise nothing was scanned.
        if scanned_at is not None or is_enhanced_scanning(configuration):
            emit_end(call, repository, image, configuration)

    return look(call.looks, _course_of(call, image), scanned_at, at_end=at_end)  # type: ignore[return-value] # as it was set
