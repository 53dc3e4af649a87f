"""Reports whether each side works, and why notes as such are kept back."""

from dataclasses import dataclass
from datetime import datetime

from daemon.reports.synchronization import synchronization_of
from daemon.settings.schema import Invoices
from state.sides import Side
from state.store import Store
from state.waiting import sides_down


@dataclass(frozen=True, slots=True)
class SideReport:
    """``ok``, ``failing`` or ``paused``; why, and since when."""

    status: str = "ok"
    reason: str | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class SalesforceReport(SideReport):
    """Salesforce also tells how many of the org's daily API calls are used."""

    api_used: int | None = None
    api_limit: int | None = None


@dataclass(frozen=True, slots=True)
class NotesWait:
    """Why no note is sent, since when, and when the next one is tried."""

    reason: str | None
    since: datetime | None
    next_try_at: datetime | None


def magento_of(side: Side) -> SideReport:
    """Return how Magento is."""
    return SideReport(side.status, side.reason, side.since)


def salesforce_of(side: Side) -> SalesforceReport:
    """Return how Salesforce is."""
    return SalesforceReport(side.status, side.reason, side.since, side.api_used, side.api_limit)


def down(store: Store, options: Invoices) -> list[Side]:
    """Return the sides that do not work, and notes that are kept back, of what is switched on and owed."""
    mode = synchronization_of(options)
    return sides_down(store, on=mode != "off", automatic=mode == "automatic", notes=options.synchronize_notes)
