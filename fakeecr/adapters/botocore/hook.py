"""The event handlers that answer the ECR calls of botocore, and of aiobotocore, which calls the same handlers.

Every client created after ``import fakeecr`` has handlers of three of ECR's events: ``request-created`` asks the guard,
``choose-signer`` leaves the request unsigned, and ``before-send`` answers it before anything is sent. While no fake is
active and nothing is guarded, they change nothing and botocore proceeds as usual.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from botocore import UNSIGNED, exceptions
from botocore.awsrequest import AWSPreparedRequest, AWSRequest
from botocore.hooks import BaseEventHooks

from fakeecr.adapters import active
from fakeecr.adapters.active import Fake
from fakeecr.adapters.botocore import guard
from fakeecr.adapters.botocore.calls import BotocoreCall, current_call, keep_notes
from fakeecr.errors import FakeECRError
from fakeecr.http import NetworkError, Request

# No host can have this name: `.invalid` is reserved.
_URL_HIDDEN_FROM_MOTO = "https://answered.fakeecr.invalid/"

# The key of a request's context that says that a guard will refuse the request.
_IS_REFUSED = "fakeecr_is_refused"

_BEFORE_SEND = "before-send.ecr"


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
            ("request-created.ecr", self._request_created),
            ("choose-signer.ecr", self._choose_signer),
            (_BEFORE_SEND, self._before_send),
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

    def _request_created(self, request: AWSRequest, **_: Any) -> None:
        if guard.refuses(request.url or ""):
            request.context[_IS_REFUSED] = True

    def _choose_signer(self, context: Mapping[str, Any], **_: Any) -> object:
        # Signing may need credentials that are missing, or that another service of AWS gives out.
        is_unsigned = self.answering_fake() is not None or context.get(_IS_REFUSED)
        return UNSIGNED if is_unsigned else None

    def _before_send(self, request: AWSPreparedRequest, **_: Any) -> Any:
        fake = self.answering_fake()
        if fake is None:
            return None
        call = current_call()
        call.answered = True
        url = request.url
        try:
            response = fake.answer(build_request(request, call))
        except NetworkError as error:
            raise _network_error(error, url) from None
        keep_notes(response.notes)
        hide_from_moto(request)
        return call.pass_on(response, url)


# The hook of every client that is not bound to a fake.
DEFAULT_HOOK = Hook()


def build_request(prepared: AWSPreparedRequest, call: BotocoreCall) -> Request:
    """Build a fake's request from the one that botocore is about to send.

    Args:
        prepared: the request that botocore prepared.
        call: the call that it is an attempt of.
    """
    url = urlsplit(prepared.url)
    return Request(
        method=prepared.method or "",
        path=url.path,
        # A HeadersDict, whatever the stubs say.
        headers=_TextHeaders(prepared.headers),  # type: ignore[arg-type]
        body=_read_body(prepared.body),
        region=call.region,
        query=url.query,
        read_timeout=call.read_timeout,
    )


def _network_error(error: NetworkError, url: str) -> exceptions.BotoCoreError:
    """Return the exception that botocore raises for an error of the network."""
    made: exceptions.BotoCoreError = getattr(exceptions, error.name)(endpoint_url=url, error=error)
    return made


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
    return (_hook_of(emitter) or DEFAULT_HOOK).answering_fake()


def ensure_hook(emitter: BaseEventHooks) -> None:
    """Add the default hook to an emitter that has no hook."""
    if _hook_of(emitter) is None:
        _add_hook(emitter, DEFAULT_HOOK)


def bind(emitter: BaseEventHooks, fake: Fake) -> None:
    """Let a fake answer an emitter's ECR calls while it is open; afterwards they are answered as before."""
    previous = _hook_of(emitter) or DEFAULT_HOOK
    remove_hook(emitter)
    _add_hook(emitter, Hook(fake, fallback=previous.without(fake)))


def bind_exclusively(emitter: BaseEventHooks, fake: Fake) -> None:
    """Let only this fake answer an emitter's ECR calls; they are refused while it is not open."""
    remove_hook(emitter)
    _add_hook(emitter, Hook(fake))


def remove_hook(emitter: BaseEventHooks) -> None:
    """Remove the hook of an emitter, if it has one."""
    hook = _hook_of(emitter)
    if hook is not None:
        for event, handler in hook.handlers():
            emitter.unregister(event, handler)


def _add_hook(emitter: BaseEventHooks, hook: Hook) -> None:
    for event, handler in hook.handlers():
        emitter.register(event, handler)


def _hook_of(emitter: Any) -> Hook | None:
    """Return the hook of an emitter; None for an emitter created before fakeecr was imported."""
    # botocore has no method that lists handlers. An event whose handler returns the hook would have to be awaited in
    # aiobotocore, together with handlers that the user registered for all events.
    handlers = getattr(emitter, "_emitter", emitter)._handlers.prefix_search(_BEFORE_SEND)
    owners = [getattr(handler, "__self__", None) for handler in handlers]
    return next((owner for owner in owners if isinstance(owner, Hook)), None)


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
