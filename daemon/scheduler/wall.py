"""Notices when the wall clock is set under a running daemon, and makes up for no missed time."""

from datetime import datetime, timedelta

from apscheduler.triggers.base import BaseTrigger

from daemon.clock import Clock

_STEP_SECONDS = 2.0  # the wall clock is slewed a little all the time; more than this in a second is a step


class FromNow(BaseTrigger):  # type: ignore[misc]  # the library is untyped
    """Fires a number of seconds from now.

    The library's own interval makes up for each missed time: a clock set forward by years would keep it busy.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def get_next_fire_time(self, _previous: datetime | None, now: datetime) -> datetime:
        """Return the next time, for the library."""
        return now + timedelta(seconds=self._seconds)


class Steps:
    """Compares the wall clock with the monotonic clock; a machine that slept counts as one whose clock was set."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._apart = self._measure()

    def seconds(self) -> float:
        """Return by how many seconds the wall clock was set since the last question; 0 when it was not set."""
        before, self._apart = self._apart, self._measure()
        moved = self._apart - before
        return moved if abs(moved) >= _STEP_SECONDS else 0.0

    def _measure(self) -> float:
        return self._clock.now().timestamp() - self._clock.monotonic()
