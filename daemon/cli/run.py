"""Runs the daemon, and serves its metrics and health."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version

from flask import Flask

from daemon import scheduler
from daemon.cli.assemble import working
from daemon.cli.opening import open_reader, read_settings
from daemon.console import Console, Pulse
from daemon.console.app import create_app
from daemon.metrics import Metrics
from daemon.reports.first_sync import large_first_sync
from daemon.reports.synchronization import synchronization_of
from daemon.settings import Configuration, SettingsFile
from daemon.sync import Work
from daemon.systemd import Systemd
from state.store import Store


def run_daemon(settings_name: str | None) -> int:
    """Poll until SIGTERM or SIGINT, and return the exit code."""
    settings_file, stop = read_settings(settings_name), scheduler.StopRequest()
    scheduler.block_signals()
    with working(settings_file, stop) as work:
        work.end_pauses()  # secrets from the environment or from systemd's credentials can change with a start
        work.parts.log.info(
            "daemon.started",
            version=version("invoice-sync"),
            pid=os.getpid(),
            path=str(work.parts.store.path),
            synchronization=synchronization_of(settings_file.current.settings.invoices),
        )
        with _watched(work, settings_file) as on_beat:
            scheduler.run_daemon(work, stop, on_beat, Systemd(os.environ), first=lambda: _announce(work))
    return 0


def _announce(work: Work) -> None:
    """Log the size of a large first sync before the sync begins."""
    coming = large_first_sync(work.invoices_to_backfill())
    if coming is not None:
        work.parts.log.info("backfill.begins", invoices=coming.invoices, calls=coming.calls)


@contextmanager
def _watched(work: Work, settings_file: SettingsFile) -> Iterator[Callable[[], None]]:
    """Serve metrics and health on the address in the settings in force; yield the function to call at each beat."""
    parts = work.parts

    def configuration() -> Configuration:
        return settings_file.current

    def open_state() -> Store:
        return open_reader(settings_file.current)

    def make_app() -> Flask:
        return create_app(pulse, metrics, configuration, open_state)

    def on_beat() -> None:
        pulse.beat()
        console.follow(settings_file.current.settings.console.listen)

    pulse, metrics = Pulse(parts.clock), Metrics(configuration, open_state, parts.transport.answers, parts.clock)
    parts.on_progress, parts.on_pass, parts.on_arrival = pulse.beat, metrics.count_pass, metrics.count_arrival
    console = Console(make_app, parts.log)
    console.follow(settings_file.current.settings.console.listen)
    try:
        yield on_beat
    finally:
        console.stop()
