"""Draws the invoice grid with its Salesforce ID column."""

from collections.abc import Sequence

import click

from daemon.cli.opening import open_reader, read_settings
from daemon.cli.output import instant, on_terminal, one_line, say, write_json, write_table
from daemon.reports.invoices import InvoiceReport, newest_invoices
from daemon.spelling import sentences
from daemon.words import visible, visible_lines
from state.errors import StateMissingError
from state.kinds import SyncStatus

_TITLES = ("Invoice", "Order", "Created", "State", "Total", "Status", "Notes", "Salesforce ID", "Link", "Reason")
_GRID_TITLES = ("Invoice", "Order", "Created", "Total", "Status", "Notes", "Salesforce ID")
_NUMBERS = 5  # the most invoices named beside one reason


def show_invoices(
    settings_name: str | None, status: SyncStatus | None, order_number: str | None, limit: int, *, as_json: bool
) -> int:
    """Show the newest invoices, optionally of one status or order, and return the exit code."""
    configuration = read_settings(settings_name).current
    try:
        with open_reader(configuration) as store:
            invoices = newest_invoices(store, status=status, order_number=order_number, limit=limit)
    except StateMissingError as missing:
        if as_json:
            write_json([])
        else:
            say(sentences(f"No invoices yet: {missing}", missing.hint), err=True)
        return 0
    if as_json:
        write_json(invoices)
    else:
        draw_invoices(invoices)
    return 0


def draw_invoices(invoices: Sequence[InvoiceReport]) -> None:
    """Write lines to a pipe, and to a terminal a grid with links and with the reasons below it."""
    if on_terminal():
        _draw_grid(invoices)
    else:
        write_table(_TITLES, [_cells(invoice) for invoice in invoices])


def draw_outcomes(invoices: Sequence[InvoiceReport], *, links: bool) -> None:
    """Write number, sync status and reason of each invoice, with ``links`` the link of a synced one instead."""
    for invoice in invoices:
        rest = invoice.salesforce_url if links and invoice.sync_status == "synced" else invoice.reason
        number = visible(invoice.increment_id or str(invoice.entity_id))
        click.echo(f"{number}\t{invoice.sync_status}\t{one_line(rest or '')}".rstrip())


def _cells(invoice: InvoiceReport) -> list[str]:
    return [
        invoice.increment_id,
        invoice.order_number or "",
        instant(invoice.created_at) or "",
        invoice.state or "",
        _total(invoice),
        invoice.sync_status,
        str(invoice.notes.synced),
        invoice.salesforce_id or "",
        invoice.salesforce_url or "",
        invoice.reason or "",
    ]


def _draw_grid(invoices: Sequence[InvoiceReport]) -> None:
    """Draw a grid for 80 columns. Below the grid each reason stands once, with its invoices."""
    rows = [
        [
            invoice.increment_id,
            invoice.order_number or "",
            f"{invoice.created_at:%m-%d %H:%M}" if invoice.created_at else "",
            _total(invoice),
            invoice.sync_status,
            str(invoice.notes.synced),
            invoice.salesforce_id or "",
        ]
        for invoice in invoices
    ]
    links = [invoice.salesforce_url for invoice in invoices]
    write_table(_GRID_TITLES, rows, link_column=len(_GRID_TITLES) - 1, links=links)
    reasons: dict[str, list[str]] = {}
    for invoice in invoices:
        if invoice.reason:
            reasons.setdefault(f"{invoice.sync_status}: {invoice.reason}", []).append(invoice.increment_id)
    for reason, numbers in reasons.items():
        more = f" and {len(numbers) - _NUMBERS} more" if len(numbers) > _NUMBERS else ""
        click.echo(f"\n{visible(', '.join(numbers[:_NUMBERS]))}{more} {visible_lines(reason)}")


def _total(invoice: InvoiceReport) -> str:
    return f"{invoice.grand_total} {invoice.currency or ''}".strip() if invoice.grand_total else ""
