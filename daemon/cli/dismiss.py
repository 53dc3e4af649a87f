"""Sets failed invoices aside for good: through a running daemon, else in this process."""

from collections.abc import Sequence

import click

from daemon.cli.follow import follow
from daemon.cli.invoices import draw_outcomes
from daemon.cli.killed import mark_unanswered_calls
from daemon.cli.opening import handed_in, open_reader, path_of_state, read_settings
from daemon.cli.output import write_json
from daemon.errors import UsageError
from daemon.reports.invoices import InvoiceReport, chosen_invoices
from daemon.reports.selection import Wish, choose_failed
from daemon.settings import Configuration
from state.dismissal import dismiss
from state.errors import StateLockedError, StateMissingError
from state.store import Store


def dismiss_chosen(settings_name: str | None, wish: Wish, *, dry_run: bool, as_json: bool) -> int:
    """Set the selected failed invoices aside, or in a ``dry_run`` only show them, and return the exit code."""
    configuration = read_settings(settings_name).current
    try:
        with open_reader(configuration) as store:
            chosen = choose_failed(store, wish)
            invoices = chosen_invoices(store, chosen)
    except StateMissingError as missing:
        raise UsageError(f"nothing has failed: {missing}") from None
    if not dry_run:
        if not chosen:
            click.echo("None of these invoices has failed.", err=True)
        invoices = _dismiss(configuration, chosen)
    if as_json:
        write_json(invoices)
    else:
        draw_outcomes(invoices, links=False)
    return 0


def _dismiss(configuration: Configuration, chosen: Sequence[int]) -> tuple[InvoiceReport, ...]:
    """Set these invoices aside, and return their reports."""
    try:
        with Store(path_of_state(configuration), lock=True, observer=handed_in()) as store:
            mark_unanswered_calls(store, configuration)
            dismiss(store, chosen)
            return chosen_invoices(store, chosen)
    except StateLockedError:
        with follow(configuration, "dismiss", named=chosen) as done:
            if done.failure is not None:
                raise done.failure from None
            return chosen_invoices(done.store, chosen)
