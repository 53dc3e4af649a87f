"""Idle is free (I8) also after a burst, and what polls promise to find is found all the same."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest

from daemon.sync import Process
from tests.builders import EARLIER, ledger_row, note_row, sql_steps
from tests.integration.checks import assert_equal, books, change, state_of
from tests.world import World

# Measured for coverage it takes twice as long, and it runs nothing that quicker tests do not.
pytestmark = pytest.mark.no_cover

BURST = 382


def burst(world: World, count: int = BURST) -> list[int]:
    """So many invoices in the last minutes."""
    return world.shop.seed(count, rng=Random(7), seconds_apart=1)


def quiet_for(world: World, work: Process, minutes: int) -> None:
    """Polls go on, and nothing happens in the shop."""
    for _ in range(minutes):
        world.clock.advance(minutes=1)
        work.poll()


def poll(world: World, work: Process) -> tuple[int, int, int]:
    """One poll: its calls to Magento, how many invoices it was shown, its calls to Salesforce."""
    world.magento_calls.clear()
    world.salesforce_calls.clear()
    work.poll()
    return len(world.magento_calls.matching()), books(world)[-1]["seen"], len(world.salesforce_calls.matching())


@pytest.fixture
def settled(world: World) -> list[int]:
    """A burst that polls have read again until the overlap had passed."""
    world.set("magento.page_size", 100)
    with world.work() as work:
        work.poll()
        ids = burst(world)
        while set(world.rows()) != set(ids):
            work.poll()
        assert poll(world, work) == (4, BURST, 0), "it may be that one of them is still to appear"
        quiet_for(world, work, 12)
        assert poll(world, work) == (1, 0, 0)
    return ids


@pytest.mark.fault("Magento: 382 invoices within the overlap and none after them")
def test_a_burst_costs_idle_polls_nothing_once_the_overlap_has_passed(world: World, settled: list[int]) -> None:
    with world.work(seed=2) as work:
        assert poll(world, work) == (1, 0, 0), "a new process knows it too"
        quiet_for(world, work, 30)
        assert poll(world, work) == (1, 0, 0)
        world.clock.advance(seconds=30)
        new = world.invoice()
        _, seen, _ = poll(world, work)
        assert (seen, state_of(world, new)) == (1, ("synced", None))
    assert len(settled) == BURST
    assert_equal(world)


def test_a_change_of_an_old_invoice_is_found_and_a_late_commit_behind_it(world: World, settled: list[int]) -> None:
    with world.work(seed=2) as work:
        order = world.shop.place_order()
        late = world.shop.submit_invoice(order["entity_id"], committed=False)
        world.clock.advance(minutes=4)
        change(world, settled[0], state=3)
        poll(world, work)
        assert world.rows()[settled[0]].state == "canceled"
        world.clock.advance(minutes=5)
        poll(world, work)
        assert late not in world.rows()
        world.shop.commit(late)
        poll(world, work)
        assert state_of(world, late) == ("synced", None)
    assert_equal(world)


def test_an_invoice_committed_late_into_a_burst_is_found_until_the_overlap_has_passed(world: World) -> None:
    with world.work() as work:
        work.poll()
        burst(world, 20)
        order = world.shop.place_order()
        late = world.shop.submit_invoice(order["entity_id"], committed=False)
        world.clock.advance(seconds=1)
        work.poll()
        quiet_for(world, work, 9)
        world.shop.commit(late)
        work.poll()
        assert state_of(world, late) == ("synced", None)
        quiet_for(world, work, 9)
        assert poll(world, work)[1] > 0, "the late one has begun the wait again"
        quiet_for(world, work, 3)
        assert poll(world, work) == (1, 0, 0)
    assert_equal(world)


def test_a_longer_overlap_is_read_again_at_once(world: World, settled: list[int]) -> None:
    order = world.shop.place_order()
    hours_late = world.shop.submit_invoice(
        order["entity_id"], committed=False, at=world.shop.invoices.row(settled[-1])["created_at"]
    )
    world.shop.commit(hours_late)
    with world.work(seed=2) as work:
        assert poll(world, work) == (1, 0, 0), "it came later than the overlap: the sweep finds it"
        world.set("schedule.overlap", "1h")
        poll(world, work)
        assert state_of(world, hours_late) == ("synced", None)


@pytest.mark.parametrize("minutes_ahead", [-9, 15])
def test_a_web_server_whose_clock_is_not_the_databases_hides_no_late_commit(world: World, minutes_ahead: int) -> None:
    world.magento.clock = lambda: world.clock.now() + timedelta(minutes=minutes_ahead)
    with world.work() as work:
        work.poll()
        burst(world, 20)
        order = world.shop.place_order()
        late = world.shop.submit_invoice(order["entity_id"], committed=False)
        world.clock.advance(seconds=1)
        work.poll()
        quiet_for(world, work, 9)
        world.shop.commit(late)
        work.poll()
        assert state_of(world, late) == ("synced", None)
    assert_equal(world)


def test_a_clock_of_magentos_that_is_set_back_hides_nothing(world: World, settled: list[int]) -> None:
    with world.work(seed=2) as work:
        poll(world, work)
        world.clock.advance(minutes=-20)  # not more: calls are signed by this machine's time
        poll(world, work)
        new = world.invoice()
        poll(world, work)
        assert state_of(world, new) == ("synced", None), "its stamp is older than the newest one"
    assert len(settled) == BURST


def test_an_idle_poll_reads_no_more_of_the_state_where_many_invoices_are_synced(world: World) -> None:
    world.invoice(comment="thanks")
    with world.work() as work:
        work.poll()
        quiet_for(world, work, 15)
        steps = []
        for ids in (range(1001, 1011), range(1011, 3011)):
            store = work.tools.store
            of_salesforce = {"sync_status": "synced", "salesforce_id": "a00gX000000001ABA", "synced_at": EARLIER}
            store.ledger.write([ledger_row(each, **of_salesforce) for each in ids])
            store.notes.write([note_row(each, entity_id=each, sync_status="synced") for each in ids])
            world.clock.advance(seconds=10)
            with sql_steps(store) as counted:
                assert poll(world, work) == (1, 0, 0)
            steps.append(counted)
    grown = {sql: count - steps[0][sql] for sql, count in steps[1].items() if count > steps[0][sql] + 100}
    assert not grown
