"""What failed is set aside for good: out of counts and alerts, kept in its story, undone by a change or by a sync."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from daemon.errors import InvoiceSyncError
from daemon.scheduler import run_once
from state.dismissal import dismiss
from tests.integration.checks import assert_balanced, change, note_rows, record, state_of, texts
from tests.promises import assert_promises
from tests.world import World, read_again


def number_of(world: World, entity_id: int) -> str:
    return str(world.shop.invoices.row(entity_id)["increment_id"])


def refused(world: World, *, times: int = 1) -> int:
    """An invoice that a rule of the org refuses, while others are taken."""
    world.invoice(comment="fine")
    entity_id = world.invoice(comment="its comment")
    world.org.add_rule(
        "Magento_Invoice__c", lambda row: row["Magento_Id__c"] == f"main-{entity_id}", "never", ("Name",)
    )
    return entity_id


def gone(world: World) -> int:
    """An invoice that was owed when it went from Magento."""
    entity_id = world.invoice()
    world.org.lock("Magento_Invoice__c", lambda _: True, times=1)
    world.run_once()
    with world.shop.lock:
        world.shop.invoices.remove(entity_id)
    world.clock.advance(minutes=20)
    return entity_id


def corrupt(world: World) -> int:
    """An invoice that breaks every list it is in, among others."""
    ids = [world.invoice() for _ in range(5)]
    world.shop.corrupt(ids[2])
    return ids[2]


KINDS = {"refused": refused, "gone from Magento": gone, "unreadable": corrupt}


def calls_about(world: World) -> int:
    return len(world.salesforce_calls) + len(world.magento_calls)


@pytest.mark.parametrize("kind", list(KINDS))
def test_it_is_out_of_counts_and_alerts_and_tried_no_more(world: World, kind: str) -> None:
    entity_id = KINDS[kind](world)
    world.run_once()
    assert state_of(world, entity_id)[0] == "failed"
    reason = state_of(world, entity_id)[1]
    done = world.command("sync", "--id", str(entity_id), "--dismiss")
    assert done.returncode == 0, done.stderr
    assert "\tskipped\tdismissed: " in done.stdout
    assert state_of(world, entity_id) == ("skipped", f"dismissed: {reason}")
    status = json.loads(world.command("status", "--json").stdout)
    assert (status["ledger"]["failed"], status["failures"]) == (0, [])
    with world.work() as work:
        run_once(work)
        for _ in range(3):
            world.clock.ahead += timedelta(days=1, minutes=1)
            world.magento_calls.clear()
            run_once(work)
            # The poll, and of what cannot be shown whether it can be by now: nothing else would tell.
            assert len(world.magento_calls) <= (6 if kind == "unreadable" else 1)
        assert not work.left_undone
        assert not [event for event in world.events if event.get("entity_id") == entity_id][2:], "told once"
    assert_balanced(world)
    assert state_of(world, entity_id) == ("skipped", f"dismissed: {reason}")
    told = json.loads(world.command("explain", "--id", str(entity_id), "--json").stdout)
    assert told["invoice"]["reason"] == f"dismissed: {reason}"
    assert "set it aside with `sync --dismiss`" in told["why"]


def test_a_further_change_in_magento_undoes_it(world: World) -> None:
    entity_id = refused(world)
    world.run_once()
    assert world.command("sync", "--failed", "--dismiss").returncode == 0
    change(world, entity_id, grand_total="99.0000")
    world.run_once()
    assert state_of(world, entity_id)[0] == "failed", "it was tried again"


@pytest.mark.parametrize("broken", ["from the first", "after it had failed"])
def test_one_that_could_not_be_shown_comes_back_with_its_change(world: World, broken: str) -> None:
    """It is in no list, so it is looked at once a day; what is shown again unchanged stays set aside."""
    entity_id = corrupt(world)
    if broken == "after it had failed":
        world.shop.mend(entity_id)
        only = f"main-{entity_id}"
        rule = world.org.add_rule("Magento_Invoice__c", lambda row: row["Magento_Id__c"] == only, "never", ("Name",))
    world.run_once()
    assert world.command("sync", "--failed", "--dismiss").returncode == 0
    with world.work() as work:
        run_once(work)
        if broken == "after it had failed":
            world.shop.corrupt(entity_id)
            read_again(work, [entity_id])
            assert world.rows()[entity_id].corrupt
            assert state_of(world, entity_id)[0] == "skipped"
            world.shop.mend(entity_id)
            world.clock.ahead += timedelta(days=1, minutes=1)
            run_once(work)
            assert (state_of(world, entity_id)[0], world.rows()[entity_id].corrupt) == ("skipped", False)
            rule.remove()
        world.shop.mend(entity_id)
        change(world, entity_id, grand_total="99.0000")
        world.clock.ahead += timedelta(days=1, minutes=1)
        run_once(work)
    assert_promises(world)


def with_owed_note(world: World) -> int:
    """An invoice that is in, and a note of it that is owed."""
    entity_id = world.invoice()
    world.run_once()
    world.org.lock("Magento_Invoice_Comment__c", lambda _: True, times=1)
    world.shop.add_comment(entity_id, "late")
    change(world, entity_id, grand_total="7.0000")
    world.run_once()
    (note,) = note_rows(world, entity_id)
    assert (state_of(world, entity_id)[0], note.sync_status) == ("synced", "pending")
    return entity_id


def test_one_that_is_gone_stays_dismissed_with_its_owed_notes(world: World) -> None:
    entity_id = with_owed_note(world)
    with world.shop.lock:
        world.shop.invoices.remove(entity_id)
    world.clock.advance(minutes=20)
    world.run_once()
    assert state_of(world, entity_id) == ("failed", "gone from Magento")
    assert world.command("sync", "--failed", "--dismiss").returncode == 0
    (note,) = note_rows(world, entity_id)
    assert (note.sync_status, str(note.reason)[:11]) == ("skipped", "dismissed: ")
    for _ in range(2):
        world.clock.advance(hours=25)
        world.run_once()
    assert state_of(world, entity_id) == ("skipped", "dismissed: gone from Magento")


def test_its_owed_notes_go_while_magento_shows_it_and_are_set_aside_with_it_once_not(world: World) -> None:
    ids = [with_owed_note(world), with_owed_note(world)]
    world.org.add_rule("Magento_Invoice__c", lambda _: True, "never", ("Name",))
    for entity_id in ids:
        change(world, entity_id, grand_total="8.0000")
    lock = world.org.lock("Magento_Invoice_Comment__c", lambda _: True, times=None)
    world.run_once()
    assert {state_of(world, each)[0] for each in ids} == {"failed"}
    assert world.command("sync", "--failed", "--dismiss").returncode == 0
    lock.remove()
    with world.shop.lock:
        world.shop.invoices.remove(ids[1])
    world.run_once()
    assert texts(world, ids[0]) == ["late"]
    assert {state_of(world, each)[0] for each in ids} == {"skipped"}
    assert [note.sync_status for note in note_rows(world, *ids)] == ["synced", "skipped"]


def test_notes_that_were_set_aside_with_an_invoice_that_cannot_be_shown_come_back_with_it(world: World) -> None:
    entity_id, _ = with_owed_note(world), world.invoice()
    world.shop.corrupt(entity_id)
    world.clock.advance(minutes=20)
    world.run_once()
    assert world.command("sync", "--failed", "--dismiss").returncode == 0
    (note,) = note_rows(world, entity_id)
    assert (state_of(world, entity_id)[0], note.sync_status) == ("skipped", "skipped")
    world.shop.mend(entity_id)
    with world.work() as work:
        world.clock.ahead += timedelta(days=1, minutes=1)
        run_once(work)
    assert texts(world, entity_id) == ["late"]
    assert_promises(world)


@pytest.mark.parametrize("kind", ["refused", "gone from Magento"])
def test_a_sync_of_it_by_name_undoes_it_and_no_other_selection_does(world: World, kind: str) -> None:
    entity_id = KINDS[kind](world)
    world.run_once()
    assert world.command("sync", "--failed", "--dismiss").returncode == 0
    for wide in ("--skipped", "--all", "--failed"):
        world.command("sync", wide)
        assert state_of(world, entity_id)[0] == "skipped"
    world.command("sync", "--id", str(entity_id))
    assert state_of(world, entity_id)[0] == "failed", "it was tried again"


def test_a_sweep_and_a_new_mapping_leave_it_alone(world: World) -> None:
    entity_id = corrupt(world)
    with world.work() as work:
        run_once(work)
        dismiss(work.tools.store, [entity_id])
        work.sweeps = True
        world.set("salesforce.invoice.fields", {"Order_Number__c": "invoice.order_id"})
        for _ in range(4):
            world.clock.ahead += timedelta(days=1, minutes=1)
            world.invoice()
            work.poll_again()
            while work.next_pass(lambda: work.polled_at is None) is not None:
                assert work.failure is None, work.failure
    assert state_of(world, entity_id)[0] == "skipped"
    assert {row.sync_status for row in world.rows().values() if row.entity_id != entity_id} == {"synced"}


def test_a_dismissed_invoice_that_salesforce_may_have_stays_dismissed(world: World) -> None:
    entity_id = world.invoice()
    world.run_once()
    with world.shop.lock:
        world.shop.edit_invoice(entity_id, grand_total="x")
    world.state_path.unlink()
    world.run_once()
    assert state_of(world, entity_id)[0] == "failed"
    assert world.command("sync", "--failed", "--dismiss").returncode == 0
    world.clock.advance(minutes=20)
    world.run_once()
    row = world.rows()[entity_id]
    assert row.sync_status == "skipped"
    assert str(row.reason).startswith("dismissed: ")
    assert row.salesforce_id == (record(world, entity_id) or {})["Id"], "what is there is known"


def test_a_failed_note_of_an_invoice_that_is_in(world: World) -> None:
    entity_id = world.invoice(comment="never taken")
    world.org.add_rule("Magento_Invoice_Comment__c", lambda _: True, "never", ("Body__c",))
    world.run_once()
    (note,) = note_rows(world, entity_id)
    assert (state_of(world, entity_id)[0], note.sync_status) == ("synced", "failed")
    assert world.command("sync", "--failed", "--dismiss").returncode == 0
    (note,) = note_rows(world, entity_id)
    assert (state_of(world, entity_id), note.sync_status) == (("synced", None), "skipped")
    assert str(note.reason).startswith("dismissed: ")
    assert json.loads(world.command("status", "--json").stdout)["failures"] == []
    change(world, entity_id, grand_total="99.0000")
    world.run_once()
    (note,) = note_rows(world, entity_id)
    assert note.sync_status == "skipped", "the comment itself has not changed"
    world.command("sync", "--id", str(entity_id))
    (note,) = note_rows(world, entity_id)
    assert note.sync_status == "failed", "it was tried again"


def test_beside_the_running_daemon_it_is_a_request(world: World) -> None:
    entity_id = refused(world)
    world.run_once()
    with world.work() as work:
        work.tools.store.requests.leave("dismiss", work.tools.now(), named=[entity_id])
        work.next_pass(lambda: False)
        done = work.tools.store.requests.get(1)
        assert done is not None
        assert (done.exit_code, done.error) == (0, None)
        assert work.last is not None
        assert (work.last.outcome, work.last.salesforce_calls) == ("ok", 0)
    assert state_of(world, entity_id)[0] == "skipped"


def test_a_request_of_a_kind_that_nobody_knows_does_nothing(world: World) -> None:
    """It may come from a newer version's command, or from a flipped bit; it was a clearing once."""
    world.invoice()
    world.run_once()
    with world.work() as work:
        work.tools.store.requests.leave("sunc", work.tools.now())  # type: ignore[arg-type]
        with pytest.raises(InvoiceSyncError, match="knows no request 'sunc'"):
            run_once(work)
        run_once(work)
        assert work.tools.store.ledger.counts() == {"synced": 1}


