"""Puts the sleeping hook into botocore, without importing botocore before anyone needs it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec

# The module whose list of built-in handlers every new session is given.
_HANDLERS = "botocore.handlers"


def install() -> None:
    """Let every botocore session from now on carry the hook; a second call changes nothing."""
    loaded = sys.modules.get(_HANDLERS)
    if loaded is not None:
        _add_hook(loaded)
    elif not any(isinstance(finder, _WaitForBotocore) for finder in sys.meta_path):
        sys.meta_path.insert(0, _WaitForBotocore())


def _add_hook(handlers: ModuleType) -> None:
    from fakeecr.adapters.botocore_hook import SLEEPING

    known = handlers.BUILTIN_HANDLERS
    known.extend(entry for entry in SLEEPING.handlers() if entry not in known)


class _WaitForBotocore:
    """Waits until one module is imported, and adds the hook then."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != _HANDLERS:
            return None
        for finder in [*sys.meta_path]:
            spec = None if finder is self else finder.find_spec(fullname, path, target)
            if spec is not None and spec.loader is not None:
                spec.loader = _AddHookAfterwards(spec.loader, self)  # type: ignore[assignment]
                return spec
        return None


class _AddHookAfterwards:
    def __init__(self, loader: Loader, waiting: _WaitForBotocore) -> None:
        self._loader = loader
        self._waiting = waiting

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        # The module is to look as though nobody had waited for it.
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        _add_hook(module)
        # Not before: to look for a module is not yet to import it, and an import may fail.
        if self._waiting in sys.meta_path:
            sys.meta_path.remove(self._waiting)
