"""``invoice-sync status``."""

import click

from daemon.cli.options import json_option, settings_option


@click.command()
@json_option
@settings_option
def status(as_json: bool, settings_name: str | None) -> int:
    """Show how the sync stands."""
    from daemon.cli.status import show_status

    return show_status(settings_name, as_json=as_json)
