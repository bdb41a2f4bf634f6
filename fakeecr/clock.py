"""The one clock: every time that fakeecr stores or answers comes from here, so that freezegun can freeze it."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """Return the present moment in UTC, to the millisecond."""
    return to_milliseconds(datetime.now(UTC))


def to_milliseconds(moment: datetime) -> datetime:
    """Return a moment cut to milliseconds: ECR's timestamps have no finer digits [observed]."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
