"""The wall clock as it is set under a running daemon: noticed, and never caught up with."""

from datetime import datetime, timedelta

from apscheduler.triggers.base import BaseTrigger

from daemon.clock import Clock

_STEP_SECONDS = 2.0  # the wall clock is slewed a little all the time; more than this in a second is a step


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
