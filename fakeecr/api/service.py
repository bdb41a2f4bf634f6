"""One call of the JSON API, from a request's target and body to a response, whichever client made it."""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping
from typing import Any, NamedTuple

from botocore.model import OperationNotFoundError

from fakeecr import clock
from fakeecr.api.model import TARGET_PREFIX, operation_model, operation_names
from fakeecr.api.published import published_traits
from fakeecr.api.validation import Validator
from fakeecr.api.wire import Writer, decode, error_response, response, writer
from fakeecr.aws_errors import ECRError, not_implemented, server_fault, unknown_operation, unusable_database
from fakeecr.errors import DatabaseError, PublishedLimitWarning, warn_caller
from fakeecr.http import Request, Response
from fakeecr.operations import OPERATIONS, find_function
from fakeecr.registry.call import Backend, Origin
from fakeecr.registry.expiry import DailyRun
from fakeecr.rules.messages import show, suggestion
from fakeecr.settings import Limits

_log = logging.getLogger("fakeecr")

# A client tries a failed call again, several times within moments; seconds.
_NOT_LOGGED_AGAIN = 10.0


def operation_of(request: Request) -> str | None:
    """Return the operation that a request is for, or None if its target is not an operation of the API."""
    target = request.headers.get("X-Amz-Target") or ""
    operation = target.removeprefix(TARGET_PREFIX)
    return None if operation == target or operation not in operation_names() else operation


class Answer(NamedTuple):
    """The answer to a request.

    Attributes:
        response: the response.
        error: the error that the response has; None if the request succeeded.
    """

    response: Response
    error: ECRError | None


class Service:
    """ECR's JSON API on the registries of one fake.

    Args:
        backend: the registries.
        daily_run: the daily run of lifecycle policies, which may be due before a call.
    """

    def __init__(self, backend: Backend, daily_run: DailyRun) -> None:
        self._backend = backend
        self._daily_run = daily_run
        self._last_fault: str | None = None
        self._last_fault_at = 0.0

    def answer(self, operation: str | None, request: Request, request_id: str) -> Answer:
        """Return the answer to a request; an exception becomes a ServerException, and is logged in one line.

        Args:
            operation: what :func:`operation_of` returned for the request.
            request: the request.
            request_id: the id of the response.

        Warns:
            PublishedLimitWarning: only a published limit refused the request.
        """
        error: ECRError
        try:
            if operation is None:
                raise _unknown_operation(request)
            if operation not in OPERATIONS:
                raise not_implemented(operation)
            if self._backend.settings.expire_daily:
                self._daily_run.run_if_due()
            return Answer(response(200, self._run(operation, request), request_id), None)
        except _PublishedLimitError as refusal:
            warn_caller(str(refusal), PublishedLimitWarning)
            error = refusal.error
        except ECRError as refusal:
            error = refusal
        except Warning:
            raise  # one that the caller turned into an error
        except DatabaseError as cause:
            error = self._log(unusable_database(operation or "", cause))
        except Exception as cause:
            error = self._log(server_fault(operation or "", cause))
        return Answer(error_response(error, request_id), error)

    def read(self, operation: str, body: bytes) -> Mapping[str, Any]:
        """Return the parameters of an operation in the body of a request, as far as they can be read."""
        try:
            content = decode(body)
        except ECRError:
            return {}
        try:
            return self._parse(operation, content)
        except (ECRError, OperationNotFoundError):
            return content if isinstance(content, dict) else {}

    def _parse(self, operation: str, content: Any) -> dict[str, Any]:
        return _validator(operation, self._backend.settings.limits).parse(content)

    def _log(self, fault: ECRError) -> ECRError:
        """Log the fault that is being handled, unless it is the last one again, and return it."""
        now = clock.elapsed()
        if fault.message != self._last_fault or now - self._last_fault_at > _NOT_LOGGED_AGAIN:
            self._last_fault, self._last_fault_at = fault.message, now
            _log.error("%s", fault.message)
            _log.debug("The traceback of this fault:", exc_info=True)
        return fault

    def _check(self, operation: str, parameters: dict[str, Any]) -> None:
        """Check the values of parameters.

        Raises:
            ECRError: one is invalid.
            _PublishedLimitError: one is invalid only by a published limit.
        """
        limits = self._backend.settings.limits
        try:
            _validator(operation, limits).check(parameters)
        except ECRError as error:
            if limits == "published" and _installed_allows(operation, parameters):
                raise _PublishedLimitError(operation, error) from None
            raise

    def _run(self, operation: str, request: Request) -> dict[str, Any]:
        """Carry out an operation, and return the content of its response, ready to be encoded."""
        parameters = self._parse(operation, decode(request.body))
        self._check(operation, parameters)
        function = find_function(operation)
        backend = self._backend
        begin = backend.writing if OPERATIONS[operation].writes else backend.reading
        with begin(Origin(request.region, request.account_id, request.base_url)) as call:
            content = dict(function(call, parameters))
        write = _writer(operation)
        if write is not None:
            write(content)
        return content


def _unknown_operation(request: Request) -> ECRError:
    """Build the error of a request to no operation, with a note on what its target should be."""
    error = unknown_operation()
    target = request.headers.get("X-Amz-Target")
    if target is None:
        error.add_note(f"The request has no header X-Amz-Target, such as {TARGET_PREFIX}ListImages.")
    else:
        meant = suggestion(target.rpartition(".")[2], operation_names())
        error.add_note(f"Expected {TARGET_PREFIX} and an operation in X-Amz-Target; got {show(target)}.{meant}")
    return error


class _PublishedLimitError(Exception):
    """Only a published limit refused a request; `error` is what the client gets."""

    def __init__(self, operation: str, error: ECRError) -> None:
        super().__init__(
            f"{operation} was refused only by the published limits of API version 2015-09-21 ({error.message}); "
            'the botocore on this machine allows it: FakeECR(limits="installed") uses its limits.'
        )
        self.error = error


@functools.cache
def _validator(operation: str, limits: Limits) -> Validator:
    return Validator(
        operation_model(operation).input_shape, published_traits(operation) if limits == "published" else None
    )


@functools.cache
def _writer(operation: str) -> Writer | None:
    return writer(operation_model(operation).output_shape)


def _installed_allows(operation: str, parameters: dict[str, Any]) -> bool:
    """Whether the limits of the installed botocore allow these parameters."""
    try:
        _validator(operation, "installed").check(parameters)
    except ECRError:
        return False
    return True
