"""Judges whether the daemon lives, is ready, and does its work. Only the state is read."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from daemon.clock import Clock
from daemon.observer import Observer
from daemon.reports.causes import long_waits
from daemon.reports.synchronization import synchronization_of
from daemon.settings import Settings
from state.rows import text_of
from state.store import Store

_MARGIN_SECONDS = 60.0


class Pulse(Observer):
    """Remembers by the monotonic clock when the daemon last made progress."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._at = clock.monotonic()
        self.begun = False

    def beat(self) -> None:
        """Note progress: a beat of the scheduler has ended, or a call within a pass."""
        self._at = self._clock.monotonic()
        self.begun = True

    def progressed(self) -> None:
        """Note the progress of a pass."""
        self.beat()

    def is_alive(self, settings: Settings) -> bool:
        """Return whether the daemon made progress within the time of the two longest calls together."""
        longest = settings.magento.timeout + settings.salesforce.timeout
        return self._clock.monotonic() - self._at <= longest.total_seconds() * 2 + _MARGIN_SECONDS


@dataclass(frozen=True, slots=True)
class Health:
    """``ok``, ``degraded`` (a side fails, or records have waited for an hour) or ``stuck``, with the reasons."""

    status: str
    report: dict[str, Any]


def health_of(pulse: Pulse, settings: Settings, store: Store | None, now: datetime) -> Health:
    """Return the health of the sync.

    A sync that the operator switched off is healthy. One with a side that fails, or with records put off for an hour,
    is degraded.
    """
    switched_on = synchronization_of(settings.invoices) != "off"
    report: dict[str, Any] = {"synchronization": "on" if switched_on else "off"}
    degraded = store is None
    for name in ("magento", "salesforce"):
        side = None if store is None else store.sides.get(name)
        report[name] = {"status": side.status if side else None, "reason": side.reason if side else None}
        ignored = name == "salesforce" and not switched_on
        degraded = degraded or (side is not None and side.status != "ok" and not ignored)
    waits = () if store is None else long_waits(store, settings.invoices, now)
    report["waiting"] = [
        {"of": each.of, "count": each.count, "reason": each.reason, "since": text_of(each.since)} for each in waits
    ]
    degraded = degraded or bool(report["waiting"])
    alive = pulse.is_alive(settings)
    return Health("stuck" if not alive else "degraded" if degraded else "ok", report)
