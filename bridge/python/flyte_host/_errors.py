"""Errors of compiled plugins, and of calls to Flyte."""

from __future__ import annotations

import sys
from typing import IO, Any

import click


class PluginError(click.ClickException):
    """An error of a compiled plugin, or of its selection: what failed, why, and what to do.

    click prints it and exits with its code, which is the one of ``flyte-host``.
    """

    def __init__(
        self,
        message: str,
        causes: list[str] | None = None,
        hints: list[str] | None = None,
        exit_code: int = 11,
        plugin: str | None = None,
    ) -> None:
        super().__init__(message)
        self.causes = causes or []
        self.hints = hints or []
        self.exit_code = exit_code
        self.plugin = plugin

    def format_message(self) -> str:
        """Return the message, its causes and hints, a line each."""
        causes = [f"  caused by: {_indented(cause)}" for cause in self.causes]
        hints = [f"hint: {_indented(hint)}" for hint in self.hints]
        return "\n".join([_indented(self.message), *causes, *hints])

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the error as ``flyte-host`` does."""
        click.echo(f"error: {self.format_message()}", file=file or sys.stderr)

    def __str__(self) -> str:
        return self.format_message()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.message, self.causes, self.hints, self.exit_code, self.plugin)


def _indented(text: str) -> str:
    return "\n    ".join(text.splitlines())


class StatusError(Exception):
    """The status of a call to Flyte, on its way through the transports of plugins."""

    def __init__(self, code: int, message: str, details: bytes, metadata: list[tuple[str, str]]) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.details = details
        self.metadata = metadata


def find_plugin_error(error: BaseException) -> PluginError | None:
    """Return the error of a plugin that caused another error, however deep."""
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        if isinstance(found, PluginError):
            return found
        seen.add(id(found))
        found = found.__cause__ or found.__context__
    return None
