"""``invoice-sync settings``: whether the settings can be used."""

import click

from daemon.cli.options import settings_option


@click.group()
def settings() -> None:
    """Check the settings without running anything."""


@settings.command()
@settings_option
def check(settings_name: str | None) -> int:
    """Read settings.yaml, the environment and the secrets, and say everything that is wrong at once."""
    from daemon.cli.assemble import read_settings

    found = read_settings(settings_name)
    for notice in found.current.notices:
        click.echo(notice, err=True)
    click.echo(f"{found.path} is fine.")
    return 0
