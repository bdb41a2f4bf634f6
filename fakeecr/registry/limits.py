"""The limits of a fake where no request is validated: in what a test author pushes, seeds or describes by hand."""

from __future__ import annotations

from typing import Any

from fakeecr.errors import PublishedLimitWarning, warn_caller
from fakeecr.rules import names
from fakeecr.rules.messages import show
from fakeecr.settings import Limits


def check_repository_name(limits: Limits, name: Any, place: str) -> str:
    """Return the name of a repository that a fake's limits allow.

    Args:
        limits: the limits.
        name: the name.
        place: where it was given, for the warning: an argument, or a key path.

    Raises:
        ValueError: the limits do not allow it.

    Warns:
        PublishedLimitWarning: only the published limits refused it.
    """
    if limits == "installed":
        return names.REPOSITORY_NAME.check(name)
    try:
        return names.PUBLISHED_REPOSITORY_NAME.check(name)
    except ValueError:
        if names.REPOSITORY_NAME.matches(name):
            warn_caller(
                f"{place}: {show(name)} was refused only by the published limits of API version 2015-09-21; "
                'FakeECR(limits="installed") allows it.',
                PublishedLimitWarning,
            )
        raise
