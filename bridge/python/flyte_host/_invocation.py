"""A running command of a plugin: what it asks of click and flytekit."""

from __future__ import annotations

import codecs
import sys
from typing import TYPE_CHECKING, Any, Callable

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from flyte_host import _native

STDOUT = 1

#: Where click's context keeps the values of options that plugins added: value, and whether it was given.
REMEMBERED = "flyte_host.values"


def texts(value: Any) -> list[str] | None:
    """Return a parameter's value as the protocol has it; ``None`` for no value."""
    if value is None:
        return None
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if isinstance(value, (list, tuple)):
        return [text for each in value for text in texts(each) or []]
    return [str(value)]


class Invocation:
    """click's context of a command, as its plugin sees it."""

    def __init__(self, ctx: click.Context, arguments: list[_native.Argument]) -> None:
        """Look at the context of a command with these arguments."""
        self._ctx = ctx
        self._decoders: dict[int, codecs.IncrementalDecoder] = {}
        self._ids = {
            argument.id: argument.id.replace("-", "_").replace(".", "_").lower() for argument in arguments
        }

    @staticmethod
    def path_of(ctx: click.Context) -> list[str]:
        """Return the names from the top to a command, without the program's."""
        names: list[str] = []
        at: click.Context | None = ctx
        while at is not None and at.parent is not None:
            names.append(at.info_name or "")
            at = at.parent
        return names[::-1]

    def path(self) -> list[str]:
        """Return the names from the top to the command."""
        return self.path_of(self._ctx)

    def values(self, argument: str) -> list[str] | None:
        """Return the values of an argument of the command, or of one above it."""
        found = self._find(argument)
        if found is not None:
            return texts(found[0].params[found[1]])
        remembered = self._remembered(argument)
        return None if remembered is None else texts(remembered[0])

    def given(self, argument: str) -> bool:
        """Return whether an argument was given, and is not a default."""
        found = self._find(argument)
        given = (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)
        if found is not None:
            return found[0].get_parameter_source(found[1]) in given
        remembered = self._remembered(argument)
        return remembered is not None and remembered[1]

    def _remembered(self, argument: str) -> tuple[Any, bool] | None:
        return self._ctx.meta.get(REMEMBERED, {}).get(argument.replace("-", "_"))

    def _find(self, argument: str) -> tuple[click.Context, str] | None:
        from flyte_host._cli import find_parameter

        ctx: click.Context | None = self._ctx
        while ctx is not None:
            names = [
                self._ids.get(argument),
                *(found.name for found in find_parameter(ctx.command, argument)),
            ]
            name = next((name for name in names if name is not None and name in ctx.params), None)
            if name is not None:
                return ctx, name
            ctx = ctx.parent
        return None

    def arguments(self, start: int) -> list[str]:
        """Return the arguments of the commands from a depth on, written out in full."""
        chain: list[click.Context] = []
        ctx: click.Context | None = self._ctx
        while ctx is not None:
            chain.insert(0, ctx)
            ctx = ctx.parent
        words: list[str] = []
        for depth, at in enumerate(chain[1:]):
            if depth < start:
                continue
            if depth > start:
                words.append(at.info_name or "")
            words.extend(_words(at))
        return words

    def write(self, stream: int, data: bytes) -> None:
        """Write to stdout or stderr. Some streams, such as those of notebooks, take text alone."""
        written: bytes | str = data
        if getattr(_stream(stream), "buffer", None) is None:
            # A character may be cut in two.
            decoder = self._decoders.setdefault(stream, codecs.getincrementaldecoder("utf-8")("replace"))
            written = decoder.decode(data)
        click.echo(written, nl=False, err=stream != STDOUT)

    def is_terminal(self, stream: int) -> bool:
        """Return whether a stream is a terminal."""
        return _stream(stream).isatty()

    def color(self, stream: int) -> bool:
        """Return whether colour is wanted on a stream."""
        return not click.utils.should_strip_ansi(_stream(stream), self._ctx.color)

    def progress(self, message: str, total: int) -> ProgressLine:
        """Start a progress line."""
        return ProgressLine(message, total)

    def remote(self) -> dict[str, Any]:
        """Return the connection that flytekit uses, without secrets."""
        from flyte_host._remote import describe

        return describe(self._flyte_remote())

    def transport(self) -> Callable[..., tuple[list[tuple[str, str]], bytes]]:
        """Return a function that carries calls as flytekit's own commands do."""
        from flyte_host._channel import carry_through

        return carry_through(self._flyte_remote().client)

    def _flyte_remote(self) -> Any:
        from flytekit.clis.sdk_in_container.helpers import get_and_save_remote_with_click_context

        project = (self.values("project") or ["flytesnacks"])[0]
        domain = (self.values("domain") or ["development"])[0]
        return get_and_save_remote_with_click_context(self._ctx, project, domain)


def _stream(number: int) -> Any:
    return sys.stdout if number == STDOUT else sys.stderr


def _words(ctx: click.Context) -> list[str]:
    """Return the parameters of one context as a parser accepts them: options, then positionals."""
    options: list[str] = []
    positionals: list[str] = []
    for parameter in ctx.command.params:
        if ctx.get_parameter_source(parameter.name or "") != ParameterSource.COMMANDLINE:
            continue
        value = ctx.params.get(parameter.name or "")
        values = texts(value) or []
        if isinstance(parameter, click.Argument):
            positionals.extend(values)
        elif isinstance(parameter, click.Option) and parameter.is_flag:
            options.extend(parameter.opts[:1] if value else parameter.secondary_opts[:1])
        elif isinstance(parameter, click.Option) and parameter.count:
            options.extend(parameter.opts[:1] * int(value))
        else:
            options.extend(word for each in values for word in (parameter.opts[0], each))
    if any(word.startswith("-") for word in positionals):
        positionals.insert(0, "--")
    return [*options, *positionals]


class ProgressLine:
    """A line on the terminal that says how far a command is; nothing elsewhere."""

    def __init__(self, message: str, total: int) -> None:
        """Draw the line."""
        self._message = message
        self._total = total
        self._position = 0
        self._draw()

    def set_position(self, position: int) -> None:
        """Set the number of finished steps."""
        self._position = position
        self._draw()

    def set_message(self, message: str) -> None:
        """Set the text."""
        self._message = message
        self._draw()

    def close(self, _: bool) -> None:  # noqa: FBT001
        """Remove the line."""
        if sys.stderr.isatty():
            click.echo("\r\x1b[2K", nl=False, err=True)

    def _draw(self) -> None:
        if sys.stderr.isatty():
            count = f" {self._position}/{self._total}" if self._total else ""
            click.echo(f"\r\x1b[2K{self._message}{count}", nl=False, err=True)
