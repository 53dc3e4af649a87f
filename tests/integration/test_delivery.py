"""How invoices and notes reach Salesforce over real HTTP, and what becomes of each way in which it refuses."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from werkzeug.wrappers import Response

from daemon.sandbox.calls import Call
from daemon.sandbox.faults import Fault, drop, hang_after, late_commit, lost, status
from daemon.sandbox.faults.answers import ask
from daemon.sandbox.salesforce.org import Org
from daemon.sandbox.salesforce.org.schema import Field, FieldType
from daemon.scheduler import run_once
from tests.acceptance.process import wait_until
from tests.integration.checks import (
    assert_balanced,
    assert_equal,
    change,
    everything_kept,
    note_rows,
    record,
    state_of,
    texts,
)
from tests.promises import assert_promises
from tests.world import World

GRAPH = "composite/graph"


def number_of(world: World, entity_id: int) -> str:
    return str(world.shop.invoices.row(entity_id)["increment_id"])


def graphs(call: Call) -> list[list[dict[str, Any]]]:
    """The nodes of each graph of a call."""
    return [graph["compositeRequest"] for graph in json.loads(call.body)["graphs"]]


def note_calls(world: World) -> list[Call]:
    """The calls that were about comments."""
    calls = world.salesforce_calls.matching(path=GRAPH)
    return [call for call in calls if b"/sobjects/Magento_Invoice_Comment" in call.body]


def refusal(code: str, message: str, http_status: int = 400) -> Any:
    body = json.dumps([{"errorCode": code, "message": message}]).encode()
    return status(http_status, body, "application/json")


def a_field(name: str, kind: FieldType, length: int = 0, **traits: Any) -> Field:
    return Field(name=name, label=name.removesuffix("__c"), type=kind, length=length, **traits)


def delete_invoice(world: World, entity_id: int) -> None:
    found = record(world, entity_id)
    assert found is not None
    world.org.delete("Magento_Invoice__c", str(found["Id"]))


# One record among many


def test_a_locked_row_is_tried_again_ever_later_and_delays_no_other(world: World) -> None:
    ids = [world.invoice() for _ in range(20)]
    locked = number_of(world, ids[7])
    trap = world.org.lock("Magento_Invoice__c", lambda row: row["Name"] == locked, times=None)
    with world.work() as work:
        for attempt in range(1, 9):
            run_once(work)
            row = world.rows()[ids[7]]
            assert (row.sync_status, row.attempts) == ("pending", attempt)
            assert "UNABLE_TO_LOCK_ROW" in str(row.reason)
            assert row.next_attempt_at is not None
            wait = (row.next_attempt_at - work.tools.now()).total_seconds()
            longest = min(900, 30 * 2 ** (attempt - 1))
            assert longest / 2 - 2 <= wait <= longest
            assert [other for other in ids if state_of(world, other)[0] != "synced"] == [ids[7]]
            calls = world.salesforce_calls.count(path=GRAPH)
            run_once(work)
            assert world.salesforce_calls.count(path=GRAPH) == calls, "not before its time"
            world.clock.advance(seconds=wait + 1)
        trap.remove()
        run_once(work)
    assert_equal(world)


REFUSALS = [
    ("REQUIRED_FIELD_MISSING", "Required fields are missing: [Account__c]"),
    ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "No invoices on Sundays"),
    ("STRING_TOO_LONG", "Billing Address: data value too large: 1 Secret Street (max length=5)"),
    ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "Status: bad value for restricted picklist field: Paid"),
    ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "InvoiceTrigger: execution of BeforeInsert"),
    ("DUPLICATE_VALUE", "duplicate value found: Legacy_Number__c duplicates value on record with id: a00000000000001"),
    ("A_CODE_OF_TOMORROW", "nobody knows this yet"),
]


@pytest.mark.parametrize(("code", "message"), REFUSALS, ids=[code for code, _ in REFUSALS])
def test_a_refused_invoice_fails_alone_in_salesforces_words_and_is_tried_daily_until_it_is_mended(
    world: World, code: str, message: str
) -> None:
    ids = [world.invoice(comment="fine") for _ in range(10)]
    number = number_of(world, ids[4])
    trap = world.org.fail("Magento_Invoice__c", lambda row: row["Name"] == number, code, message, ("Some__c",))
    with world.work() as work:
        run_once(work)
        found, reason = state_of(world, ids[4])
        assert found == "failed"
        assert code in str(reason)
        assert "[Some__c]" in str(reason)
        assert message.partition(":")[0] in str(reason)
        assert str(reason).endswith("."), "a sentence says who can mend it"
        assert {state_of(world, other)[0] for other in ids if other != ids[4]} == {"synced"}
        calls = world.salesforce_calls.count(path=GRAPH)
        world.clock.advance(hours=23)
        run_once(work)
        assert world.salesforce_calls.count(path=GRAPH) == calls
        world.clock.advance(hours=2)
        run_once(work)
        assert world.salesforce_calls.count(path=GRAPH) == calls + 1
        trap.remove()
        world.clock.advance(hours=25)
        run_once(work)
    assert_equal(world)


def test_a_failed_item_keeps_its_invoice_out_whole(world: World) -> None:
    entity_id = world.invoice()
    world.org.add_rule("Magento_Invoice_Item__c", lambda row: row["SKU__c"] == "MUG-1", "no mugs", ("SKU__c",))
    world.run_once()
    assert state_of(world, entity_id)[0] == "failed"
    assert world.org.records("Magento_Invoice__c") == []
    assert world.org.records("Magento_Invoice_Item__c") == []


def test_more_than_fourteen_failing_graphs_of_a_call_keep_no_other_out(world: World) -> None:
    ids = [world.invoice(comment="fine") for _ in range(75)]
    poison = set(ids[::3])
    numbers = {number_of(world, key) for key in poison}
    world.org.add_rule("Magento_Invoice__c", lambda row: row["Name"] in numbers, "not this one")
    world.run_once()
    assert {key for key in ids if state_of(world, key)[0] == "failed"} == poison
    assert {key for key in ids if state_of(world, key)[0] == "synced"} == set(ids) - poison
    assert world.salesforce_calls.count(path=GRAPH) <= 2 + len(poison) // 14 + 1
    assert_balanced(world)


def test_a_call_of_nothing_but_failing_graphs_ends(world: World) -> None:
    ids = [world.invoice() for _ in range(40)]
    world.org.add_rule("Magento_Invoice__c", lambda _: True, "none at all")
    world.run_once()
    assert len(ids) == len(world.rows())
    assert "synced" not in {row.sync_status for row in world.rows().values()}
    assert_balanced(world)


@pytest.mark.parametrize(
    "fault",
    [status(413, b"<html>Too Large</html>"), refusal("JSON_PARSER_ERROR", "Unexpected character"), status(414)],
    ids=["413", "400", "414"],
)
def test_a_call_refused_whole_is_halved_until_the_culprit_alone_fails(world: World, fault: Any) -> None:
    ids = [world.invoice() for _ in range(40)]
    plan = world.salesforce_faults.add(fault, path=GRAPH, body=rf"main-{ids[13]}\b", times=None)
    with world.work() as work:
        run_once(work)
        assert {key for key in ids if state_of(world, key)[0] != "synced"} == {ids[13]}
        assert state_of(world, ids[13])[0] == "failed"
        assert world.salesforce_calls.count(path=GRAPH) <= 3 * math.ceil(math.log2(40))
        plan.remove()
        world.clock.advance(days=1, minutes=1)
        run_once(work)
    assert_equal(world)


def test_a_comment_for_which_a_call_is_refused_whole_fails_alone(world: World) -> None:
    ids = [world.invoice(comment=f"comment {index}") for index in range(20)]
    comment = world.shop.invoices.row(ids[5])["comments"][0]["entity_id"]
    world.shop.add_comment(ids[5], "its neighbour")
    refused = refusal("JSON_PARSER_ERROR", "no")
    world.salesforce_faults.add(refused, path=GRAPH, body=f"main-comment-{comment}\\b", times=None)
    with world.work() as work:
        for _ in range(8):
            run_once(work)
            world.clock.advance(minutes=20)
        assert {state_of(world, key)[0] for key in ids} == {"synced"}
        notes = {note.comment_id: note.sync_status for note in note_rows(world, *ids)}
        assert [key for key, found in notes.items() if found != "synced"] == [comment]
        assert notes[comment] == "failed"
        assert texts(world, ids[5]) == ["its neighbour"]


def test_an_invoice_of_twelve_hundred_items_is_synced_when_the_last_is_in(world: World) -> None:
    order = world.shop.place_order(items=[(f"SKU-{index}", f"Thing {index}", 1, 1.5) for index in range(1_200)])
    large = world.shop.submit_invoice(order["entity_id"], comment="a large one")
    small = world.invoice(comment="a small one")
    world.salesforce_faults.add(refusal("SERVER_UNAVAILABLE", "later", 503), path=GRAPH, body="item1050", times=1)
    with world.work() as work:
        run_once(work)
        assert state_of(world, large)[0] == "pending"
        world.clock.advance(minutes=2)
        run_once(work)
        assert {state_of(world, key)[0] for key in (large, small)} == {"synced"}
    assert len(world.org.records("Magento_Invoice_Item__c")) == 1_202
    assert world.org.created["Magento_Invoice_Item__c"] == 1_202
    assert_equal(world)


def test_an_invoice_of_many_items_fails_without_a_customers_value_too(world: World) -> None:
    items = [(f"SKU-{index}", f"Thing {index}", 1, 1.5) for index in range(600)]
    order = world.shop.place_order(items=items, customer=("Jane", "Doe", "jane at canary.example"))
    entity_id = world.shop.submit_invoice(order["entity_id"])
    world.run_once()
    assert state_of(world, entity_id)[0] == "failed"
    assert "INVALID_EMAIL_ADDRESS" in str(state_of(world, entity_id)[1])
    assert "canary" not in everything_kept(world)


def test_four_hundred_comments_become_four_hundred_notes(world: World) -> None:
    entity_id = world.invoice()
    for index in range(400):
        world.shop.add_comment(entity_id, f"comment {index}")
    world.run_once()
    assert len(texts(world, entity_id)) == 400
    assert len(note_calls(world)) == 3
    assert_equal(world)


@pytest.mark.no_cover
def test_no_call_is_larger_than_five_megabytes(world: World) -> None:
    ids = [world.invoice() for _ in range(3)]
    for entity_id in ids:
        for index in range(30):
            world.shop.add_comment(entity_id, f"{index} " + "é" * 30_000)
    world.run_once()
    assert max(len(call.body) for call in world.salesforce_calls) <= 5_000_000
    assert_equal(world)


# No customer data in what is kept


def canaries(world: World) -> list[int]:
    """Invoices that Salesforce refuses, each time quoting a value of the customer's."""
    long_name = world.shop.place_order(customer=("Canary" * 20, "Canary" * 25, "ok@example.com"))
    bad_email = world.shop.place_order(customer=("Jane", "Doe", "canary at example dot com"))
    bad_pick = world.shop.place_order(customer=("Jane", "Canary-Picklist", "ok@example.com"))
    return [world.shop.submit_invoice(order["entity_id"]) for order in (long_name, bad_email, bad_pick)]


