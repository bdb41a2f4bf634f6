"""Adds the hook to botocore's built-in handlers, without importing botocore."""

from __future__ import annotations

from types import ModuleType

from fakeecr.adapters.imports import when_imported


def install() -> None:
    """Make every botocore session created from now on carry the hook; calling this again changes nothing."""
    # Every new session registers the handlers that this module lists.
    when_imported("botocore.handlers", _add_hook)


def _add_hook(handlers: ModuleType) -> None:
    from fakeecr.adapters.botocore.hook import DEFAULT_HOOK

    builtin = handlers.BUILTIN_HANDLERS
    builtin.extend(entry for entry in DEFAULT_HOOK.handlers() if entry not in builtin)
