"""Reports whether each side works, and why all notes are kept back."""

from dataclasses import dataclass
from datetime import datetime

from daemon.reports.synchronization import synchronization_of
from daemon.settings.schema import Invoices
from state.kinds import SideStatus
from state.sides import Side
from state.store import Store
from state.waiting import sides_down


@dataclass(frozen=True, slots=True)
class SideReport:
    """The status of a side: ``ok``, ``failing`` or ``paused``, with the reason and the time."""

    status: SideStatus = "ok"
    reason: str | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class SalesforceReport(SideReport):
    """The status of Salesforce, with the org's daily API calls."""

    api_used: int | None = None
    api_limit: int | None = None


@dataclass(frozen=True, slots=True)
class NotesWait:
    """The reason for keeping all notes back, with the beginning and the next try."""

    reason: str | None
    since: datetime | None
    next_try_at: datetime | None


def magento_of(side: Side) -> SideReport:
    """Return the report of Magento."""
    return SideReport(side.status, side.reason, side.since)


def salesforce_of(side: Side) -> SalesforceReport:
    """Return the report of Salesforce."""
    return SalesforceReport(side.status, side.reason, side.since, side.api_used, side.api_limit)


def down(store: Store, options: Invoices) -> list[Side]:
    """Return the sides that fail, and notes when kept back; nothing of a side that the flags switch off."""
    mode = synchronization_of(options)
    return sides_down(store, on=mode != "off", automatic=mode == "automatic", notes=options.synchronize_notes)
