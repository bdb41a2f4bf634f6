"""What commands print: JSON for programs, tables and trees for people; and the progress of what takes long.

Nothing that only a terminal needs is imported before a terminal needs it.
"""

from __future__ import annotations

import errno
import re
import sys
import threading
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TextIO

import click

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as RichProgress
    from rich.table import Table
    from rich.tree import Tree

# Progress is shown for what takes longer; seconds.
_PATIENCE = 1.0

# How many rows of a table are laid out and printed at a time.
_ROWS = 200

# Those of C0 but tab and newline, those of C1, halves of surrogate pairs, and those of direction.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")

# The space between columns, and how narrow a column becomes before the next one does.
_GAP = 2
_NARROWEST = 8


def is_json(as_json: bool) -> bool:
    """Whether to print JSON: if it was asked for, or if no terminal shows the output."""
    return as_json or not is_terminal(sys.stdout)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a standard stream is a terminal; one that was closed is None."""
    return stream is not None and stream.isatty()


def print_json(value: Any) -> None:
    """Print a value as indented JSON; moments are in ISO 8601."""
    with opened("-") as stream:
        stream.write(f"{encode_json(value)}\n")


def encode_json(value: Any) -> str:
    """Return a value as indented JSON; moments are in ISO 8601."""
    import msgspec

    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def warn(message: str) -> None:
    """Print a warning to standard error."""
    click.echo(f"Warning: {message}", err=True)


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Print Python's warnings as :func:`warn` does, without the line of code that they come from."""
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: warn(str(message))
        yield


@contextmanager
def opened(output: str) -> Iterator[Output]:
    """Open a file to write, which replaces an earlier one as a whole at the end of the block; or standard output.

    Errors of the block are its own, such as those of a file that it reads.

    Args:
        output: the path of the file; ``-`` for standard output.

    Raises:
        click.ClickException: it cannot be written.
        BrokenPipeError: nobody reads it any more.
    """
    from fakeecr.seeds.writer import replacing

    name = "standard output" if output == "-" else output
    of_block = None
    try:
        with _standard_output() if output == "-" else replacing(Path(output)) as stream:
            try:
                yield Output(stream, name)
            except OSError as error:
                of_block = error
                raise
    except OSError as error:
        if error is of_block:
            raise
        raise _unwritable(name, error) from None


class Output:
    """A text stream to write to, whose errors say what cannot be written.

    Args:
        stream: the stream.
        name: its name for a message.
    """

    # PyYAML asks for it, and writes bytes to what has none.
    encoding = "utf-8"

    def __init__(self, stream: TextIO, name: str) -> None:
        self._stream = stream
        self._name = name

    def write(self, text: str) -> int:
        """Write a text, and return its length.

        Raises:
            click.ClickException: it cannot be written.
            BrokenPipeError: nobody reads it any more.
        """
        try:
            return self._stream.write(text)
        except OSError as error:
            raise _unwritable(self._name, error) from None


@contextmanager
def _standard_output() -> Iterator[TextIO]:
    """Open standard output in UTF-8, whatever the encoding of the terminal."""
    if sys.stdout is None:
        raise OSError(errno.EBADF, "it is closed")
    sys.stdout.flush()
    with open(sys.stdout.fileno(), "w", encoding="utf-8", closefd=False) as stream:
        yield stream


def _unwritable(name: str, error: OSError) -> Exception:
    if isinstance(error, BrokenPipeError):
        return error
    return click.ClickException(f"{name} cannot be written: {error.strerror or error}")


# --- For people ----------------------------------------------------------------------------------


def console() -> Console:
    """Return a console of rich that prints to standard output; rich heeds NO_COLOR and the width of the terminal."""
    from rich.console import Console

    # A name such as `:key:` or `[bold]` is printed as it is.
    return Console(highlight=False, markup=False, emoji=False)


def visible(text: str) -> str:
    r"""Return a text whose control characters are written out, such as ``\x1b``; a terminal would obey them.

    Lines and tabs stay. Characters that change the direction of a text are written out, too.
    """
    return _CONTROLS.sub(lambda match: ascii(match[0])[1:-1], text)


def print_text(text: str, style: str | None = None) -> None:
    """Print a text, in lines as long as they are."""
    console().print(visible(text), style=style, soft_wrap=True)


