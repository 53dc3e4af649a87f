"""Late comments, edited comments and late commits are found without a change that a poll could see."""

from __future__ import annotations

from datetime import timedelta

import pytest

from daemon.scheduler import Beat, StopRequest
from daemon.sync import Process
from tests.world import World, read_again


class Days:
    """Simulated time: the daemon polls every five minutes of it."""

    def __init__(self, world: World, work: Process) -> None:
        self.world = world
        self.beat = Beat(work, StopRequest())

    def pass_by(self, **parts: float) -> None:
        left = timedelta(**parts)
        while left > timedelta(0):
            self.world.clock.advance(minutes=5)
            left -= timedelta(minutes=5)
            self.beat.poll()


def notes_of(world: World, entity_id: int) -> list[str]:
    record = world.org.find("Magento_Invoice__c", "Magento_Id__c", f"main-{entity_id}")
    assert record is not None
    return sorted(note.text for note in world.org.notes_of(str(record["Id"])))


@pytest.mark.parametrize(
    ("age", "within"),
    [
        (timedelta(hours=1), timedelta(minutes=17)),
        (timedelta(days=3), timedelta(minutes=65)),
        (timedelta(days=20), timedelta(hours=25)),
    ],
    ids=["an hour", "three days", "twenty days"],
)
def test_a_comment_on_an_older_invoice_arrives_in_time(world: World, age: timedelta, within: timedelta) -> None:
    world.set("schedule.poll_interval", "5m")
    entity_id = world.invoice()
    world.clock.advance(seconds=age.total_seconds())
    with world.work() as work:
        days = Days(world, work)
        days.pass_by(minutes=5)
        world.shop.add_comment(entity_id, "better late than never")
        days.pass_by(seconds=within.total_seconds())
    assert notes_of(world, entity_id) == ["better late than never"]
    assert world.compared().equal, str(world.compared())


def test_an_edited_comment_edits_its_note(world: World) -> None:
    world.set("schedule.poll_interval", "5m")
    entity_id = world.invoice(comment="first words")
    with world.work() as work:
        days = Days(world, work)
        days.pass_by(minutes=30)
        world.shop.edit_comment(1, "second thoughts")
        days.pass_by(minutes=20)
    assert notes_of(world, entity_id) == ["second thoughts"]
    assert world.org.created["ContentNote"] == 1


@pytest.mark.parametrize("hours", [0.5, 3, 23])
def test_a_late_commit_behind_the_checkpoint_is_found(world: World, hours: float) -> None:
    world.set("schedule.poll_interval", "5m")
    world.invoice()
    with world.work() as work:
        days = Days(world, work)
        days.pass_by(minutes=5)
        late = world.invoice(committed=False)
        for _ in range(int(hours * 2)):
            world.invoice()
            days.pass_by(minutes=30)
        world.shop.commit(late)
        days.pass_by(minutes=70)
    assert world.rows()[late].sync_status == "synced"
    assert world.compared().equal, str(world.compared())


def test_a_round_that_finds_nothing_costs_its_pages_and_no_call_to_salesforce(world: World) -> None:
    world.set("schedule.poll_interval", "5m")
    for _ in range(5):
        world.invoice(comment="seen")
    with world.work() as work:
        days = Days(world, work)
        days.pass_by(minutes=10)
        world.magento_calls.clear()
        world.salesforce_calls.clear()
        days.pass_by(minutes=60)
    assert len(world.salesforce_calls) == 0
    polls = world.magento_calls.count(path="/invoices")
    assert polls == 12 + 4 + 1, "twelve polls, four rounds of the day's band, one of the week's"


def test_an_invoice_from_before_created_from_is_passed_over(world: World) -> None:
    world.set("schedule.poll_interval", "5m")
    old = world.invoice()
    world.clock.advance(days=2)
    world.set("invoices.created_from", f"{world.clock.now():%Y-%m-%d}")
    with world.work() as work:
        days = Days(world, work)
        days.pass_by(minutes=5)
        world.shop.add_comment(old, "on an old one")
        days.pass_by(hours=2)
    assert old not in world.rows()


def test_a_comment_that_was_moved_away_and_back_is_known_where_it_is(world: World) -> None:
    first, second = world.invoice(comment="there and back again"), world.invoice()
    world.run_once()
    (comment,) = world.shop.invoices.row(first)["comments"]
    comment_id = comment["entity_id"]
    with world.work() as work:

        def known_at() -> int:
            return work.tools.store.notes.known([comment_id])[comment_id].entity_id

        world.shop.move_comment(comment_id, second)
        read_again(work, [second])
        assert known_at() == second
        world.shop.move_comment(comment_id, first)  # which is now as it was when it was read last: its digest is equal
        read_again(work, [first])
        assert known_at() == first
