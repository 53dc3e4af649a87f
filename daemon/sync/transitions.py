"""The row of an invoice or a note after Salesforce's answer or an error. Pure: no I/O."""

from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from daemon.eligibility import Decision
from daemon.sync.timing import Moment
from state.dismissal import is_dismissed
from state.ledger import LedgerRow
from state.notes import NoteRow

Row = TypeVar("Row", LedgerRow, NoteRow)


def synced(row: LedgerRow, fingerprint: str, moment: Moment) -> LedgerRow:
    """Return the row of an invoice with equal contents on both sides, by an answer just now or before."""
    return replace(
        row,
        sync_status="synced",
        reason=None,
        asked=False,
        named=False,
        unconfirmed=False,
        fingerprint=fingerprint,
        attempts=0,
        next_attempt_at=None,
        again_at=moment.unanswered_until(row.again_at),
        waiting_since=None,
        synced_at=moment.now,
    )


def attached(row: NoteRow, fingerprint: str, moment: Moment) -> NoteRow:
    """Return the row of a comment with its note in Salesforce, by an answer just now or before."""
    return replace(
        row,
        sync_status="synced",
        reason=None,
        held_for=None,
        asked=False,
        fingerprint=fingerprint,
        attempts=0,
        next_attempt_at=None,
        again_at=moment.unanswered_until(row.again_at),
        unanswered_for=None,
        waiting_since=None,
        synced_at=moment.now,
    )


def failed(row: Row, reason: str, cause: str | None, moment: Moment, *, again: datetime) -> Row:
    """Return a failed row, with a reason for a person to fix, to be tried again at ``again``.

    What an older call may have written over stays unknown: the row goes then, even if its content is what Salesforce
    last answered for.
    """
    return replace(
        row,
        sync_status="failed",
        reason=reason,
        cause=cause,
        fingerprint=None if row.again_at else row.fingerprint,
        attempts=row.attempts + 1,
        next_attempt_at=again,
        again_at=moment.unanswered_until(row.again_at),
        waiting_since=None,
    )


def put_off(
    row: Row,
    reason: str,
    now: datetime,
    *,
    again: datetime,
    cause: str | None = None,
    unanswered_until: datetime | None = None,
) -> Row:
    """Return a pending row, to be tried again at ``again``.

    ``unanswered_until``: when a call without an answer must be over; the record is then sent once more. What Salesforce
    holds is not known any more: also a gateway's 502 may hide that a call was carried out. So the record is sent even
    if Magento shows again what Salesforce last answered for.
    """
    return replace(
        row,
        sync_status="pending",
        reason=reason,
        cause=cause,
        fingerprint=None,
        attempts=row.attempts + 1,
        next_attempt_at=again,
        again_at=unanswered_until or row.again_at,
        waiting_since=_waiting_since(row, now),
    )


def kept_back(row: NoteRow, reason: str, now: datetime) -> NoteRow:
    """Return the row of a rejected note, due once the org takes notes. The attempt counts: others find out next."""
    return replace(
        row,
        sync_status="pending",
        reason=reason,
        cause=None,
        attempts=row.attempts + 1,
        next_attempt_at=None,
        waiting_since=_waiting_since(row, now),
    )


def waits(row: NoteRow, reason: str) -> NoteRow:
    """Return the row of an unsent note, due as soon as the org takes notes."""
    return replace(row, reason=reason, next_attempt_at=None)


def untried(row: LedgerRow, reason: str) -> LedgerRow:
    """Return the row of an owed, untried invoice after a rejection of all invoices."""
    return replace(
        row, sync_status="pending", reason=reason, cause=None, attempts=0, next_attempt_at=None, waiting_since=None
    )


def replaced(row: LedgerRow, salesforce_id: str) -> LedgerRow:
    """Return the row of an invoice with the ID of its present record."""
    return replace(row, salesforce_id=salesforce_id)


def deleted(row: LedgerRow, decision: Decision) -> LedgerRow:
    """Return the row of an invoice without its record, which somebody deleted; decided again.

    An earlier call that may still commit (``again_at``) makes the record again, as it was then.
    """
    return replace(
        row,
        sync_status=decision.action.value,
        reason=decision.reason,
        salesforce_id=None,
        fingerprint=None,
        attempts=0,
        next_attempt_at=None,
    )


def looked_up(row: LedgerRow, salesforce_id: str | None, moment: Moment) -> LedgerRow:
    """Return the row of a held or skipped invoice after its lookup in Salesforce.

    One that was found keeps its Salesforce ID and follows the rules for invoices already there: a skip rule does not
    hold it any more, a flag still does, and what a person dismissed stays so. One that was not found is asked for once
    more if an unanswered call may still make it.
    """
    if salesforce_id is None:
        unanswered = moment.unanswered_until()
        return replace(row, unconfirmed=unanswered is not None, again_at=unanswered)
    found = replace(row, unconfirmed=False, salesforce_id=salesforce_id)
    if row.sync_status == "skipped" and not is_dismissed(row):
        return replace(found, sync_status="pending", reason=None)
    return found


def _waiting_since(row: LedgerRow | NoteRow, now: datetime) -> datetime:
    """Return since when a row has waited: since its first delay, for whatever reason."""
    return (row.waiting_since if row.sync_status == "pending" else None) or now
