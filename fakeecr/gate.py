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
from fakeecr.http import NetworkError, Response, s3_error
from fakeecr.ids import new_id
from fakeecr.journal import Journal
from fakeecr.registry.call import Backend
from fakeecr.registry.downloads import PREFIX, DownloadError, open_download
from fakeecr.registry.expiry import DailyRun
from fakeecr.traffic import Traffic

if TYPE_CHECKING:
    from fakeecr.http import Request
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
        self.faults = Faults()
        self.events = EventLog()
        self.backend = Backend(store, settings, region_of, self.events.record)
        self.daily_run = DailyRun(self.backend)
        self.traffic = Traffic()
        self._settings = settings
        self._api = Service(self.backend, self.daily_run)
        self.journal = Journal(settings, self._api.read)

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
            if request.method in ("GET", "HEAD") and request.path.startswith(PREFIX):
                return self._download(request)
            response = self._answer(request)
            self.events.deliver()
            return response

    def _answer(self, request: Request) -> Response:
        operation = operation_of(request)
        if operation is None or not self.faults:
            return self._from_api(operation, request)
        own = functools.cache(lambda: self._api.read(operation, request.body))
        blow = self.faults.strike(
            operation,
            lambda: {"registryId": request.account_id or self._settings.account_id, **own()},
            request.read_timeout,
        )
        if isinstance(blow.error, NetworkError):
            self.journal.record(operation, request, blow.error.name, b"")
            raise NetworkError(blow.error.name)
        if blow.error is None:
            response = self._from_api(operation, request)
        else:
            response = error_response(blow.error, new_id())._replace(notes=(blow.note,))
            self.journal.record(operation, request, blow.error.code, response.body)
        return response._replace(delay=blow.delay) if blow.delay else response

    def _from_api(self, operation: str | None, request: Request) -> Response:
        response, error = self._api.answer(operation, request, new_id())
        name = operation or (request.headers.get("X-Amz-Target") or "").rpartition(".")[2]
        if isinstance(error, InvalidTokenError):
            note = self._note_on_token(name, request)
            response = response._replace(notes=(*response.notes, note))
        self.journal.record(name, request, None if error is None else error.code, response.body)
        return response

    def _download(self, request: Request) -> Response:
        """Return the response to a request for the bytes of a layer; an error is as S3 writes it."""
        try:
            digest, size, file = open_download(self.backend, request.path, request.query, self.traffic)
        except DownloadError as error:
            return s3_error(error.status, error.code, error.message)
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size), "ETag": f'"{digest}"'}
        return Response(200, headers, b"", file=file)

    def _note_on_token(self, operation: str, request: Request) -> str:
        """Return a note about a refused token: which call returned it, and why it is refused."""
        parameters, region = self._api.read(operation, request.body), request.region or self._settings.region
        source = self.journal.source_of(str(parameters["nextToken"]))
        if source is None:
            return (
                "No call that this fake recorded returned this token. It may have been changed, be from another fake "
                "or process, or be from before a reset()."
            )
        if (source.operation, source.region) == (operation, region) and _listing(source.parameters) == _listing(
            parameters
        ):
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
