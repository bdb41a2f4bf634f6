"""The text of a policy, whichever: JSON, or no policy."""

from __future__ import annotations

from typing import Any

import msgspec


class PolicyError(ValueError):
    """A policy is not one; the message is AWS's where it is known."""


def parse(text: str) -> Any:
    """Read JSON: strictly, so that whatever is in it can be written again.

    Raises:
        PolicyError: it is none.
    """
    try:
        return msgspec.json.decode(text.encode())
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        raise PolicyError("it is no JSON") from None
