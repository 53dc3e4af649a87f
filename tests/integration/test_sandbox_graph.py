"""The sandbox runs composite graphs as Salesforce does: atomic each, limited all together."""

import base64
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from daemon.sandbox.comparison import compare
from daemon.sandbox.faults import install, lost
from daemon.sandbox.salesforce.http import create_app
from daemon.sandbox.salesforce.org import Org
from daemon.sandbox.server import Server
from tests.integration.org_client import DATA, INVOICE, OrgClient, client_of, error_of, graph, node

ITEM = "Magento_Invoice_Item__c"
COMMENT = "Magento_Invoice_Comment__c"
ROLLED_BACK = "The transaction was rolled back since another operation in the same transaction failed."


@pytest.fixture
def org() -> Org:
    return Org()


@pytest.fixture
def client(org: Org) -> Iterator[OrgClient]:
    with client_of(org) as client:
        yield client


def invoice(number: int, **fields: object) -> dict[str, Any]:
    """An invoice with one item, as one graph."""
    return graph(
        str(number),
        node("inv", "PATCH", f"{INVOICE}/Magento_Id__c/main-{number}", {"Name": f"{number:09d}", **fields}),
        node("item", "PATCH", f"{ITEM}/Magento_Id__c/main-item-{number}", {"Invoice__c": "@{inv.id}", "Name": "x"}),
    )


def comment(number: int, text: str, parent: int = 1) -> dict[str, Any]:
    """A comment on an invoice, with its note, as one graph."""
    content = base64.b64encode(text.encode()).decode()
    record = {"Magento_Id__c": f"main-comment-{number}", "Invoice__c": "@{inv.Id}", "Note_Id__c": "@{note.id}"}
    link = {"ContentDocumentId": "@{note.id}", "LinkedEntityId": "@{inv.Id}", "ShareType": "V"}
    return graph(
        str(number),
        node("inv", "GET", f"{INVOICE}/Magento_Id__c/main-{parent}"),
        node("note", "POST", "ContentNote", {"Title": "Magento comment", "Content": content}),
        node("record", "POST", COMMENT, record),
        node("link", "POST", "ContentDocumentLink", link),
    )


def nodes_of(answer: dict[str, Any]) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = answer["graphResponse"]["compositeResponse"]
    return nodes


def codes_of(answer: dict[str, Any]) -> list[str]:
    return [node["body"][0]["errorCode"] for node in nodes_of(answer)]


def test_an_invoice_and_its_items_arrive_together(client: OrgClient, org: Org) -> None:
    (answer,) = client.graphs(invoice(1)).json()["graphs"]
    head, item = nodes_of(answer)
    assert answer["isSuccessful"] is True
    assert (answer["graphId"], head["referenceId"], head["httpStatusCode"]) == ("1", "inv", 201)
    assert head["httpHeaders"] == {"Location": f"{DATA}/sobjects/{INVOICE}/{head['body']['id']}"}
    (record,) = org.records(ITEM)
    assert (record["Id"], record["Invoice__c"]) == (item["body"]["id"], head["body"]["id"])
    (again,) = client.graphs(invoice(1)).json()["graphs"]
    assert [node["httpStatusCode"] for node in nodes_of(again)] == [200, 200]


def test_a_failed_graph_leaves_nothing_and_shows_its_culprit_alone(client: OrgClient, org: Org) -> None:
    bad = invoice(1)
    bad["compositeRequest"].append(node("next", "PATCH", f"{ITEM}/Magento_Id__c/i", {"Invoice__c": "@{inv.id}"}))
    bad["compositeRequest"][1]["body"]["Quantity__c"] = 10**14
    failed, fine = client.graphs(bad, invoice(2)).json()["graphs"]
    assert (failed["isSuccessful"], fine["isSuccessful"]) == (False, True)
    assert codes_of(failed) == ["PROCESSING_HALTED", "NUMBER_OUTSIDE_VALID_RANGE", "PROCESSING_HALTED"]
    halted = nodes_of(failed)[0]
    assert halted["body"] == [{"errorCode": "PROCESSING_HALTED", "message": ROLLED_BACK}]
    assert (halted["httpStatusCode"], halted["httpHeaders"]) == (400, {})
    assert [record["Magento_Id__c"] for record in org.records(INVOICE)] == ["main-2"]
    assert {change.external_id for change in org.history} == {"main-2", "main-item-2"}


