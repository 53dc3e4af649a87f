"""What rejects every invoice pauses Salesforce, and sets none aside; what is some invoices' own delays no other."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.scheduler import Beat, StopRequest
from tests.world import World

GRAPH = "composite/graph"
RULE = "Every invoice needs a cost centre"


def reject_all(world: World) -> Any:
    return world.org.add_rule("Magento_Invoice__c", lambda _row: True, RULE, ("Cost_Centre__c",))


def statuses(world: World) -> set[str]:
    return {row.sync_status for row in world.rows().values()}


def graph_calls(world: World) -> int:
    count: int = world.salesforce_calls.count(path=GRAPH)
    return count


@pytest.mark.parametrize("invoices", [20, 75, 200])
def test_ten_rejected_alike_and_the_newest_too_pause_salesforce_and_all_are_owed(world: World, invoices: int) -> None:
    for _ in range(invoices):
        world.invoice()
    reject_all(world)
    with world.work() as work:
        beat = Beat(work, StopRequest())
        beat.poll()
        assert statuses(world) == {"pending"}
        assert graph_calls(world) == 2, "one call of many, and one of the newest"
        side = work.tools.store.sides.get("salesforce")
        assert side.status == "paused"
        assert RULE in str(side.reason)
        for _ in range(59):
            world.clock.advance(minutes=1)
            beat.poll()
        assert graph_calls(world) == 2, "nothing is tried for an hour"
        assert statuses(world) == {"pending"}
        world.clock.advance(minutes=2)
        beat.poll()
        assert graph_calls(world) == 3, "then a few go ahead, in one call"
        assert statuses(world) == {"pending"}
    assert len(world.named("salesforce.failing")) == 1, "it is said once"
    assert all(RULE in str(row.reason) for row in world.rows().values() if row.reason)


def test_an_hour_ends_the_pause_when_the_cause_was_mended(world: World) -> None:
    ids = [world.invoice(comment="with a note") for _ in range(30)]
    rule = reject_all(world)
    with world.work() as work:
        beat = Beat(work, StopRequest())
        beat.poll()
        rule.remove()
        world.clock.advance(minutes=61)
        beat.poll()
        assert {key for key, row in world.rows().items() if row.sync_status == "synced"} == set(ids)
    assert len(world.named("salesforce.recovered")) == 1
    assert world.compared().equal, str(world.compared())


@pytest.mark.parametrize("how", ["settings", "a manual sync", "a restart"])
def test_settings_and_a_manual_sync_end_the_pause_at_once(world: World, how: str) -> None:
    ids = [world.invoice(comment="with a note") for _ in range(30)]
    rule = reject_all(world)
    with world.work() as work:
        beat = Beat(work, StopRequest())
        beat.poll()
        rule.remove()
        if how == "settings":
            world.set("salesforce.note.title", "Comment {comment.id}")
        elif how == "a manual sync":
            work.tools.store.requests.leave("sync", work.tools.now(), named=[ids[0]])
        if how != "a restart":
            world.clock.advance(minutes=1)
            beat.poll()
            world.clock.advance(minutes=1)
            beat.poll()
    if how == "a restart":  # of a command that a person runs; the daemon's waits out its hour
        assert world.command("run", "--once").returncode == 0
    assert statuses(world) == {"synced"}
    assert world.org.created["Magento_Invoice__c"] == len(ids)
    assert {row["Name"] for row in world.org.records("Magento_Invoice__c")} == {
        row["increment_id"] for row in world.wire_invoices()
    }


def test_a_restart_while_all_are_rejected_pauses_again_and_sets_none_aside(world: World) -> None:
    for _ in range(30):
        world.invoice()
    reject_all(world)
    for _ in range(3):
        with world.work() as work:
            Beat(work, StopRequest()).poll()
        world.clock.advance(minutes=61)
        assert statuses(world) == {"pending"}
    assert graph_calls(world) <= 6


def test_many_that_are_rejected_for_their_own_sake_delay_no_other(world: World) -> None:
    poison = [world.invoice() for _ in range(40)]
    numbers = {str(world.shop.invoices.row(key)["increment_id"]) for key in poison}
    fine = [world.invoice() for _ in range(20)]
    world.org.add_rule("Magento_Invoice__c", lambda row: row["Name"] in numbers, RULE)
    world.run_once()
    rows = world.rows()
    assert {key for key, row in rows.items() if row.sync_status == "failed"} == set(poison)
    assert {key for key, row in rows.items() if row.sync_status == "synced"} == set(fine)
    assert world.named("salesforce.failing") == []


def test_retries_of_what_was_rejected_pause_nothing(world: World) -> None:
    poison = [world.invoice() for _ in range(9)]
    reject_all(world)
    with world.work() as work:
        beat = Beat(work, StopRequest())
        for _ in range(4):
            beat.poll()
            world.clock.advance(hours=25)
        assert work.tools.store.sides.get("salesforce").status == "ok"
    assert {key for key, row in world.rows().items() if row.sync_status == "failed"} == set(poison)


def test_two_causes_by_turns_pause_too(world: World) -> None:
    for _ in range(60):
        world.invoice()
    odd = {str(row["increment_id"]) for row in world.wire_invoices()[::2]}
    world.org.add_rule("Magento_Invoice__c", lambda row: row["Name"] in odd, "odd", ("Odd__c",))
    world.org.add_rule("Magento_Invoice__c", lambda row: row["Name"] not in odd, "even", ("Even__c",))
    with world.work() as work:
        Beat(work, StopRequest()).poll()
        assert work.tools.store.sides.get("salesforce").status == "paused"
    assert graph_calls(world) <= 12


def test_a_manual_sync_tries_all_that_it_names(world: World) -> None:
    poison = [world.invoice() for _ in range(30)]
    numbers = {str(world.shop.invoices.row(key)["increment_id"]) for key in poison}
    fine = world.invoice()
    world.org.add_rule("Magento_Invoice__c", lambda row: row["Name"] in numbers, RULE)
    with world.work() as work:
        work.sync([*poison, fine])
    assert world.rows()[fine].sync_status == "synced"
    assert {world.rows()[key].sync_status for key in poison} == {"failed"}


def test_many_of_one_cause_are_one_thing_to_mend(world: World) -> None:
    for _ in range(9):
        world.invoice()
    reject_all(world)
    world.run_once()
    shown = world.command("status")
    assert shown.returncode == 3
    assert "9 invoices, one cause" in shown.stdout
    assert RULE in shown.stdout
    assert "Cost_Centre__c" in shown.stdout
    done = world.command("sync", "--failed")
    assert done.returncode == 1
    assert "9 invoices, one cause" in done.stderr
    assert RULE in done.stderr


def test_an_invoice_that_stays_the_newest_and_is_rejected_for_its_own_sake_delays_no_other(world: World) -> None:
    ids = [world.invoice() for _ in range(30)]
    rule = reject_all(world)
    with world.work() as work:
        beat = Beat(work, StopRequest())
        beat.poll()
        poison = [world.invoice() for _ in range(4)]
        numbers = {str(world.shop.invoices.row(key)["increment_id"]) for key in poison}
        rule.remove()
        world.org.add_rule("Magento_Invoice__c", lambda row: row["Name"] in numbers, RULE, ("Cost_Centre__c",))
        for _ in range(2):  # more of them than go ahead at once: the next hour others do
            world.clock.advance(minutes=61)
            beat.poll()
        rows = world.rows()
        assert {key for key, row in rows.items() if row.sync_status == "synced"} == set(ids)
        assert {key for key, row in rows.items() if row.sync_status == "failed"} == set(poison)


def test_invoices_that_are_gone_by_the_time_they_go_ahead_delay_no_other_and_are_not_owed_again(world: World) -> None:
    ids = [world.invoice() for _ in range(14)]
    rule = reject_all(world)
    with world.work() as work:
        beat = Beat(work, StopRequest())
        beat.poll()
        ids.append(world.invoice())
        world.clock.advance(minutes=1)
        beat.poll()
        assert work.tools.store.sides.get("salesforce").status == "paused"
        rule.remove()
        gone = ids[3:]  # more than go ahead in three hours
        with world.shop.lock:
            for entity_id in gone:
                world.shop.invoices.remove(entity_id)
        for minutes in (61, 16):
            world.clock.advance(minutes=minutes)
            beat.poll()
        rows = world.rows()
        assert {key for key, row in rows.items() if row.sync_status == "synced"} == set(ids[:3])
        assert {key for key, row in rows.items() if row.sync_status == "failed"} == set(gone)
