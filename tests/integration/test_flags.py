"""The three flags and the skip rules, over real HTTP: what is sent, what waits, and what a person can do about it."""

from __future__ import annotations

import time
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from daemon.sandbox.faults import garble
from daemon.scheduler import run_once
from daemon.sync import Process
from tests.integration.checks import assert_balanced, change, note_rows, record, state_of, texts
from tests.world import World

OFF = "invoices.enable_synchronization is off"
MANUAL = "invoices.enable_automatic_synchronization is off"
NO_NOTES = "invoices.synchronize_notes is off"


def flags(world: World, *, on: bool = True, automatic: bool = True, notes: bool = True, **skip: Any) -> None:
    """Edit settings.yaml; the running work takes it up at its next pass."""
    world.values["invoices"] = {
        "enable_synchronization": on,
        "enable_automatic_synchronization": automatic,
        "synchronize_notes": notes,
        "skip": skip,
    }
    world.write_settings()


def by_hand(world: World, work: Process, *commands: list[str]) -> list[int]:
    """The real commands, at once, while this work runs as the daemon does: it takes up what they ask for."""
    processes = [world.spawn("sync", *arguments) for arguments in commands]
    until = time.monotonic() + 30
    while any(process.poll() is None for process in processes):
        assert time.monotonic() < until, "a manual sync did not come to an end"
        if work.tools.store.requests.waiting() is None:
            time.sleep(0.02)
        else:
            work.next_pass(lambda: False)
    for process in processes:
        process.communicate()
    return [process.returncode for process in processes]


def test_three_flags_times_automatic_and_manual_by_number_id_and_order(world: World) -> None:
    """One running daemon, the flags edited between passes: the whole table."""
    with world.work() as work:
        run_once(work)
        for on, automatic, notes in product((True, False), repeat=3):
            flags(world, on=on, automatic=automatic, notes=notes)
            world.clock.advance(seconds=2)
            ways = {"automatic": world.invoice(comment="by itself")}
            world.salesforce_calls.clear()
            run_once(work)
            if not (on and automatic):
                assert len(world.salesforce_calls) == 0, (on, automatic, notes)

            ways |= {way: world.invoice(comment=f"by {way}") for way in ("number", "id", "order")}
            number = str(world.shop.invoices.row(ways["number"])["increment_id"])
            order_id = world.shop.invoices.row(ways["order"])["order_id"]
            order = str(world.shop.orders.row(order_id)["increment_id"])
            if notes and (on or automatic):  # by the real commands, which ask the running work
                codes = by_hand(world, work, [number], ["--id", str(ways["id"])], ["--order", order])
                assert codes == ([0, 0, 0] if on else [78, 78, 78]), (on, automatic, notes)
            else:
                work.sync([ways["number"], ways["id"], ways["order"]])
            if not on:
                run_once(work)  # they are seen all the same: the ledger is complete
                assert len(world.salesforce_calls) == 0, "off means off"

            for way, entity_id in ways.items():
                at = (on, automatic, notes, way)
                sent = on and (automatic or way != "automatic")
                status, reason = state_of(world, entity_id)
                assert (record(world, entity_id) is not None) == sent, at
                assert (status, reason) == (("synced", None) if sent else ("held", MANUAL if on else OFF)), at
                assert (world.rows()[entity_id].salesforce_id is not None) == sent, at
                assert texts(world, entity_id) == ([f"by {'itself' if way == 'automatic' else way}"] * (sent and notes))
                (note,) = note_rows(world, entity_id)
                why = None if sent and notes else NO_NOTES if not notes else MANUAL if on else OFF
                assert (note.sync_status, note.reason) == ("synced" if sent and notes else "held", why), at
    assert not world.compared().doubled
    assert_balanced(world)
    assert sum("settings.reloaded" in event["event"] for event in world.events) == 8 - 1, "without a restart"


def test_a_manual_sync_is_refused_with_the_setting_and_its_line_while_synchronization_is_off(world: World) -> None:
    entity_id = world.invoice()
    flags(world, on=False)
    done = world.command("sync", "--id", str(entity_id))
    line = world.settings_path.read_text().splitlines().index("  enable_synchronization: false") + 1
    assert done.returncode == 78
    assert f"settings.yaml:{line}" in done.stderr
    assert "invoices.enable_synchronization" in done.stderr
    assert len(world.salesforce_calls) == 0


