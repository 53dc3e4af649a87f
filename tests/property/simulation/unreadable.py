"""What Magento cannot show: a record that breaks every list it is in, always the same way, or too many at once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from random import Random
from typing import Any
from urllib.parse import urlsplit

import requests

from tests.property.simulation.clock import Clock
from tests.property.simulation.shop_side import ShopSide
from tests.property.simulation.wire import Reply
from tests.property.simulation.witness import Witness

_JSON = "application/json; charset=utf-8"
_HTML = "text/html; charset=UTF-8"
_PHP = b"<br />\n<b>Warning</b>:  Undefined array key 1 in <b>/var/www/html/app/code/x.php</b> on line <b>7</b><br />\n"
_NO_ENTITY = {"message": "The entity that was requested doesn't exist. Verify the entity and try again."}
_FATAL = {"messages": {"error": [{"code": 500, "message": "Fatal Error: 'Allowed memory size exhausted'"}]}}

# What the list becomes: from its items, and the place of the one that cannot be shown.
Rows = list[dict[str, Any]]
Spoil = Callable[[Rows, int], tuple[int, str, bytes]]


def _said(status: int, body: object) -> Spoil:
    return lambda _rows, _place: (status, _JSON, json.dumps(body).encode())


def _page(status: int) -> Spoil:
    return lambda _rows, _place: (status, _HTML, b"<html><body>Error</body></html>")


def _written(rows: Rows) -> bytes:
    return json.dumps({"items": rows, "total_count": len(rows)}, separators=(",", ":")).encode()


def _with(value: bytes, name: str = "extension_attributes") -> Spoil:
    """The list itself, with this in the record."""

    def spoil(rows: Rows, place: int) -> tuple[int, str, bytes]:
        changed = [*rows[:place], {**rows[place], name: "@"}, *rows[place + 1 :]]
        return 200, _JSON, _written(changed).replace(f'"{name}":"@"'.encode(), f'"{name}":'.encode() + value)

    return spoil


WAYS: Mapping[str, Spoil | str] = {
    "500": _said(500, {"message": "Internal Error. Details are available in Magento log file. Report ID: webapi-1"}),
    "fatal": _said(500, _FATAL),
    "500 page": _page(500),
    "404": _said(404, _NO_ENTITY),
    "400": _said(400, {"message": 'Invalid type for value: "". Expected Type: "float".'}),
    "502": _page(502),
    "503": _page(503),
    "504": _page(504),
    "empty": lambda _rows, _place: (200, _JSON, b""),
    "message": _said(200, {"message": "Something went wrong."}),
    "cut": lambda rows, place: (200, _JSON, _written(rows[: place + 1])[:-40]),
    "NaN": _with(b"NaN"),
    "not UTF-8": _with(b'"\xff\xfe"'),
    "PHP warning": lambda rows, _place: (200, _JSON, _PHP + _written(rows)),
    "150 levels": _with(b"[" * 150 + b"]" * 150),
    "5,000 digits": _with(b"7" * 5000),
    "id as text": _with(b'"seven"', "entity_id"),
    "large": "large",
    "reset": "lost",
    "time-out": "slow",
}


class Unreadable:
    """Knows which invoices and which orders cannot be shown now, and in which way."""

    def __init__(self, shop: ShopSide, clock: Clock, random: Random, witness: Witness) -> None:
        self.invoices: dict[int, str] = {}
        self.orders: dict[int, str] = {}
        self._shop = shop
        self._clock = clock
        self._random = random
        self._witness = witness

    def spoil(self) -> None:
        """Let Magento fail at an invoice or at an order: for a while, or for good."""
        ids = self._shop.ids()
        if not ids or len(self.invoices) + len(self.orders) > 4:
            return
        entity_id, as_order = self._random.choice(ids), self._random.random() < 0.5
        self.keep(entity_id, as_order=as_order)
        if self._random.random() < 0.6:
            table, key = (self.orders, self._order_of(entity_id)) if as_order else (self.invoices, entity_id)
            self._clock.after(self._random.uniform(60, 8000), lambda: table.pop(key, None))

    def keep(self, entity_id: int, *, as_order: bool) -> None:
        """Let Magento fail at this invoice, or at its order, until everything heals."""
        table, key = self.invoices, entity_id
        if as_order:
            table, key = self.orders, self._order_of(entity_id)
        table[key] = self._random.choice(sorted(WAYS))
        (self._witness.unreadable_orders if as_order else self._witness.unreadable).add(key)

    def is_shown(self, entity_id: int) -> bool:
        """Return whether Magento shows this invoice and its order now."""
        return entity_id not in self.invoices and self._order_of(entity_id) not in self.orders

    def heal(self) -> None:
        """Let Magento show everything again."""
        self.invoices.clear()
        self.orders.clear()

    def answer(self, request: requests.PreparedRequest, reply: Reply) -> Reply | str | None:
        """Return what becomes of a list that holds such a record; None when it holds none."""
        tables = {"invoices": self.invoices, "orders": self.orders}
        table = tables.get(urlsplit(str(request.url)).path.rpartition("/")[2])
        if not table or reply.status != 200:
            return None
        rows = json.loads(reply.body)["items"]
        place = next((place for place, row in enumerate(rows) if row["entity_id"] in table), None)
        if place is None:
            return None
        what = "invoice" if table is self.invoices else "order"
        self._witness.happened[f"an {what} could not be shown"] += 1
        spoil = WAYS[table[rows[place]["entity_id"]]]
        if isinstance(spoil, str):
            return spoil
        status, content_type, body = spoil(rows, place)
        return Reply(status, {**reply.headers, "Content-Type": content_type, "Content-Length": str(len(body))}, body)

    def _order_of(self, entity_id: int) -> int:
        order_id: int = self._shop.row(entity_id)["order_id"]
        return order_id


class Crowded:
    """A Magento that is too slow for a list of more rows than this, or whose gateway gives it up."""

    def __init__(self, random: Random, happened: Counter[str], *, rows: int | None) -> None:
        self._rows = rows
        self._way = random.choice(("time-out", "503", "504"))
        self._happened = happened

    def answer(self, request: requests.PreparedRequest, reply: Reply) -> Reply | str | None:
        """Return what becomes of a list; None when it is short enough."""
        if self._rows is None or reply.status != 200 or "fields=items%5Bentity_id%2Ccreated" in str(request.url):
            return None
        rows = json.loads(reply.body).get("items") or ()
        if len(rows) <= self._rows:
            return None
        self._happened["a list was too long"] += 1
        spoil = WAYS[self._way]
        if isinstance(spoil, str):
            return spoil
        status, content_type, body = spoil([], 0)
        return Reply(status, {**reply.headers, "Content-Type": content_type}, body)
