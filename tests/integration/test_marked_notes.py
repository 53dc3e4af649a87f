"""Without comment records a note carries its comment's external ID in its title, and is still made once."""

from __future__ import annotations

import threading
from random import Random

import pytest

from daemon.sandbox.faults import late_commit, lost
from daemon.scheduler import run_once
from tests.acceptance.process import wait_until
from tests.world import World


def notes(world: World) -> list[str]:
    """The titles of all notes that hang on an invoice."""
    return sorted(
        note.title
        for record in world.org.records("Magento_Invoice__c")
        for note in world.org.notes_of(str(record["Id"]))
    )


@pytest.mark.parametrize("kind", ["content_note", "note"])
def test_a_comment_becomes_one_marked_note_and_no_record(world: World, kind: str) -> None:
    world.set("salesforce.comment.object", None)
    world.set("salesforce.note.type", kind)
    world.invoice(comment="one")
    world.run_once()
    world.run_once()
    assert world.org.records("Magento_Invoice_Comment__c") == []
    assert notes(world) == ["Magento comment 1 [main-comment-1]"]


@pytest.mark.parametrize("kind", ["content_note", "note"])
@pytest.mark.parametrize("nth", range(4))
def test_a_lost_answer_makes_no_second_note(world: World, kind: str, nth: int) -> None:
    world.set("salesforce.comment.object", None)
    world.set("salesforce.note.type", kind)
    world.shop.seed(6, rng=Random(5))
    expected = sum(len(row["comments"]) for row in world.wire_invoices())
    world.salesforce_faults.add(lost(), path="/services/data/", after=nth)
    with world.work() as work:
        for _ in range(4):
            run_once(work)
            world.clock.advance(minutes=16)
    assert len(notes(world)) == expected
    assert len(set(notes(world))) == expected
    assert world.org.orphan_notes() == []


def test_an_answer_that_commits_late_makes_no_second_note(world: World) -> None:
    world.set("salesforce.comment.object", None)
    world.invoice(comment="slow")
    moment = threading.Event()
    world.salesforce_faults.add(late_commit(moment), body="ContentNote")
    with world.work() as work:
        run_once(work)
        world.clock.advance(minutes=5)
        run_once(work)
        assert notes(world) == [], "nothing is tried again while the call may still run"
        moment.set()
        wait_until(lambda: notes(world), "the call comes through")
        world.clock.advance(minutes=6)
        run_once(work)
        world.clock.advance(minutes=16)
        run_once(work)
    assert notes(world) == ["Magento comment 1 [main-comment-1]"]


def test_a_cleared_state_makes_no_second_note(world: World) -> None:
    world.set("salesforce.comment.object", None)
    world.shop.seed(5, rng=Random(9))
    world.run_once()
    before = notes(world)
    world.state_path.unlink()
    world.run_once()
    assert notes(world) == before


def test_an_edited_comment_edits_its_note(world: World) -> None:
    world.set("salesforce.comment.object", None)
    entity_id = world.invoice(comment="first words")
    world.run_once()
    world.clock.advance(seconds=2)
    world.shop.edit_comment(1, "other words")
    world.shop.touch(entity_id)
    world.run_once()
    record = world.org.find("Magento_Invoice__c", "Magento_Id__c", f"main-{entity_id}")
    assert record is not None
    assert [note.text for note in world.org.notes_of(str(record["Id"]))] == ["other words"]


def test_an_edit_of_a_note_that_hung_on_a_lost_record_is_made_on_the_record_in_its_place(world: World) -> None:
    world.set("salesforce.comment.object", None)
    entity_id = world.invoice(comment="first words")
    world.run_once()
    lost = world.org.find("Magento_Invoice__c", "Magento_Id__c", f"main-{entity_id}")
    assert lost is not None
    world.org.delete("Magento_Invoice__c", str(lost["Id"]))
    kept = {name: lost[name] for name in ("Magento_Id__c", "Name", "Status__c", "Grand_Total__c")}
    record = world.org.create("Magento_Invoice__c", kept)
    world.clock.advance(seconds=2)
    world.shop.edit_comment(1, "other words")
    world.shop.touch(entity_id)
    world.run_once()
    world.run_once()
    assert [note.text for note in world.org.notes_of(record)] == ["other words"]
