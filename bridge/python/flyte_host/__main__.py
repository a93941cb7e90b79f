"""``python -m flyte_host``: the plugins in use, and what each of their hooks returns."""

from __future__ import annotations

import contextlib
import json
import sys
from typing import Any

import click

HEADINGS = ("HOOK", "FROM", "ANSWERS NOW", "BUILT-IN DEFAULT")


@click.command("flyte_host", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-o", "--output", type=click.Choice(["table", "json"]), default="table", help="Output format")
@click.option("-c", "--config", help="Flyte configuration file")
@click.option("-p", "--project", default="flytesnacks", show_default=True, help="Flyte project")
@click.option("-d", "--domain", default="development", show_default=True, help="Flyte domain")
def main(output: str, config: str | None, project: str, domain: str) -> None:
    """Show the plugins in use, and what each of their hooks returns in pyflyte."""
    # flytekit logs to stdout.
    with contextlib.redirect_stdout(sys.stderr):
        plugins = _plugins(config, project, domain)
    if output == "json":
        click.echo(json.dumps(plugins, indent=2))
    elif not plugins:
        click.echo("no plugin is in use; run `flyte-host plugin list` to list installed plugins", err=True)
    for plugin in plugins if output == "table" else ():
        _print(plugin)
    failed = [hook["error"] for plugin in plugins for hook in plugin["hooks"].values() if "error" in hook]
    if failed:
        raise click.exceptions.Exit(11)


def _plugins(config: str | None, project: str, domain: str) -> list[dict[str, Any]]:
    from flyte_host import _register

    # A plugin is loaded once in a process, and here it is loaded alone.
    _register.suspend()
    from flytekit.clis.sdk_in_container.pyflyte import main as pyflyte
    from flytekit.configuration.plugin import get_plugin

    from flyte_host import _native, _view
    from flyte_host._behind import Behind
    from flyte_host._plugin import surroundings

    behind = Behind(get_plugin())
    request = (config, project, domain)
    return json.loads(_native.show_plugins(behind, _view.describe(pyflyte), request, *surroundings()))


def _print(plugin: dict[str, Any]) -> None:
    facts = {name: value for name, value in plugin.items() if isinstance(value, str)}
    width = max(map(len, facts))
    for name, value in facts.items():
        click.echo(f"{name:{width}}  {value}")
    click.echo()
    rows = [HEADINGS]
    for name, hook in plugin["hooks"].items():
        now = hook.get("answer") or f"fails: {hook['error']}"
        rows.append((name, hook["from"], now, hook["builtin"]))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        cells = [f"{cell:{width}}" for cell, width in zip(row, widths)]
        click.echo("  ".join([*cells, row[3]]))
    click.echo()


if __name__ == "__main__":
    main(prog_name="python -m flyte_host")
