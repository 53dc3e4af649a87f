"""``invoice-sync invoices``: the invoice grid with its Salesforce ID column."""

from typing import TYPE_CHECKING, Any

import click

from daemon.cli.options import COUNT, json_option, settings_option

if TYPE_CHECKING:
    from state.ledger import LedgerRow
    from state.store import Store


@click.command(
    epilog="\b\nExamples:\n  invoice-sync invoices --order 000000042\n  invoice-sync invoices --status failed --json"
)
@click.option("--status", type=click.Choice(["pending", "synced", "held", "skipped", "failed"]), help="Only these.")
@click.option("--order", "order_number", metavar="NUMBER", help="Only the invoices of this order.")
@click.option("--limit", type=COUNT, default=50, show_default=True, help="At most this many.")
@json_option
@settings_option
def invoices(status: str | None, order_number: str | None, limit: int, as_json: bool, settings_name: str | None) -> int:
    """List invoices, newest first, each with its sync status and its Salesforce ID."""
    from daemon.cli.assemble import open_reader, read_settings
    from daemon.cli.output import say, write_json
    from daemon.spelling import sentences
    from state.errors import StateMissingError

    configuration = read_settings(settings_name).current
    try:
        store = open_reader(configuration)
    except StateMissingError as missing:
        if as_json:
            write_json([])
        else:
            say(sentences(f"No invoices yet: {missing}", missing.hint), err=True)
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
    """The rows as lines in a pipe; on a terminal as a grid whose IDs are links, with the reasons below it."""
    from daemon.cli.output import instant, on_terminal, write_table

    notes = store.notes.counts_of(row.entity_id for row in rows)
    links = [link_of(store, row) for row in rows]
    if on_terminal():
        _show_grid(rows, links, notes)
        return
    write_table(
        ["Invoice", "Order", "Created", "State", "Total", "Status", "Notes", "Salesforce ID", "Link", "Reason"],
        [
            [
                row.increment_id,
                row.order_number or "",
                instant(row.created_at) or "",
                row.state or "",
                _total(row),
                row.sync_status,
                str(notes.get(row.entity_id, {}).get("synced", 0)),
                row.salesforce_id or "",
                link or "",
                row.reason or "",
            ]
            for row, link in zip(rows, links, strict=True)
        ],
    )


def _show_grid(rows: list["LedgerRow"], links: list[str | None], notes: dict[int, dict[str, int]]) -> None:
    """Fits 80 columns; what several invoices have as their reason is said once."""
    from daemon.cli.output import write_table
    from daemon.words import visible, visible_lines

    titles = ["Invoice", "Order", "Created", "Total", "Status", "Notes", "Salesforce ID"]
    lines = [
        [
            row.increment_id,
            row.order_number or "",
            f"{row.created_at:%m-%d %H:%M}" if row.created_at else "",
            _total(row),
            row.sync_status,
            str(notes.get(row.entity_id, {}).get("synced", 0)),
            row.salesforce_id or "",
        ]
        for row in rows
    ]
    write_table(titles, lines, link_column=len(titles) - 1, links=links)
    reasons: dict[str, list[str]] = {}
    for row in rows:
        if row.reason:
            reasons.setdefault(f"{row.sync_status}: {row.reason}", []).append(row.increment_id)
    for reason, numbers in reasons.items():
        more = f" and {len(numbers) - 5} more" if len(numbers) > 5 else ""
        click.echo(f"\n{visible(', '.join(numbers[:5]))}{more} {visible_lines(reason)}")


def _total(row: "LedgerRow") -> str:
    return f"{row.grand_total} {row.currency or ''}".strip() if row.grand_total else ""
