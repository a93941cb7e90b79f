"""A plugin of flytekit whose answers are constant, but for the command line and one policy."""

import click
from flytekit.configuration import Config, PlatformConfig
from flytekit.configuration.plugin import FlytekitPlugin
from flytekit.remote import FlyteRemote

print("imported")


class HourPolicy:
    def get_version(self, salt, params):
        return "v1"


class Acme(FlytekitPlugin):
    @staticmethod
    def get_remote(config, project, domain, data_upload_location=None):
        platform = PlatformConfig(
            endpoint="flyte.acme.example:443",
            insecure=True,
            client_id="acme-cli",
            client_credentials_secret="not in the source",
            scopes=["all", "offline"],
        )
        return FlyteRemote(Config(platform=platform), default_project=project, default_domain="production")

    @staticmethod
    def configure_pyflyte_cli(main):
        @main.command("acme")
        def acme():
            click.echo("acme")

        return main

    @staticmethod
    def secret_requires_group():
        return False

    @staticmethod
    def get_default_image():
        return "template/acme-base:v1"

    @staticmethod
    def get_auth_success_html(endpoint):
        return f'<html>\n<p class="acme">Signed in with {endpoint}.</p>\n</html>\n'

    @staticmethod
    def get_default_cache_policies():
        return [HourPolicy()]


class Computed(FlytekitPlugin):
    @staticmethod
    def get_default_image():
        raise ValueError("no image\nin this test")

    @staticmethod
    def get_auth_success_html(endpoint):
        return None