def test_after_14_failed_graphs_the_rest_is_not_attempted(client: OrgClient, org: Org) -> None:
    graphs = [invoice(number, Status__c="Lost") for number in range(13)]
    graphs += [invoice(13), invoice(14, Status__c="Lost"), invoice(15), invoice(16, Status__c="Lost")]
    answers = client.graphs(*graphs).json()["graphs"]
    assert [answer["isSuccessful"] for answer in answers] == [False] * 13 + [True] + [False] * 3
    assert codes_of(answers[14])[0] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    assert codes_of(answers[15]) == codes_of(answers[16]) == ["PROCESSING_HALTED"] * 2
    assert [record["Magento_Id__c"] for record in org.records(INVOICE)] == ["main-13"]


def test_a_note_and_its_record_are_made_once_however_often_they_are_sent(client: OrgClient, org: Org) -> None:
    client.graphs(invoice(1))
    first = client.graphs(comment(5, "Hello<br>there")).json()["graphs"][0]
    second = client.graphs(comment(5, "Hello<br>there")).json()["graphs"][0]
    assert first["isSuccessful"] is True
    assert codes_of(second) == ["PROCESSING_HALTED", "PROCESSING_HALTED", "DUPLICATE_VALUE", "PROCESSING_HALTED"]
    (record,) = org.records(COMMENT)
    assert org.notes_of(str(record["Invoice__c"])) == [("Magento comment", "Hello<br>there", "Hello\nthere")]
    assert org.orphan_notes() == []
    shop = [
        {
            "entity_id": 1,
            "increment_id": "000000001",
            "items": [{"entity_id": 1}],
            "comments": [{"entity_id": 5, "comment": " Hello\r\nthere\x00 "}, {"entity_id": 6, "comment": "  "}],
        }
    ]
    assert compare(shop, org).equal, str(compare(shop, org))


def test_two_clients_at_once_make_one_note(client: OrgClient, org: Org) -> None:
    client.graphs(invoice(1))
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: client.graphs(comment(5, "x")).json()["graphs"][0], range(8)))
    assert sum(answer["isSuccessful"] for answer in answers) == 1
    assert (org.created["ContentNote"], org.created[COMMENT]) == (1, 1)


@pytest.mark.parametrize("reference", ["@{inv.Id}", "@{inv}", "@{nobody.id}", "a comment with @{ braces }"])
def test_a_reference_that_leads_nowhere_fails_its_graph(client: OrgClient, org: Org, reference: str) -> None:
    wrong = invoice(1)
    wrong["compositeRequest"][1]["body"]["Name"] = reference
    (answer,) = client.graphs(wrong).json()["graphs"]
    assert "Invalid reference specified." in nodes_of(answer)[1]["body"][0]["message"]
    assert org.records(INVOICE) == []


def test_after_a_get_the_id_is_spelled_with_a_capital(client: OrgClient) -> None:
    client.graphs(invoice(1))
    wrong = comment(5, "x")
    wrong["compositeRequest"][2]["body"]["Invoice__c"] = "@{inv.id}"
    (answer,) = client.graphs(wrong).json()["graphs"]
    assert nodes_of(answer)[2]["body"][0]["message"].startswith("Invalid reference specified. No value for inv.id")


def test_a_missing_record_fails_its_graph_with_404(client: OrgClient, org: Org) -> None:
    (answer,) = client.graphs(comment(5, "x", parent=9)).json()["graphs"]
    assert nodes_of(answer)[0]["httpStatusCode"] == 404
    assert codes_of(answer) == ["NOT_FOUND", *["PROCESSING_HALTED"] * 3]
    assert org.records("ContentNote") == []


def test_an_external_id_found_twice_fails_its_graph_and_names_both(client: OrgClient, org: Org) -> None:
    client.graphs(invoice(1))
    second = org.make_duplicate_external_id(INVOICE, "main-1")
    (answer,) = client.graphs(invoice(1)).json()["graphs"]
    head = nodes_of(answer)[0]
    assert (answer["isSuccessful"], head["httpStatusCode"], len(head["body"])) == (False, 300, 2)
    assert head["body"][1].endswith(second)


