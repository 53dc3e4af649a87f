"""Writes the status line of ``systemctl status``: counts and causes, and nothing about a customer."""

import math
import sqlite3
from collections.abc import Callable
from contextlib import suppress

from daemon.observer import Observer
from daemon.reports.sides import down
from daemon.reports.synchronization import Synchronization, synchronization_of
from daemon.settings.schema import Invoices
from daemon.sync import Process
from daemon.systemd import Systemd
from state.errors import StateError
from state.passes import Pass
from state.sides import Side
from state.store import Store

# Within a pass the ledger is not counted after each batch: counting a large ledger takes a while.
_COUNT_SECONDS = 5.0
_LONGEST_REASON = 120
_SWITCHED_OFF: dict[Synchronization, list[str]] = {
    "off": ["synchronization off"],
    "manual": ["automatic synchronization off"],
    "automatic": [],
}


class StatusLine(Observer):
    """Tells systemd when the next poll is, how much is owed, and why a side fails."""

    def __init__(self, process: Process, systemd: Systemd) -> None:
        self._process = process
        self._systemd = systemd
        self._known = ""
        self._pass: Pass | None = None
        self._counted_at: float | None = None

    def progressed(self) -> None:
        """Tell that a pass is under way and makes progress."""
        if self._systemd.listens and self._is_time():
            self._count()
            self._tell("syncing")

    def idle(self) -> None:
        """Tell when the next poll is; a beat is over."""
        if not self._systemd.listens:
            return
        if self._process.last is not self._pass or self._counted_at is None:
            self._pass = self._process.last
            self._count()
        self._tell(self._next_poll())

    def _is_time(self) -> bool:
        now = self._process.tools.clock.monotonic()
        return self._counted_at is None or now - self._counted_at >= _COUNT_SECONDS

    def _count(self) -> None:
        self._counted_at = self._process.tools.clock.monotonic()
        with suppress(sqlite3.Error, StateError):  # the pass itself logs that the state cannot be read
            self._known = " · ".join(describe(self._process.tools.store, self._process.settings.invoices))

    def _next_poll(self) -> str:
        options, polled_at = self._process.settings, self._process.polled_at
        interval = options.schedule.poll_interval.total_seconds()
        left = 0.0 if polled_at is None else polled_at + interval - self._process.tools.clock.monotonic()
        words = [f"next poll in {max(0, math.ceil(left))} s"]
        words += _SWITCHED_OFF[synchronization_of(options.invoices)]
        return " · ".join(words)

    def _tell(self, what: str) -> None:
        self._systemd.status(f"{what} · {self._known}" if self._known else what)


def describe(store: Store, options: Invoices) -> list[str]:
    """Return the counts and failing sides that an operator asks for first."""
    counts = store.ledger.counts()
    words = [f"{counts[status]} {status}" for status in ("pending", "failed", "held") if counts.get(status)]
    return words + [_side(side, store.redact) for side in down(store, options)]


def _side(side: Side, redact: Callable[[str], str]) -> str:
    """Return the side with the first sentence of its reason: ``Salesforce paused: out of API calls``."""
    reason = redact(str(side.reason)).split(". ")[0]
    if len(reason) > _LONGEST_REASON:
        reason = reason[: _LONGEST_REASON - 1] + "…"
    return f"{side.side.capitalize()} {side.status}: {reason}"
