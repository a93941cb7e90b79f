"""A workflow of the official client, packaged by `cargo xtask demo`."""

from flytekit import task, workflow


@task(cache=True, cache_version="1")
def greet(name: str) -> str:
    return f"Hello, {name}!"


@workflow
def greeting(name: str = "Acme") -> str:
    return greet(name=name)
