"""Names the existing items, for an org in which an item can be given its invoice on creation only.

An upsert does not say beforehand whether it creates: naming the parent of an item that is there is rejected, and so is
leaving it out of one that is not (a master-detail cannot be empty, which is why describe must call the field required
before anything is left out). So it is guessed, by the only thing that the ledger knows: an invoice with a Salesforce ID
has its items, one without has none. Both guesses are wrong now and then (a lost answer, a cleared state, an item that
somebody deleted); the graph is then rejected as a whole, nothing is in, and from there on until the pass ends
Salesforce is asked which items it has before each call: one query for 200, instead of a failed graph for each invoice,
of which Salesforce takes 14 a call.
"""

from collections.abc import Collection, Sequence

from daemon.mapping import InvoiceRecord
from daemon.salesforce import Rejected
from daemon.sync.session import Session
from state.ledger import LedgerRow

_WRONG_GUESS = frozenset({"INVALID_FIELD_FOR_INSERT_UPDATE", "REQUIRED_FIELD_MISSING"})


class ItemParents:
    """Owns the choice between guessing the existing items and asking for them, which begins with a wrong guess."""

    def __init__(self) -> None:
        self._asks_first = False

    def ask_first(self) -> None:
        """Ask Salesforce for the items before each call from now on."""
        self._asks_first = True

    def guess_again(self) -> None:
        """Guess again: by now the existing items have been met."""
        self._asks_first = False

    def placed(self, session: Session, batch: Sequence[tuple[LedgerRow, InvoiceRecord]]) -> Collection[str]:
        """Return the items, by external ID, whose parent is not to be named in this call."""
        if not session.mapping.traits.fixed_parent:
            return ()
        if self._asks_first:
            asked = (external_id for _, record in batch for external_id, _ in record.items)
            return session.salesforce.existing_items(asked)
        return {external_id for row, record in batch if row.salesforce_id for external_id, _ in record.items}

    def is_misplaced(self, session: Session, answer: Rejected) -> bool:
        """Return whether an item was rejected because of a wrong guess. When Salesforce is asked first, none is."""
        if not session.mapping.traits.fixed_parent or self._asks_first or not answer.ref.startswith("item"):
            return False
        parent = session.settings.salesforce.item.parent
        return answer.error.code in _WRONG_GUESS and parent in f"{answer.error.message} {answer.error.fields}"
