"""The rows of one table, by id and in ascending order of it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from daemon.sandbox.magento.shop.ways import Way

Wire = dict[str, Any]
"""A record as JSON carries it; tests may put any value into it."""


class Index:
    """The ids of a table by the texts in one column, for a search without a look at every row."""

    def __init__(self) -> None:
        self._entries: list[tuple[str, int]] = []
        self._texts: dict[int, str] = {}

    def note(self, entity_id: int, value: Any) -> None:
        """Enter the row's value in the column; None: the column is empty, or the row is gone."""
        before, now = self._texts.pop(entity_id, None), None if value is None else str(value)
        if before is not None:
            del self._entries[bisect_left(self._entries, (before, entity_id))]
        if now is not None:
            self._texts[entity_id] = now
            insort(self._entries, (now, entity_id))

    def start(self, text: str, *, inclusive: bool) -> int:
        """Return the place of the first entry above the text; `inclusive`: or equal to it."""
        search = bisect_left if inclusive else bisect_right
        return search(self._entries, text, key=lambda entry: entry[0])

    def after(self, place: int) -> Iterable[int]:
        """Return the ids from that place on."""
        return (entity_id for _, entity_id in self._entries[place:])

    def __len__(self) -> int:
        return len(self._entries)


class Table:
    """Rows by id. A row may be a function, called at each reading: an unread row takes no memory."""

    def __init__(self, columns: frozenset[str], *, indexed: Iterable[str] = ()) -> None:
        self.columns = columns
        self.indexes = {column: Index() for column in indexed}
        self._rows: dict[int, Wire | Callable[[], Wire]] = {}
        self._ids: list[int] = []
        self.broken: dict[int, Way] = {}

    @property
    def ids(self) -> Sequence[int]:
        """Return all ids, ascending."""
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
        """Set fields of a row; indexed fields must be set here."""
        row = self.row(entity_id)
        row.update(fields)
        for column, index in self.indexes.items():
            index.note(entity_id, row.get(column))

    def remove(self, entity_id: int) -> None:
        """Delete a row; `KeyError` for an unknown id."""
        del self._rows[entity_id]
        del self._ids[bisect_left(self._ids, entity_id)]
        self.broken.pop(entity_id, None)
        for index in self.indexes.values():
            index.note(entity_id, None)

    def row(self, entity_id: int) -> Wire:
        """Return the row itself; `KeyError` for an unknown id. Changes to a function's row are not kept: put it."""
        row = self._rows[entity_id]
        return row() if callable(row) else row

    def __contains__(self, entity_id: object) -> bool:
        return entity_id in self._rows

    def __len__(self) -> int:
        return len(self._rows)


def words(text: str) -> frozenset[str]:
    """Return the words of a text, in place of a page of quoted names."""
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
