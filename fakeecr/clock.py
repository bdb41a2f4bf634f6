"""The one clock: every time that fakeecr stores or answers comes from here, so that freezegun can freeze it."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime


def now() -> datetime:
    """Return the present moment in UTC, to the millisecond."""
    return to_milliseconds(datetime.now(UTC))


def to_milliseconds(moment: datetime) -> datetime:
    """Return a moment cut to milliseconds: ECR's timestamps have no finer digits [observed]."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def timestamp() -> float:
    """Return the present moment in seconds since 1970, for what is done in every call: it costs a tenth of `now`."""
    return time.time()


def elapsed() -> float:
    """Return the seconds since some fixed moment, for measuring a wait; freezegun does not stop this clock."""
    if hasattr(time, "clock_gettime"):
        return time.clock_gettime(time.CLOCK_MONOTONIC)
    freezegun = sys.modules.get("freezegun.api")
    return float(time.monotonic() if freezegun is None else freezegun.real_monotonic())
