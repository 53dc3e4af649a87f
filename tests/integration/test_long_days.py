"""Hours and days of a daemon's life: what is promised for them holds, in simulated time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from state.rows import instant_of
from tests.days import Days, delays, world_of_days
from tests.world import Stop, World

SLOWER = 100


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with world_of_days(tmp_path) as made:
        yield made


class BusyShop:
    """A shop with 3,000 invoices a day and 35 days behind it, so many times smaller.

    With smaller pages, and rows that take Magento ``slower`` times as long, its rounds take as long as in that shop.
    """

    def __init__(self, world: World, smaller: int = 100) -> None:
        self.world = world
        self.slower = float(smaller)
        self.apart = timedelta(days=1) * smaller / 3_000
        world.magento.page_limit = 3_000 // smaller
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


def test_the_daily_round_delays_neither_polls_nor_the_rounds_of_younger_invoices(world: World) -> None:
    shop = BusyShop(world)
    with world.work() as work:
        days = Days(world, work, slower=2 * shop.slower, meanwhile=shop.go_on, tick=timedelta(seconds=5))
        days.pass_by(minutes=60)
        last = instant_of(work.parts.store.facts.get("sweep.watch"))
        assert last is not None
        # The process is stopped, and woken so that the daily round begins just before the next of the day's is due.
        days.sleep(seconds=(last + timedelta(hours=24) - timedelta(minutes=15.5) - days.now).total_seconds())
        woken = days.now

        def comment_often() -> None:
            shop.go_on()
            if days.now <= woken + timedelta(minutes=3):
                shop.comment(timedelta(hours=1))

        days.meanwhile = comment_often
        days.pass_by(minutes=40)
        assert days.rows(woken)["sweep"] > 1_050, "the daily round was made meanwhile"
    assert len(shop.comments) == 36
    found = delays(world, shop.comments)
    assert timedelta(minutes=12) < max(found) <= timedelta(minutes=17), found
    in_the_round = [
        call.at for call in days.asked if call.at > woken + timedelta(minutes=15) and call.purpose == "sweep"
    ]
    assert days.longest_between_polls(in_the_round[0], in_the_round[35]) <= timedelta(seconds=75), "a poll and a page"


def test_where_magento_is_too_slow_for_all_rounds_each_band_has_its_turn(world: World) -> None:
    shop = BusyShop(world, smaller=1_500)
    world.set("schedule.poll_interval", "1h")
    with world.work() as work:
        days = Days(world, work, slower=shop.slower)
        days.pass_by(minutes=60)
        facts, stop = work.parts.store.facts, work.parts.stop
        assert isinstance(stop, Stop)
        before = {band: str(facts.get(f"sweep.{band}")) for band in ("day", "week", "watch")}
        days.slower *= 200  # the round of every quarter of an hour takes half an hour: there is never nothing to do
        until = days.now + timedelta(hours=64)

        def end() -> None:
            stop.asked = days.now >= until

        days.meanwhile = end
        days.pass_by(hours=64)
        assert all(str(facts.get(f"sweep.{band}")) > before[band] for band in before), before
    polled = days.longest_between_polls(until - timedelta(hours=60), until)
    assert polled <= timedelta(minutes=80), "an hour, and a page of 16 minutes"
