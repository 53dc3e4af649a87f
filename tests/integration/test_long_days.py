"""Hours and days of a daemon's life: what is promised for them holds, in simulated time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from daemon.cli.status import describe
from state.rows import instant_of
from tests.days import Days, delays, world_of_days
from tests.integration.checks import assert_equal
from tests.integration.long_days import BusyShop
from tests.world import Stop, World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with world_of_days(tmp_path) as made:
        yield made


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


@pytest.mark.timeout(300)
def test_a_day_without_api_calls_costs_a_probe_every_quarter_of_an_hour_and_all_is_in_soon_after(world: World) -> None:
    world.set("schedule.poll_interval", "5m")
    world.invoice()
    with world.work() as work:
        days = Days(world, work)
        days.pass_by(minutes=5)
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
        assert days.polls - polls >= 24 * 12 - 1, "Magento is still polled"
        assert days.calls(began)["poll"] == days.polls - polls
        assert work.parts.store.ledger.counts() == {"synced": 1, "pending": 1_000}

        shown = describe(work.parts.configuration, work.parts.store)["salesforce"]
        since = instant_of(shown["since"])
        assert shown["status"] == "paused"
        assert "API calls are used up" in shown["reason"]
        assert since is not None
        assert began <= since <= began + timedelta(minutes=6)

        world.salesforce.api_used = 0
        days.pass_by(minutes=15 + 3 * 5)
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
