"""Pull-time exclusions: principals whose pulls are not recorded."""

from __future__ import annotations

from fakeecr.registry.call import Call
from fakeecr.registry.kinds import PULL_TIME_EXCLUSION
from fakeecr.store import documents
from fakeecr.store.repositories import StoredRepository


def records_pulls(call: Call, repository: StoredRepository) -> bool:
    """Whether pulls are recorded. The fake does not know who calls, so one exclusion excludes every caller."""
    return not (
        repository.is_registry_configured
        and documents.has_any(call.connection, repository.registry_key, PULL_TIME_EXCLUSION)
    )
