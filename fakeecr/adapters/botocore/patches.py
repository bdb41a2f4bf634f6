"""What is replaced in botocore while a fake is in use, because no event of a client can change it.

aiobotocore's counterparts are replaced along with it, and requests' lookup of transport adapters, so that layers can be
downloaded.
"""

from __future__ import annotations

import functools
import threading
import time
import weakref
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

import botocore.endpoint
import botocore.waiter
from botocore.client import BaseClient
from botocore.endpoint import Endpoint
from botocore.hooks import BaseEventHooks
from botocore.retries.bucket import TokenBucket
from botocore.session import Session
from botocore.waiter import Waiter

from fakeecr.adapters import active
from fakeecr.adapters.botocore.calls import (
    BotocoreCall,
    BotocoreWait,
    NotedCall,
    is_current_call_answered,
    is_current_wait_answered,
)
from fakeecr.adapters.botocore.hook import ensure_hook, fake_of
from fakeecr.adapters.credentials import DUMMY_CREDENTIALS
from fakeecr.adapters.imports import stop_waiting, when_imported
from fakeecr.adapters.requests import wrap_get_adapter
from fakeecr.forks import held_at_forks

# Builds what replaces an attribute from what it is.
Wrap = Callable[[Any], Any]


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
                self._replace(botocore.endpoint, "time", _without_sleep(is_current_call_answered))
                self._replace(botocore.waiter, "time", _without_sleep(is_current_wait_answered))
                self._replace(Waiter, "wait", _wrap_wait)
                self._replace(TokenBucket, "acquire", _wrap_acquire)
                self._replace(Session, "create_client", wrap_create_client)
                self._replace(Endpoint, "_send_request", _wrap_send_request)
                self._replace(BaseClient, "_make_api_call", _wrap_make_api_call)
                for name, replace in self._when_imported().items():
                    when_imported(name, replace)

    def release(self) -> None:
        """Undo one :meth:`hold`; the last one restores the attributes."""
        with self._lock:
            self._holds -= 1
            if self._holds == 0:
                for name in self._when_imported():
                    stop_waiting(name)
                self._restore()

    def ensure_hook(self, emitter: BaseEventHooks) -> None:
        """Add the default hook to an emitter that was created before fakeecr was imported."""
        if emitter not in self._hooked_emitters:
            # Two threads that make the first call of a client must not add two hooks.
            with self._lock:
                ensure_hook(emitter)
                self._hooked_emitters.add(emitter)

    def _when_imported(self) -> dict[str, Callable[[ModuleType], None]]:
        """Return the modules that botocore does not need, and what replaces attributes of each once it is imported."""
        return {
            "requests.sessions": self._replace_in_requests,
            # It imports every other module that something is replaced in.
            "aiobotocore.session": self._replace_in_aiobotocore,
        }

    def _replace_in_requests(self, sessions: ModuleType) -> None:
        with self._lock:
            # Another thread may have stopped the last fake while this one was importing requests.
            if self._holds:
                self._replace(sessions.Session, "get_adapter", wrap_get_adapter)

    def _replace_in_aiobotocore(self, _: ModuleType) -> None:
        from fakeecr.adapters import aiobotocore

        with self._lock:
            if self._holds:
                for owner, name, wrap in aiobotocore.replacements():
                    self._replace(owner, name, wrap)

    def _replace(self, owner: Any, name: str, wrap: Wrap) -> None:
        original = vars(owner)[name]
        replacement = wrap(_as_function(original) if isinstance(owner, type) else original)
        self._replaced.append(_ReplacedAttribute(owner, name, original, replacement))
        setattr(owner, name, replacement)

    def _restore(self) -> None:
        for attribute in [*self._replaced]:
            owner, name, original, replacement = attribute
            # If another library has replaced the attribute since, it is left alone; once that library has restored
            # our replacement, the next hold or release restores the original.
            if vars(owner).get(name) is replacement:
                setattr(owner, name, original)
                self._replaced.remove(attribute)


class _ReplacedAttribute(NamedTuple):
    owner: Any
    name: str
    original: Any
    replacement: Any


# One for the process: each fake holds it while it is in use.
PATCHES = Patches()


def _as_function(method: Any) -> Any:
    """Return a function whose first argument is the object that has a method, whatever kind of method it is.

    Another library may have put something else there: a mock is called without that object, and a proxy has to be bound
    to it.
    """
    if isinstance(method, FunctionType):
        return method

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        bind = getattr(type(method), "__get__", None)
        return (method if bind is None else bind(method, self, type(self)))(*args, **kwargs)

    return call


class StandIn:
    """A module with another function `sleep`.

    Args:
        module: the module.
        sleep: the function.
    """

    def __init__(self, module: ModuleType, sleep: Callable[[float], Any]) -> None:
        self._module = module
        self.sleep = sleep

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


def _without_sleep(is_answered: Callable[[], bool]) -> Wrap:
    """Build a stand-in for the module `time` that does not sleep between attempts that a fake answers.

    A fake's state does not change while a retry or a waiter sleeps.

    Args:
        is_answered: whether a fake answers the call or the wait in progress.
    """

    def sleep(seconds: float) -> None:
        if not is_answered():
            time.sleep(seconds)

    return lambda module: StandIn(module, sleep)


def _wrap_wait(original: Any) -> Any:
    """Build a replacement for `Waiter.wait` that marks the wait as current while it lasts."""

    @functools.wraps(original)
    def wait(self: Waiter, **kwargs: Any) -> Any:
        with BotocoreWait():
            return original(self, **kwargs)

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


def wrap_create_client(original: Any) -> Any:
    """Build a replacement for `Session.create_client`, or for aiobotocore's method of that name.

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


def _wrap_send_request(original: Any) -> Any:
    """Build a replacement for `Endpoint._send_request` that marks a call as current while it lasts."""

    @functools.wraps(original)
    def send_request(self: Endpoint, request_dict: Any, operation_model: Any) -> Any:
        prepare_client(self, operation_model)
        with BotocoreCall(request_dict["context"]):
            return original(self, request_dict, operation_model)

    return send_request


def _wrap_make_api_call(original: Any) -> Any:
    """Build a replacement for `BaseClient._make_api_call` that adds a fake's notes to the exception of a call."""

    @functools.wraps(original)
    def make_api_call(self: BaseClient, operation_name: str, api_params: Any) -> Any:
        __tracebackhide__ = True
        with NotedCall():
            return original(self, operation_name, api_params)

    return make_api_call


def prepare_client(endpoint: Endpoint, operation_model: Any) -> None:
    """Make sure that a client of ECR has the hook before it makes a call."""
    if operation_model.service_model.service_name == "ecr" and active.innermost() is not None:
        PATCHES.ensure_hook(endpoint._event_emitter)  # type: ignore[attr-defined]
