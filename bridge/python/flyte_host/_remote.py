"""``get_remote``: flytekit's ``FlyteRemote`` with what plugins change."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource
from flytekit.configuration import AuthType, Config, PlatformConfig
from flytekit.remote import FlyteRemote

from flyte_host import _channel

if TYPE_CHECKING:
    from flyte_host._behind import Behind
    from flyte_host._native import Answer, Chain

#: flytekit's names of the fields of a connection that have another one in the protocol.
NAMES = {"client_secret": "client_credentials_secret"}

#: The fields of a connection that flytekit's ``PlatformConfig`` has.
PLATFORM = (
    "endpoint",
    "insecure",
    "insecure_skip_verify",
    "ca_cert_file_path",
    "console_endpoint",
    "http_proxy_url",
    "auth_mode",
    "client_id",
    "client_secret",
    "scopes",
    "audience",
    "command",
    "proxy_command",
)

LISTS = ("scopes", "command", "proxy_command")


def describe(remote: FlyteRemote) -> dict[str, Any]:
    """Return a remote as the protocol's fields, without its secret."""
    platform = remote.config.platform
    values = {name: getattr(platform, NAMES.get(name, name), None) for name in PLATFORM}
    values["client_secret"] = None
    if isinstance(values["auth_mode"], AuthType):
        values["auth_mode"] = values["auth_mode"].value
    for name in LISTS:
        values[name] = list(values[name] or [])
    carried = getattr(platform, "flyte_host", None)
    values["headers"] = list(carried.headers) if carried else []
    values["default_project"] = remote.default_project or None
    values["default_domain"] = remote.default_domain or None
    values["data_upload_location"] = remote.file_access.raw_output_prefix or None
    return values


def resolve(
    chain: Chain,
    behind: Behind,
    config: str | None,
    project: str | None,
    domain: str | None,
    data_upload_location: str | None,
) -> FlyteRemote:
    """Return the remote that the chain chooses.

    It is the Python plugin's own, with the changes of the plugins; or flytekit's, if no plugin asked for the
    Python plugin's.
    """
    answer = chain.get_remote(config, project or "", domain or "", data_upload_location)
    remote = behind.remote(answer.behind)
    if remote is None:
        return _new_remote(answer, project, domain, data_upload_location)
    if answer.owners or answer.has_transport:
        _change(remote, answer)
    return remote


def _new_remote(answer: Answer, project: str | None, domain: str | None, location: str | None) -> FlyteRemote:
    values = answer.values
    endpoint = values["endpoint"] or PlatformConfig.endpoint
    base = Config.for_endpoint(endpoint=endpoint, insecure=bool(values["insecure"]))
    config = dataclasses.replace(base, platform=_platform(base.platform, answer))
    return FlyteRemote(
        config,
        default_project=_default(answer, "default_project", project),
        default_domain=_default(answer, "default_domain", domain),
        data_upload_location=values["data_upload_location"] or location,
    )


def _change(remote: FlyteRemote, answer: Answer) -> None:
    """Apply the plugins' values to a remote of any class.

    Its class may be that of another package, so it cannot be made anew; flytekit has no functions for this.
    """
    config = dataclasses.replace(remote.config, platform=_platform(remote.config.platform, answer))
    remote._config = config  # noqa: SLF001
    remote._client_initialized = False  # noqa: SLF001
    remote._default_project = _default(answer, "default_project", remote.default_project)  # noqa: SLF001
    remote._default_domain = _default(answer, "default_domain", remote.default_domain)  # noqa: SLF001
    if "data_upload_location" in answer.owners:
        _upload_to(remote, answer.values["data_upload_location"])


def _upload_to(remote: FlyteRemote, location: str) -> None:
    from flytekit.core.context_manager import FlyteContextManager
    from flytekit.core.data_persistence import FileAccessProvider

    access = FileAccessProvider(
        local_sandbox_dir=remote.file_access.local_sandbox_dir,
        raw_output_prefix=location,
        data_config=remote.config.data_config,
    )
    remote._file_access = access  # noqa: SLF001
    context = FlyteContextManager.current_context().with_file_access(access)
    remote._ctx = context.build()  # noqa: SLF001


def _platform(platform: PlatformConfig, answer: Answer) -> PlatformConfig:
    values = answer.values
    changed = {
        NAMES.get(name, name): values[name]
        for name in PLATFORM
        if name in answer.owners and values[name] is not None
    }
    changed = dataclasses.replace(platform, **changed)
    headers = values["headers"] if "headers" in answer.owners else []
    if not headers and not answer.has_transport:
        return changed
    return _channel.carried_by(changed, answer, headers)


def _default(answer: Answer, field: str, current: str | None) -> str | None:
    """Return a default that a plugin set, unless the user named another value on the command line."""
    if field not in answer.owners or _is_given(field.removeprefix("default_")):
        return current
    return answer.values[field] or current


def _is_given(parameter: str) -> bool:
    context = click.get_current_context(silent=True)
    given = (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)
    while context is not None:
        if parameter in context.params:
            return context.get_parameter_source(parameter) in given
        context = context.parent
    return False
