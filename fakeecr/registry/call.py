"""A call, as operations and registries see it, and the backend that calls are built from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from fakeecr.rules.arns import Region
    from fakeecr.settings import Settings
    from fakeecr.store.database import Store


@dataclass(slots=True)
class Call:
    """What an operation is given besides its request.

    Attributes:
        connection: the transaction of this one operation.
        settings: the options of the fake.
        region: the region that the call was made to.
        secret: what seals the page tokens of this database.
        region_of: returns a region of AWS by its name.
    """

    connection: Connection
    settings: Settings
    region: Region
    secret: bytes
    region_of: Callable[[str], Region]

    def account_id(self, registry_id: str | None = None) -> str:
        """Return the account of the registry that a request names, or else of the default registry."""
        return registry_id or self.settings.account_id

    def in_region(self, name: str) -> Call:
        """Return the same call as if it were made to another region."""
        return replace(self, region=self.region_of(name))


class Backend:
    """The registries of one fake: its database and its settings, from which calls are built.

    Args:
        store: the database.
        settings: the options of the fake.
        region_of: returns a region of AWS by its name.
    """

    def __init__(self, store: Store, settings: Settings, region_of: Callable[[str], Region]) -> None:
        self.store = store
        self.settings = settings
        self._region_of = region_of

    def call(self, connection: Connection, region: str | None = None) -> Call:
        """Build a call to a region, by default the default region, in a transaction."""
        region_of = self._region_of
        return Call(connection, self.settings, region_of(region or self.settings.region), self.store.secret, region_of)

    @contextmanager
    def writing(self, region: str | None = None) -> Iterator[Call]:
        """Open a writing transaction for a call that no client made, such as a test's own push."""
        with self.store.writing() as connection:
            yield self.call(connection, region)
