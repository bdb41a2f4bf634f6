"""The gate of a fake: one HTTP request in, one HTTP response out, whichever adapter brought it."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fakeecr.api.partitions import region_of
from fakeecr.api.service import Service, operation_of
from fakeecr.api.wire import error_response
from fakeecr.aws_errors import InvalidTokenError
from fakeecr.events import EventLog
from fakeecr.faults import Faults
from fakeecr.http import NetworkError
from fakeecr.ids import new_id
from fakeecr.journal import Journal, RecordedCall
from fakeecr.registry.call import Backend
from fakeecr.registry.expiry import DailyRun
from fakeecr.rules.arns import root_arn
from fakeecr.traffic import Traffic

if TYPE_CHECKING:
    from fakeecr.http import Request, Response
    from fakeecr.settings import Settings
    from fakeecr.store.snapshots import Snapshot
    from fakeecr.store.stores import Store


class Gate:
    """Answers the requests of one fake: by a fault if one was ordered, otherwise from the API; and records them.

    Args:
        store: the database of its registries.
        settings: its options.

    Attributes:
        store: the database of its registries.
        backend: its registries.
        daily_run: the daily run of its lifecycle policies.
        journal: the requests that it answered.
        faults: the faults that a test ordered.
        events: what its registries emitted.
        traffic: a thread is inside of it while it uses the registries.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store = store
        self.journal = Journal()
        self.faults = Faults()
        self.events = EventLog()
        self.backend = Backend(store, settings, region_of, self.events.record)
        self.daily_run = DailyRun(self.backend)
        self.traffic = Traffic()
        self._settings = settings
        self._api = Service(self.backend, self.daily_run)

    def answer(self, request: Request) -> Response:
        """Return the response to a request; an exception inside fakeecr becomes a response too.

        Warns:
            PublishedLimitWarning: only a published limit refused the request.
            EventHandlerWarning: a handler of an event of this request raised an exception.

        Raises:
            NetworkError: a fault that a test ordered.
            FakeECRError: the fake was stopped.
        """
        with self.traffic:
            response = self._answer(request)
            self.events.deliver()
            return response

    def _answer(self, request: Request) -> Response:
        operation = operation_of(request)
        if operation is None or not self.faults:
            return self._from_api(operation, request)
        own = functools.cache(lambda: self._api.parameters_of(operation, request))
        blow = self.faults.strike(
            operation, lambda: {"registryId": self._settings.account_id, **own()}, request.read_timeout
        )
        if isinstance(blow.error, NetworkError):
            self._record(operation, request, own(), blow.error.name)
            raise NetworkError(blow.error.name)
        if blow.error is None:
            response = self._from_api(operation, request)
        else:
            response = error_response(blow.error, new_id())._replace(notes=(blow.note,))
            self._record(operation, request, own(), blow.error.code, response.body)
        return response._replace(delay=blow.delay) if blow.delay else response

    def _from_api(self, operation: str | None, request: Request) -> Response:
        response, parameters, error = self._api.answer(operation, request, new_id())
        if isinstance(error, InvalidTokenError):
            response = response._replace(notes=(*response.notes, self._note_on_token(operation, parameters)))
        name = operation or (request.headers.get("X-Amz-Target") or "").rpartition(".")[2]
        self._record(name, request, parameters, None if error is None else error.code, response.body)
        return response

    def _record(
        self, operation: str, request: Request, parameters: Mapping[str, Any], error: str | None, content: bytes = b""
    ) -> None:
        account_id = self._settings.account_id
        region = request.region or self._settings.region
        registry_id = _registry_of(parameters) or account_id
        principal = request.caller or _root(region, account_id)
        self.journal.record(
            RecordedCall(operation, parameters, region, registry_id, principal, error, content, len(request.body))
        )

    def _note_on_token(self, operation: str | None, parameters: Mapping[str, Any]) -> str:
        """Return a note about a refused token: which call returned it, and why it is refused."""
        source = self.journal.source_of(str(parameters["nextToken"]))
        if source is None:
            return (
                "No call that this fake recorded returned this token. It may have been changed, be from another fake "
                "or process, or be from before a reset()."
            )
        if source.operation == operation and _listing(source.parameters) == _listing(parameters):
            return (
                f"{operation} returned this token for the same parameters, but what it lists was replaced since: the "
                "repository, the preview or the findings are new, or another state was restored."
            )
        described = ", ".join(f"{name}={value!r}" for name, value in _listing(source.parameters).items())
        return (
            f"{source.operation} returned this token, for {described or 'no parameters'}, in {source.region}. A token "
            "continues only the listing that it is from: the same operation with the same parameters, except "
            "maxResults."
        )

    def after_fork(self) -> None:
        """Separate the database, in a forked child, from the parent's, which other threads were using."""
        self.store.after_fork()
        self.backend.after_fork()

    def restore(self, snapshot: Snapshot) -> None:
        """Replace every registry by those of a snapshot; what was in progress then begins again."""
        self.store.restore(snapshot)
        self.backend.looks.clear()

    def reset(self) -> None:
        """Delete every registry, and forget every recorded call, event and ordered fault."""
        # Within the turn of the writers: otherwise a push that was committed before could record its events after it.
        with self.backend.turn:
            self.store.reset()
            self.backend.looks.clear()
            self.journal.clear()
            self.faults.clear()
            self.events.clear()


def _listing(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that tell one listing from another."""
    return {name: value for name, value in parameters.items() if name not in ("nextToken", "maxResults")}


def _registry_of(parameters: Mapping[str, Any]) -> str | None:
    """Return the account that parameters name, by its id or in the ARN of a repository; None if they name none."""
    named = parameters.get("registryId")
    if named is None and "resourceArn" in parameters:
        named = [*str(parameters["resourceArn"]).split(":"), *[""] * 5][4]
    return named if isinstance(named, str) and named else None


@functools.cache
def _root(region: str, account_id: str) -> str:
    """Return the principal of a caller who gives no name."""
    return root_arn(region_of(region), account_id)
