"""Puts the sleeping hook into botocore, without importing botocore before anyone needs it."""

from __future__ import annotations

from types import ModuleType

from fakeecr.adapters.imports import when_imported


def install() -> None:
    """Let every botocore session from now on carry the hook; a second call changes nothing."""
    # The module whose list of built-in handlers every new session is given.
    when_imported("botocore.handlers", _add_hook)


def _add_hook(handlers: ModuleType) -> None:
    from fakeecr.adapters.botocore_hook import SLEEPING

    known = handlers.BUILTIN_HANDLERS
    known.extend(entry for entry in SLEEPING.handlers() if entry not in known)
