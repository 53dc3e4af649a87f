"""Invoices and orders that Magento cannot show, in every way in which it says so, stop nothing else."""

from __future__ import annotations

import json

import pytest

from daemon.sandbox.faults import Fault, garble, hang, longer_than, status
from daemon.sandbox.shop import WAYS, Way
from daemon.scheduler import Beat, StopRequest, run_once
from tests.integration.checks import assert_balanced, change, state_of
from tests.integration.test_discovery import invoices_asked_for, size_of
from tests.promises import assert_promises
from tests.world import World

SLOW = hang(60)
FATAL = b'{"messages":{"error":[{"code":500,"message":"Server internal error."}]}}'
UNREADABLE = [way for way in WAYS if way != "mark"]


def failed_in(world: World) -> set[int]:
    return {key for key, row in world.rows().items() if row.sync_status == "failed"}


def time_out_soon(world: World, way: Way) -> None:
    if way == "silence":
        world.set("magento.timeout", 1)


@pytest.mark.fault("Magento: an invoice that it cannot show however it says so")
@pytest.mark.parametrize("way", UNREADABLE)
def test_an_invoice_that_cannot_be_shown_stops_no_other(world: World, way: Way) -> None:
    time_out_soon(world, way)
    ids = [world.invoice(comment="fine") for _ in range(12)]
    world.shop.break_invoice(ids[6], way)
    with world.work() as work:
        run_once(work)
        assert failed_in(world) == {ids[6]}
        assert "Magento cannot show this invoice" in str(state_of(world, ids[6])[1])
        assert work.left_undone, "run --once says that something failed"
        later = world.invoice()
        run_once(work)
        assert state_of(world, later)[0] == "synced"
        assert_promises(world, failed={ids[6]})
        world.shop.mend(ids[6])
        world.clock.advance(hours=25)
        run_once(work)
    assert [event["entity_id"] for event in world.named("invoice.failed")] == [ids[6]], "said once"
    assert_promises(world)


@pytest.mark.fault("Magento: an order that it cannot show")
@pytest.mark.parametrize("way", UNREADABLE)
def test_an_order_that_cannot_be_shown_fails_its_own_invoice_alone(world: World, way: Way) -> None:
    time_out_soon(world, way)
    ids = [world.invoice() for _ in range(20)]
    order = world.shop.invoices.row(ids[7])["order_id"]
    world.shop.break_order(order, way)
    with world.work() as work:
        run_once(work)
        assert failed_in(world) == {ids[7]}
        reason = str(state_of(world, ids[7])[1])
        assert f"order (entity_id {order})" in reason
        assert "base_url" not in reason
        assert work.failure is None
        assert work.left_undone, "run --once says that something failed"
        assert work.parts.store.sides.get("magento").status == "ok"
        later = world.invoice()
        run_once(work)
        assert state_of(world, later)[0] == "synced"
        assert_promises(world, failed={ids[7]})
        world.shop.mend_order(order)
        world.clock.advance(hours=25)
        run_once(work)
    assert_promises(world)


def test_an_order_that_breaks_later_fails_the_change_and_lets_it_go_when_it_is_whole(world: World) -> None:
    ids = [world.invoice() for _ in range(5)]
    with world.work() as work:
        run_once(work)
        order = world.shop.invoices.row(ids[2])["order_id"]
        world.shop.break_order(order, "error")
        change(world, ids[2], grand_total=99.5)
        run_once(work)
        assert state_of(world, ids[2])[0] == "failed"
        world.shop.mend_order(order)
        change(world, ids[2], grand_total=98.5)
        run_once(work)
    assert_promises(world)


@pytest.mark.fault("Magento: more at once than it can show")
@pytest.mark.parametrize("resource", ["invoices", "orders"])
@pytest.mark.parametrize(
    "fault", [SLOW, status(503), status(504), status(500, FATAL)], ids=["slow", "503", "504", "memory"]
)
def test_lists_that_are_too_long_are_read_in_smaller_ones(world: World, resource: str, fault: Fault) -> None:
    """A PHP that runs out of memory says the same as one bad record; smaller lists tell the two apart."""
    world.set("magento.timeout", 1)
    ids = [world.invoice() for _ in range(40)]
    world.magento_faults.add(longer_than(12, fault), path=f"/{resource}", times=None)
    with world.work() as work:
        run_once(work)
    assert set(world.rows()) == set(ids)
    assert failed_in(world) == set()
    assert_promises(world)


def test_a_slow_magento_is_read_at_the_size_that_it_can_and_an_empty_poll_changes_nothing(world: World) -> None:
    """The livelock: a backfill halves its pages, and each poll that finds nothing doubles them again."""
    world.set("magento.timeout", 1)
    ids = world.shop.seed(120, items=1, comments=0)
    world.magento_faults.add(longer_than(60, SLOW), path="/invoices", times=None)
    with world.work() as work:
        work.sweeps = False
        beat = Beat(work, StopRequest())
        beat.poll()
        for _ in range(3):
            world.clock.advance(minutes=2)
            beat.poll()
        assert set(world.rows()) == set(ids)
        work.parts.store.forget_reading()
        beat.poll()
    sizes = [size_of(query) for query in invoices_asked_for(world) if "updated_at" not in query and "gt&" in query]
    assert sizes == [100, 50, 50, 50, 50, 50, 50], sizes


