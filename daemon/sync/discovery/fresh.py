"""Keeps the invoices read last: Magento's newest version is to be sent, so each is good for a minute."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from daemon.clock import Clock
from daemon.invoice import Invoice
from daemon.sync.decide import is_another
from state.ledger import LedgerRow

FRESH_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Newest:
    """Invoices as Magento shows them now. ``others``: rows that the ledger knows as other invoices, and owes."""

    invoices: dict[int, Invoice]
    others: tuple[LedgerRow, ...]


class FreshInvoices:
    """Owns the invoices read within the last minute."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._read: dict[int, tuple[float, Invoice]] = {}

    def keep(self, invoices: Iterable[Invoice]) -> None:
        """Keep invoices just read."""
        now = self._clock.monotonic()
        self._read.update({invoice.entity_id: (now, invoice) for invoice in invoices})

    def drop(self, entity_ids: Iterable[int]) -> None:
        """Forget invoices just sent."""
        for entity_id in entity_ids:
            self._read.pop(entity_id, None)

    def clear(self) -> None:
        """Forget all of them."""
        self._read.clear()

    def missing(self, entity_ids: Sequence[int], *, orders: bool) -> list[int]:
        """Return the invoices to read again. ``orders``: also those whose order Magento could not show."""
        oldest = self._clock.monotonic() - FRESH_SECONDS
        for entity_id in [key for key, (at, _) in self._read.items() if at < oldest]:
            del self._read[entity_id]
        return [entity_id for entity_id in entity_ids if self._at_hand(entity_id, orders=orders) is None]

    def among(self, rows: dict[int, LedgerRow], entity_ids: Sequence[int], *, orders: bool) -> Newest:
        """Return the invoices at hand, ready to be sent. ``rows``: their rows in the ledger.

        ``orders``: not those whose order Magento cannot show; for notes no order is needed.
        """
        found = {key: self._at_hand(key, orders=orders) for key in entity_ids}
        shown = {key: invoice for key, invoice in found.items() if invoice is not None}
        others = [key for key, invoice in shown.items() if is_another(rows[key], invoice)]
        return Newest(
            {key: invoice for key, invoice in shown.items() if key not in others},
            tuple(rows[key] for key in others if rows[key].sync_status == "pending"),
        )

    def _at_hand(self, entity_id: int, *, orders: bool) -> Invoice | None:
        _, invoice = self._read.get(entity_id, (0.0, None))
        return None if invoice is not None and orders and invoice.order_unreadable else invoice
