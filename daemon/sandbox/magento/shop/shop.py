"""A shop: the database, filled at once with invoices of the past or with recorded ones."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Self

from daemon.sandbox.magento.shop.database import Database, utc_now
from daemon.sandbox.magento.shop.recorded import take_in
from daemon.sandbox.magento.shop.seed import seed
from daemon.sandbox.magento.shop.tables import Wire


class Shop(Database):
    """The Magento database with two ways to fill it at once."""

    @classmethod
    def from_recorded(
        cls,
        invoices: Iterable[Wire],
        orders: Iterable[Wire],
        clock: Callable[[], datetime] = utc_now,
    ) -> Self:
        """Return a shop with these; the orders that are known from their invoices alone are made up."""
        shop = cls(clock)
        take_in(shop, invoices, orders)
        return shop

    def seed(
        self,
        count: int,
        *,
        items: float = 3,
        comments: float = 1.5,
        rng: random.Random | None = None,
        seconds_apart: float = 60,
    ) -> list[int]:
        """Fill the shop with so many invoices of the past, the same each time; return their ids."""
        rng = rng or random.Random(count)  # noqa: S311 - repeatable, not secret
        with self.lock:
            return seed(self, count, items=items, comments=comments, rng=rng, seconds_apart=seconds_apart)
