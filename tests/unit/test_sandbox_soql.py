"""The sandbox reads SOQL as Salesforce does: its literals, its comparisons and its complaints."""

import re
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simple_salesforce.format import format_soql

from daemon.sandbox.salesforce.http.query import run_query
from daemon.sandbox.salesforce.http.soql import parse_query
from daemon.sandbox.salesforce.org import ApiError, Org

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


def answer(org: Org, query: str) -> list[dict[str, object]]:
    found = run_query(org, query, "v66.0")
    assert isinstance(found, list)
    return found


def names(org: Org, condition: str) -> list[object]:
    query = f"SELECT Name FROM Magento_Invoice__c WHERE {condition} ORDER BY Name"
    return [record["Name"] for record in answer(org, query)]


def refusal(org: Org, query: str) -> ApiError:
    with pytest.raises(ApiError) as caught:
        run_query(org, query, "v66.0")
    return caught.value


@pytest.fixture
def org() -> Org:
    org = Org()
    for number, total in (("A1", "10"), ("B2", "20.5"), ("C%3", "30")):
        body = {
            "Magento_Id__c": f"main-{number}",
            "Name": number,
            "Grand_Total__c": Decimal(total),
            "Invoice_Date__c": f"2026-11-{total[:2]}T00:00:00Z",
        }
        org.create("Magento_Invoice__c", body)
    return org


@given(texts)
def test_a_quoted_text_is_read_as_it_was_meant(text: str) -> None:
    query = parse_query(format_soql("SELECT Id FROM Note WHERE Title = {}", text))
    assert query.conditions[0].values == (text,)


@given(st.lists(texts, min_size=1, max_size=5))
def test_a_quoted_list_is_read_as_it_was_meant(values: list[str]) -> None:
    query = parse_query(format_soql("SELECT Id FROM Note WHERE Title IN {}", values))
    assert query.conditions[0].values == tuple(values)


@given(texts)
def test_a_text_is_found_by_the_query_that_quotes_it(text: str) -> None:
    org, number = Org(), f"x{text[:20]}x"  # blanks at its ends would be trimmed; 20 emoji and two letters are 42
    org.create("Magento_Invoice__c", {"Magento_Id__c": "main-1", "Order_Number__c": number})
    quoted = format_soql("SELECT Id FROM Magento_Invoice__c WHERE Order_Number__c = {}", number)
    assert len(answer(org, quoted)) == 1


@given(st.sampled_from([c for c in map(chr, range(32, 127)) if c not in "nNrRtTbBfFuU\"'\\"]))
def test_any_other_backslash_is_an_error(char: str) -> None:
    error = refusal(Org(), f"SELECT Id FROM Note WHERE Title = 'a\\{char}'")
    assert error.code == "MALFORMED_QUERY"
    assert f"Illegal character sequence '\\{char}'" in error.message


@given(st.text(max_size=40))
def test_whatever_the_text_a_query_ends_in_records_or_a_refusal(tail: str) -> None:
    with suppress(ApiError):
        run_query(Org(), f"SELECT Id FROM Magento_Invoice__c WHERE {tail}", "v66.0")


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("Magento_Id__c = 'MAIN-a1'", ["A1"]),
        ("Magento_Id__c IN ('main-A1', 'main-B2', 'main-none')", ["A1", "B2"]),
        ("Magento_Id__c NOT IN ('main-A1')", ["B2", "C%3"]),
        ("Name != 'a1'", ["B2", "C%3"]),
        ("Name LIKE '_2'", ["B2"]),
        ("Name LIKE 'c\\%%'", ["C%3"]),
        ("Name LIKE 'a\\%%'", []),
        ("Grand_Total__c >= 20.5", ["B2", "C%3"]),
        ("Grand_Total__c < 20.5 AND Name > 'A'", ["A1"]),
        ("Invoice_Date__c > 2026-11-19T23:59:59+00:00 AND Invoice_Date__c <= 2026-11-20T00:00:00Z", ["B2"]),
        ("IsDeleted = false AND Status__c = null", ["A1", "B2", "C%3"]),
    ],
)
def test_conditions_choose_as_salesforce_compares(org: Org, condition: str, found: list[str]) -> None:
    assert names(org, condition) == found


def test_a_record_is_found_by_its_id_of_either_length(org: Org) -> None:
    record = org.find("Magento_Invoice__c", "Name", "B2")
    assert record is not None
    record_id = str(record["Id"])
    assert names(org, f"Id = '{record_id}'") == names(org, f"Id = '{record_id[:15]}'") == ["B2"]


