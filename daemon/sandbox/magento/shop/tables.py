"""The rows of one table, by their id and in its order."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from daemon.sandbox.magento.shop.ways import Way

Wire = dict[str, Any]
"""A record as it goes over the wire; tests may put anything into it."""


class Index:
    """The ids of a table by the texts in one column: what is asked for is found without a look at every row."""

    def __init__(self) -> None:
        self._entries: list[tuple[str, int]] = []
        self._texts: dict[int, str] = {}

    def note(self, entity_id: int, value: Any) -> None:
        """The row has this in the column from now on; None: it has nothing there, or is gone."""
        before, now = self._texts.pop(entity_id, None), None if value is None else str(value)
        if before is not None:
            del self._entries[bisect_left(self._entries, (before, entity_id))]
        if now is not None:
            self._texts[entity_id] = now
            insort(self._entries, (now, entity_id))

    def start(self, text: str, *, inclusive: bool) -> int:
        """The place of the first entry that is above the text, or no lower."""
        search = bisect_left if inclusive else bisect_right
        return search(self._entries, text, key=lambda entry: entry[0])

    def after(self, place: int) -> Iterable[int]:
        """The ids from that place on."""
        return (entity_id for _, entity_id in self._entries[place:])

    def __len__(self) -> int:
        return len(self._entries)


class Table:
    """Rows by id. A row may be a recipe, cooked whenever it is read: what nobody reads takes no memory."""

    def __init__(self, columns: frozenset[str], *, indexed: Iterable[str] = ()) -> None:
        self.columns = columns
        self.indexes = {column: Index() for column in indexed}
        self._rows: dict[int, Wire | Callable[[], Wire]] = {}
        self._ids: list[int] = []
        self.broken: dict[int, Way] = {}

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
        if self.indexes:
            self.edit(entity_id)

    def edit(self, entity_id: int, **fields: Any) -> None:
        """Set fields of a row; nothing else may set those that are indexed."""
        row = self.row(entity_id)
        row.update(fields)
        for column, index in self.indexes.items():
            index.note(entity_id, row.get(column))

    def remove(self, entity_id: int) -> None:
        """Delete a row; a `KeyError` if there is none."""
        del self._rows[entity_id]
        del self._ids[bisect_left(self._ids, entity_id)]
        self.broken.pop(entity_id, None)
        for index in self.indexes.values():
            index.note(entity_id, None)

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
