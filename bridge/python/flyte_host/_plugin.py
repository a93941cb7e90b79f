"""flytekit's plugin object, answered by compiled plugins."""

from __future__ import annotations

import atexit
import inspect
import logging
import sys
import sysconfig
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flyte_host._behind import Behind
from flyte_host._errors import PluginError

if TYPE_CHECKING:
    import click
    from flytekit.remote import FlyteRemote

    from flyte_host._cache import PluginCachePolicy
    from flyte_host._native import Chain

logger = logging.getLogger("flyte_host")

#: The beginning of the names of pyflyte's modules.
PYFLYTE = "flytekit.clis."


class CompiledPlugins:
    """The compiled plugins that are selected, with a Python plugin behind them.

    It has flytekit's plugin protocol. The plugins are loaded at the first call of a hook.
    """

    def __init__(self, behind: Any) -> None:
        """Put compiled plugins in front of ``behind``, flytekit's plugin or that of another package."""
        self._behind = Behind(behind)
        self._lock = threading.RLock()
        self._chain: Chain | None = None
        self._load_error: PluginError | None = None
        self._deferred: PluginError | None = None

    def __getattr__(self, name: str) -> Any:
        """Return what the Python plugin has beyond flytekit's protocol."""
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._behind.plugin, name)

    @property
    def chain(self) -> Chain:
        """The chain, loaded at the first use. An error stays: a plugin is loaded once in a process."""
        with self._lock:
            if self._load_error is not None:
                raise self._load_error
            if self._chain is None:
                from flyte_host import _native

                try:
                    self._chain = _native.open_chain(self._behind, *surroundings())
                except PluginError as error:
                    self._load_error = error
                    raise
                atexit.register(_native.finish)
            return self._chain

    def get_remote(
        self, config: str | None, project: str, domain: str, data_upload_location: str | None = None
    ) -> FlyteRemote:
        """Return the connection that the plugins choose."""
        from flyte_host._remote import resolve

        return resolve(self.chain, self._behind, config, project, domain, data_upload_location)

    def configure_pyflyte_cli(self, main: click.Group) -> click.Group:
        """Let the plugins change the command line. An error is raised by the first command."""
        from flyte_host import _cli

        configured = self._behind.plugin.configure_pyflyte_cli(main)
        main = main if configured is None else configured
        try:
            _cli.configure(self.chain, main)
        except PluginError as error:
            self._deferred = self._deferred or error
        _cli.guard_commands(main, lambda: self._deferred)
        return main

    def secret_requires_group(self) -> bool:
        """Return whether a secret must name a group."""
        return self.chain.secret_requires_group()

    def get_default_image(self) -> str | None:
        """Return the image of tasks without one.

        pyflyte asks when it is imported, where an error would take away even ``--help``: it is kept for the
        first command.
        """
        try:
            return self.chain.get_default_image()
        except PluginError as error:
            if not _is_pyflyte_being_imported():
                raise
            self._deferred = self._deferred or error
            return None
        except AttributeError as error:
            # flytekit takes it for a plugin without this hook.
            message = f"get_default_image: {error}"
            raise RuntimeError(message) from error

    def get_auth_success_html(self, endpoint: str) -> str | None:
        """Return the page to show after sign-in. An error costs the page, not the sign-in."""
        try:
            return self.chain.get_auth_success_html(endpoint)
        except PluginError as error:
            logger.warning("%s", error)
            return None

    def get_default_cache_policies(self) -> list[PluginCachePolicy]:
        """Return the policies of cached tasks without a version."""
        from flyte_host._cache import PluginCachePolicy

        policies = self.chain.get_default_cache_policies()
        return [PluginCachePolicy(policy, self) for policy in policies if policy.enabled]


def _is_pyflyte_being_imported() -> bool:
    """Return whether a module of pyflyte is being executed below the caller."""
    frame = inspect.currentframe()
    while frame is not None:
        if frame.f_code.co_name == "<module>":
            spec = frame.f_globals.get("__spec__")
            if (getattr(spec, "name", None) or frame.f_globals.get("__name__", "")).startswith(PYFLYTE):
                return True
        frame = frame.f_back
    return False


def surroundings() -> tuple[str, Path | None, list[Path]]:
    """Return the command that runs, the program for isolated plugins, and folders of installed plugins."""
    name = "-m flytekit" if sys.argv[0] == "-m" else Path(sys.argv[0]).name
    words = [word for word in sys.argv[1:2] if not word.startswith("-")]
    return " ".join([name, *words]), _flyte_host(), _installed_folders()


def _flyte_host() -> Path | None:
    """Return the program that was installed with this package, also by ``pip install --target``."""
    name = f"flyte-host{sysconfig.get_config_var('EXE') or ''}"
    beside = Path(__file__).parents[1] / "bin"
    paths = [Path(sysconfig.get_path("scripts")) / name, beside / name]
    return next((path for path in paths if path.exists()), None)


def _installed_folders() -> list[Path]:
    """Return the folders of plugins that are installed as wheels, without importing them."""
    from importlib.metadata import distributions

    folders = []
    for distribution in distributions():
        for entry_point in distribution.entry_points:
            if entry_point.group == "flyte_host.plugins":
                folders.extend(_folders_of(entry_point.value))
    return folders


def _folders_of(package: str) -> list[Path]:
    """Return the folders of a package. One that cannot be found costs its own plugins only."""
    import importlib.util

    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError) as error:
        logger.warning("ignoring the plugins of the package `%s`: %s", package, error)
        return []
    locations = None if spec is None else spec.submodule_search_locations
    return [Path(folder) for folder in locations or []]
