"""``invoice-sync invoices``."""

import click

from daemon.cli.options import COUNT, json_option, settings_option
from state.kinds import SyncStatus


@click.command(
    epilog="\b\nExamples:\n  invoice-sync invoices --order 000000042\n  invoice-sync invoices --status failed --json"
)
@click.option("--status", type=click.Choice(["pending", "synced", "held", "skipped", "failed"]), help="Only these.")
@click.option("--order", "order_number", metavar="NUMBER", help="Only the invoices of this order.")
@click.option("--limit", type=COUNT, default=50, show_default=True, help="At most this many.")
@json_option
@settings_option
def invoices(
    status: SyncStatus | None, order_number: str | None, limit: int, as_json: bool, settings_name: str | None
) -> int:
    """List invoices, newest first, each with its sync status and its Salesforce ID."""
    from daemon.cli.invoices import show_invoices

    return show_invoices(settings_name, status, order_number, limit, as_json=as_json)
