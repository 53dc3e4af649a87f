"""The check of the promises, with which so many tests end, fails whenever one of them is broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from state.store import Store
from tests.integration.checks import note_rows, record
from tests.promises import assert_promises
from tests.world import World


@pytest.fixture
def quiet(world: World) -> World:
    """Three invoices with a comment each, all in."""
    for number in range(3):
        world.invoice(comment=f"comment {number}")
    world.run_once()
    assert_promises(world)
    return world


def remember(world: World, entity_id: int, **fields: Any) -> None:
    """Let the ledger say that of the invoice."""
    row = world.rows()[entity_id]
    with Store(world.state_path, lock=True) as store:
        store.ledger.write([replace(row, **fields)])


def remember_note(world: World, entity_id: int, **fields: Any) -> None:
    (note,) = note_rows(world, entity_id)
    with Store(world.state_path, lock=True) as store:
        store.notes.write([replace(note, **fields)])


def id_of(world: World, entity_id: int) -> str:
    found = record(world, entity_id)
    assert found is not None
    return str(found["Id"])


def second_note(world: World) -> None:
    note = world.org.create("ContentNote", {"Title": "Magento comment 1", "Content": "Y29tbWVudCAw"})
    link = {"ContentDocumentId": note, "LinkedEntityId": id_of(world, 1), "ShareType": "V"}
    world.org.create("ContentDocumentLink", link)


def unlinked_note(world: World) -> None:
    world.org.create("ContentNote", {"Title": "on nothing", "Content": "Y29tbWVudCAw"})


def phantom(world: World) -> None:
    world.org.create("Magento_Invoice__c", {"Name": "made up", "Magento_Id__c": "main-99"})


def unknown_yet(world: World) -> None:
    world.invoice()


def without_its_note(world: World) -> None:
    world.shop.add_comment(2, "never sent")


def older_version(world: World) -> None:
    world.shop.change_state(2, 3)


def future_version(world: World) -> None:
    world.org.update("Magento_Invoice__c", id_of(world, 2), {"Magento_Updated_At__c": "2099-01-01T00:00:00Z"})


def deleted(world: World) -> None:
    world.org.delete("Magento_Invoice__c", id_of(world, 2))


def made_twice(world: World) -> None:
    world.org.created["ContentNote"] += 1


def unbalanced(world: World) -> None:
    (done,) = world.named("pass.finished")
    done["seen"] += 1


BROKEN: dict[str, tuple[Callable[[World], object], str]] = {
    "I1: one that was never seen": (unknown_yet, "never seen"),
    "I1: one that is still owed": (lambda world: remember(world, 2, sync_status="pending"), "2 is pending"),
    "I1: one that failed": (lambda world: remember(world, 2, sync_status="failed", reason="x"), "2 is failed"),
    "I2: an older version": (older_version, "Status__c"),
    "I2: a version of tomorrow": (future_version, "was never shown"),
    "I3: a comment without its note": (without_its_note, "no note on main-2 with its text"),
    "I3: a second note": (second_note, "a second note"),
    "I3: a note made twice, of which one is gone": (made_twice, "ContentNote was made more than once"),
    "I3: a note on nothing": (unlinked_note, "on nothing"),
    "I4: a record that Magento never showed": (phantom, "main-99"),
    "I5: a record that is not there": (deleted, "lost"),
    "I6: another Salesforce ID": (lambda world: remember(world, 2, salesforce_id="a00000000000099AAA"), "is kept"),
    "I6: another note": (lambda world: remember_note(world, 2, note_id="069000000000099AAA"), "is kept"),
    "I6: a note that failed": (lambda world: remember_note(world, 2, sync_status="failed", reason="x"), "is failed"),
    "I11: a secret in the log": (lambda world: world.events.append({"event": "x", "y": "t" * 32}), "was kept"),
    "I11: an address in the state": (lambda world: remember(world, 2, reason="jane.canary@example.com"), "was kept"),
    "I14: books that do not balance": (unbalanced, "backfill"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_promise_is_noticed(quiet: World, name: str) -> None:
    break_it, words = BROKEN[name]
    quiet.leaks_on_purpose = name.startswith("I11")
    break_it(quiet)
    with pytest.raises(AssertionError) as noticed:
        assert_promises(quiet)
    assert words in str(noticed.value)


def test_one_that_is_to_stand_failed_has_to_say_why(quiet: World) -> None:
    remember(quiet, 2, sync_status="failed", reason=None)
    with pytest.raises(AssertionError, match="without a reason"):
        assert_promises(quiet, failed={2})
    remember(quiet, 2, reason="because")
    assert_promises(quiet, failed={2})


def test_one_that_is_to_stand_failed_may_not_be_in(quiet: World) -> None:
    with pytest.raises(AssertionError, match="2 is synced"):
        assert_promises(quiet, failed={2})
