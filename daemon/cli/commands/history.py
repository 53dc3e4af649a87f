"""``invoice-sync history``."""

import click

from daemon.cli.options import COUNT, json_option, settings_option


@click.command()
@click.option("--limit", type=COUNT, default=20, show_default=True, help="At most this many.")
@json_option
@settings_option
def history(limit: int, as_json: bool, settings_name: str | None) -> int:
    """List past passes, newest first: what was seen, what became of it, what it cost.

    Passes are kept for 90 days. Of passes without work only the newest is kept.
    """
    from daemon.cli.history import show_history

    return show_history(settings_name, limit, as_json=as_json)
