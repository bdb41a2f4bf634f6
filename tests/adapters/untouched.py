"""What fakeecr changes in botocore and in the process while it is in use, and restores afterwards."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import botocore.endpoint
import botocore.waiter
from botocore.client import BaseClient
from botocore.endpoint import Endpoint
from botocore.handlers import BUILTIN_HANDLERS
from botocore.httpsession import URLLib3Session
from botocore.retries.bucket import TokenBucket
from botocore.session import Session
from botocore.waiter import Waiter

import fakeecr
from tests.clients import HAS_AIOBOTOCORE

if HAS_AIOBOTOCORE:
    import aiobotocore.endpoint
    import aiobotocore.httpxsession
    import aiobotocore.retries.bucket
    import aiobotocore.session
    import aiobotocore.waiter
    from aiobotocore.client import AioBaseClient
    from aiobotocore.endpoint import AioEndpoint
    from aiobotocore.httpsession import AIOHTTPSession


def process_state() -> dict[str, object]:
    """Return the current value of everything that fakeecr may change."""
    return {**_state_of_botocore(), **(_state_of_aiobotocore() if HAS_AIOBOTOCORE else {})}


def _state_of_aiobotocore() -> dict[str, object]:
    return {
        "aiobotocore.endpoint.asyncio": aiobotocore.endpoint.asyncio,
        "aiobotocore.waiter.asyncio": aiobotocore.waiter.asyncio,
        "AIOWaiter.wait": aiobotocore.waiter.AIOWaiter.wait,
        "AioSession.create_client": aiobotocore.session.AioSession.create_client,
        "AioEndpoint._send_request": AioEndpoint._send_request,
        "AioBaseClient._make_api_call": AioBaseClient._make_api_call,
        "AIOHTTPSession.send": AIOHTTPSession.send,
        "HttpxSession.send": aiobotocore.httpxsession.HttpxSession.send,
        "AsyncTokenBucket.acquire": aiobotocore.retries.bucket.AsyncTokenBucket.acquire,
    }


def _state_of_botocore() -> dict[str, object]:
    return {
        "botocore.endpoint.time": botocore.endpoint.time,
        "botocore.waiter.time": botocore.waiter.time,
        "Waiter.wait": Waiter.wait,
        "Session.create_client": Session.create_client,
        "Endpoint._send_request": Endpoint._send_request,
        "BaseClient._make_api_call": BaseClient._make_api_call,
        "URLLib3Session.send": URLLib3Session.send,
        "TokenBucket.acquire": TokenBucket.acquire,
        "fakeecr's handlers": [entry for entry in BUILTIN_HANDLERS if ".ecr" in entry[0]],
        "meta_path": list(sys.meta_path),
        "active": fakeecr.is_active(),
    }


@contextmanager
def everything_is_as_before() -> Iterator[None]:
    """Check that the enclosed code leaves the state of the process as it was."""
    before = process_state()
    yield
    after = process_state()
    assert after == before, [(k, before[k], after[k]) for k in before if before[k] != after[k]]