def test_a_request_left_before_synchronization_went_off_sends_nothing_and_leaves_what_is_synced(world: World) -> None:
    synced, fresh = world.invoice(), 0
    with world.work() as work:
        run_once(work)
        fresh = world.invoice()
        work.tools.store.requests.leave("sync", work.tools.now(), named=[synced, fresh])
        flags(world, on=False)
        world.salesforce_calls.clear()
        work.next_pass(lambda: False)
        run_once(work)
    assert len(world.salesforce_calls) == 0
    assert state_of(world, synced) == ("synced", None), "nothing of it is new or changed"
    assert state_of(world, fresh) == ("held", OFF)


@pytest.mark.parametrize(("flag", "reason"), [("on", OFF), ("automatic", MANUAL)])
def test_held_stays_held_after_switching_on_until_the_invoice_changes(world: World, flag: str, reason: str) -> None:
    with world.work() as work:
        run_once(work)
        flags(world, **{flag: False})
        entity_id = world.invoice(comment="held with it")
        run_once(work)
        assert state_of(world, entity_id) == ("held", reason)
        flags(world)
        for _ in range(3):
            world.clock.advance(minutes=2)
            run_once(work)
        assert state_of(world, entity_id) == ("held", reason)
        assert len(world.salesforce_calls) == 0
        change(world, entity_id, email_sent=1)
        run_once(work)
    assert state_of(world, entity_id) == ("synced", None)
    assert texts(world, entity_id) == ["held with it"], "what was held for automatic goes with the invoice's change"
    assert world.compared().equal, str(world.compared())


def test_a_change_to_an_invoice_already_in_salesforce_is_held_while_automatic_is_off(world: World) -> None:
    with world.work() as work:
        entity_id = world.invoice(state=1)
        run_once(work)
        flags(world, automatic=False)
        change(world, entity_id, state=2)
        world.salesforce_calls.clear()
        run_once(work)
        assert state_of(world, entity_id) == ("held", MANUAL)
        assert world.rows()[entity_id].salesforce_id is not None
        assert len(world.salesforce_calls) == 0
        work.sync([], [entity_id])
        assert state_of(world, entity_id) == ("synced", None)
    assert world.compared().equal, str(world.compared())


@pytest.mark.parametrize("flag", ["on", "automatic"])
def test_pending_survives_a_flag_going_off_and_on(world: World, flag: str) -> None:
    with world.work() as work:
        ids = [world.invoice(comment="owed") for _ in range(3)]
        world.org.lock("Magento_Invoice__c", lambda _: True, times=3)
        run_once(work)
        assert {state_of(world, key)[0] for key in ids} == {"pending"}
        flags(world, **{flag: False})
        change(world, ids[0], email_sent=1)
        world.clock.advance(minutes=20)
        world.salesforce_calls.clear()
        run_once(work)
        assert {state_of(world, key)[0] for key in ids} == {"pending"}, "changed or not, it stays owed"
        assert len(world.salesforce_calls) == 0
        assert work.last is not None
        assert (work.last.due, work.last.outcome) == (0, "ok"), "what waits for a flag is not due"
        flags(world)
        run_once(work)
    assert {state_of(world, key)[0] for key in ids} == {"synced"}
    assert world.compared().equal, str(world.compared())


def test_a_flag_that_goes_off_between_two_batches_stops_the_rest_which_goes_once_it_is_on(world: World) -> None:
    for _ in range(200):
        world.invoice()

    def switch_off(body: bytes) -> bytes:
        flags(world, on=False)
        return body

    world.salesforce_faults.add(garble(switch_off), path="composite/graph")
    with world.work() as work:
        run_once(work)
        calls = world.salesforce_calls.count(path="composite/graph")
        assert calls == 1, "no call starts after the batch in which it was switched off"
        statuses = [row.sync_status for row in world.rows().values()]
        assert statuses.count("synced") == 75
        assert statuses.count("pending") + statuses.count("held") == 125
        run_once(work)
        assert world.salesforce_calls.count(path="composite/graph") == calls
        flags(world)
        run_once(work)
        assert [row.sync_status for row in world.rows().values()].count("pending") == 0
        work.sync([], [key for key, row in world.rows().items() if row.sync_status == "held"])
    assert world.compared().equal, str(world.compared())


