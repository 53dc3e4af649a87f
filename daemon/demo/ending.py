"""Ends the demo with the invoice grid and the comparison of both sides."""

import click

from daemon.cli.invoices import draw_invoices
from daemon.demo.stage import Stage
from daemon.reports.invoices import newest_invoices
from daemon.sandbox.comparison import Comparison
from state.store import Store

_GRID_ROWS = 20


def close_books(stage: Stage) -> bool:
    """Show the grid and the summary; return whether both sides agree."""
    stage.daemon.stop()
    stage.narration.act("The invoices, as `invoice-sync invoices` lists them")
    with Store(stage.folder.state, lock=False) as store:
        invoices = newest_invoices(store)
    draw_invoices(invoices[:_GRID_ROWS])
    if len(invoices) > _GRID_ROWS:
        click.echo(f"and {len(invoices) - _GRID_ROWS} older ones")
    found = stage.compared()
    click.echo()
    stage.narration.conclude(summary(found), good=found.equal)
    return found.equal


def summary(found: Comparison) -> str:
    """Return a line of numbers, and below it the first differences, if any."""
    line = (
        f"In Magento {found.in_magento}, in Salesforce {found.in_salesforce}, "
        f"lost {len(found.lost)}, doubled {len(found.doubled)}"
    )
    if found.equal:
        return f"{line}: both sides agree."
    wrong = [*found.lost, *found.doubled, *found.orphans, *found.differing]
    return "\n".join([f"{line}: both sides do NOT agree.", *wrong[:10]])
