"""Invoices and orders that Magento cannot show, in every way in which it says so, stop nothing else."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from daemon.sandbox.faults import Fault, garble, hang, longer_than, lost, status
from daemon.sandbox.magento.shop import READABLE, WAYS, Way
from daemon.scheduler import Beat, StopRequest, run_once
from daemon.sync import Process
from state.dismissal import dismiss
from state.forgetting import forget_reading
from tests.integration.checks import assert_balanced, change, record, state_of, texts
from tests.integration.test_discovery import invoices_asked_for, size_of
from tests.promises import assert_promises
from tests.world import World

SLOW = hang(60)
FATAL = b'{"messages":{"error":[{"code":500,"message":"Server internal error."}]}}'
UNREADABLE = [way for way in WAYS if way != READABLE]


def failed_in(world: World) -> set[int]:
    return {key for key, row in world.rows().items() if row.sync_status == "failed"}


def time_out_soon(world: World, way: Way) -> None:
    if way == "silence":
        world.set("magento.timeout", 1)


@pytest.mark.fault("Magento: an invoice that it cannot show however it says so")
@pytest.mark.parametrize("way", UNREADABLE)
def test_an_invoice_that_cannot_be_shown_stops_no_other(world: World, way: Way) -> None:
    time_out_soon(world, way)
    ids = [world.invoice(comment="fine") for _ in range(9)]
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
    ids = [world.invoice() for _ in range(9)]
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
        assert work.tools.store.sides.get("magento").status == "ok"
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


def order_of(world: World, entity_id: int) -> int:
    return int(world.shop.invoices.row(entity_id)["order_id"])


def test_a_skip_rule_holds_also_while_the_order_cannot_be_shown(world: World) -> None:
    world.set("invoices.skip", {"states": ["canceled"]})
    world.invoice()
    entity_id = world.invoice(comment="never sent")
    world.shop.edit_invoice(entity_id, state=3)
    world.shop.break_order(order_of(world, entity_id), "error")
    with world.work() as work:
        run_once(work)
        assert state_of(world, entity_id) == ("skipped", "invoices.skip.states: it is canceled")
        world.shop.mend_order(order_of(world, entity_id))
        world.clock.advance(hours=25)
        run_once(work)
        assert state_of(world, entity_id)[0] == "skipped"
    assert record(world, entity_id) is None


def test_what_is_held_stays_held_also_where_its_order_could_not_be_shown(world: World) -> None:
    world.set("invoices.enable_automatic_synchronization", False)
    ids = [world.invoice(comment="waits") for _ in range(3)]
    world.shop.break_order(order_of(world, ids[1]), "error")
    with world.work() as work:
        run_once(work)
        assert {state_of(world, each)[0] for each in ids} == {"held"}
        world.shop.mend_order(order_of(world, ids[1]))
        world.set("invoices.enable_automatic_synchronization", True)
        world.clock.advance(hours=25)
        run_once(work)
    assert {state_of(world, each)[0] for each in ids} == {"held"}
    assert record(world, ids[1]) is None


def test_asked_for_by_a_person_it_fails_and_goes_once_its_order_is_shown(world: World) -> None:
    world.set("invoices.enable_automatic_synchronization", False)
    entity_id, _ = world.invoice(comment="goes too"), world.invoice()
    world.shop.break_order(order_of(world, entity_id), "error")
    with world.work() as work:
        run_once(work)
        work.sync([entity_id])
        assert state_of(world, entity_id)[0] == "failed"
        assert "Magento cannot show its order" in str(state_of(world, entity_id)[1])
        world.shop.mend_order(order_of(world, entity_id))
        world.clock.advance(hours=25)
        run_once(work)
    assert state_of(world, entity_id)[0] == "synced"
    assert texts(world, entity_id) == ["goes too"]


def test_after_a_cleared_state_what_is_there_is_looked_for_also_without_its_order(world: World) -> None:
    """Its order breaks, and it is held before the order is whole: Salesforce is asked whether it has it."""
    ids = [world.invoice() for _ in range(3)]
    world.run_once()
    world.state_path.unlink()
    world.shop.break_order(order_of(world, ids[1]), "error")
    with world.work() as work:
        run_once(work)
        assert state_of(world, ids[1])[0] == "failed"
        assert world.rows()[ids[1]].unconfirmed
        world.set("invoices.enable_automatic_synchronization", False)
        change(world, ids[1], grand_total="9.0000")
        run_once(work)
    row = world.rows()[ids[1]]
    assert (row.sync_status, row.salesforce_id) == ("held", (record(world, ids[1]) or {})["Id"])


def sweep(work: Process) -> None:
    work.sweeps = True
    work.poll_again()
    while work.next_pass(lambda: work.polled_at is None) is not None:
        assert work.failure is None, work.failure


def test_a_late_comment_goes_without_the_order_and_its_invoice_stays_synced(world: World) -> None:
    ids = [world.invoice() for _ in range(3)]
    with world.work() as work:
        run_once(work)
        order = order_of(world, ids[1])
        world.shop.break_order(order, "error")
        world.clock.advance(hours=2)
        world.shop.add_comment(ids[1], "late")
        sweep(work)
        assert state_of(world, ids[1]) == ("synced", None)
        assert texts(world, ids[1]) == ["late"]
        assert_balanced(world)
        world.clock.advance(hours=2)
        sweep(work)
        world.clock.advance(hours=2)
        world.magento_calls.clear()
        sweep(work)
        assert not world.magento_calls.matching(path="/orders"), "it is not read again and again"
        world.shop.mend_order(order)
        world.shop.add_comment(ids[1], "later")
        world.clock.advance(hours=2)
        sweep(work)
    assert_promises(world)


def test_a_late_comment_undoes_no_dismissal_while_the_order_cannot_be_shown(world: World) -> None:
    ids = [world.invoice() for _ in range(3)]
    world.shop.break_order(order_of(world, ids[1]), "error")
    with world.work() as work:
        run_once(work)
        dismiss(work.tools.store, [ids[1]])
        world.clock.advance(hours=2)
        world.shop.add_comment(ids[1], "late")
        sweep(work)
        assert state_of(world, ids[1])[0] == "skipped"
        change(world, ids[1], grand_total="9.0000")
        run_once(work)
        assert state_of(world, ids[1])[0] == "failed", "a change of the invoice itself undoes it"
        world.shop.mend_order(order_of(world, ids[1]))
        world.clock.advance(hours=25)
        run_once(work)
    assert_promises(world)


def test_what_is_to_be_sent_once_more_fails_when_its_order_cannot_be_shown(world: World) -> None:
    """A lost answer: it must go again, and nothing may go without its order."""
    ids = [world.invoice() for _ in range(3)]
    world.salesforce_faults.add(lost(), path="composite/graph")
    with world.work() as work:
        run_once(work)
        world.shop.break_order(order_of(world, ids[1]), "error")
        for _ in range(4):
            world.clock.advance(minutes=20)
            run_once(work)
        assert failed_in(world) == {ids[1]}
        world.shop.mend_order(order_of(world, ids[1]))
        world.clock.advance(hours=25)
        run_once(work)
    assert_promises(world)


@pytest.mark.parametrize("mended", [False, True])
def test_one_whose_state_is_cleared_is_looked_at_again_and_not_lost(world: World, mended: bool) -> None:
    ids = [world.invoice(comment="fine") for _ in range(5)]
    world.shop.break_invoice(ids[2], "error")
    world.run_once()
    if mended:
        world.shop.mend(ids[2])
    assert world.command("state", "clear", "--id", str(ids[2]), "--yes").returncode == 0
    with world.work() as work:
        run_once(work)
        assert failed_in(world) == (set() if mended else {ids[2]})
        world.shop.mend(ids[2])
        world.clock.advance(hours=25)
        run_once(work)
    assert_promises(world)


def test_one_that_was_left_out_without_having_failed_is_tried_all_the_same(world: World) -> None:
    """As a version before this one left it, when its state was cleared."""
    ids = [world.invoice() for _ in range(5)]
    world.shop.break_invoice(ids[2], "error")
    with world.work() as work:
        run_once(work)
        ledger = work.tools.store.ledger
        row = replace(ledger.known([ids[2]])[ids[2]], sync_status="pending", reason=None, next_attempt_at=None)
        ledger.write([row])
        world.shop.mend(ids[2])
        run_once(work)
    assert_promises(world)


def test_one_that_is_another_invoice_once_it_is_shown_breaks_no_list_any_more(world: World) -> None:
    ids = [world.invoice() for _ in range(5)]
    with world.work() as work:
        run_once(work)
        world.shop.break_invoice(ids[2], "error")
        change(world, ids[2], grand_total="9.0000")
        run_once(work)
        assert world.rows()[ids[2]].corrupt
        world.shop.mend(ids[2])
        world.shop.edit_invoice(ids[2], increment_id="000004711")
        world.clock.advance(hours=25)
        run_once(work)
    row = world.rows()[ids[2]]
    assert (row.sync_status, row.corrupt) == ("failed", False)
    assert "another invoice" in str(row.reason)


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
        forget_reading(work.tools.store)
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
        forget_reading(work.tools.store)
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
