"""``invoice-sync run``: the daemon, or all that is due now."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from daemon.cli.options import settings_option

if TYPE_CHECKING:
    from flask import Flask

    from daemon.observer import Observers
    from daemon.scheduler import StopRequest
    from daemon.settings import Configuration, SettingsFile
    from daemon.sync import Process
    from state.store import Store

LARGE = 1_000


@click.command(
    epilog="\b\nExamples:\n  invoice-sync run                 poll until SIGTERM or Ctrl-C\n"
    "  invoice-sync run --once          from cron: sync what is due, then exit"
)
@click.option("--once", is_flag=True, help="Do all that is due now, then exit.")
@click.option("--yes", is_flag=True, help="Do not ask before a first sync of more than 1,000 invoices.")
@settings_option
def run(once: bool, yes: bool, settings_name: str | None) -> int:
    """Poll Magento and carry its invoices, with items and comments, to Salesforce."""
    from daemon.cli.assemble import read_settings
    from daemon.scheduler import StopRequest

    settings_file = read_settings(settings_name)
    stop = StopRequest()
    return _once(settings_file, stop, yes=yes) if once else _daemon(settings_file, stop)


def _daemon(settings_file: "SettingsFile", stop: "StopRequest") -> int:
    from importlib.metadata import version

    from daemon.cli.assemble import handed_in, working
    from daemon.observer import Observers
    from daemon.scheduler import block_signals, run_daemon
    from daemon.systemd import Systemd

    block_signals()
    observers = Observers(handed_in())
    with working(settings_file, stop, observers) as process:
        process.end_pauses()  # what comes from the environment or from systemd's credentials changes with a start
        options = settings_file.current.settings.invoices
        process.tools.log.info(
            "daemon.started",
            version=version("invoice-sync"),
            pid=os.getpid(),
            path=str(process.tools.store.path),
            synchronization="off"
            if not options.enable_synchronization
            else "automatic"
            if options.enable_automatic_synchronization
            else "manual",
        )
        with _watched(process, settings_file, observers) as on_beat:
            run_daemon(
                process, stop, on_beat, Systemd(os.environ), observers=observers, first=lambda: _announce(process)
            )
    return 0


def _announce(process: "Process") -> None:
    """Before a first sync of a large shop: say in the log what it takes."""
    total = process.invoices_to_backfill()
    if total is not None and total > LARGE:
        process.tools.log.info("backfill.begins", invoices=total, calls=_calls(total))


@contextmanager
def _watched(process: "Process", settings_file: "SettingsFile", observers: "Observers") -> Iterator[Callable[[], None]]:
    """Metrics and health of this daemon, served where the settings in force say."""
    from daemon.cli.assemble import open_reader
    from daemon.console import Console, Pulse
    from daemon.metrics import Metrics

    def configuration() -> "Configuration":
        return settings_file.current

    def open_state() -> "Store":
        return open_reader(settings_file.current)

    def make_app() -> "Flask":
        from daemon.console.app import create_app

        return create_app(pulse, metrics, configuration, open_state)

    def on_beat() -> None:
        pulse.beat()
        console.follow(settings_file.current.settings.console.listen)

    pulse = Pulse(process.tools.clock)
    metrics = Metrics(configuration, open_state, process.sessions.transport.answers, process.tools.clock)
    observers.add(pulse)
    observers.add(metrics)
    console = Console(make_app, process.tools.log)
    console.follow(settings_file.current.settings.console.listen)
    try:
        yield on_beat
    finally:
        console.stop()


def _once(settings_file: "SettingsFile", stop: "StopRequest", *, yes: bool) -> int:
    import signal

    from daemon.cli.assemble import handed_in, working
    from daemon.cli.progress import showing
    from daemon.observer import Observers
    from daemon.scheduler import run_once

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop.ask)
    observers = Observers(handed_in())
    with working(settings_file, stop, observers) as process:
        process.resume()
        if not _agreed(process, yes=yes):
            return 1
        before = process.tools.store.ledger.having("failed")
        with showing(process, observers):
            run_once(process)
        return _code(process, before)


def _agreed(process: "Process", *, yes: bool) -> bool:
    """Before a first sync of a large shop: say what it takes, and on a terminal ask."""
    total = process.invoices_to_backfill()
    if total is None or total <= LARGE:
        return True
    click.echo(
        f"This is the first sync: Magento has {total:,} invoices; about {_calls(total):,} Salesforce API calls.",
        err=True,
    )
    if yes or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return True
    return click.confirm("Go on?", err=True)


def _calls(total: int) -> int:
    """Two Salesforce calls for 75 invoices: one for them and their items, one for their notes."""
    return 2 * -(-total // 75)


def _code(process: "Process", failed_before: set[int]) -> int:
    """The exit code, after a word on what was done and what is left undone."""
    from daemon.cli.causes import causes, lines, waits
    from daemon.cli.left import counted, in_words, left
    from daemon.cli.output import say, say_lines

    store, options = process.tools.store, process.settings.invoices
    for line in lines(causes(store) + waits(store, options)):
        say_lines(line, err=True)
    remaining = left(store, options)
    undone = process.left_undone or bool(remaining) or bool(store.ledger.having("failed") - failed_before)
    done = f"{counted(process.synced, 'invoice')} and {counted(process.notes, 'note')} synced"
    _say_failure(process)
    say(f"{done}. Left: {in_words(store, remaining)}." if remaining else f"{done}.", err=True)
    return process.failure.exit_code if process.failure else 3 if undone else 0


def _say_failure(process: "Process") -> None:
    from daemon.cli.output import say_lines

    if process.failure is not None:
        say_lines(f"invoice-sync: {process.failure}", err=True)
        if process.failure.hint:
            say_lines(process.failure.hint, err=True)
