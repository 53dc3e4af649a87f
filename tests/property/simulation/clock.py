"""The simulation's own time, with an agenda of events."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count

START = datetime(2026, 3, 2, 9, 0, 0, tzinfo=UTC)


class Clock:
    """True time, the daemon's wall clock (``ahead`` of it or behind) and its monotonic one."""

    def __init__(self) -> None:
        self.true = START
        self.ahead = timedelta(0)
        self.still = timedelta(0)  # the time in which the process did not run
        self._asleep = timedelta(0)  # the part of it in which the machine slept, too: the monotonic clock leaves it out
        self._agenda: list[tuple[datetime, int, Callable[[], object]]] = []
        self._places = count()

    def now(self) -> datetime:
        """Return the daemon's wall-clock time."""
        return self.true + self.ahead

    def monotonic(self) -> float:
        """Return the seconds of the monotonic clock."""
        return 1000.0 + (self.true - START - self._asleep).total_seconds()

    def at(self, when: datetime, act: Callable[[], object]) -> None:
        """Let this event happen at that time, in the middle of the daemon's work too."""
        heappush(self._agenda, (when, next(self._places), act))

    def after(self, seconds: float, act: Callable[[], object]) -> None:
        """Let this event happen so many seconds later."""
        self.at(self.true + timedelta(seconds=seconds), act)

    def stand_still(self, seconds: float, *, asleep: bool) -> None:
        """Let time pass while the process is stopped; ``asleep``: the whole machine sleeps."""
        passed = timedelta(seconds=seconds)
        self.still += passed
        self._asleep += passed if asleep else timedelta(0)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Let time pass, with all events due in it, in their order."""
        until = self.true + timedelta(seconds=seconds)
        while self._agenda and self._agenda[0][0] <= until:
            when, _, act = heappop(self._agenda)
            self.true = max(self.true, when)
            act()
        self.true = until