def test_it_can_be_done_while_synchronization_is_off(world: World) -> None:
    entity_id = refused(world)
    world.run_once()
    world.set("invoices.enable_synchronization", False)
    calls = calls_about(world)
    assert world.command("sync", number_of(world, entity_id), "--dismiss").returncode == 0
    assert state_of(world, entity_id)[0] == "skipped"
    assert calls_about(world) == calls, "neither side is asked"


Choice = Callable[[World, int], list[str]]
WRONG: dict[str, tuple[Choice, str]] = {
    "synced": (lambda world, entity_id: ["--id", str(entity_id - 1)], "is synced: only what has failed is dismissed"),
    "unknown number": (lambda _world, _id: ["4711"], "not in the state: 4711"),
    "unknown id": (lambda _world, _id: ["--id", "4711"], "not in the state: 4711"),
    "an order in which none failed": (lambda _world, _id: ["--order", "4711"], "not in the state"),
    "nothing": (lambda _world, _id: [], "name invoices"),
}


@pytest.mark.parametrize("name", list(WRONG))
def test_what_cannot_be_dismissed(world: World, name: str) -> None:
    entity_id = refused(world)
    world.run_once()
    choice, words = WRONG[name]
    done = world.command("sync", *choice(world, entity_id), "--dismiss")
    assert (done.returncode, words in done.stderr) == (2, True), done.stderr
    assert state_of(world, entity_id)[0] == "failed"


def test_a_dry_run_says_what_would_be_dismissed(world: World) -> None:
    entity_id = refused(world)
    world.run_once()
    done = world.command("sync", "--all", "--dismiss", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{number_of(world, entity_id)}\tfailed\t")
    assert len(done.stdout.splitlines()) == 1
    assert state_of(world, entity_id)[0] == "failed"
