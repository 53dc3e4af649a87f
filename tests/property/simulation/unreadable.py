"""Unreadable records of Magento: one breaks every list with it, always in the same way; or a list is too long."""

from __future__ import annotations

import json
from collections import Counter
from random import Random

import requests
from flask import Flask

from daemon.sandbox.faults import Fault
from daemon.sandbox.magento.shop import READABLE, WAYS
from daemon.sandbox.wire import Dropped
from tests.property.simulation.clock import Clock
from tests.property.simulation.shop_side import ShopSide
from tests.property.simulation.wire import Reply
from tests.property.simulation.witness import Witness

_HTML = {"Content-Type": "text/html"}
_MOST = 4


class Unreadable:
    """Breaks invoices and orders of the shop, in all the sandbox's ways, and heals them."""

    def __init__(self, shop: ShopSide, app: Flask, clock: Clock, random: Random, witness: Witness) -> None:
        self._shop = shop
        self._clock = clock
        self._random = random
        self._witness = witness
        ways = app.extensions["magento"].ways
        # The network gets the name of a fault that is slow or large on a real wire.
        ways["silence"], ways["huge"] = _dropping("slow"), _dropping("large")

    def spoil(self) -> None:
        """Let Magento fail at an invoice or at an order: for a while, or for good."""
        ids = self._shop.ids()
        shop = self._shop.shop
        if not ids or len(shop.invoices.broken) + len(shop.orders.broken) >= _MOST:
            return
        entity_id, as_order = self._random.choice(ids), self._random.random() < 0.5
        self.keep(entity_id, as_order=as_order)
        if self._random.random() < 0.6:
            table, key = (shop.orders, self._order_of(entity_id)) if as_order else (shop.invoices, entity_id)
            self._clock.after(self._random.uniform(60, 8000), lambda: table.broken.pop(key, None))

    def keep(self, entity_id: int, *, as_order: bool) -> None:
        """Let Magento fail at this invoice, or at its order, until everything heals."""
        way = self._random.choice(WAYS)
        if as_order:
            self._shop.shop.break_order(self._order_of(entity_id), way)
            self._witness.unreadable_orders.add(self._order_of(entity_id))
        else:
            self._shop.shop.break_invoice(entity_id, way)
            self._witness.unreadable.add(entity_id)
        self._witness.happened["an order could not be shown" if as_order else "an invoice could not be shown"] += 1

    def is_shown(self, entity_id: int) -> bool:
        """Return whether Magento shows this invoice and its order now."""
        shop = self._shop.shop
        found = (shop.invoices.broken.get(entity_id), shop.orders.broken.get(self._order_of(entity_id)))
        return all(way in {None, READABLE} for way in found)

    def ways(self) -> list[str]:
        """Return the ways in which Magento fails now."""
        shop = self._shop.shop
        return sorted({*shop.invoices.broken.values(), *shop.orders.broken.values()})

    def heal(self) -> None:
        """Let Magento show everything again."""
        self._shop.shop.invoices.broken.clear()
        self._shop.shop.orders.broken.clear()

    def _order_of(self, entity_id: int) -> int:
        order_id: int = self._shop.row(entity_id)["order_id"]
        return order_id


class Crowded:
    """A Magento too slow for a list of more rows than this, or with a gateway that gives up."""

    def __init__(self, random: Random, happened: Counter[str], *, rows: int | None) -> None:
        self._rows = rows
        self._way = random.choice(("slow", 503, 504))
        self._happened = happened

    def answer(self, request: requests.PreparedRequest, reply: Reply) -> Reply | str | None:
        """Return the fault of a long list; None for a short one. Stamps and comments alone are quickly read."""
        if self._rows is None or reply.status != 200 or "comments%5D" in str(request.url):
            return None
        if len(json.loads(reply.body).get("items") or ()) <= self._rows:
            return None
        self._happened["a list was too long"] += 1
        if isinstance(self._way, str):
            return self._way
        return Reply(self._way, {**reply.headers, **_HTML}, b"<html><body>Gateway</body></html>")


def _dropping(what: str) -> Fault:
    def answer(*_: object) -> object:
        raise Dropped(what)

    return Fault(what, answer)  # type: ignore[arg-type]