def test_what_salesforce_says_is_kept_without_the_customers_values(world: World) -> None:
    world.org.add_field("Magento_Invoice__c", a_field("Buyer__c", "string", 200))
    world.org.add_field("Magento_Invoice__c", a_field("Kind__c", "picklist", 255, values=("Jane Doe",)))
    world.set("salesforce.invoice.fields", {"Kind__c": "order.customer_name", "Buyer__c": "order.customer_name"})
    long_name, bad_email, bad_pick = canaries(world)
    world.org.change_field("Magento_Invoice__c", "Kind__c", type="string")
    with world.work() as work:
        run_once(work)
        world.org.change_field("Magento_Invoice__c", "Kind__c", type="picklist")
        change(world, bad_pick, state=1)
        run_once(work)
    reasons = {key: state_of(world, key)[1] for key in (long_name, bad_email, bad_pick)}
    assert "STRING_TOO_LONG" in str(reasons[long_name])
    assert "max length=200" in str(reasons[long_name])
    assert "INVALID_EMAIL_ADDRESS" in str(reasons[bad_email])
    assert "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST" in str(reasons[bad_pick])
    kept = everything_kept(world)
    assert "canary" not in kept.lower()
    assert "Jane" not in kept


def test_a_comments_text_is_nowhere_in_what_is_kept(world: World) -> None:
    body = "the canary sings"
    entity_id = world.invoice(comment=body)
    fail = world.org.fail
    fail("Magento_Invoice_Comment__c", lambda _: True, "FIELD_CUSTOM_VALIDATION_EXCEPTION", f"not {body}", ("Body__c",))
    world.run_once()
    (note,) = note_rows(world, entity_id)
    assert note.sync_status == "failed"
    assert "FIELD_CUSTOM_VALIDATION_EXCEPTION" in str(note.reason)
    assert "canary" not in everything_kept(world)


