"""What becomes of an invoice that was due: its row and the attempt in one transaction, the books and the log."""

from collections.abc import Sequence
from datetime import datetime

from daemon.errors import Busy, Unreachable
from daemon.salesforce import RecordError
from daemon.sync import transitions
from daemon.sync.decide import again_tomorrow
from daemon.sync.parts import Parts, Tally
from daemon.sync.timing import UNANSWERED_AGAIN
from daemon.sync.transitions import failed
from state.attempts import Attempt
from state.ledger import LedgerRow
from state.waiting import CALL


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
    moment = parts.timing.since(called_at)
    fresh = failed(row, reason, error.cause, moment, again=parts.timing.tomorrow())
    with parts.store.writing():
        parts.store.ledger.write([fresh])
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
    now = parts.timing.now()
    until = now + UNANSWERED_AGAIN if unanswered else None
    fresh = [
        transitions.put_off(
            row,
            reason,
            now,
            again=parts.timing.retry_at(row.attempts, retry_after),
            cause=cause,
            unanswered_until=until,
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


def still_failed(parts: Parts, tally: Tally, row: LedgerRow) -> None:
    """Magento's record can still not be used; it is looked at again tomorrow."""
    if row.sync_status == "failed":
        parts.store.ledger.write([again_tomorrow(row, parts.timing.tomorrow())])
        tally.outcomes[row.entity_id] = "failed"
