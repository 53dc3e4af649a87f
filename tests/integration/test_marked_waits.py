"""Without comment records: nothing makes a second note while an unanswered call about a comment may still commit."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle, product

import pytest

from daemon.sandbox.faults import Fault, late_commit, status
from daemon.scheduler import run_once
from daemon.sync import Process
from state.kinds import RequestKind
from state.store import Store
from tests.acceptance.process import wait_until
from tests.integration.checks import change, record
from tests.integration.test_marked_notes import notes
from tests.world import World

GRAPH = "composite/graph"


@dataclass
class Lost:
    """One comment whose only call had no answer, and a second invoice without any."""

    world: World
    work: Process
    moment: threading.Event
    entity_id: int
    other: int

    def come_through(self) -> None:
        self.moment.set()
        wait_until(lambda: notes(self.world), "the call comes through")

    def leave(self, kind: RequestKind, named: list[int]) -> None:
        self.work.tools.store.requests.leave(kind, self.work.tools.now(), named=named)
        run_once(self.work)


def sync_by_hand(lost: Lost) -> None:
    lost.work.sync([lost.entity_id])


def sync_all(lost: Lost) -> None:
    lost.work.sync([], [lost.entity_id, lost.other])


def edit(lost: Lost) -> None:
    lost.world.shop.edit_comment(1, "other words")
    change(lost.world, lost.entity_id)
    run_once(lost.work)


def edit_and_sync(lost: Lost) -> None:
    lost.world.shop.edit_comment(1, "other words")
    lost.work.sync([lost.entity_id])


def clear_one(lost: Lost) -> None:
    lost.leave("clear", [lost.entity_id])


def clear_all(lost: Lost) -> None:
    lost.leave("clear", [])


def move(lost: Lost) -> None:
    lost.world.shop.move_comment(1, lost.other)
    change(lost.world, lost.entity_id)
    change(lost.world, lost.other)
    run_once(lost.work)
    lost.work.sync([lost.other])


def delete_the_record(lost: Lost) -> None:
    found = record(lost.world, lost.entity_id)
    assert found is not None
    lost.world.org.delete("Magento_Invoice__c", str(found["Id"]))
    change(lost.world, lost.entity_id, state=3)
    run_once(lost.work)


def put_notes_off_and_on(lost: Lost) -> None:
    lost.world.set("invoices.synchronize_notes", False)
    lost.world.shop.edit_comment(1, "other words")
    change(lost.world, lost.entity_id)
    run_once(lost.work)
    lost.world.set("invoices.synchronize_notes", True)
    lost.work.sync([lost.entity_id])


WAYS: list[Callable[[Lost], None]] = [
    sync_by_hand, sync_all, edit, edit_and_sync, clear_one, clear_all, move, delete_the_record, put_notes_off_and_on,
]  # fmt: skip


ANSWERS = {"no answer": None, "a gateway's": status(502)}
# The two answers take turns.
CASES = [
    pytest.param(way, when, ANSWERS[answer], id=f"{way.__name__.replace('_', ' ')}, {when}, {answer}")
    for (way, when), answer in zip(product(WAYS, ("before", "right after", "at the end")), cycle(ANSWERS), strict=False)
    if (way, when) != (delete_the_record, "before")  # whoever deletes the record deletes its note with it
]


@pytest.mark.fault("Salesforce: the same without comment records")
@pytest.mark.parametrize(("way", "when", "meanwhile"), CASES)
def test_nothing_resets_the_wait_for_an_unanswered_note(
    world: World, way: Callable[[Lost], None], when: str, meanwhile: Fault | None
) -> None:
    world.set("salesforce.comment.object", None)
    entity_id, other = world.invoice(comment="first words"), world.invoice()
    moment = threading.Event()
    world.salesforce_faults.add(late_commit(moment, meanwhile), path=GRAPH, body="ContentNote")
    with world.work() as work:
        lost = Lost(world, work, moment, entity_id, other)
        run_once(work)
        world.clock.advance(minutes=1)
        if when == "before":
            lost.come_through()
        way(lost)
        if when == "right after":
            lost.come_through()
        for _ in range(4):
            world.clock.advance(minutes=2)
            run_once(work)
            work.sync([entity_id, other])
            assert len(notes(world)) <= 1
        if when == "at the end":
            assert notes(world) == [], "none is created while that call may still create it"
            lost.come_through()
        for _ in range(3):
            world.clock.advance(minutes=16)
            run_once(work)
            work.sync([entity_id, other])
    assert notes(world) == ["Magento comment 1 [main-comment-1]"]


def test_a_daemon_that_died_while_it_tried_a_failed_note_again_makes_no_second_one(world: World) -> None:
    world.set("salesforce.comment.object", None)
    world.invoice(comment="first words")
    rule = world.org.add_rule("ContentNote", lambda _row: True, "not today")
    with world.work() as work:
        run_once(work)
        assert world.named("note.failed")
    rule.remove()
    world.clock.advance(hours=25)
    moment = threading.Event()
    world.salesforce_faults.add(late_commit(moment), path=GRAPH, body="ContentNote")
    with Store(world.state_path, lock=True) as store:
        (before,) = store.notes.known([1]).values()
    with world.work() as work:
        run_once(work)
    with Store(world.state_path, lock=True) as store:  # as kill -9 in the midst of that call leaves it
        store.notes.write([before])
        store.facts.learn("running", "1")
    with world.work() as work:
        run_once(work)
        work.sync([world.wire_invoices()[0]["entity_id"]])
        moment.set()
        wait_until(lambda: notes(world), "the call comes through")
        world.clock.advance(minutes=16)
        run_once(work)
    assert notes(world) == ["Magento comment 1 [main-comment-1]"]
