"""Actions on modules that run when the user's code imports them, so that fakeecr does not have to."""

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
    """Run an action on a module: now if it is imported already, otherwise right after its import.

    While an action is waiting for a module, further actions on the same module are ignored.

    Args:
        name: the full name of the module.
        action: called once with the module.
    """
    module = sys.modules.get(name)
    if module is not None:
        action(module)
    elif not any(isinstance(finder, _WatchingFinder) and finder.name == name for finder in sys.meta_path):
        sys.meta_path.insert(0, _WatchingFinder(name, action))


def stop_waiting(name: str) -> None:
    """Drop the action that waits for the import of a module, if there is one."""
    for finder in [*sys.meta_path]:
        if isinstance(finder, _WatchingFinder) and finder.name == name:
            sys.meta_path.remove(finder)


class _WatchingFinder:
    """An entry of `sys.meta_path` that lets the other finders find one module, and acts after its import."""

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
                spec.loader = _ActingLoader(spec.loader, self)  # type: ignore[assignment]
                return spec
        return None


class _ActingLoader:
    """Loads a module as its own loader does, then runs the action that waits for it."""

    def __init__(self, loader: Loader, finder: _WatchingFinder) -> None:
        self._loader = loader
        self._finder = finder

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        # The module must not show that it was waited for.
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        self._finder.action(module)
        # Only now: a module may be looked up without being imported, and an import may fail and be tried again.
        if self._finder in sys.meta_path:
            sys.meta_path.remove(self._finder)
