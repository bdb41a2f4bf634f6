"""What is replaced in botocore while a fake is in use, because no event of a client can change it.

requests' lookup of transport adapters is replaced along with it, so that layers can be downloaded.
"""

from __future__ import annotations

import functools
import threading
import time
import weakref
from collections.abc import Callable
from contextvars import ContextVar
from types import ModuleType
from typing import Any, NamedTuple

import botocore.endpoint
import botocore.waiter
from botocore.endpoint import Endpoint
from botocore.hooks import BaseEventHooks
from botocore.retries.bucket import TokenBucket
from botocore.session import Session
from botocore.waiter import Waiter

from fakeecr.adapters import active
from fakeecr.adapters.botocore.clients import DUMMY_CREDENTIALS
from fakeecr.adapters.botocore.hook import BotocoreCall, current_call, ensure_hook, fake_of, is_current_call_answered
from fakeecr.adapters.imports import stop_waiting, when_imported
from fakeecr.adapters.requests import wrap_get_adapter
from fakeecr.forks import held_at_forks

_REQUESTS_MODULE = "requests.sessions"


class Patches:
    """The attributes that are replaced from the first :meth:`hold` to the last :meth:`release`."""

    def __init__(self) -> None:
        # Reentrant: the garbage collector may release a forgotten fake while this thread holds the lock.
        self._lock = held_at_forks(threading.RLock())
        self._holds = 0
        self._replaced: list[_ReplacedAttribute] = []
        self._hooked_emitters: weakref.WeakSet[BaseEventHooks] = weakref.WeakSet()

    def hold(self) -> None:
        """Replace the attributes, unless an earlier hold has replaced them already."""
        with self._lock:
            self._holds += 1
            if self._holds == 1:
                # Attributes that another library had replaced at the last release may be ours to restore by now.
                self._restore()
                self._replace(botocore.endpoint, "time", _TimeWithoutSleep(is_current_call_answered))
                self._replace(botocore.waiter, "time", _TimeWithoutSleep(_is_current_wait_answered))
                self._replace(Waiter, "wait", _wrap_wait(Waiter.wait))
                self._replace(TokenBucket, "acquire", _wrap_acquire(TokenBucket.acquire))
                self._replace(Session, "create_client", _wrap_create_client(Session.create_client))
                self._replace(Endpoint, "make_request", _wrap_make_request(Endpoint.make_request, self._ensure_hook))
                when_imported(_REQUESTS_MODULE, self._replace_get_adapter)

    def release(self) -> None:
        """Undo one :meth:`hold`; the last one restores the attributes."""
        with self._lock:
            self._holds -= 1
            if self._holds == 0:
                stop_waiting(_REQUESTS_MODULE)
                self._restore()

    def _replace_get_adapter(self, sessions: ModuleType) -> None:
        with self._lock:
            # Another thread may have stopped the last fake while this one was importing requests.
            if self._holds:
                self._replace(sessions.Session, "get_adapter", wrap_get_adapter(sessions.Session.get_adapter))

    def _replace(self, owner: Any, name: str, replacement: Any) -> None:
        self._replaced.append(_ReplacedAttribute(owner, name, vars(owner)[name], replacement))
        setattr(owner, name, replacement)

    def _restore(self) -> None:
        for attribute in [*self._replaced]:
            owner, name, original, replacement = attribute
            # If another library has replaced the attribute since, it is left alone; once that library has restored
            # our replacement, the next hold or release restores the original.
            if vars(owner).get(name) is replacement:
                setattr(owner, name, original)
                self._replaced.remove(attribute)

    def _ensure_hook(self, emitter: BaseEventHooks) -> None:
        """Add the default hook to an emitter that was created before fakeecr was imported."""
        if emitter not in self._hooked_emitters:
            # Two threads that make the first call of a client must not add two hooks.
            with self._lock:
                ensure_hook(emitter)
                self._hooked_emitters.add(emitter)


class _ReplacedAttribute(NamedTuple):
    owner: Any
    name: str
    original: Any
    replacement: Any


# One for the process: each fake holds it while it is in use.
PATCHES = Patches()


