"""What becomes of an invoice that Magento shows new or changed: its ledger row and its comments' rows. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from daemon.eligibility import SEND, Action, Decision, Known, decide, decide_comment
from daemon.invoice import Comment, Invoice, Malformed
from daemon.notes import comment_digest
from daemon.settings import Settings
from daemon.spelling import money
from state.dismissal import GONE, is_dismissed, went_with_invoice
from state.ledger import LedgerRow
from state.notes import NoteRow

UNREADABLE = "its invoice cannot be read"
ANOTHER = "another invoice under a known id: Magento was restored from a backup, or this is another shop"


@dataclass(frozen=True, slots=True)
class Seen:
    """When, by which scan, and whether a person asked for the invoices (``named``: one by one).

    ``backfilling``: a backfill is under way beside it, so Salesforce may have what the ledger lacks.
    """

    at: datetime
    by: str
    retry_at: datetime
    asked: bool = False
    named: bool = False
    backfilling: bool = False


def is_another(row: LedgerRow, invoice: Invoice) -> bool:
    """Whether the ledger knows this id as a different invoice. What was never known of it is no difference.

    Nor is a store that Magento does not name any more: it empties the column when the store view is deleted. It never
    empties the other two (`created_at` is NOT NULL, no foreign key sets `increment_id`).
    """
    pairs = (
        (row.store_id, row.store_id if invoice.store_id is None else invoice.store_id),
        (row.created_at, invoice.created_at),
        (row.increment_id or None, invoice.increment_id),
    )
    return any(known is not None and known != shown for known, shown in pairs)


def refused_row(shown: Malformed, known: LedgerRow | None, seen: Seen) -> LedgerRow:
    """The row of a record that cannot be read as an invoice. What is known of it is kept."""
    reason = f"Magento's record cannot be used: {shown.reason}"
    if known is not None:
        return replace(
            known,
            digest=shown.digest,
            sync_status="failed",
            reason=reason,
            cause=None,
            corrupt=False,
            next_attempt_at=seen.retry_at,
        )
    return LedgerRow(
        entity_id=shown.entity_id,
        increment_id=shown.increment_id or "",
        created_at=shown.created_at,
        updated_at=shown.updated_at,
        digest=shown.digest,
        sync_status="failed",
        reason=reason,
        seen_at=seen.at,
        seen_by=seen.by,
        unconfirmed=seen.by == "backfill" or seen.backfilling,
        next_attempt_at=seen.retry_at,
    )


def unreadable_row(entity_id: int, words: str, known: LedgerRow | None, seen: Seen) -> LedgerRow:
    """Return the row of an invoice that Magento cannot show: failed, tried once a day, left out of every list.

    One that was dismissed stays so, unless a person asks for it.
    """
    if known is not None and is_dismissed(known) and not seen.asked:
        return replace(known, corrupt=True, next_attempt_at=seen.retry_at)
    row = known or LedgerRow(
        entity_id=entity_id,
        increment_id="",
        digest="",
        sync_status="failed",
        seen_at=seen.at,
        seen_by=seen.by,
        unconfirmed=seen.by == "backfill" or seen.backfilling,
    )
    return replace(
        row,
        sync_status="failed",
        reason=f"Magento cannot show this invoice. {words.rstrip('.')}. Its log tells why; fix the record there.",
        cause="Magento cannot show it",
        corrupt=True,
        digest="",
        next_attempt_at=seen.retry_at,
    )


def gone_row(known: LedgerRow, seen: Seen) -> LedgerRow:
    """Return the row of an invoice that Magento has no more: failed, but what was dismissed stays so, unless asked for.

    It breaks no list any more.
    """
    row = replace(known, corrupt=False, next_attempt_at=None)
    if is_dismissed(known) and not seen.asked:
        return row
    return replace(row, sync_status="failed", reason=GONE, cause=None, next_attempt_at=seen.retry_at)


def orderless_row(
    invoice: Invoice, decided: LedgerRow | None, known: LedgerRow | None, words: str, seen: Seen
) -> LedgerRow | None:
    """Return the row of an invoice whose order Magento cannot show; None: it stays as it is.

    ``decided``: what was decided, for which no order is needed; None: it has not changed. Failed, and tried once a day
    and when it changes, is only what is to be sent.
    """
    row = decided or known
    if row is None or (decided is not None and decided.sync_status != "pending"):
        return decided
    if known is not None and not seen.asked and not _sends_without_news(known, seen.at):
        settled = known.sync_status == "synced" or is_dismissed(known)
        if decided is None or (settled and _differs_in_comments_only(invoice, known, seen)):
            return None  # with its digest: once the order is shown, it is compared whole
    named = f"order {row.order_number}" if row.order_number else f"order (entity_id {invoice.order_id})"
    return replace(
        row,
        sync_status="failed",
        reason=f"Magento cannot show its {named}. {words.rstrip('.')}. Its log tells why; fix the order there.",
        cause="Magento cannot show its order",
        next_attempt_at=seen.retry_at,
    )


def _sends_without_news(row: LedgerRow, at: datetime) -> bool:
    """Whether the invoice is to be sent as it was when it was seen last: owed, or its next try is due."""
    if row.sync_status == "synced":
        return row.again_at is not None and row.again_at <= at
    is_due = row.next_attempt_at is None or row.next_attempt_at <= at
    return row.sync_status == "pending" or (row.sync_status == "failed" and is_due)


def _differs_in_comments_only(invoice: Invoice, known: LedgerRow, seen: Seen) -> bool:
    """Whether nothing else that the ledger knows has changed: a comment never moves its invoice's `updated_at`."""
    return replace(_shown(invoice, known, seen), digest=known.digest) == known


def row_of(invoice: Invoice, known: LedgerRow | None, settings: Settings, seen: Seen) -> LedgerRow:
    """The row of a new or changed invoice, with what was decided about it."""
    if known is not None and is_another(known, invoice):
        return replace(
            known,
            digest=invoice.digest,
            sync_status="failed",
            reason=ANOTHER,
            cause=None,
            corrupt=False,
            next_attempt_at=seen.retry_at,
        )
    was_owed = known is not None and known.sync_status == "pending"
    standing = Known(
        owed=was_owed,
        in_salesforce=known is not None and known.salesforce_id is not None,
        asked=seen.asked or (was_owed and known is not None and known.asked),
        named=seen.named or (was_owed and known is not None and known.named),
        store_id=known.store_id if known is not None else None,
    )
    return _decided(_shown(invoice, known, seen), known, decide(invoice, settings.invoices, standing), seen)


def _shown(invoice: Invoice, known: LedgerRow | None, seen: Seen) -> LedgerRow:
    """The row with what Magento shows now; what is known of Salesforce is kept, and of which store it is."""
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
    """After a cleared state, or when a call about it had no answer: what is there is to follow Magento's changes."""
    return row.unconfirmed or row.again_at is not None or seen.by == "backfill" or seen.backfilling


def note_rows_of(invoice: Invoice, known: Mapping[int, NoteRow], settings: Settings, seen: Seen) -> list[NoteRow]:
    """The rows of this invoice's comments that are new, edited, moved here, or freed by what is true now."""
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
