"""Setting aside for good what failed: it is out of counts and alerts until Magento changes it or a person syncs it."""

from collections.abc import Collection
from dataclasses import replace

from state.kinds import SyncStatus
from state.ledger import LedgerRow
from state.notes import NoteRow
from state.store import Store

GONE = "gone from Magento"
_DISMISSED = "dismissed: "
_WITH_INVOICE = f"{_DISMISSED}with its invoice, which Magento does not show"
_SKIPPED: SyncStatus = "skipped"


def is_dismissed(row: LedgerRow | NoteRow) -> bool:
    """Return whether a person set this row aside. It is skipped, and its reason says so."""
    return row.sync_status == _SKIPPED and str(row.reason).startswith(_DISMISSED)


def went_with_invoice(note: NoteRow) -> bool:
    """Return whether it was set aside only because its invoice was and is not shown: once that is, it can be sent."""
    return note.sync_status == _SKIPPED and note.reason == _WITH_INVOICE


def dismiss(store: Store, entity_ids: Collection[int]) -> None:
    """Set aside these invoices and their notes, each where it has failed.

    Nothing is tried again daily then, nor when the mapping changes; what Magento cannot show is looked at once a day,
    because nothing else would tell that it is shown again. A call that may still be carried out stays doubted. Owed
    notes go if they still can: they are due as soon as no call about them may be under way.
    """
    with store.writing():
        rows = [row for row in store.ledger.known(entity_ids).values() if row.sync_status == "failed"]
        dismissed = {row.entity_id for row in rows}
        unreadable = {row.entity_id for row in rows if row.corrupt or row.reason == GONE}
        store.ledger.write(_set_aside(row) for row in rows)
        notes = store.notes.of(entity_ids)
        store.notes.write(
            replace(
                note,
                sync_status=_SKIPPED,
                reason=f"{_DISMISSED}{note.reason or 'it had failed'}",
                cause=None,
                asked=False,
                next_attempt_at=None,
            )
            for note in notes
            if note.sync_status == "failed"
        )
        owed = [note for note in notes if note.sync_status == "pending" and note.entity_id in dismissed]
        store.notes.write(
            set_aside_with_invoice(note)
            if note.entity_id in unreadable
            else replace(note, next_attempt_at=note.again_at)
            for note in owed
        )


def set_aside_with_invoice(note: NoteRow) -> NoteRow:
    """Return the row of a note that cannot be sent, because its invoice was set aside and Magento does not show it."""
    return replace(
        note,
        sync_status=_SKIPPED,
        reason=_WITH_INVOICE,
        cause=None,
        asked=False,
        next_attempt_at=None,
        waiting_since=None,
    )


def _set_aside(row: LedgerRow) -> LedgerRow:
    return replace(
        row,
        sync_status=_SKIPPED,
        reason=f"{_DISMISSED}{row.reason or 'it had failed'}",
        cause=None,
        asked=False,
        named=False,
        next_attempt_at=row.next_attempt_at if row.corrupt else None,
    )


def failed_invoices(store: Store) -> set[int]:
    """Return the invoices that failed, or of which a note did."""
    rows = store.connection.execute(
        "SELECT entity_id FROM ledger WHERE sync_status = 'failed' "
        "UNION SELECT entity_id FROM notes WHERE sync_status = 'failed'"
    )
    return {int(row[0]) for row in rows}
