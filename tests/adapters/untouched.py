"""What fakeecr changes in botocore and in the process while it is in use, and restores afterwards."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import botocore.endpoint
import botocore.waiter
from botocore.endpoint import Endpoint
from botocore.handlers import BUILTIN_HANDLERS
from botocore.httpsession import URLLib3Session
from botocore.retries.bucket import TokenBucket
from botocore.session import Session
from botocore.waiter import Waiter

import fakeecr


def process_state() -> dict[str, object]:
    """Return the current value of everything that fakeecr may change."""
    return {
        "botocore.endpoint.time": botocore.endpoint.time,
        "botocore.waiter.time": botocore.waiter.time,
        "wait": Waiter.wait,
        "create_client": Session.create_client,
        "make_request": Endpoint.make_request,
        "send": URLLib3Session.send,
        "acquire": TokenBucket.acquire,
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
