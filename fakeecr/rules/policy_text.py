"""Reading the JSON text of a policy of any kind."""

from __future__ import annotations

from typing import Any

import msgspec


class PolicyError(ValueError):
    """A policy is invalid; the message is AWS's own where that is known."""


def parse(text: str) -> Any:
    """Return the content of a JSON text, read strictly, so that it can be written again.

    Raises:
        PolicyError: it is not JSON.
    """
    try:
        return msgspec.json.decode(text.encode())
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        raise PolicyError("it is not JSON") from None