def test_a_whole_call_refused_with_a_customers_value_in_its_words_keeps_it_out_of_the_state(world: World) -> None:
    entity_id = world.invoice(comment="canary text")
    said = refusal("JSON_PARSER_ERROR", "Cannot deserialize jane.canary@example.com (Jane Doe) at [line:1]")
    world.salesforce_faults.add(said, path=GRAPH, body="Magento_Invoice_Item__c", times=1)
    with world.work() as work:
        run_once(work)
        assert state_of(world, entity_id)[0] == "failed"
        said = refusal("JSON_PARSER_ERROR", "Cannot deserialize canary text at [line:1]")
        world.salesforce_faults.add(said, path=GRAPH, body="ContentNote", times=2)
        world.clock.advance(days=1, minutes=1)
        run_once(work)
        assert [note.sync_status for note in note_rows(world, entity_id)] == ["pending"], "the org is looked at first"
        world.clock.advance(minutes=1)
        run_once(work)
        assert [note.sync_status for note in note_rows(world, entity_id)] == ["failed"]
    kept = everything_kept(world)
    assert "canary" not in kept
    assert "Jane" not in kept


# Notes exactly once


def test_after_a_cleared_state_comments_are_adopted_with_a_query_for_each_batch(world: World) -> None:
    world.shop.seed(250, rng=Random(5), comments=2)
    world.run_once()
    created = dict(world.org.created)
    comments = len(world.org.records("Magento_Invoice_Comment__c"))
    world.state_path.unlink()
    world.salesforce_calls.clear()
    world.run_once()
    assert dict(world.org.created) == created, "nothing is created twice"
    batches = math.ceil(250 / 75)
    assert world.salesforce_calls.count(path="/query") <= math.ceil(comments / 200) + batches
    assert len(note_calls(world)) <= 2, "once it is known that they are there, they are asked for and not tried"
    assert_equal(world)


@pytest.mark.parametrize("fault", [lost(), hang_after(30)], ids=["lost", "silence"])
@pytest.mark.parametrize("which", ["invoices", "notes"])
def test_an_answer_lost_after_the_commit_doubles_nothing(world: World, which: str, fault: Any) -> None:
    world.set("salesforce.timeout", 1)
    ids = [world.invoice(comment=f"once {index}") for index in range(8)]
    body = "ContentNote" if which == "notes" else "Magento_Invoice_Item__c"
    world.salesforce_faults.add(fault, path=GRAPH, body=body, times=1)
    with world.work() as work:
        run_once(work)
        world.clock.advance(minutes=2)
        run_once(work)
        assert {state_of(world, key)[0] for key in ids} == {"synced"}
        assert world.salesforce_calls.count(path="/query") <= 1
        world.clock.advance(minutes=11)
        run_once(work)  # once more whatever the fingerprint: the lost call could have committed late
    assert world.org.created["Magento_Invoice__c"] == world.org.created["ContentNote"] == len(ids)
    assert_equal(world)


def test_a_comment_record_found_on_another_invoice_is_adopted_and_makes_no_second_note(world: World) -> None:
    first, second = world.invoice(comment="it moves"), world.invoice()
    world.run_once()
    comment = world.shop.invoices.row(first)["comments"][0]["entity_id"]
    world.state_path.unlink()
    world.shop.move_comment(comment, second)
    world.run_once()
    (note,) = note_rows(world, second)
    assert note.sync_status == "synced"
    assert world.org.created["ContentNote"] == 1
    assert texts(world, first) == ["it moves"], "a comment moved to another invoice keeps its note"
    assert texts(world, second) == []


def test_a_comment_that_moves_while_it_is_known_keeps_its_note(world: World) -> None:
    with world.work() as work:
        first, second = world.invoice(comment="it moves"), world.invoice()
        run_once(work)
        comment = world.shop.invoices.row(first)["comments"][0]["entity_id"]
        world.shop.move_comment(comment, second)
        run_once(work)
        assert world.org.created["ContentNote"] == 1
        world.shop.edit_comment(comment, "it moved, and was edited")
        run_once(work)
    assert world.org.created["ContentNote"] == 1
    assert texts(world, first) + texts(world, second) == ["it moved, and was edited"]


