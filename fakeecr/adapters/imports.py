"""Waits for modules to be imported by whoever needs them, rather than to import them itself."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec

Action = Callable[[ModuleType], None]


def when_imported(name: str, action: Action) -> None:
    """Do something with a module: now if it is loaded, else as soon as it is; waiting twice is waiting once."""
    loaded = sys.modules.get(name)
    if loaded is not None:
        action(loaded)
    elif not any(isinstance(finder, _Waiting) and finder.name == name for finder in sys.meta_path):
        sys.meta_path.insert(0, _Waiting(name, action))


def wait_no_longer(name: str) -> None:
    """Forget a module that was waited for."""
    for finder in [*sys.meta_path]:
        if isinstance(finder, _Waiting) and finder.name == name:
            sys.meta_path.remove(finder)


class _Waiting:
    """Stands among the finders until one module is imported."""

    def __init__(self, name: str, action: Action) -> None:
        self.name = name
        self.action = action

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self.name:
            return None
        for finder in [*sys.meta_path]:
            spec = None if finder is self else finder.find_spec(fullname, path, target)
            if spec is not None and spec.loader is not None:
                spec.loader = _ActAfterwards(spec.loader, self)  # type: ignore[assignment]
                return spec
        return None


class _ActAfterwards:
    def __init__(self, loader: Loader, waiting: _Waiting) -> None:
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
        self._waiting.action(module)
        # Not before: to look for a module is not yet to import it, and an import may fail.
        if self._waiting in sys.meta_path:
            sys.meta_path.remove(self._waiting)
