"""When passes happen, and how the daemon stops."""

import os
import signal
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from daemon.errors import AnotherOrg, InvoiceSyncError
from daemon.sync import Parts, Work
from state.errors import StateError

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_LISTEN_SECONDS = 1


class StopRequest:
    """Whether the process was asked to end. A plain attribute: setting an Event in a signal handler can deadlock."""

    def __init__(self) -> None:
        self.asked = False

    def ask(self, *_: object) -> None:
        """End after the call in flight. Also fits as a signal handler."""
        self.asked = True


def block_signals() -> None:
    """Keep the signals for :func:`run`'s wait. Call it before any thread is started: threads inherit it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)


def run_daemon(work: Work, stop: StopRequest) -> None:
    """Poll until SIGTERM or SIGINT; SIGHUP polls at once (and so takes up edited settings).

    StateError when the state was removed or replaced, AnotherOrg when it was made with another one: nothing more is
    sent then.
    """
    beat = Beat(work, stop)
    scheduler = BackgroundScheduler(timezone=UTC, executors={"default": ThreadPoolExecutor(1)})
    # One thread does everything, so passes never overlap; a job that could not start in time starts late, not never.
    common = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
    seconds = beat.seconds()
    scheduler.add_job(beat.poll, "interval", seconds=seconds, next_run_time=datetime.now(UTC), id="poll", **common)
    scheduler.add_job(beat.listen, "interval", seconds=_LISTEN_SECONDS, id="listen", **common)
    beat.on_interval = lambda fresh: scheduler.reschedule_job("poll", trigger="interval", seconds=fresh)
    scheduler.start()
    try:
        while (received := signal.sigwait(SIGNALS)) == signal.SIGHUP:
            beat.hurry()
            scheduler.modify_job("listen", next_run_time=datetime.now(UTC))
        work.parts.log.info("daemon.stopping", signal=signal.Signals(received).name)
    finally:
        stop.ask()
        scheduler.shutdown(wait=True)
    if beat.ended_by is not None:
        raise beat.ended_by


class Beat:
    """What the scheduler's jobs do: everything that is due now, and nothing that stops the daemon."""

    def __init__(self, work: Work, stop: StopRequest) -> None:
        self._work = work
        self._stop = stop
        self._interval = self.seconds()
        self._hurried = False
        self.ended_by: StateError | AnotherOrg | None = None
        self.on_interval: Callable[[float], object] = lambda _fresh: None

    @property
    def _parts(self) -> Parts:
        return self._work.parts

    def seconds(self) -> float:
        """The poll interval of the settings in force."""
        return self._parts.configuration.settings.schedule.poll_interval.total_seconds()

    def poll(self) -> None:
        """A poll, and what is open besides, until nothing is left to do now."""
        self._work.polled_at = None
        self._guard(self._drain)
        if self.seconds() != self._interval:
            self._interval = self.seconds()
            self.on_interval(self._interval)

    def hurry(self) -> None:
        """Poll at once; while a pass is under way, after it: a job that is running cannot be begun again."""
        self._hurried = True
        self._work.polled_at = None

    def listen(self) -> None:
        """Take up what another process asked for."""
        if self._stop.asked:
            return
        if self._hurried:
            self._hurried = False
            self.poll()
        elif self._parts.store.requests.waiting() is not None:
            self._guard(self._drain)

    def _drain(self) -> None:
        while self._work.next_pass(self._is_poll_due) is not None:
            if isinstance(self._work.failure, AnotherOrg):
                raise self._work.failure
            if self._work.failure is not None:
                return  # a side does not work: the next beat tries again

    def _is_poll_due(self) -> bool:
        polled_at = self._work.polled_at
        return polled_at is None or self._parts.clock.monotonic() - polled_at >= self._interval

    def _guard(self, work: Callable[[], None]) -> None:
        """A pass that cannot be finished is said; whatever was owed stays owed, and the next beat goes on."""
        try:
            work()
        except (StateError, AnotherOrg) as error:  # nothing is to be done under this state any more
            self._parts.log.error("pass.failed", error=str(error), hint=error.hint)
            self.ended_by = error
            self._stop.ask()
            os.kill(os.getpid(), signal.SIGTERM)
        except InvoiceSyncError as error:
            self._parts.log.error("pass.failed", error=str(error), hint=error.hint)
        except (sqlite3.Error, OSError) as error:
            self._parts.log.error(
                "pass.failed",
                error=f"the state at {self._parts.store.path} cannot be written: {error}",
                hint="See that its disk has room and that the file is there and writable.",
            )
        except Exception as error:  # noqa: BLE001  (a defect of ours must not end the daemon, nor pass in silence)
            self._parts.log.error("pass.failed", error=f"unexpected {type(error).__name__}: {error}", pid=os.getpid())


def run_once(work: Work) -> None:
    """All that is due now, then return; ``work.failure`` says what ended it early."""
    work.sweeps = False
    polls = iter([True])
    while work.next_pass(lambda: next(polls, False)) is not None:
        if work.failure is not None:
            return
