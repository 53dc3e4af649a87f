"""Checks the promises at the end of a test: I1 to I6 against both sides, the books, and no leak."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from datetime import datetime
from typing import Any

from daemon.sandbox.comparison import compare
from daemon.sandbox.comparison.sameness import instant_of
from state.ledger import LedgerRow
from state.store import Store
from tests.world import SECRETS, World

CUSTOMERS = ("jane.canary@example.com",)
ALL_IN = ("Magento_Invoice__c", "Magento_Invoice_Item__c", "Magento_Invoice_Comment__c", "ContentNote")


def assert_promises(
    world: World, *, failed: Collection[int] = (), failed_notes: Collection[int] = (), deleted: bool = False
) -> None:
    """Require the promises in quiet times.

    ``failed``: the invoices that are to stand failed; everything else is to be in. ``failed_notes``: the comments of
    which the same is true. ``deleted``: somebody deleted records in Salesforce meanwhile.
    """
    rows = world.rows()
    _assert_nothing_lost(world, rows, failed)
    _assert_both_sides_agree(world, failed, failed_notes)
    if not deleted:
        for name in ALL_IN:  # I3: a double is invisible once one of the two is deleted again
            assert world.org.created[name] == len(world.org.records(name)), f"{name} was made more than once"
    for entity_id, row in rows.items():
        _assert_true(world, entity_id, row)
    _assert_notes_true(world, failed, failed_notes)
    _assert_books(world)
    _assert_nothing_leaked(world)


def _assert_nothing_lost(world: World, rows: dict[int, LedgerRow], failed: Collection[int]) -> None:
    """I1: require each invoice of Magento in Salesforce, or failed with its reason."""
    shown = {invoice["entity_id"] for invoice in world.wire_invoices()}
    assert shown <= set(rows), f"never seen: {sorted(shown - set(rows))}"
    for entity_id, row in rows.items():
        wanted = "failed" if entity_id in failed else "synced"
        assert row.sync_status == wanted, f"{entity_id} is {row.sync_status}: {row.reason}"
        assert wanted == "synced" or row.reason, f"{entity_id} failed without a reason"


def _assert_both_sides_agree(world: World, failed: Collection[int], failed_notes: Collection[int]) -> None:
    """I2 to I4: require Magento's newest content, one note for each comment, and nothing else."""
    invoices = []
    for invoice in world.wire_invoices():
        if invoice["entity_id"] not in failed:
            comments = [each for each in invoice["comments"] or () if each["entity_id"] not in failed_notes]
            invoices.append({**invoice, "comments": comments})
            _assert_version(world, invoice)
    compared = compare(invoices, world.org)
    earlier = _records_of(world, failed)  # a failed record may have an earlier version in Salesforce
    compared.orphans = [found for found in compared.orphans if found not in earlier]
    assert compared.equal, str(compared)


def _records_of(world: World, failed: Collection[int]) -> set[str]:
    owned: set[str] = set()
    for entity_id in failed:
        invoice = world.org.find("Magento_Invoice__c", "Magento_Id__c", f"main-{entity_id}")
        if invoice is not None:
            owned.add(str(invoice["Magento_Id__c"]))
            for name in ("Magento_Invoice_Item__c", "Magento_Invoice_Comment__c"):
                owned |= {str(r["Magento_Id__c"]) for r in world.org.records(name) if r["Invoice__c"] == invoice["Id"]}
    return owned


def _assert_version(world: World, invoice: dict[str, Any]) -> None:
    """Require that the sent version has a stamp that Magento has shown, so never a later one."""
    record = world.org.find("Magento_Invoice__c", "Magento_Id__c", f"main-{invoice['entity_id']}")
    newest = instant_of(invoice.get("updated_at"))
    sent = record and record["Magento_Updated_At__c"]
    if newest is not None and isinstance(sent, datetime):
        assert sent <= newest, f"{invoice['entity_id']}: {sent} was never shown"


def _assert_true(world: World, entity_id: int, row: LedgerRow) -> None:
    """I5 and I6: require the state's Salesforce IDs to be those in Salesforce, and none for missing records."""
    record = world.org.find("Magento_Invoice__c", "Magento_Id__c", f"main-{entity_id}")
    assert row.salesforce_id == (record and record["Id"]), (
        f"{entity_id}: {row.salesforce_id} is kept, {record} is there"
    )


def _assert_notes_true(world: World, failed: Collection[int], failed_notes: Collection[int]) -> None:
    """I5 and I6: require the record of each attached note, and the note of each record."""
    with Store(world.state_path, lock=False) as store:
        notes = store.notes.of(world.rows())
    for note in notes:
        if note.entity_id in failed:
            continue
        wanted = {"failed"} if note.comment_id in failed_notes else {"synced", "skipped"}
        assert note.sync_status in wanted, f"comment {note.comment_id} is {note.sync_status}: {note.reason}"
        if note.sync_status == "synced":
            record = world.org.find("Magento_Invoice_Comment__c", "Magento_Id__c", f"main-comment-{note.comment_id}")
            assert record is not None, f"comment {note.comment_id} has no record"
            kept, held = (note.record_id, note.note_id), (record["Id"], record["Note_Id__c"])
            assert kept == held, f"comment {note.comment_id}: {kept} is kept, {held} is there"


def _assert_books(world: World) -> None:
    """I14: require that the books of every pass balance."""
    for done in world.named("pass.finished"):
        assert done["seen"] == sum(done[part] for part in ("owed", "unchanged", "held", "skipped", "refused")), done
        assert done["due"] == done["synced"] + done["failed"] + done["pending"], done


def _assert_nothing_leaked(world: World) -> None:
    """I11: require no secret and no customer data in the state or the log."""
    connection = sqlite3.connect(world.state_path)
    try:
        kept = "\n".join(connection.iterdump())
    finally:
        connection.close()
    kept += "\n".join(repr(event) for event in world.events)
    for word in (*SECRETS.values(), *CUSTOMERS):
        assert word not in kept, f"{word[:6]}… was kept"
