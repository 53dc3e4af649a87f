"""Decides when passes happen, and stops the daemon."""

import signal
from collections.abc import Callable
from datetime import UTC, datetime

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from daemon.observer import Observers
from daemon.scheduler.beat import BEAT_SECONDS, Beat
from daemon.scheduler.progress import Progress, longest_timeout
from daemon.scheduler.signals import Signals, block_signals
from daemon.scheduler.status_line import StatusLine
from daemon.scheduler.stop import StopRequest
from daemon.scheduler.wall import FromNow, Steps
from daemon.sync import Process
from daemon.systemd import Systemd

__all__ = ["Beat", "StopRequest", "block_signals", "run_daemon", "run_once"]

# For what follows the last call: its outcome is committed, connections and state are closed.
_CLOSING_SECONDS = 60.0


def run_daemon(
    process: Process,
    stop: StopRequest,
    on_beat: Callable[[], object],
    systemd: Systemd,
    *,
    observers: Observers,
    first: Callable[[], object] | None = None,
) -> None:
    """Poll until SIGTERM or SIGINT; SIGHUP polls at once (and so takes up edited settings).

    Call ``first`` before the first poll, and ``on_beat`` about once a second while no pass is under way.

    Raise StateError when the state was removed or replaced, AnotherOrg when the state was made with another org:
    nothing more is sent then.
    """
    line = StatusLine(process, systemd)
    beat = Beat(process, stop, _both(on_beat, line.idle), first=first)
    observers.add(line)
    # One thread does everything, so passes never overlap; a beat that could not start in time starts late, not never.
    scheduler = BackgroundScheduler(timezone=UTC, executors={"default": ThreadPoolExecutor(1)})
    common = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
    scheduler.add_job(beat.once, FromNow(BEAT_SECONDS), next_run_time=datetime.now(UTC), id="beat", **common)
    scheduler.start()
    systemd.ready()
    try:
        with Signals() as signals:
            received = _wait(process, beat, scheduler, systemd, signals)
        systemd.stopping(longest_timeout(process.settings) + _CLOSING_SECONDS)
        process.tools.log.info("daemon.stopping", signal=received.name)
    finally:
        stop.ask()
        scheduler.shutdown(wait=True)
    if beat.ended_by is not None:
        raise beat.ended_by


def _both(one: Callable[[], object], other: Callable[[], object]) -> Callable[[], None]:
    def call() -> None:
        one()
        other()

    return call


def _wait(
    process: Process, beat: Beat, scheduler: BackgroundScheduler, systemd: Systemd, signals: Signals
) -> signal.Signals:
    """Keep beats coming, also when the wall clock is set, and return the signal for the end of the daemon."""
    clock = process.tools.clock
    steps = Steps(clock)
    progress = Progress(process, beat, systemd.watchdog_seconds)
    reload_asked_at: float | None = None
    while True:
        received = signals.wait(BEAT_SECONDS)
        if received is not None and received != signal.SIGHUP:
            return received
        if received is not None:
            reload_asked_at = clock.monotonic()
            systemd.reloading(reload_asked_at)
        stepped = steps.seconds()
        if stepped:
            beat.clock_stepped(stepped)
        if stepped or received is not None:
            beat.hurry()
            # The library goes by the wall clock. Set back, the clock would have to catch up before the next beat.
            scheduler.modify_job("beat", next_run_time=datetime.now(UTC))
        if reload_asked_at is not None and process.refreshed_at >= reload_asked_at:
            reload_asked_at = None
            systemd.ready()
        if progress.is_made():
            systemd.feed()


def run_once(process: Process) -> None:
    """Do all due work once; ``process.failure`` tells why the work ended early."""
    process.sweeps = False
    polls = iter([True])
    while process.next_pass(lambda: next(polls, False)) is not None:
        if process.failure is not None:
            return
