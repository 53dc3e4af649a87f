"""Reports the outcome of a manual sync or of a single run."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from daemon.reports.causes import Cause, failures, long_waits
from daemon.reports.invoices import InvoiceReport, chosen_invoices
from daemon.reports.left import Left, left_of
from daemon.settings.schema import Invoices
from state.store import Store


@dataclass(frozen=True, slots=True)
class SyncReport:
    """The outcome of a manual sync of chosen invoices. The command ends with ``exit_code``."""

    invoices: tuple[InvoiceReport, ...]
    causes: tuple[Cause, ...]
    left: tuple[Left, ...]
    synced: int
    chosen: int
    exit_code: int


def sync_report(store: Store, options: Invoices, chosen: Sequence[int]) -> SyncReport:
    """Return the outcome for these invoices and their notes."""
    invoices = chosen_invoices(store, chosen)
    ids = [invoice.entity_id for invoice in invoices]
    notes = store.notes.of(ids) if options.synchronize_notes else []
    synced = sum(invoice.sync_status == "synced" for invoice in invoices)
    statuses = {invoice.sync_status for invoice in invoices} | {note.sync_status for note in notes}
    return SyncReport(
        invoices=invoices,
        causes=failures(store, chosen),
        left=left_of(store, options, chosen),
        synced=synced,
        chosen=len(chosen),
        exit_code=_exit_code(synced, len(chosen), statuses),
    )


def _exit_code(synced: int, chosen: int, statuses: AbstractSet[str]) -> int:
    """Return 0 for all done, 3 for done in part, 75 when nothing needs a person, else 1."""
    owed, failed = "pending" in statuses, "failed" in statuses
    if synced == chosen and not owed and not failed:
        return 0
    if synced:
        return 3
    return 75 if owed and not failed else 1


@dataclass(frozen=True, slots=True)
class RunReport:
    """The records that a single run left: all ``causes``, and the invoices ``newly_failed`` in this run."""

    causes: tuple[Cause, ...]
    left: tuple[Left, ...]
    newly_failed: frozenset[int]


def run_report(store: Store, options: Invoices, now: datetime, failed_before: AbstractSet[int]) -> RunReport:
    """Return the records left by a run; ``failed_before`` are the invoices that had failed before the run."""
    return RunReport(
        causes=failures(store) + long_waits(store, options, now),
        left=left_of(store, options),
        newly_failed=frozenset(store.ledger.having("failed") - failed_before),
    )
