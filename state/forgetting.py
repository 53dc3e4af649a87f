"""Forgets parts of a state, or all of it, to force a resync; a copy of everything is kept first."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from state.file.backup import backup_path
from state.kinds import ClearKind
from state.store import Store

# The numbers of past passes stay.
_CLEARED = ("checkpoints", "scans", "ledger", "notes", "attempts", "sides")


def clear_state(store: Store, now: datetime, kind: ClearKind, entity_ids: list[int]) -> Path:
    """Keep a copy beside the state, then forget these invoices, or everything without one; return the copy's path.

    ``clear-checkpoint`` forgets only how far Magento was read.
    """
    copy = backup_path(store.path, now)
    store.backup(copy)
    if kind == "clear-checkpoint":
        forget_reading(store)
    elif entity_ids:
        forget_invoices(store, entity_ids, now)
    else:
        forget_everything(store, now)
    return copy


def forget_everything(store: Store, now: datetime) -> None:
    """Forget everything but past passes and unanswered calls, so that all invoices are looked at again."""
    with store.writing():
        until = store.unanswered.latest_until(now)
        for table in _CLEARED:
            store.connection.execute(f"DELETE FROM {table}")  # noqa: S608  (names from above)
        store.facts.clear()
        store.unanswered.keep_until(until)


def forget_reading(store: Store) -> None:
    """Forget how far Magento was read: all invoices are read again, and only differences are sent."""
    with store.writing():
        store.connection.execute("DELETE FROM checkpoints")
        store.connection.execute("DELETE FROM scans")
        store.facts.forget("window")


def forget_invoices(store: Store, entity_ids: Collection[int], now: datetime) -> None:
    """Forget the content and the notes of these invoices: they are sent again, as by a manual sync."""
    with store.writing():
        store.unanswered.keep_until(store.unanswered.latest_until(now, entity_ids))
        store.ledger.write(
            replace(
                row,
                digest="",
                fingerprint=None,
                sync_status="pending",
                reason=None,
                corrupt=False,  # else no list and no batch would read the invoice again
                asked=True,
                named=True,
                attempts=0,
                next_attempt_at=None,
                waiting_since=None,
            )
            for row in store.ledger.known(entity_ids).values()
        )
        store.notes.forget(entity_ids)