class Column(NamedTuple):
    """A column of a table.

    Attributes:
        heading: what stands above it.
        style: the style of its cells, as rich names it.
        is_number: whether its cells are aligned at their right.
        wraps: whether a cell that is too long for the terminal goes on in the next line; otherwise it is cut.
    """

    heading: str
    style: str = ""
    is_number: bool = False
    wraps: bool = False


def print_table(columns: Sequence[Column], rows: Iterable[Sequence[str]], title: str | None = None) -> None:
    """Print a table while its rows arrive.

    Args:
        columns: its columns.
        rows: the cells of each row. The first rows decide how wide the columns are.
        title: a line above it.
    """
    terminal = console()
    if title is not None:
        print_text(title, "bold")
    remaining = (tuple(map(visible, row)) for row in rows)
    chunk = list(islice(remaining, _ROWS))
    widths = _widths(columns, chunk, terminal.width, are_first=len(chunk) == _ROWS)
    show_header = any(column.heading for column in columns)
    while chunk or show_header:
        terminal.print(_table(columns, widths, chunk, show_header=show_header))
        chunk = list(islice(remaining, _ROWS))
        show_header = False


def _widths(columns: Sequence[Column], rows: Sequence[Sequence[str]], available: int, *, are_first: bool) -> list[int]:
    """Return how wide columns are for these rows: those that wrap leave the others their room.

    If these are only the first rows, the cells of others may be longer: a column that wraps gets the free room.
    """
    from rich.cells import cell_len

    cells = [[column.heading, *(row[position] for row in rows)] for position, column in enumerate(columns)]
    widths = [max(map(cell_len, texts)) for texts in cells]
    missing = sum(widths) + _GAP * (len(columns) - 1) - available
    # Numbers are cut last.
    for position, column in sorted(enumerate(columns), key=lambda each: (not each[1].wraps, each[1].is_number)):
        if missing > 0 or (are_first and column.wraps):
            fitting = max(widths[position] - missing, min(widths[position], _NARROWEST))
            missing -= widths[position] - fitting
            widths[position] = fitting
    return widths


def _table(
    columns: Sequence[Column], widths: Sequence[int], rows: Iterable[Sequence[str]], *, show_header: bool
) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=show_header, padding=(0, _GAP, 0, 0))
    for column, width in zip(columns, widths, strict=True):
        table.add_column(
            column.heading,
            style=column.style,
            justify="right" if column.is_number else "left",
            overflow="fold" if column.wraps else "ellipsis",
            no_wrap=not column.wraps,
            width=width,
        )
    for row in rows:
        table.add_row(*row)
    return table


def print_tree(tree: Tree) -> None:
    """Print a tree."""
    console().print(tree)


def describe_size(size: int) -> str:
    """Return a number of bytes for people, such as ``12.3 MB``."""
    from rich.filesize import decimal

    return decimal(size)


def describe_moment(moment: datetime | None) -> str:
    """Return a moment for people, in UTC, to the minute."""
    return "" if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def shorten_digest(digest: str) -> str:
    """Return the beginning of a digest, by which `fakeecr show` finds its image."""
    return digest[:19]


def count(number: int, singular: str, plural: str | None = None) -> str:
    """Return a number with its noun, such as ``1,234 images``."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


# --- Progress ------------------------------------------------------------------------------------


class Progress:
    """A progress bar on a terminal at standard error, which appears once an action has taken a second.

    Use it as a context manager.

    Args:
        description: what is being done, such as ``"Reading images"``.
        total: how many steps there are; None if that is not known. Then the bar only shows that something happens.
    """

    def __init__(self, description: str, total: int | None = None) -> None:
        self._description = description
        self._total = total
        self._done = 0
        self._lock = threading.Lock()
        self._is_over = False
        self._bar: RichProgress | None = None
        # It appears by itself, because some actions count no steps.
        self._timer = threading.Timer(_PATIENCE, self._appear)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        if is_terminal(sys.stderr):
            self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        with self._lock:
            self._is_over = True
            if self._bar is not None:
                self._bar.stop()

    def advance(self, steps: int = 1) -> None:
        """Count steps that were done."""
        self._done += steps
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=self._done)

    def _appear(self) -> None:
        from rich.console import Console
        from rich.progress import Progress as RichProgress

        with self._lock:
            if self._is_over:
                return
            bar = RichProgress(console=Console(stderr=True), transient=True)
            bar.add_task(self._description, total=self._total, completed=self._done)
            bar.start()
            self._bar = bar