def test_an_edited_comment_is_one_graph_that_patches_its_record_and_its_note(world: World) -> None:
    with world.work() as work:
        entity_id = world.invoice(comment="before")
        run_once(work)
        comment = world.shop.invoices.row(entity_id)["comments"][0]["entity_id"]
        world.salesforce_calls.clear()
        world.shop.edit_comment(comment, "after")
        run_once(work)
        (call,) = world.salesforce_calls.matching(path=GRAPH)
        ((get, *edits),) = graphs(call)
        assert [node["method"] for node in (get, *edits)] == ["GET", "PATCH", "PATCH", "PATCH"]
        for node, name in zip(edits, ("Magento_Invoice_Comment__c", "ContentNote", "ContentDocumentLink"), strict=True):
            assert f"/{name}/" in node["url"]
        assert world.salesforce_calls.count(path="/query") == 0
    assert texts(world, entity_id) == ["after"]
    assert world.org.created["ContentNote"] == 1
    assert_equal(world)


def test_an_edit_without_an_answer_that_commits_after_a_newer_one_is_sent_once_more(world: World) -> None:
    moment = threading.Event()
    with world.work() as work:
        entity_id = world.invoice(comment="first")
        run_once(work)
        (comment,) = world.shop.invoices.row(entity_id)["comments"]
        world.shop.edit_comment(comment["entity_id"], "second")
        world.salesforce_faults.add(late_commit(moment), body="ContentNote")
        work.sync([entity_id])  # carried out much later: nobody knows
        world.shop.edit_comment(comment["entity_id"], "third")
        world.clock.advance(minutes=1)
        work.sync([entity_id])
        assert texts(world, entity_id) == ["third"]
        moment.set()
        wait_until(lambda: texts(world, entity_id) == ["second"], "the older edit comes through")
        world.clock.advance(minutes=11)
        run_once(work)
    assert texts(world, entity_id) == ["third"]
    assert world.org.created["ContentNote"] == 1
    assert_equal(world)


def carried_out_but_502() -> Fault:
    """What a gateway answers that gave up waiting."""

    def answer(app: Any, environ: Any) -> Response:
        ask(app, environ)
        return Response(b"<html>Bad Gateway</html>", 502, content_type="text/html")

    return Fault("carried out, but 502", answer)


@pytest.mark.parametrize("fault", [lost(), carried_out_but_502()], ids=["lost", "502"])
def test_a_change_that_came_through_unheard_and_was_taken_back_does_not_stay(world: World, fault: Any) -> None:
    """What Salesforce holds is not known then: that the invoice is again as it last answered for says nothing."""
    entity_id = world.invoice(comment="as it was", state=2)
    (comment,) = world.shop.invoices.row(entity_id)["comments"]
    with world.work() as work:
        run_once(work)
        world.shop.change_state(entity_id, 1)
        world.shop.edit_comment(comment["entity_id"], "edited")
        for body in ("Magento_Invoice_Item__c", "ContentNote"):
            world.salesforce_faults.add(fault, path=GRAPH, body=body)
        run_once(work)
        world.clock.advance(minutes=1)
        work.sync([entity_id])
        world.shop.change_state(entity_id, 2)
        world.shop.edit_comment(comment["entity_id"], "as it was")
        world.clock.advance(minutes=1)
        run_once(work)
        assert_equal(world)
        assert texts(world, entity_id) == ["as it was"]


def test_what_is_sent_once_more_waits_for_its_time_when_it_is_put_off(world: World) -> None:
    entity_id = world.invoice(comment="first")
    with world.work() as work:
        world.salesforce_faults.add(lost(), path=GRAPH)
        run_once(work)
        world.org.lock("Magento_Invoice__c", lambda _record: True, times=None)
        world.clock.advance(minutes=11)
        calls = world.salesforce_calls.count(path=GRAPH)
        run_once(work)
        assert world.salesforce_calls.count(path=GRAPH) == calls + 1, "once, and then it waits"
        assert state_of(world, entity_id)[0] == "pending"


def test_a_note_that_somebody_deleted_stays_deleted_when_its_comment_is_edited(world: World) -> None:
    with world.work() as work:
        entity_id = world.invoice(comment="before")
        run_once(work)
        (note,) = world.org.records("ContentNote")
        world.org.delete("ContentNote", str(note["Id"]))
        comment = world.shop.invoices.row(entity_id)["comments"][0]["entity_id"]
        for text in ("after", "after that"):
            world.shop.edit_comment(comment, text)
            run_once(work)
            assert texts(world, entity_id) == []
            (kept,) = world.org.records("Magento_Invoice_Comment__c")
            assert kept["Body__c"] == text
            assert [row.sync_status for row in note_rows(world, entity_id)] == ["synced"]


def test_a_comment_record_that_somebody_deleted_is_made_anew_when_its_comment_is_edited(world: World) -> None:
    with world.work() as work:
        entity_id = world.invoice(comment="before")
        run_once(work)
        (found,) = world.org.records("Magento_Invoice_Comment__c")
        world.org.delete("Magento_Invoice_Comment__c", str(found["Id"]))
        world.shop.edit_comment(world.shop.invoices.row(entity_id)["comments"][0]["entity_id"], "after")
        run_once(work)
        (made,) = world.org.records("Magento_Invoice_Comment__c")
        assert made["Body__c"] == "after"
        assert "after" in texts(world, entity_id)
        (row,) = note_rows(world, entity_id)
        assert (row.sync_status, row.record_id, row.note_id) == ("synced", made["Id"], made["Note_Id__c"])


