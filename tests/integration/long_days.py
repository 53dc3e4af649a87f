"""A busy shop, and its day measured: ``python -m tests.integration.long_days [SMALLER]`` (default 10)."""

from __future__ import annotations

import sys
import time
from datetime import timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from tests.days import Days, world_of_days
from tests.world import World


class BusyShop:
    """A shop with 3,000 invoices a day and 35 days behind it, so many times smaller.

    With smaller pages, and rows that take Magento ``slower`` times as long, its rounds take as long as in that shop.
    """

    def __init__(self, world: World, smaller: int = 100, *, page: int = 3_000) -> None:
        self.world = world
        self.slower = float(smaller)
        self.apart = timedelta(days=1) * smaller / 3_000
        world.magento.page_limit = page // smaller
        world.shop.seed(105_000 // smaller, rng=Random(1), seconds_apart=int(self.apart.total_seconds()))
        self.comments: list[int] = []
        self._next = world.clock.now() + self.apart

    def go_on(self) -> None:
        """Customers buy."""
        while self.world.clock.now() >= self._next:
            self._next += self.apart
            self.world.invoice()

    def comment(self, age: timedelta) -> None:
        """Somebody comments on an invoice that is so old, or a little older."""
        aged = self.world.shop.invoices.ids[-(age // self.apart) - 2]
        self.comments.append(self.world.shop.add_comment(aged, f"after {age}"))


def measure(smaller: int) -> None:
    """What a day of a shop with 3,000 invoices a day asks of Magento, counted in one so many times smaller."""
    begun = time.monotonic()
    with TemporaryDirectory() as folder, world_of_days(Path(folder)) as world:
        shop = BusyShop(world, smaller, page=300)  # as many pages as in the large shop
        # What lies behind is read, and held: its place in Salesforce makes no difference to what Magento is asked.
        world.set("invoices.enable_automatic_synchronization", False)
        with world.work() as work:
            days = Days(world, work, meanwhile=shop.go_on)
            days.pass_by(minutes=1)
            world.set("invoices.enable_automatic_synchronization", True)
            days.slower = shop.slower
            days.pass_by(hours=1)
            since, polls = days.now, days.polls
            days.pass_by(hours=24)
            calls, rows = days.calls(since), days.rows(since)
            longest = days.longest_between_polls(since, days.now)
            synced = work.parts.store.ledger.counts()["synced"]
    print(f"a day of a shop with 3,000 invoices a day, 1:{smaller}: {synced} synced, {days.polls - polls} beats")
    for purpose in sorted(calls):
        print(
            f"{purpose}: {calls[purpose]:,} calls, {rows[purpose]:,} rows, or {rows[purpose] * smaller:,} at full size"
        )
    print(f"longest between two polls: {longest.total_seconds():.0f} s; measured in {time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    measure(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
