"""``invoice-sync status``: flags, checkpoint, last pass, counts, lag, and the health of both sides."""

from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

import click

from daemon.cli.options import json_option, settings_option

if TYPE_CHECKING:
    from daemon.settings import Configuration
    from state.store import Store

_STATUSES = ("pending", "synced", "held", "skipped", "failed")


@click.command()
@json_option
@settings_option
def status(as_json: bool, settings_name: str | None) -> int:
    """Show how the sync stands."""
    from daemon.cli.assemble import open_reader, read_settings
    from daemon.cli.output import write_json
    from state.errors import StateMissingError

    configuration = read_settings(settings_name).current
    with ExitStack() as stack:
        store = None
        with suppress(StateMissingError):
            store = stack.enter_context(open_reader(configuration))
        report = describe(configuration, store)
    if as_json:
        write_json(report)
    else:
        _show(report)
    return 0


def describe(configuration: "Configuration", store: "Store | None") -> dict[str, Any]:
    """The report as the contract's JSON; with no state yet, all that can be said without one."""
    options = configuration.settings.invoices
    report: dict[str, Any] = {
        "synchronization": "off"
        if not options.enable_synchronization
        else "automatic"
        if options.enable_automatic_synchronization
        else "manual",
        "notes": options.synchronize_notes,
        "checkpoint": None,
        "lag_seconds": None,
        "ledger": dict.fromkeys(_STATUSES, 0),
        "notes_ledger": dict.fromkeys(_STATUSES, 0),
        "failures": [],
        "last_pass": None,
        "magento": {"status": "ok", "reason": None, "since": None},
        "salesforce": {"status": "ok", "reason": None, "since": None, "api_used": None, "api_limit": None},
    }
    if store is not None:
        _fill(report, store, automatic=options.enable_automatic_synchronization)
    return report


def _fill(report: dict[str, Any], store: "Store", *, automatic: bool) -> None:
    from dataclasses import asdict
    from datetime import datetime

    from daemon.cli.causes import causes
    from daemon.cli.output import instant
    from daemon.clock import SystemClock

    report["failures"] = causes(store)
    report["checkpoint"] = instant(store.checkpoints.current())
    oldest = store.ledger.oldest_owed(automatic=automatic)
    if oldest is not None:
        report["lag_seconds"] = max(0, int((SystemClock().now() - oldest).total_seconds()))
    report["ledger"].update(store.ledger.counts())
    report["notes_ledger"].update(store.notes.counts())
    last = store.passes.last()
    if last is not None:
        report["last_pass"] = {
            name: instant(value) if isinstance(value, datetime) else value for name, value in asdict(last).items()
        }
    for name in ("magento", "salesforce"):
        side = store.sides.get(name)
        known = {"status": side.status, "reason": side.reason, "since": instant(side.since)}
        report[name].update(known)
    report["salesforce"].update(
        {"api_used": store.sides.get("salesforce").api_used, "api_limit": store.sides.get("salesforce").api_limit}
    )


def _show(report: dict[str, Any]) -> None:
    last = report["last_pass"]
    lag = report["lag_seconds"]
    lines = [
        ("Synchronization", f"{report['synchronization']}, notes {'on' if report['notes'] else 'off'}"),
        ("Checkpoint", report["checkpoint"] or "none: nothing was read yet"),
        ("Lag", "none: nothing waits" if lag is None else f"{lag} s"),
        ("Invoices", _counts(report["ledger"])),
        ("Notes", _counts(report["notes_ledger"])),
        ("Last pass", _last_pass(last) if last else "none"),
        ("Magento", _side(report["magento"])),
        ("Salesforce", _side(report["salesforce"], _usage(report["salesforce"]))),
    ]
    for title, text in lines:
        click.echo(f"{title + ':':<17}{text}")
    if report["ledger"]["held"]:
        click.echo(f"{report['ledger']['held']} held: `invoice-sync sync --held` sends them.")
    if report["failures"]:
        from daemon.cli.causes import lines as lines_of

        click.echo("Failed, and tried again daily; `invoice-sync sync --failed` tries at once:")
        for line in lines_of(report["failures"]):
            click.echo(f"  {line}")


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{counts[name]} {name}" for name in _STATUSES if counts[name]) or "none"


def _last_pass(last: dict[str, Any]) -> str:
    text = (
        f"{last['outcome']} at {last['finished_at']} ({last['trigger']}): {last['seen']} seen, "
        f"{last['synced']} synced, {last['failed']} failed, {last['pending']} pending, {last['notes']} notes"
    )
    if not last["error"]:
        return text
    return f"{text}; {last['error'].splitlines()[0].rstrip(':')}"  # the side's own lines have all of it


def _side(side: dict[str, Any], usage: str = "") -> str:
    if side["status"] == "ok":
        return f"{side['status']}{usage}"
    return f"{side['status']} since {side['since']}{usage}: {side['reason']}"


def _usage(side: dict[str, Any]) -> str:
    used, limit = side["api_used"], side["api_limit"]
    return "" if used is None or limit is None else f" ({used:,} of {limit:,} API calls used)"
