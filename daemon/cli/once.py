"""Does all due work once, and says the outcome."""

import signal
import sys

import click

from daemon.cli.assemble import working
from daemon.cli.causes import cause_lines
from daemon.cli.failure import say_failure
from daemon.cli.left import in_words
from daemon.cli.opening import read_settings
from daemon.cli.output import counted, say, say_lines
from daemon.cli.progress import showing
from daemon.clock import SystemClock
from daemon.reports.first_sync import FirstSync, large_first_sync
from daemon.reports.outcome import run_report
from daemon.scheduler import StopRequest, run_once
from daemon.sync import Work


def run_single(settings_name: str | None, *, yes: bool) -> int:
    """Do all due work, with ``yes`` without asking before a large first sync, and return the exit code."""
    settings_file, stop = read_settings(settings_name), StopRequest()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop.ask)
    with working(settings_file, stop) as work:
        work.resume()
        coming = large_first_sync(work.invoices_to_backfill())
        if coming is not None and not _agreed(coming, yes=yes):
            return 1
        before = work.parts.store.ledger.having("failed")
        with showing(work):
            run_once(work)
        return _end(work, before)


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


def _end(work: Work, failed_before: set[int]) -> int:
    """Say the outcome, and return the exit code."""
    options = work.parts.configuration.settings.invoices
    report = run_report(work.parts.store, options, SystemClock().now(), failed_before)
    for line in cause_lines(report.causes):
        say_lines(line, err=True)
    say_failure(work.failure)
    done = f"{counted(work.synced, 'invoice')} and {counted(work.notes, 'note')} synced"
    say(f"{done}. Left: {in_words(report.left)}." if report.left else f"{done}.", err=True)
    if work.failure is not None:
        return work.failure.exit_code
    return 3 if work.left_undone or report.left or report.newly_failed else 0
