"""The one clock: every time that fakeecr keeps or answers comes from here, so freezegun can freeze it."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """Give the present moment in UTC, to the millisecond."""
    return in_milliseconds(datetime.now(UTC))


def in_milliseconds(moment: datetime) -> datetime:
    """Give a moment to the millisecond: ECR's timestamps carry no more (observed), so nothing finer is kept."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
