"""Hours and days of a daemon's life: what is promised for them holds, in simulated time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from daemon.reports.status import status_of
from tests.days import Days, world_of_days
from tests.integration.checks import assert_equal
from tests.integration.long_days import BOUNDS, DAY, HOUR, BusyShop, begin_daily_round, round_of
from tests.world import Stop, World

# Measured for coverage it takes twice as long, and it runs nothing that quicker tests do not.
pytestmark = pytest.mark.no_cover


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with world_of_days(tmp_path) as made:
        yield made


def test_in_a_busy_shop_a_comment_arrives_in_time_however_old_its_invoice_is(world: World) -> None:
    shop = BusyShop(world)
    with world.work() as work:
        days = Days(world, work, meanwhile=shop.go_on, tick=timedelta(seconds=5))
        shop.read_past(days)
        days.slower = 2 * shop.slower
        first = round_of("day", days)
        while round_of("day", days) == first:
            days.pass_by(minutes=1)
        # The daily round begins just before the next one of the day's invoices is due, and takes several minutes.
        due = round_of("day", days) + timedelta(minutes=14.5)
        begin_daily_round(days, due)
        began = days.now

        def comment_often() -> None:
            shop.go_on()
            if days.now <= began + timedelta(minutes=3):
                shop.comment(HOUR)
            if due <= days.now and (days.now - due).seconds % 60 < 5:
                shop.comment(3 * DAY, 20 * DAY)

        days.meanwhile = comment_often
        days.pass_until(due + timedelta(minutes=65))
        assert round_of("watch", days) >= due, "the daily round was made meanwhile"
        days.meanwhile = shop.go_on
        world.set("schedule.poll_interval", "5m")
        days.pass_by(minutes=2)
        quiet, polls = days.now, days.polls
        days.pass_until(due + DAY - timedelta(minutes=10))
        calls, polls = days.calls(quiet), days.polls - polls
        world.set("schedule.poll_interval", "60s")
        days.pass_by(minutes=75)
    assert [len(shop.comments[age]) for age in BOUNDS] == [36, 66, 66]
    for age, bound in BOUNDS.items():
        longest = shop.longest(age)
        assert 0.75 * bound < longest <= bound, f"{age}: {longest}"
    assert polls > 250
    assert calls["poll"] == polls, "with nothing new, or with one new invoice, a poll is one call"
    assert calls["sweep"] <= 2 * 24 * 4 + 8 * 24, "two pages of the day's invoices, eight of the week's"
    in_the_round = [call.at for call in days.asked if call.band == "watch" and call.at < due + HOUR]
    assert len(in_the_round) == 36
    assert days.longest_between_polls(in_the_round[0], in_the_round[-1]) <= timedelta(seconds=75), "a poll and a page"


def test_where_magento_is_too_slow_for_all_rounds_each_band_has_its_turn(world: World) -> None:
    shop = BusyShop(world, smaller=1_500)
    world.set("schedule.poll_interval", "1h")
    with world.work() as work:
        days = Days(world, work, slower=shop.slower)
        days.pass_by(minutes=60)
        facts, stop = work.tools.store.facts, work.tools.stop
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


@pytest.mark.timeout(300)
def test_a_day_without_api_calls_costs_a_probe_every_quarter_of_an_hour_and_all_is_in_soon_after(world: World) -> None:
    world.set("schedule.poll_interval", "10m")
    world.invoice()
    with world.work() as work:
        days = Days(world, work)
        days.pass_by(minutes=10)
        began, polls = days.now, days.polls
        world.salesforce.api_used = world.salesforce.api_limit  # somebody else's doing
        days.tick = timedelta(seconds=86.4)
        days.meanwhile = lambda: world.invoice(
            comment="waits with its invoice" if len(world.shop.invoices) % 5 else None
        )
        days.pass_by(hours=24)
        days.meanwhile = lambda: None

        tried = [at for at in days.tried if at >= began]
        waits = [round((later - earlier).total_seconds() / 60) for earlier, later in pairwise(tried)]
        assert len(tried) <= 150, "one metered call a probe; one more where the session has ended"
        waits = [wait for wait in waits if wait]
        assert waits[:4] == sorted(waits[:4])
        assert all(15 <= wait <= 20 for wait in waits[4:]), "a quarter of an hour, and the next poll"
        assert days.polls - polls >= 24 * 6 - 1, "Magento is still polled"
        assert days.calls(began)["poll"] == days.polls - polls
        assert work.tools.store.ledger.counts() == {"synced": 1, "pending": 1_000}

        shown = status_of(work.tools.store, work.settings.invoices, days.now).salesforce
        assert shown.status == "paused"
        assert "API calls are used up" in str(shown.reason)
        assert shown.since is not None
        assert began <= shown.since <= began + timedelta(minutes=11)

        world.salesforce.api_used = 0
        days.pass_by(minutes=15 + 3 * 10)
    assert_equal(world)
    assert len(world.named("salesforce.budget_reached")) == len(world.named("salesforce.recovered")) == 1


def test_a_process_stopped_for_eight_hours_has_caught_up_after_three_polls(world: World) -> None:
    ids = [world.invoice(comment="early") for _ in range(20)]
    with world.work() as work:
        days = Days(world, work)
        days.pass_by(hours=1)
        days.tick, days.meanwhile = timedelta(minutes=2), lambda: world.invoice(comment="bought meanwhile")
        days.sleep(hours=8)
        days.meanwhile = lambda: None
        world.shop.change_state(ids[0], 1)
        world.shop.add_comment(ids[1], "said meanwhile")
        woken, polls = days.now, days.polls
        days.pass_by(minutes=2)
        assert days.polls - polls == 3, "no storm of passes"
        calls = days.calls(woken)
    assert len(world.shop.invoices) == 260
    assert_equal(world)
    assert calls["poll"] == 5, "three pages and two polls"
    assert calls["sweep"] == 2, "a round of the day's and one of the week's"
