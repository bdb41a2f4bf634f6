"""Reading YAML as seeds need it: every scalar as it is written, every value with its line, nothing unsafe.

This uses PyYAML's events and not its loader. The loader would turn `1.10` into a number, silently take the second of
two equal keys, and expand an alias bomb.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from fakeecr.errors import SeedError

# A seed is eight levels deep; anything much deeper is a mistake or an attack.
_MAX_DEPTH = 64
_TOO_DEEP = f"is nested more than {_MAX_DEPTH} levels deep"
# With its aliases expanded, a file may have ten times the values that are written in it, and in any case 100,000.
_MAX_EXPANSION = 10
_ALWAYS_ALLOWED = 100_000

_PLAIN_TAGS = {"tag:yaml.org,2002:str", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map", "!", None}


@dataclass(slots=True)
class Node:
    """A value, the line it begins on, and the nodes inside it by key or index.

    Attributes:
        size: the number of values in it, with aliases expanded.
    """

    value: Any
    line: int
    children: dict[Any, Node] = field(default_factory=dict)
    size: int = 1
    merged: list[Node] = field(default_factory=list)

    def line_of(self, path: str) -> int:
        """Return the line of a key path, or of the innermost value around it that exists."""
        node = self
        for key, index in re.findall(r"\[(?=\d+\])(\d+)\]|([^.\[]+)", path):
            step: Any = int(key) if key else index
            if step not in node.children:
                break
            node = node.children[step]
        return node.line


def read(file: Path) -> Node:
    """Return the content of a seed file.

    Raises:
        SeedError: it does not exist, is not UTF-8 or not YAML, or has something that a seed cannot have.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise SeedError(f"cannot be read: {error.strerror}", file=file) from error
    return parse(content, file)


def parse(content: bytes, file: Path) -> Node:
    """Return the content of a seed from its bytes, with the errors of :func:`read`.

    Args:
        content: the bytes.
        file: the file that they are from, for error messages.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SeedError(
            f"is not UTF-8: byte {error.object[error.start]:#04x} at position {error.start}", file=file
        ) from error
    if text.lstrip()[:1] in ("{", "["):
        text = _json_as_yaml(text)
    try:
        root = _Builder(file).build(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "there is an error here"
        # The C parser reads lists ahead of their events. Since PyYAML 6.0.4 it refuses a depth of 1,000 by itself.
        message = _TOO_DEEP if problem == "exceeded maximum nesting depth" else f"not YAML: {problem}"
        raise SeedError(message, file=file, line=mark.line + 1 if mark else None) from error
    except yaml.YAMLError as error:
        raise SeedError(f"not YAML: {error}", file=file) from error
    if root is None:
        raise SeedError("is empty; expected a mapping with the key 'registries'", file=file)
    return root


class _Key(NamedTuple):
    """A key whose value comes next, and whether it is YAML's merge key, an unquoted ``<<``."""

    name: str
    line: int
    is_merge: bool


