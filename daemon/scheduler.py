"""When passes happen, and how the daemon stops."""

import os
import signal
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from daemon.clock import Clock
from daemon.errors import AnotherOrg, InvoiceSyncError
from daemon.sync import Parts, Work
from state.errors import StateError

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_BEAT_SECONDS = 1.0
_STEP_SECONDS = 2.0  # the wall clock is slewed a little all the time; more than this in a second is a step


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


def run_daemon(work: Work, stop: StopRequest, on_beat: Callable[[], object] = lambda: None) -> None:
    """Poll until SIGTERM or SIGINT; SIGHUP polls at once (and so takes up edited settings).

    ``on_beat`` is called about once a second while no pass is under way.

    StateError when the state was removed or replaced, AnotherOrg when it was made with another one: nothing more is
    sent then.
    """
    beat = Beat(work, stop, on_beat)
    # One thread does everything, so passes never overlap; a beat that could not start in time starts late, not never.
    scheduler = BackgroundScheduler(timezone=UTC, executors={"default": ThreadPoolExecutor(1)})
    common = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
    scheduler.add_job(beat.once, FromNow(_BEAT_SECONDS), next_run_time=datetime.now(UTC), id="beat", **common)
    steps = Steps(work.parts.clock)
    scheduler.start()
    try:
        received = None
        while received is None or received.si_signo == signal.SIGHUP:
            received = signal.sigtimedwait(SIGNALS, _BEAT_SECONDS)
            stepped = steps.seconds()
            if stepped:
                beat.clock_stepped(stepped)
            if stepped or received is not None:
                beat.hurry()
                # The library goes by the wall clock: that one set back, it would wait until it has caught up.
                scheduler.modify_job("beat", next_run_time=datetime.now(UTC))
        work.parts.log.info("daemon.stopping", signal=signal.Signals(received.si_signo).name)
    finally:
        stop.ask()
        scheduler.shutdown(wait=True)
    if beat.ended_by is not None:
        raise beat.ended_by


class FromNow(BaseTrigger):  # type: ignore[misc]  # the library is untyped
    """So many seconds from now.

    The library's own interval makes up for each time it missed: a clock set forward by years would keep it busy.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def get_next_fire_time(self, _previous: datetime | None, now: datetime) -> datetime:
        """The library's question."""
        return now + timedelta(seconds=self._seconds)


class Steps:
    """Tells when the wall clock was set, by the monotonic one (a machine that slept looks the same, and is)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._apart = self._measure()

    def seconds(self) -> float:
        """By how much it was set since this was asked last; 0 when it was not."""
        before, self._apart = self._apart, self._measure()
        moved = self._apart - before
        return moved if abs(moved) >= _STEP_SECONDS else 0.0

    def _measure(self) -> float:
        return self._clock.now().timestamp() - self._clock.monotonic()


class Beat:
    """What is done each second: everything that is due now, and nothing that stops the daemon."""

    def __init__(self, work: Work, stop: StopRequest, on_beat: Callable[[], object] = lambda: None) -> None:
        self._work = work
        self._stop = stop
        self._on_beat = on_beat
        self._hurried = False
        self._set_back = False
        self._said: str | None = None  # the failure that was said last: the same one is not said again
        self.ended_by: StateError | AnotherOrg | None = None

    @property
    def _parts(self) -> Parts:
        return self._work.parts

    def once(self) -> None:
        """Poll if it is time to; take up what another process asked for."""
        if self._stop.asked:
            return
        if self._hurried or self._is_poll_due():
            self._hurried = False
            self.poll()
        elif self._parts.store.requests.waiting() is not None:
            self._guard(self._drain)
        self._on_beat()

    def poll(self) -> None:
        """A poll, and what is open besides, until nothing is left to do now."""
        if self._set_back:
            self._set_back = False
            self._guard(self._work.shorten_waits)
        begun_at = self._parts.clock.monotonic()
        self._work.poll_again()
        self._guard(self._drain)
        self._work.polled_at = max(self._work.polled_at or begun_at, begun_at)  # also when it could not begin

    def hurry(self) -> None:
        """Poll at the next beat; while a pass is under way, after it."""
        self._hurried = True

    def clock_stepped(self, seconds: float) -> None:
        """The wall clock was set. Set back, all that waits for a time would wait so much longer."""
        self._parts.log.warning("clock.stepped", seconds=round(seconds))
        self._set_back = self._set_back or seconds < 0

    def _drain(self) -> None:
        while self._work.next_pass(self._is_poll_due) is not None:
            if isinstance(self._work.failure, AnotherOrg):
                raise self._work.failure
            if self._work.failure is not None:
                return  # a side does not work: the next poll tries again

    def _is_poll_due(self) -> bool:
        """By the monotonic clock, as the wall clock may be set at any time; to the nearest beat."""
        polled_at = self._work.polled_at
        interval = self._parts.configuration.settings.schedule.poll_interval.total_seconds()
        return polled_at is None or self._parts.clock.monotonic() - polled_at >= interval - _BEAT_SECONDS / 2

    def _guard(self, work: Callable[[], object]) -> None:
        """A pass that cannot be finished is said; whatever was owed stays owed, and the next beat goes on."""
        try:
            work()
        except (StateError, AnotherOrg) as error:  # nothing is to be done under this state any more
            self._say(str(error), hint=error.hint)
            self.ended_by = error
            self._stop.ask()
            os.kill(os.getpid(), signal.SIGTERM)
        except InvoiceSyncError as error:
            self._say(str(error), hint=error.hint)
        except (sqlite3.Error, OSError) as error:
            hint = "See that its disk has room and that the file is there and writable."
            self._say(f"the state at {self._parts.store.path} cannot be written: {error}", hint=hint)
        except Exception as error:  # noqa: BLE001  (a defect of ours must not end the daemon, nor pass in silence)
            self._say(f"unexpected {type(error).__name__}: {error}", hint=None)
        else:
            if self._said is not None:
                self._parts.log.info("pass.recovered", reason=self._said)
            self._said = None

    def _say(self, error: str, *, hint: str | None) -> None:
        """Once: the next beat may meet the same, a second later."""
        if error != self._said:
            self._said = error
            self._parts.log.error("pass.failed", error=error, hint=hint)


def run_once(work: Work) -> None:
    """All that is due now, then return; ``work.failure`` says what ended it early."""
    work.sweeps = False
    polls = iter([True])
    while work.next_pass(lambda: next(polls, False)) is not None:
        if work.failure is not None:
            return
