"""Setting aside for good what failed: it is out of counts and alerts until Magento changes it or a person syncs it."""

from collections.abc import Collection
from dataclasses import replace
from typing import Literal

from state.ledger import LedgerRow
from state.notes import NoteRow
from state.store import Store

_DISMISSED = "dismissed: "
_SKIPPED: Literal["skipped"] = "skipped"


def is_dismissed(row: LedgerRow | NoteRow) -> bool:
    """Return whether a person set this row aside. It is skipped, and its reason says so."""
    return row.sync_status == _SKIPPED and str(row.reason).startswith(_DISMISSED)


def dismiss(store: Store, entity_ids: Collection[int]) -> None:
    """Set aside these invoices and their notes, each where it has failed.

    Nothing is tried again daily then, nor when the mapping changes. A call that may still be carried out stays doubted.
    """
    with store.writing():
        store.ledger.write(
            replace(
                row,
                sync_status=_SKIPPED,
                reason=f"{_DISMISSED}{row.reason or 'it had failed'}",
                cause=None,
                asked=False,
                named=False,
                next_attempt_at=None,
            )
            for row in store.ledger.known(entity_ids).values()
            if row.sync_status == "failed"
        )
        store.notes.write(
            replace(
                note,
                sync_status=_SKIPPED,
                reason=f"{_DISMISSED}{note.reason or 'it had failed'}",
                cause=None,
                asked=False,
                next_attempt_at=None,
            )
            for note in store.notes.of(entity_ids)
            if note.sync_status == "failed"
        )


def failed_invoices(store: Store) -> set[int]:
    """Return the invoices that failed, or of which a note did."""
    rows = store.db.conn.execute(
        "SELECT entity_id FROM ledger WHERE sync_status = 'failed' "
        "UNION SELECT entity_id FROM notes WHERE sync_status = 'failed'"
    )
    return {int(row[0]) for row in rows}
