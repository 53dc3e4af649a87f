"""The ledger row and the notes' rows of an invoice that Magento shows new or changed. Pure: no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from daemon.eligibility import SEND, Action, Decision, Known, decide, decide_comment
from daemon.invoice import Comment, Invoice
from daemon.notes import comment_digest
from daemon.settings import Settings
from daemon.spelling import money
from state.dismissal import is_dismissed, went_with_invoice
from state.kinds import SeenBy
from state.ledger import LedgerRow
from state.notes import NoteRow

UNREADABLE = "its invoice cannot be read"
ANOTHER = "another invoice under a known id: Magento was restored from a backup, or this is another shop"


@dataclass(frozen=True, slots=True)
class Seen:
    """The circumstances of a reading: when, by which scan, and ``asked`` for by a person (``named``: one by one).

    ``backfilling``: a backfill is under way beside it, so Salesforce may have what the ledger lacks.
    """

    at: datetime
    by: SeenBy
    retry_at: datetime
    asked: bool = False
    named: bool = False
    backfilling: bool = False


def is_another(row: LedgerRow, invoice: Invoice) -> bool:
    """Return whether the ledger knows this id as a different invoice. What was never known of it is no difference.

    Nor is a store that Magento does not name any more: it empties the column when the store view is deleted. It never
    empties the other two (`created_at` is NOT NULL, no foreign key sets `increment_id`).
    """
    pairs = (
        (row.store_id, row.store_id if invoice.store_id is None else invoice.store_id),
        (row.created_at, invoice.created_at),
        (row.increment_id or None, invoice.increment_id),
    )
    return any(known is not None and known != shown for known, shown in pairs)


def set_aside(row: LedgerRow, reason: str, again_at: datetime, cause: str | None = None) -> LedgerRow:
    """Return the failed row of an invoice, by Magento's side of it. The invoice is looked at again at ``again_at``."""
    return replace(row, sync_status="failed", reason=reason, cause=cause, next_attempt_at=again_at)


def again_tomorrow(row: LedgerRow, again_at: datetime) -> LedgerRow:
    """Return the row of a still unusable invoice, to be looked at again at ``again_at``."""
    return replace(row, next_attempt_at=again_at)


def shown_again(row: LedgerRow) -> LedgerRow:
    """Return the row of an unreadable invoice, once Magento shows the invoice again, unchanged."""
    return replace(row, corrupt=False, next_attempt_at=None)


def row_of(invoice: Invoice, known: LedgerRow | None, settings: Settings, seen: Seen) -> LedgerRow:
    """Return the row of a new or changed invoice, with the decision about it."""
    if known is not None and is_another(known, invoice):
        return replace(set_aside(known, ANOTHER, seen.retry_at), digest=invoice.digest, corrupt=False)
    was_owed = known is not None and known.sync_status == "pending"
    standing = Known(
        owed=was_owed,
        in_salesforce=known is not None and known.salesforce_id is not None,
        asked=seen.asked or (was_owed and known is not None and known.asked),
        named=seen.named or (was_owed and known is not None and known.named),
        store_id=known.store_id if known is not None else None,
    )
    return _decided(as_shown(invoice, known, seen), known, decide(invoice, settings.invoices, standing), seen)


def as_shown(invoice: Invoice, known: LedgerRow | None, seen: Seen) -> LedgerRow:
    """Return the row with Magento's present values; the row keeps its store and its knowledge of Salesforce."""
    row = known or LedgerRow(
        entity_id=invoice.entity_id,
        increment_id=invoice.increment_id,
        digest="",
        sync_status="pending",
        seen_at=seen.at,
        seen_by=seen.by,
    )
    return replace(
        row,
        increment_id=invoice.increment_id,
        store_id=row.store_id if invoice.store_id is None else invoice.store_id,
        order_id=invoice.order_id,
        order_number=(invoice.order.number if invoice.order else None) or row.order_number,
        state=invoice.state,
        grand_total=None if invoice.grand_total is None else money(invoice.grand_total),
        currency=invoice.currency,
        created_at=invoice.created_at,
        updated_at=invoice.updated_at,
        digest=invoice.digest,
        corrupt=False,
    )


