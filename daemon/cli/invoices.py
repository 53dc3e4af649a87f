"""``invoice-sync invoices``: the invoice grid with its Salesforce ID column."""

from typing import TYPE_CHECKING, Any

import click

from daemon.cli.options import json_option, settings_option

if TYPE_CHECKING:
    from state.ledger import LedgerRow
    from state.store import Store


@click.command(
    epilog="\b\nExamples:\n  invoice-sync invoices --order 000000042\n  invoice-sync invoices --status failed --json"
)
@click.option("--status", type=click.Choice(["pending", "synced", "held", "skipped", "failed"]), help="Only these.")
@click.option("--order", "order_number", metavar="NUMBER", help="Only the invoices of this order.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most this many.")
@json_option
@settings_option
def invoices(status: str | None, order_number: str | None, limit: int, as_json: bool, settings_name: str | None) -> int:
    """List invoices, newest first, each with its sync status and its Salesforce ID."""
    from daemon.cli.assemble import open_reader, read_settings
    from daemon.cli.output import write_json
    from state.errors import StateMissingError

    configuration = read_settings(settings_name).current
    try:
        store = open_reader(configuration)
    except StateMissingError as missing:
        if as_json:
            write_json([])
        else:
            click.echo(f"No invoices yet: {missing}. {missing.hint}", err=True)
        return 0
    with store:
        rows = store.ledger.newest(status=status, order_number=order_number, limit=limit)
        if as_json:
            write_json(as_objects(store, rows))
        else:
            show(store, rows)
    return 0


def as_objects(store: "Store", rows: list["LedgerRow"]) -> list[dict[str, Any]]:
    """The rows as the contract's JSON."""
    from daemon.cli.output import instant

    notes = store.notes.counts_of(row.entity_id for row in rows)
    return [
        {
            "entity_id": row.entity_id,
            "increment_id": row.increment_id,
            "store_id": row.store_id,
            "order_id": row.order_id,
            "order_number": row.order_number,
            "state": row.state,
            "grand_total": row.grand_total,
            "currency": row.currency,
            "created_at": instant(row.created_at),
            "updated_at": instant(row.updated_at),
            "sync_status": row.sync_status,
            "reason": row.reason,
            "salesforce_id": row.salesforce_id,
            "salesforce_url": link_of(store, row),
            "attempts": row.attempts,
            "next_attempt_at": instant(row.next_attempt_at),
            "synced_at": instant(row.synced_at),
            "notes": {
                status: notes.get(row.entity_id, {}).get(status, 0) for status in ("synced", "pending", "failed")
            },
        }
        for row in rows
    ]


def link_of(store: "Store", row: "LedgerRow") -> str | None:
    """The link to the record: Salesforce leads on from it in either of its user interfaces."""
    instance_url = store.facts.get("instance_url")
    return f"{instance_url}/{row.salesforce_id}" if instance_url and row.salesforce_id else None


def show(store: "Store", rows: list["LedgerRow"]) -> None:
    """The rows as a table or as lines."""
    from daemon.cli.output import instant, write_table

    notes = store.notes.counts_of(row.entity_id for row in rows)
    links = [link_of(store, row) for row in rows]
    write_table(
        ["Invoice", "Order", "Created", "State", "Total", "Status", "Notes", "Salesforce ID", "Link", "Reason"],
        [
            [
                row.increment_id,
                row.order_number or "",
                instant(row.created_at) or "",
                row.state or "",
                f"{row.grand_total} {row.currency or ''}".strip() if row.grand_total else "",
                row.sync_status,
                str(notes.get(row.entity_id, {}).get("synced", 0)),
                row.salesforce_id or "",
                link or "",
                row.reason or "",
            ]
            for row, link in zip(rows, links, strict=True)
        ],
        links,
    )
