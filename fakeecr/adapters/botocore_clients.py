"""Clients of boto3: those that a fake makes for itself, and those that a user hands to it."""

from __future__ import annotations

import functools
import os
import threading
from typing import TYPE_CHECKING, Any

from fakeecr.adapters import botocore_hook
from fakeecr.adapters.active import Answering

if TYPE_CHECKING:
    import boto3
    from botocore.hooks import BaseEventHooks
    from mypy_boto3_ecr import ECRClient

# A client needs credentials to be made, though its calls are never signed.
CREDENTIALS = {"aws_access_key_id": "fakeecr", "aws_secret_access_key": "fakeecr"}

_making = threading.Lock()


def make_client(fake: Answering, region_name: str | None, kwargs: dict[str, Any]) -> ECRClient:
    """Make a client that one fake alone answers."""
    if region_name is None and getattr(kwargs.get("config"), "region_name", None) is None:
        region_name = fake.region
    with _making:
        client = _session().client("ecr", region_name=region_name, **{**CREDENTIALS, **kwargs})
    botocore_hook.devote(client.meta.events, fake)
    return client


@functools.cache
def _session() -> boto3.Session:
    """Give the session of all clients that fakes make: the service model is read once.

    It reads no configuration file and knows no profile, because it would keep what the first test's environment
    named for all the tests that follow. It has no hook of its own: each client is given that of its fake.
    """
    import boto3
    from botocore.handlers import BUILTIN_HANDLERS
    from botocore.session import Session

    nowhere = {
        "profile": (None, None, None, None),
        "config_file": (None, None, os.devnull, None),
        "credentials_file": (None, None, os.devnull, None),
    }
    session = boto3.Session(botocore_session=Session(nowhere))
    botocore_hook.remove(session.events)
    # Each client copies every handler of its session; without those that are about other services it is made in
    # three quarters of the time (measured).
    for event, handler, *_ in BUILTIN_HANDLERS:
        about = event.split(".")[1:2]
        if about and about[0] not in ("ecr", "*"):
            session.events.unregister(event, handler)
    return session


def emitter_of(client_or_session: object) -> BaseEventHooks:
    """Find the events of an ECR client, or those that a session gives to its clients.

    Raises:
        TypeError: it is neither.
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
    raise TypeError(
        f"patch() takes a client of ECR, a boto3 Session or a botocore Session; got {type(client_or_session).__name__}."
    )