def test_a_flag_that_goes_off_during_a_manual_sync_stops_before_its_next_batch(world: World) -> None:
    ids = [world.invoice() for _ in range(160)]

    def switch_off(body: bytes) -> bytes:
        flags(world, on=False)
        return body

    world.salesforce_faults.add(garble(switch_off), path="composite/graph")
    with world.work() as work:
        flags(world, automatic=False)
        run_once(work)
        work.sync([], ids)
        assert world.salesforce_calls.count(path="composite/graph") == 1
        statuses = [row.sync_status for row in world.rows().values()]
        assert (statuses.count("synced"), statuses.count("held")) == (75, 85)


def test_what_a_person_asked_for_goes_even_if_automatic_is_off_when_it_is_tried_again(world: World) -> None:
    with world.work() as work:
        flags(world, automatic=False)
        asked, other = world.invoice(comment="asked for"), world.invoice()
        run_once(work)
        world.org.lock("Magento_Invoice__c", lambda _: True, times=1)
        work.sync([asked])
        assert state_of(world, asked)[0] == "pending"
        change(world, asked, email_sent=1)
        world.clock.advance(minutes=20)
        run_once(work)
    assert state_of(world, asked) == ("synced", None), "the row remembers that a person asked"
    assert texts(world, asked) == ["asked for"]
    assert state_of(world, other) == ("held", MANUAL)
    assert record(world, other) is None


def test_notes_held_while_notes_were_off_are_sent_by_a_manual_sync_alone(world: World) -> None:
    with world.work() as work:
        flags(world, notes=False)
        entity_id = world.invoice(comment="quiet")
        run_once(work)
        assert texts(world, entity_id) == []
        flags(world)
        change(world, entity_id, email_sent=1)
        run_once(work)
        assert texts(world, entity_id) == [], "a change of the invoice does not free what was held for notes"
        assert [note.sync_status for note in note_rows(world, entity_id)] == ["held"]
        work.sync([entity_id])
        assert texts(world, entity_id) == ["quiet"]
    assert world.compared().equal, str(world.compared())


def test_a_manual_sync_while_notes_are_off_sends_the_invoice_and_leaves_its_notes_held(world: World) -> None:
    with world.work() as work:
        flags(world, notes=False)
        entity_id = world.invoice(comment="quiet")
        run_once(work)
        work.sync([entity_id])
        (note,) = note_rows(world, entity_id)
        assert (note.sync_status, note.reason) == ("held", NO_NOTES)
        assert texts(world, entity_id) == []


def test_notes_held_for_automatic_go_with_the_next_comment_once_all_flags_are_on(world: World) -> None:
    with world.work() as work:
        entity_id = world.invoice(comment="first")
        run_once(work)
        flags(world, automatic=False)
        world.shop.add_comment(entity_id, "second")
        change(world, entity_id, email_sent=1)
        run_once(work)
        assert texts(world, entity_id) == ["first"]
        flags(world)
        run_once(work)
        assert texts(world, entity_id) == ["first"]
        world.clock.advance(seconds=3)
        world.shop.add_comment(entity_id, "third")
        run_once(work)  # still within the overlap, so a poll shows it
        assert texts(world, entity_id) == ["first", "second", "third"]
    assert world.compared().equal, str(world.compared())


def test_pending_notes_wait_while_notes_are_off_and_go_once_they_are_on(world: World) -> None:
    with world.work() as work:
        entity_id = world.invoice(comment="owed")
        trap = world.org.fail("ContentNote", lambda _: True, "UNABLE_TO_LOCK_ROW", "busy")
        run_once(work)
        assert [note.sync_status for note in note_rows(world, entity_id)] == ["pending"]
        trap.remove()
        flags(world, notes=False)
        world.clock.advance(minutes=20)
        change(world, entity_id, email_sent=1)
        run_once(work)
        assert [note.sync_status for note in note_rows(world, entity_id)] == ["pending"]
        assert texts(world, entity_id) == []
        flags(world)
        run_once(work)
    assert texts(world, entity_id) == ["owed"]


def test_invoices_created_before_created_from_are_not_discovered_but_can_be_named(world: World) -> None:
    order = world.shop.place_order()
    old = world.shop.submit_invoice(order["entity_id"], at="2020-01-01 00:00:00")
    new = world.invoice()
    world.set("invoices.created_from", "2021-01-01")
    with world.work() as work:
        run_once(work)
        assert set(world.rows()) == {new}
        change(world, old, email_sent=1)
        run_once(work)
        assert set(world.rows()) == {new}, "a change of an old one does not discover it either"
        work.sync([old])
        assert state_of(world, old) == ("synced", None)
        change(world, old, state=3)
        run_once(work)
    assert world.compared().equal, str(world.compared())


