"""What is known of the call, the wait and the answer in progress, in the context that makes the call.

Each is a context manager, which botocore's methods and aiobotocore's coroutines enter alike. None of them uses
`ContextVar.reset`, which fails if a coroutine is closed in another context.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from io import BytesIO
from types import TracebackType
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError, WaiterError

from fakeecr.http import Response


class BotocoreCall:
    """A call of botocore, from its first attempt to its last.

    Args:
        context: botocore's own context of the call.

    Attributes:
        answered: whether a fake has answered an attempt.
    """

    __slots__ = ("_context", "_outer", "answered")

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
        self._outer = _current_call.get()
        _current_call.set(self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _current_call.set(self._outer)
        wait = _current_wait.get()
        if wait is not None:
            wait.answered = self.answered


class BotocoreWait:
    """A wait of a botocore waiter, which makes several calls.

    Attributes:
        answered: whether a fake answered the last call.
        notes: the notes of the last response, which a WaiterError gets.
    """

    __slots__ = ("_outer", "answered", "notes")

    def __init__(self) -> None:
        self.answered = False
        self.notes: tuple[str, ...] = ()

    def __enter__(self) -> None:
        self._outer = _current_wait.get()
        _current_wait.set(self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _current_wait.set(self._outer)
        if isinstance(error, WaiterError):
            _add_notes(error, self.notes)


class NotedCall:
    """A method call of a client, whose ClientError gets the notes of the last response of a fake.

    Attributes:
        notes: the notes of the last response.
    """

    __slots__ = ("_outer", "notes")

    def __enter__(self) -> None:
        self.notes: tuple[str, ...] = ()
        self._outer = _current_noted_call.get()
        _current_noted_call.set(self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _current_noted_call.set(self._outer)
        if self.notes and isinstance(error, ClientError):
            _add_notes(error, self.notes)


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
    noted_call, wait = _current_noted_call.get(), _current_wait.get()
    if noted_call is not None:
        noted_call.notes = notes
    if wait is not None:
        wait.notes = notes


def _add_notes(error: BaseException, notes: tuple[str, ...]) -> None:
    for note in notes:
        error.add_note(note)


class _RawBody(BytesIO):
    """The body of a response, with the method of urllib3's responses that botocore reads it by."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()