def test_a_lock_strikes_one_graph_once(client: OrgClient, org: Org) -> None:
    org.lock(INVOICE, lambda record: record["Magento_Id__c"] == "main-2")
    answers = client.graphs(invoice(1), invoice(2)).json()["graphs"]
    assert [answer["isSuccessful"] for answer in answers] == [True, False]
    assert codes_of(answers[1])[0] == "UNABLE_TO_LOCK_ROW"
    assert client.graphs(invoice(2)).json()["graphs"][0]["isSuccessful"] is True


def _chain(length: int) -> dict[str, Any]:
    refs = [f"n{place}" for place in range(length)]
    bodies = [{"Title": "t" if place == 0 else f"@{{{refs[place - 1]}.id}}"} for place in range(length)]
    return graph("g", *(node(ref, "POST", "ContentNote", body) for ref, body in zip(refs, bodies, strict=True)))


def _kinds(number: int) -> dict[str, Any]:
    """Nodes of that many kinds: version, method and object together make one."""
    nodes = [node(f"n{place}", "GET", f"Thing{place}__c/Key__c/1") for place in range(number)]
    return graph("g", *nodes)


def _wide(graph_id: str, number: int) -> dict[str, Any]:
    return graph(graph_id, *(node(f"n{place}", "POST", "ContentNote", {"Title": "t"}) for place in range(number)))


@pytest.mark.parametrize(
    ("graphs", "accepted"),
    [
        ([_wide(str(number), 1) for number in range(75)], True),
        ([_wide(str(number), 1) for number in range(76)], False),
        ([_wide("a", 500)], True),
        ([_wide("a", 250), _wide("b", 251)], False),
        ([_chain(15)], True),
        ([_chain(16)], False),
        ([_kinds(15)], True),
        ([_kinds(16)], False),
        ([_wide("x" * 39, 1)], True),
        ([_wide("x" * 40, 1)], False),
        ([_wide("main-1", 1)], True),
        ([_wide("main.1", 1)], False),
        ([_wide("-1", 1)], False),
        ([_wide("a", 1), _wide("a", 1)], False),
        ([graph("a", node("r", "GET", "X/1"), node("r", "GET", "X/2"))], False),
        ([graph("a", node("r-1", "GET", "X/1"))], False),
        ([graph("a", {"method": "GET", "url": f"{DATA}/query?q=x", "referenceId": "r"})], False),
        ([graph("a", node("r", "PUT", "X/1"))], False),
        ([graph("a")], False),
        ([], False),
    ],
)
def test_a_call_beyond_the_limits_is_refused_whole(
    client: OrgClient, org: Org, graphs: list[dict[str, Any]], accepted: bool
) -> None:
    answer = client.graphs(*graphs)
    assert (answer.status_code == 200) is accepted
    if not accepted:
        status, code = error_of(answer)
        assert status == 400
        assert code in {"INVALID_INPUT", "LIMIT_EXCEEDED"}
        assert org.records("ContentNote") == []


def test_a_call_of_more_than_5_mb_is_refused_whole(client: OrgClient) -> None:
    big = _wide("a", 1)
    big["compositeRequest"][0]["body"]["Content"] = "A" * 5_000_000
    assert error_of(client.graphs(big)) == (413, "REQUEST_ENTITY_TOO_LARGE")


def test_an_answer_that_is_lost_was_committed(org: Org) -> None:
    app = create_app(org, client_id="key", client_secret="secret")
    faults, _ = install(app)
    with Server(app) as server:
        client = OrgClient(server.url, app.extensions["salesforce"])
        with client.session:
            client.sign_in()
            faults.add(lost(), path="composite/graph")
            with pytest.raises(requests.ConnectionError):
                client.graphs(invoice(1))
            (answer,) = client.graphs(invoice(1)).json()["graphs"]
    assert [node["httpStatusCode"] for node in nodes_of(answer)] == [200, 200]
    assert org.created[INVOICE] == 1
