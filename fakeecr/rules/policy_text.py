"""Reading the JSON text of a policy of any kind."""

from __future__ import annotations

from typing import Any

import msgspec


class PolicyError(ValueError):
    """A policy is invalid; the message is AWS's own where that is known, and notes say more.

    Args:
        message: the message.
        note: a note for the author of the policy; nothing for none.
    """

    def __init__(self, message: str, note: str = "") -> None:
        super().__init__(message)
        self.notes = [note] if note else []


def parse(text: str) -> Any:
    """Return the content of a JSON text, read strictly, so that it can be written again.

    Raises:
        PolicyError: it is not JSON.
    """
    try:
        return msgspec.json.decode(text.encode())
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as problem:
        raise PolicyError("it is not JSON", f"The policy is not JSON: {problem}.") from None
