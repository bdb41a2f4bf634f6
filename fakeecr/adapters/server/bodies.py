"""The bodies of requests: of a known size, or in chunks.

werkzeug's reader of chunks is not used: it takes sizes such as 0x2, knows no extensions and no trailers, and does not
say whether it has reached the end.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BufferedIOBase

# The first line of a chunk: its size, and extensions, which are ignored. [RFC 9112, 7.1]
_FIRST_LINE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r?\n")
_HEADER = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n]*\r?\n")
_LONGEST_LINE = 4096
_MOST_TRAILERS = 100
_LINE_ENDS = (b"\r\n", b"\n")


class SizedBody:
    """A body whose size a header says.

    Args:
        file: what the client sends.
        size: its size in bytes.
        on_end: called once it has been read to its end.

    Attributes:
        is_read: whether it was.
    """

    def __init__(self, file: BufferedIOBase, size: int, on_end: Callable[[], None]) -> None:
        self._file = file
        self._left = size
        self._on_end = on_end
        self.is_read = False
        self._end_if_read()

    def read(self, size: int = -1) -> bytes:
        """Return so many bytes, or all that are left; fewer only at its end, or if the client sends no more."""
        data = self._file.read(self._left if size < 0 else min(size, self._left)) if self._left else b""
        self._left -= len(data)
        self._end_if_read()
        return data

    def _end_if_read(self) -> None:
        if not self._left and not self.is_read:
            self.is_read = True
            self._on_end()


class ChunkedBody:
    """A body that comes in chunks.

    Args:
        file: what the client sends.
        on_end: called once it has been read to its end.

    Attributes:
        is_read: whether it was.
    """

    def __init__(self, file: BufferedIOBase, on_end: Callable[[], None]) -> None:
        self._file = file
        self._left = 0
        self._on_end = on_end
        self.is_read = False

    def read(self, size: int) -> bytes:
        """Return at most so many bytes, of one chunk; none at the end of the last one.

        Raises:
            OSError: it is malformed, or has ended early.
        """
        if self.is_read:
            return b""
        if not self._left:
            self._left = self._read_size()
            if not self._left:
                self._read_trailers()
                self.is_read = True
                self._on_end()
                return b""
        data = self._file.read(min(size, self._left))
        self._left -= len(data)
        if not data or (not self._left and self._file.readline(2) not in _LINE_ENDS):
            raise OSError("a chunk ends in another place than it says")
        return data

    def _read_size(self) -> int:
        match = _FIRST_LINE.fullmatch(self._file.readline(_LONGEST_LINE))
        if match is None:
            raise OSError("a chunk does not begin with its size")
        return int(match[1], 16)

    def _read_trailers(self) -> None:
        """Read the headers that may follow the last chunk; they are ignored."""
        for _ in range(_MOST_TRAILERS):
            line = self._file.readline(_LONGEST_LINE)
            if line in _LINE_ENDS:
                return
            if not _HEADER.fullmatch(line):
                break
        raise OSError("the last chunk does not end with headers and an empty line")
