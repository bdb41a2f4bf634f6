"""The one clock: every time that fakeecr keeps or answers comes from here, so freezegun can freeze it."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """Give the present moment in UTC, to the millisecond.

    ECR's timestamps carry milliseconds and no more (observed), so nothing finer is kept.
    """
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
