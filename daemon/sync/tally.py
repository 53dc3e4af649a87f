"""The books of a pass: invoices seen and decided, their outcomes, and the calls made."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from structlog.typing import FilteringBoundLogger

from daemon.errors import InvoiceSyncError
from daemon.sync.delivery.call_failures import CallFailures
from state.kinds import PassOutcome
from state.ledger import LedgerRow
from state.passes import Pass

_SAID = (
    "trigger", "outcome", "seen", "owed", "unchanged", "held", "skipped", "refused", "due", "synced", "failed",
    "pending", "notes", "magento_calls", "salesforce_calls", "error",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Left:
    """The rows left over when a pass ends, because a side failed or the process stops.

    ``with_next_page``: they just go with the next page of the backfill.
    """

    count: int
    with_next_page: bool


@dataclass
class Tally:
    """The books of one pass while it runs. ``log`` names the pass in each of its lines."""

    begun: Pass
    log: FilteringBoundLogger
    seen: int = 0
    owed: int = 0
    unchanged: int = 0
    held: int = 0
    skipped: int = 0
    refused: int = 0
    notes: int = 0
    outcomes: dict[int, str] = field(default_factory=dict)  # of each due invoice: synced, failed or pending
    note_failures: int = 0
    error: str | None = None
    failure: InvoiceSyncError | None = None  # the first that ended work with a side
    salesforce_failed: bool = False
    calls: CallFailures = field(default_factory=CallFailures)
    closed: Pass | None = None

    @property
    def done(self) -> Pass:
        """The closed pass."""
        assert self.closed is not None, "the pass has been closed"
        return self.closed

    @property
    def pass_id(self) -> int:
        """The number of the pass."""
        return self.begun.id

    def note_due(self, entity_ids: Iterable[int]) -> None:
        """Enter due invoices, each pending until another outcome."""
        self.outcomes.update(dict.fromkeys(entity_ids, "pending"))

    def note_decided(self, rows: Sequence[LedgerRow], seen: int) -> None:
        """Enter invoices shown by Magento, with the rows of the new or changed ones; log all but simply owed rows."""
        self.seen += seen
        self.unchanged += seen - len(rows)
        for row in rows:
            if row.sync_status == "held":
                self.held += 1
            elif row.sync_status == "skipped":
                self.skipped += 1
            elif row.sync_status == "failed":
                self.refused += 1
            else:
                self.owed += 1
        self.tell_decided(rows)

    def tell_decided(self, rows: Iterable[LedgerRow]) -> None:
        """Log the decisions about these rows, but for simply owed ones."""
        for row in rows:
            event = {"invoice": row.increment_id, "entity_id": row.entity_id, "reason": row.reason}
            if row.sync_status == "held":
                self.log.info("invoice.held", **event)
            elif row.sync_status == "skipped":
                self.log.info("invoice.skipped", **event)
            elif row.sync_status == "failed":
                self.log.warning("invoice.failed", **event)

    def note_gone(self, rows: Iterable[LedgerRow]) -> None:
        """Enter invoices that Magento has no more as failed."""
        for row in rows:
            self.outcomes[row.entity_id] = "failed"
            self.log.warning("invoice.failed", invoice=row.increment_id, entity_id=row.entity_id, reason=row.reason)

    def note_failure(self, error: InvoiceSyncError, *, of_salesforce: bool) -> None:
        """Enter the error behind the end of work with a side; the pass tells the first error."""
        self.error = self.error or str(error)
        self.failure = self.failure or error
        self.salesforce_failed = self.salesforce_failed or of_salesforce

    def close(self, at: datetime, left: Left, *, magento_calls: int, salesforce_calls: int) -> Pass:
        """Return the pass to be remembered."""
        outcomes = list(self.outcomes.values())
        synced, failed = outcomes.count("synced"), outcomes.count("failed")
        pending = outcomes.count("pending") + left.count
        put_off = pending and not (left.with_next_page and left.count == pending)
        self.closed = replace(
            self.begun,
            finished_at=max(at, self.begun.started_at),
            outcome=self._outcome(synced=synced, is_partial=bool(failed or put_off)),
            seen=self.seen,
            owed=self.owed,
            unchanged=self.unchanged,
            held=self.held,
            skipped=self.skipped,
            refused=self.refused,
            due=synced + failed + pending,
            synced=synced,
            failed=failed,
            pending=pending,
            notes=self.notes,
            magento_calls=magento_calls,
            salesforce_calls=salesforce_calls,
            error=self.error,
        )
        return self.closed

    def tell(self, seconds: float) -> None:
        """Log the closed pass in one line; an idle pass at debug, or such lines would be the log."""
        done = self.done
        idle = done.outcome == "ok" and done.due == 0 and done.notes == 0 and done.seen == done.unchanged
        write = self.log.debug if idle else self.log.info
        write("pass.finished", seconds=round(seconds, 3), **{name: getattr(done, name) for name in _SAID})

    def _outcome(self, *, synced: int, is_partial: bool) -> PassOutcome:
        if self.error is not None:
            return "partial" if synced or self.notes else "failed"
        return "partial" if is_partial or self.refused or self.note_failures else "ok"
