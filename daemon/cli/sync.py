"""Does a manual sync of selected invoices: through a running daemon, else in this process."""

from collections.abc import Sequence
from contextlib import suppress

from daemon.cli.assemble import ask_magento, working
from daemon.cli.causes import cause_lines
from daemon.cli.dismiss import dismiss_chosen
from daemon.cli.failure import say_failure
from daemon.cli.follow import follow
from daemon.cli.invoices import draw_outcomes
from daemon.cli.left import in_words
from daemon.cli.opening import handed_in, open_reader, read_settings
from daemon.cli.output import counted, say, say_lines, write_json
from daemon.cli.preview import preview
from daemon.cli.progress import showing
from daemon.errors import InvoiceSyncError
from daemon.observer import Observers
from daemon.reports.outcome import SyncReport, sync_report
from daemon.reports.selection import Choice, Wish, choose
from daemon.reports.synchronization import require_switched_on
from daemon.scheduler import StopRequest
from daemon.settings import Configuration, SettingsFile
from state.errors import StateLockedError, StateMissingError, StateOlderError
from state.store import Store

__all__ = ["Wish", "dismiss_chosen", "sync_chosen"]


def sync_chosen(settings_name: str | None, wish: Wish, *, dry_run: bool, as_json: bool) -> int:
    """Sync the selected invoices, or in a ``dry_run`` show the plan, and return the exit code."""
    settings_file = read_settings(settings_name)
    require_switched_on(settings_file.current)
    choice = _choose(settings_file.current, wish)
    if dry_run:
        return preview(settings_file.current, choice, as_json=as_json)
    return _sync(settings_file, choice, as_json=as_json)


def _choose(configuration: Configuration, wish: Wish) -> Choice:
    magento = ask_magento(configuration)
    store: Store | None = None
    # A state of an older version is upgraded before anything is sent. Until then numbers are asked of Magento.
    missing = (StateMissingError,) if wish.searches else (StateMissingError, StateOlderError)
    with suppress(*missing):
        store = open_reader(configuration)
    try:
        return choose(store, magento, wish)
    finally:
        magento.close()
        if store:
            store.close()


def _sync(settings_file: SettingsFile, choice: Choice, *, as_json: bool) -> int:
    observers = Observers(handed_in())
    try:
        with working(settings_file, StopRequest(), observers, quiet=True) as process:
            process.resume()
            with showing(process.tools.store, observers):
                process.sync(choice.named, choice.others)
            report = _report(process.tools.store, settings_file.current, choice.all)
            return _show(report, as_json=as_json, failure=process.failure)
    except StateLockedError:
        with follow(settings_file.current, "sync", named=choice.named, others=choice.others) as done:
            report = _report(done.store, settings_file.current, choice.all)
            return _show(report, as_json=as_json, failure=done.failure)


def _report(store: Store, configuration: Configuration, chosen: Sequence[int]) -> SyncReport:
    return sync_report(store, configuration.settings.invoices, chosen)


def _show(report: SyncReport, *, as_json: bool, failure: InvoiceSyncError | None) -> int:
    """Write a line for each invoice and a line of totals, and return the exit code."""
    if as_json:
        write_json(report.invoices)
    else:
        draw_outcomes(report.invoices, links=True)
        for line in cause_lines(report.causes):
            say_lines(line, err=True)
    say_failure(failure)
    said = f"{counted(report.synced, 'invoice')} of {report.chosen:,} synced"
    say(f"{said}. Left: {in_words(report.left)}." if report.left else f"{said}.", err=True)
    return failure.exit_code if failure is not None else report.exit_code
