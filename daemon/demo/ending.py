"""The end of the demo: the invoice grid, and both sides side by side."""

from typing import TYPE_CHECKING

import click

from daemon.demo.stage import Stage

if TYPE_CHECKING:
    from daemon.sandbox.comparison import Comparison

_GRID_ROWS = 20


def close_books(stage: Stage) -> bool:
    """Show the grid and the summary; whether both sides agree."""
    from daemon.cli.invoices import show
    from state.store import Store

    stage.daemon.stop()
    stage.narration.act("The invoices, as `invoice-sync invoices` lists them")
    with Store(stage.folder.state, lock=False) as store:
        rows = store.ledger.newest()
        show(store, rows[:_GRID_ROWS])
    if len(rows) > _GRID_ROWS:
        click.echo(f"and {len(rows) - _GRID_ROWS} older ones")
    found = stage.compared()
    click.echo()
    stage.narration.verdict(summary(found), good=found.equal)
    return found.equal


def summary(found: "Comparison") -> str:
    """One line with the numbers; what differs, if anything does, below it."""
    line = (
        f"In Magento {found.in_magento}, in Salesforce {found.in_salesforce}, "
        f"lost {len(found.lost)}, doubled {len(found.doubled)}"
    )
    if found.equal:
        return f"{line}: both sides agree."
    wrong = [*found.lost, *found.doubled, *found.orphans, *found.differing]
    return "\n".join([f"{line}: both sides do NOT agree.", *wrong[:10]])
