"""What becomes of an invoice that was due: its row and the attempt in one transaction, the books and the log."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from daemon.errors import Busy, Unreachable
from daemon.salesforce import RecordError
from daemon.sync.parts import FAILED_AGAIN, UNANSWERED_AGAIN, Parts, Tally
from state.attempts import Attempt
from state.ledger import LedgerRow
from state.notes import NoteRow
from state.waiting import CALL


def synced(parts: Parts, row: LedgerRow, called_at: datetime) -> LedgerRow:
    """The row of an invoice that Salesforce holds as Magento shows it; at ``called_at`` it was sent, or found so."""
    return replace(
        row,
        sync_status="synced",
        reason=None,
        asked=False,
        named=False,
        unconfirmed=False,
        attempts=0,
        next_attempt_at=None,
        again_at=parts.still_doubted(called_at, row.again_at),
        waiting_since=None,
        synced_at=parts.now(),
    )


def settle(parts: Parts, tally: Tally, row: LedgerRow, event: str) -> None:
    """Salesforce holds it; ``event`` says whether it has just said so (invoice.synced) or did already."""
    with parts.store.writing():
        parts.store.ledger.write([row])
        if event != "invoice.unchanged":
            _note_attempt(parts, row, "synced", None)
    tally.outcomes[row.entity_id] = "synced"
    write = parts.log.debug if event == "invoice.unchanged" else parts.log.info
    write(event, invoice=row.increment_id, entity_id=row.entity_id, salesforce_id=row.salesforce_id)


def _note_attempt(parts: Parts, row: LedgerRow, outcome: str, answer: str | None) -> None:
    parts.store.attempts.add([Attempt(row.entity_id, parts.now(), parts.pass_id, outcome, answer)])


def fail(parts: Parts, tally: Tally, row: LedgerRow, reason: str, error: RecordError, *, called_at: datetime) -> None:
    """A person must mend the reason; it is tried again tomorrow.

    What an older call may have written over stays unknown: it goes then, even if it is what Salesforce last answered
    for.
    """
    failed = replace(
        row,
        sync_status="failed",
        reason=reason,
        fingerprint=None if row.again_at else row.fingerprint,
        cause=error.cause,
        attempts=row.attempts + 1,
        next_attempt_at=parts.now() + FAILED_AGAIN,
        again_at=parts.still_doubted(called_at, row.again_at),
        waiting_since=None,
    )
    with parts.store.writing():
        parts.store.ledger.write([failed])
        _note_attempt(parts, row, "failed", reason)
    tally.outcomes[row.entity_id] = "failed"
    names = {"invoice": row.increment_id, "entity_id": row.entity_id}
    parts.log.warning("invoice.failed", **names, reason=reason, code=error.code)


def put_off(
    parts: Parts,
    tally: Tally,
    rows: Sequence[LedgerRow],
    reason: str,
    *,
    cause: str | None = None,
    unanswered: bool = False,
    retry_after: float | None = None,
) -> None:
    """They stay pending. After a call without an answer they are also sent once more when it must be over.

    What Salesforce holds of them is not known any more: also a gateway's 502 may hide that a call was carried out. So
    they are sent even if Magento shows again what Salesforce last answered for.
    """
    fresh = [
        replace(
            row,
            sync_status="pending",
            reason=reason,
            cause=cause,
            fingerprint=None,
            attempts=row.attempts + 1,
            next_attempt_at=parts.retry_at(row.attempts, retry_after),
            again_at=parts.now() + UNANSWERED_AGAIN if unanswered else row.again_at,
            waiting_since=waiting_since(row, parts.now()),
        )
        for row in rows
    ]
    with parts.store.writing():
        parts.store.ledger.write(fresh)
        for row in fresh:
            _note_attempt(parts, row, "pending", reason)
    tally.outcomes.update({row.entity_id: "pending" for row in fresh})


def put_off_call(parts: Parts, tally: Tally, rows: Sequence[LedgerRow], error: Unreachable | Busy) -> None:
    """Put off the rows that a failed call was about; not those that did not fit into it."""
    about = [row for row in rows if error.about is None or row.entity_id in error.about]
    retry_after = error.retry_after if isinstance(error, Busy) else None
    put_off(parts, tally, about, str(error), cause=CALL, unanswered=error.unanswered, retry_after=retry_after)


def waiting_since(row: LedgerRow | NoteRow, now: datetime) -> datetime:
    """Return since when a row that is put off now has waited: since it was put off first, for whatever reason."""
    return (row.waiting_since if row.sync_status == "pending" else None) or now


def still_failed(parts: Parts, tally: Tally, row: LedgerRow) -> None:
    """Magento's record can still not be used; it is looked at again tomorrow."""
    if row.sync_status == "failed":
        parts.store.ledger.write([replace(row, next_attempt_at=parts.now() + FAILED_AGAIN)])
        tally.outcomes[row.entity_id] = "failed"
