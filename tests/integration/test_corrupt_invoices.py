"""One invoice that breaks every list it is in is found and set aside, and the rest go on."""

from __future__ import annotations

import pytest

from daemon.sandbox.faults import status
from daemon.scheduler import Beat, StopRequest, run_once
from tests.world import World


@pytest.mark.parametrize(("page_size", "place"), [(1, 17), (7, 0), (7, 17), (7, 39), (100, 0), (100, 1), (100, 39)])
def test_it_is_found_in_the_first_sync(world: World, page_size: int, place: int) -> None:
    world.set("magento.page_size", page_size)
    ids = [world.invoice(comment="fine") for _ in range(40)]
    world.shop.corrupt(ids[place])
    with world.work() as work:
        for _ in range(3):
            run_once(work)
    rows = world.rows()
    assert rows[ids[place]].sync_status == "failed"
    assert "Magento cannot show this invoice" in str(rows[ids[place]].reason)
    assert {rows[key].sync_status for key in ids if key != ids[place]} == {"synced"}
    assert len(rows) == 40


def test_two_of_them_in_one_page_are_found_both(world: World) -> None:
    ids = [world.invoice() for _ in range(30)]
    for place in (4, 5):
        world.shop.corrupt(ids[place])
    world.run_once()
    rows = world.rows()
    assert [key for key in ids if rows[key].sync_status == "failed"] == [ids[4], ids[5]]


def test_once_mended_it_arrives_within_a_day(world: World) -> None:
    ids = [world.invoice(comment="here") for _ in range(5)]
    world.shop.corrupt(ids[2])
    with world.work() as work:
        beat = Beat(work, StopRequest())
        beat.poll()
        world.shop.mend(ids[2])
        world.clock.advance(hours=25)
        beat.poll()
        beat.poll()
    assert world.compared().equal, str(world.compared())


def test_it_costs_an_idle_poll_nothing(world: World) -> None:
    ids = [world.invoice() for _ in range(5)]
    world.shop.corrupt(ids[2])
    world.run_once()
    world.magento_calls.clear()
    world.run_once()
    assert len(world.magento_calls) == 1


def test_one_that_breaks_after_it_was_synced_stops_neither_polls_nor_sweeps(world: World) -> None:
    world.set("schedule.poll_interval", "5m")
    ids = [world.invoice() for _ in range(10)]
    with world.work() as work:
        beat = Beat(work, StopRequest())
        beat.poll()
        world.shop.corrupt(ids[3])
        world.shop.add_comment(ids[7], "late")
        for _ in range(6):
            world.clock.advance(minutes=5)
            beat.poll()
        newest = world.invoice()
        world.clock.advance(minutes=5)
        beat.poll()
    rows = world.rows()
    assert rows[ids[3]].sync_status == "failed"
    assert rows[newest].sync_status == "synced"
    assert world.org.created["ContentNote"] == 1


def test_a_magento_that_fails_at_everything_is_not_taken_for_a_corrupt_invoice(world: World) -> None:
    world.invoice()
    world.run_once()
    later = world.invoice()
    world.magento_faults.add(status(500, b"<html>Fatal error</html>"), times=None)
    world.run_once()
    assert set(world.rows()) == {later - 1}, "nothing is set aside"
    assert {row.sync_status for row in world.rows().values()} == {"synced"}
    world.magento_faults.clear()
    world.run_once()
    assert world.compared().equal, str(world.compared())