def _decided(row: LedgerRow, known: LedgerRow | None, decision: Decision, seen: Seen) -> LedgerRow:
    sends = decision.action is Action.SEND
    waits_already = sends and known is not None and known.sync_status == "pending" and not seen.asked
    return replace(
        row,
        sync_status=decision.action.value,
        reason=row.reason if waits_already else decision.reason,
        asked=sends and (seen.asked or row.asked),
        named=sends and (seen.named or row.named),
        attempts=row.attempts if waits_already else 0,
        next_attempt_at=row.next_attempt_at if waits_already else None,
        waiting_since=row.waiting_since if sends and known is not None and known.sync_status == "pending" else None,
        # Should it be held or skipped, now or before it is sent, Salesforce is asked whether it has it.
        unconfirmed=row.salesforce_id is None and _may_be_there(row, seen),
    )


def _may_be_there(row: LedgerRow, seen: Seen) -> bool:
    """Return whether Salesforce may have the invoice: after a cleared state, or an unanswered call about it.

    An invoice that is there follows Magento's changes.
    """
    return row.unconfirmed or row.again_at is not None or seen.by == "backfill" or seen.backfilling


def note_rows_of(invoice: Invoice, known: Mapping[int, NoteRow], settings: Settings, seen: Seen) -> list[NoteRow]:
    """Return the rows of this invoice's new, edited, moved or freed comments."""
    rows: list[NoteRow] = []
    for comment in invoice.comments:
        before = known.get(comment.entity_id)
        after = _note_row(comment, invoice.entity_id, before, settings, seen)
        if after != before:
            rows.append(after)
    return rows


def _note_row(comment: Comment, entity_id: int, known: NoteRow | None, settings: Settings, seen: Seen) -> NoteRow:
    shown = comment_digest(comment)
    row = known or NoteRow(comment.entity_id, entity_id, shown, "held", seen.at)
    if row.entity_id != entity_id:  # a comment can be moved to another invoice; its note stays
        # What an unanswered call may still make, it makes on the invoice that it was for.
        called_for = row.unanswered_for or (row.entity_id if row.again_at else None)
        row = replace(row, entity_id=entity_id, unanswered_for=called_for)
    edited = known is None or known.digest != shown
    if not edited and row.sync_status == "synced":
        return row
    if not edited and row.sync_status == "failed" and not seen.asked:
        return row  # it has its own next try
    if not edited and is_dismissed(row) and not went_with_invoice(row) and not seen.asked:
        return row
    if not edited and row.held_for == "notes" and not seen.asked:
        return row  # only a person frees what was held because notes were off
    decision = (
        SEND
        if row.sync_status == "pending" and comment.text.strip()
        else decide_comment(
            comment,
            settings.invoices,
            settings.salesforce.note,
            asked=seen.asked,
            in_salesforce=row.note_id is not None,
        )
    )
    sends = decision.action is Action.SEND
    fresh = edited or seen.asked or row.sync_status != "pending" or row.reason == UNREADABLE
    return replace(
        row,
        digest=shown,
        sync_status=decision.action.value,
        reason=decision.reason if fresh else row.reason,
        held_for=decision.held_for,
        asked=sends and (seen.asked or row.asked),
        attempts=0 if fresh else row.attempts,
        next_attempt_at=None if fresh else row.next_attempt_at,
        waiting_since=row.waiting_since if sends and row.sync_status == "pending" else None,
    )


def gone_note(row: NoteRow) -> NoteRow:
    """Return the row of a comment that its invoice has no more.

    Should the comment come back, on whichever invoice, it is new: nothing shows that it was away.
    """
    return replace(row, sync_status="skipped", reason="gone from this invoice in Magento", digest="")


def without_invoice(row: NoteRow, again_at: datetime) -> NoteRow:
    """Return the row of a comment whose invoice cannot be read: the invoice itself has failed, and says why."""
    return replace(row, reason=UNREADABLE, next_attempt_at=again_at)
