"""One request in, one response out: where the wire meets the operations. It knows no client."""

from __future__ import annotations

import functools
import logging
import sys
import threading
import warnings
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from fakeecr import clock
from fakeecr.errors import (
    ECRError,
    PublishedLimitWarning,
    not_implemented,
    server_fault,
    unknown_operation,
)
from fakeecr.http import Request, Response
from fakeecr.operations import OPERATIONS, Call, lifecycle
from fakeecr.policies.lifecycle import Decision
from fakeecr.protocol.model import TARGET_PREFIX, known_errors, operation_model, operation_names
from fakeecr.protocol.partitions import partition_of
from fakeecr.protocol.published import PUBLISHED, Limits
from fakeecr.protocol.validation import Validator
from fakeecr.protocol.wire import Writer, decode, error_response, request_id, response, writer
from fakeecr.store.database import Store

_DAY = timedelta(days=1)
_log = logging.getLogger("fakeecr")


class Service:
    """ECR's service on one store.

    Args:
        store: the database of its registries.
        account_id: the account whose registry is meant where a request names none.
        region: the region of a request that names none.
        limits: ``"published"`` for the reference's limits, ``"installed"`` for those of the installed botocore.
        require_layers: whether an image needs its layers uploaded before.
        expire_daily: whether lifecycle policies are run before the first call of a new day, of 24 hours.
    """

    def __init__(
        self,
        store: Store,
        *,
        account_id: str,
        region: str,
        limits: Limits,
        require_layers: bool = False,
        expire_daily: bool = False,
    ) -> None:
        self.failures = Failures()
        self.store = store
        self._account_id = account_id
        self._region = region
        self._limits = limits
        self._require_layers = require_layers
        self._expire_daily = expire_daily
        self._next_expiry: datetime | None = None

    def answer(self, request: Request) -> Response:
        """Answer a request, whatever it is: a fault of fakeecr's own becomes a ServerException, and is logged.

        Warns:
            PublishedLimitWarning: only the published limit stood against the request.
        """
        made_id = request_id()
        target = request.headers.get("X-Amz-Target", "")
        operation = target.removeprefix(TARGET_PREFIX)
        try:
            if operation == target or operation not in operation_names():
                raise unknown_operation()
            self.failures.strike(operation)
            if operation not in OPERATIONS:
                raise not_implemented(operation)
            if self._expire_daily and self._expiry_is_due():
                self.expire()
            return response(200, self._answer(operation, request, made_id), made_id)
        except _PublishedLimitError as refusal:
            warnings.warn(str(refusal), PublishedLimitWarning, stacklevel=_callers_level())
            return error_response(refusal.error, made_id)
        except ECRError as error:
            return error_response(error, made_id)
        except Exception as cause:
            _log.exception("fakeecr failed inside %s", operation)
            return error_response(server_fault(operation, cause), made_id)

    def expire(self) -> list[Decision]:
        """Do what every lifecycle policy says."""
        now = clock.now()
        self._next_expiry = now + _DAY
        with self.store.writing() as connection:
            return lifecycle.run(connection, now)

    def _expiry_is_due(self) -> bool:
        """Whether policies are to do their work by themselves: a day after they last did, in whatever process."""
        now = clock.now()
        if self._next_expiry is None or now >= self._next_expiry:
            with self.store.reading() as connection:
                self._next_expiry = (lifecycle.waiting_since(connection) or now) + _DAY
        return now >= self._next_expiry

    def _answer(self, operation: str, request: Request, made_id: str) -> dict[str, Any]:
        parameters = self._parameters(operation, decode(request.body))
        function, writes, *_ = OPERATIONS[operation]
        with self.store.writing() if writes else self.store.reading() as connection:
            call = self._call(connection, request.region or self._region, made_id)
            answered = dict(function(call, parameters))
        del answered["ResponseMetadata"]  # it is what the headers say, and not part of the body
        write = _writer(operation)
        if write is not None:
            write(answered)
        return answered

    def _call(self, connection: Connection, region: str, made_id: str) -> Call:
        return Call(
            connection,
            self._account_id,
            region,
            partition_of(region),
            self.store.secret,
            self._require_layers,
            {
                "RequestId": made_id,
                "HTTPStatusCode": 200,
                "HTTPHeaders": {},
                "RetryAttempts": 0,
            },
        )

    @contextmanager
    def changing(self, region: str) -> Iterator[Call]:
        """Give a call that nobody made, in a writing transaction: for what a test arranges by hand."""
        with self.store.writing() as connection:
            yield self._call(connection, region, request_id())

    def _parameters(self, operation: str, body: Any) -> dict[str, Any]:
        validator = _validator(operation, self._limits)
        parameters = validator.parse(body)
        try:
            validator.check(parameters)
        except ECRError as error:
            if self._limits == "published" and operation in PUBLISHED and _installed_allows(operation, parameters):
                raise _PublishedLimitError(operation, error) from None
            raise
        return parameters


class Failures:
    """The failures that a test ordered for its next calls."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ordered: dict[str, deque[ECRError]] = {}

    def order(self, operation: str, error: str, times: int) -> None:
        """Let the next calls of an operation fail; what was ordered first happens first.

        Raises:
            ValueError: there is no such operation or error, or the number is not positive.
        """
        if operation not in operation_names():
            raise ValueError(f"ECR has no operation {operation!r}.{_near(operation, operation_names())}")
        if error not in known_errors():
            raise ValueError(f"ECR answers with no error {error!r}.{_near(error, known_errors())}")
        if times < 1:
            raise ValueError(f"times must be 1 or more, not {times}.")
        message, status = known_errors()[error]
        with self._lock:
            self._ordered.setdefault(operation, deque()).extend([ECRError(error, message, status)] * times)

    def strike(self, operation: str) -> None:
        """Fail a call that is to fail.

        Raises:
            ECRError: the one that was ordered.
        """
        if not self._ordered:
            return
        with self._lock:
            waiting = self._ordered.get(operation)
            if waiting:
                raise waiting.popleft()

    def clear(self) -> None:
        """Forget what was ordered."""
        with self._lock:
            self._ordered.clear()


class _PublishedLimitError(Exception):
    def __init__(self, operation: str, error: ECRError) -> None:
        super().__init__(
            f"{operation} was refused only by the published limits of API version 2015-09-21 ({error.message}); "
            'the botocore on this machine allows it: FakeECR(limits="installed") takes its limits.'
        )
        self.error = error


@functools.cache
def _validator(operation: str, limits: Limits) -> Validator:
    return Validator(
        operation_model(operation).input_shape, PUBLISHED.get(operation) if limits == "published" else None
    )


@functools.cache
def _writer(operation: str) -> Writer | None:
    return writer(operation_model(operation).output_shape)


def _installed_allows(operation: str, parameters: dict[str, Any]) -> bool:
    try:
        _validator(operation, "installed").check(parameters)
    except ECRError:
        return False
    return True


def _near(name: str, names: Any) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, list(names), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


def _callers_level() -> int:
    """Count the frames from :meth:`Service.answer` up to the code that made the call."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] in (
        "fakeecr",
        "boto3",
        "botocore",
    ):
        level, frame = level + 1, frame.f_back
    return level
