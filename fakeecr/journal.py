"""The journal of a fake: the requests that it answered, for a test that asks what was called."""

from __future__ import annotations

import functools
import threading
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from fakeecr import clock
from fakeecr.api.model import check_operation, check_parameters, operation_model
from fakeecr.rules.messages import check_count

if TYPE_CHECKING:
    from botocore.parsers import ResponseParser

MOST_CALLS = 10_000
# What the calls may hold together: the bodies of requests and responses.
MOST_BYTES = 256 * 2**20

# The members of responses whose values are not recorded: a password, and a URL that holds the bytes of a layer.
_NOT_RECORDED = {"authorizationToken", "downloadUrl"}
_WITH_SECRETS_OR_LAYERS = {"GetAuthorizationToken", "GetDownloadUrlForLayer", "UploadLayerPart"}


class RecordedCall:
    """A request that a fake answered; each try of a client is one.

    Attributes:
        operation: the operation's name in the API, such as ``"ListImages"``; for a request to no operation, what it
            asked for.
        parameters: the parameters by their names in the API, as the service read them. The bytes of an uploaded layer
            are replaced by a text that says how many they are.
        region: the region that the request was for.
        registry_id: the account of the registry that the request was for.
        principal: the ARN of the caller.
        error: the code of the error that answered it, such as ``"RepositoryNotFoundException"``, or the name of an
            ordered network error; None if it succeeded.
    """

    __slots__ = ("_at", "_content", "error", "operation", "parameters", "principal", "region", "registry_id", "size")

    def __init__(
        self,
        operation: str,
        parameters: Mapping[str, Any],
        region: str,
        registry_id: str,
        principal: str,
        error: str | None,
        content: bytes,
        request_size: int,
    ) -> None:
        """Note what was asked and answered.

        Args:
            operation: see the attributes, as for all that is not described here.
            parameters: the parameters.
            region: the region.
            registry_id: the account.
            principal: the caller.
            error: the error.
            content: the body of the response.
            request_size: the number of bytes in the body of the request.
        """
        if operation in _WITH_SECRETS_OR_LAYERS:
            parameters, request_size = _without_layer(parameters, request_size)
            content = _without_secrets(content)
        self.operation = operation
        self.parameters = parameters
        self.region = region
        self.registry_id = registry_id
        self.principal = principal
        self._at = clock.timestamp()
        self.error = error
        self._content = content
        self.size = request_size + len(content)

    @property
    def at(self) -> datetime:
        """When it was answered, in UTC, to the millisecond."""
        return clock.to_milliseconds(datetime.fromtimestamp(self._at, UTC))

    @property
    def response(self) -> dict[str, Any] | None:
        """What the client received, as boto3 returns it but without ResponseMetadata; None if the call failed.

        Authorization tokens and the URLs of layers are left out.
        """
        if self.error is not None:
            return None
        shape: Any = operation_model(self.operation).output_shape
        http_response = {"status_code": 200, "headers": {}, "body": self._content}
        response: dict[str, Any] = _parser().parse(http_response, shape)
        del response["ResponseMetadata"]
        return response

    def returned(self, text: str) -> bool:
        """Whether a text without characters that JSON escapes is in the response."""
        return self.error is None and text.encode() in self._content

    def matches(self, operation: str, parameters: Mapping[str, Any]) -> bool:
        """Whether it is a call of this operation, ``"*"`` for any, with these parameters among its own."""
        return operation in ("*", self.operation) and has_parameters(self.parameters, parameters, self.registry_id)

    def __repr__(self) -> str:
        return f"<{self.operation}({_format(self.parameters)}){'' if self.error is None else f' → {self.error}'}>"


def has_parameters(own: Mapping[str, Any], expected: Mapping[str, Any], registry_id: str) -> bool:
    """Whether a request has these parameters among its own; one that names no registry is for the default one.

    Args:
        own: the parameters of the request.
        expected: the parameters that it should have.
        registry_id: the account of the registry that the request is for.
    """
    named = {**own, "registryId": registry_id}
    return all(name in named and named[name] == value for name, value in expected.items())


@functools.cache
def _parser() -> ResponseParser:
    from botocore.parsers import create_parser  # only a test that reads a response needs it

    return create_parser("json")


class RecordedCalls(tuple[RecordedCall, ...]):
    """Recorded calls, oldest first; a tuple that does not change when more calls are made.

    Attributes:
        dropped: how many older calls are not in it, because a fake keeps only the last 10,000, and at most 256 MiB.
    """

    dropped: int

    def __new__(cls, calls: Iterable[RecordedCall] = (), dropped: int = 0) -> RecordedCalls:
        """Make a tuple of calls, after which others were dropped."""
        self = super().__new__(cls, calls)
        self.dropped = dropped
        return self

    def of(self, operation: str, **parameters: Any) -> RecordedCalls:
        """Return the calls of an operation that have these parameters among their own.

        Args:
            operation: its name in the API, such as ``"ListImages"``; ``"*"`` for every operation.
            parameters: parameters by their names in the API, with equal values: ``repositoryName="web"``. Lists and
                structures must be equal as a whole.

        Raises:
            ValueError: there is no such operation, or no such parameter of it, or no request can have this value.
        """
        check_operation(operation, any_allowed=True)
        check_parameters(operation, parameters, ["times"])
        if "layerPartBlob" in parameters:
            raise ValueError("layerPartBlob is not recorded, so no call can be found by it.")
        return RecordedCalls([call for call in self if call.matches(operation, parameters)], self.dropped)


