"""Edits of plugins, applied to pyflyte's command line."""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING, Any, Callable, NoReturn

import click
import rich_click
from click.core import ParameterSource

from flyte_host import _view
from flyte_host._errors import PluginError, find_plugin_error
from flyte_host._invocation import REMEMBERED, Invocation, texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flyte_host import _native

logger = logging.getLogger("flyte_host")

#: Arguments that flyte-host calls differently.
NAMES = {
    "annotation": "annotations",
    "dir": "download_to",
    "env": "envvars",
    "files": "package_or_module",
    "label": "labels",
    "source": "flyte_data_uri",
    "tag": "tags",
    "wait": "wait_execution",
}

#: Options that flyte-host has once, for all commands, and pyflyte at each.
OF_EACH_COMMAND = ("project", "domain")

GIVEN = (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)


def configure(chain: _native.Chain, main: click.Group) -> None:
    """Apply the edits of all plugins, the last plugin first, so that the first one takes precedence."""
    for index in reversed(range(len(chain.plugins))):
        name, version, _ = chain.plugins[index]
        editor = _Editor(main, f"plugin `{name}` {version}", name)
        for edit in chain.configure_cli(index, _view.describe(main)):
            editor.apply(edit)


def guard_commands(main: click.Group, deferred: Callable[[], PluginError | None]) -> None:
    """Let each command raise an error that was kept, and errors of plugins that flytekit wrapped."""
    for command in {id(command): command for command in main.commands.values()}.values():
        command.invoke = _guarded(command.invoke, deferred)  # type: ignore[method-assign]
    main.invoke = _guarded(_without_unknown(main.invoke, deferred), lambda: None)  # type: ignore[method-assign]
    main.make_context = _parsed(main.make_context)  # type: ignore[method-assign]


def _guarded(
    invoke: Callable[[click.Context], Any], deferred: Callable[[], PluginError | None]
) -> Callable[[click.Context], Any]:
    @functools.wraps(invoke)
    def guarded(ctx: click.Context) -> Any:
        error = deferred()
        words = [*getattr(ctx, "_protected_args", ()), *ctx.args]
        if error is not None and not any(word in ctx.help_option_names for word in words):
            _fail(ctx, error)
        try:
            return invoke(ctx)
        except click.exceptions.Exit:
            raise
        except Exception as raised:
            failed = find_plugin_error(raised)
            if failed is None:
                raise
            return _fail(ctx, failed)

    return guarded


def _without_unknown(
    invoke: Callable[[click.Context], Any], deferred: Callable[[], PluginError | None]
) -> Callable[[click.Context], Any]:
    """Return a function that raises the kept error for an unknown command, which may be that plugin's."""

    @functools.wraps(invoke)
    def known(ctx: click.Context) -> Any:
        try:
            return invoke(ctx)
        except click.UsageError as unknown:
            error = deferred()
            if error is None or ctx.invoked_subcommand not in (None, "*"):
                raise
            raise error from unknown

    return known


def _parsed(make_context: Callable[..., click.Context]) -> Callable[..., click.Context]:
    """Return a function that prints the errors of callbacks of the program's own options."""

    @functools.wraps(make_context)
    def parsed(*args: Any, **kwargs: Any) -> click.Context:
        try:
            return make_context(*args, **kwargs)
        except PluginError as error:
            error.show()
            raise click.exceptions.Exit(error.exit_code) from error

    return parsed


def _fail(ctx: click.Context, error: PluginError) -> NoReturn:
    """Print an error as flyte-host does: rich_click would break its lines in a frame."""
    error.show()
    ctx.exit(error.exit_code)