RULES: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"zero_total": True}, {"grand_total": 0}, "invoices.skip.zero_total"),
    ({"states": ["canceled"]}, {"state": 3}, "invoices.skip.states"),
    ({"store_ids": [7]}, {"store_id": 7}, "invoices.skip.store_ids"),
]
rules = pytest.mark.parametrize(("rule", "fields", "reason"), RULES, ids=["zero_total", "states", "store_ids"])


@rules
def test_a_skip_rule_holds_a_new_invoice_and_lets_one_already_there_follow(
    world: World, rule: dict[str, Any], fields: dict[str, Any], reason: str
) -> None:
    with world.work() as work:
        there = world.invoice(state=1)
        run_once(work)
        flags(world, **rule)
        fresh = world.invoice(comment="not sent")
        change(world, fresh, **fields)
        change(world, there, **{**fields, "store_id": 1, "email_sent": 1})
        run_once(work)
        status, why = state_of(world, fresh)
        assert status == "skipped"
        assert str(why).startswith(reason)
        assert record(world, fresh) is None, "nothing new for a skipped invoice"
        assert state_of(world, there) == ("synced", None)
        work.sync([], [fresh])
        assert state_of(world, fresh)[0] == "skipped", "chosen with others it is decided anew, and skipped again"
        work.sync([fresh])
        assert state_of(world, fresh) == ("synced", None), "named one by one it goes"
        assert texts(world, fresh) == ["not sent"]
        change(world, fresh, email_sent=1)
        run_once(work)
    assert state_of(world, fresh) == ("synced", None), "once there, its changes follow"
    assert world.compared().equal, str(world.compared())


def test_skipped_is_decided_anew_at_the_next_change(world: World) -> None:
    with world.work() as work:
        flags(world, states=["open"])
        entity_id = world.invoice(state=1)
        run_once(work)
        assert state_of(world, entity_id)[0] == "skipped"
        change(world, entity_id, state=2)
        run_once(work)
    assert state_of(world, entity_id) == ("synced", None)


def test_an_owed_invoice_whose_newest_version_meets_a_skip_rule_becomes_skipped_unless_it_was_named(
    world: World,
) -> None:
    with world.work() as work:
        flags(world, states=["canceled"])
        owed, named = world.invoice(), world.invoice()
        world.org.lock("Magento_Invoice__c", lambda _: True, times=2)
        work.sync([named])
        run_once(work)
        assert {state_of(world, key)[0] for key in (owed, named)} == {"pending"}
        change(world, owed, state=3)
        change(world, named, state=3)
        world.clock.advance(minutes=20)
        run_once(work)
    assert state_of(world, owed)[0] == "skipped"
    assert record(world, owed) is None
    assert state_of(world, named) == ("synced", None)


def test_an_owed_invoice_that_is_cancelled_while_it_is_read_again_is_skipped_and_no_longer_due(world: World) -> None:
    with world.work() as work:
        flags(world, states=["canceled"])
        entity_id = world.invoice()
        world.org.lock("Magento_Invoice__c", lambda _: True, times=1)
        run_once(work)
        world.clock.advance(minutes=20)

        def cancel(body: bytes) -> bytes:
            change(world, entity_id, state=3)
            return body

        world.magento_faults.add(garble(cancel), path="gteq")  # between the poll and reading it again
        run_once(work)
        assert state_of(world, entity_id)[0] == "skipped"
        assert work.last is not None
        assert (work.last.due, work.last.pending, work.last.outcome) == (0, 0, "ok")
    assert record(world, entity_id) is None


@pytest.mark.parametrize("how", ["in the backfill", "by a poll before the backfill comes to it"])
def test_after_a_cleared_state_a_skipped_invoice_that_is_in_salesforce_keeps_its_id_and_follows(
    world: World, how: str
) -> None:
    world.set("magento.page_size", 1)
    others = [world.invoice() for _ in range(3)]
    entity_id = world.invoice(state=1)
    world.run_once()
    known = world.rows()[entity_id].salesforce_id
    world.clock.advance(minutes=20)
    change(world, entity_id, state=3, email_sent=1)
    world.state_path.unlink()
    flags(world, states=["canceled"])
    with world.work() as work:
        if how != "in the backfill":
            work.poll()  # the backfill's first page
            assert set(world.rows()) == {others[0]}
            change(world, entity_id, is_used_for_refund=1)
            work.poll()
        run_once(work)
        row = world.rows()[entity_id]
        assert (row.sync_status, row.salesforce_id) == ("synced", known)
        assert not row.unconfirmed
        assert world.compared().equal, str(world.compared())
        fresh = world.invoice(state=3)
        run_once(work)
        assert state_of(world, fresh)[0] == "skipped"


