"""`FakeECR` and the module `fakeecr`: arguments, states, and errors."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any, assert_type

import pytest
from sqlalchemy.engine import URL, make_url

import fakeecr
from fakeecr import FakeECR, Snapshot

# --- Arguments -----------------------------------------------------------------------------------

FakeECR()
FakeECR(None)
FakeECR("state.db")
FakeECR(Path("state.db"))
FakeECR(database="postgresql+psycopg:///ecr")
FakeECR(make_url("sqlite:///state.db"))
FakeECR(account_id="012345678910", region="us-west-2", limits="installed", require_layers=True, expire_daily=True)
FakeECR(limits="published", lock_timeout=1)


FakeECR(FakeECR().snapshot())


def makes_a_fake(database: str | os.PathLike[str] | URL | Snapshot | None) -> FakeECR:
    return FakeECR(database, lock_timeout=0.5)


FakeECR("state.db", "012345678910")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
FakeECR(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
FakeECR(account_id=123456789012)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
FakeECR(limits="other")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
FakeECR(require_layers="yes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
FakeECR(region_name="us-west-2")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]

# --- Which fake is active ------------------------------------------------------------------------

assert_type(fakeecr.current(), FakeECR)
assert_type(fakeecr.is_active(), bool)


def returns_inside_of_a_fake() -> str:
    with FakeECR() as ecr, fakeecr.guard():  # neither suppresses errors, so this function always returns
        assert_type(ecr, FakeECR)
        return ecr.push("web").digest


class FakeOfATeam(FakeECR):
    """A subclass starts as itself."""


with ExitStack() as stack:
    assert_type(stack.enter_context(FakeECR()), FakeECR)
with FakeOfATeam() as fake_of_a_team:
    assert_type(fake_of_a_team, FakeOfATeam)
assert_type(FakeOfATeam().start(), FakeOfATeam)

# --- State ---------------------------------------------------------------------------------------

ecr = FakeECR().start()
assert_type(ecr, FakeECR)
assert_type(ecr.account_id, str)
assert_type(ecr.region, str)
assert_type(ecr.is_open, bool)
ecr.region = "eu-west-1"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]

ecr.seed("registries.yaml")
ecr.seed(Path("registries.yaml"))
ecr.seed({"registries": [{"repositories": [{"name": "web", "images": ({"count": n} for n in range(3))}]}]})
ecr.seed(["registries.yaml"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

assert_type(ecr.dump(), dict[str, Any])
assert_type(ecr.dump("dump.yaml"), dict[str, Any])
FakeECR().seed(ecr.dump(Path("dump.yaml")))

ecr.fail("ListImages", "ThrottlingException")
ecr.fail("ListImages", "ThrottlingException", times=3)
ecr.fail("ListImages")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
ecr.fail("ListImages", ValueError)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

assert_type(ecr.expire(), list[str])
snapshot = ecr.snapshot()
assert_type(snapshot, Snapshot)
assert_type(snapshot.size, int)
snapshot.size = 1  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
ecr.restore(snapshot)
ecr.restore("state.db")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
ecr.reset()
ecr.stop()
ecr.account  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]

# --- Errors and warnings -------------------------------------------------------------------------

try:
    ecr.seed("registries.yaml")
except fakeecr.SeedError as seed_error:
    assert_type(seed_error.problem, str)
    assert_type(seed_error.file, Path | None)
    assert_type(seed_error.line, int | None)
    assert_type(seed_error.path, str)
except fakeecr.FakeECRError as error:
    assert_type(str(error), str)
    error.line  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]

with pytest.raises(fakeecr.SeedError, match="repositories") as caught:
    ecr.seed({})
assert_type(caught.value.line, int | None)

errors: list[type[fakeecr.FakeECRError]] = [fakeecr.DatabaseError, fakeecr.SeedError, fakeecr.UnfakedCallError]
warnings: list[type[UserWarning]] = [
    fakeecr.DisputedPolicyWarning,
    fakeecr.PublishedLimitWarning,
    fakeecr.UnfakedCallWarning,
    fakeecr.UnstoppedFakeWarning,
]

# --- The module ----------------------------------------------------------------------------------

assert_type(fakeecr.FakeECR(), FakeECR)
assert_type(fakeecr.__version__, str)
fakeecr.guard("other")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
fakeecr.FakeEcr()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
