"""What the guard does: it finds calls to ECR that no fake answers, before botocore sends them to AWS.

It is cheap to import, and does not import botocore: pytest's runs that never call AWS are not slowed down.
"""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

from fakeecr.adapters.imports import stop_waiting, when_imported
from fakeecr.errors import UnfakedCallError, UnfakedCallWarning, caller, warn_caller
from fakeecr.forks import held_at_forks

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest

Action = Literal["warn", "error", "off"]

_ENDPOINT_MODULE = "botocore.endpoint"
_TARGET_PREFIX = "AmazonEC2ContainerRegistry_V"
_REMEDY = (
    "Use the fixture `fake_ecr`, `with FakeECR():` or `@FakeECR()` around it. "
    "Mark a test that is meant to call AWS with `fakeecr_real`."
)

_lock = held_at_forks(threading.Lock())
# The innermost last; the actions may be equal.
_actions: list[Action] = []
_call_sites: set[tuple[str, int]] = set()
_original: Callable[..., Any] | None = None


def push(action: Action) -> None:
    """Let an action decide about the calls that no fake answers, before those that were pushed earlier."""
    with _lock:
        _actions.append(action)
    when_imported(_ENDPOINT_MODULE, _replace_send)


def remove(action: Action) -> None:
    """Remove the innermost push of an action; the last one leaves botocore as it was."""
    with _lock:
        _actions.reverse()
        _actions.remove(action)
        _actions.reverse()
        if not _actions:
            stop_waiting(_ENDPOINT_MODULE)
            _restore_send()


def _replace_send(endpoint: ModuleType) -> None:
    """Let `Endpoint._send` check requests; it is called only if no handler of before-send answers, not even moto's."""
    global _original
    with _lock:
        if _original is None and _actions:
            _original = endpoint.Endpoint._send
            endpoint.Endpoint._send = _wrap_send(_original)


def _restore_send() -> None:
    global _original
    endpoint = sys.modules.get(_ENDPOINT_MODULE)
    # If another library has replaced it since, the wrapper stays, and does nothing.
    if _original is not None and endpoint is not None and hasattr(endpoint.Endpoint._send, "_fakeecr_guard"):
        endpoint.Endpoint._send = _original
        _original = None


def _wrap_send(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def send(self: Any, request: AWSPreparedRequest) -> Any:
        if _actions:
            _check(request, _actions[-1])
        return original(self, request)

    send._fakeecr_guard = True  # type: ignore[attr-defined]
    return send


def _check(request: AWSPreparedRequest, action: Action) -> None:
    """Warn about a request to ECR in AWS, once for each place that calls, or refuse it.

    Raises:
        UnfakedCallError: it is refused.
    """
    from urllib.parse import urlsplit  # botocore has imported it by now

    target: Any = request.headers.get("X-Amz-Target", "")
    target = target.decode("latin-1") if isinstance(target, bytes) else target
    host = urlsplit(request.url).hostname or ""
    if action == "off" or not target.startswith(_TARGET_PREFIX) or not _is_aws(host):
        return
    operation = target.rpartition(".")[2]
    if action == "error":
        raise UnfakedCallError(
            f"{operation} was called while no fake was active, and was not sent to AWS ({host}). {_REMEDY}"
        )
    frame = caller()
    call_site = (frame.f_code.co_filename, frame.f_lineno)
    if call_site not in _call_sites:
        warn_caller(
            f"{operation} is called while no fake is active, and is sent to AWS ({host}) with the credentials of this "
            f"machine. {_REMEDY}",
            UnfakedCallWarning,
        )
        # Only now: a warning that is an error stops every call.
        _call_sites.add(call_site)


def _is_aws(host: str) -> bool:
    """Whether a host is AWS's own, and not that of another fake or of a proxy."""
    return any(host == suffix or host.endswith(f".{suffix}") for suffix in _aws_suffixes())


@functools.cache
def _aws_suffixes() -> tuple[str, ...]:
    """Return what the names of AWS's hosts end with, in all partitions that botocore knows."""
    from botocore.loaders import Loader

    partitions = Loader().load_data("partitions")["partitions"]
    outputs = [partition["outputs"] for partition in partitions]
    return tuple({output[name] for output in outputs for name in ("dnsSuffix", "dualStackDnsSuffix")})
