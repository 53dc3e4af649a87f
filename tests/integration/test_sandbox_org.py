"""The sandbox's org keeps, and refuses, records as Salesforce does, and is compared with a shop."""

import base64
import html
from collections.abc import Iterator
from typing import Any

import pytest

from daemon.sandbox.comparison import compare
from daemon.sandbox.salesforce.org import Org
from daemon.sandbox.salesforce.org.ids import normal_id, with_checksum
from tests.integration.org_client import DATA, INVOICE, OrgClient, client_of, error_of


@pytest.fixture
def org() -> Org:
    return Org()


@pytest.fixture
def client(org: Org) -> Iterator[OrgClient]:
    with client_of(org) as client:
        yield client


def test_an_upsert_creates_once_and_then_updates(client: OrgClient, org: Org) -> None:
    created, updated = client.upsert("main-1", Name="000000001"), client.upsert("main-1", Name="000000002")
    assert (created.status_code, created.json()["created"]) == (201, True)
    assert created.headers["Location"] == f"{DATA}/sobjects/{INVOICE}/{created.json()['id']}"
    assert (updated.status_code, updated.json()["created"]) == (200, False)
    assert created.json()["id"] == updated.json()["id"]
    assert [change.operation for change in org.history] == ["create", "update"]


def test_ids_carry_their_object_s_prefix_and_a_right_checksum(client: OrgClient) -> None:
    record_id = client.upsert("main-1").json()["id"]
    assert record_id == with_checksum(record_id[:15])
    assert record_id.startswith("a00")
    assert normal_id(record_id[:15]) == record_id
    assert normal_id(record_id.lower()) is None
    for documented in ("001D000000IRFmaIAH", "001R0000005hDFYIA2"):
        assert with_checksum(documented[:15]) == documented


