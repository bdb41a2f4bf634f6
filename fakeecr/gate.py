"""The gate of a fake: one HTTP request in, one HTTP response out, whichever adapter brought it."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from fakeecr.api.model import known_errors, operation_names
from fakeecr.api.partitions import region_of
from fakeecr.api.service import Service, operation_of
from fakeecr.api.wire import error_response, new_request_id
from fakeecr.aws_errors import ECRError
from fakeecr.registry.call import Backend
from fakeecr.registry.expiry import DailyRun
from fakeecr.rules.messages import suggestion
from fakeecr.traffic import Traffic

if TYPE_CHECKING:
    from fakeecr.http import Request, Response
    from fakeecr.settings import Settings
    from fakeecr.store.database import Store


class Gate:
    """Answers the requests of one fake: with an ordered failure if there is one, otherwise from the API.

    Args:
        store: the database of its registries.
        settings: its options.

    Attributes:
        store: the database of its registries.
        backend: its registries.
        daily_run: the daily run of its lifecycle policies.
        failures: the failures that a test ordered.
        traffic: a thread is inside of it while it uses the registries.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store = store
        self.backend = Backend(store, settings, region_of)
        self.daily_run = DailyRun(store)
        self.failures = Failures()
        self.traffic = Traffic()
        self._api = Service(self.backend, self.daily_run)

    def answer(self, request: Request) -> Response:
        """Return the response to a request; an exception inside fakeecr becomes a response too.

        Warns:
            PublishedLimitWarning: only a published limit refused the request.

        Raises:
            FakeECRError: the fake was stopped.
        """
        with self.traffic:
            return self._answer(request)

    def _answer(self, request: Request) -> Response:
        request_id = new_request_id()
        operation = operation_of(request)
        failure = None if operation is None else self.failures.take(operation)
        if failure is not None:
            return error_response(failure, request_id)
        return self._api.answer(operation, request, request_id)

    def reset(self) -> None:
        """Delete every registry and every ordered failure."""
        self.store.reset()
        self.failures.clear()


class Failures:
    """The failures that a test ordered for the next calls of operations."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ordered: dict[str, deque[ECRError]] = {}

    def order(self, operation: str, error: str, times: int) -> None:
        """Order the next calls of an operation to fail, after those that were ordered before.

        Raises:
            ValueError: the operation or the error does not exist, or `times` is less than 1.
        """
        if operation not in operation_names():
            raise ValueError(f"ECR has no operation {operation!r}.{suggestion(operation, operation_names())}")
        if error not in known_errors():
            raise ValueError(f"ECR has no error {error!r}.{suggestion(error, known_errors())}")
        if times < 1:
            raise ValueError(f"times must be 1 or more, not {times}.")
        message, status = known_errors()[error]
        with self._lock:
            self._ordered.setdefault(operation, deque()).extend([ECRError(error, message, status)] * times)

    def take(self, operation: str) -> ECRError | None:
        """Remove and return the next error that was ordered for an operation; None if there is none left."""
        if not self._ordered:
            return None
        with self._lock:
            errors = self._ordered.get(operation)
            return errors.popleft() if errors else None

    def clear(self) -> None:
        """Forget every ordered failure."""
        with self._lock:
            self._ordered.clear()
