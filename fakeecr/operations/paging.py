"""Opaque tokens: a place in one listing of one database, sealed.

A token is 32 characters: a keyed hash of the listing and the last key, and the key, hidden by the hash lest anyone
should read it. It is checked by sealing the key again, so there is exactly one token for a place, and any other
string is refused.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from hmac import compare_digest
from typing import Any

from fakeecr.errors import invalid_next_token, invalid_parameter
from fakeecr.operations.call import Call
from fakeecr.store.pages import Page, page_of

# What a page holds where maxResults is absent (reference).
DEFAULT_PAGE = 100

_SEAL = 16
_KEY = 8


def read_page(
    call: Call,
    request: Mapping[str, Any],
    listing: tuple[object, ...],
    read: Callable[..., Page],
    default: int = DEFAULT_PAGE,
) -> tuple[Sequence[Any], str | None]:
    """Read the page that a request asks for, and give its rows and the token of the next, None after the last.

    Args:
        call: the call.
        request: its `nextToken` and `maxResults`, where it has them.
        listing: whatever tells this listing from every other: the operation, what it lists, its filter.
        read: reads a page, given `after`, the last key of the page before, and `size`.
        default: how many rows a page has where maxResults is absent.

    Raises:
        ECRError: an InvalidParameterException, where the token is not one of this listing on this database.
    """
    after = unseal(call, listing, request.get("nextToken"))
    rows, last_key = read(after=after, size=request.get("maxResults", default))
    return rows, None if last_key is None else seal(call, listing, last_key)


def in_memory(items: Sequence[Any]) -> Callable[..., Page]:
    """Page through what is in memory, as pairs of an item and its key: its place, counted from 1."""

    def read(*, after: int, size: int) -> Page:
        rows = [(item, number) for number, item in enumerate(items, 1) if number > after]
        return page_of(rows[: size + 1], size)

    return read


def refuse_paging(request: Mapping[str, Any], given: str) -> None:
    """Refuse to page what is asked for by name: the model says that both cannot be had, and not how it is told.

    Raises:
        ECRError: an InvalidParameterException.
    """
    for name in ("nextToken", "maxResults"):
        if name in request:
            raise invalid_parameter(name, f"{name} must be null when {given} is given")


def seal(call: Call, listing: tuple[object, ...], last_key: int) -> str:
    """Make the token that carries a listing on after a key.

    Args:
        call: the call that answers with the token.
        listing: what tells it from every other.
        last_key: the key of the last row shown.
    """
    sealed = f"{last_key} {listing!r}".encode()
    seal = blake2b(sealed, digest_size=_SEAL, key=call.secret).digest()
    return b64encode(seal + _hidden(last_key, seal).to_bytes(_KEY)).decode("ascii")


def unseal(call: Call, listing: tuple[object, ...], token: str | None) -> int:
    """Give the key after which a listing goes on; 0, before every key, where there is no token.

    Raises:
        ECRError: an InvalidParameterException, where the token is not one of this listing on this database.
    """
    if token is None:
        return 0
    try:
        content = b64decode(token.encode("ascii"))
    except (UnicodeEncodeError, binascii.Error):
        raise invalid_next_token() from None
    if len(content) != _SEAL + _KEY:
        raise invalid_next_token()
    last_key = _hidden(int.from_bytes(content[_SEAL:]), content[:_SEAL])
    if not compare_digest(seal(call, listing, last_key), token):
        raise invalid_next_token()
    return last_key


def _hidden(number: int, seal: bytes) -> int:
    """Hide a number by a seal, or show one that it hides."""
    return number ^ int.from_bytes(seal[:_KEY])