class _Editor:
    """Applies the edits of one plugin."""

    def __init__(self, main: click.Group, plugin: str, name: str) -> None:
        self._main = main
        self._plugin = plugin
        self._name = name

    def apply(self, edit: _native.Edit) -> None:
        """Apply one edit. One of something that pyflyte does not have is skipped."""
        command = self._find(edit.path)
        if command is None:
            self._skip(f"the command `{' '.join(edit.path)}`")
            return
        getattr(self, f"_{edit.kind}")(command, edit)

    def _skip(self, what: str) -> None:
        logger.info("%s changes %s, which pyflyte does not have", self._plugin, what)

    def _refuse(self, problem: str, hint: str | None = None) -> PluginError:
        hints = [hint] if hint else []
        hints.append("set `FLYTE_PLUGIN=builtin` to run without the plugin")
        return PluginError(f"{self._plugin} {problem}", hints=hints, plugin=self._name)

    def _find(self, path: list[str]) -> click.Command | None:
        command: click.Command | None = self._main
        for name in path:
            command = getattr(command, "commands", {}).get(name)
        return command

    def _group(self, command: click.Command, path: list[str]) -> click.Group | None:
        """Return a group to which commands can be added; that of `run FILE` makes its own."""
        if isinstance(command, click.Group):
            return command
        self._skip(f"the group `{' '.join(path)}`")
        return None

    def _add_command(self, parent: click.Command, edit: _native.Edit) -> None:
        new = edit.command
        group = self._group(parent, edit.path)
        if new is None or group is None:
            return
        for name in (new.name, *new.aliases):
            if name in group.commands:
                title = " ".join([*edit.path, new.name])
                raise self._refuse(
                    f"adds the command `{title}`, which already exists"
                    if name == new.name
                    else f"adds the command `{title}` with the alias `{name}`, which is already used",
                    "choose another name, or use `replace`" if name == new.name else "choose another alias",
                )
        self._insert(group, new, edit.path)

    def _insert(self, group: click.Group, new: _native.Command, path: list[str]) -> None:
        built = build(new, path)
        group.add_command(built, new.name)
        for alias in new.aliases:
            twin = build(new, path)
            twin.hidden = True
            group.add_command(twin, alias)

    def _merge(self, parent: click.Command, edit: _native.Edit) -> None:
        new = edit.command
        group = self._group(parent, edit.path)
        if new is None or group is None:
            return
        self._merge_into(group, new, edit.path)

    def _merge_into(self, group: click.Group, new: _native.Command, path: list[str]) -> None:
        existing = group.commands.get(new.name)
        if existing is None:
            self._insert(group, new, path)
            return
        below = [*path, new.name]
        if not isinstance(existing, click.Group):
            message = f"merges the group `{' '.join(below)}`, which exists as a command"
            raise self._refuse(message)
        for argument in new.arguments:
            _add_parameter(existing, argument)
        for command in new.commands:
            if command.commands and isinstance(existing.commands.get(command.name), click.Group):
                self._merge_into(existing, command, below)
            elif command.name in existing.commands:
                title = " ".join([*below, command.name])
                raise self._refuse(
                    f"adds the command `{title}`, which already exists",
                    "choose another name, or use `replace`",
                )
            else:
                self._insert(existing, command, below)

    def _replace(self, parent: click.Command, edit: _native.Edit) -> None:
        new = edit.command
        group = self._group(parent, edit.path)
        if new is None or group is None:
            return
        if new.name not in group.commands:
            self._skip(f"the command `{' '.join([*edit.path, new.name])}`")
            return
        self._insert(group, new, edit.path)

    def _hide(self, command: click.Command, edit: _native.Edit) -> None:
        del edit
        command.hidden = True

    def _add_argument(self, command: click.Command, edit: _native.Edit) -> None:
        if edit.new_argument is None:
            return
        commands = _all_static(command) if edit.new_argument.is_global else [command]
        for each in commands:
            _add_parameter(each, edit.new_argument)

    def _set_default(self, command: click.Command, edit: _native.Edit) -> None:
        for parameter in self._parameters(command, edit):
            values = [parameter_value(parameter, value) for value in edit.defaults]
            several = parameter.multiple or parameter.nargs != 1
            parameter.default = values if several else (values[0] if values else None)
            parameter.required = False

    def _set_lazy_default(self, command: click.Command, edit: _native.Edit) -> None:
        lazy = edit.lazy_default
        if lazy is None:
            return
        for parameter in self._parameters(command, edit):
            parameter.default = _lazy(parameter, lazy, parameter.default)
            parameter.required = False

    def _add_callback(self, command: click.Command, edit: _native.Edit) -> None:
        if edit.callback is None:
            return
        for parameter in self._parameters(command, edit):
            parameter.callback = _chained(edit.callback, parameter.callback)

    def _parameters(self, command: click.Command, edit: _native.Edit) -> list[click.Parameter]:
        """Return the parameters that an edit means."""
        wanted = edit.argument or ""
        commands = [command]
        if command is self._main and wanted in OF_EACH_COMMAND:
            commands = list(_all_static(command))
        found = [parameter for each in commands for parameter in find_parameter(each, wanted)]
        if not found:
            of = f" of `{' '.join(edit.path)}`" if edit.path else ""
            self._skip(f"the argument `{wanted}`{of}")
        return found