def test_the_size_is_known_to_the_next_process(world: World) -> None:
    world.set("magento.timeout", 1)
    ids = [world.invoice() for _ in range(60)]
    world.magento_faults.add(longer_than(30, SLOW), path="/invoices", times=None)
    world.run_once()
    world.magento_calls.clear()
    world.shop.seed(40)
    with world.work() as work:
        work.parts.store.forget_reading()
        run_once(work)
    sizes = [size_of(query) for query in invoices_asked_for(world)]
    assert max(sizes) <= 30, sizes
    assert set(ids) < set(world.rows())


@pytest.mark.parametrize("by", ["itself", "hand"])
def test_where_magento_answers_small_lists_alone_what_was_read_is_sent_before_it_is_old(world: World, by: str) -> None:
    world.magento.page_limit = 1
    ids = [world.invoice(comment="fine") for _ in range(30)]
    with world.work() as work:
        world.salesforce_faults.add(status(503))
        run_once(work)  # what is to be sent again is read again
        assert not any(row.sync_status == "synced" for row in world.rows().values())
        world.clock.advance(minutes=20)
        world.salesforce_calls.clear()
        run_once(work) if by == "itself" else work.sync(ids)
    assert {row.sync_status for row in world.rows().values()} == {"synced"}
    sent = [len(json.loads(call.body)["graphs"]) for call in world.salesforce_calls.matching(path="composite/graph")]
    assert max(sent) <= 10, "read in twenty calls, and not in sixty"
    assert_promises(world)


@pytest.mark.no_cover
@pytest.mark.fault("Magento: hundreds of such invoices")
def test_many_unreadable_invoices_neither_stop_the_rest_nor_make_a_url_too_long(world: World) -> None:
    ids = world.shop.seed(600, items=1, comments=0)
    bad = set(ids[100:400:2]) | set(ids[420:590])
    for entity_id in bad:
        world.shop.corrupt(entity_id)
    with world.work() as work:
        run_once(work)
        assert failed_in(world) == bad
        fresh = world.invoice()
        run_once(work)
        assert state_of(world, fresh)[0] == "synced"
        assert max(len(query) for query in invoices_asked_for(world)) < 6000
        world.clock.advance(hours=25)
        world.magento_calls.clear()
        run_once(work)
        assert len(world.magento_calls) < 150, "tried some at a time"
        assert_balanced(world)
    assert_promises(world, failed=bad)


def test_a_byte_order_mark_before_the_list_is_no_fault(world: World) -> None:
    entity_id = world.invoice()
    world.magento_faults.add(garble(lambda body: b"\xef\xbb\xbf" + body), times=None)
    world.run_once()
    assert state_of(world, entity_id)[0] == "synced"
    assert_promises(world)


@pytest.mark.parametrize("kind", ["orders", "invoices"])
def test_what_was_readable_may_break_together_and_the_rest_is_read(world: World, kind: str) -> None:
    old = [world.invoice() for _ in range(8)]
    with world.work() as work:
        run_once(work)
        for _ in range(4):
            world.clock.advance(minutes=30)
            run_once(work)
        broken = [*old[:3], *old[-3:]]
        for each in broken:
            if kind == "orders":
                world.shop.break_order(world.shop.invoices.row(each)["order_id"], "error")
            else:
                world.shop.break_invoice(each, "error")
        if kind == "orders":
            unshown = old[0]
            change(world, unshown, grand_total=5)
        else:
            unshown = world.invoice()
            world.shop.break_invoice(unshown, "error")
        new = [world.invoice() for _ in range(5)]
        for _ in range(3):
            world.clock.advance(minutes=1)
            run_once(work)
        assert {state_of(world, each)[0] for each in new} == {"synced"}
        assert failed_in(world) == {unshown}


def test_a_new_invoice_waits_for_no_retry_of_one_that_magento_never_shows(world: World) -> None:
    world.set("magento.timeout", 1)
    bad = [world.invoice() for _ in range(3)]
    other = world.invoice()
    for each in bad:
        world.shop.break_invoice(each, "silence")
    with world.work() as work:
        run_once(work)
        assert failed_in(world) == set(bad)
        assert state_of(world, other)[0] == "synced"
        world.clock.advance(hours=25)
        new = world.invoice()
        world.magento_calls.clear()
        world.salesforce_calls.clear()
        run_once(work)
    assert state_of(world, new)[0] == "synced"
    (sent,) = world.salesforce_calls.matching(path="composite/graph")
    asked_again = [call for call in world.magento_calls if f"[value]={bad[0]}&" in call.query]
    assert sent.at < asked_again[0].at


@pytest.mark.parametrize("number", [-1, 5 * 10**18])
def test_a_number_that_the_state_could_not_read_back_is_that_invoices_failure_alone(world: World, number: int) -> None:
    wrong, right = world.invoice(), world.invoice()
    change(world, wrong, store_id=number)
    with world.work() as work:
        run_once(work)
    assert state_of(world, wrong) == (
        "failed", "Magento's record cannot be used: its store_id is below 0 or too large"
    )  # fmt: skip
    assert state_of(world, right)[0] == "synced"
    assert world.command("status").returncode == 3, "the state can be read"
