"""Reports one invoice's whole story: first sight, decision and reason, every attempt, notes."""

from dataclasses import dataclass
from datetime import datetime

from daemon.reports.invoices import InvoiceReport, invoices_of
from state.dismissal import is_dismissed
from state.kinds import AttemptOutcome, SeenBy, SyncStatus
from state.notes import NoteRow
from state.store import Store
from state.waiting import NOTES

_WHY = {
    "pending": "It is owed to Salesforce and goes at the next pass.",
    "synced": "It is in Salesforce, as Magento last showed it.",
    "held": "A flag held it back. `invoice-sync sync` sends it, or a further change while the flags are on.",
    "skipped": "A skip rule holds it back. `invoice-sync sync NUMBER` sends it all the same.",
    "failed": "A person must fix the reason. The invoice is tried again daily, after each change, and by `sync`.",
}
_DISMISSED = "A person set it aside with `sync --dismiss`. A further change in Magento, or `sync NUMBER`, undoes that."


@dataclass(frozen=True, slots=True)
class NoteStory:
    """The present state of one comment's note."""

    comment_id: int
    sync_status: SyncStatus
    reason: str | None
    note_id: str | None
    next_attempt_at: datetime | None
    synced_at: datetime | None


@dataclass(frozen=True, slots=True)
class AttemptStory:
    """The outcome of one attempt to send the invoice, or the note of the comment ``comment_id``."""

    at: datetime
    pass_id: int | None
    comment_id: int | None
    outcome: AttemptOutcome
    answer: str | None


@dataclass(frozen=True, slots=True)
class Story:
    """One invoice's story; ``why`` explains the sync status, or why the ledger has no such ``invoice``."""

    invoice: InvoiceReport | None
    why: str
    seen_at: datetime | None = None
    seen_by: SeenBy | None = None
    asked: bool = False
    notes: tuple[NoteStory, ...] = ()
    attempts: tuple[AttemptStory, ...] = ()


def story_of(store: Store, entity_id: int) -> Story | None:
    """Return the invoice's story from the state; None when the ledger does not have the invoice."""
    row = store.ledger.known([entity_id]).get(entity_id)
    if row is None:
        return None
    kept_back = store.sides.get(NOTES).reason
    return Story(
        invoice=invoices_of(store, [row])[0],
        why=_DISMISSED if is_dismissed(row) else _WHY[row.sync_status],
        seen_at=row.seen_at,
        seen_by=row.seen_by,
        asked=row.asked,
        notes=tuple(_note(note, kept_back) for note in store.notes.of([entity_id])),
        attempts=tuple(
            AttemptStory(attempt.at, attempt.pass_id, attempt.comment_id, attempt.outcome, attempt.answer)
            for attempt in store.attempts.of(entity_id)
        ),
    )


def _note(note: NoteRow, kept_back: str | None) -> NoteStory:
    """Return the note's story. While all notes are kept back, a pending note has that reason."""
    return NoteStory(
        comment_id=note.comment_id,
        sync_status=note.sync_status,
        reason=note.reason or (kept_back if note.sync_status == "pending" else None),
        note_id=note.note_id,
        next_attempt_at=note.next_attempt_at,
        synced_at=note.synced_at,
    )
