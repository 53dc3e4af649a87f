"""Draws the plan of a manual sync (``sync --dry-run``)."""

import click

from daemon.cli.assemble import ask_magento
from daemon.cli.opening import open_reader
from daemon.cli.output import write_json, write_table
from daemon.reports.plan import PlannedInvoice, newest_versions, plan_sync
from daemon.reports.selection import Choice
from daemon.settings import Configuration
from state.errors import StateMissingError
from state.ledger import LedgerRow


def preview(configuration: Configuration, choice: Choice, *, as_json: bool) -> int:
    """Show the plan for each selected invoice, by Magento's newest version, and return the exit code."""
    planned = _plan(configuration, choice)
    if as_json:
        write_json(planned)
    else:
        rows = [[each.increment_id or "", str(each.entity_id), each.would_be, each.reason or ""] for each in planned]
        write_table(["Invoice", "Entity", "Would be", "Reason"], rows)
    return 0


def _plan(configuration: Configuration, choice: Choice) -> tuple[PlannedInvoice, ...]:
    magento = ask_magento(configuration)
    try:
        shown = newest_versions(magento, choice.all)
    finally:
        magento.close()
    known: dict[int, LedgerRow] = {}
    try:
        with open_reader(configuration) as store:
            known = store.ledger.known(choice.all)
    except StateMissingError:
        click.echo("There is no state yet: no invoice was synced so far.", err=True)
    return plan_sync(choice, shown, known, configuration.settings.invoices)
