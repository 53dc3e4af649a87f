"""``invoice-sync sync``."""

from datetime import UTC, datetime

import click

from daemon.cli.options import ENTITY_ID, json_option, settings_option
from daemon.errors import UsageError


@click.command(
    epilog="\b\nExamples:\n  invoice-sync sync 000000042 000000043\n  invoice-sync sync --order 000000017\n"
    "  invoice-sync sync --id 1234       where two stores use one number\n"
    "  invoice-sync sync --failed        after the cause of their failure was fixed\n"
    "  invoice-sync sync --held --dry-run\n"
    "  invoice-sync sync --id 1234 --dismiss    failed, and nobody will fix it"
)
@click.argument("numbers", nargs=-1, metavar="[NUMBER]...")
@click.option("--id", "entity_ids", type=ENTITY_ID, multiple=True, metavar="ENTITY_ID", help="One by its entity_id.")
@click.option("--order", "orders", multiple=True, metavar="NUMBER", help="All invoices of an order.")
@click.option("--held", is_flag=True, help="All that are held.")
@click.option("--failed", is_flag=True, help="All that failed.")
@click.option("--skipped", is_flag=True, help="All that are skipped, decided again.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="All that Magento created since then.")
@click.option("--all", "everything", is_flag=True, help="All that are in the ledger.")
@click.option("--dry-run", is_flag=True, help="Only show which invoices would be sent, and why others not.")
@click.option("--dismiss", is_flag=True, help="Set them aside for good, where they failed, until they change.")
@json_option
@settings_option
def sync(
    *,
    numbers: tuple[str, ...],
    entity_ids: tuple[int, ...],
    orders: tuple[str, ...],
    held: bool,
    failed: bool,
    skipped: bool,
    since: datetime | None,
    everything: bool,
    dry_run: bool,
    dismiss: bool,
    as_json: bool,
    settings_name: str | None,
) -> int:
    """Sync chosen invoices now, whatever the automatic flag says.

    Skip rules do not hold invoices that are named one by one (by NUMBER, --id or --order).
    """
    from daemon.cli import sync as actions

    flags = {"held": held, "failed": failed, "skipped": skipped}
    wish = actions.Wish(
        numbers=numbers,
        entity_ids=entity_ids,
        orders=orders,
        statuses=tuple(name for name, chosen in flags.items() if chosen),
        since=since.replace(tzinfo=UTC) if since else None,
        everything=everything,
    )
    if wish == actions.Wish():
        raise UsageError("name invoices to sync", hint="See `invoice-sync sync --help`.")
    if dismiss:  # also while synchronization is off: nothing is sent
        return actions.dismiss_chosen(settings_name, wish, dry_run=dry_run, as_json=as_json)
    return actions.sync_chosen(settings_name, wish, dry_run=dry_run, as_json=as_json)