def _all_static(command: click.Command) -> Iterator[click.Command]:
    """Return a command and those below it that exist before pyflyte runs."""
    yield command
    for below in getattr(command, "commands", {}).values():
        yield from _all_static(below)


def find_parameter(command: click.Command, wanted: str) -> list[click.Parameter]:
    """Return the parameter of a command by flyte-host's id or long name, as a list of none or one."""
    plain = wanted.replace("-", "_")
    names = (plain, NAMES.get(wanted, plain))
    by_name = [parameter for parameter in command.params if parameter.name in names]
    by_option = [
        parameter
        for parameter in command.params
        if f"--{wanted}" in (*parameter.opts, *parameter.secondary_opts)
    ]
    return (by_name or by_option)[:1]


def parameter_value(parameter: click.Parameter, text: str) -> Any:
    """Return a default as a value: flags and counters have no texts."""
    if isinstance(parameter, click.Option) and parameter.is_flag:
        return text == "true"
    if isinstance(parameter, click.Option) and parameter.count:
        return int(text)
    return text


def _add_parameter(command: click.Command, argument: _native.Argument) -> None:
    """Add a plugin's argument to a command whose function does not expect it."""
    name = _name(argument)
    if any(parameter.name == name for parameter in command.params):
        return
    parameter = parameter_for(argument)
    parameter.expose_value = False
    parameter.callback = _remembering(parameter.callback)
    command.params.append(parameter)


def _name(argument: _native.Argument) -> str:
    return argument.id.replace("-", "_").replace(".", "_").lower()


def parameter_for(argument: _native.Argument) -> click.Parameter:
    """Return click's parameter for an argument of a plugin."""
    callback = _chained(argument.callback, None) if argument.callback else None
    choice = click.Choice(argument.possible_values) if argument.possible_values else None
    single = argument.defaults[0] if argument.defaults else None
    several = argument.multiple
    if argument.kind == "positional":
        return click.Argument(
            [_name(argument)],
            type=choice,
            nargs=-1 if several else 1,
            required=argument.required,
            default=argument.defaults or None if several else single,
            envvar=argument.env,
            callback=callback,
            metavar=argument.value_name,
        )
    spellings = [f"--{long}" for long in (argument.long, *argument.aliases) if long]
    if argument.short:
        spellings.append(f"-{argument.short}")
    if not spellings:
        spellings.append(f"--{argument.id}")
    more: dict[str, Any] = {
        "help": argument.help,
        "hidden": argument.hidden,
        "envvar": argument.env,
        "show_envvar": argument.env is not None,
        "callback": callback,
    }
    if argument.kind == "flag":
        return click.Option([*spellings, _name(argument)], is_flag=True, default=single == "true", **more)
    if argument.kind == "counter":
        return click.Option([*spellings, _name(argument)], count=True, default=int(single or 0), **more)
    return click.Option(
        [*spellings, _name(argument)],
        type=choice,
        multiple=several,
        required=argument.required,
        default=argument.defaults or None if several else single,
        show_default=bool(argument.defaults),
        metavar=argument.value_name,
        **more,
    )


