"""Draws the status of the sync: flags, checkpoint, last pass, counts, lag, and health of both sides."""

from collections.abc import Mapping, Sequence
from typing import Any

import click

from daemon.cli.causes import cause_lines
from daemon.cli.opening import open_reader, read_settings
from daemon.cli.output import instant, plain, say_lines, write_json
from daemon.clock import SystemClock
from daemon.reports.causes import Cause
from daemon.reports.sides import NotesWait, SalesforceReport, SideReport
from daemon.reports.status import STATUSES, StatusReport, status_of, status_without_state
from daemon.settings import Configuration
from state.errors import StateMissingError
from state.passes import Pass

_TITLES = {
    "failed": "Failed, and tried again daily; `invoice-sync sync --failed` tries at once:",
    "pending": "Waiting for more than an hour:",
}


def show_status(settings_name: str | None, *, as_json: bool) -> int:
    """Show the status of the sync, and return the exit code."""
    report = _report(read_settings(settings_name).current)
    if as_json:
        write_json(status_as_json(report))
    else:
        _draw(report)
    return report.exit_code


def _report(configuration: Configuration) -> StatusReport:
    options = configuration.settings.invoices
    try:
        with open_reader(configuration) as store:
            return status_of(store, options, SystemClock().now())
    except StateMissingError:
        return status_without_state(options)


def status_as_json(report: StatusReport) -> dict[str, Any]:
    """Return the report for JSON, without the exit code."""
    return {name: value for name, value in plain(report).items() if name != "exit_code"}


def _draw(report: StatusReport) -> None:
    lines = [
        ("Synchronization", f"{report.synchronization}, notes {'on' if report.notes else 'off'}"),
        ("Checkpoint", instant(report.checkpoint) or "none: nothing was read yet"),
        ("Lag", _lag(report)),
        ("Invoices", _counts(report.ledger)),
        ("Notes", _counts(report.notes_ledger) + _notes_wait(report.notes_wait)),
        ("Last pass", _last_pass(report.last_pass) if report.last_pass else "none"),
        ("Magento", _side(report.magento)),
        ("Salesforce", _side(report.salesforce, _usage(report.salesforce))),
    ]
    for title, text in lines:
        say_lines(f"{title + ':':<17}{text}")
    if report.ledger["held"]:
        click.echo(f"{report.ledger['held']} held: `invoice-sync sync --held` sends them.")
    _draw_failures(report.failures)


def _lag(report: StatusReport) -> str:
    """Return how long the oldest invoice waits. An unread invoice may have waited longer."""
    lag, magento = report.lag_seconds, report.magento
    unread = None if magento.status == "ok" else f"Magento has not been read since {instant(magento.since)}"
    if lag is not None:
        return f"at least {lag} s: {unread}" if unread else f"{lag} s"
    if unread is None and report.checkpoint is None:
        unread = "nothing was read yet"
    return f"not known: {unread}" if unread else "none: nothing waits"


def _draw_failures(found: Sequence[Cause]) -> None:
    for sync_status, title in _TITLES.items():
        chosen = [cause for cause in found if cause.sync_status == sync_status]
        if chosen:
            click.echo(title)
        for line in cause_lines(chosen):
            say_lines(f"  {line}")


def _notes_wait(known: NotesWait | None) -> str:
    """Return why all notes are kept back, and until when."""
    if known is None:
        return ""
    return f"; kept back since {instant(known.since)}, tried again at {instant(known.next_try_at)}: {known.reason}"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{counts[name]} {name}" for name in STATUSES if counts[name]) or "none"


def _last_pass(last: Pass) -> str:
    text = (
        f"{last.outcome} at {instant(last.finished_at)} ({last.trigger}): {last.seen} seen, "
        f"{last.synced} synced, {last.failed} failed, {last.pending} pending, {last.notes} notes"
    )
    if not last.error:
        return text
    return f"{text}; {last.error.splitlines()[0].rstrip(':')}"  # the side's own line has all of the error


def _side(side: SideReport, usage: str = "") -> str:
    if side.status == "ok":
        return f"{side.status}{usage}"
    return f"{side.status} since {instant(side.since)}{usage}: {side.reason}"


def _usage(side: SalesforceReport) -> str:
    used, limit = side.api_used, side.api_limit
    return "" if used is None or limit is None else f" ({used:,} of {limit:,} API calls used)"
