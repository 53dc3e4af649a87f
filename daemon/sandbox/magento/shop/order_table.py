"""The orders of a shop, each with its purchase."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from daemon.sandbox.magento.shop.numbers import Numbers
from daemon.sandbox.magento.shop.orders import spell_order
from daemon.sandbox.magento.shop.purchase import Customer, Line, Purchase
from daemon.sandbox.magento.shop.tables import ORDER_COLUMNS, Table, Wire


class Orders(Table):
    """The table of orders; reading an order spells it from its purchase."""

    def __init__(self, numbers: Numbers) -> None:
        super().__init__(ORDER_COLUMNS)
        self._numbers = numbers
        self._purchases: dict[int, Purchase] = {}

    def buy(
        self,
        lines: Sequence[Line],
        customer: Customer,
        *,
        store_id: int,
        currency: str,
        shipping: int,
        at: str,
    ) -> Purchase:
        """Place an order of these lines."""
        purchase = Purchase(
            entity_id=self._numbers.next_id("order"),
            increment_id=self._numbers.next_increment_id("order", store_id),
            store_id=store_id,
            currency=currency,
            customer=customer,
            lines=tuple(lines),
            first_item_id=self._numbers.next_id("order_item", len(lines)),
            shipping=shipping,
            created_at=at,
        )
        self.keep(purchase)
        return purchase

    def keep(self, purchase: Purchase, order: Wire | None = None) -> None:
        """Store an order, as spelled or to be spelled at each reading."""
        self._purchases[purchase.entity_id] = purchase
        self.put(purchase.entity_id, order or partial(spell_order, purchase))
        self._numbers.use("order", purchase.entity_id)
        self._numbers.use("order_item", purchase.first_item_id + len(purchase.lines) - 1)
        self._numbers.use_increment_id("order", purchase.store_id, purchase.increment_id)

    def purchase(self, order_id: int) -> Purchase:
        """Return an order's purchase."""
        return self._purchases[order_id]

    def register(self, customer: tuple[str, str, str] | Customer | None) -> Customer:
        """Return a customer with an account, by first name, last name and e-mail; a guest for None."""
        if isinstance(customer, Customer):
            return customer
        if customer is None:
            return Customer("Guest", "O'Neill", f"guest{self._numbers.next_id('guest')}@example.com")
        first, last, email = customer
        return Customer(first, last, email, id=self._numbers.next_id("customer"))
