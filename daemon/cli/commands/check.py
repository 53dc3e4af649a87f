"""``invoice-sync check``."""

import click

from daemon.cli.options import json_option, settings_option


@click.command()
@json_option
@settings_option
def check(as_json: bool, settings_name: str | None) -> int:
    """Try everything the daemon needs, on both sides, before it is needed. Nothing is written but, with
    auth: admin, the number of denied sign-ins.

    The exit code is 0 (also with warnings), 78 when something needs a person, 75 when a side is only unreachable.
    """
    from daemon.cli.check import show_check

    return show_check(settings_name, as_json=as_json)
