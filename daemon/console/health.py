"""Whether the daemon lives, is ready, and does its work. Pure but for the reading of the state."""

from dataclasses import dataclass
from typing import Any

from daemon.clock import Clock
from daemon.settings import Settings
from state.sides import NOTES
from state.store import Store

_MARGIN_SECONDS = 60.0


class Pulse:
    """When the daemon was last seen to get on, by the monotonic clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._at = clock.monotonic()
        self.begun = False

    def beat(self) -> None:
        """It gets on: a beat of the scheduler has ended, or a call within a pass."""
        self._at = self._clock.monotonic()
        self.begun = True

    def is_alive(self, settings: Settings) -> bool:
        """Whether it got on within the time that the two longest calls may take together."""
        longest = settings.magento.timeout + settings.salesforce.timeout
        return self._clock.monotonic() - self._at <= longest.total_seconds() * 2 + _MARGIN_SECONDS


@dataclass(frozen=True, slots=True)
class Health:
    """``ok``, ``degraded`` (a side does not answer, what is owed waits) or ``stuck``; and why."""

    status: str
    report: dict[str, Any]


def health_of(pulse: Pulse, settings: Settings, store: Store | None) -> Health:
    """How the sync is. Switched off by the operator is healthy; a side that is down is degraded, not dead."""
    report: dict[str, Any] = {"synchronization": "on" if settings.invoices.enable_synchronization else "off"}
    degraded = store is None
    for name in ("magento", "salesforce", NOTES):
        side = None if store is None else store.sides.get(name)
        report[name] = {"status": side.status if side else None, "reason": side.reason if side else None}
        ignored = name != "magento" and not settings.invoices.enable_synchronization
        ignored = ignored or (name == NOTES and not settings.invoices.synchronize_notes)
        degraded = degraded or (side is not None and side.status != "ok" and not ignored)
    alive = pulse.is_alive(settings)
    return Health("stuck" if not alive else "degraded" if degraded else "ok", report)
