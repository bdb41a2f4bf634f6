"""Downloads of layers by URL: a signed path, as S3's presigned URLs are, and the file that it leads to.

AWS answers GetDownloadUrlForLayer with a presigned URL of S3. While a fake is served by HTTP, it answers with a URL of
its own server, which is signed and expires as S3's do. The errors are S3's.
"""

from __future__ import annotations

import io
import re
from hashlib import blake2b
from hmac import compare_digest
from typing import TYPE_CHECKING, BinaryIO, NamedTuple
from urllib.parse import parse_qs, unquote, urlencode

from fakeecr import clock
from fakeecr.registry.layers import get_layers
from fakeecr.rules.manifests import EMPTY_BLOB
from fakeecr.store import layers, repositories

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from _typeshed import WriteableBuffer

    from fakeecr.registry.call import Backend, Call
    from fakeecr.store.repositories import StoredRepository

# What every path of a download begins with.
PREFIX = "/layers/"

# How long a URL is valid, in seconds. [documented: an hour, for the URLs that image layers are pulled by]
LIFETIME = 3600

_PATH = re.compile(r"/layers/([^/]+)/([^/]+)/(.+)/(sha256:[0-9a-f]{64})")
_SIGNATURE_BYTES = 20

# How many bytes are read at once: SQLite reads all of a part, of 5 to 20 MiB, up to the end of a piece.
_PIECE = 4 * 2**20


class DownloadError(Exception):
    """A download is refused as S3 would refuse it.

    Attributes:
        status: the HTTP status.
        code: S3's code of the error.
        message: S3's message.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


class Download(NamedTuple):
    """A layer that can be downloaded: its digest, its size in bytes, and a file with its bytes, opened for reading."""

    digest: str
    size: int
    file: BinaryIO


def path_of(call: Call, repository: StoredRepository, digest: str) -> str:
    """Return the signed path and query of a layer's URL."""
    path = PREFIX + "/".join([repository.account_id, call.region.name, repository.name, digest])
    expires = str(int(clock.timestamp()) + LIFETIME)
    return f"{path}?{urlencode({'Expires': expires, 'Signature': _sign(call.secret, path, expires)})}"


def open_download(backend: Backend, path: str, query: str, in_use: AbstractContextManager[None]) -> Download:
    """Return the download that a URL is for.

    Args:
        backend: the registries.
        path: the path of the URL, as it was sent.
        query: its query.
        in_use: entered for each piece that is read, which happens after this returns.

    Raises:
        DownloadError: the URL was changed, has expired, or its layer was deleted.
    """
    parameters = parse_qs(query)
    expires, signature = (parameters.get(name, [""])[0] for name in ("Expires", "Signature"))
    path = unquote(path)
    match = _PATH.fullmatch(path)
    if match is None:
        raise _no_such_key()
    account_id, region, name, digest = match.groups()
    with backend.reading() as call:
        if not compare_digest(_sign(call.secret, path, expires).encode(), signature.encode()):
            raise DownloadError(
                403,
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. Check your key and "
                "signing method.",
            )
        if clock.timestamp() > int(expires):
            raise DownloadError(403, "AccessDenied", "Request has expired")
        repository = repositories.get_repository(call.connection, account_id, region, name)
        layer = None if repository is None else get_layers(call, repository.key, [digest]).get(digest)
    if layer is None:
        raise _no_such_key()
    if layer.stored is None:
        return Download(digest, layer.size, io.BytesIO(EMPTY_BLOB))
    key = layer.stored.key

    def read(start: int, size: int) -> bytes:
        # A transaction for each piece: a client that reads slowly must not hold one open.
        with in_use, backend.reading() as call:
            return layers.piece_of(call.connection, key, digest, start, size)

    return Download(digest, layer.size, io.BufferedReader(_LayerFile(layer.size, read), _PIECE))


def _sign(secret: bytes, path: str, expires: str) -> str:
    """Return the signature of a path that is valid until a time."""
    return blake2b(
        f"{expires} {path}".encode(), digest_size=_SIGNATURE_BYTES, key=secret, person=b"layer url"
    ).hexdigest()


def _no_such_key() -> DownloadError:
    return DownloadError(404, "NoSuchKey", "The specified key does not exist.")


class _LayerFile(io.RawIOBase):
    """The bytes of a layer as a file, which reads piece by piece.

    Args:
        size: its size in bytes.
        read: returns bytes from a position on: as many as asked for, or fewer, but at least one before the end.
    """

    def __init__(self, size: int, read: Callable[[int, int], bytes]) -> None:
        self._size = size
        self._read = read
        self._position = 0

    def readable(self) -> bool:
        """Whether it can be read: yes."""
        return True

    def seekable(self) -> bool:
        """Whether its position can be set: yes."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Set the position, and return it."""
        begin = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(begin + offset, 0)
        return self._position

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Read into a buffer, and return how many bytes; 0 at the end.

        Raises:
            EOFError: the layer was deleted in the meantime.
            FakeECRError: the fake was stopped.
        """
        view = memoryview(buffer).cast("B")
        wanted = min(len(view), self._size - self._position)
        if wanted <= 0:
            return 0
        piece = self._read(self._position, wanted)
        if not piece:
            raise EOFError("The layer was deleted while it was read.")
        view[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)
