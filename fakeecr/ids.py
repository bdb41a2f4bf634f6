"""Ids of requests and events: random UUIDs, without the cost of Python's UUID class."""

from __future__ import annotations

import random

# Its own generator, so that it neither disturbs nor notices a test that seeds `random`.
_random = random.Random()  # noqa: S311 - an id, not a secret


def new_id() -> str:
    """Make an id."""
    digits = f"{_random.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
