"""The journal of a fake: the requests that it answered, for a test that asks what was called."""

from __future__ import annotations

import functools
import threading
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from fakeecr import clock
from fakeecr.api.model import check_operation, check_parameters, operation_model
from fakeecr.api.partitions import region_of
from fakeecr.forks import held_at_forks
from fakeecr.rules.arns import root_arn
from fakeecr.rules.messages import show

if TYPE_CHECKING:
    from botocore.parsers import ResponseParser

    from fakeecr.http import Request
    from fakeecr.settings import Settings

MOST_CALLS = 10_000
# What the calls may hold together: the bodies of requests and responses.
MOST_BYTES = 256 * 2**20

# The members of responses and of requests whose values are not recorded: a password, a URL that holds the bytes of a
# layer, and these bytes themselves.
_NOT_RECORDED = {"authorizationToken", "downloadUrl"}
_NOT_RECORDED_OF_REQUESTS = {"layerPartBlob"}
_WITH_SECRETS_OR_LAYERS = {"GetAuthorizationToken", "GetDownloadUrlForLayer", "UploadLayerPart"}


# One lock for the journals of all fakes, so that a fork can hold it.
_lock = held_at_forks(threading.Lock())


# What is kept of a call: operation, body of the request, region, caller, error, body of the response, time, account. A
# tuple of plain values costs the least: the garbage collector does not look at it again.
_Entry = tuple[str, bytes, str | None, str | None, str | None, bytes, float, str | None]


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
        at: when it was answered, in UTC, to the millisecond.
        error: the code of the error that answered it, such as ``"RepositoryNotFoundException"``, or the name of an
            ordered network error; None if it succeeded.
    """

    def __init__(self, entry: _Entry, parameters: Mapping[str, Any], settings: Settings) -> None:
        self.operation, _, region, caller, self.error, self._content, at, account_id = entry
        account_id = account_id or settings.account_id
        self.parameters = parameters
        self.region = region or settings.region
        self.registry_id = _registry_of(parameters) or account_id
        self.principal = caller or root_arn(region_of(self.region), account_id)
        self.at = clock.to_milliseconds(datetime.fromtimestamp(at, UTC))

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

    def matches(self, operation: str, parameters: Mapping[str, Any]) -> bool:
        """Whether it is a call of this operation, ``"*"`` for any, with these parameters among its own."""
        own = {**self.parameters, "registryId": self.registry_id}
        return operation in ("*", self.operation) and has_parameters(own, parameters)

    def __repr__(self) -> str:
        parameters = ", ".join(f"{name}={show(value)}" for name, value in self.parameters.items())
        return f"<{self.operation}({parameters}){'' if self.error is None else f' → {self.error}'}>"


def _registry_of(parameters: Mapping[str, Any]) -> str | None:
    """Return the account that parameters name, by its id or in the ARN of a repository; None if they name none."""
    named = parameters.get("registryId")
    if named is None and "resourceArn" in parameters:
        named = [*str(parameters["resourceArn"]).split(":"), *[""] * 5][4]
    return named if isinstance(named, str) and named else None


def has_parameters(own: Mapping[str, Any], expected: Mapping[str, Any]) -> bool:
    """Whether a request has these parameters among its own, to which its registry belongs, named or not."""
    return all(name in own and own[name] == value for name, value in expected.items())


@functools.cache
def _parser() -> ResponseParser:
    from botocore.parsers import create_parser  # only a test that reads a response needs it

    return create_parser("json")


class RecordedCalls(tuple[RecordedCall, ...]):
    """Recorded calls, oldest first; a tuple that does not change when more calls are made.

    A fake keeps only the last 10,000, and at most 256 MiB.
    """

    _dropped: dict[str, int]

    def __new__(cls, calls: Iterable[RecordedCall] = (), dropped: Mapping[str, int] | None = None) -> RecordedCalls:
        """Make a tuple of calls.

        Args:
            calls: the calls.
            dropped: the number of older calls that were dropped, by their operations.
        """
        self = super().__new__(cls, calls)
        self._dropped = {} if dropped is None else dict(dropped)
        return self

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
    """The last calls that a fake answered.

    Args:
        settings: the options of the fake.
        read: returns the parameters of an operation in the body of a request.
    """

    def __init__(self, settings: Settings, read: Callable[[str, bytes], Mapping[str, Any]]) -> None:
        self._settings = settings
        self._read = read
        self._entries: deque[_Entry] = deque()
        self._size = 0
        # By their operations.
        self._dropped: Counter[str] = Counter()

    def record(self, operation: str, request: Request, error: str | None, content: bytes) -> None:
        """Record a call, in place of the oldest ones if there are too many.

        Args:
            operation: the operation.
            request: the request.
            error: the code or name of the error; None if the call succeeded.
            content: the body of the response.
        """
        body = request.body
        if operation in _WITH_SECRETS_OR_LAYERS:
            body, content = _without(_NOT_RECORDED_OF_REQUESTS, body), _without(_NOT_RECORDED, content)
        entry = (
            operation,
            body,
            request.region,
            request.caller,
            error,
            content,
            clock.timestamp(),
            request.account_id,
        )
        with _lock:
            self._entries.append(entry)
            self._size += len(body) + len(content)
            while len(self._entries) > MOST_CALLS or self._size > MOST_BYTES:
                dropped = self._entries.popleft()
                self._size -= len(dropped[1]) + len(dropped[5])
                self._dropped[dropped[0]] += 1

    def calls(self) -> RecordedCalls:
        """Return the calls."""
        with _lock:
            entries, dropped = list(self._entries), dict(self._dropped)
        return RecordedCalls([self._call_of(entry) for entry in entries], dropped)

    def _call_of(self, entry: _Entry) -> RecordedCall:
        return RecordedCall(entry, self._read(entry[0], entry[1]), self._settings)

    def source_of(self, token: str) -> RecordedCall | None:
        """Return the last call whose response has a page token, or None if none is recorded."""
        if '"' in token or not token.isascii():
            return None
        quoted = f'"{token}"'.encode()
        with _lock:
            entry = next((entry for entry in reversed(self._entries) if quoted in entry[5] and entry[4] is None), None)
        return None if entry is None else self._call_of(entry)

    def clear(self) -> None:
        """Forget every call."""
        with _lock:
            self._entries.clear()
            self._dropped.clear()
            self._size = 0

    def __len__(self) -> int:
        return len(self._entries) + self._dropped.total()


def _without(names: Collection[str], body: bytes) -> bytes:
    """Return a body with a text in place of the values of these names."""
    try:
        content = msgspec.json.decode(body)
    except (msgspec.MsgspecError, RecursionError):
        return b""  # what cannot be read may be anything
    return msgspec.json.encode(_replace(names, content))


def _replace(names: Collection[str], value: Any) -> Any:
    if isinstance(value, list):
        return [_replace(names, item) for item in value]
    if isinstance(value, dict):
        return {name: _describe(name, item) if name in names else _replace(names, item) for name, item in value.items()}
    return value


def _describe(name: str, value: Any) -> str:
    if name != "layerPartBlob" or not isinstance(value, str):
        return "<not recorded>"
    # Base64 has four characters for three bytes.
    return f"<{len(value) * 3 // 4 - value.count('=', -2)} bytes>"