class Journal:
    """The last calls that a fake answered."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: deque[RecordedCall] = deque()
        self._size = 0
        self._dropped = 0

    def record(self, call: RecordedCall) -> None:
        """Record a call, in place of the oldest one if there are too many."""
        with self._lock:
            self._calls.append(call)
            self._size += call.size
            while len(self._calls) > MOST_CALLS or self._size > MOST_BYTES:
                self._size -= self._calls.popleft().size
                self._dropped += 1

    def calls(self) -> RecordedCalls:
        """Return the calls."""
        # Without the lock, which a fork in another thread would leave locked in the child. A copy is atomic.
        return RecordedCalls(self._calls.copy(), self._dropped)

    def source_of(self, token: str) -> RecordedCall | None:
        """Return the last call whose response has a page token, or None if none is recorded."""
        if '"' in token or not token.isascii():
            return None
        return next((call for call in reversed(self.calls()) if call.returned(f'"{token}"')), None)

    def clear(self) -> None:
        """Forget every call."""
        with self._lock:
            self._calls.clear()
            self._size = self._dropped = 0

    def __len__(self) -> int:
        return len(self._calls) + self._dropped


def _without_layer(parameters: Mapping[str, Any], request_size: int) -> tuple[Mapping[str, Any], int]:
    """Return parameters without the bytes of a layer, and how many bytes they still hold."""
    layer = parameters.get("layerPartBlob")
    if layer is None:
        return parameters, request_size
    described = f"<{len(layer)} bytes>" if isinstance(layer, bytes) else "<not recorded>"
    return {**parameters, "layerPartBlob": described}, len(described)


def _without_secrets(content: bytes) -> bytes:
    """Return the body of a response without the values that are not recorded."""
    return msgspec.json.encode(_replace_secrets(msgspec.json.decode(content))) if content else content


def _replace_secrets(value: Any) -> Any:
    if isinstance(value, list):
        return [_replace_secrets(item) for item in value]
    if isinstance(value, dict):
        return {
            name: "<not recorded>" if name in _NOT_RECORDED else _replace_secrets(member)
            for name, member in value.items()
        }
    return value


# --- Assertions --------------------------------------------------------------------------------------

# How many lines a message shows of what was called instead.
_MOST_LINES = 10
_WIDEST_VALUE = 60


def count_mistake(calls: RecordedCalls, operation: str, times: int | None, parameters: Mapping[str, Any]) -> str | None:
    """Return what a failed assertion says about the calls of an operation; None if it was called as often as expected.

    Args:
        calls: every recorded call.
        operation: the operation's name, or ``"*"``.
        times: how often it was to be called; None for at least once.
        parameters: the parameters that the calls were to have.

    Raises:
        ValueError: `times` is negative, or there is no such operation or parameter.
    """
    if times is not None:
        check_count("times", times, 0)
    matching = calls.of(operation, **parameters)
    count = len(matching)
    if count == times or (times is None and count):
        return None
    subject = _subject(operation, parameters)
    called = f"was called {_times(count)}" if count else "was not called"
    expected = "" if times is None else f"; expected {_times(times) if times else 'no call'}"
    is_called_too_often = times is not None and count > times
    shown = matching if is_called_too_often else calls
    if is_called_too_often:
        heading = "The calls:"
    else:
        heading = "What was called, the most similar first:" if shown else "Nothing was called."
    lines = [f"{subject} {called}{expected}.", heading, *_lines(shown, operation, parameters)]
    if calls.dropped:
        lines.append(f"{calls.dropped} older calls are no longer recorded.")
    return "\n".join(lines)


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _subject(operation: str, parameters: Mapping[str, Any]) -> str:
    name = "ECR" if operation == "*" else operation
    return f"{name} with {_format(parameters)}" if parameters else name


def _format(parameters: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={_shorten(value)}" for name, value in parameters.items())


def _shorten(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _WIDEST_VALUE else f"{text[: _WIDEST_VALUE - 1]}…"


def _lines(calls: RecordedCalls, operation: str, parameters: Mapping[str, Any]) -> list[str]:
    """Return one aligned line for each different call, the most similar to the expected one first."""
    counts = Counter(_cells(call, parameters) for call in calls)
    similarities = {_cells(call, parameters): _similarity(call, operation, parameters) for call in calls}
    # A sort keeps the order of those that are equally similar.
    ordered = sorted(counts, key=similarities.__getitem__, reverse=True)
    shown = ordered[:_MOST_LINES]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    lines = []
    for cells in shown:
        aligned = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True) if width)
        lines.append(f"  {aligned}".rstrip() + ("" if counts[cells] == 1 else f"  ({_times(counts[cells])})"))
    left = sum(counts[cells] for cells in ordered[_MOST_LINES:])
    return [*lines, f"  … and {left} more"] if left else lines


def _cells(call: RecordedCall, parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a line shows of a call: the operation, each expected parameter, and the rest."""
    expected = [f"{name}={_shorten(call.parameters[name])}" if name in call.parameters else "" for name in parameters]
    others = _format({name: value for name, value in call.parameters.items() if name not in parameters})
    error = "" if call.error is None else f"→ {call.error}"
    return (call.operation, *expected, "  ".join(filter(None, [others, error])))


def _similarity(call: RecordedCall, operation: str, parameters: Mapping[str, Any]) -> tuple[float, int]:
    """Return how similar a call is to an expected one; that of a more similar one is greater."""
    from difflib import SequenceMatcher

    same_parameters = sum(call.matches("*", {name: value}) for name, value in parameters.items())
    if operation in ("*", call.operation):
        return 1.0, same_parameters
    return SequenceMatcher(None, call.operation, operation).ratio() / 2, same_parameters
