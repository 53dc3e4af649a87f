"""``invoice-sync settings``."""

import click

from daemon.cli.options import json_option, settings_option


@click.group()
def settings() -> None:
    """Show the settings in force, or check them, without running anything."""


@settings.command()
@settings_option
def check(settings_name: str | None) -> int:
    """Read settings.yaml, the environment and the secrets, and show all errors at once."""
    from daemon.cli.settings import check_settings

    return check_settings(settings_name)


@settings.command()
@click.option("--defaults", is_flag=True, help="Also the keys that were not set.")
@json_option
@settings_option
def show(defaults: bool, as_json: bool, settings_name: str | None) -> int:
    """Show each setting in force with where it comes from. Secrets are named, never shown."""
    from daemon.cli.settings import show_settings

    return show_settings(settings_name, defaults=defaults, as_json=as_json)
