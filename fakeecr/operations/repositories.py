"""Operations on repositories, and how every operation finds the one it is about."""

from __future__ import annotations

import logging

from fakeecr.errors import repository_not_found
from fakeecr.operations.call import Call
from fakeecr.store import registries

_log = logging.getLogger("fakeecr")


def find_repository(call: Call, name: str, registry_id: str | None) -> int:
    """Find the repository that a request names, and give its key.

    Args:
        call: the call.
        name: the request's repositoryName.
        registry_id: the request's registryId; None for the default registry.

    Raises:
        ECRError: a RepositoryNotFoundException.
    """
    account_id = registry_id or call.account_id
    found = registries.repository_id(call.connection, account_id, call.region, name)
    if found is None:
        elsewhere = registries.places_of(call.connection, name)
        if elsewhere:
            places = ", ".join(f"registry {account} in {region}" for account, region in elsewhere)
            _log.warning(
                "There is no repository %r in registry %s in %s; this fake has one in %s.",
                name,
                account_id,
                call.region,
                places,
            )
        raise repository_not_found(name, account_id)
    return found
