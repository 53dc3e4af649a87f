"""``invoice-sync status``: flags, checkpoint, last pass, counts, lag, and the health of both sides."""

from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

import click

from daemon.cli.options import json_option, settings_option

if TYPE_CHECKING:
    from daemon.settings import Configuration
    from daemon.settings.schema import Invoices
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
        code = 0 if store is None else _exit_code(configuration, store, report)
    if as_json:
        write_json(report)
    else:
        _show(report)
    return code


def _exit_code(configuration: "Configuration", store: "Store", report: dict[str, Any]) -> int:
    """Return 0 when all is well, 3 when something failed or has waited for an hour, the side's own when one is down."""
    codes = [3] if report["failures"] else [0]
    on = configuration.settings.invoices.enable_synchronization
    sides = map(store.sides.get, ("magento", "salesforce") if on else ("magento",))
    codes += [side.exit_code or (75 if side.status == "failing" else 78) for side in sides if side.status != "ok"]
    return max(codes)


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
        "notes_wait": None,
        "last_pass": None,
        "magento": {"status": "ok", "reason": None, "since": None},
        "salesforce": {"status": "ok", "reason": None, "since": None, "api_used": None, "api_limit": None},
    }
    if store is not None:
        _fill(report, store, options)
    return report


def _fill(report: dict[str, Any], store: "Store", options: "Invoices") -> None:
    from dataclasses import asdict
    from datetime import datetime

    from daemon.cli.causes import causes, waits
    from daemon.cli.output import instant
    from daemon.clock import SystemClock
    from state.waiting import NOTES, sides_down

    report["failures"] = causes(store) + waits(store, options)
    on, automatic = options.enable_synchronization, options.enable_automatic_synchronization
    down = {side.side: side for side in sides_down(store, on=on, automatic=automatic, notes=options.synchronize_notes)}
    kept_back = down.get(NOTES)
    if kept_back is not None:
        again = {"since": instant(kept_back.since), "next_try_at": instant(kept_back.next_try_at)}
        report["notes_wait"] = {"reason": kept_back.reason, **again}
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
    from daemon.cli.output import say_lines

    last = report["last_pass"]
    lines = [
        ("Synchronization", f"{report['synchronization']}, notes {'on' if report['notes'] else 'off'}"),
        ("Checkpoint", report["checkpoint"] or "none: nothing was read yet"),
        ("Lag", _lag(report)),
        ("Invoices", _counts(report["ledger"])),
        ("Notes", _counts(report["notes_ledger"]) + _notes_wait(report["notes_wait"])),
        ("Last pass", _last_pass(last) if last else "none"),
        ("Magento", _side(report["magento"])),
        ("Salesforce", _side(report["salesforce"], _usage(report["salesforce"]))),
    ]
    for title, text in lines:
        say_lines(f"{title + ':':<17}{text}")
    if report["ledger"]["held"]:
        click.echo(f"{report['ledger']['held']} held: `invoice-sync sync --held` sends them.")
    _show_failures(report["failures"])


def _lag(report: dict[str, Any]) -> str:
    """Return how long the oldest invoice waits. What has not been read may have waited longer."""
    lag, magento = report["lag_seconds"], report["magento"]
    unread = None if magento["status"] == "ok" else f"Magento has not been read since {magento['since']}"
    if lag is not None:
        return f"at least {lag} s: {unread}" if unread else f"{lag} s"
    if unread is None and report["checkpoint"] is None:
        unread = "nothing was read yet"
    return f"not known: {unread}" if unread else "none: nothing waits"


def _show_failures(found: list[dict[str, Any]]) -> None:
    from daemon.cli.causes import lines
    from daemon.cli.output import say_lines

    titles = {
        "failed": "Failed, and tried again daily; `invoice-sync sync --failed` tries at once:",
        "pending": "Waiting for more than an hour:",
    }
    for status, title in titles.items():
        chosen = [cause for cause in found if cause["sync_status"] == status]
        if chosen:
            click.echo(title)
        for line in lines(chosen):
            say_lines(f"  {line}")


def _notes_wait(known: dict[str, Any] | None) -> str:
    """Return why notes as such wait, and until when."""
    if known is None:
        return ""
    return f"; kept back since {known['since']}, tried again at {known['next_try_at']}: {known['reason']}"


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
