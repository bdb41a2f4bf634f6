"""Writing a seed as YAML, value by value, so that its lists may be iterators and need not fit the memory."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any, Protocol, TextIO

import yaml
from yaml.events import (
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

# Longer than any line: a text that is folded into several lines would differ in more of them than it was changed.
_WIDTH = 2**24

_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class Writable(Protocol):
    """What takes text, such as a file."""

    def write(self, text: str, /) -> object:
        """Write a text."""


def write_yaml(content: Mapping[str, Any], stream: Writable) -> None:
    """Write a seed as YAML.

    Args:
        content: the seed; wherever it has a list, it may have another iterable, which is read when its turn comes.
        stream: where to write it.
    """
    yaml.emit(_document(content), stream, Dumper=_DUMPER, allow_unicode=True, width=_WIDTH)


@contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """Open a file beside another one, which it replaces at the end of the block; after an error, all is as before.

    Args:
        path: the file to replace; it need not exist. What is no regular file, such as a pipe, is written to directly.

    Raises:
        OSError: the file cannot be written.
    """
    # Looked at before it is resolved: /dev/fd/3 is a link to what has no path, such as a pipe.
    if path.exists() and not path.is_file():
        with path.open("w", encoding="utf-8") as stream:
            yield stream
        return
    path = path.resolve()  # a link stays a link
    temporary = beside(path)
    # Nothing is removed if it is not created here.
    with temporary.open("x", encoding="utf-8") as stream:
        try:
            if path.exists():
                shutil.copymode(path, temporary)
            yield stream
            stream.close()
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def beside(path: Path) -> Path:
    """Return the path of a new file in the same folder, with a name that no other process or thread makes."""
    return path.with_name(f".fakeecr-{token_hex(8)}.tmp")


def _document(content: Mapping[str, Any]) -> Iterator[Event]:
    yield StreamStartEvent()
    yield DocumentStartEvent(explicit=False)
    yield from _events(content, yaml.representer.SafeRepresenter(), yaml.resolver.Resolver())
    yield DocumentEndEvent(explicit=False)
    yield StreamEndEvent()


def _events(value: Any, representer: Any, resolver: Any) -> Iterator[Event]:
    if isinstance(value, Mapping):
        yield MappingStartEvent(None, None, implicit=True, flow_style=False)
        for key, each in value.items():
            yield from _events(key, representer, resolver)
            yield from _events(each, representer, resolver)
        yield MappingEndEvent()
    elif isinstance(value, Iterable) and not isinstance(value, str):
        yield SequenceStartEvent(None, None, implicit=True, flow_style=False)
        for each in value:
            yield from _events(each, representer, resolver)
        yield SequenceEndEvent()
    else:
        node = representer.represent_data(value)
        # A text that YAML would read as something else, such as a number, is quoted.
        is_plain = resolver.resolve(yaml.ScalarNode, node.value, (True, False)) == node.tag
        is_text = resolver.resolve(yaml.ScalarNode, node.value, (False, True)) == node.tag
        yield ScalarEvent(None, node.tag, (is_plain, is_text), node.value, style=node.style)
