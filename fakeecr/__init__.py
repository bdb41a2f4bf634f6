"""Amazon ECR inside your tests: boto3's clients are answered in this process, from a SQL database.

    with fakeecr.FakeECR() as ecr:
        ecr.push("web", "latest")
        boto3.client("ecr").list_images(repositoryName="web")

Importing this package is cheap. It puts an inactive hook into botocore, so that clients made from now on can be
answered later, and loads the rest with the first fake.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakeecr._version import __version__
from fakeecr.adapters import active as _active
from fakeecr.adapters.botocore.install import install as _install
from fakeecr.errors import (
    DatabaseError,
    DisputedPolicyWarning,
    EventHandlerWarning,
    ExposedServerWarning,
    FakeECRError,
    PublishedLimitWarning,
    SeedError,
    ServerError,
    UnfakedCallError,
    UnfakedCallWarning,
    UnstoppedFakeWarning,
)
from fakeecr.guards import guard

if TYPE_CHECKING:
    from fakeecr.adapters.server.server import Server
    from fakeecr.arranging import PushedImage
    from fakeecr.events import EmittedEvents, Subscription
    from fakeecr.fake import FakeECR
    from fakeecr.faults import Fault
    from fakeecr.journal import RecordedCall, RecordedCalls
    from fakeecr.store.snapshots import Snapshot

__all__ = [
    "DatabaseError",
    "DisputedPolicyWarning",
    "EmittedEvents",
    "EventHandlerWarning",
    "ExposedServerWarning",
    "FakeECR",
    "FakeECRError",
    "Fault",
    "PublishedLimitWarning",
    "PushedImage",
    "RecordedCall",
    "RecordedCalls",
    "SeedError",
    "Server",
    "ServerError",
    "Snapshot",
    "Subscription",
    "UnfakedCallError",
    "UnfakedCallWarning",
    "UnstoppedFakeWarning",
    "__version__",
    "current",
    "guard",
    "is_active",
]

# Where the names are that are loaded when they are first used.
_LOADED_LATER = {
    "EmittedEvents": "fakeecr.events",
    "FakeECR": "fakeecr.fake",
    "Fault": "fakeecr.faults",
    "PushedImage": "fakeecr.arranging",
    "RecordedCall": "fakeecr.journal",
    "RecordedCalls": "fakeecr.journal",
    "Server": "fakeecr.adapters.server.server",
    "Snapshot": "fakeecr.store.snapshots",
    "Subscription": "fakeecr.events",
}


def is_active() -> bool:
    """Whether a fake answers the ECR calls of this process now."""
    return _active.innermost() is not None


def current() -> FakeECR:
    """Return the fake that answers now: the innermost of the active ones.

    Raises:
        RuntimeError: none is active.
    """
    fake = _active.innermost()
    if fake is None:
        raise RuntimeError("No FakeECR is active.")
    return fake  # type: ignore[return-value]


if not TYPE_CHECKING:  # a type checker would take any name for one that exists

    def __getattr__(name: str) -> object:
        if name in _LOADED_LATER:
            from importlib import import_module

            globals()[name] = getattr(import_module(_LOADED_LATER[name]), name)
            return globals()[name]
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LOADED_LATER})


_install()
