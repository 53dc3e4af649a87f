"""A purchase: the customer, the lines and the prices behind an order and its invoices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

STORES = {
    1: "Main Website\nMain Website Store\nDefault Store View",
    2: "Main Website\nMain Website Store\nEU view",
    3: "B2B\nB2B group\nB2B view",
}
RATES = {"USD": 1.0, "EUR": 0.9137, "GBP": 0.7821, "CHF": 0.8854}
"""The rates from the base currency, US dollars, to the order's."""


def number(cents: int) -> int | float:
    """Return an amount in Magento's spelling: 24.7, and 210 without a point."""
    return cents // 100 if cents % 100 == 0 else cents / 100


def cents(amount: float) -> int:
    """Return an amount in hundredths, exact to the cent."""
    return round(amount * 100)


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer; a guest has no id."""

    first: str
    last: str
    email: str
    id: int | None = None
    company: str | None = None
    country: str = "US"


@dataclass(frozen=True, slots=True)
class Line:
    """One line: amounts in cents of the order's currency, tax and discount of the whole row."""

    sku: str
    name: str
    qty: int
    price: int
    tax: int = 0
    discount: int = 0

    @property
    def row(self) -> int:
        """Return the row's total before tax and discount."""
        return self.qty * self.price


@dataclass(frozen=True, slots=True)
class Purchase:
    """An order as placed."""

    entity_id: int
    increment_id: str
    store_id: int
    currency: str
    customer: Customer
    lines: tuple[Line, ...]
    first_item_id: int
    shipping: int
    created_at: str

    @property
    def rate(self) -> float:
        """Return the rate from the base currency to the order's."""
        return RATES.get(self.currency, 1.0)

    @property
    def store_name(self) -> str:
        """Return website, group and view, each on a line."""
        return STORES.get(self.store_id, f"Main Website\nMain Website Store\nView {self.store_id}")

    def part(self, quantities: Mapping[str, int] | None) -> list[tuple[int, Line]]:
        """Return the lines with their order items' ids: all, or these quantities by sku."""
        numbered = list(enumerate(self.lines, self.first_item_id))
        if quantities is None:
            return numbered
        return [
            (item_id, Line(line.sku, line.name, quantities[line.sku], line.price))
            for item_id, line in numbered
            if line.sku in quantities
        ]

    @classmethod
    def from_order(cls, order: Mapping[str, Any]) -> Self:
        """Return the purchase behind an order in wire form."""
        customer = Customer(
            first=order.get("customer_firstname", ""),
            last=order.get("customer_lastname", ""),
            email=order["customer_email"],
            id=order.get("customer_id"),
        )
        items = order["items"]
        return cls(
            entity_id=order["entity_id"],
            increment_id=order["increment_id"],
            store_id=order["store_id"],
            currency=order["order_currency_code"],
            customer=customer,
            lines=tuple(Line(item["sku"], item["name"], item["qty_ordered"], cents(item["price"])) for item in items),
            first_item_id=items[0]["item_id"],
            shipping=cents(order.get("shipping_amount", 0)),
            created_at=order["created_at"],
        )

    @classmethod
    def from_invoices(cls, invoices: Iterable[Mapping[str, Any]]) -> Self:
        """Return a purchase to explain these invoices of one order."""
        invoices = list(invoices)
        first = invoices[0]
        lines = {
            item["order_item_id"]: Line(item["sku"], item["name"], int(item["qty"]), cents(item["price"]))
            for invoice in invoices
            for item in invoice["items"]
        }
        order_id = first["order_id"]
        return cls(
            entity_id=order_id,
            increment_id=first["increment_id"],
            store_id=first["store_id"],
            currency=first["order_currency_code"],
            customer=Customer("Ann", "O'Neill", f"guest{order_id}@example.com", company="ACME & Sons"),
            lines=tuple(lines.values()),
            first_item_id=min(lines, default=order_id),
            shipping=cents(first.get("shipping_amount", 0)),
            created_at=first["created_at"],
        )
