"""Cache policies, in both directions between flytekit and compiled plugins."""

from __future__ import annotations

import contextvars
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flytekit.core.cache import CachePolicy, VersionParameters

    from flyte_host._native import Policy
    from flyte_host._plugin import CompiledPlugins

#: flytekit's parameters of the version that is being computed. Compiled plugins do not see the function.
_parameters: contextvars.ContextVar[VersionParameters | None] = contextvars.ContextVar(
    "flyte_host_parameters", default=None
)


class PluginCachePolicy:
    """A cache policy of a compiled plugin, as flytekit calls it."""

    def __init__(self, policy: Policy, plugins: CompiledPlugins) -> None:
        """Wrap a policy."""
        self._policy = policy
        self._plugins = plugins

    def __repr__(self) -> str:
        """Return the policy's name, for messages of flytekit."""
        return self._policy.name

    def get_version(self, salt: str, params: VersionParameters) -> str:
        """Return the policy's part of the version; empty if it does not apply to the task."""
        token = _parameters.set(params)
        try:
            return self._policy.version(salt, self._describe(params))
        finally:
            _parameters.reset(token)

    def _describe(self, params: VersionParameters) -> dict[str, Any]:
        return {
            "task_name": _task_name(params.func),
            "task_type": "python-task",
            "container_image": _image(params.container_image),
            "pod_template_name": params.pod_template_name,
            "pod_template": _pod_template(params.pod_template),
            "command": [],
            "arguments": [],
        }


class PythonCachePolicy:
    """A cache policy of the Python plugin, as compiled plugins call it."""

    def __init__(self, policy: CachePolicy) -> None:
        """Wrap a policy."""
        self._policy = policy

    def get_version(self, salt: str, described: dict[str, Any]) -> str:
        """Return the policy's version of the task that flytekit is asking about."""
        params = _parameters.get()
        if params is None:
            from flytekit.core.cache import VersionParameters

            params = VersionParameters(func=lambda: None, container_image=described["container_image"])
        return self._policy.get_version(salt, params)


def _task_name(function: Any) -> str:
    """Return the name under which flytekit registers the task of a function."""
    from flytekit.core.tracker import extract_task_module

    try:
        return extract_task_module(function)[0]
    except (AttributeError, ValueError):
        return getattr(function, "__qualname__", "")


def _image(image: Any) -> str | None:
    """Return an image's name, after the default was filled in, as flyte-host does before it asks."""
    if image is None:
        from flytekit.configuration.default_images import DefaultImages

        return DefaultImages.default_image()
    if isinstance(image, str):
        return image
    return image.image_name()


def _pod_template(template: Any) -> str | None:
    """Return a pod template's specification as JSON."""
    if template is None or template.pod_spec is None:
        return None
    from kubernetes.client import ApiClient

    return json.dumps(ApiClient().sanitize_for_serialization(template.pod_spec))
