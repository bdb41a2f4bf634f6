"""The secret of a database, which seals its tokens."""

from __future__ import annotations

import secrets


def new_secret() -> bytes:
    """Make a secret of 32 bytes."""
    return secrets.token_bytes(32)
