"""Graphs are packed within Salesforce's limits, read back one by one, and no customer's text can steer them."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from daemon.errors import Unreachable
from daemon.mapping import InvoiceRecord
from daemon.notes import NoteRecord, note_of
from daemon.salesforce.graphs import Done, Graph, Node, NotAttempted, Reference, Rejected, pack, read_answers
from daemon.salesforce.ids import to_18
from daemon.salesforce.remedies import RecordError
from daemon.salesforce.writes import NoteWrite, Writes, comment_of
from daemon.sandbox.salesforce.org.ids import normal_id
from tests.builders import comment, invoice, settings

ID = "a005gX000000001ABA"


def graph(number: int, nodes: int = 1, text: str = "") -> Graph:
    return Graph(
        str(number),
        tuple(Node(f"n{index}" if index else "a", "POST", "/x", {"Text__c": text}) for index in range(nodes)),
    )


def sizes(calls: list[list[Graph]]) -> list[int]:
    return [len(call) for call in calls]


# --- packing


def test_at_most_75_graphs_go_in_a_call() -> None:
    graphs = [graph(number) for number in range(151)]
    calls = pack(graphs)
    assert sizes(calls) == [75, 75, 1]
    assert [each for call in calls for each in call] == graphs


def test_fewer_graphs_go_where_fewer_are_wanted_and_never_more() -> None:
    assert sizes(pack([graph(number) for number in range(5)], at_most=2)) == [2, 2, 1]
    assert sizes(pack([graph(number) for number in range(80)], at_most=500)) == [75, 5]


def test_at_most_500_nodes_go_in_a_call() -> None:
    assert sizes(pack([graph(1, 250), graph(2, 250), graph(3, 1)])) == [2, 1]
    assert sizes(pack([graph(1, 250), graph(2, 251)])) == [1, 1]


def test_at_most_5_mb_go_in_a_call() -> None:
    half = graph(1, 1, "x" * 2_499_000)
    assert sizes(pack([half, half])) == [2]
    assert sizes(pack([half, half, half])) == [2, 1]
    assert sizes(pack([graph(1, 1, "x" * 6_000_000), graph(2)])) == [1, 1]


def test_size_is_what_goes_over_the_wire() -> None:
    one = Graph("7", (Node("a", "POST", "/x", {"Text__c": "é\N{GRINNING FACE}", "Amount__c": Decimal("1.50")}),))
    assert one.size() == len(
        '{"graphId": "7", "compositeRequest": [{"method": "POST", "url": "/x", "referenceId": "a", '
        '"body": {"Text__c": "\\u00e9\\ud83d\\ude00", "Amount__c": 1.50}}]}'
    )


def test_nothing_makes_no_call() -> None:
    assert pack([]) == []


# --- spelling


def test_a_graph_is_spelled_as_the_composite_api_takes_it() -> None:
    spelled = Graph("7", (Node("a", "GET", "/a"), Node("b", "POST", "/b", {"X": Reference("@{a.Id}")}))).spelled()
    assert spelled == {
        "graphId": "7",
        "compositeRequest": [
            {"method": "GET", "url": "/a", "referenceId": "a"},
            {"method": "POST", "url": "/b", "referenceId": "b", "body": {"X": "@{a.Id}"}},
        ],
    }


@pytest.mark.parametrize("text", ["@{a.Id}", "x @{a.Id} y", "@{", "@@{{a}"])
def test_a_customers_text_names_no_other_node(text: str) -> None:
    body = {"Text__c": text, "Parent__r": {"Key__c": text}, "Invoice__c": Reference("@{a.id}")}
    (spelled,) = Graph("7", (Node("b", "POST", "/b", body),)).spelled()["compositeRequest"]
    assert spelled["body"]["Invoice__c"] == "@{a.id}"
    for shown in (spelled["body"]["Text__c"], spelled["body"]["Parent__r"]["Key__c"]):
        assert "@{" not in shown
        assert shown.replace("\u2060", "") == text  # and is read by people as it was


# --- the writes


def record(items: int = 1, **body: object) -> InvoiceRecord:
    lines = tuple((f"main-item-{number}", {"SKU__c": f"S{number}"}) for number in range(items))
    return InvoiceRecord(7, "main-7", body or {"Name": "000000007"}, lines, "f")


def writes(**changes: object) -> Writes:
    return Writes(settings({f"salesforce.{name}": value for name, value in changes.items()}).salesforce, "/data/v66.0")


def test_an_invoice_and_its_items_are_one_graph() -> None:
    (found,) = writes().invoice_graphs(record(items=2))
    assert found.graph_id == "7"
    assert [(node.ref, node.method, node.url) for node in found.nodes] == [
        ("invoice", "PATCH", "/data/v66.0/sobjects/Magento_Invoice__c/Magento_Id__c/main-7"),
        ("item0", "PATCH", "/data/v66.0/sobjects/Magento_Invoice_Item__c/Magento_Id__c/main-item-0"),
        ("item1", "PATCH", "/data/v66.0/sobjects/Magento_Invoice_Item__c/Magento_Id__c/main-item-1"),
    ]
    assert found.nodes[1].body == {"SKU__c": "S0", "Invoice__c": "@{invoice.id}"}
    assert found.spelled()["compositeRequest"][1]["body"]["Invoice__c"] == "@{invoice.id}"


@pytest.mark.parametrize(("items", "nodes"), [(0, [1]), (499, [500]), (500, [500, 2]), (998, [500, 500])])
def test_no_graph_has_more_than_500_nodes_and_each_begins_with_the_invoice(items: int, nodes: list[int]) -> None:
    graphs = writes().invoice_graphs(record(items=items))
    assert [len(each.nodes) for each in graphs] == nodes
    assert {each.nodes[0].ref for each in graphs} == {"invoice"}
    sent = [node.url for each in graphs for node in each.nodes[1:]]
    assert len(set(sent)) == items


def test_nothing_in_an_external_id_can_name_another_resource() -> None:
    odd = InvoiceRecord(7, "a/../b?c#d e", {}, (), "f")
    (found,) = writes().invoice_graphs(odd)
    assert found.nodes[0].url.endswith("/Magento_Id__c/a%2F..%2Fb%3Fc%23d%20e")


def note() -> NoteRecord:
    return note_of(comment("<b>"), invoice(), settings().salesforce.note, "main-comment-5")


def test_a_new_note_is_made_recorded_and_linked_in_one_graph() -> None:
    found = writes().note_graph(7, "main-7", [NoteWrite(note())])
    assert [(node.ref, node.method, node.url.removeprefix("/data/v66.0/sobjects/")) for node in found.nodes] == [
        ("invoice", "GET", "Magento_Invoice__c/Magento_Id__c/main-7"),
        ("note5", "POST", "ContentNote"),
        ("record5", "POST", "Magento_Invoice_Comment__c"),
        ("link5", "POST", "ContentDocumentLink"),
    ]
    _, made, kept, link = found.nodes
    assert made.body == {"Title": "Magento comment 5", "Content": "Jmx0O2ImZ3Q7"}
    assert kept.body is not None
    assert (kept.body["Magento_Id__c"], kept.body["Invoice__c"], kept.body["Note_Id__c"]) == (
        "main-comment-5", "@{invoice.Id}", "@{note5.id}",
    )  # fmt: skip
    assert link.body == {
        "ContentDocumentId": "@{note5.id}",
        "LinkedEntityId": "@{invoice.Id}",
        "ShareType": "V",
        "Visibility": "InternalUsers",
    }


def test_a_classic_note_hangs_on_its_invoice_by_itself() -> None:
    found = writes(**{"note.type": "note"}).note_graph(7, "main-7", [NoteWrite(note())])
    assert [node.ref for node in found.nodes] == ["invoice", "note5", "record5"]
    assert found.nodes[1].url.endswith("/sobjects/Note")
    assert found.nodes[1].body == {"Title": "Magento comment 5", "Body": "<b>", "ParentId": "@{invoice.Id}"}


@pytest.mark.parametrize(("kind", "name"), [("content_note", "ContentNote"), ("note", "Note")])
def test_an_edit_changes_record_and_note_where_they_are(kind: str, name: str) -> None:
    edit = NoteWrite(note(), record_id="a02", note_id="069")
    found = writes(**{"note.type": kind}).note_graph(7, "main-7", [edit])
    assert [(node.ref, node.method, node.url.removeprefix("/data/v66.0/sobjects/")) for node in found.nodes[1:]] == [
        ("record5", "PATCH", "Magento_Invoice_Comment__c/a02"),
        ("note5", "PATCH", f"{name}/069"),
    ]
    assert found.nodes[1].body == note().record


def test_a_note_that_somebody_deleted_stays_deleted() -> None:
    found = writes().note_graph(7, "main-7", [NoteWrite(note(), record_id="a02")])
    assert [node.ref for node in found.nodes] == ["invoice", "record5"]


@pytest.mark.parametrize(("ref", "number"), [("note5", 5), ("record12", 12), ("link7", 7), ("invoice", None)])
def test_a_node_says_which_comment_it_is_about(ref: str, number: int | None) -> None:
    assert comment_of(ref) == number


# --- the answers


def node(ref: str, status: int, body: object = None) -> dict[str, Any]:
    return {"referenceId": ref, "httpStatusCode": status, "httpHeaders": {}, "body": body}


def error(code: str, message: str = "no", *fields: str) -> list[dict[str, Any]]:
    return [{"errorCode": code, "message": message, "fields": list(fields)}]


HALTED = error("PROCESSING_HALTED", "The transaction was rolled back since another operation failed.")


def body(*nodes: dict[str, Any], successful: bool, graph_id: str = "7") -> dict[str, Any]:
    response = {"compositeResponse": list(nodes)}
    return {"graphs": [{"graphId": graph_id, "graphResponse": response, "isSuccessful": successful}]}


def read(*nodes: dict[str, Any], successful: bool) -> Any:
    sent = Graph("7", tuple(Node(str(each["referenceId"]), "PATCH", "/x") for each in nodes))
    return read_answers(body(*nodes, successful=successful), [sent])["7"]


def test_a_graph_that_went_in_says_its_ids_and_what_is_new() -> None:
    done = read(
        node("invoice", 200, {"id": "a005gX000000001", "success": True, "created": False}),
        node("item0", 201, {"id": ID, "success": True, "created": True}),
        node("read", 200, {"Id": ID}),
        node("link", 204, None),
        successful=True,
    )
    assert done == Done({"invoice": ID, "item0": ID, "read": ID}, frozenset({"item0"}))


def test_the_culprit_is_the_node_that_was_not_halted() -> None:
    refused = read(
        node("invoice", 400, HALTED),
        node("item0", 400, error("STRING_TOO_LONG", "SKU:  data value\ntoo large", "SKU__c")),
        node("item1", 400, HALTED),
        successful=False,
    )
    assert refused == Rejected("item0", RecordError("STRING_TOO_LONG", "SKU: data value too large", ("SKU__c",), 400))
    assert str(refused.error) == "STRING_TOO_LONG: SKU: data value too large [SKU__c]"


def test_a_graph_wholly_halted_was_not_attempted() -> None:
    assert read(node("invoice", 400, HALTED), node("item0", 400, HALTED), successful=False) == NotAttempted()


def test_a_node_that_refers_to_nothing_is_the_culprit_though_it_says_halted() -> None:
    wrong = error("PROCESSING_HALTED", "Invalid reference specified. No value for x.id found in y.")
    refused = read(node("invoice", 400, HALTED), node("item0", 400, wrong), successful=False)
    assert isinstance(refused, Rejected)
    assert refused.ref == "item0"


def test_an_external_id_found_twice_names_both_records() -> None:
    urls = [f"/services/data/v66.0/sobjects/X__c/{each}" for each in ("a01", "a02")]
    refused = read(node("invoice", 300, urls), node("item0", 400, HALTED), successful=False)
    assert isinstance(refused, Rejected)
    assert refused.error.code == "DUPLICATE_EXTERNAL_ID"
    assert "a01 and a02" in refused.error.message
    assert refused.error.status == 300


def test_an_error_without_words_is_an_unknown_one() -> None:
    refused = read(node("invoice", 500, [{}]), successful=False)
    assert refused == Rejected("invoice", RecordError("UNKNOWN", "", (), 500))


def test_each_graph_has_its_own_answer() -> None:
    both = {
        "graphs": body(node("a", 400, error("X")), successful=False, graph_id="8")["graphs"]
        + body(node("a", 201, {"id": ID}), successful=True)["graphs"]
    }
    answers = read_answers(both, [graph(7), graph(8)])
    assert isinstance(answers["7"], Done)
    assert isinstance(answers["8"], Rejected)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        "text",
        5,
        {},
        {"graphs": None},
        {"graphs": {}},
        {"graphs": []},
        {"graphs": [None]},
        {"graphs": [{"graphId": "7"}]},
        {"graphs": [{"graphId": "7", "graphResponse": None, "isSuccessful": True}]},
        body(node("a", 201, {"id": ID}), successful=True, graph_id="8"),
        {"graphs": body(successful=True)["graphs"] + body(successful=True, graph_id="8")["graphs"]},
        {"graphs": body(successful=True)["graphs"] * 2},
        body({"referenceId": "a"}, successful=True),
        body(node("a", 200, {"success": True}), successful=True),
        body(node("a", 200, {"id": ID[:-1]}), successful=True),
        body(node("a", 200, {"id": ID[:-1] + "B"}), successful=True),
        body(node("a", 200, {"id": 7}), successful=True),
        body(node("a", 400, {"id": ID}), successful=True),
        body(node("a", 201, {"id": ID}), node("a", 201, {"id": ID}), successful=True),
        body(node("a", 201, {"id": ID}), node("b", 201, {"id": ID}), successful=True),
        {"graphs": [body(node("a", 201, {"id": ID}), successful=True)["graphs"][0] | {"isSuccessful": "true"}]},
        body(node("b", 200, {"id": ID}), successful=True),
        body(node("a", 200, "text"), successful=True),
        body(node("a", 200, ["list"]), successful=True),
        body({"referenceId": "a", "httpStatusCode": "many", "body": None}, successful=False),
        body({"referenceId": "a", "httpStatusCode": float("inf"), "body": None}, successful=False),
        body({"referenceId": "a", "httpStatusCode": None, "body": None}, successful=False),
        body(node("a", 400, ["text"]), successful=False),
        body(node("b", 400, [{"errorCode": "X"}]), successful=False),
        body(node("a", 400, [{"errorCode": "X", "fields": 5}]), successful=False),
        body(node("a", 300, 5), successful=False),
    ],
)
def test_an_answer_that_is_not_about_what_was_sent_is_no_answer(answer: object) -> None:
    with pytest.raises(Unreachable, match="cannot be read as what was sent") as caught:
        read_answers(answer, [graph(7)])
    assert caught.value.side == "salesforce"
    assert caught.value.sent  # it may have worked: it goes again


def test_answers_are_read_as_json_gives_them() -> None:
    text = json.dumps(body(node("a", 201, {"id": ID}), successful=True))
    assert isinstance(read_answers(json.loads(text), [graph(7)])["7"], Done)


# --- ids


@pytest.mark.parametrize("short", ["a005gX000000001", "001AAAAAAAAAAAA", "069zzzzzzzzzzzz", "00D000000000062"])
def test_an_id_has_one_form_and_the_sandbox_agrees(short: str) -> None:
    long = to_18(short)
    assert long == normal_id(short)
    assert to_18(long) == long
    assert long.startswith(short)
    assert len(long) == 18


def test_what_is_no_id_stays_as_it_is() -> None:
    assert to_18("main-7") == "main-7"


def test_what_was_created_without_an_id_is_no_answer() -> None:
    sent = Graph("7", (Node("invoice", "GET", "/x"), Node("note5", "POST", "/y", {})))
    shown = body(node("invoice", 200, {"Id": ID}), node("note5", 201, {"success": True}), successful=True)
    with pytest.raises(Unreachable):
        read_answers(shown, [sent])


def test_one_id_for_two_invoices_is_no_answer() -> None:
    both = [body(node("a", 201, {"id": ID}), successful=True, graph_id=name)["graphs"][0] for name in ("7", "8")]
    with pytest.raises(Unreachable):
        read_answers({"graphs": both}, [graph(7), graph(8)])
