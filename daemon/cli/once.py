"""Does all due work once, and says the outcome."""

import signal
import sys

import click

from daemon.cli.assemble import working
from daemon.cli.causes import cause_lines
from daemon.cli.failure import say_failure
from daemon.cli.left import in_words
from daemon.cli.opening import handed_in, read_settings
from daemon.cli.output import counted, say, say_lines
from daemon.cli.progress import showing
from daemon.clock import SystemClock
from daemon.observer import Observers
from daemon.reports.first_sync import FirstSync, large_first_sync
from daemon.reports.outcome import run_report
from daemon.scheduler import StopRequest, run_once
from daemon.sync import Process


def run_single(settings_name: str | None, *, yes: bool) -> int:
    """Do all due work, with ``yes`` without asking before a large first sync, and return the exit code."""
    settings_file, stop, observers = read_settings(settings_name), StopRequest(), Observers(handed_in())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop.ask)
    with working(settings_file, stop, observers) as process:
        process.resume()
        coming = large_first_sync(process.invoices_to_backfill())
        if coming is not None and not _agreed(coming, yes=yes):
            return 1
        store = process.tools.store
        before = store.ledger.having("failed")
        with showing(store, observers):
            run_once(process)
        return _end(process, before)


def _agreed(coming: FirstSync, *, yes: bool) -> bool:
    """Say the size of the first sync, and on a terminal ask."""
    click.echo(
        f"This is the first sync: Magento has {coming.invoices:,} invoices; "
        f"about {coming.calls:,} Salesforce API calls.",
        err=True,
    )
    if yes or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return True
    return click.confirm("Go on?", err=True)


def _end(process: Process, failed_before: set[int]) -> int:
    """Say the outcome, and return the exit code."""
    now = SystemClock().now()
    report = run_report(process.tools.store, process.settings.invoices, now, failed_before)
    for line in cause_lines(report.causes):
        say_lines(line, err=True)
    say_failure(process.failure)
    done = f"{counted(process.synced, 'invoice')} and {counted(process.notes, 'note')} synced"
    say(f"{done}. Left: {in_words(report.left)}." if report.left else f"{done}.", err=True)
    if process.failure is not None:
        return process.failure.exit_code
    return 3 if process.left_undone or report.left or report.newly_failed else 0