def test_after_a_cleared_state_with_automatic_off_held_invoices_learn_their_ids_with_one_query(world: World) -> None:
    ids = [world.invoice() for _ in range(30)]
    world.run_once()
    before = {key: row.salesforce_id for key, row in world.rows().items()}
    new = world.invoice()
    world.state_path.unlink()
    flags(world, automatic=False)
    world.salesforce_calls.clear()
    world.run_once()
    rows = world.rows()
    assert {key: rows[key].salesforce_id for key in ids} == before
    assert rows[new].salesforce_id is None
    assert {row.sync_status for row in rows.values()} == {"held"}
    assert world.salesforce_calls.count(path="/query") == 1
    assert world.salesforce_calls.count(path="composite/graph") == 0


def test_while_synchronization_is_off_a_backfill_fills_the_ledger_and_asks_salesforce_nothing(world: World) -> None:
    flags(world, on=False)
    ids = [world.invoice() for _ in range(12)]
    with world.work() as work:
        run_once(work)
        world.clock.advance(hours=3)
        run_once(work)
    rows = world.rows()
    assert set(rows) == set(ids)
    assert all((row.sync_status, row.salesforce_id) == ("held", None) for row in rows.values())
    assert len(world.salesforce_calls) == 0


def test_a_broken_edit_of_a_flag_leaves_the_last_good_flags_in_force(world: World) -> None:
    with world.work() as work:
        flags(world, on=False)
        first = world.invoice()
        run_once(work)
        world.settings_path.write_text(world.settings_path.read_text() + "\ninvoices: [unclosed")
        world.clock.advance(seconds=2)
        run_once(work)
        assert len(world.named("settings.refused")) == 1
        second = world.invoice()
        run_once(work)
    assert {state_of(world, key) for key in (first, second)} == {("held", OFF)}
    assert len(world.salesforce_calls) == 0


def test_failed_invoices_are_tried_daily_but_not_while_a_flag_is_off(world: World) -> None:
    with world.work() as work:
        entity_id = world.invoice()
        rule = world.org.add_rule("Magento_Invoice__c", lambda _: True, "not today", ("Name",))
        run_once(work)
        assert state_of(world, entity_id)[0] == "failed"
        rule.remove()
        for off in ({"on": False}, {"automatic": False}):
            flags(world, **off)
            world.clock.ahead += timedelta(days=1, minutes=1)
            world.salesforce_calls.clear()
            run_once(work)
            assert state_of(world, entity_id)[0] == "failed"
            assert len(world.salesforce_calls) == 0
        flags(world)
        run_once(work)
    assert state_of(world, entity_id) == ("synced", None)


def test_a_record_deleted_in_salesforce_comes_back_with_its_notes_by_hand_even_if_automatic_is_off(
    world: World,
) -> None:
    with world.work() as work:
        entity_id = world.invoice(comment="kept")
        run_once(work)
        flags(world, automatic=False)
        found = record(world, entity_id)
        assert found is not None
        world.org.delete("Magento_Invoice__c", str(found["Id"]))
        work.sync([entity_id])
        assert state_of(world, entity_id) == ("synced", None)
        assert texts(world, entity_id) == ["kept"]


@pytest.mark.parametrize("comment_object", ["Magento_Invoice_Comment__c", None])
def test_a_note_that_was_held_comes_back_on_a_new_record_of_its_invoice(
    world: World, comment_object: str | None
) -> None:
    world.set("salesforce.comment.object", comment_object)
    with world.work() as work:
        entity_id = world.invoice(comment="kept")
        run_once(work)
        flags(world, notes=False)
        [comment] = world.shop.invoices.row(entity_id)["comments"]
        world.shop.edit_comment(comment["entity_id"], "rewritten")
        work.sync([entity_id])
        assert [row.sync_status for row in work.tools.store.notes.of([entity_id])] == ["held"]
        found = record(world, entity_id)
        assert found is not None
        world.org.delete("Magento_Invoice__c", str(found["Id"]))
        work.sync([entity_id])
        flags(world)
        run_once(work)
        work.sync([entity_id])
        assert texts(world, entity_id) == ["rewritten"]
