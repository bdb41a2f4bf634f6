"""What botocore does otherwise while a fake is in use, and no longer: what no event of its clients can change.

And requests, which then reads the URLs of layers.
"""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from types import ModuleType
from typing import Any

import botocore.endpoint
import botocore.waiter
from botocore.endpoint import Endpoint
from botocore.retries.bucket import TokenBucket
from botocore.session import Session
from botocore.waiter import Waiter

from fakeecr.adapters import active
from fakeecr.adapters.botocore_clients import CREDENTIALS
from fakeecr.adapters.botocore_hook import Call, answering, answers_this_call, ensure, this_call
from fakeecr.adapters.imports import wait_no_longer, when_imported
from fakeecr.adapters.layer_urls import get_adapter

# Reentrant, because the garbage collector may end a forgotten fake in the midst of anything, also of this.
_changing = threading.RLock()
_in_use = 0
_REQUESTS = "requests.sessions"
_changes: list[tuple[Any, str, Any, Any]] = []


def begin() -> None:
    """Note that one more fake is in use; the first brings the changes."""
    global _in_use
    with _changing:
        _in_use += 1
        if _in_use == 1:
            _take_back()
            _replace(botocore.endpoint, "time", _Time(answers_this_call))
            _replace(botocore.waiter, "time", _Time(_answers_this_wait))
            _replace(Waiter, "wait", _wait(Waiter.wait))
            _replace(TokenBucket, "acquire", _acquire(TokenBucket.acquire))
            _replace(Session, "create_client", _create_client(Session.create_client))
            _replace(Endpoint, "make_request", _make_request(Endpoint.make_request))
            when_imported(_REQUESTS, _teach_requests)


def end() -> None:
    """Note that a fake is no longer in use; the last takes the changes away."""
    global _in_use
    with _changing:
        _in_use -= 1
        if _in_use == 0:
            wait_no_longer(_REQUESTS)
            _take_back()


def _teach_requests(sessions: ModuleType) -> None:
    with _changing:
        # Another thread may have ended the last fake while this one imported requests.
        if _in_use:
            _replace(sessions.Session, "get_adapter", get_adapter(sessions.Session.get_adapter))


def _replace(owner: Any, name: str, replacement: Any) -> None:
    _changes.append((owner, name, vars(owner)[name], replacement))
    setattr(owner, name, replacement)


def _take_back() -> None:
    for change in [*_changes]:
        owner, name, original, replacement = change
        # What another has put over it since is the other's to take away; if ours comes to light, its time comes later.
        if vars(owner).get(name) is replacement:
            setattr(owner, name, original)
            _changes.remove(change)


class _Time:
    """The module `time`, in which nothing sleeps for what a fake answers: no retry of a call, and no waiter."""

    def __init__(self, is_answered: Callable[[], bool]) -> None:
        self._is_answered = is_answered

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)

    def sleep(self, seconds: float) -> None:
        if not self._is_answered():
            time.sleep(seconds)


class _Wait:
    """A wait of botocore's, over several calls.

    Attributes:
        answered: whether a fake answered its last call.
    """

    __slots__ = ("answered",)

    def __init__(self) -> None:
        self.answered = False


# The wait in which calls are being made here; None outside of any.
_this_wait: ContextVar[_Wait | None] = ContextVar("fakeecr_this_wait", default=None)


def _answers_this_wait() -> bool:
    wait = _this_wait.get()
    return wait is not None and wait.answered


def _wait(original: Any) -> Any:
    @functools.wraps(original)
    def wait(self: Waiter, **kwargs: Any) -> Any:
        """Know a wait while it lasts: what a fake answers does not change by waiting."""
        before = _this_wait.set(_Wait())
        try:
            return original(self, **kwargs)
        finally:
            _this_wait.reset(before)

    return wait


def _acquire(original: Any) -> Any:
    @functools.wraps(original)
    def acquire(self: TokenBucket, amount: float = 1, block: bool = True) -> Any:
        """Let a call that a fake answers through at once, whatever the adaptive mode's rate."""
        if answers_this_call():
            return True
        return original(self, amount, block)

    return acquire


def _create_client(original: Any) -> Any:
    @functools.wraps(original)
    def create_client(
        self: Session, service_name: str, region_name: str | None = None, *args: Any, **kwargs: Any
    ) -> Any:
        """Make an ECR client without asking the machine for a region or for credentials it does not need."""
        fake = answering(self.get_component("event_emitter")) if service_name == "ecr" else None
        if fake is not None:
            if region_name is None and not _has_region(self, kwargs):
                region_name = fake.region
            # Nobody gives credentials by position; boto3 names them all.
            if not args and not _has_credentials(self, kwargs):
                kwargs.update(CREDENTIALS)
        return original(self, service_name, region_name, *args, **kwargs)

    return create_client


def _has_region(session: Session, kwargs: dict[str, Any]) -> bool:
    config = kwargs.get("config")
    default = session.get_default_client_config()
    return bool(
        getattr(config, "region_name", None)
        or getattr(default, "region_name", None)
        or session.get_config_variable("region")
    )


def _has_credentials(session: Session, kwargs: dict[str, Any]) -> bool:
    # A session that was given credentials, or has looked them up already, keeps them here; to ask it would
    # make it look, in the last resort on the network.
    known = getattr(session, "_credentials", None) is not None
    return known or any(
        kwargs.get(name) is not None for name in ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    )


def _make_request(original: Any) -> Any:
    @functools.wraps(original)
    def make_request(self: Endpoint, operation_model: Any, request_dict: Any) -> Any:
        """Know a call of ECR while it lasts, and give clients the hook that were made before fakeecr was imported."""
        call = None
        if operation_model.service_model.service_name == "ecr":
            call = Call(request_dict["context"].get("client_region"))
            if active.innermost() is not None:
                ensure(self._event_emitter)  # type: ignore[attr-defined]
        before = this_call.set(call)
        try:
            return original(self, operation_model, request_dict)
        finally:
            this_call.reset(before)
            wait = _this_wait.get()
            if wait is not None:
                wait.answered = call is not None and call.answered

    return make_request
