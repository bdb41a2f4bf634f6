"""The hook in botocore's clients: unsigned, and answered before anything is sent.

All that fakeecr does with botocore's events is here. The handlers of ECR's five events stand in every client that
is made after `import fakeecr`; with no fake active each of them looks once and passes the call on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

from botocore import UNSIGNED
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.hooks import BaseEventHooks

from fakeecr.adapters import active
from fakeecr.adapters.active import Answering
from fakeecr.errors import FakeECRError
from fakeecr.protocol.http import Request

# The region of the call that is being made here and answered by a fake, from its signing on; None for any other
# call. No endpoint can be relied on to tell it, because users give their own.
_region: ContextVar[str | None] = ContextVar("fakeecr_region", default=None)

# An answered request is pointed here, so that another library's handler of the same event, moto's for one,
# finds nothing in it to answer. No host can have this name.
_ANSWERED_URL = "https://answered.fakeecr.invalid/"

# Asks an emitter for the hook it carries.
_PRESENT = "fakeecr-present.ecr"


def answers_this_call() -> bool:
    """Tell whether the call that is being made here is one that a fake answers."""
    return _region.get() is not None


class Hook:
    """The handlers of one emitter.

    Args:
        fake: the fake that answers; None for the innermost active one.
        loyal: what to do when `fake` is closed: refuse the call, or behave as though it had not been bound.
    """

    def __init__(self, fake: Answering | None = None, *, loyal: bool = False) -> None:
        self._fake = fake
        self._loyal = loyal

    def handlers(self) -> list[tuple[str, Callable[..., Any]]]:
        """List the events with their handlers, as botocore's list of built-in handlers has them."""
        return [
            (_PRESENT, self._present),
            ("choose-signer.ecr", self._choose_signer),
            ("before-sign.ecr", self._before_sign),
            ("before-send.ecr", self._before_send),
            ("after-call.ecr", self._after_call),
            ("after-call-error.ecr", self._after_call),
        ]

    def _answering(self) -> Answering | None:
        if self._fake is None or (not self._fake.is_open and not self._loyal):
            return active.innermost()
        if not self._fake.is_open:
            raise FakeECRError(
                "This client was made by FakeECR.client(), and its fake was stopped. "
                "Make the client while the fake is in use; nothing was sent to AWS."
            )
        return self._fake

    def _present(self, **_: Any) -> Hook:
        return self

    def _choose_signer(self, **_: Any) -> object:
        return None if self._answering() is None else UNSIGNED

    def _before_sign(self, region_name: str | None, **_: Any) -> None:
        if self._answering() is not None:
            _region.set(region_name or "")

    def _before_send(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
        fake = self._answering()
        if fake is None:
            return None
        target = _text(request.headers.get("X-Amz-Target"))
        status, headers, body = fake.answer(Request(target, _bytes(request.body), _region.get() or None))
        answered = AWSResponse(request.url, status, headers, _Raw(body))  # type: ignore[arg-type]
        request.url = _ANSWERED_URL
        return answered

    def _after_call(self, **_: Any) -> None:
        _region.set(None)


class _Raw:
    """The body of a response, as botocore reads it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self._body

    def read(self, *_: Any) -> bytes:
        return self._body


SLEEPING = Hook()


def ensure(emitter: BaseEventHooks) -> None:
    """Give the sleeping hook to an emitter that was made before fakeecr was imported."""
    if not _hooks(emitter):
        _add(emitter, SLEEPING)


def bind(emitter: BaseEventHooks, fake: Answering, *, loyal: bool) -> None:
    """Let one fake answer an emitter's ECR calls, in place of the hook it had."""
    remove(emitter)
    _add(emitter, Hook(fake, loyal=loyal))


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


def _text(value: str | bytes | None) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value or ""


def _bytes(body: Any) -> bytes:
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    if hasattr(body, "read"):
        return bytes(body.read())
    return bytes(body)
