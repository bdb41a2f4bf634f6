"""Pages of a listing, and the opaque tokens that lead from one to the next.

A token stands for a place in one listing of one database. It has 32 characters: a seal, which is a keyed hash of the
listing and the last key, and the key itself, hidden by the seal so that it cannot be read. A token is checked by making
it again. So a place has exactly one token, and any other text is refused.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from hmac import compare_digest
from typing import Any, NamedTuple, TypeVar

from fakeecr.aws_errors import invalid_next_token, invalid_parameter
from fakeecr.operations.envelopes import EMPTY, LAST_PAGE, PageEnvelope
from fakeecr.registry.call import Call
from fakeecr.store.pages import Page, Place, page_of

Item = TypeVar("Item")

# The number of rows on a page if maxResults is absent. [reference]
DEFAULT_PAGE_SIZE = 100

_SEAL_BYTES = 16
_KEY_BYTES = 8


class Listing:
    """A listing, and the place in it of the page that a request asks for.

    Args:
        call: the call.
        request: the request, with `nextToken` and `maxResults` if it has them.
        identity: what distinguishes this listing from every other: the operation, what it lists, its filter.
        default_size: the number of rows on a page if maxResults is absent.

    Attributes:
        place: where the page begins, and how long it is.

    Raises:
        ECRError: an InvalidParameterException if the token is not one of this listing in this database.
    """

    __slots__ = ("_identity", "_secret", "place")

    def __init__(
        self, call: Call, request: Mapping[str, Any], *identity: object, default_size: int = DEFAULT_PAGE_SIZE
    ) -> None:
        self._secret = call.secret
        self._identity = identity
        token = request.get("nextToken")
        self.place = Place(0 if token is None else self._unseal(token), request.get("maxResults", default_size))

    def envelope(self, page: Page[Any]) -> PageEnvelope:
        """Return what a response has besides the rows of its page: the token of the next page, if there is one."""
        if page.last_key is None:
            return LAST_PAGE
        return {**EMPTY, "nextToken": self._seal(page.last_key)}

    def _seal(self, last_key: int) -> str:
        """Return the token of the page after a key."""
        message = f"{last_key} {self._identity!r}".encode()
        seal = blake2b(message, digest_size=_SEAL_BYTES, key=self._secret).digest()
        return b64encode(seal + _hide(last_key, seal).to_bytes(_KEY_BYTES)).decode("ascii")

    def _unseal(self, token: str) -> int:
        """Return the key after which a token's page begins."""
        try:
            content = b64decode(token.encode("ascii"))
        except (UnicodeEncodeError, binascii.Error):
            raise invalid_next_token() from None
        if len(content) != _SEAL_BYTES + _KEY_BYTES:
            raise invalid_next_token()
        last_key = _hide(int.from_bytes(content[_SEAL_BYTES:]), content[:_SEAL_BYTES])
        if not compare_digest(self._seal(last_key), token):
            raise invalid_next_token()
        return last_key


def _hide(number: int, seal: bytes) -> int:
    """Return a number hidden by a seal; a second call with the same seal reveals it."""
    return number ^ int.from_bytes(seal[:_KEY_BYTES])


class _Numbered(NamedTuple):
    key: int
    item: Any


def page_of_items(items: Sequence[Item], place: Place) -> Page[Item]:
    """Return a page of a sequence in memory; an item's key is its position, counted from 1."""
    # One item more than the page has shows that another page follows.
    following = items[place.after : place.after + place.size + 1]
    page = page_of([_Numbered(number, item) for number, item in enumerate(following, place.after + 1)], place)
    return Page([row.item for row in page.rows], page.last_key)


def refuse_paging(request: Mapping[str, Any], given: str) -> None:
    """Refuse a request that asks for a page although another member names what it wants [model; the text is unknown].

    Args:
        request: the request.
        given: the member that names what it wants, such as ``imageIds``.

    Raises:
        ECRError: an InvalidParameterException.
    """
    for name in ("nextToken", "maxResults"):
        if name in request:
            raise invalid_parameter(name, f"{name} must be null when {given} is given")
