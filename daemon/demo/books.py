"""What the daemon's state says at one moment, and whether an invoice is in with all that Magento shows of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from state.errors import StateError
from state.ledger import LedgerRow
from state.store import Store

_STATES = {1: "open", 2: "paid", 3: "canceled"}


@dataclass(frozen=True)
class Books:
    """The ledger's rows, and how many notes of each have which status."""

    rows: Mapping[int, LedgerRow] = field(default_factory=dict)
    notes: Mapping[int, Mapping[str, int]] = field(default_factory=dict)

    def status(self, entity_id: int) -> str | None:
        """The sync status of an invoice; None while the daemon has not seen it."""
        row = self.rows.get(entity_id)
        return row.sync_status if row else None

    def notes_in(self, entity_id: int) -> int:
        """How many notes of the invoice are in Salesforce."""
        return self.notes.get(entity_id, {}).get("synced", 0)

    def shows(self, invoice: Mapping[str, Any]) -> bool:
        """Whether the invoice is in Salesforce with the state and all the comments that Magento shows."""
        entity_id = invoice["entity_id"]
        row = self.rows.get(entity_id)
        return (
            row is not None
            and row.sync_status == "synced"
            and row.state == _STATES[invoice["state"]]
            and self.notes_in(entity_id) == len(invoice["comments"])
        )


def read_books(path: Path) -> Books:
    """The books as they are now; empty ones while there is no state yet."""
    try:
        with Store(path, lock=False) as store:
            rows = {row.entity_id: row for row in store.ledger.newest()}
            return Books(rows, store.notes.counts_of(rows))
    except StateError:
        return Books()
