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
from fakeecr.forks import held_at_forks
from fakeecr.rules.messages import show

if TYPE_CHECKING:
    from botocore.parsers import ResponseParser

MOST_CALLS = 10_000
# What the calls may hold together: the bodies of requests and responses.
MOST_BYTES = 256 * 2**20

# The members of responses whose values are not recorded: a password, and a URL that holds the bytes of a layer.
_NOT_RECORDED = {"authorizationToken", "downloadUrl"}
_WITH_SECRETS_OR_LAYERS = {"GetAuthorizationToken", "GetDownloadUrlForLayer", "UploadLayerPart"}


# One lock for the journals of all fakes, so that a fork can hold it.
_lock = held_at_forks(threading.Lock())


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
        parameters = ", ".join(f"{name}={show(value)}" for name, value in self.parameters.items())
        return f"<{self.operation}({parameters}){'' if self.error is None else f' → {self.error}'}>"


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

    A fake keeps only the last 10,000, and at most 256 MiB.
    """

    def __new__(cls, calls: Iterable[RecordedCall] = (), dropped: Mapping[str, int] | None = None) -> RecordedCalls:
        """Make a tuple of calls.

        Args:
            calls: the calls.
            dropped: the number of older calls that were dropped, by their operations.
        """
        self = super().__new__(cls, calls)
        self._dropped = {} if dropped is None else dict(dropped)
        return self

    _dropped: dict[str, int]

    @property
    def dropped(self) -> int:
        """How many older calls are not in it."""
        return sum(self._dropped.values())

    def dropped_of(self, operation: str) -> int:
        """Return how many older calls of an operation are not in it; ``"*"`` for every operation."""
        return self.dropped if operation == "*" else self._dropped.get(operation, 0)

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
        return RecordedCalls([call for call in self if call.matches(operation, parameters)], self._dropped)


class Journal:
    """The last calls that a fake answered."""

    def __init__(self) -> None:
        self._calls: deque[RecordedCall] = deque()
        self._size = 0
        # By their operations.
        self._dropped: Counter[str] = Counter()

    def record(self, call: RecordedCall) -> None:
        """Record a call, in place of the oldest one if there are too many."""
        with _lock:
            self._calls.append(call)
            self._size += call.size
            while len(self._calls) > MOST_CALLS or self._size > MOST_BYTES:
                dropped = self._calls.popleft()
                self._size -= dropped.size
                self._dropped[dropped.operation] += 1

    def calls(self) -> RecordedCalls:
        """Return the calls."""
        return RecordedCalls(self._calls.copy(), self._dropped)

    def source_of(self, token: str) -> RecordedCall | None:
        """Return the last call whose response has a page token, or None if none is recorded."""
        if '"' in token or not token.isascii():
            return None
        return next((call for call in reversed(self.calls()) if call.returned(f'"{token}"')), None)

    def clear(self) -> None:
        """Forget every call."""
        with _lock:
            self._calls.clear()
            self._dropped.clear()
            self._size = 0

    def __len__(self) -> int:
        return len(self._calls) + self._dropped.total()


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
