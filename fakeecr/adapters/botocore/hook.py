"""The event handlers that answer botocore's ECR calls.

Every client created after ``import fakeecr`` has handlers of three of ECR's events: ``request-created`` asks the guard,
``choose-signer`` leaves the request unsigned, and ``before-send`` answers it before anything is sent. While no fake is
active and nothing is guarded, they change nothing and botocore proceeds as usual.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

from botocore import UNSIGNED
from botocore.awsrequest import AWSPreparedRequest, AWSRequest, AWSResponse
from botocore.hooks import BaseEventHooks

from fakeecr.adapters import active
from fakeecr.adapters.active import Fake
from fakeecr.adapters.botocore import guard
from fakeecr.errors import FakeECRError
from fakeecr.http import Request, Response

# No host can have this name: `.invalid` is reserved.
_URL_HIDDEN_FROM_MOTO = "https://answered.fakeecr.invalid/"

# The key of a request's context that says that a guard will refuse the request.
_IS_REFUSED = "fakeecr_is_refused"

# An event of fakeecr's own, whose handler returns its hook: an emitter cannot list its handlers.
_FIND_HOOK = "fakeecr-find-hook.ecr"


class BotocoreCall:
    """A call of botocore to ECR, from its first attempt to its last.

    Attributes:
        region: the region of the client. It cannot be derived from the endpoint, which users may set themselves.
        answered: whether a fake has answered an attempt.
    """

    __slots__ = ("answered", "region")

    def __init__(self, region: str | None) -> None:
        self.region = region
        self.answered = False


# None outside of calls, and in calls to other services.
current_call: ContextVar[BotocoreCall | None] = ContextVar("fakeecr_current_call", default=None)


def is_current_call_answered() -> bool:
    """Whether a fake answers the botocore call that is in progress in this context."""
    call = current_call.get()
    return call is not None and call.answered


class Hook:
    """The event handlers of an emitter, which also decide which fake answers.

    Args:
        fake: the fake that answers while it is open. None: the innermost active fake answers.
        fallback: the hook that decides while `fake` is not open. None: calls are refused.
    """

    def __init__(self, fake: Fake | None = None, fallback: Hook | None = None) -> None:
        self._fake = fake
        self._fallback = fallback

    def handlers(self) -> list[tuple[str, Callable[..., Any]]]:
        """Return the events and their handlers, in the format of botocore's `BUILTIN_HANDLERS`."""
        return [
            (_FIND_HOOK, self._find_hook),
            ("request-created.ecr", self._request_created),
            ("choose-signer.ecr", self._choose_signer),
            ("before-send.ecr", self._before_send),
        ]

    def answering_fake(self) -> Fake | None:
        """Return the fake that answers now, or None if requests are to be sent to AWS.

        Raises:
            FakeECRError: the only fake that may answer is stopped.
        """
        if self._fake is None:
            return active.innermost()
        if self._fake.is_open:
            return self._fake
        if self._fallback is None:
            raise FakeECRError(
                "This client was made by FakeECR.client(), and its fake was stopped. "
                "Make the client while the fake is in use; nothing was sent to AWS."
            )
        return self._fallback.answering_fake()

    def without(self, fake: Fake) -> Hook:
        """Return the first hook of the chain of fallbacks that belongs neither to `fake` nor to a stopped fake.

        Binding an emitter again and again would otherwise build an ever longer chain. The last hook of the chain is
        returned whatever it belongs to.
        """
        if self._fake is None or self._fallback is None or (self._fake.is_open and self._fake is not fake):
            return self
        return self._fallback.without(fake)

    def respond(self, prepared: AWSPreparedRequest) -> Response | None:
        """Return a fake's response to a request that botocore is about to send, or None if it is to be sent.

        Raises:
            FakeECRError: the only fake that may answer is stopped.
        """
        fake = self.answering_fake()
        if fake is None:
            return None
        call = current_call.get() or BotocoreCall(region=None)
        call.answered = True
        return fake.answer(build_request(prepared, call.region))

    def _find_hook(self, **_: Any) -> Hook:
        return self

    def _request_created(self, request: AWSRequest, **_: Any) -> None:
        if guard.refuses(request.url or ""):
            request.context[_IS_REFUSED] = True

    def _choose_signer(self, context: Mapping[str, Any], **_: Any) -> object:
        # Signing may need credentials that are missing, or that another service of AWS gives out.
        is_unsigned = self.answering_fake() is not None or context.get(_IS_REFUSED)
        return UNSIGNED if is_unsigned else None

    def _before_send(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
        response = self.respond(request)
        if response is None:
            return None
        body = _RawBody(response.body)
        aws_response = AWSResponse(request.url, response.status, response.headers, body)  # type: ignore[arg-type]
        hide_from_moto(request)
        return aws_response


# The hook of every client that is not bound to a fake.
DEFAULT_HOOK = Hook()


def build_request(prepared: AWSPreparedRequest, region: str | None) -> Request:
    """Build a fake's request from the one that botocore is about to send.

    Args:
        prepared: the request that botocore prepared.
        region: the region of the client.
    """
    url = urlsplit(prepared.url)
    return Request(
        method=prepared.method or "",
        path=url.path,
        # A HeadersDict, whatever the stubs say.
        headers=_TextHeaders(prepared.headers),  # type: ignore[arg-type]
        body=_read_body(prepared.body),
        region=region,
        query=url.query,
    )


def hide_from_moto(prepared: AWSPreparedRequest) -> None:
    """Keep moto from answering a request that a fake has answered.

    botocore calls every handler of before-send and takes the first response, so moto's handler would run as well, and
    change moto's state. It answers only URLs that it knows.
    """
    if "moto" in sys.modules:
        prepared.url = _URL_HIDDEN_FROM_MOTO


def fake_of(emitter: BaseEventHooks) -> Fake | None:
    """Return the fake that answers the ECR calls of an emitter's clients now, or None if they go to AWS.

    Raises:
        FakeECRError: the only fake that may answer is stopped.
    """
    return _hook_of(emitter).answering_fake()


def ensure_hook(emitter: BaseEventHooks) -> None:
    """Add the default hook to an emitter that has no hook."""
    if not _hooks_of(emitter):
        _add_hook(emitter, DEFAULT_HOOK)


def bind(emitter: BaseEventHooks, fake: Fake) -> None:
    """Let a fake answer an emitter's ECR calls while it is open; afterwards they are answered as before."""
    previous = _hook_of(emitter)
    remove_hook(emitter)
    _add_hook(emitter, Hook(fake, fallback=previous.without(fake)))


def bind_exclusively(emitter: BaseEventHooks, fake: Fake) -> None:
    """Let only this fake answer an emitter's ECR calls; they are refused while it is not open."""
    remove_hook(emitter)
    _add_hook(emitter, Hook(fake))


def remove_hook(emitter: BaseEventHooks) -> None:
    """Remove the hook of an emitter, if it has one."""
    for hook in _hooks_of(emitter):
        for event, handler in hook.handlers():
            emitter.unregister(event, handler)


def _add_hook(emitter: BaseEventHooks, hook: Hook) -> None:
    for event, handler in hook.handlers():
        emitter.register(event, handler)


def _hook_of(emitter: BaseEventHooks) -> Hook:
    """Return the hook that decides for an emitter; the default one if the emitter has none yet."""
    return next(iter(_hooks_of(emitter)), DEFAULT_HOOK)


def _hooks_of(emitter: BaseEventHooks) -> list[Hook]:
    """Return the hook of an emitter in a list, which is empty for an emitter created before fakeecr was imported."""
    return [hook for _, hook in emitter.emit(_FIND_HOOK)]


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


class _RawBody(BytesIO):
    """The body of a response, with the method of urllib3's responses that botocore reads it by."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


def _read_body(body: Any) -> bytes:
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    if hasattr(body, "read"):
        return bytes(body.read())
    return bytes(body)