def _title(parameter: click.Parameter, ctx: click.Context | None) -> str:
    spelling = next((option for option in parameter.opts if option.startswith("--")), parameter.opts[0])
    path = Invocation.path_of(ctx) if ctx else []
    return f"`{spelling}` of `{' '.join(path)}`" if path else f"`{spelling}`"


def _chained(callback: _native.Callback, previous: Callable[..., Any] | None) -> Callable[..., Any]:
    """Return a callback of click that asks the one before it, then the plugin's."""

    def call(ctx: click.Context, parameter: click.Parameter, value: Any) -> Any:
        if previous is not None:
            value = previous(ctx, parameter, value)
        if ctx.resilient_parsing:
            return value
        given = ctx.get_parameter_source(parameter.name or "") in GIVEN
        replaced = callback(_title(parameter, ctx), texts(value) or [], given)
        if replaced is None:
            return value
        several = parameter.multiple or parameter.nargs != 1
        if several:
            return parameter.type_cast_value(ctx, tuple(replaced))
        return parameter.type_cast_value(ctx, parameter_value(parameter, replaced[0])) if replaced else None

    return call


def _remembering(callback: Callable[..., Any] | None) -> Callable[..., Any]:
    """Return a callback that keeps the value for the plugins' commands: pyflyte's functions do not expect it.

    An option of every command has the value of the first one at which it was given.
    """

    def call(ctx: click.Context, parameter: click.Parameter, value: Any) -> Any:
        known = ctx.meta.setdefault(REMEMBERED, {})
        given = ctx.get_parameter_source(parameter.name or "") in GIVEN
        if not given and known.get(parameter.name, (None, False))[1]:
            return known[parameter.name][0]
        if callback is not None:
            value = callback(ctx, parameter, value)
        known[parameter.name] = (value, given)
        return value

    return call


def _lazy(parameter: click.Parameter, lazy: _native.LazyDefault, previous: Any) -> Callable[[], Any]:
    """Return a default that the plugin computes of the one before it."""

    def default() -> Any:
        before = previous() if callable(previous) else previous
        ctx = click.get_current_context(silent=True)
        values = lazy(_title(parameter, ctx), texts(before) or [])
        several = parameter.multiple or parameter.nargs != 1
        return values if several else (values[0] if values else None)

    return default


def build(new: _native.Command, parent: list[str]) -> click.Command:
    """Return click's command for a command of a plugin."""
    path = [*parent, new.name]
    parameters = [parameter_for(argument) for argument in new.arguments]
    attributes: dict[str, Any] = {
        "help": new.long_about or new.about,
        "short_help": new.about,
        "epilog": new.after_help,
        "params": parameters,
        "hidden": new.hidden,
    }
    if not new.commands:
        return rich_click.RichCommand(new.name, callback=_runner(new, path), **attributes)
    group = rich_click.RichGroup(
        new.name,
        callback=_runner(new, path) if new.runs else None,
        invoke_without_command=new.runs,
        **attributes,
    )
    for below in new.commands:
        group.add_command(build(below, path))
        for alias in below.aliases:
            twin = build(below, path)
            twin.hidden = True
            group.add_command(twin, alias)
    return group


def _runner(new: _native.Command, path: list[str]) -> Callable[..., None]:
    def run(**_: Any) -> None:
        ctx = click.get_current_context()
        if ctx.invoked_subcommand is not None:
            return
        _check_conflicts(new, ctx)
        code = new.run(" ".join(path), Invocation(ctx, new.arguments))
        if code:
            ctx.exit(code)

    return run


def _check_conflicts(new: _native.Command, ctx: click.Context) -> None:
    given = {argument.id for argument in new.arguments if ctx.get_parameter_source(_name(argument)) in GIVEN}
    for argument in new.arguments:
        other = next((other for other in argument.conflicts_with if other in given), None)
        if argument.id in given and other is not None:
            message = f"`{argument.long or argument.id}` cannot be used with `{other}`"
            raise click.UsageError(message, ctx)