class _Builder:
    """Builds the nodes of a file's only document from its events, without recursion."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._anchors: dict[str, Node | None] = {}
        self._written = 0

    def build(self, text: str) -> Node | None:
        # The C parser is ten times as fast. Loading with it can overflow the stack; reading its events cannot.
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        root: Node | None = None
        documents = 0
        # The open collections, each with its anchor, and the key whose value comes next.
        open_nodes: list[tuple[Node, str | None]] = []
        keys: list[_Key | None] = []
        for event in yaml.parse(text, Loader=loader):
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._error("expected one document; a second begins here", event)
                continue
            if isinstance(event, MappingEndEvent | SequenceEndEvent):
                node, anchor = open_nodes.pop()
                keys.pop()
                _merge(node)
                if anchor is not None:
                    self._anchors[anchor] = node
            elif isinstance(event, NodeEvent):
                node = self._node(event)
                if isinstance(event, CollectionStartEvent):
                    if len(open_nodes) == _MAX_DEPTH:
                        raise self._error(_TOO_DEEP, event)
                    if event.anchor is not None:
                        self._anchors[event.anchor] = None  # it cannot be repeated before it ends
                    open_nodes.append((node, event.anchor))
                    keys.append(None)
                    continue
                if not isinstance(event, AliasEvent) and event.anchor is not None:
                    self._anchors[event.anchor] = node
            else:
                continue
            if not open_nodes:
                root = node
                continue
            self._add(open_nodes[-1][0], node, keys, event)
        return root

    def _node(self, event: NodeEvent) -> Node:
        line = _line(event)
        if isinstance(event, AliasEvent):
            if event.anchor not in self._anchors:
                raise self._error(f"the alias *{event.anchor} has no anchor before it", event)
            target = self._anchors[event.anchor]
            if target is None:
                raise self._error(f"the alias *{event.anchor} is inside the value that it repeats", event)
            return target
        tag = getattr(event, "tag", None)
        if tag not in _PLAIN_TAGS:
            raise self._error(f"the tag {tag} is not allowed; a seed has text, lists and mappings", event)
        self._written += 1
        if isinstance(event, SequenceStartEvent):
            return Node([], line)
        if isinstance(event, MappingStartEvent):
            return Node({}, line)
        assert isinstance(event, ScalarEvent)  # noqa: S101 - the only other kind of event
        if event.value == "" and not event.style:
            return Node(None, line)
        return Node(self._text(event), line)

    def _text(self, event: ScalarEvent) -> str:
        value: str = event.value
        try:
            value.encode()
        except UnicodeEncodeError:
            raise self._error("an unpaired surrogate is not a character", event) from None
        return value

    def _add(self, parent: Node, node: Node, keys: list[_Key | None], event: Event) -> None:
        parent.size += node.size
        if parent.size > max(_ALWAYS_ALLOWED, _MAX_EXPANSION * self._written):
            raise self._error("aliases repeat too much here", event)
        if isinstance(parent.value, list):
            parent.children[len(parent.value)] = node
            parent.value.append(node.value)
            return
        key = keys[-1]
        if key is None:
            if not isinstance(node.value, str):
                raise self._error("expected a key", event)
            is_merge = isinstance(event, ScalarEvent) and event.value == "<<" and not event.style
            if node.value in parent.value or (is_merge and parent.merged):
                raise self._error(f"the key '{node.value}' occurs twice here", event)
            keys[-1] = _Key(node.value, node.line, is_merge)
            return
        keys[-1] = None
        if key.is_merge:
            parent.merged = [node] if isinstance(node.value, dict) else list(node.children.values())
            if not parent.merged or not all(isinstance(source.value, dict) for source in parent.merged):
                raise self._error("expected a mapping, or a list of mappings, after the merge key <<", event)
            return
        parent.value[key.name] = node.value
        # A collection begins on the line after its key; errors are shown at the key.
        parent.children[key.name] = Node(node.value, key.line, node.children, node.size)

    def _error(self, problem: str, event: Event) -> SeedError:
        return SeedError(problem, file=self._file, line=_line(event))


def _merge(node: Node) -> None:
    """Add the values of the mappings after a merge key: the mapping's own keys win, and then the first mapping's."""
    for source in node.merged:
        for name, child in source.children.items():
            if name not in node.value:
                node.value[name] = child.value
                node.children[name] = child


def _json_as_yaml(text: str) -> str:
    """Return JSON as YAML, from which it differs in two ways: tabs as indents, and characters as surrogate pairs."""
    # In JSON, no line begins inside a string.
    text = re.sub(r"^[ \t]+", lambda indent: " " * len(indent[0]), text, flags=re.MULTILINE)

    def join(escape: re.Match[str]) -> str:
        high, low = escape[1], escape[2]
        return escape[0] if high is None else chr(0x10000 + (int(high, 16) - 0xD800 << 10) + int(low, 16) - 0xDC00)

    return re.sub(r"\\(?:u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})|.)", join, text, flags=re.IGNORECASE)


def _line(event: Event) -> int:
    """Return the line on which an event begins, counted from 1."""
    mark = event.start_mark
    return 0 if mark is None else mark.line + 1
