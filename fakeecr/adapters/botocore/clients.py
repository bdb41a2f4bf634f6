"""boto3 clients: those that a fake creates, and those that a user passes to it."""

from __future__ import annotations

import functools
import os
import threading
from typing import TYPE_CHECKING, Any, cast

from fakeecr.adapters.active import Fake
from fakeecr.adapters.botocore import hook
from fakeecr.adapters.credentials import DUMMY_CREDENTIALS
from fakeecr.forks import held_at_forks

if TYPE_CHECKING:
    from botocore.hooks import BaseEventHooks
    from botocore.session import Session
    from mypy_boto3_ecr import ECRClient

# A session does not support creating clients in several threads at once.
_session_lock = held_at_forks(threading.Lock())


def make_client(fake: Fake, region_name: str | None, kwargs: dict[str, Any]) -> ECRClient:
    """Build a client that only this fake answers.

    Args:
        fake: the fake; while it is stopped, calls of the client are refused.
        region_name: the region of the client. None: that of `config`, or the fake's.
        kwargs: further arguments of `boto3.client`.
    """
    if region_name is None and getattr(kwargs.get("config"), "region_name", None) is None:
        region_name = fake.region
    with _session_lock:
        client = _session().create_client("ecr", region_name=region_name, **{**DUMMY_CREDENTIALS, **kwargs})
    hook.bind_exclusively(client.meta.events, fake)
    return cast("ECRClient", client)


@functools.cache
def _session() -> Session:
    """Return the session that creates all clients of fakes, so that the service model is read only once.

    It is botocore's: boto3 creates the same clients with it, and takes 20 ms to be imported.

    It reads no configuration files and no profile: it would keep those of the first test's environment for all later
    tests. It has no hook, because each client gets that of its fake.
    """
    from botocore.handlers import BUILTIN_HANDLERS
    from botocore.session import Session

    no_configuration = {
        "profile": (None, None, None, None),
        "config_file": (None, None, os.devnull, None),
        "credentials_file": (None, None, os.devnull, None),
    }
    session = Session(no_configuration)
    hook.remove_hook(session.get_component("event_emitter"))
    # Each client copies all handlers of its session. Without those of other services, creating a client takes three
    # quarters of the time (measured).
    for event, handler, *_ in BUILTIN_HANDLERS:
        service = event.split(".")[1:2]
        if service and service[0] not in ("ecr", "*"):
            session.unregister(event, handler)
    return session


def emitter_of(client_or_session: object) -> BaseEventHooks:
    """Return the event emitter of an ECR client, or the one that a session copies to its clients.

    The clients and sessions of aiobotocore and aioboto3 are subclasses of those of botocore and boto3.

    Raises:
        TypeError: the object is neither an ECR client nor a session.
    """
    import boto3
    from botocore.client import BaseClient
    from botocore.session import Session

    if isinstance(client_or_session, BaseClient):
        service = client_or_session.meta.service_model.service_name
        if service != "ecr":
            raise TypeError(f"FakeECR answers clients of ecr; this is one of {service}.")
        return client_or_session.meta.events
    if isinstance(client_or_session, boto3.Session):
        return client_or_session.events
    if isinstance(client_or_session, Session):
        emitter: BaseEventHooks = client_or_session.get_component("event_emitter")
        return emitter
    kind = type(client_or_session).__name__
    hint = " Enter it, and patch the client." if kind == "ClientCreatorContext" else ""  # aiobotocore's
    raise TypeError(f"patch() takes a client of ECR, a boto3 Session or a botocore Session; got {kind}.{hint}")