@pytest.mark.parametrize("how", ["changed", "commented", "by hand", "after a cleared state"])
def test_an_invoice_record_that_somebody_deleted_is_created_anew_with_its_notes(world: World, how: str) -> None:
    with world.work() as work:
        entity_id = world.invoice(state=1, comment="first")
        world.shop.add_comment(entity_id, "second")
        run_once(work)
        old = world.rows()[entity_id].salesforce_id
        delete_invoice(world, entity_id)
        run_once(work)
        assert record(world, entity_id) is None
        if how == "changed":
            change(world, entity_id, state=2)
        elif how == "commented":
            world.shop.add_comment(entity_id, "third")
        elif how == "by hand":
            work.sync([entity_id])
        if how != "after a cleared state":
            run_once(work)
    if how == "after a cleared state":
        world.state_path.unlink()
        world.run_once()
    assert world.rows()[entity_id].salesforce_id not in (None, old)
    for orphan in world.org.orphan_notes():  # of the deleted record; a person's to keep or to throw away
        world.org.delete("ContentNote", str(orphan["Id"]))
    assert texts(world, entity_id) == ["first", "second", *(["third"] if how == "commented" else [])]
    assert_equal(world)


@pytest.mark.parametrize("automatic", [True, False])
def test_an_external_id_found_twice_fails_naming_both(world: World, automatic: bool) -> None:
    with world.work() as work:
        entity_id, other = world.invoice(state=1), world.invoice()
        run_once(work)
        found = record(world, entity_id)
        assert found is not None
        second = world.org.make_duplicate_external_id("Magento_Invoice__c", f"main-{entity_id}")
        change(world, entity_id, state=2)
        if automatic:
            run_once(work)
        else:
            work.sync([entity_id])
        now, reason = state_of(world, entity_id)
        assert now == "failed"
        assert str(found["Id"]) in str(reason)
        assert second in str(reason)
        assert state_of(world, other)[0] == "synced"
        world.org.delete("Magento_Invoice__c", second)
        work.sync([entity_id])
    assert_equal(world)


# Sessions, limits, orgs


def test_a_session_that_expires_is_renewed_once_and_nobody_notices(world: World) -> None:
    with world.work() as work:
        for _ in range(3):
            world.invoice(comment="through")
            world.salesforce.expire_sessions()
            run_once(work)
    assert world.salesforce.sign_ins == 3
    assert not world.named("salesforce.failing")
    assert_equal(world)


def test_sessions_that_are_never_accepted_pause_salesforce_and_not_magento(world: World) -> None:
    world.salesforce.session_seconds = 0
    with world.work() as work:
        for _ in range(10):
            world.invoice(comment="waits")
            run_once(work)
            world.clock.advance(seconds=5)
        assert world.salesforce.sign_ins <= 2, "no sign-in at every poll"
        side = work.tools.store.sides.get("salesforce")
        assert side.status == "paused"
        assert len(world.named("salesforce.failing")) == 1
        assert len(world.rows()) == 10
        assert {row.sync_status for row in world.rows().values()} == {"pending"}
        assert {row.attempts for row in world.rows().values()} == {0}, "it is not the invoices' fault"
        world.salesforce.session_seconds = 7200
        world.clock.advance(hours=1, minutes=1)
        run_once(work)
        assert len(world.named("salesforce.recovered")) == 1
    assert_equal(world)


@pytest.mark.fault("Salesforce: limits")
@pytest.mark.parametrize("limit", ["used up", "reserved for others", "reserved by the app's own limit"])
def test_out_of_calls_pauses_salesforce_with_rare_probes_while_magento_is_polled(world: World, limit: str) -> None:
    world.invoice()
    with world.work() as work:
        run_once(work)
        if limit == "used up":
            world.salesforce.api_limit = world.salesforce.api_used
        elif limit == "reserved for others":
            world.salesforce.api_used = round(world.salesforce.api_limit * 0.81)
        else:
            world.salesforce.app_usage = (90, 100, "invoice-sync")
        world.invoice()
        run_once(work)  # learns it
        world.salesforce_calls.clear()
        new = []
        for _ in range(60):
            new.append(world.invoice(comment="waits"))
            run_once(work)
            world.clock.advance(minutes=1)
        assert len(world.rows()) == 62, "Magento is still polled"
        calls = len([call for call in world.salesforce_calls if "/oauth2/" not in call.path])
        assert 1 <= calls <= 12, "probed at a growing interval up to 15 minutes"
        assert work.tools.store.sides.get("salesforce").status == "paused"
        assert len(world.named("salesforce.budget_reached")) == 1, "shown once"
        world.salesforce.app_usage = None
        world.salesforce.api_used, world.salesforce.api_limit = 100, 100_000
        for _ in range(3):
            world.clock.advance(minutes=16)
            run_once(work)
    assert_equal(world)
    assert_promises(world)


def test_another_org_is_refused_and_the_way_on_is_named(world: World) -> None:
    world.invoice()
    world.run_once()
    new = world.invoice()
    world.org.organization_id = "00D000000000999AAC"
    done = world.command("run", "--once")
    assert done.returncode == 78
    assert "state clear" in done.stdout + done.stderr
    assert record(world, new) is None
    assert world.salesforce_calls.count(path=GRAPH) == 1


def test_an_org_that_becomes_another_while_the_daemon_runs_is_refused_too(world: World) -> None:
    with world.work() as work:
        world.invoice()
        run_once(work)
        world.org.organization_id = "00D000000000999AAC"
        world.salesforce.expire_sessions()
        new = world.invoice()
        run_once(work)
        assert record(world, new) is None
        assert "state clear" in str(work.tools.store.sides.get("salesforce").reason)


