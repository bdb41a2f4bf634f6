"""What botocore does otherwise while a fake is in use, and no longer: what no event of its clients can change."""

from __future__ import annotations

import functools
import threading
import time
import weakref
from typing import Any

import botocore.endpoint
from botocore.endpoint import Endpoint
from botocore.retries.bucket import TokenBucket
from botocore.session import Session

from fakeecr.adapters import active
from fakeecr.adapters.botocore_hook import answers_this_call, ensure

# A client needs credentials to be made, though its calls are never signed.
_CREDENTIALS = {"aws_access_key_id": "fakeecr", "aws_secret_access_key": "fakeecr"}

_changing = threading.Lock()
_in_use = 0
_undo: list[tuple[Any, str, Any, Any]] = []


def begin() -> None:
    """Note that one more fake is in use; the first brings the changes."""
    global _in_use
    with _changing:
        _in_use += 1
        if _in_use == 1:
            _replace(botocore.endpoint, "time", _Time())
            _replace(TokenBucket, "acquire", _acquire(TokenBucket.acquire))
            _replace(Session, "create_client", _create_client(Session.create_client))
            _replace(Endpoint, "make_request", _make_request(Endpoint.make_request))


def end() -> None:
    """Note that a fake is no longer in use; the last takes the changes away."""
    global _in_use
    with _changing:
        _in_use -= 1
        if _in_use:
            return
        while _undo:
            owner, name, original, replacement = _undo.pop()
            # What somebody else has put there since is theirs to take away.
            if vars(owner).get(name) is replacement:
                setattr(owner, name, original)


def _replace(owner: Any, name: str, replacement: Any) -> None:
    _undo.append((owner, name, vars(owner)[name], replacement))
    setattr(owner, name, replacement)


class _Time:
    """The module `time`, in which a call that a fake answers does not sleep before its retries."""

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)

    def sleep(self, seconds: float) -> None:
        if not answers_this_call():
            time.sleep(seconds)


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
        fake = active.innermost()
        if service_name == "ecr" and fake is not None:
            if region_name is None and not _has_region(self, kwargs):
                region_name = fake.region
            # Nobody gives credentials by position; boto3 names them all.
            if not args and not _has_credentials(self, kwargs):
                kwargs.update(_CREDENTIALS)
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


_seen: weakref.WeakSet[Any] = weakref.WeakSet()


def _make_request(original: Any) -> Any:
    @functools.wraps(original)
    def make_request(self: Endpoint, operation_model: Any, request_dict: Any) -> Any:
        """Find the clients that were made before fakeecr was imported, at their first call."""
        if operation_model.service_model.service_name == "ecr" and active.innermost() is not None:
            emitter = self._event_emitter  # type: ignore[attr-defined]
            if emitter not in _seen:
                ensure(emitter)
                _seen.add(emitter)
        return original(self, operation_model, request_dict)

    return make_request
