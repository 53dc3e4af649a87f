"""What the integration tests look at when a pass is over."""

from __future__ import annotations

import sqlite3
from typing import Any

from state.notes import NoteRow
from state.store import Store
from tests.world import World


def change(world: World, entity_id: int, **fields: Any) -> None:
    """Magento shows a further change of the invoice, some seconds later."""
    world.clock.advance(seconds=3)
    world.shop.edit_invoice(entity_id, updated_at=world.shop.now(), **fields)


def note_rows(world: World, *entity_ids: int) -> list[NoteRow]:
    """The rows of these invoices' comments."""
    with Store(world.state_path, lock=False) as store:
        return store.notes.of(entity_ids)


def record(world: World, entity_id: int) -> dict[str, Any] | None:
    """The invoice's record in Salesforce, or None."""
    return world.org.find("Magento_Invoice__c", "Magento_Id__c", f"main-{entity_id}")


def texts(world: World, entity_id: int) -> list[str]:
    """The texts of the notes that Salesforce shows on the invoice."""
    found = record(world, entity_id)
    return [] if found is None else [note.text for note in world.org.notes_of(str(found["Id"]))]


def state_of(world: World, entity_id: int) -> tuple[str, str | None]:
    """The invoice's sync status with its reason."""
    row = world.rows()[entity_id]
    return row.sync_status, row.reason


def books(world: World) -> list[dict[str, Any]]:
    """The books of every pass so far, oldest first, also of those that history does not keep."""
    return world.named("pass.finished")


def assert_balanced(world: World) -> None:
    """I14: the books of every pass balance, and each row has one status."""
    assert books(world)
    for done in books(world):
        assert done["seen"] == sum(done[part] for part in ("owed", "unchanged", "held", "skipped", "refused")), done
        assert done["due"] == done["synced"] + done["failed"] + done["pending"], done
        assert all(done[part] >= 0 for part in ("owed", "unchanged", "held", "skipped", "refused", "pending")), done
    with Store(world.state_path, lock=False) as store:
        assert sum(store.ledger.counts().values()) == len(store.ledger.newest())


def assert_equal(world: World) -> None:
    """I1 to I4 where nothing is held, skipped or failed, I5 and I6 of every row, and I14."""
    assert world.compared().equal, str(world.compared())
    for entity_id, row in world.rows().items():
        assert row.sync_status == "synced", row
        found = record(world, entity_id)
        assert found is not None
        assert row.salesforce_id == found["Id"]
    assert_balanced(world)


def everything_kept(world: World) -> str:
    """All that the state and the events hold, as one text to search for what must not be in it."""
    connection = sqlite3.connect(world.state_path)
    try:
        kept = "\n".join(connection.iterdump())
    finally:
        connection.close()
    return kept + "\n".join(repr(event) for event in world.events)
