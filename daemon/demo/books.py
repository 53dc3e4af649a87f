"""Reads the daemon's books from its state, and compares an invoice of Magento's with them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from state.errors import StateError
from state.kinds import SyncStatus
from state.ledger import LedgerRow
from state.store import Store

_STATES = {1: "open", 2: "paid", 3: "canceled"}


@dataclass(frozen=True)
class Books:
    """The ledger's rows, and counts of each row's notes by status."""

    rows: Mapping[int, LedgerRow] = field(default_factory=dict)
    notes: Mapping[int, Mapping[SyncStatus, int]] = field(default_factory=dict)

    def status(self, entity_id: int) -> str | None:
        """Return the sync status of an invoice; None for an unseen one."""
        row = self.rows.get(entity_id)
        return row.sync_status if row else None

    def notes_in(self, entity_id: int) -> int:
        """Return the number of the invoice's notes in Salesforce."""
        return self.notes.get(entity_id, {}).get("synced", 0)

    def shows(self, invoice: Mapping[str, Any]) -> bool:
        """Return whether the invoice is in Salesforce with its present state and all its comments."""
        entity_id = invoice["entity_id"]
        row = self.rows.get(entity_id)
        return (
            row is not None
            and row.sync_status == "synced"
            and row.state == _STATES[invoice["state"]]
            and self.notes_in(entity_id) == len(invoice["comments"])
        )


def read_books(path: Path) -> Books:
    """Return the present books; empty ones before there is a state."""
    try:
        with Store(path, lock=False) as store:
            rows = {row.entity_id: row for row in store.ledger.newest()}
            return Books(rows, store.notes.counts_of(rows))
    except StateError:
        return Books()
