"""What is known of the call, the wait and the answer in progress, in the context that makes the call.

Each is a context manager, which botocore's methods and aiobotocore's coroutines enter alike.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextvars import ContextVar, Token
from io import BytesIO
from types import TracebackType
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError

from fakeecr.http import Response


class BotocoreCall:
    """A call of botocore, from its first attempt to its last.

    Args:
        context: botocore's own context of the call.

    Attributes:
        answered: whether a fake has answered an attempt.
    """

    __slots__ = ("_context", "_token", "answered")

    def __init__(self, context: Mapping[str, Any]) -> None:
        self._context = context
        self.answered = False

    @property
    def region(self) -> str | None:
        """The region of the client. It cannot be derived from the endpoint, which users may set themselves."""
        return self._context.get("client_region")

    @property
    def read_timeout(self) -> float | None:
        """How many seconds the client waits for a response. None: without end."""
        own: float | None = self._context.get("read_timeout")
        return getattr(self._context.get("client_config"), "read_timeout", None) if own is None else own

    def pass_on(self, response: Response, url: str) -> Any:
        """Return a fake's response in the form that the client awaits from a handler of before-send.

        Args:
            response: the response.
            url: the URL of the request.
        """
        if response.delay:
            time.sleep(response.delay)
        body = _RawBody(response.body)
        return AWSResponse(url, response.status, response.headers, body)  # type: ignore[arg-type]

    def __enter__(self) -> None:
        self._token: Token[BotocoreCall | None] = _current_call.set(self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _current_call.reset(self._token)
        wait = _current_wait.get()
        if wait is not None:
            wait.answered = self.answered


class BotocoreWait:
    """A wait of a botocore waiter, which makes several calls.

    Attributes:
        answered: whether a fake answered the last call.
    """

    __slots__ = ("_token", "answered")

    def __init__(self) -> None:
        self.answered = False

    def __enter__(self) -> None:
        self._token: Token[BotocoreWait | None] = _current_wait.set(self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _current_wait.reset(self._token)


class NotedCall:
    """A method call of a client, whose ClientError gets the notes of the last response of a fake.

    Attributes:
        notes: the notes of the last response.
    """

    __slots__ = ("_token", "notes")

    def __enter__(self) -> None:
        self.notes: tuple[str, ...] = ()
        self._token: Token[NotedCall | None] = _current_noted_call.set(self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _current_noted_call.reset(self._token)
        if self.notes and isinstance(error, ClientError):
            for note in self.notes:
                error.add_note(note)


# None outside of each.
_current_call: ContextVar[BotocoreCall | None] = ContextVar("fakeecr_current_call", default=None)
_current_wait: ContextVar[BotocoreWait | None] = ContextVar("fakeecr_current_wait", default=None)
_current_noted_call: ContextVar[NotedCall | None] = ContextVar("fakeecr_current_noted_call", default=None)


def current_call() -> BotocoreCall:
    """Return the call in progress; one of which nothing is known if the client does not make it in the usual way."""
    return _current_call.get() or BotocoreCall({})


def is_current_call_answered() -> bool:
    """Whether a fake answers the call in progress."""
    call = _current_call.get()
    return call is not None and call.answered


def is_current_wait_answered() -> bool:
    """Whether a fake answers the wait in progress."""
    wait = _current_wait.get()
    return wait is not None and wait.answered


def keep_notes(notes: tuple[str, ...]) -> None:
    """Keep the notes of a response for the exception of the call in progress, in place of those of earlier attempts."""
    noted_call = _current_noted_call.get()
    if noted_call is not None:
        noted_call.notes = notes


class _RawBody(BytesIO):
    """The body of a response, with the method of urllib3's responses that botocore reads it by."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()
