"""Runs the daemon, and serves its metrics and health."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version

from flask import Flask

from daemon import scheduler
from daemon.cli.assemble import working
from daemon.cli.opening import handed_in, open_reader, read_settings
from daemon.console import Console, Pulse
from daemon.console.app import create_app
from daemon.metrics import Metrics
from daemon.observer import Observers
from daemon.reports.first_sync import large_first_sync
from daemon.reports.synchronization import synchronization_of
from daemon.settings import Configuration, SettingsFile
from daemon.sync import Process
from daemon.systemd import Systemd
from state.store import Store


def run_daemon(settings_name: str | None) -> int:
    """Poll until SIGTERM or SIGINT, and return the exit code."""
    settings_file, stop, observers = read_settings(settings_name), scheduler.StopRequest(), Observers(handed_in())
    scheduler.block_signals()
    with working(settings_file, stop, observers) as process:
        process.end_pauses()  # secrets from the environment or from systemd's credentials can change with a start
        process.tools.log.info(
            "daemon.started",
            version=version("invoice-sync"),
            pid=os.getpid(),
            path=str(process.tools.store.path),
            synchronization=synchronization_of(settings_file.current.settings.invoices),
        )
        with _watched(process, settings_file, observers) as on_beat:
            scheduler.run_daemon(
                process, stop, on_beat, Systemd(os.environ), observers=observers, first=lambda: _announce(process)
            )
    return 0


def _announce(process: Process) -> None:
    """Log the size of a large first sync before the sync begins."""
    coming = large_first_sync(process.invoices_to_backfill())
    if coming is not None:
        process.tools.log.info("backfill.begins", invoices=coming.invoices, calls=coming.calls)


@contextmanager
def _watched(process: Process, settings_file: SettingsFile, observers: Observers) -> Iterator[Callable[[], None]]:
    """Serve metrics and health on the address in the settings in force; yield the function to call at each beat."""

    def configuration() -> Configuration:
        return settings_file.current

    def open_state() -> Store:
        return open_reader(settings_file.current)

    def make_app() -> Flask:
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