def test_another_magento_name_is_refused_and_the_way_on_is_named(world: World) -> None:
    entity_id = world.invoice()
    world.run_once()
    world.set("magento.name", "other")
    done = world.command("run", "--once")
    assert done.returncode == 78
    assert "state clear" in done.stdout + done.stderr
    assert world.org.find("Magento_Invoice__c", "Magento_Id__c", f"other-{entity_id}") is None


@pytest.mark.parametrize(
    "fault",
    [
        refusal("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded.", 403),
        status(429, b"", headers=[("Retry-After", "120")]),
        refusal("UNKNOWN_EXCEPTION", "An unexpected error occurred. ErrorId: 1234-5 (678)", 500),
        status(502, b"<html>Bad Gateway</html>"),
        status(503, b"<html>Down For Maintenance</html>"),
        drop(),
        status(200, b"<html>surprise</html>"),
    ],
    ids=["concurrent", "429", "500", "502", "503", "dropped", "200-html"],
)
def test_what_passes_by_itself_keeps_the_work_due_and_all_is_in_afterwards(world: World, fault: Any) -> None:
    ids = [world.invoice(comment="waits") for _ in range(5)]
    plan = world.salesforce_faults.add(fault, path=GRAPH, times=None)
    with world.work() as work:
        for _ in range(4):
            run_once(work)
            world.clock.advance(minutes=5)
        assert {state_of(world, key)[0] for key in ids} == {"pending"}
        assert len(world.named("salesforce.failing")) == 1
        plan.remove()
        world.clock.advance(minutes=16)
        run_once(work)
        world.clock.advance(minutes=16)
        run_once(work)
        assert len(world.named("salesforce.recovered")) == 1
    assert_equal(world)


def test_a_retry_after_is_a_due_time_and_never_slept_through(world: World) -> None:
    entity_id = world.invoice()
    world.salesforce_faults.add(status(429, b"", headers=[("Retry-After", "120")]), path=GRAPH)
    with world.work() as work:
        run_once(work)
        row = world.rows()[entity_id]
        assert row.next_attempt_at is not None
        assert abs(row.next_attempt_at - work.tools.now() - timedelta(seconds=120)) < timedelta(seconds=5)
        world.clock.advance(seconds=100)
        run_once(work)
        assert state_of(world, entity_id)[0] == "pending"
        world.clock.advance(seconds=25)
        run_once(work)
    assert_equal(world)


def test_maintenance_that_lets_nobody_write_keeps_the_work_due(world: World) -> None:
    ids = [world.invoice(comment="waits") for _ in range(5)]
    world.salesforce.maintenance = True
    with world.work() as work:
        run_once(work)
        assert {state_of(world, key)[0] for key in ids} == {"pending"}
        world.salesforce.maintenance = False
        for _ in range(3):
            world.clock.advance(minutes=16)
            run_once(work)
    assert_equal(world)


def test_a_full_storage_pauses_salesforce_and_is_shown_once(world: World) -> None:
    trap = world.org.fail("Magento_Invoice__c", lambda _: True, "STORAGE_LIMIT_EXCEEDED", "storage limit exceeded")
    with world.work() as work:
        for _ in range(5):
            world.invoice()
            run_once(work)
            world.clock.advance(seconds=5)
        assert world.salesforce_calls.count(path=GRAPH) == 1
        assert len(world.named("salesforce.failing")) == 1
        assert {row.sync_status for row in world.rows().values()} == {"pending"}
        trap.remove()
        world.clock.advance(hours=1, minutes=1)
        run_once(work)
    assert_equal(world)


def test_one_record_that_the_user_may_not_write_delays_no_other(world: World) -> None:
    ids = [world.invoice() for _ in range(10)]
    number = number_of(world, ids[2])
    message = "insufficient access rights on object id"
    world.org.fail("Magento_Invoice__c", lambda row: row["Name"] == number, "INSUFFICIENT_ACCESS_OR_READONLY", message)
    with world.work() as work:
        run_once(work)
        late = world.invoice()
        run_once(work)
        assert {state_of(world, key)[0] for key in (*ids, late) if key != ids[2]} == {"synced"}


# What a note looks like


def test_with_notes_switched_off_in_the_org_invoices_go_and_notes_wait_with_the_reason(world: World) -> None:
    world.salesforce.notes_enabled = False
    ids = [world.invoice(comment="waits") for _ in range(20)]
    with world.work() as work:
        run_once(work)
        assert {state_of(world, key)[0] for key in ids} == {"synced"}
        notes = note_rows(world, *ids)
        assert {note.sync_status for note in notes} == {"pending"}
        assert all(note.reason for note in notes)
        world.salesforce.notes_enabled = True
        for _ in range(8):
            world.clock.advance(minutes=16)
            run_once(work)
    assert_equal(world)


def test_an_edit_waits_while_notes_are_switched_off_and_is_not_taken_for_a_deleted_note(world: World) -> None:
    entity_id = world.invoice(comment="first")
    comment_id = world.wire_invoices()[0]["comments"][0]["entity_id"]
    with world.work() as work:
        work.poll()
        work.poll()
        world.shop.edit_comment(comment_id, "second")
        world.salesforce.notes_enabled = False
        work.sync([entity_id])
        assert work.tools.store.notes.known([comment_id])[comment_id].sync_status == "pending"
        world.salesforce.notes_enabled = True
        world.clock.advance(minutes=16)
        work.poll()
    assert world.compared().equal, str(world.compared())


def links(world: World, entity_id: int) -> list[str]:
    found = record(world, entity_id)
    assert found is not None
    rows = world.org.records("ContentDocumentLink")
    return [str(row["Visibility"]) for row in rows if row["LinkedEntityId"] == found["Id"]]


