"""The books balance after every kind of pass, idle polls are free, and off means off, over real HTTP."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from daemon.sandbox.faults import drop, garble, status
from daemon.scheduler import run_once
from daemon.sync import Process
from tests.integration.checks import assert_balanced, books, change, note_rows, record, state_of
from tests.world import Stop, World


def figures(done: dict[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(done[name] for name in names)


def test_the_books_of_a_pass_are_the_figures_of_what_it_did(world: World) -> None:
    ids = [world.invoice(comment="a note") for _ in range(60)]
    malformed, skipped, poison, locked = ids[0:5], ids[10:16], ids[20:24], ids[30:33]
    for entity_id in malformed:
        world.shop.edit_invoice(entity_id, state=9)
    for entity_id in skipped:
        world.shop.edit_invoice(entity_id, grand_total=0)
    world.set("invoices.skip", {"zero_total": True})
    bad = {world.shop.invoices.row(key)["increment_id"] for key in poison}
    busy = {world.shop.invoices.row(key)["increment_id"] for key in locked}
    world.org.add_rule("Magento_Invoice__c", lambda row: row["Name"] in bad, "no")
    world.org.lock("Magento_Invoice__c", lambda row: row["Name"] in busy, times=3)
    with world.work() as work:
        run_once(work)
        (first,) = books(world)
        seen = figures(first, "seen", "owed", "unchanged", "held", "skipped", "refused")
        assert seen == (60, 49, 0, 0, 6, 5)
        assert figures(first, "due", "synced", "failed", "pending", "notes") == (49, 42, 4, 3, 42)
        assert first["outcome"] == "partial"
        calls = world.magento_calls.count(), world.salesforce_calls.count(path="/services/data")
        assert figures(first, "magento_calls", "salesforce_calls") == calls, "each call is counted, a sign-in is none"

        world.invoice()
        change(world, ids[40], email_sent=1)
        world.clock.advance(minutes=2)
        run_once(work)
        second = books(world)[-1]
        assert figures(second, "seen", "owed", "unchanged", "held", "skipped", "refused") == (61, 2, 59, 0, 0, 0)
        assert figures(second, "due", "synced", "failed", "pending", "notes") == (5, 5, 0, 0, 3)
        assert second["outcome"] == "ok"
        counts = work.tools.store.ledger.counts()
    assert counts == {"synced": 46, "skipped": 6, "failed": 9}
    assert_balanced(world)


def test_history_keeps_the_same_books_as_the_log(world: World) -> None:
    world.invoice(comment="a note")
    with world.work() as work:
        run_once(work)
        kept = work.tools.store.passes.last()
    assert kept is not None
    logged = books(world)[-1]
    assert all(getattr(kept, name) == logged[name] for name in ("seen", "owed", "due", "synced", "notes", "outcome"))


# Each kind of pass

Kind = Callable[[World, Process], None]


def refuse(world: World, entity_id: int) -> None:
    number = world.shop.invoices.row(entity_id)["increment_id"]
    world.org.add_rule("Magento_Invoice__c", lambda row: row["Name"] == number, "no")


def some(world: World, count: int = 8) -> list[int]:
    return [world.invoice(comment=f"note {index}") for index in range(count)]


def everything_already_there(world: World, work: Process) -> None:
    some(world)
    run_once(work)


def a_change_and_a_late_comment(world: World, work: Process) -> None:
    ids = some(world)
    run_once(work)
    change(world, ids[0], state=1)
    world.shop.add_comment(ids[1], "late")


def automatic_off(world: World, work: Process) -> None:
    some(world)
    world.set("invoices.enable_automatic_synchronization", False)


def synchronization_off(world: World, work: Process) -> None:
    some(world)
    world.set("invoices.enable_synchronization", False)


def notes_off(world: World, work: Process) -> None:
    some(world)
    world.set("invoices.synchronize_notes", False)


def some_skipped(world: World, work: Process) -> None:
    for entity_id in some(world)[:3]:
        world.shop.edit_invoice(entity_id, state=3)
    world.set("invoices.skip", {"states": ["canceled"]})


def some_malformed(world: World, work: Process) -> None:
    for entity_id in some(world)[:3]:
        world.shop.edit_invoice(entity_id, created_at=None)


def magento_down(world: World, work: Process) -> None:
    some(world)
    world.magento_faults.add(drop(), times=None)


def magento_down_at_its_orders(world: World, work: Process) -> None:
    some(world)
    world.magento_faults.add(drop(), path="/orders", times=None)


def magento_down_for_a_second_attempt(world: World, work: Process) -> None:
    some(world)
    world.org.lock("Magento_Invoice__c", lambda _: True, times=8)
    run_once(work)
    world.clock.advance(minutes=5)
    world.magento_faults.add(drop(), path=r"\[condition_type\]=in&", times=None)


def salesforce_down(world: World, work: Process) -> None:
    some(world)
    world.salesforce_faults.add(drop(), times=None)


def salesforce_down_at_its_notes(world: World, work: Process) -> None:
    some(world)
    world.salesforce_faults.add(drop(), path="composite/graph", body="ContentNote", times=None)


def salesforce_refuses_the_sign_in(world: World, work: Process) -> None:
    some(world)
    world.salesforce.sign_in_refused = ("invalid_client", "invalid client credentials")


def salesforce_out_of_calls(world: World, work: Process) -> None:
    some(world, 90)
    world.salesforce.api_limit = 2


def salesforce_refuses_whole_calls(world: World, work: Process) -> None:
    some(world)
    world.salesforce_faults.add(status(413), path="composite/graph", times=None)


def salesforce_is_full(world: World, work: Process) -> None:
    some(world)
    world.org.fail("Magento_Invoice__c", lambda _: True, "STORAGE_LIMIT_EXCEEDED", "storage limit exceeded")


def all_fail(world: World, work: Process) -> None:
    some(world, 40)
    world.org.add_rule("Magento_Invoice__c", lambda _: True, "none")


def notes_fail(world: World, work: Process) -> None:
    some(world)
    world.org.add_rule("Magento_Invoice_Comment__c", lambda _: True, "none")


def a_record_deleted(world: World, work: Process) -> None:
    ids = some(world)
    run_once(work)
    for entity_id in ids[:2]:
        world.org.delete("Magento_Invoice__c", str((record(world, entity_id) or {})["Id"]))
        world.shop.add_comment(entity_id, "after it was deleted")


def a_cleared_state(world: World, work: Process) -> None:
    some(world)
    run_once(work)
    work.tools.store.requests.leave("clear", work.tools.now())


def a_manual_sync(world: World, work: Process) -> None:
    ids = some(world)
    run_once(work)
    work.tools.store.requests.leave("sync", work.tools.now(), named=ids[:3], others=ids[2:])


def a_manual_sync_of_what_is_not_there(world: World, work: Process) -> None:
    ids = some(world)
    world.org.lock("Magento_Invoice__c", lambda _: True, times=8)
    run_once(work)
    with world.shop.lock:
        world.shop.invoices.remove(ids[0])
    world.shop.edit_invoice(ids[1], state=9)
    work.tools.store.requests.leave("sync", work.tools.now(), named=[*ids, 4711])


def off_in_the_middle(world: World, work: Process) -> None:
    some(world, 90)

    def switch_off(body: bytes) -> bytes:
        world.set("invoices.enable_synchronization", False)
        return body

    world.salesforce_faults.add(garble(switch_off), path="composite/graph")


def stopped_in_the_middle(world: World, work: Process) -> None:
    some(world, 90)
    stop = work.tools.stop
    assert isinstance(stop, Stop)

    def ask(body: bytes) -> bytes:
        stop.asked = True
        return body

    world.salesforce_faults.add(garble(ask), path="composite/graph")


def several_pages(world: World, work: Process) -> None:
    world.set("magento.page_size", 3)
    some(world, 20)


def a_sweep(world: World, work: Process) -> None:
    ids = some(world)
    run_once(work)
    world.clock.advance(hours=2)
    world.invoice()
    run_once(work)
    world.shop.add_comment(ids[0], "late")
    world.shop.edit_invoice(ids[1], updated_at="2026-01-01 00:00:00")
    run_once(work)
    work.sweeps = True
    while work.next_pass(lambda: False) is not None:
        pass
    assert any(done["trigger"] == "sweep" and done["seen"] for done in books(world))


KINDS: list[Kind] = [
    everything_already_there, a_change_and_a_late_comment, automatic_off, synchronization_off, notes_off,
    some_skipped, some_malformed, magento_down, magento_down_at_its_orders, magento_down_for_a_second_attempt,
    salesforce_down, salesforce_down_at_its_notes, salesforce_refuses_the_sign_in, salesforce_out_of_calls,
    salesforce_refuses_whole_calls, salesforce_is_full, all_fail, notes_fail, a_record_deleted, a_cleared_state,
    a_manual_sync, a_manual_sync_of_what_is_not_there, off_in_the_middle, stopped_in_the_middle, several_pages, a_sweep,
]  # fmt: skip


@pytest.mark.parametrize("first", [True, False], ids=["in a backfill", "in a poll"])
@pytest.mark.parametrize("kind", KINDS, ids=[kind.__name__ for kind in KINDS])
def test_the_books_balance_and_end_with_the_ledger(
    world: World, kind: Callable[[World, Process], None], first: bool
) -> None:
    with world.work() as work:
        if not first:
            run_once(work)
        world.clock.advance(seconds=2)
        kind(world, work)
        before = len(books(world))
        run_once(work)
        assert_balanced(world)
        options = work.settings.invoices
        counts, last = work.tools.store.ledger.counts(), books(world)[-1]
        if options.enable_synchronization and options.enable_automatic_synchronization and not work.tools.stop.asked:
            assert last["pending"] == counts.get("pending", 0), "what is left is what the ledger owes"
        for done in books(world)[before:]:
            left = done["failed"] + done["refused"] + done["pending"]
            if done["outcome"] == "ok":
                assert (done["error"], done["failed"], done["refused"]) == (None, 0, 0)
            else:
                assert done["error"] or left or note_rows(world, *world.rows()), (
                    "what is not well has a figure or a word"
                )

        # When the trouble stops all is in, or stands failed with its reason, and the books still balance.
        world.magento_faults.clear()
        world.salesforce_faults.clear()
        for trap in world.org._traps:
            trap.remove()
        world.salesforce.sign_in_refused = None
        world.salesforce.api_limit = 100_000
        world.set("invoices", {})
        work.tools.stop.asked = False  # type: ignore[misc]
        for _ in range(4):
            world.clock.advance(hours=25)
            run_once(work)
        assert_balanced(world)
        work.sync([], list(world.rows()))
        left_over = {row.entity_id: row.reason for row in world.rows().values() if row.sync_status != "synced"}
        assert all(reason for reason in left_over.values())
        if kind not in (some_malformed, a_manual_sync_of_what_is_not_there):
            assert not left_over
            assert world.compared().in_salesforce == world.compared().in_magento
            assert not world.compared().doubled
            assert not world.compared().differing


# I8


def test_with_nothing_new_a_poll_costs_one_call_whatever_the_ledger_holds(world: World) -> None:
    ids = [world.invoice(comment="a note") for _ in range(12)]
    skipped, failed, malformed, pending, held_notes = ids[:5]
    world.shop.edit_invoice(skipped, state=3)
    world.shop.edit_invoice(malformed, state=9)
    world.set("invoices.skip", {"states": ["canceled"]})
    numbers = [world.shop.invoices.row(key)["increment_id"] for key in (failed, pending)]
    world.org.add_rule("Magento_Invoice__c", lambda row: row["Name"] == numbers[0], "no")
    world.org.lock("Magento_Invoice__c", lambda row: row["Name"] == numbers[1], times=None)
    with world.work() as work:
        run_once(work)
        world.set("invoices.synchronize_notes", False)
        world.shop.add_comment(held_notes, "not now")
        held = world.invoice()
        world.set("invoices.enable_automatic_synchronization", False)
        run_once(work)
        world.set("invoices.enable_automatic_synchronization", True)
        run_once(work)
        assert {state_of(world, key)[0] for key in (*ids, held)} == {"skipped", "failed", "pending", "synced", "held"}
        for _ in range(5):
            world.magento_calls.clear()
            world.salesforce_calls.clear()
            run_once(work)
            assert len(world.magento_calls) == 1
            assert len(world.salesforce_calls) == 0


def test_idle_hours_cost_salesforce_nothing_and_magento_its_polls_and_sweeps(world: World) -> None:
    world.shop.seed(50, rng=Random(2), seconds_apart=60)
    quarters = 4 * 5
    with world.work() as work:
        run_once(work)
        world.magento_calls.clear()
        world.salesforce_calls.clear()
        for _ in range(quarters):
            world.clock.advance(minutes=15, seconds=1)
            work.poll()
            work.sweeps = True
            while work.next_pass(lambda: False) is not None:
                assert work.failure is None
    assert len(world.salesforce_calls) == 0
    assert len(world.magento_calls) <= 2 * quarters + quarters // 4 + 1, "a poll, a day's sweep, hourly a week's"
    assert_balanced(world)


# I12


def test_once_off_was_read_no_call_to_salesforce_starts(world: World) -> None:
    """Whatever waits: new invoices, retries, daily retries, notes, look-ups after a clear, and requests."""
    chance = Random(12)
    with world.work() as work:
        for entity_id in some(world, 10)[:3]:
            refuse(world, entity_id)
        world.org.lock("Magento_Invoice_Comment__c", lambda _: True, times=4)
        run_once(work)
        known = list(world.rows())
        for round_number in range(12):
            off = chance.random() < 0.6
            world.set("invoices.enable_synchronization", not off)
            world.clock.advance(hours=chance.choice((0.1, 1, 25)))
            some(world, 2)
            change(world, chance.choice(known), state=1 + round_number % 3)
            world.shop.add_comment(chance.choice(known), f"round {round_number}")
            if chance.random() < 0.5:
                work.tools.store.requests.leave("sync", work.tools.now(), named=known[:4])
            if chance.random() < 0.3:
                work.tools.store.requests.leave("clear", work.tools.now())
            world.salesforce_calls.clear()
            run_once(work)
            assert not off or len(world.salesforce_calls) == 0
        for trap in world.org._traps:
            trap.remove()
        world.set("invoices.enable_synchronization", True)
        run_once(work)
        world.clock.advance(hours=25)
        run_once(work)
        work.sync([], list(world.rows()))
    assert_balanced(world)
    assert not world.compared().doubled
    assert {row.sync_status for row in world.rows().values()} == {"synced"}
    assert world.compared().equal, str(world.compared())