@pytest.mark.parametrize(
    ("fields", "code", "words"),
    [
        ({"Name": "x" * 81}, "STRING_TOO_LONG", "Name: data value too large: " + "x" * 81 + " (max length=80)"),
        ({"Name": "😀" * 41}, "STRING_TOO_LONG", "(max length=80)"),
        ({"Name": 5}, "JSON_PARSER_ERROR", "Cannot deserialize instance of string from VALUE_NUMBER_INT value 5"),
        ({"Grand_Total__c": 10**14}, "NUMBER_OUTSIDE_VALID_RANGE", "Grand Total: value outside of valid range"),
        ({"Grand_Total__c": "much"}, "JSON_PARSER_ERROR", "instance of double from VALUE_STRING value much"),
        ({"Status__c": "Lost"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "bad value for restricted picklist"),
        ({"Invoice_Date__c": "2026-11-22 01:02:03"}, "JSON_PARSER_ERROR", "instance of datetime"),
        ({"Customer_Email__c": "nobody"}, "INVALID_EMAIL_ADDRESS", "invalid email address: nobody"),
        ({"Nothing__c": 1}, "INVALID_FIELD", "No such column 'Nothing__c' on sobject of type Magento_Invoice__c"),
        ({"Magento_Id__c": "main-1"}, "INVALID_FIELD", "should not be specified in the sobject data"),
        ({"CreatedDate": "2026-11-22T00:00:00Z"}, "INVALID_FIELD_FOR_INSERT_UPDATE", "CreatedDate"),
    ],
)
def test_a_wrong_value_is_refused_in_salesforce_s_words(
    client: OrgClient, org: Org, fields: dict[str, object], code: str, words: str
) -> None:
    answer = client.upsert("main-1", **fields)
    assert error_of(answer) == (400, code)
    assert words in answer.json()[0]["message"]
    assert org.records(INVOICE) == []


def test_values_are_kept_as_salesforce_keeps_them(client: OrgClient) -> None:
    record_id = client.upsert(
        "main-1",
        Name="  padded\n",
        Order_Number__c="",
        Grand_Total__c=0.12345,
        Tax__c="12.50",
        Invoice_Date__c="2026-11-22T03:02:03.9+02:00",
    ).json()["id"]
    record = client.call("GET", f"sobjects/{INVOICE}/{record_id}").json()
    assert record["Name"] == "padded"
    assert record["Order_Number__c"] is None
    assert record["Grand_Total__c"] == 0.1235
    assert record["Tax__c"] == 12.5
    assert record["Invoice_Date__c"] == "2026-11-22T01:02:03.000+0000"
    assert record["attributes"] == {"type": INVOICE, "url": f"{DATA}/sobjects/{INVOICE}/{record_id}"}


def test_a_missing_key_leaves_the_value_and_null_clears_it(client: OrgClient, org: Org) -> None:
    client.upsert("main-1", Name="a", Order_Number__c="1")
    client.upsert("main-1", Name="b")
    assert [record["Order_Number__c"] for record in org.records(INVOICE)] == ["1"]
    client.upsert("main-1", Order_Number__c=None)
    assert [record["Order_Number__c"] for record in org.records(INVOICE)] == [None]


def test_a_unique_field_ignores_case_and_names_the_record_in_the_way(client: OrgClient) -> None:
    first = client.upsert("main-1").json()["id"]
    answer = client.call("POST", f"sobjects/{INVOICE}", {"Magento_Id__c": "MAIN-1"})
    assert error_of(answer) == (400, "DUPLICATE_VALUE")
    assert answer.json()[0]["message"] == (
        f"duplicate value found: Magento_Id__c duplicates value on record with id: {first[:15]}"
    )


def test_two_records_with_one_external_id_answer_300(client: OrgClient, org: Org) -> None:
    first = client.upsert("main-1").json()["id"]
    second = org.make_duplicate_external_id(INVOICE, "main-1")
    answer = client.upsert("main-1", Name="x")
    assert answer.status_code == 300
    assert answer.json() == [f"{DATA}/sobjects/{INVOICE}/{record_id}" for record_id in (first, second)]


def test_a_parent_is_named_by_id_or_by_external_id_and_must_exist(client: OrgClient, org: Org) -> None:
    parent = client.upsert("main-1").json()["id"]
    path = "sobjects/Magento_Invoice_Item__c"
    named = {"Magento_Id__c": "main-item-1", "Invoice__r": {"Magento_Id__c": "main-1"}}
    assert client.call("POST", path, named).status_code == 201
    assert client.call("POST", path, {"Magento_Id__c": "main-item-2", "Invoice__c": parent}).status_code == 201
    assert {record["Invoice__c"] for record in org.records("Magento_Invoice_Item__c")} == {parent}
    for invoice, code in (
        (with_checksum("a005gXzzzzzzzzz"), "INVALID_CROSS_REFERENCE_KEY"),
        ("nothing", "MALFORMED_ID"),
        (None, "REQUIRED_FIELD_MISSING"),
    ):
        body = {"Magento_Id__c": "main-item-3", "Invoice__c": invoice}
        assert error_of(client.call("POST", path, body)) == (400, code)
    named = {"Magento_Id__c": "main-item-3", "Invoice__r": {"Magento_Id__c": "main-9"}}
    assert error_of(client.call("POST", path, named)) == (400, "INVALID_FIELD")


def test_a_detail_that_may_not_change_its_master_refuses_even_the_same_one(client: OrgClient, org: Org) -> None:
    parent = client.upsert("main-1").json()["id"]
    path = "sobjects/Magento_Invoice_Item__c/Magento_Id__c/main-item-1"
    org.change_field("Magento_Invoice_Item__c", "Invoice__c", reparentable=False)
    assert client.call("PATCH", path, {"Invoice__c": parent}).status_code == 201
    answer = client.call("PATCH", path, {"Invoice__c": parent})
    assert error_of(answer) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")
    assert client.call("PATCH", path, {"Name": "x"}).status_code == 200


def test_a_deleted_master_takes_its_details_and_links_with_it(client: OrgClient, org: Org) -> None:
    parent = client.upsert("main-1").json()["id"]
    client.call("POST", "sobjects/Magento_Invoice_Item__c", {"Magento_Id__c": "i", "Invoice__c": parent})
    content = base64.b64encode(b"two<br>lines").decode()
    note = client.call("POST", "sobjects/ContentNote", {"Title": "t", "Content": content}).json()["id"]
    link = {"ContentDocumentId": note, "LinkedEntityId": parent, "ShareType": "V"}
    assert client.call("POST", "sobjects/ContentDocumentLink", link).status_code == 201
    assert org.notes_of(parent) == [("t", "two<br>lines", "two\nlines")]
    org.delete(INVOICE, parent)
    assert (org.records("Magento_Invoice_Item__c"), org.notes_of(parent)) == ([], [])
    assert [orphan["Id"] for orphan in org.orphan_notes()] == [note]
    assert error_of(client.call("PATCH", f"sobjects/{INVOICE}/{parent}", {})) == (404, "ENTITY_IS_DELETED")


@pytest.mark.parametrize("text", ["a < b", "a & b", "<script>x</script>", "<b>open", "a\x07b"])
def test_a_note_of_unescaped_text_cannot_be_saved(client: OrgClient, text: str) -> None:
    content = base64.b64encode(text.encode()).decode()
    answer = client.call("POST", "sobjects/ContentNote", {"Title": "t", "Content": content})
    assert answer.status_code == 400
    assert "Note can't be saved" in answer.json()[0]["message"]


def test_the_newlines_of_a_note_vanish(client: OrgClient) -> None:
    content = base64.b64encode(b"one\ntwo<br>three &amp; four").decode()
    note = client.call("POST", "sobjects/ContentNote", {"Title": "t", "Content": content}).json()["id"]
    assert client.call("GET", f"sobjects/ContentNote/{note}/Content").content == b"onetwo<br>three &amp; four"


def test_a_classic_note_stays_with_the_parent_it_was_made_for(client: OrgClient, org: Org) -> None:
    first, second = (client.upsert(name).json()["id"] for name in ("main-1", "main-2"))
    note = client.call("POST", "sobjects/Note", {"ParentId": first, "Title": "t", "Body": "a < b\nc"}).json()["id"]
    assert org.notes_of(first) == [("t", "a < b\nc", "a < b\nc")]
    moved = client.call("PATCH", f"sobjects/Note/{note}", {"ParentId": second})
    assert error_of(moved) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")
    too_long = client.call("PATCH", f"sobjects/Note/{note}", {"Body": "x" * 32_001})
    assert error_of(too_long) == (400, "STRING_TOO_LONG")
    org.delete(INVOICE, first)
    assert org.records("Note") == []


def test_rules_locks_and_triggers_strike_single_records(client: OrgClient, org: Org) -> None:
    rule = org.add_rule(INVOICE, lambda record: record["Name"] == "bad", "Not this one", ["Name"])
    assert error_of(client.upsert("main-1", Name="bad")) == (400, "FIELD_CUSTOM_VALIDATION_EXCEPTION")
    assert client.upsert("main-1", Name="good").status_code == 201
    rule.remove()
    assert client.upsert("main-1", Name="bad").status_code == 200
    org.lock(INVOICE, lambda _: True)
    locked = client.upsert("main-1", Name="good")
    assert error_of(locked) == (400, "UNABLE_TO_LOCK_ROW")
    assert client.upsert("main-1", Name="good").status_code == 200


def test_a_comparison_finds_what_is_lost_doubled_left_over_and_different(client: OrgClient, org: Org) -> None:
    shop: list[dict[str, Any]] = [
        {"entity_id": number, "increment_id": f"{number:09d}", "state": 2, "grand_total": 24.7, "items": []}
        for number in (1, 2, 3)
    ]
    for number in (1, 2, 4):
        client.upsert(f"main-{number}", Name=f"{number:09d}", Status__c="Paid", Grand_Total__c=24.7)
    client.upsert("main-2", Grand_Total__c=24.71)
    org.make_duplicate_external_id(INVOICE, "main-1")
    found = compare(shop, org)
    assert found.lost == ["main-3"]
    assert [text.partition(":")[0] for text in found.doubled] == ["main-1"]
    assert found.orphans == ["main-4"]
    assert found.differing == ["main-2: Grand_Total__c is Decimal('24.7100'), not Decimal('24.7000')"]


def _commented(client: OrgClient, *texts: str) -> str:
    """Invoice 1 with a note for each of these texts; its record id."""
    parent: str = client.upsert("main-1", Name="000000001").json()["id"]
    for number, text in enumerate(texts):
        content = base64.b64encode(html.escape(text).replace("\n", "<br>").encode()).decode()
        note = client.call("POST", "sobjects/ContentNote", {"Title": "t", "Content": content}).json()["id"]
        link = {"ContentDocumentId": note, "LinkedEntityId": parent, "ShareType": "V"}
        client.call("POST", "sobjects/ContentDocumentLink", link)
        record = {"Magento_Id__c": f"main-comment-{number}", "Invoice__c": parent, "Note_Id__c": note}
        client.call("POST", "sobjects/Magento_Invoice_Comment__c", record)
    return parent


def _shop(*texts: str) -> list[dict[str, Any]]:
    comments = [{"entity_id": number, "comment": text} for number, text in enumerate(texts)]
    return [{"entity_id": 1, "increment_id": "000000001", "comments": comments}]


@pytest.mark.parametrize("text", ["Zoë & <b>Kö</b> said:\r\n\r\n  'ok' ", "\x01odd\x0b 😀\xa0日本", "\r\nx\ty\n"])
def test_a_comparison_reads_notes_as_people_do(client: OrgClient, org: Org, text: str) -> None:
    clean = "".join(char for char in text.replace("\r\n", "\n").strip() if char not in "\x01\x0b")
    _commented(client, clean)
    found = compare(_shop(text), org)
    assert found.equal, str(found)


def test_a_comparison_accepts_a_cut_text_with_its_mark_and_no_other(client: OrgClient, org: Org) -> None:
    long = "".join(f"{number} " for number in range(20_000))
    _commented(client, long[:90_000] + "… (cut)", long[:90_000], long[:900] + "…")
    found = compare(_shop(long, long, long), org)
    assert len(found.lost) == 2
    assert len(found.orphans) == 2


def test_a_comparison_finds_second_foreign_and_orphaned_notes(client: OrgClient, org: Org) -> None:
    _commented(client, "hello", "hello", "by hand")
    client.call("POST", "sobjects/ContentNote", {"Title": "nowhere"})
    found = compare(_shop("hello"), org)
    assert found.doubled == ["main-1: a second note 't'"]
    assert found.orphans[0] == "main-1: a foreign note 't'"
    assert found.orphans[1:3] == ["main-comment-1", "main-comment-2"]
    assert "nowhere" in found.orphans[3]
    assert compare(_shop(), org, notes=False).equal