@pytest.mark.parametrize(
    ("visibility", "expected"),
    [
        ("InternalUsers", ["InternalUsers", "InternalUsers"]),
        ("AllUsers", ["AllUsers", "AllUsers"]),
        ("storefront", ["InternalUsers", "AllUsers"]),
    ],
)
def test_who_may_see_a_note_is_as_set(world: World, visibility: str, expected: list[str]) -> None:
    world.set("salesforce.note.visibility", visibility)
    entity_id = world.invoice(comment="internal")
    world.shop.add_comment(entity_id, "for the customer", visible=True)
    world.run_once()
    assert links(world, entity_id) == expected


@pytest.mark.parametrize(
    ("known", "only"),
    [
        ("known", False),
        ("known", True),
        ("adopted after a cleared state", False),
        ("of a classic note", False),
    ],
)
def test_a_comment_that_is_hidden_from_the_storefront_is_hidden_in_salesforce_too(
    world: World, known: str, only: bool
) -> None:
    world.set("salesforce.note.visibility", "storefront")
    world.set("salesforce.note.only_visible_on_storefront", only)
    if known == "of a classic note":
        world.set("salesforce.note.type", "note")
    entity_id = world.invoice()
    world.shop.add_comment(entity_id, "shown by mistake", visible=True)
    world.run_once()
    (comment,) = world.shop.invoices.row(entity_id)["comments"]
    world.shop.edit_comment(comment["entity_id"], "shown by mistake, and edited", visible=False)
    if known == "adopted after a cleared state":
        world.state_path.unlink()
    with world.work() as work:
        work.sync([entity_id])
    assert links(world, entity_id) == ([] if known == "of a classic note" else ["InternalUsers"])
    assert [row.sync_status for row in note_rows(world, entity_id)] == ["synced"]
    assert world.org.created["Magento_Invoice_Comment__c"] == 1


def test_a_note_that_somebody_took_off_its_invoice_is_edited_where_it_is(world: World) -> None:
    entity_id = world.invoice(comment="before")
    world.run_once()
    (link,) = [
        row for row in world.org.records("ContentDocumentLink") if not str(row["LinkedEntityId"]).startswith("005")
    ]
    world.org.delete("ContentDocumentLink", str(link["Id"]))
    (comment,) = world.shop.invoices.row(entity_id)["comments"]
    world.shop.edit_comment(comment["entity_id"], "after")
    with world.work() as work:
        work.sync([entity_id])
    (kept,) = world.org.records("Magento_Invoice_Comment__c")
    assert kept["Body__c"] == "after"
    assert world.org.created["ContentNote"] == 1
    assert [row.sync_status for row in note_rows(world, entity_id)] == ["synced"]


def test_only_comments_visible_on_the_storefront_become_notes_if_so_set(world: World) -> None:
    world.set("salesforce.note.only_visible_on_storefront", True)
    entity_id = world.invoice(comment="internal")
    shown = world.shop.add_comment(entity_id, "for the customer", visible=True)
    world.run_once()
    assert texts(world, entity_id) == ["for the customer"]
    found = {note.comment_id: (note.sync_status, note.reason) for note in note_rows(world, entity_id)}
    assert found.pop(shown) == ("synced", None)
    ((skipped, reason),) = found.values()
    assert skipped == "skipped"
    assert "only_visible_on_storefront" in str(reason)


def test_classic_notes_are_made_edited_and_adopted_like_the_others(world: World) -> None:
    world.set("salesforce.note.type", "note")
    with world.work() as work:
        entity_id = world.invoice(comment="plain & simple <b>")
        run_once(work)
        assert texts(world, entity_id) == ["plain & simple <b>"]
        comment = world.shop.invoices.row(entity_id)["comments"][0]["entity_id"]
        world.shop.edit_comment(comment, "edited")
        run_once(work)
        assert texts(world, entity_id) == ["edited"]
    world.state_path.unlink()
    world.run_once()
    assert world.org.created["Note"] == 1
    assert world.org.created["ContentNote"] == 0
    assert_equal(world)


def test_without_an_item_object_invoices_go_alone(world: World) -> None:
    world.set("salesforce.item.object", None)
    entity_id = world.invoice(comment="with a note")
    world.run_once()
    assert state_of(world, entity_id) == ("synced", None)
    assert world.org.records("Magento_Invoice_Item__c") == []
    assert texts(world, entity_id) == ["with a note"]


def test_fields_of_the_settings_are_added_replaced_and_removed(world: World) -> None:
    for field in (a_field("Origin__c", "string", 20), a_field("Street__c", "string", 80)):
        world.org.add_field("Magento_Invoice__c", field)
    world.org.add_field("Magento_Invoice_Item__c", a_field("Product__c", "double", precision=10))
    world.set(
        "salesforce.invoice.fields",
        {
            "Origin__c": {"value": "Magento"},
            "Street__c": "order.billing_address.city",
            "Order_Number__c": "invoice.store_currency_code",
            "Customer_Email__c": None,
        },
    )
    world.set("salesforce.item.fields", {"Product__c": "item.product_id", "Tax__c": None})
    entity_id = world.invoice()
    world.run_once()
    found = record(world, entity_id)
    assert found is not None, state_of(world, entity_id)
    order_id = world.shop.invoices.row(entity_id)["order_id"]
    city = world.shop.orders.row(order_id)["billing_address"]["city"]
    assert (found["Origin__c"], found["Street__c"]) == ("Magento", city)
    assert (found["Order_Number__c"], found["Customer_Email__c"]) == ("USD", None)
    shown = world.shop.invoices.row(entity_id)["items"]
    items = world.org.records("Magento_Invoice_Item__c")
    assert [item["Product__c"] for item in items] == [item["product_id"] for item in shown]


