"""Compiled Flyte plugins in pyflyte and flytekit.

flytekit finds this package by its entry point, and asks the plugins that ``FLYTE_PLUGIN`` or
``~/.flyte/host.toml`` select. There is nothing to import: see ``python -m flyte_host``.
"""
