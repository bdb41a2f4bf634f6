"""The hook in botocore's clients: unsigned, and answered before anything is sent.

All that fakeecr does with botocore's events is here. The handlers of two of ECR's events stand in every client that
is made after `import fakeecr`; with no fake active each of them looks once and passes the call on.
"""

from __future__ import annotations

import sys
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

from botocore import UNSIGNED
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.hooks import BaseEventHooks

from fakeecr.adapters import active
from fakeecr.adapters.active import Answering
from fakeecr.errors import FakeECRError
from fakeecr.http import Request

# Where moto is, an answered request is pointed here, so that its handler of the same event, which botocore calls
# as well, finds nothing in it to answer. No host can have this name.
_ANSWERED_URL = "https://answered.fakeecr.invalid/"

# Asks an emitter for the hook it carries.
_PRESENT = "fakeecr-present.ecr"


class Call:
    """A call of ECR that botocore is making, from its first try to its last.

    Attributes:
        region: its client's region; no endpoint can be relied on to tell it, because users give their own.
        answered: whether a fake has answered it.
    """

    __slots__ = ("answered", "region")

    def __init__(self, region: str | None) -> None:
        self.region = region
        self.answered = False


# The call that is being made here; None outside of any, and in a call of another service.
this_call: ContextVar[Call | None] = ContextVar("fakeecr_this_call", default=None)


def answers_this_call() -> bool:
    """Tell whether the call that is being made here is one that a fake answers."""
    call = this_call.get()
    return call is not None and call.answered


class Hook:
    """The handlers of one emitter.

    Args:
        fake: the fake that answers while it is in use; None for the innermost active one.
        otherwise: whose turn it is when `fake` is not in use; with None the call is refused then.
    """

    def __init__(self, fake: Answering | None = None, otherwise: Hook | None = None) -> None:
        self._fake = fake
        self._otherwise = otherwise

    def handlers(self) -> list[tuple[str, Callable[..., Any]]]:
        """List the events with their handlers, as botocore's list of built-in handlers has them."""
        return [
            (_PRESENT, self._present),
            ("choose-signer.ecr", self._choose_signer),
            ("before-send.ecr", self._before_send),
        ]

    def answering(self) -> Answering | None:
        """Give the fake that answers now; with None a call goes its own way.

        Raises:
            FakeECRError: the one fake that could answer was stopped.
        """
        if self._fake is None:
            return active.innermost()
        if self._fake.is_open:
            return self._fake
        if self._otherwise is None:
            raise FakeECRError(
                "This client was made by FakeECR.client(), and its fake was stopped. "
                "Make the client while the fake is in use; nothing was sent to AWS."
            )
        return self._otherwise.answering()

    def without(self, fake: Answering) -> Hook:
        """Give what is left of this hook without a fake, and without those that are no longer in use."""
        if self._fake is None or self._otherwise is None or (self._fake.is_open and self._fake is not fake):
            return self
        return self._otherwise.without(fake)

    def _present(self, **_: Any) -> Hook:
        return self

    def _choose_signer(self, **_: Any) -> object:
        return None if self.answering() is None else UNSIGNED

    def _before_send(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
        fake = self.answering()
        if fake is None:
            return None
        call = this_call.get() or Call(None)
        call.answered = True
        status, headers, body = fake.answer(build_request(request, call.region))
        answered = AWSResponse(request.url, status, headers, _Raw(body))  # type: ignore[arg-type]
        if "moto" in sys.modules:
            request.url = _ANSWERED_URL
        return answered


class _Raw(BytesIO):
    """The body of a response, as botocore reads it."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


SLEEPING = Hook()

_ensuring = threading.Lock()
_ensured: weakref.WeakSet[BaseEventHooks] = weakref.WeakSet()


def ensure(emitter: BaseEventHooks) -> None:
    """Give the sleeping hook to an emitter that was made before fakeecr was imported."""
    if emitter not in _ensured:
        # Two threads that use a client for the first time must not give it two hooks.
        with _ensuring:
            if not _hooks(emitter):
                _add(emitter, SLEEPING)
            _ensured.add(emitter)


def answering(emitter: BaseEventHooks) -> Answering | None:
    """Give the fake that answers an emitter's ECR calls now."""
    return next(iter(_hooks(emitter)), SLEEPING).answering()


def bind(emitter: BaseEventHooks, fake: Answering) -> None:
    """Let one fake answer an emitter's ECR calls while it is in use, and then whoever answered them before."""
    before = next(iter(_hooks(emitter)), SLEEPING)
    remove(emitter)
    _add(emitter, Hook(fake, before.without(fake)))


def devote(emitter: BaseEventHooks, fake: Answering) -> None:
    """Let one fake alone answer an emitter's ECR calls: while it is not in use they are refused."""
    remove(emitter)
    _add(emitter, Hook(fake))


def remove(emitter: BaseEventHooks) -> None:
    """Take its hook from an emitter."""
    for hook in _hooks(emitter):
        for event, handler in hook.handlers():
            emitter.unregister(event, handler)


def _add(emitter: BaseEventHooks, hook: Hook) -> None:
    for event, handler in hook.handlers():
        emitter.register(event, handler)


def _hooks(emitter: BaseEventHooks) -> list[Hook]:
    return [hook for _, hook in emitter.emit(_PRESENT)]


def build_request(prepared: AWSPreparedRequest, region: str | None) -> Request:
    """Build the service's request from the one that botocore is about to send.

    Args:
        prepared: The request that botocore prepared.
        region: The region of the client.
    """
    return Request(
        method=prepared.method or "",
        path=urlsplit(prepared.url).path,
        # A HeadersDict, whatever the stubs say.
        headers=_TextHeaders(prepared.headers),  # type: ignore[arg-type]
        body=_read_body(prepared.body),
        region=region,
    )


class _TextHeaders(Mapping[str, str]):
    """A view of botocore's headers, whose values are bytes or text, as text.

    Each value is decoded when it is read: a copy of all headers would be the most expensive step of the hook.
    """

    __slots__ = ("_headers",)

    def __init__(self, headers: Mapping[str, str | bytes]) -> None:
        self._headers = headers

    def __getitem__(self, name: str) -> str:
        value = self._headers[name]
        return value.decode("latin-1") if isinstance(value, bytes) else value

    def __iter__(self) -> Iterator[str]:
        return iter(self._headers)

    def __len__(self) -> int:
        return len(self._headers)


def _read_body(body: Any) -> bytes:
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    if hasattr(body, "read"):
        return bytes(body.read())
    return bytes(body)