def test_a_mapping_that_is_mended_sends_what_it_had_made_fail_without_a_restart(world: World) -> None:
    world.set("salesforce.invoice.fields", {"No_Such_Field__c": "invoice.grand_total"})
    ids = [world.invoice() for _ in range(3)]
    with world.work() as work:
        run_once(work)
        assert "synced" not in {state_of(world, key)[0] for key in ids}
        world.set("salesforce.invoice.fields", {})
        world.clock.advance(seconds=2)
        run_once(work)
    assert_equal(world)


MARK = "… (cut: the whole comment is in Magento)"
COMMENTS: list[tuple[str, str, str | None]] = [
    ("crlf", "one\r\ntwo\rthree\nfour", "one\ntwo\nthree\nfour"),
    ("emoji", "thanks 👍🏽 👩‍👩‍👧", "thanks 👍🏽 👩‍👩‍👧"),
    ("cjk", "日本語のコメント 中文 한국어 العربية", "日本語のコメント 中文 한국어 العربية"),
    ("control", "a\x00b\x07c\x1b[31m\x7fd\x85e", "abc[31mde"),
    ("surrogate", "lone \ud800 one", "lone \N{REPLACEMENT CHARACTER} one"),
    ("tabs", "a\tb", "a\tb"),
    ("html", '<b>bold</b> & <script>alert("x")</script> &amp; &lt;ok&gt;', None),
    ("quotes", "\" ' ` \\ %1 {{var x}} ${y}", None),
    ("reference", "look: @{invoice.id} and @{note1.id}", None),
    ("indented", "a\n\n  b", None),
    ("unclosed", "a < b > c & d; <p", None),
    ("many-lines", "\n".join(f"line {index}" for index in range(2_000)), None),
    ("64k", "x" * 65_535, None),
    ("64k-of-two-bytes", "é" * 32_767, None),
    ("escapes-to-much", "<&>" * 20_000, None),
    ("no-break-spaces", "\u00a0a\u00a0", "a"),
]


@pytest.mark.parametrize(("text", "shown"), [case[1:] for case in COMMENTS], ids=[case[0] for case in COMMENTS])
@pytest.mark.parametrize("kind", ["content_note", "note"])
def test_a_comment_becomes_the_right_note_once(world: World, kind: str, text: str, shown: str | None) -> None:
    world.set("salesforce.note.type", kind)
    world.shop.comments.utf8mb4 = True
    with world.work() as work:
        entity_id = world.invoice()
        world.shop.add_comment(entity_id, text)
        world.shop.add_comment(entity_id, "its neighbour")
        for _ in range(3):
            run_once(work)
        if kind == "note" and len(text) > 32_000:
            return
        expected = text if shown is None else shown
        # A word joiner, which nobody sees, may keep Salesforce from reading a reference.
        assert [note.replace("\u2060", "") for note in texts(world, entity_id)] == [expected, "its neighbour"]
        found = record(world, entity_id)
        assert found is not None
        if kind == "content_note":
            (html, _) = (note.html for note in world.org.notes_of(str(found["Id"])))
            assert "<script" not in html
        assert str(world.org.records("Magento_Invoice_Comment__c")[0]["Body__c"]).replace("\u2060", "") == expected
        assert [note.sync_status for note in note_rows(world, entity_id)] == ["synced", "synced"]


@pytest.mark.parametrize(("kind", "room"), [("content_note", 131_072), ("note", 32_000)])
@pytest.mark.parametrize("letter", ["x", "日", "👍"])
def test_a_comment_longer_than_salesforce_takes_is_cut_with_a_mark(
    world: World, kind: str, room: int, letter: str
) -> None:
    world.set("salesforce.note.type", kind)
    world.shop.comments.utf8mb4 = True
    entity_id = world.invoice()
    world.shop.add_comment(entity_id, letter * 200_000)
    world.run_once()
    (text,) = texts(world, entity_id)
    assert text.endswith(MARK)
    assert room - 100 < len(text.encode("utf-16-le")) // 2 <= room
    assert text.startswith(letter * 1_000)
    assert state_of(world, entity_id) == ("synced", None)


@pytest.mark.parametrize("text", [" ", "\n\n", "\t \r\n", "\x00\x01", "\u2003\u00a0"], ids=repr)
def test_a_comment_without_text_makes_no_note_and_says_so(world: World, text: str) -> None:
    entity_id = world.invoice()
    world.shop.add_comment(entity_id, text)
    world.shop.add_comment(entity_id, "real")
    world.run_once()
    assert texts(world, entity_id) == ["real"]
    assert [(note.sync_status, note.reason) for note in note_rows(world, entity_id)] == [
        ("skipped", "it is empty"),
        ("synced", None),
    ]


def test_notes_come_in_the_order_of_their_comments_whatever_their_dates(world: World) -> None:
    entity_id = world.invoice()
    world.shop.add_comment(entity_id, "first", created_at="2030-01-01 00:00:00")
    world.shop.add_comment(entity_id, "second", created_at="2020-01-01 00:00:00")
    world.shop.add_comment(entity_id, "third", created_at="not a date")
    with world.shop.lock:
        world.shop.invoices.row(entity_id)["comments"].reverse()
    world.run_once()
    assert texts(world, entity_id) == ["first", "second", "third"]


@pytest.fixture
def chosen_org(tmp_path: Path) -> Iterator[World]:
    """A world whose org is not the default one."""
    made = World(tmp_path, org=Org(name="Another")).start()
    yield made
    made.stop()


def test_the_org_and_its_address_are_remembered(chosen_org: World) -> None:
    chosen_org.invoice()
    with chosen_org.work() as work:
        run_once(work)
        facts = work.tools.store.facts
        assert facts.get("organization_id") == chosen_org.org.organization_id
        assert facts.get("instance_url") == chosen_org.salesforce_server.url
