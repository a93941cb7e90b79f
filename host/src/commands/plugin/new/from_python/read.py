"""Writes what a flytekit plugin answers, as JSON: `{"answers": {"get_default_image": {"value": "…"}}}`, with a
`reason` instead of the value if the answer is not constant. Hooks that the plugin does not override are left out.
If it cannot be imported, `{"error": "…"}`."""

import importlib
import json
import os
import sys

# What the plugin prints while it is imported and asked must not be taken for the answer.
output = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)

# Fields of `PlatformConfig` with the same name and type in the protocol. The client secret is none of them: it
# does not belong into a source file.
TEXTS = ["ca_cert_file_path", "console_endpoint", "http_proxy_url", "client_id", "audience"]
FLAGS = ["insecure", "insecure_skip_verify"]
LISTS = ["scopes", "command", "proxy_command"]
MARKER = "{endpoint}"


class NotConstant(Exception):
    """The reason."""


def the_same(first, second):
    if first != second:
        raise NotConstant("the answer depends on the arguments, or changes")
    return first


def of_type(value, *types):
    if not isinstance(value, types):
        raise NotConstant(f"the answer is of type {type(value).__name__}")
    return value


def platform(remote):
    from flytekit.configuration import PlatformConfig

    config, default = remote.config.platform, PlatformConfig()
    fields = {"endpoint": of_type(config.endpoint, str)}
    for names, types in [(TEXTS, [str]), (FLAGS, [bool]), (LISTS, [list, tuple])]:
        for name in names:
            value = getattr(config, name, None)
            if value and value != getattr(default, name, None):
                fields[name] = of_type(value, *types)
    if config.auth_mode != default.auth_mode:
        fields["auth_mode"] = getattr(config.auth_mode, "name", str(config.auth_mode))
    if config.client_credentials_secret:
        fields["has_secret"] = True
    return fields


def get_remote(ask):
    # Positional, as flytekit calls it.
    first, second = (ask(None, project, domain, None) for project, domain in [("p1", "d1"), ("p2", "d2")])
    fields = the_same(platform(first), platform(second))
    for name in ["project", "domain"]:
        values = [getattr(remote, f"default_{name}") for remote in (first, second)]
        if values[0] == values[1]:
            fields[f"default_{name}"] = values[0]
    return fields


def get_auth_success_html(ask):
    pages = []
    for endpoint in ["one.example", "two.example"]:
        page = of_type(ask(endpoint), str, type(None))
        pages.append(page and page.replace(endpoint, MARKER))
    return the_same(*pages)


def get_default_cache_policies(ask):
    from flytekit.core.cache import VersionParameters

    first = VersionParameters(func=lambda: 1, container_image="one.example/image:v1")
    second = VersionParameters(func=lambda x: x + 2, container_image="two.example/image:v2")
    policies = []
    for policy in ask():
        name = type(policy).__name__
        try:
            version = the_same(policy.get_version("a", first), policy.get_version("b", second))
        except Exception:
            raise NotConstant(f"the policy {name} computes its version") from None
        policies.append({"name": name, "version": of_type(version, str)})
    return policies


def configure_cli(_ask):
    raise NotConstant("its commands are code")


# flytekit's name, the protocol's, and how the answer is read.
HOOKS = [
    ("get_remote", "get_remote", get_remote),
    ("configure_pyflyte_cli", "configure_cli", configure_cli),
    ("secret_requires_group", "secret_requires_group", lambda ask: of_type(the_same(ask(), ask()), bool)),
    ("get_default_image", "get_default_image", lambda ask: of_type(the_same(ask(), ask()), str, type(None))),
    ("get_auth_success_html", "get_auth_success_html", get_auth_success_html),
    ("get_default_cache_policies", "get_default_cache_policies", get_default_cache_policies),
]


def text(error):
    return str(error) if isinstance(error, NotConstant) else f"{type(error).__name__}: {error}"


def answers(source):
    from flytekit.configuration.plugin import FlytekitPlugin

    module, _, path = source.partition(":")
    plugin = importlib.import_module(module)
    for part in path.split("."):
        plugin = getattr(plugin, part)
    found = {}
    for name, hook, read in HOOKS:
        function = getattr(plugin, name, None)
        if function is None or function is getattr(FlytekitPlugin, name, None):
            continue
        try:
            found[hook] = {"value": read(function)}
        except Exception as error:
            found[hook] = {"reason": text(error)}
    return found


try:
    result = {"answers": answers(sys.argv[1])}
except Exception as error:
    result = {"error": text(error)}
json.dump(result, output)
output.close()
