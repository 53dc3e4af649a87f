"""What Salesforce refuses, record by record or call by call: the culprit alone fails, and the others are in."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from daemon.sandbox.faults import status
from daemon.scheduler import run_once
from tests.acceptance.faults.outage import finish
from tests.faults import case
from tests.integration.checks import change, note_rows, record, state_of, texts
from tests.promises import assert_promises
from tests.world import World

Spoil = Callable[[World, int], Callable[[], object]]
"""Makes Salesforce refuse this invoice; what it returns mends that."""
INVOICE = "Magento_Invoice__c"


def number_of(world: World, entity_id: int) -> str:
    return str(world.shop.invoices.row(entity_id)["increment_id"])


def required(world: World, entity_id: int) -> Callable[[], object]:
    world.org.change_field(INVOICE, "Currency__c", required=True)
    world.shop.edit_invoice(entity_id, order_currency_code=None)
    return lambda: change(world, entity_id, order_currency_code="USD")


def rule(world: World, entity_id: int) -> Callable[[], object]:
    number = number_of(world, entity_id)
    return world.org.add_rule(INVOICE, lambda row: row["Name"] == number, "No invoices on Sundays", ["Name"]).remove


def long(world: World, entity_id: int) -> Callable[[], object]:
    world.shop.edit_invoice(entity_id, order_currency_code="a currency of many letters")
    return lambda: change(world, entity_id, order_currency_code="USD")


def picklist(world: World, entity_id: int) -> Callable[[], object]:
    world.org.change_field(INVOICE, "Status__c", values=("Open", "Paid"))
    world.shop.edit_invoice(entity_id, state=3)
    return lambda: world.org.change_field(INVOICE, "Status__c", values=("Open", "Paid", "Canceled"))


def trigger(world: World, entity_id: int) -> Callable[[], object]:
    number, code = number_of(world, entity_id), "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
    message = "InvoiceTrigger: execution of BeforeInsert caused by: System.NullPointerException"
    return world.org.fail(INVOICE, lambda row: row["Name"] == number, code, message).remove


@pytest.mark.parametrize(
    ("spoil", "words", "who"),
    [
        case("Salesforce: required field", required, "REQUIRED_FIELD_MISSING", "Map the field in settings.yaml"),
        case("Salesforce: validation rule", rule, "No invoices on Sundays", "Object Manager > Validation Rules"),
        case("Salesforce: too long", long, "STRING_TOO_LONG", "Make the field longer (Setup > Object Manager)"),
        case("Salesforce: bad picklist", picklist, "RESTRICTED_PICKLIST", "Add the value to the picklist"),
        case("Salesforce: trigger failed", trigger, "InvoiceTrigger", "its author can fix it"),
    ],
)
def test_one_record_that_is_refused(world: World, spoil: Spoil, words: str, who: str) -> None:
    ids = [world.invoice(comment="one of five") for _ in range(5)]
    mend = spoil(world, ids[2])
    with world.work() as work:
        run_once(work)
        reason = str(state_of(world, ids[2])[1])
        assert words in reason
        assert who in reason
        assert_promises(world, failed={ids[2]})
        mend()
        world.clock.advance(hours=25)
        run_once(work)
    assert [event["entity_id"] for event in world.named("invoice.failed")] == [ids[2]], "said once"
    assert not world.named("salesforce.failing"), "it is not the side that fails"
    assert_promises(world)


@pytest.mark.fault("Salesforce: `UNABLE_TO_LOCK_ROW`")
@pytest.mark.parametrize("name", [INVOICE, "Magento_Invoice_Item__c", "Magento_Invoice_Comment__c"])
def test_a_locked_row(world: World, name: str) -> None:
    ids = [world.invoice(comment="waits for the lock") for _ in range(5)]
    trap = world.org.lock(name, lambda _: True, times=None)
    with world.work() as work:
        for _ in range(3):
            run_once(work)
            world.clock.advance(minutes=16)
        waiting = note_rows(world, *ids) if "Comment" in name else list(world.rows().values())
        assert {(row.sync_status, row.attempts) for row in waiting} == {("pending", 3)}
        assert all("UNABLE_TO_LOCK_ROW" in str(row.reason) for row in waiting)
        trap.remove()
        finish(world, work)
    assert not {"invoice.failed", "note.failed"} & {event["event"] for event in world.events}
    assert_promises(world)


@pytest.mark.fault("Salesforce: read-only maintenance")
def test_an_org_that_cannot_be_written_for_a_while(world: World) -> None:
    before = world.invoice(comment="before")
    with world.work() as work:
        run_once(work)
        world.salesforce.maintenance = True
        world.shop.add_comment(before, "late")
        late = world.invoice(comment="meanwhile")
        for _ in range(3):
            run_once(work)
            world.clock.advance(minutes=16)
        assert state_of(world, late)[0] == "pending"
        assert "MAINTENANCE" in str(state_of(world, late)[1])
        world.salesforce.maintenance = False
        finish(world, work)
    assert not {"invoice.failed", "note.failed"} & {event["event"] for event in world.events}
    assert_promises(world)


@pytest.mark.fault("Salesforce: whole call refused (400, 413, 414)")
@pytest.mark.parametrize(("code", "error"), [(400, "LIMIT_EXCEEDED"), (413, ""), (414, "URI_TOO_LONG")])
def test_a_call_that_is_refused_whole(world: World, code: int, error: str) -> None:
    ids = [world.invoice(comment="one of nine") for _ in range(9)]
    body = json.dumps([{"errorCode": error, "message": "too much"}]).encode() if error else b""
    plan = world.salesforce_faults.add(
        status(code, body, "application/json"), body=f'"Name": *"{number_of(world, ids[4])}"', times=None
    )
    with world.work() as work:
        run_once(work)
        assert plan.hits == 4, "nine, four, two, one: halved until the culprit is alone"
        assert_promises(world, failed={ids[4]})
        plan.remove()
        work.sync([ids[4]])
        run_once(work)
    assert_promises(world)


@pytest.mark.fault("Salesforce: more than 14 graphs of a call fail")
@pytest.mark.parametrize("bad", [15, 40, 60])
def test_many_graphs_of_a_call_fail(world: World, bad: int) -> None:
    ids = [world.invoice(comment="one of sixty") for _ in range(60)]
    spoilt = set(ids[:bad])
    names = {number_of(world, key) for key in spoilt}
    trap = world.org.add_rule(INVOICE, lambda row: row["Name"] in names, "Not these", ["Name"])
    with world.work() as work:
        run_once(work)
        for key in set(ids) - spoilt:
            assert state_of(world, key) == ("synced", None)
        trap.remove()
        work.resume()
        work.sync(ids)
        finish(world, work)
    assert_promises(world)


@pytest.mark.fault("Salesforce: record deleted by someone")
@pytest.mark.parametrize("how", ["changed", "commented", "by hand"])
def test_a_record_that_someone_deleted(world: World, how: str) -> None:
    entity_id, _ = world.invoice(state=1, comment="first"), world.invoice(comment="another's")
    with world.work() as work:
        run_once(work)
        found = record(world, entity_id)
        assert found is not None
        left_over = world.org.note_ids_of(str(found["Id"]))
        world.org.delete(INVOICE, str(found["Id"]))
        run_once(work)
        assert record(world, entity_id) is None, "nothing tells of it yet"
        if how == "changed":
            change(world, entity_id, state=2)
        elif how == "commented":
            world.shop.add_comment(entity_id, "second")
        else:
            work.sync([entity_id])
        run_once(work)
    for note in left_over:  # of the deleted record: a person's to keep or to throw away
        world.org.delete("ContentNote", note)
    assert texts(world, entity_id) == ["first", *(["second"] if how == "commented" else [])]
    assert_promises(world, deleted=True)


@pytest.mark.fault("Salesforce: external ID found twice (300)")
def test_an_external_id_that_two_records_have(world: World) -> None:
    entity_id, _ = world.invoice(state=1, comment="which?"), world.invoice()
    with world.work() as work:
        run_once(work)
        found = record(world, entity_id)
        assert found is not None
        second = world.org.make_duplicate_external_id(INVOICE, f"main-{entity_id}")
        change(world, entity_id, state=2)
        run_once(work)
        now, reason = state_of(world, entity_id)
        assert now == "failed"
        assert str(found["Id"]) in str(reason)
        assert second in str(reason)
        world.org.delete(INVOICE, second)
        world.clock.advance(hours=25)
        run_once(work)
    assert_promises(world)


@pytest.mark.parametrize(
    "hidden",
    [
        case("Salesforce: notes switched off", "ContentNote"),
        case("Salesforce: Chatter off", "ContentDocumentLink"),
    ],
)
def test_notes_that_the_org_does_not_take(world: World, hidden: str) -> None:
    ids = [world.invoice(comment="waits") for _ in range(20)]
    world.org.hidden.add(hidden)
    with world.work() as work:
        for _ in range(2):
            run_once(work)
            world.clock.advance(minutes=16)
        assert {state_of(world, key) for key in ids} == {("synced", None)}, "invoices go"
        notes = note_rows(world, *ids)
        assert {note.sync_status for note in notes} == {"pending"}
        assert all("notes are off. Switch notes on (Setup > Notes" in str(n.reason) for n in notes), notes[0].reason
        assert world.org.created["ContentNote"] == 0
        world.org.hidden.discard(hidden)
        for _ in range(8):
            world.clock.advance(minutes=16)
            run_once(work)
    assert not world.named("note.failed")
    assert_promises(world)
