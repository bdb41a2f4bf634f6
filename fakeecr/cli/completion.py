"""Completion in shells: names of repositories, tags and digests, and words of bash that belong together.

Each press of a key runs a process, so nothing is imported here that takes long.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import unquote

import click
from click.shell_completion import BashComplete, CompletionItem, add_completion_class, split_arg_string

# At these, bash splits a word that is one for a command.
_SEPARATORS = ":@="


def complete_file(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Let the shell complete the name of a file."""
    return [CompletionItem(incomplete, type="file")]


def complete_repository(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the names of repositories that begin like an incomplete one."""
    from fakeecr.store import glance

    file = _file(context)
    if file is None:
        return []
    return glance.repository_names(file, incomplete, context.params.get("account_id"), context.params.get("region"))


def complete_image(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the names of repositories, or of images in one, that begin like an incomplete one."""
    from fakeecr.cli.options import ACCOUNT_ID, REGION
    from fakeecr.rules.image_names import parse_image_name
    from fakeecr.store import glance

    file = _file(context)
    # The host of a registry may have a port.
    last_part = incomplete.rfind("/") + 1
    separator = re.search("[:@]", incomplete[last_part:])
    if file is None or separator is None:
        return complete_repository(context, parameter, incomplete)
    end = last_part + separator.end()
    try:
        name = parse_image_name(incomplete[: end - 1])
    except ValueError:
        return []
    names = (glance.tags if separator[0] == ":" else glance.digests)(
        file,
        incomplete[end:],
        name.account_id or context.params.get("account_id") or ACCOUNT_ID,
        name.region or context.params.get("region") or REGION,
        name.repository,
    )
    return [incomplete[:end] + name for name in names]


def _file(context: click.Context) -> Path | None:
    """Return the state file that a command line names, or else the environment."""
    database = context.params.get("database") or os.environ.get("FAKEECR_DATABASE")
    return _file_of(database) if database else None


def _file_of(database: str) -> Path | None:
    """Return the file of a database; None if it is in memory or on a server.

    It is :func:`fakeecr.store.database.locate` without SQLAlchemy, which takes too long to be imported.
    """
    from fakeecr.settings import MEMORY, is_path

    if is_path(database):
        return Path(database).expanduser()
    scheme, _, path = database.partition("://")
    if scheme.partition("+")[0] != "sqlite":
        return None
    file = unquote(path.removeprefix("/"))
    return None if file in ("", MEMORY) else Path(file)


class _BashComplete(BashComplete):
    """Completion in bash, which takes ``web:1.0`` for three words, and completes only the last of them."""

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the arguments before the incomplete one, and that one."""
        position = int(os.environ["COMP_CWORD"])
        # An empty word at the end is lost between bash and here.
        words = [*split_arg_string(os.environ["COMP_WORDS"]), ""][: position + 1]
        arguments: list[str] = []
        for word in words:
            if arguments and word and (word[0] in _SEPARATORS or arguments[-1][-1:] in tuple(_SEPARATORS)):
                arguments[-1] += word
            else:
                arguments.append(word)
        if arguments[-1].startswith("-") and "=" in arguments[-1]:
            # What click completes is the value alone.
            arguments[-1:] = arguments[-1].split("=", 1)
        self._completed = len(arguments[-1]) - len(words[-1].lstrip(_SEPARATORS))
        return arguments[1:-1], arguments[-1]

    def format_completion(self, item: CompletionItem) -> str:
        """Return a completion as the script of bash reads it, without the words before the last one."""
        value = item.value[self._completed :] if item.type == "plain" else item.value
        return super().format_completion(CompletionItem(value, item.type))


add_completion_class(_BashComplete)
