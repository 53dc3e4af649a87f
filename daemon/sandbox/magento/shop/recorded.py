"""Fills a shop from recorded answers of a real one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from copy import deepcopy

from daemon.sandbox.magento.shop.database import Database
from daemon.sandbox.magento.shop.purchase import Purchase
from daemon.sandbox.magento.shop.tables import Wire


def take_in(shop: Database, invoices: Iterable[Wire], orders: Iterable[Wire]) -> None:
    """Put these into an empty shop; make up the orders that are known from their invoices alone."""
    by_order: defaultdict[int, list[Wire]] = defaultdict(list)
    for invoice in deepcopy(list(invoices)):
        shop.keep_invoice(invoice)
        by_order[invoice["order_id"]].append(invoice)
        shop.numbers.use("invoice", invoice["entity_id"])
        shop.numbers.use_increment_id("invoice", invoice["store_id"], invoice["increment_id"])
        shop.numbers.use("invoice_item", *(item["entity_id"] for item in invoice["items"]))
        shop.numbers.use("comment", *(comment["entity_id"] for comment in invoice["comments"]))
    for order in deepcopy(list(orders)):
        shop.orders.keep(Purchase.from_order(order), order)
    for order_id, its_invoices in by_order.items():
        if order_id not in shop.orders:
            shop.orders.keep(Purchase.from_invoices(its_invoices))
