"""The rows of one table, by their id and in its order."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Sequence
from typing import Any

Wire = dict[str, Any]
"""A record as it goes over the wire; tests may put anything into it."""


class Table:
    """Rows by id. A row may be a recipe, cooked whenever it is read: what nobody reads takes no memory."""

    def __init__(self, columns: frozenset[str]) -> None:
        self.columns = columns
        self._rows: dict[int, Wire | Callable[[], Wire]] = {}
        self._ids: list[int] = []
        self.broken: set[int] = set()

    @property
    def ids(self) -> Sequence[int]:
        """All ids, ascending."""
        return self._ids

    def put(self, entity_id: int, row: Wire | Callable[[], Wire]) -> None:
        """Insert a row, or replace it."""
        if entity_id not in self._rows:
            if self._ids and entity_id < self._ids[-1]:
                insort(self._ids, entity_id)
            else:
                self._ids.append(entity_id)
        self._rows[entity_id] = row

    def row(self, entity_id: int) -> Wire:
        """The row itself, a `KeyError` if there is none. Changes to a recipe's row are not kept: put it."""
        row = self._rows[entity_id]
        return row() if callable(row) else row

    def __contains__(self, entity_id: object) -> bool:
        return entity_id in self._rows

    def __len__(self) -> int:
        return len(self._rows)


def words(text: str) -> frozenset[str]:
    """The words of a text, where a list of quoted names would fill a page."""
    return frozenset(text.split())


_MONEY = words(
    "discount_amount discount_tax_compensation_amount grand_total shipping_amount shipping_incl_tax "
    "shipping_discount_tax_compensation_amount shipping_tax_amount subtotal subtotal_incl_tax tax_amount"
)
INVOICE_COLUMNS = (
    _MONEY
    | {f"base_{name}" for name in _MONEY}
    | words(
        "base_currency_code base_to_global_rate base_to_order_rate base_total_refunded billing_address_id "
        "can_void_flag created_at customer_note customer_note_notify discount_description email_sent "
        "entity_id global_currency_code increment_id is_used_for_refund order_currency_code order_id "
        "send_email shipping_address_id state store_currency_code store_id store_to_base_rate "
        "store_to_order_rate total_qty transaction_id updated_at"
    )
)
ORDER_COLUMNS = words(
    "base_currency_code base_grand_total billing_address_id created_at customer_email customer_firstname "
    "customer_group_id customer_id customer_is_guest customer_lastname entity_id grand_total increment_id "
    "order_currency_code protect_code quote_id shipping_address_id state status store_id store_name "
    "subtotal updated_at"
)
