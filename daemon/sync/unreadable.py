"""The row of an invoice that Magento shows malformed or without its order, or does not show at all. Pure: no I/O."""

from dataclasses import replace
from datetime import datetime

from daemon.invoice import Invoice, Malformed
from daemon.sync.decide import Seen, as_shown, set_aside
from state.dismissal import GONE, is_dismissed
from state.ledger import LedgerRow


def malformed_row(shown: Malformed, known: LedgerRow | None, seen: Seen) -> LedgerRow:
    """Return the row of a malformed record, with all former knowledge of the invoice."""
    reason = f"Magento's record cannot be used: {shown.reason}"
    if known is not None:
        return replace(set_aside(known, reason, seen.retry_at), digest=shown.digest, corrupt=False)
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
    reason = f"Magento cannot show this invoice. {words.rstrip('.')}. Its log tells why; fix the record there."
    return replace(set_aside(row, reason, seen.retry_at, "Magento cannot show it"), corrupt=True, digest="")


def gone_row(known: LedgerRow, seen: Seen) -> LedgerRow:
    """Return the row of a deleted invoice: failed, or still dismissed unless asked for.

    It breaks no list any more.
    """
    row = replace(known, corrupt=False, next_attempt_at=None)
    if is_dismissed(known) and not seen.asked:
        return row
    return set_aside(row, GONE, seen.retry_at)


def orderless_row(
    invoice: Invoice, decided: LedgerRow | None, known: LedgerRow | None, words: str, seen: Seen
) -> LedgerRow | None:
    """Return the row of an invoice without its order, which Magento cannot show; None: the row stays.

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
    reason = f"Magento cannot show its {named}. {words.rstrip('.')}. Its log tells why; fix the order there."
    return set_aside(row, reason, seen.retry_at, "Magento cannot show its order")


def _sends_without_news(row: LedgerRow, at: datetime) -> bool:
    """Return whether an unchanged invoice is to be sent: owed, or due for its next try."""
    if row.sync_status == "synced":
        return row.again_at is not None and row.again_at <= at
    is_due = row.next_attempt_at is None or row.next_attempt_at <= at
    return row.sync_status == "pending" or (row.sync_status == "failed" and is_due)


def _differs_in_comments_only(invoice: Invoice, known: LedgerRow, seen: Seen) -> bool:
    """Return whether comments alone differ: a comment never moves its invoice's `updated_at`."""
    return replace(as_shown(invoice, known, seen), digest=known.digest) == known
