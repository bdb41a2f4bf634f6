"""Scans: which images are scanned when, and the records of scans."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fakeecr import clock
from fakeecr.registry import events
from fakeecr.registry.call import Call
from fakeecr.registry.kinds import FINDINGS, SCAN, SCANNING
from fakeecr.rules.manifests import LISTS
from fakeecr.rules.wildcards import matches_scan_filter
from fakeecr.store import images
from fakeecr.store.images import StoredImage
from fakeecr.store.repositories import StoredRepository

if TYPE_CHECKING:
    from mypy_boto3_ecr.literals import ScanFrequencyType
    from mypy_boto3_ecr.type_defs import RegistryScanningConfigurationTypeDef


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
    emit_end(call, repository, image, configuration)


def emit_end(
    call: Call,
    repository: StoredRepository,
    image: StoredImage,
    configuration: RegistryScanningConfigurationTypeDef,
) -> None:
    """Emit that a scan of an image ended."""
    findings = FINDINGS.get(call.connection, image.key)
    events.scanned(
        call,
        repository,
        image.digest,
        images.get_tags(call.connection, [image.key]).get(image.key, []),
        [] if findings is None else findings.content,
        is_enhanced=configuration.get("scanType") == "ENHANCED",
    )