def test_order_limit_and_count(org: Org) -> None:
    newest = answer(org, "select Name from magento_invoice__c order by Invoice_Date__c desc limit 2")
    assert [record["Name"] for record in newest] == ["C%3", "B2"]
    assert run_query(org, "SELECT COUNT() FROM Magento_Invoice__c WHERE Grand_Total__c > 10", "v66.0") == 2


def test_a_relationship_is_followed_to_its_record(org: Org) -> None:
    parent = org.find("Magento_Invoice__c", "Name", "B2")
    assert parent is not None
    item = {"Magento_Id__c": "main-item-1", "Name": "x", "Invoice__c": parent["Id"]}
    org.create("Magento_Invoice_Item__c", item)
    (found,) = answer(
        org,
        "SELECT Id, Invoice__r.Name, Invoice__r.Grand_Total__c FROM Magento_Invoice_Item__c "
        "WHERE Invoice__r.Magento_Id__c = 'main-B2'",
    )
    url = f"/services/data/v66.0/sobjects/Magento_Invoice__c/{parent['Id']}"
    attributes = {"type": "Magento_Invoice__c", "url": url}
    assert found["Invoice__r"] == {"attributes": attributes, "Name": "B2", "Grand_Total__c": Decimal("20.5")}
    assert refusal(org, "SELECT Nobody__r.Name FROM Magento_Invoice_Item__c").code == "INVALID_FIELD"


def test_the_notes_of_a_record_are_found_by_their_links(org: Org) -> None:
    (parent, other, _) = org.records("Magento_Invoice__c")
    notes = [org.create("ContentNote", {"Title": title}) for title in ("a", "b")]
    for note, record in zip(notes, (parent, other), strict=True):
        link = {"ContentDocumentId": note, "LinkedEntityId": record["Id"], "ShareType": "V"}
        org.create("ContentDocumentLink", link)
    found = answer(
        org,
        "SELECT ContentDocumentId, LinkedEntityId, ContentDocument.Title FROM ContentDocumentLink "
        f"WHERE LinkedEntityId IN ('{parent['Id']}') AND ContentDocument.FileType = 'SNOTE'",
    )
    assert [(link["ContentDocumentId"], link["LinkedEntityId"]) for link in found] == [(notes[0], parent["Id"])]
    assert "'Title': 'a'" in str(found[0]["ContentDocument"])


def test_instants_are_read_with_their_offset() -> None:
    query = parse_query("SELECT Id FROM Note WHERE CreatedDate > 2026-11-22T05:00:00+05:00")
    assert query.conditions[0].values == (datetime(2026, 11, 22, tzinfo=UTC),)


@pytest.mark.parametrize(
    ("query", "code", "words"),
    [
        ("SELECT Id FORM Note", "MALFORMED_QUERY", "unexpected token: 'FORM'"),
        ("SELECT Id FROM Note WHERE", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        ("SELECT Id FROM Note WHERE Title = 'open", "MALFORMED_QUERY", "unexpected token: '''"),
        ("SELECT Id FROM Note WHERE Title IN ()", "MALFORMED_QUERY", "unexpected token: ')'"),
        ("SELECT Nothing FROM Note", "INVALID_FIELD", "No such column 'Nothing' on entity 'Note'."),
        ("SELECT Id FROM Nothing__c", "INVALID_TYPE", "sObject type 'Nothing__c' is not supported."),
        ("SELECT Id FROM Note WHERE Body = 'x'", "INVALID_FIELD", "field 'Body' can not be filtered"),
        ("SELECT Id FROM Note WHERE Title = 5", "INVALID_FIELD", "must be of type string and should be enclosed"),
        ("SELECT Id FROM Note WHERE Id = 'x'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: x"),
        ("SELECT Id FROM ContentDocumentLink", "MALFORMED_QUERY", "ContentDocumentLink requires a filter"),
    ],
)
def test_a_wrong_query_is_refused_with_its_place(query: str, code: str, words: str) -> None:
    error = refusal(Org(), query)
    assert error.code == code
    assert words in error.message
    assert re.match(r"\n.*\n *\^\nERROR at Row:\d+:Column:\d+\n", error.message)


def test_a_text_of_more_than_4000_characters_is_refused() -> None:
    assert answer(Org(), f"SELECT Id FROM Note WHERE Title = '{'x' * 4000}'") == []
    assert refusal(Org(), f"SELECT Id FROM Note WHERE Title = '{'x' * 4001}'").code == "MALFORMED_QUERY"
