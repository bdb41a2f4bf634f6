"""What the guard does: it finds calls to ECR that no fake answers, before botocore or aiobotocore sends them to AWS.

It is cheap to import, and imports neither of them: a test run that never calls AWS is not slowed down.
"""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from contextvars import ContextVar
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

from fakeecr.adapters import contexts
from fakeecr.adapters.imports import stop_waiting, when_imported
from fakeecr.errors import UnfakedCallError, UnfakedCallWarning, caller, warn_caller
from fakeecr.forks import held_at_forks

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest

Action = Literal["warn", "error", "off"]

# The modules that send, and the class of each whose method `send` does it.
_SENDERS = {
    "botocore.httpsession": "URLLib3Session",
    "aiobotocore.httpsession": "AIOHTTPSession",
    "aiobotocore.httpxsession": "HttpxSession",
}
_TARGET_PREFIX = "AmazonEC2ContainerRegistry_V"
_REMEDY = (
    "Use the fixture `fake_ecr`, `with FakeECR():` or `@FakeECR()` around it. "
    "Mark a test that is meant to call AWS with `fakeecr_real`."
)


class Guarding:
    """A guard from its begin to its end.

    Attributes:
        action: what happens to a call.
        call_sites: where calls came from that it has warned about: file, line and operation.
    """

    def __init__(self, action: Action) -> None:
        self.action = action
        self.call_sites: set[tuple[str, int, str]] = set()


_lock = held_at_forks(threading.RLock())
# The innermost last. Replaced, never changed in place.
_of_process: tuple[Guarding, ...] = ()
# The guards of a context of its own, such as that of a decorated coroutine; None outside of such a context.
_of_context: ContextVar[tuple[Guarding, ...] | None] = ContextVar("fakeecr_guards_of_context", default=None)
# How many guards there are that do something.
_count = 0
# By the name of its module, each method that is replaced: as it was, and what replaces it.
_replaced: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {}


def own_context() -> AbstractContextManager[None]:
    """Let the guards that begin in this context hold only in it."""
    return contexts.own_context(_of_context)


def begin(action: Action) -> Guarding:
    """Begin to guard: the action decides about calls that no fake answers, before earlier guards do."""
    global _of_process, _count
    guarding = Guarding(action)
    own = _of_context.get()
    with _lock:
        _count += action != "off"
        if own is None:
            _of_process = (*_of_process, guarding)
        else:
            _of_context.set((*own, guarding))
    if action != "off":
        for module in _SENDERS:
            when_imported(module, _replace_send)
    return guarding


def end(guarding: Guarding) -> None:
    """End a guard; the last one leaves botocore and aiobotocore as they were."""
    global _of_process, _count
    own = _of_context.get()
    with _lock:
        _count -= guarding.action != "off"
        _of_process = tuple([other for other in _of_process if other is not guarding])
        if own is not None:
            _of_context.set(tuple([other for other in own if other is not guarding]))
        if not _count:
            for module in _SENDERS:
                stop_waiting(module)
            _restore_sends()


def _current() -> Guarding | None:
    guards = _of_context.get() or _of_process
    return guards[-1] if guards else None


def refuses(url: str) -> bool:
    """Whether a call to ECR at this URL will be refused, so that it need not be signed."""
    guarding = _current()
    return guarding is not None and guarding.action == "error" and _is_aws(url)


def _replace_send(module: ModuleType) -> None:
    """Let a library's own sending check its requests: it sends only what nothing before has answered, not even moto."""
    session = getattr(module, _SENDERS[module.__name__])
    with _lock:
        # If another library has replaced it already, it decides what is sent. Our replacement is not its own either.
        if _count and session.send.__module__ == module.__name__:
            original = session.send
            session.send = _wrap_send(original)
            _replaced[module.__name__] = original, session.send


def _restore_sends() -> None:
    for module, (original, replacement) in _replaced.items():
        session = getattr(sys.modules[module], _SENDERS[module])
        # If another library has replaced it since, our replacement stays inside of that, and does nothing.
        if session.send is replacement:
            session.send = original
    _replaced.clear()


def _wrap_send(original: Callable[..., Any]) -> Callable[..., Any]:
    """Build a replacement for the method `send`; where that is a coroutine, it checks before there is one."""

    @functools.wraps(original)
    def send(self: Any, request: AWSPreparedRequest) -> Any:
        guarding = _current()
        if guarding is not None and guarding.action != "off":
            _check(request, guarding, original.__module__)
        return original(self, request)

    # Otherwise it would look like the library's own.
    send.__module__ = __name__
    return send


def _check(request: AWSPreparedRequest, guarding: Guarding, sender: str) -> None:
    """Warn about a request to ECR in AWS, once for each place that calls, or refuse it.

    Args:
        request: the request.
        guarding: the guard that decides.
        sender: the module that would send it.

    Raises:
        UnfakedCallError: it is refused.
    """
    target: Any = request.headers.get("X-Amz-Target", "")
    target = target.decode("latin-1") if isinstance(target, bytes) else target
    if not target.startswith(_TARGET_PREFIX) or not _is_aws(request.url) or _is_connection_replaced(sender):
        return
    operation, host = target.rpartition(".")[2], _host_of(request.url)
    if guarding.action == "error":
        raise UnfakedCallError(
            f"{operation} was called while no fake was active, and was not sent to AWS ({host}). {_REMEDY}"
        )
    frame = caller()
    call_site = (frame.f_code.co_filename, frame.f_lineno, operation)
    if call_site not in guarding.call_sites:
        warn_caller(
            f"{operation} is called while no fake is active, and is sent to AWS ({host}) with the credentials of this "
            f"machine. {_REMEDY}",
            UnfakedCallWarning,
        )
        # Only now: a warning that is an error stops every call.
        guarding.call_sites.add(call_site)


def _is_connection_replaced(sender: str) -> bool:
    """Whether a library such as VCR.py or aioresponses has replaced the connections of a sender, and sends nothing."""
    if sender == "botocore.httpsession":
        from botocore import awsrequest

        return awsrequest.AWSHTTPSConnection.__module__ != awsrequest.__name__
    if sender == "aiobotocore.httpsession":
        from aiohttp import client

        # Such libraries copy the name of the module that they replace, but not its globals.
        return getattr(client.ClientSession._request, "__globals__", None) is not vars(client)
    return False


def _is_aws(url: str) -> bool:
    """Whether a URL's host is AWS's own, and not that of another fake or of a proxy."""
    host = _host_of(url)
    return any(host == suffix or host.endswith(f".{suffix}") for suffix in _aws_suffixes())


def _host_of(url: str) -> str:
    from urllib.parse import urlsplit  # botocore has imported it by now

    return (urlsplit(url).hostname or "").rstrip(".")


@functools.cache
def _aws_suffixes() -> tuple[str, ...]:
    """Return what the names of AWS's hosts end with, in all partitions that botocore knows."""
    from botocore.loaders import Loader

    partitions = Loader().load_data("partitions")["partitions"]
    outputs = [partition["outputs"] for partition in partitions]
    return tuple({output[name] for output in outputs for name in ("dnsSuffix", "dualStackDnsSuffix")})
