"""A call, as operations and registries see it, and the backend that calls are built from."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from fakeecr.registry.courses import Looks

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from fakeecr.registry.events import Event
    from fakeecr.rules.arns import Region
    from fakeecr.settings import Settings
    from fakeecr.store.stores import Store


class Origin(NamedTuple):
    """Where a call comes from, and where it was sent; None where it does not say.

    Attributes:
        region: the region that it was made to. Default: the fake's.
        account_id: the account whose registry it means if it names none. Default: the fake's.
        base_url: where the caller reaches this fake by HTTP. Default: where everybody does, if anywhere.
    """

    region: str | None = None
    account_id: str | None = None
    base_url: str | None = None


# A call that the author of a test makes by a method of the fake.
BY_HAND = Origin()


@dataclass(slots=True)
class Call:
    """What an operation is given besides its request.

    Attributes:
        connection: the transaction of this one operation.
        settings: the options of the fake.
        region: the region that the call was made to.
        secret: what seals the page tokens of this database.
        region_of: returns a region of AWS by its name.
        looks: how often the test has looked at what it keeps in progress.
        own_account_id: the account of the registry that a request means if it names none.
        base_url: where the caller reaches this fake by HTTP; None if it does not.
        events: what the operation emits, if its transaction is committed.
    """

    connection: Connection
    settings: Settings
    region: Region
    secret: bytes
    region_of: Callable[[str], Region]
    looks: Looks
    own_account_id: str
    base_url: str | None = None
    events: list[Event] = field(default_factory=list)

    def account_id(self, registry_id: str | None = None) -> str:
        """Return the account of the registry that a request names, or else of the default registry."""
        return registry_id or self.own_account_id

    def in_region(self, name: str) -> Call:
        """Return the same call as if it were made to another region."""
        return replace(self, region=self.region_of(name))


class Backend:
    """The registries of one fake: its database and its settings, from which calls are built.

    Args:
        store: the database.
        settings: the options of the fake.
        region_of: returns a region of AWS by its name.
        record: takes the events of each transaction that was committed.

    Attributes:
        looks: how often the test has looked at what it keeps in progress.
        base_url: where everybody reaches this fake by HTTP; None while no server serves it.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        region_of: Callable[[str], Region],
        record: Callable[[Iterable[Event]], None],
    ) -> None:
        self.store = store
        self.settings = settings
        self.looks = Looks()
        self.base_url: str | None = None
        self._region_of = region_of
        self._record = record
        # Held from the begin of a writing transaction until its events are recorded: they are in the order of commits.
        self.turn = threading.RLock()

    def call(self, connection: Connection, origin: Origin = BY_HAND) -> Call:
        """Build a call in a transaction."""
        region_of = self._region_of
        return Call(
            connection,
            self.settings,
            region_of(origin.region or self.settings.region),
            self.store.secret(connection),
            region_of,
            self.looks,
            origin.account_id or self.settings.account_id,
            origin.base_url or self.base_url,
        )

    def on(self, store: Store) -> Backend:
        """Build a backend with the same settings on another database."""
        return Backend(store, self.settings, self._region_of, self._record)

    @contextmanager
    def writing(self, origin: Origin = BY_HAND) -> Iterator[Call]:
        """Open a writing transaction for a call; its events are recorded when it is committed."""
        with self.turn:
            with self.store.writing() as connection:
                call = self.call(connection, origin)
                yield call
            if call.events:
                self._record(call.events)

    @contextmanager
    def reading(self, origin: Origin = BY_HAND) -> Iterator[Call]:
        """Open a reading transaction for a call; even a read can emit events, such as one that sees a scan end."""
        with self.store.reading() as connection:
            call = self.call(connection, origin)
            yield call
        if call.events:
            with self.turn:
                self._record(call.events)

    def after_fork(self) -> None:
        """Replace what other threads of the parent were using."""
        self.turn = threading.RLock()
