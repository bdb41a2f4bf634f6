"""What commands print: JSON for programs, tables and trees for people; and the progress of what takes long."""

from __future__ import annotations

import sys
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

import click
import msgspec

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as RichProgress

# Progress is shown for what takes longer; seconds.
_PATIENCE = 1.0


def is_json(as_json: bool) -> bool:
    """Whether to print JSON: if it was asked for, or if no terminal shows the output."""
    return as_json or not sys.stdout.isatty()


def print_json(value: Any) -> None:
    """Print a value as indented JSON; moments are in ISO 8601."""
    content = msgspec.json.encode(value, enc_hook=_encode_moment)
    click.echo(msgspec.json.format(content, indent=2).decode())


def _encode_moment(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def console() -> Console:
    """Return a console of rich that prints to standard output; rich heeds NO_COLOR and the width of the terminal."""
    from rich.console import Console  # only a terminal needs it

    return Console(highlight=False)


class Progress:
    """A progress bar on a terminal at standard error, which appears once an action has taken a second.

    Use it as a context manager.

    Args:
        description: what is being done, such as ``"Reading images"``.
        total: how many steps there are; None if that is not known.
    """

    def __init__(self, description: str, total: int | None = None) -> None:
        self._description = description
        self._total = total
        self._done = 0
        self._bar: RichProgress | None = None

    def __enter__(self) -> Self:
        self._started = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def advance(self, steps: int = 1) -> None:
        """Count steps that were done."""
        self._done += steps
        if self._bar is None:
            if time.monotonic() - self._started < _PATIENCE or not sys.stderr.isatty():
                return
            self._bar = _bar(self._description, self._total)
        self._bar.update(self._bar.task_ids[0], completed=self._done)


def _bar(description: str, total: int | None) -> RichProgress:
    from rich.console import Console
    from rich.progress import Progress as RichProgress

    bar = RichProgress(console=Console(stderr=True), transient=True)
    bar.add_task(description, total=total)
    bar.start()
    return bar
