"""Plays the customers of the demo's shop, who do the same in every show."""

import random
from typing import Any

from daemon.sandbox.magento.shop import Shop

OPEN, PAID = 1, 2
_CUSTOMERS = ["Ada Byron", "Omar Haddad", "Mei Tanaka", "Jonas Berg", "Lucia Rossi", "Nils Dahl", "Ines Costa"]
_GOODS = [
    ("TEE-1", "T-shirt", 24.5),
    ("MUG-1", "Mug", 7.35),
    ("LAMP-2", "Desk lamp", 59.9),
    ("CHAIR-4", "Oak chair", 129.9),
    ("BAG-3", "Canvas bag", 34.0),
]
_COMMENTS = [
    "Please leave it with the neighbour.",
    "Paid by bank transfer.",
    "It is a gift: no prices in the parcel, please.",
    "Could it arrive before Friday?",
    "Thank you, the last one was lovely.",
]
_MARKETS = [(1, "USD"), (1, "USD"), (2, "EUR")]


class Customers:
    """Does its verbs in the shop, and returns the invoice's entity_id."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self._chance = random.Random(7)  # noqa: S311  (the same show each time)
        self._bought = 0

    def buy(self, *, comment: bool = True, paid: bool = True) -> int:
        """Buy one or two things."""
        goods = self._chance.sample(_GOODS, self._chance.choice((1, 2)))
        return self.buy_these(
            [(*good[:2], self._chance.choice((1, 1, 2, 3)), good[2]) for good in goods], comment, paid
        )

    def buy_these(self, items: list[tuple[str, str, int, float]], comment: bool, paid: bool) -> int:
        """Buy these items (sku, name, quantity, price) as the next customer, and have the shop invoice them."""
        first, last = _CUSTOMERS[self._bought % len(_CUSTOMERS)].split()
        text = _COMMENTS[self._bought % len(_COMMENTS)] if comment else None
        self._bought += 1
        store_id, currency = self._chance.choice(_MARKETS)
        order = self.shop.place_order(
            items=items,
            customer=(first, last, f"{first.lower()}@example.com"),
            store_id=store_id,
            currency=currency,
        )
        return self.shop.submit_invoice(order["entity_id"], comment=text, state=PAID if paid else OPEN)

    def comment(self, entity_id: int) -> int:
        """Comment on an existing invoice."""
        self.shop.add_comment(entity_id, self._chance.choice(_COMMENTS), visible=True)
        return entity_id

    def pay(self, entity_id: int) -> int:
        """Pay an open invoice."""
        self.shop.change_state(entity_id, PAID)
        return entity_id

    def invoice(self, entity_id: int) -> dict[str, Any]:
        """Return the invoice in Magento."""
        with self.shop.lock:
            return dict(self.shop.invoices.row(entity_id))

    def invoices(self) -> list[dict[str, Any]]:
        """Return all invoices in Magento."""
        with self.shop.lock:
            return [dict(self.shop.invoices.row(entity_id)) for entity_id in self.shop.invoices.ids]

    def describe(self, entity_id: int) -> str:
        """Return a sentence with customer, goods and total."""
        invoice = self.invoice(entity_id)
        with self.shop.lock:
            order = self.shop.orders.row(invoice["order_id"])
        things = ", ".join(f"{item['qty']} x {item['name']}" for item in invoice["items"])
        total = f"{invoice['grand_total']:.2f} {invoice['order_currency_code']}"
        comment = ", and comments" if invoice["comments"] else ""
        return f"{invoice['increment_id']}  {order['customer_firstname']} buys {things}: {total}{comment}"

    def last_comment(self, entity_id: int) -> str:
        """Return the number of an invoice with its newest comment."""
        comment = self.invoice(entity_id)["comments"][-1]["comment"]
        return f'{self.invoice(entity_id)["increment_id"]}  gets a comment: "{comment}"'
