"""How the daemon stands, in the line that ``systemctl status`` shows; counts and causes, nothing of a customer."""

import math
import sqlite3
from contextlib import suppress

from daemon.observer import Observer
from daemon.settings.schema import Invoices
from daemon.sync import Process
from daemon.systemd import Systemd
from state.errors import StateError
from state.passes import Pass
from state.sides import Side
from state.store import Store
from state.waiting import sides_down

# Within a pass the ledger is not counted after each batch: of a large one that takes a while.
_COUNT_SECONDS = 5.0
_LONGEST_REASON = 120


class Standing(Observer):
    """Tells systemd: what is next, what is owed, and which side does not work and why."""

    def __init__(self, process: Process, systemd: Systemd) -> None:
        self._process = process
        self._systemd = systemd
        self._known = ""
        self._pass: Pass | None = None
        self._counted_at: float | None = None

    def progressed(self) -> None:
        """A pass has got on."""
        if self._systemd.listens and self._is_time():
            self._count()
            self._tell("syncing")

    def idle(self) -> None:
        """A beat is over."""
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
        with suppress(sqlite3.Error, StateError):  # the pass itself says that the state cannot be read
            self._known = " · ".join(describe(self._process.tools.store, self._process.settings.invoices))

    def _next_poll(self) -> str:
        options, polled_at = self._process.settings, self._process.polled_at
        interval = options.schedule.poll_interval.total_seconds()
        left = 0.0 if polled_at is None else polled_at + interval - self._process.tools.clock.monotonic()
        words = [f"next poll in {max(0, math.ceil(left))} s"]
        if not options.invoices.enable_synchronization:
            words.append("synchronization off")
        elif not options.invoices.enable_automatic_synchronization:
            words.append("automatic synchronization off")
        return " · ".join(words)

    def _tell(self, what: str) -> None:
        self._systemd.status(f"{what} · {self._known}" if self._known else what)


def describe(store: Store, options: Invoices) -> list[str]:
    """What the state knows that an operator would ask first."""
    counts = store.ledger.counts()
    words = [f"{counts[status]} {status}" for status in ("pending", "failed", "held") if counts.get(status)]
    down = sides_down(
        store,
        on=options.enable_synchronization,
        automatic=options.enable_automatic_synchronization,
        notes=options.synchronize_notes,
    )
    return words + [_side(side, store) for side in down]


def _side(side: Side, store: Store) -> str:
    """``Salesforce paused: out of API calls``: the reason's first sentence."""
    reason = store.redact(str(side.reason)).split(". ")[0]
    if len(reason) > _LONGEST_REASON:
        reason = reason[: _LONGEST_REASON - 1] + "…"
    return f"{side.side.capitalize()} {side.status}: {reason}"