class _TimeWithoutSleep:
    """A stand-in for the module `time` that does not sleep between attempts that a fake answers.

    A fake's state does not change while a retry or a waiter sleeps.

    Args:
        is_answered: whether a fake answers the call or the wait in progress.
    """

    def __init__(self, is_answered: Callable[[], bool]) -> None:
        self._is_answered = is_answered

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)

    def sleep(self, seconds: float) -> None:
        if not self._is_answered():
            time.sleep(seconds)


class BotocoreWait:
    """A wait of a botocore waiter, which makes several calls.

    Attributes:
        answered: whether a fake answered the last call.
    """

    __slots__ = ("answered",)

    def __init__(self) -> None:
        self.answered = False


# None outside of waits.
_current_wait: ContextVar[BotocoreWait | None] = ContextVar("fakeecr_current_wait", default=None)


def _is_current_wait_answered() -> bool:
    wait = _current_wait.get()
    return wait is not None and wait.answered


def _wrap_wait(original: Any) -> Any:
    """Build a replacement for `Waiter.wait` that marks the wait as current while it lasts."""

    @functools.wraps(original)
    def wait(self: Waiter, **kwargs: Any) -> Any:
        token = _current_wait.set(BotocoreWait())
        try:
            return original(self, **kwargs)
        finally:
            _current_wait.reset(token)

    return wait


def _wrap_acquire(original: Any) -> Any:
    """Build a replacement for `TokenBucket.acquire` that grants tokens at once to a call that a fake answers.

    The adaptive retry mode would let the call wait, to spare a server that is not asked.
    """

    @functools.wraps(original)
    def acquire(self: TokenBucket, amount: float = 1, block: bool = True) -> Any:
        if is_current_call_answered():
            return True
        return original(self, amount, block)

    return acquire


def _wrap_create_client(original: Any) -> Any:
    """Build a replacement for `Session.create_client`.

    An ECR client that a fake answers and that would have no region or credentials gets the fake's region and dummy
    credentials.
    """

    @functools.wraps(original)
    def create_client(
        self: Session, service_name: str, region_name: str | None = None, *args: Any, **kwargs: Any
    ) -> Any:
        fake = fake_of(self.get_component("event_emitter")) if service_name == "ecr" else None
        if fake is not None:
            if region_name is None and not _has_region(self, kwargs):
                region_name = fake.region
            # With more positional arguments the credentials may be among them; boto3 passes only keywords.
            if not args and not _has_credentials(self, kwargs):
                kwargs.update(DUMMY_CREDENTIALS)
        return original(self, service_name, region_name, *args, **kwargs)

    return create_client


def _has_region(session: Session, kwargs: dict[str, Any]) -> bool:
    config = kwargs.get("config")
    default_config = session.get_default_client_config()
    return bool(
        getattr(config, "region_name", None)
        or getattr(default_config, "region_name", None)
        or session.get_config_variable("region")
    )


def _has_credentials(session: Session, kwargs: dict[str, Any]) -> bool:
    # A session keeps credentials here that it was given or has looked up. `get_credentials` would look them up, in the
    # last resort on the network.
    is_resolved = getattr(session, "_credentials", None) is not None
    return is_resolved or any(
        kwargs.get(name) is not None for name in ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    )


def _wrap_make_request(original: Any, ensure_hook: Callable[[BaseEventHooks], None]) -> Any:
    """Build a replacement for `Endpoint.make_request`.

    It marks a call to ECR as current while it lasts, and makes sure that the client has the hook.
    """

    @functools.wraps(original)
    def make_request(self: Endpoint, operation_model: Any, request_dict: Any) -> Any:
        call = None
        if operation_model.service_model.service_name == "ecr":
            call = BotocoreCall(request_dict["context"].get("client_region"))
            if active.innermost() is not None:
                ensure_hook(self._event_emitter)  # type: ignore[attr-defined]
        token = current_call.set(call)
        try:
            return original(self, operation_model, request_dict)
        finally:
            current_call.reset(token)
            wait = _current_wait.get()
            if wait is not None:
                wait.answered = call is not None and call.answered

    return make_request
