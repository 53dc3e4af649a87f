"""A busy shop, and its day measured: ``python -m tests.integration.long_days [SMALLER]`` (default 10, full size 1)."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from daemon.magento.parse import comments_of, stamps_of
from daemon.notes import comment_digest
from state.ledger import LedgerRow
from state.notes import NoteRow
from state.rows import text_of
from state.values import instant_of
from tests.days import Days, delays, world_of_days
from tests.world import World

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# A comment on an invoice that is so old arrives within so long.
BOUNDS: Mapping[timedelta, timedelta] = {
    HOUR: timedelta(minutes=17),
    3 * DAY: timedelta(minutes=65),
    20 * DAY: timedelta(hours=25),
}


class BusyShop:
    """A shop with 3,000 invoices a day and 35 days behind it, so many times smaller.

    With smaller pages, and rows that take Magento ``slower`` times as long, its rounds take as long as in that shop.
    """

    def __init__(self, world: World, smaller: int = 100, *, page: int = 3_000) -> None:
        self.world = world
        self.slower = float(smaller)
        self.apart = DAY * smaller / 3_000
        world.magento.page_limit = page // smaller
        world.shop.seed(105_000 // smaller, rng=Random(1), seconds_apart=self.apart.total_seconds())
        self.comments: dict[timedelta, list[int]] = {age: [] for age in BOUNDS}
        self._next = world.clock.now() + self.apart

    def read_past(self, days: Days) -> None:
        """What lies behind is read, and held; but sent are those invoices on which somebody will comment soon.

        Its place in Salesforce makes no difference to what Magento is asked.
        """
        self.world.set("invoices.enable_automatic_synchronization", False)
        days.pass_by(minutes=1)
        self.world.set("invoices.enable_automatic_synchronization", True)
        self._send_commented(days)

    def remember_past(self, days: Days) -> None:
        """The same, but written into the state as it would stand then: to read it takes a large shop's time."""
        store, now = days.work.tools.store, days.now
        shown = self.world.wire_invoices()
        with store.writing():
            store.ledger.write(_held(row, now) for row in shown)
            store.notes.write(note for row in shown for note in _held_notes(row, now))
        self._send_commented(days)

    def _send_commented(self, days: Days) -> None:
        commented = {entity_id for age in BOUNDS for entity_id in self._around(age)}
        days.work.tools.store.requests.leave("sync", days.now, named=sorted(commented))
        days.pass_by(minutes=1)
        assert not self.world.rows().keys() ^ set(self.world.shop.invoices.ids), "all of the past is known"

    def _around(self, age: timedelta) -> list[int]:
        """Those that are so old now, or will be within the next two hours."""
        ids, place = self.world.shop.invoices.ids, self._place(age)
        return list(ids[max(0, place - 2) : place + 2 * HOUR // self.apart + 2])

    def _place(self, age: timedelta) -> int:
        return len(self.world.shop.invoices) - age // self.apart - 2

    def go_on(self) -> None:
        """Customers buy."""
        while self.world.clock.now() >= self._next:
            self._next += self.apart
            self.world.invoice()

    def comment(self, *ages: timedelta) -> None:
        """Somebody comments on an invoice that is so old, or a little older."""
        for age in ages:
            aged = self.world.shop.invoices.ids[self._place(age)]
            self.comments[age].append(self.world.shop.add_comment(aged, f"after {age}"))

    def longest(self, age: timedelta) -> timedelta:
        """How long the slowest comment on an invoice of this age took to Salesforce."""
        return max(delays(self.world, self.comments[age]))


def _held(row: dict[str, Any], now: datetime) -> LedgerRow:
    """How the ledger knows an invoice that was read and held."""
    created_at, updated_at = stamps_of(row)
    return LedgerRow(
        row["entity_id"],
        row["increment_id"],
        "",
        "held",
        now,
        "backfill",
        store_id=row["store_id"],
        order_id=row["order_id"],
        created_at=created_at,
        updated_at=updated_at,
    )


def _held_notes(row: dict[str, Any], now: datetime) -> list[NoteRow]:
    return [
        NoteRow(comment.entity_id, row["entity_id"], comment_digest(comment), "held", now, held_for="automatic")
        for comment in comments_of(row)
    ]


def round_of(band: str, days: Days) -> datetime:
    """When the last round of this band that has ended began."""
    began = instant_of(days.work.tools.store.facts.get(f"sweep.{band}"))
    assert began is not None
    return began


def begin_daily_round(days: Days, at: datetime) -> None:
    """Let the last daily round have begun so long ago that the next one is due then."""
    days.work.tools.store.facts.learn("sweep.watch", text_of(at - DAY) or "")


def measure(smaller: int) -> None:
    """What a day of a shop with 3,000 invoices a day asks of Magento, counted in one so many times smaller."""
    begun = time.monotonic()
    with TemporaryDirectory() as folder, world_of_days(Path(folder)) as world:
        with world.work() as work:
            days = Days(world, work, tick=timedelta(seconds=5))
            days.pass_by(minutes=1)  # with an empty shop
            shop = BusyShop(world, smaller, page=300)  # as many pages as in the large shop
            days.meanwhile = shop.go_on
            shop.remember_past(days)
            _say(begun, f"{len(world.shop.invoices):,} invoices are known")
            days.slower = shop.slower
            due = days.now.replace(microsecond=0) + timedelta(minutes=10)
            begin_daily_round(days, due)
            days.pass_by(minutes=9)

            def comment_often() -> None:
                shop.go_on()
                if days.now.second < 5:
                    shop.comment(*BOUNDS)

            since, polls, days.meanwhile = days.now, days.polls, comment_often
            days.pass_by(minutes=65)  # that round is made meanwhile, and each other one at least once
            assert round_of("watch", days) >= due
            days.meanwhile = shop.go_on
            _say(begun, f"{len(shop.comments[HOUR])} comments on invoices of each age are made")
            days.pass_until(since + DAY)
            calls, rows, polls = days.calls(since), days.rows(since), days.polls - polls
            gaps = days.between_polls(since, days.now)
            _say(begun, "a day is over")
            days.pass_by(hours=2.2)
            synced = work.tools.store.ledger.counts()["synced"]
        print(f"a day of a shop with 3,000 invoices a day, 1:{smaller}: {synced} synced, {polls} beats")
        for purpose in sorted(calls):
            full = rows[purpose] * smaller
            print(f"{purpose}: {calls[purpose]:,} calls, {rows[purpose]:,} rows, or {full:,} at full size")
        for band in sorted({call.band for call in days.asked if call.band}):
            made = [call for call in days.asked if call.band == band and since <= call.at < since + DAY]
            print(f"sweep, {band}: {len(made):,} calls, {sum(call.rows for call in made):,} rows")
        late = sum(gap > timedelta(seconds=65) for gap in gaps)
        print(f"longest between two polls: {max(gaps).total_seconds():.1f} s; {late} of {len(gaps)} are above 65 s")
        for age, bound in BOUNDS.items():
            print(f"a comment on an invoice {age} old arrives within {shop.longest(age)} (bound {bound})")
    _say(begun, "measured")


def _say(begun: float, what: str) -> None:
    print(f"[{time.monotonic() - begun:.0f} s, CPU {time.process_time():.0f} s] {what}", flush=True)


if __name__ == "__main__":
    measure(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
