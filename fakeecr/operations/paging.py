"""Opaque tokens: a place in one listing of one database, sealed.

A token is 32 characters: the last key, and a keyed hash of the listing and the key. It is checked by sealing the
key again, so there is exactly one token for a place, and any other string is refused.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b
from hmac import compare_digest

from fakeecr.errors import invalid_next_token
from fakeecr.operations.call import Call

_SEAL = 16
_KEY = 8


def seal(call: Call, listing: tuple[object, ...], last_key: int) -> str:
    """Make the token that carries a listing on after a key.

    Args:
        call: the call that answers with the token.
        listing: whatever tells this listing from every other: the operation, what it lists, its filter.
        last_key: the key of the last row shown.
    """
    key = last_key.to_bytes(_KEY)
    seal = blake2b(key + repr(listing).encode(), digest_size=_SEAL, key=call.secret).digest()
    return urlsafe_b64encode(seal + key).decode("ascii")


def unseal(call: Call, listing: tuple[object, ...], token: str | None) -> int:
    """Give the key after which a listing goes on; 0, before every key, where there is no token.

    Raises:
        ECRError: an InvalidParameterException, where the token is not one of this listing on this database.
    """
    if token is None:
        return 0
    try:
        content = urlsafe_b64decode(token.encode("ascii"))
    except (UnicodeEncodeError, binascii.Error):
        raise invalid_next_token() from None
    if len(content) != _SEAL + _KEY:
        raise invalid_next_token()
    last_key = int.from_bytes(content[_SEAL:])
    if not compare_digest(seal(call, listing, last_key), token):
        raise invalid_next_token()
    return last_key
