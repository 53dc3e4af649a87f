"""Records the outcome of a due invoice: its row and the attempt in one transaction, the books and the log."""

from collections.abc import Sequence
from datetime import datetime

from daemon.errors import Busy, Unreachable
from daemon.mapping import InvoiceRecord
from daemon.salesforce import INVOICE, Done, Next, RecordError, Rejected, remedy_for
from daemon.spelling import sentences
from daemon.sync import transitions
from daemon.sync.decide import again_tomorrow
from daemon.sync.delivery.systemic import RejectedAlike
from daemon.sync.session import Session
from daemon.sync.tally import Tally
from daemon.sync.timing import UNANSWERED_AGAIN, Timing
from daemon.sync.tools import Tools
from state.attempts import Attempt
from state.kinds import AttemptOutcome
from state.ledger import LedgerRow
from state.waiting import CALL


def pauses_all(row: LedgerRow, answer: Rejected, *, accepted: bool) -> bool:
    """Return whether every invoice would get this answer. ``accepted``: other invoices of the call went in."""
    # One record may be out of the user's reach while the object is not.
    its_own = accepted or ("INSUFFICIENT_ACCESS" in answer.error.code and row.attempts > 0)
    return remedy_for(answer.error).next is Next.PAUSE and not its_own


class InvoiceOutcomes:
    """Writes the outcomes of invoices."""

    def __init__(self, tools: Tools, timing: Timing, alike: RejectedAlike) -> None:
        self._tools = tools
        self._timing = timing
        self._alike = alike

    def accept(self, tally: Tally, row: LedgerRow, record: InvoiceRecord, answer: Done, called_at: datetime) -> None:
        """Record an invoice as taken by Salesforce."""
        store, salesforce_id = self._tools.store, answer.ids[INVOICE]
        fresh = transitions.synced(row, record.fingerprint, self._timing.since(called_at))
        fresh = transitions.replaced(fresh, salesforce_id)
        with store.writing():
            if row.salesforce_id not in (None, salesforce_id):
                # Somebody deleted the record, and with it the notes and comment records that hung on it.
                store.notes.owe_again(row.entity_id, asked=row.asked)
            store.ledger.write([fresh])
            self._add_attempt(tally, fresh, "synced", None)
        tally.outcomes[row.entity_id] = "synced"
        tally.log.info("invoice.synced", **_names(fresh), salesforce_id=salesforce_id)
        if row.synced_at is None and row.created_at is not None:
            seconds = (self._timing.now() - row.created_at).total_seconds()
            self._tools.observer.invoice_arrived(max(0.0, seconds))

    def keep(self, tally: Tally, row: LedgerRow, record: InvoiceRecord, at: datetime) -> None:
        """Record an invoice as synced without a call: Salesforce has just this already."""
        fresh = transitions.synced(row, record.fingerprint, self._timing.since(at))
        self._tools.store.ledger.write([fresh])
        tally.outcomes[row.entity_id] = "synced"
        tally.log.debug("invoice.unchanged", **_names(fresh), salesforce_id=fresh.salesforce_id)

    def reject(self, tally: Tally, row: LedgerRow, answer: Rejected, called_at: datetime, session: Session) -> None:
        """Record a rejected invoice: put off for a passing cause, failed for any other."""
        remedy = remedy_for(answer.error)
        next_ = remedy.single if remedy.next is Next.PAUSE else remedy.next
        if next_ is Next.AGAIN or _is_our_own_call(answer, session):
            self.put_off(tally, [row], str(answer.error), cause=answer.error.cause)
        else:
            reason = sentences(str(answer.error), remedy.hint)
            self._alike.add(row, answer.error.cause, reason)
            self._fail(tally, row, reason, answer.error, called_at)

    def put_off(
        self,
        tally: Tally,
        rows: Sequence[LedgerRow],
        reason: str,
        *,
        cause: str | None = None,
        unanswered: bool = False,
        retry_after: float | None = None,
    ) -> None:
        """Put these off. ``unanswered``: a call about them had no answer, so they go once more when it must be over."""
        store, now = self._tools.store, self._timing.now()
        fresh = [
            transitions.put_off(
                row,
                reason,
                now,
                again=self._timing.retry_at(row.attempts, retry_after),
                cause=cause,
                unanswered_until=now + UNANSWERED_AGAIN if unanswered else None,
            )
            for row in rows
        ]
        with store.writing():
            store.ledger.write(fresh)
            for row in fresh:
                self._add_attempt(tally, row, "pending", reason)
        tally.note_due(row.entity_id for row in fresh)

    def put_off_call(self, tally: Tally, rows: Sequence[LedgerRow], error: Unreachable | Busy) -> None:
        """Put off the rows in a failed call, not the rows left out of the call for its size."""
        about = [row for row in rows if error.about is None or row.entity_id in error.about]
        retry_after = error.retry_after if isinstance(error, Busy) else None
        self.put_off(tally, about, str(error), cause=CALL, unanswered=error.unanswered, retry_after=retry_after)

    def leave_failed(self, tally: Tally, row: LedgerRow) -> None:
        """Leave a failed invoice failed, as its record is still unusable; look at it again tomorrow."""
        if row.sync_status == "failed":
            self._tools.store.ledger.write([again_tomorrow(row, self._timing.tomorrow())])
            tally.outcomes[row.entity_id] = "failed"

    def _fail(self, tally: Tally, row: LedgerRow, reason: str, error: RecordError, called_at: datetime) -> None:
        store, moment = self._tools.store, self._timing.since(called_at)
        fresh = transitions.failed(row, reason, error.cause, moment, again=self._timing.tomorrow())
        with store.writing():
            store.ledger.write([fresh])
            self._add_attempt(tally, row, "failed", reason)
        tally.outcomes[row.entity_id] = "failed"
        tally.log.warning("invoice.failed", **_names(row), reason=reason, code=error.code)

    def _add_attempt(self, tally: Tally, row: LedgerRow, outcome: AttemptOutcome, answer: str | None) -> None:
        attempt = Attempt(row.entity_id, self._timing.now(), tally.pass_id, outcome, answer)
        self._tools.store.attempts.add([attempt])


def _names(row: LedgerRow) -> dict[str, str | int]:
    return {"invoice": row.increment_id, "entity_id": row.entity_id}


def _is_our_own_call(answer: Rejected, session: Session) -> bool:
    """Return whether an unfinished call of ours is the cause: a duplicate of our own external ID was rejected."""
    salesforce = session.settings.salesforce
    field = salesforce.invoice.external_id if answer.ref == INVOICE else salesforce.item.external_id
    return answer.error.code == "DUPLICATE_VALUE" and field in f"{answer.error.message} {answer.error.fields}"
