"""Whether the daemon lives, is ready, and does its work. Pure but for the reading of the state."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from daemon.clock import Clock
from daemon.observer import Observer
from daemon.settings import Settings
from state.rows import text_of
from state.store import Store
from state.waiting import waiting_long

_MARGIN_SECONDS = 60.0


class Pulse(Observer):
    """When the daemon was last seen to get on, by the monotonic clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._at = clock.monotonic()
        self.begun = False

    def beat(self) -> None:
        """It gets on: a beat of the scheduler has ended, or a call within a pass."""
        self._at = self._clock.monotonic()
        self.begun = True

    def progressed(self) -> None:
        """A pass has got on."""
        self.beat()

    def is_alive(self, settings: Settings) -> bool:
        """Whether it got on within the time that the two longest calls may take together."""
        longest = settings.magento.timeout + settings.salesforce.timeout
        return self._clock.monotonic() - self._at <= longest.total_seconds() * 2 + _MARGIN_SECONDS


@dataclass(frozen=True, slots=True)
class Health:
    """``ok``, ``degraded`` (a side does not answer, or records have waited for an hour) or ``stuck``; and why."""

    status: str
    report: dict[str, Any]


def health_of(pulse: Pulse, settings: Settings, store: Store | None, now: datetime) -> Health:
    """How the sync is. Switched off by the operator is healthy; a side that is down is degraded, not dead.

    So is what has been put off for an hour.
    """
    report: dict[str, Any] = {"synchronization": "on" if settings.invoices.enable_synchronization else "off"}
    degraded = store is None
    for name in ("magento", "salesforce"):
        side = None if store is None else store.sides.get(name)
        report[name] = {"status": side.status if side else None, "reason": side.reason if side else None}
        ignored = name == "salesforce" and not settings.invoices.enable_synchronization
        degraded = degraded or (side is not None and side.status != "ok" and not ignored)
    report["waiting"] = [] if store is None else _waiting(store, settings, now)
    degraded = degraded or bool(report["waiting"])
    alive = pulse.is_alive(settings)
    return Health("stuck" if not alive else "degraded" if degraded else "ok", report)


def _waiting(store: Store, settings: Settings, now: datetime) -> list[dict[str, Any]]:
    """Return what has been put off for an hour, an object for each cause."""
    options = settings.invoices
    if not options.enable_synchronization:
        return []
    found = waiting_long(
        store, now, automatic=options.enable_automatic_synchronization, notes=options.synchronize_notes
    )
    return [{"of": each.of, "count": each.count, "reason": each.reason, "since": text_of(each.since)} for each in found]
