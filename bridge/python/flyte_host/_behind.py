"""The Python plugin behind the compiled ones, as the native half asks it."""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flytekit.remote import FlyteRemote

#: How many remotes are kept; a plugin could ask for many in one call.
KEPT = 64


class Behind:
    """flytekit's plugin, or that of another package such as union's."""

    def __init__(self, plugin: Any) -> None:
        """Describe the answers of ``plugin``."""
        self.plugin = plugin
        self._numbers = itertools.count(1)
        self._remotes: dict[int, FlyteRemote] = {}
        self._lock = threading.Lock()

    def remote(self, number: int) -> FlyteRemote | None:
        """Return a remote that ``get_remote`` numbered."""
        with self._lock:
            return self._remotes.get(number)

    def get_remote(
        self, config: str | None, project: str, domain: str, data_upload_location: str | None
    ) -> tuple[int, dict[str, Any]]:
        """Return the Python plugin's remote as data, and its number."""
        from flyte_host._remote import describe

        config = None if config is None else str(config)
        remote = self.plugin.get_remote(config, project, domain, data_upload_location)
        number = next(self._numbers)
        with self._lock:
            self._remotes[number] = remote
            for old in list(self._remotes)[:-KEPT]:
                del self._remotes[old]
        return number, describe(remote)

    def secret_requires_group(self) -> bool:
        """Return the Python plugin's answer."""
        return bool(self.plugin.secret_requires_group())

    def get_default_image(self) -> str | None:
        """Return the Python plugin's answer; a plugin without the hook has none."""
        hook = getattr(self.plugin, "get_default_image", None)
        return None if hook is None else hook()

    def get_auth_success_html(self, endpoint: str) -> str | None:
        """Return the Python plugin's answer; a plugin without the hook has none."""
        hook = getattr(self.plugin, "get_auth_success_html", None)
        return None if hook is None else hook(endpoint)

    def get_default_cache_policies(self) -> list[tuple[Any, str]]:
        """Return the Python plugin's policies with their names."""
        from flyte_host._cache import PythonCachePolicy

        hook = getattr(self.plugin, "get_default_cache_policies", None)
        policies = [] if hook is None else hook() or []
        return [(PythonCachePolicy(policy), _policy_name(policy)) for policy in policies]


def _policy_name(policy: Any) -> str:
    """Return a policy's own text, or the name of its class."""
    has_text = type(policy).__repr__ is not object.__repr__ or type(policy).__str__ is not object.__str__
    return str(policy) if has_text else type(policy).__name__
