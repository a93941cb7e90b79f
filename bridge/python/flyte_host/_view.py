"""pyflyte's command line as data, for the hook that edits it."""

from __future__ import annotations

from typing import Any

import click

from flyte_host._invocation import texts


def describe(command: click.Command) -> dict[str, Any]:
    """Return a command with those below it that exist before pyflyte runs."""
    below = getattr(command, "commands", {})
    return {
        "name": command.name or "",
        "about": command.get_short_help_str(limit=200) or None,
        "hidden": command.hidden,
        "runs": command.callback is not None,
        "arguments": [_describe_parameter(parameter) for parameter in command.params],
        "commands": [{**describe(each), "name": name} for name, each in below.items()],
    }


def _describe_parameter(parameter: click.Parameter) -> dict[str, Any]:
    options = [*parameter.opts, *parameter.secondary_opts]
    long = next((option[2:] for option in options if option.startswith("--")), None)
    short = next((option[1:] for option in options if option.startswith("-") and option[1] != "-"), None)
    is_option = isinstance(parameter, click.Option)
    choices = parameter.type.choices if isinstance(parameter.type, click.Choice) else ()
    default = parameter.default
    return {
        "id": parameter.name or "",
        "kind": _kind(parameter),
        "long": long if is_option else None,
        "short": short if is_option else None,
        "help": getattr(parameter, "help", None),
        "required": parameter.required,
        "multiple": parameter.multiple or parameter.nargs != 1,
        "hidden": getattr(parameter, "hidden", False),
        "default_values": [] if callable(default) or not _is_plain(default) else texts(default) or [],
        "possible_values": [str(choice) for choice in choices],
        "env": parameter.envvar if isinstance(parameter.envvar, str) else None,
    }


def _kind(parameter: click.Parameter) -> int:
    """Return the protocol's number: 0 option, 1 flag, 2 positional, 3 counter."""
    if isinstance(parameter, click.Argument):
        return 2
    if isinstance(parameter, click.Option) and parameter.count:
        return 3
    return 1 if isinstance(parameter, click.Option) and parameter.is_flag else 0


def _is_plain(value: Any) -> bool:
    """Whether a default is a value. click's sign for none is no value, and flytekit's are objects."""
    plain = (str, int, float, bool)
    return isinstance(value, plain) or (
        isinstance(value, (list, tuple)) and all(isinstance(each, plain) for each in value)
    )
