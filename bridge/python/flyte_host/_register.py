"""Puts compiled plugins in front of flytekit's plugin. flytekit imports this module when it is imported.

flytekit chooses its plugin when ``flytekit.configuration.plugin`` is imported, which many programs never do.
So an import hook waits for that module; until then nothing else of this package is imported.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import sys
from importlib.abc import Loader, MetaPathFinder
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

MODULE = "flytekit.configuration.plugin"

#: The administrator's settings, which may require plugins.
ADMINISTRATOR = "/etc/flyte/host.toml"


def may_exist(path: Path) -> bool:
    """Return whether a file exists. The native half reports one that cannot be looked at."""
    try:
        path.stat()
    except OSError as error:
        return not isinstance(error, (FileNotFoundError, NotADirectoryError))
    return True


def is_selected() -> bool:
    """Return whether a compiled plugin may be selected; cheap, and never wrong when it says no."""
    if may_exist(Path(ADMINISTRATOR)):
        # What it requires is used whatever the user selects.
        return True
    variable = os.environ.get("FLYTE_PLUGIN")
    if variable:
        return variable != "builtin"
    try:
        settings = os.environ.get("FLYTE_HOST_CONFIG") or Path("~/.flyte/host.toml").expanduser()
    except RuntimeError:
        # Users without a home have no settings.
        return False
    return may_exist(Path(settings))


_suspended = False


def suspend() -> None:
    """Leave flytekit's plugin as it is in this process, for a program that asks compiled plugins itself."""
    global _suspended  # noqa: PLW0603
    _suspended = True


def put_in_front(module: ModuleType) -> None:
    """Make compiled plugins flytekit's plugin, with the present one behind them."""
    if _suspended or not is_selected():
        return
    from flyte_host._plugin import CompiledPlugins

    chosen = module._GLOBAL_CONFIG  # noqa: SLF001 (flytekit has no function that sets it)
    if not isinstance(chosen["plugin"], CompiledPlugins):
        chosen["plugin"] = CompiledPlugins(chosen["plugin"])


class _ThenInFront(Loader):
    """Loads a module as another loader does, then puts compiled plugins in front."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        put_in_front(module)

    def __getattr__(self, name: str) -> object:
        return getattr(self._loader, name)


class _Finder(MetaPathFinder):
    """Finds the module in which flytekit chooses its plugin."""

    def __init__(self) -> None:
        self._is_searching = False

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return the module's spec with a loader that also registers; ``None`` for all other modules."""
        del path, target
        if fullname != MODULE or self._is_searching:
            return None
        self._is_searching = True
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._is_searching = False
        if spec is not None and spec.loader is not None:
            spec.loader = _ThenInFront(spec.loader)
        return spec


def install() -> None:
    """Wait for the module, or register at once if it is imported already. Further calls have no effect."""
    if not any(type(finder).__qualname__ == _Finder.__qualname__ for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
    module = sys.modules.get(MODULE)
    if module is not None and hasattr(module, "_GLOBAL_CONFIG"):
        put_in_front(module)


install()
