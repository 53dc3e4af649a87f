"""Reports invoices as the grid shows them: each with its sync status, its notes and its Salesforce ID."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from state.kinds import SyncStatus
from state.ledger import LedgerRow
from state.store import Store


@dataclass(frozen=True, slots=True)
class NoteCounts:
    """The number of an invoice's notes with each of these statuses."""

    synced: int = 0
    pending: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class InvoiceReport:
    """One row of the grid."""

    entity_id: int
    increment_id: str
    store_id: int | None
    order_id: int | None
    order_number: str | None
    state: str | None
    grand_total: str | None
    currency: str | None
    created_at: datetime | None
    updated_at: datetime | None
    sync_status: SyncStatus
    reason: str | None
    salesforce_id: str | None
    salesforce_url: str | None
    attempts: int
    next_attempt_at: datetime | None
    synced_at: datetime | None
    notes: NoteCounts


def newest_invoices(
    store: Store, *, status: SyncStatus | None = None, order_number: str | None = None, limit: int | None = None
) -> tuple[InvoiceReport, ...]:
    """Return the grid: newest first, optionally of one sync status or of one order."""
    return invoices_of(store, store.ledger.newest(status=status, order_number=order_number, limit=limit))


def chosen_invoices(store: Store, entity_ids: Sequence[int]) -> tuple[InvoiceReport, ...]:
    """Return these invoices, in this order, without those that the ledger does not have."""
    known = store.ledger.known(entity_ids)
    return invoices_of(store, [known[entity_id] for entity_id in entity_ids if entity_id in known])


def invoices_of(store: Store, rows: Sequence[LedgerRow]) -> tuple[InvoiceReport, ...]:
    """Return a report of each row."""
    counts = store.notes.counts_of(row.entity_id for row in rows)
    instance_url = store.facts.get("instance_url")
    return tuple(_report(row, counts.get(row.entity_id, {}), instance_url) for row in rows)


def _report(row: LedgerRow, notes: dict[SyncStatus, int], instance_url: str | None) -> InvoiceReport:
    return InvoiceReport(
        entity_id=row.entity_id,
        increment_id=row.increment_id,
        store_id=row.store_id,
        order_id=row.order_id,
        order_number=row.order_number,
        state=row.state,
        grand_total=row.grand_total,
        currency=row.currency,
        created_at=row.created_at,
        updated_at=row.updated_at,
        sync_status=row.sync_status,
        reason=row.reason,
        salesforce_id=row.salesforce_id,
        salesforce_url=_link(instance_url, row.salesforce_id),
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at,
        synced_at=row.synced_at,
        notes=NoteCounts(**{status: notes.get(status, 0) for status in ("synced", "pending", "failed")}),
    )


def _link(instance_url: str | None, salesforce_id: str | None) -> str | None:
    """Return the link to the record, from which Salesforce leads on in either of its user interfaces."""
    return f"{instance_url}/{salesforce_id}" if instance_url and salesforce_id else None
