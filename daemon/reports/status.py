"""Reports the status of the sync: flags, checkpoint, last pass, counts, lag, failures and health of both sides."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from daemon.reports.causes import Cause, failures, long_waits
from daemon.reports.sides import NotesWait, SalesforceReport, SideReport, down, magento_of, salesforce_of
from daemon.reports.synchronization import Synchronization, synchronization_of
from daemon.settings.schema import Invoices
from state.passes import Pass
from state.sides import Side
from state.store import Store
from state.waiting import NOTES

STATUSES = ("pending", "synced", "held", "skipped", "failed")
_NONE = dict.fromkeys(STATUSES, 0)


@dataclass(frozen=True, slots=True)
class StatusReport:
    """The status of the sync. A command that reports the status ends with ``exit_code``."""

    synchronization: Synchronization
    notes: bool
    checkpoint: datetime | None
    lag_seconds: int | None
    ledger: Mapping[str, int]
    notes_ledger: Mapping[str, int]
    failures: tuple[Cause, ...]
    notes_wait: NotesWait | None
    last_pass: Pass | None
    magento: SideReport
    salesforce: SalesforceReport
    exit_code: int


def status_without_state(options: Invoices) -> StatusReport:
    """Return the status before a state exists."""
    return StatusReport(
        synchronization=synchronization_of(options),
        notes=options.synchronize_notes,
        checkpoint=None,
        lag_seconds=None,
        ledger=_NONE,
        notes_ledger=_NONE,
        failures=(),
        notes_wait=None,
        last_pass=None,
        magento=SideReport(),
        salesforce=SalesforceReport(),
        exit_code=0,
    )


def status_of(store: Store, options: Invoices, now: datetime) -> StatusReport:
    """Return the status of the sync now."""
    mode = synchronization_of(options)
    found = failures(store) + long_waits(store, options, now)
    magento, salesforce = store.sides.get("magento"), store.sides.get("salesforce")
    return StatusReport(
        synchronization=mode,
        notes=options.synchronize_notes,
        checkpoint=store.checkpoints.current(),
        lag_seconds=_lag(store.ledger.oldest_owed(automatic=mode == "automatic"), now),
        ledger=_NONE | store.ledger.counts(),
        notes_ledger=_NONE | store.notes.counts(),
        failures=found,
        notes_wait=_notes_wait(down(store, options)),
        last_pass=store.passes.last(),
        magento=magento_of(magento),
        salesforce=salesforce_of(salesforce),
        exit_code=_exit_code(found, (magento,) if mode == "off" else (magento, salesforce)),
    )


def _lag(oldest_owed: datetime | None, now: datetime) -> int | None:
    return None if oldest_owed is None else max(0, int((now - oldest_owed).total_seconds()))


def _notes_wait(sides: Iterable[Side]) -> NotesWait | None:
    return next((NotesWait(side.reason, side.since, side.next_try_at) for side in sides if side.side == NOTES), None)


def _exit_code(found: tuple[Cause, ...], called: Iterable[Side]) -> int:
    """Return a failing side's own code, else 3 when a record failed or has waited for an hour, else 0."""
    codes = [3] if found else [0]
    codes += [side.exit_code or (75 if side.status == "failing" else 78) for side in called if side.status != "ok"]
    return max(codes)
