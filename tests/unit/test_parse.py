"""Magento's JSON becomes values once; what is wrong in a row is that row's alone."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from daemon.errors import Unreachable
from daemon.invoice import Invoice, Malformed
from daemon.magento.parse import comments_of, invoice_of, order_of, stamps_of
from daemon.magento.responses import rows_of
from daemon.magento.scalars import clean, digest
from state.values import LARGEST
from tests.builders import comment_row, row


def read(**fields: object) -> Invoice:
    found = invoice_of(row(**fields))  # type: ignore[arg-type]
    assert isinstance(found, Invoice), found
    return found


def refused(**fields: object) -> Malformed:
    found = invoice_of(row(**fields))  # type: ignore[arg-type]
    assert isinstance(found, Malformed), found
    return found


# --- the envelope


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({}, "has no list of items"),
        ({"items": None}, "has no list of items"),
        ({"items": None, "total_count": 3}, "has no list of items"),
        ({"items": {}, "total_count": 0}, "has no list of items"),
        ({"items": "none"}, "has no list of items"),
        ({"items": [[]]}, "has no list of items"),
        ({"items": [{"entity_id": 1}, None]}, "has no list of items"),
        ({"items": [{"entity_id": n} for n in range(1, 5)]}, "has 4 rows where 3 were asked for"),
        ({"items": [{}]}, "without an entity_id"),
        ({"items": [{"entity_id": "1"}]}, "without an entity_id"),
        ({"items": [{"entity_id": True}]}, "without an entity_id"),
        ({"items": [{"entity_id": None}]}, "without an entity_id"),
        ({"items": [{"entity_id": Decimal("1.0")}]}, "without an entity_id"),
        ({"items": [{"entity_id": LARGEST + 1}]}, "without an entity_id"),
        ({"items": [{"entity_id": 2**63}]}, "without an entity_id"),
        ({"items": [{"entity_id": 2}, {"entity_id": 2}]}, "repeats rows"),
        ({"items": [{"entity_id": 3}, {"entity_id": 2}]}, "not in the order"),
        ({"items": [{"entity_id": 0}]}, "not in the order"),
    ],
)
def test_an_envelope_that_cannot_be_believed_is_refused_whole(body: dict[str, Any], why: str) -> None:
    with pytest.raises(Unreachable, match=why) as caught:
        rows_of(body, after_id=0, at_most=3)
    assert caught.value.side == "magento"
    assert "proxy" in (caught.value.hint or "")


def test_rows_at_or_before_the_last_one_read_are_a_page_that_repeats() -> None:
    with pytest.raises(Unreachable, match="repeats rows"):
        rows_of({"items": [{"entity_id": 5}]}, after_id=5, at_most=3)
    assert rows_of({"items": [{"entity_id": 6}]}, after_id=5, at_most=3) == [{"entity_id": 6}]


def test_an_empty_list_may_be_null_when_the_count_says_so_too() -> None:
    assert rows_of({"items": None, "total_count": 0}, after_id=0, at_most=3) == []
    assert rows_of({"items": [], "total_count": 0}, after_id=0, at_most=3) == []


# --- an invoice


def test_an_invoice_is_read_whole() -> None:
    found = read(
        increment_id=" 000000007 ",
        items=[{"entity_id": 4, "sku": "B", "qty": 1}, {"entity_id": 3, "sku": "A", "qty": "2.0000"}],
        comments=[comment_row(9, "second"), comment_row(8, "first", is_customer_notified=1, is_visible_on_front=1)],
    )
    assert found.increment_id == "000000007"
    assert (found.entity_id, found.store_id, found.order_id, found.state) == (7, 1, 70, "paid")
    assert found.currency == "USD"
    assert found.created_at == datetime(2026, 11, 22, 8, tzinfo=UTC)
    assert [(item.entity_id, item.values["sku"], item.values["qty"]) for item in found.items] == [
        (3, "A", Decimal("2.0000")),
        (4, "B", 1),
    ]
    assert [(c.entity_id, c.text, c.customer_notified, c.visible_on_storefront) for c in found.comments] == [
        (8, "first", True, True),
        (9, "second", False, False),
    ]


@pytest.mark.parametrize(("number", "word"), [(1, "open"), (2, "paid"), (3, "canceled"), ("2", "paid")])
def test_states_have_names(number: object, word: str) -> None:
    assert read(state=number).state == word


@pytest.mark.parametrize("name", ["items", "comments"])
def test_missing_or_null_lists_are_empty(name: str) -> None:
    shown = {**row(), name: None}
    found = invoice_of(shown)
    del shown[name]
    for each in (found, invoice_of(shown)):
        assert isinstance(each, Invoice)
        assert getattr(each, name) == ()


def test_nulls_that_magento_leaves_out_are_missed_by_nobody() -> None:
    shown = row()
    for name in ("grand_total", "order_currency_code", "updated_at"):
        del shown[name]
    found = invoice_of(shown)
    assert isinstance(found, Invoice)
    assert (found.grand_total, found.currency, found.updated_at) == (None, None, found.created_at)


@pytest.mark.parametrize("stamp", [None, "", "0000-00-00 00:00:00"])
def test_without_a_change_stamp_the_invoice_changed_when_it_was_created(stamp: object) -> None:
    assert read(updated_at=stamp).updated_at == datetime(2026, 11, 22, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        (Decimal("49.98"), "49.98"),
        ("49.9800", "49.98"),
        (50, "50"),
        ("5e1", "50"),
        (Decimal("1E-4"), "0.0001"),
        ("12345678901234567890.1234", "12345678901234567890.1234"),
        (12345678901234567890, "12345678901234567890"),
        (Decimal("1E+1000000"), "1E+1000000"),
    ],
)
def test_amounts_are_exact_however_they_are_spelled(value: object, amount: str) -> None:
    found = read(grand_total=value)
    assert found.grand_total == Decimal(amount)
    assert isinstance(found.grand_total, Decimal)


@pytest.mark.parametrize("value", [None, ""])
def test_no_amount_is_no_amount(value: object) -> None:
    assert read(grand_total=value).grand_total is None


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"created_at": None}, "it has no date (created_at)"),
        ({"created_at": "0000-00-00 00:00:00"}, "it has no date (created_at)"),
        ({"created_at": "yesterday"}, "its created_at is not a date and time"),
        ({"created_at": 5}, "its created_at is not a date and time"),
        ({"created_at": ["2026-11-22 08:00:00"]}, "its created_at is not a date and time"),
        ({"created_at": "2026-02-30 08:00:00"}, "its created_at is not a date and time"),
        ({"updated_at": "22.11.2026"}, "its updated_at is not a date and time"),
        ({"state": 4}, "its state is 4, which is none of 1 (open), 2 (paid), 3 (canceled)"),
        ({"state": None}, "its state is missing or not a whole number"),
        ({"state": "paid"}, "its state is missing or not a whole number"),
        ({"state": True}, "its state is missing or not a whole number"),
        ({"increment_id": None}, "it has no invoice number (increment_id)"),
        ({"increment_id": " \t"}, "it has no invoice number (increment_id)"),
        ({"increment_id": 7}, "it has no invoice number (increment_id)"),
        ({"store_id": True}, "its store_id is not a whole number"),
        ({"store_id": Decimal("1.5")}, "its store_id is not a whole number"),
        ({"order_id": None}, "its order_id is missing or not a whole number"),
        ({"order_id": LARGEST + 1}, "its order_id is below 0 or too large"),
        ({"order_id": -1}, "its order_id is below 0 or too large"),
        ({"order_id": 10**19}, "its order_id is below 0 or too large"),
        ({"store_id": -1}, "its store_id is below 0 or too large"),
        ({"store_id": 5 * 10**18}, "its store_id is below 0 or too large"),
        ({"state": -1}, "its state is below 0 or too large"),
        ({"order_id": "9" * 19}, "its order_id is missing or not a whole number"),
        ({"grand_total": "NaN"}, "its grand_total is not a number"),
        ({"grand_total": "sNaN"}, "its grand_total is not a number"),
        ({"grand_total": "Infinity"}, "its grand_total is not a number"),
        ({"grand_total": "12,50"}, "its grand_total is not a number"),
        ({"grand_total": True}, "its grand_total is not a number"),
        ({"grand_total": []}, "its grand_total is not a number"),
        ({"items": {}}, "its items are not a list of records"),
        ({"items": ["one"]}, "its items are not a list of records"),
        ({"items": [{"sku": "A"}]}, "an item has no entity_id"),
        ({"items": [{"entity_id": True}]}, "an item has no entity_id"),
        ({"items": [{"entity_id": []}]}, "an item has no entity_id"),
        ({"items": [{"entity_id": {}}, {"entity_id": {}}]}, "an item has no entity_id"),
        ({"items": [{"entity_id": 3}, {"entity_id": 3}]}, "two of its items have one entity_id"),
        ({"items": [{"entity_id": 3}, {"entity_id": "3"}]}, "two of its items have one entity_id"),
        ({"comments": "none"}, "its comments are not a list of records"),
        ({"comments": [{"comment": "x"}]}, "a comment has no entity_id"),
        ({"comments": [comment_row(LARGEST + 1)]}, "the entity_id of a comment is below 1 or too large"),
        ({"comments": [comment_row(0)]}, "the entity_id of a comment is below 1 or too large"),
        ({"items": [{"entity_id": -3}]}, "the entity_id of an item is below 1 or too large"),
        ({"comments": [comment_row(5), comment_row(5)]}, "two of its comments have one entity_id"),
        ({"comments": [comment_row(5, 12)]}, "the text of a comment is not text"),
        ({"comments": [comment_row(5, ["x"])]}, "the text of a comment is not text"),
    ],
)
def test_a_row_that_is_no_invoice_says_why(fields: dict[str, object], reason: str) -> None:
    found = refused(**fields)
    assert found.reason == reason
    assert found.entity_id == 7
    assert found.digest


def test_the_largest_ids_are_ids() -> None:
    found = read(order_id=LARGEST, store_id=0, comments=[comment_row(LARGEST)], items=[{"entity_id": LARGEST}])
    assert (found.order_id, found.store_id) == (LARGEST, 0)
    assert found.comments[0].entity_id == found.items[0].entity_id == LARGEST
    assert rows_of({"items": [{"entity_id": LARGEST}]}, after_id=0, at_most=3)


def test_a_malformed_row_keeps_what_can_be_read_of_it() -> None:
    found = refused(state=9, updated_at="2026-11-22 09:00:00")
    assert found.increment_id == "000000007"
    assert found.created_at == datetime(2026, 11, 22, 8, tzinfo=UTC)
    assert found.updated_at == datetime(2026, 11, 22, 9, tzinfo=UTC)
    assert refused(increment_id=7).increment_id is None


def test_amounts_spelled_as_text_are_numbers_and_other_texts_stay_texts() -> None:
    values = read(base_grand_total="10.50", total_qty="2.0000", transaction_id="007", tax_amount="n/a").values
    assert values["base_grand_total"] == Decimal("10.5")
    assert values["total_qty"] == Decimal(2)
    assert values["transaction_id"] == "007"
    assert values["tax_amount"] == "n/a"


def test_nested_values_have_dotted_names_and_lists_of_texts_become_lines() -> None:
    values = read(
        extension_attributes={"vat": {"id": "DE1"}, "lines": ["a", "b"], "mixed": ["a", 1], "none": []}
    ).values
    assert values["extension_attributes.vat.id"] == "DE1"
    assert values["extension_attributes.lines"] == "a\nb"
    assert "extension_attributes.mixed" not in values
    assert "extension_attributes.none" not in values


def test_flags_of_a_comment_may_be_texts_or_booleans() -> None:
    (found,) = read(comments=[comment_row(5, is_customer_notified=True, is_visible_on_front="1")]).comments
    assert (found.customer_notified, found.visible_on_storefront) == (True, True)
    (found,) = read(comments=[comment_row(5, is_customer_notified=None, is_visible_on_front="0")]).comments
    assert (found.customer_notified, found.visible_on_storefront) == (False, False)


def test_a_comment_without_text_or_stamp_is_a_comment() -> None:
    (found,) = read(comments=[comment_row(5, None, created_at="soon")]).comments
    assert (found.text, found.created_at) == ("", None)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("plain", "plain"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("NUL\x00 bell\x07 escape\x1b[31m", "NUL bell escape[31m"),
        ("del\x7f next\x85 line", "del next line"),
        ("lone \ud83d half", "lone \N{REPLACEMENT CHARACTER} half"),
        ("whole \N{GRINNING FACE} 漢字 é", "whole \N{GRINNING FACE} 漢字 é"),
        ("vertical\x0b form\x0c", "vertical form"),
    ],
)
def test_text_is_cleaned_of_what_neither_sqlite_nor_base64_can_carry(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned
    found = read(comments=[comment_row(5, text)], order_currency_code=text)
    assert found.comments[0].text == found.currency == cleaned
    cleaned.encode()  # nothing is left that cannot be written


def test_the_stamps_and_comments_of_a_row_that_has_nothing_else() -> None:
    shown = {
        "entity_id": 7,
        "updated_at": "2026-11-22 09:00:00",
        "comments": [comment_row(9, "b"), comment_row(8, "a\0")],
    }
    assert stamps_of(shown) == (None, datetime(2026, 11, 22, 9, tzinfo=UTC))
    assert [(found.entity_id, found.text) for found in comments_of(shown)] == [(8, "a"), (9, "b")]


@pytest.mark.parametrize(
    "comments", [None, [], "none", [5], [{}], [comment_row(5, 1)], [comment_row(5), comment_row(5)]]
)
def test_comments_that_cannot_be_understood_are_none_for_now(comments: object) -> None:
    assert comments_of({"entity_id": 7, "comments": comments}) == ()


# --- the digest


def test_the_digest_tells_invoices_apart_by_every_field_and_comment() -> None:
    digests = {
        read().digest,
        read(total_qty=3).digest,
        read(comments=[comment_row(5, "Hello")]).digest,
        read(comments=[comment_row(5, "Hallo")]).digest,
        read(comments=[comment_row(6, "Hello")]).digest,
        read(updated_at="2026-11-22 08:00:01").digest,
    }
    assert len(digests) == 6


def test_the_digest_does_not_see_spelling_order_or_nulls() -> None:
    plain = {"a": Decimal("24.70"), "b": [{"id": 1}, {"id": 2}], "c": 0}
    other = {"c": Decimal("-0.0"), "b": [{"id": 2}, {"id": Decimal("1.0")}], "a": Decimal("24.7"), "d": None}
    assert digest(plain) == digest(other)
    assert digest({"flag": True}) != digest({"flag": 1})


@pytest.mark.parametrize("pair", [("1E+1000000", "2E+1000000"), ("1" * 40 + ".1", "1" * 40 + ".2"), ("1E-9", "2E-9")])
def test_the_digest_tells_apart_even_numbers_without_measure(pair: tuple[str, str]) -> None:
    one, other = (digest({"total": Decimal(number)}) for number in pair)
    assert one != other


# --- an order


def test_an_order_has_its_customer_and_address_as_people_write_them() -> None:
    found = order_of(
        {
            "entity_id": 70,
            "increment_id": "000000070",
            "store_name": "Main Website\r\nMain Store\n\n English ",
            "customer_prefix": "Dr.",
            "customer_firstname": " Jane ",
            "customer_middlename": None,
            "customer_lastname": "Doe",
            "customer_email": "jane@example.com",
            "billing_address": {
                "company": "ACME",
                "firstname": "Janet",
                "lastname": "Doe",
                "street": ["1 Main St", " ", "Floor 2"],
                "postcode": "10001",
                "city": "New York",
                "region": "NY",
                "country_id": "US",
            },
        }
    )
    assert (found.entity_id, found.number) == (70, "000000070")
    assert found.values["customer_name"] == "Dr. Jane Doe"
    assert found.values["store_name"] == "Main Website / Main Store / English"
    assert found.values["billing_address"] == "ACME\nJanet Doe\n1 Main St\nFloor 2\n10001 New York\nNY\nUS"
    assert found.values["billing_address.city"] == "New York"
    assert found.values["customer_email"] == "jane@example.com"


def test_a_guest_is_called_as_in_the_billing_address() -> None:
    found = order_of({"entity_id": 70, "billing_address": {"firstname": "Jane", "lastname": "Doe", "street": "1 St"}})
    assert found.number is None
    assert found.values["customer_name"] == "Jane Doe"
    assert found.values["billing_address"] == "Jane Doe\n1 St"


@pytest.mark.parametrize("address", [None, [], "none", {}, {"street": 5, "city": None}])
def test_an_order_without_a_usable_address_has_none(address: object) -> None:
    found = order_of({"entity_id": 70, "increment_id": 5, "billing_address": address})
    assert (found.number, found.values["customer_name"], found.values["billing_address"]) == (None, None, None)


@pytest.mark.parametrize("gone", [{"store_id": None}, {"store_id": ""}])
def test_an_invoice_whose_store_view_was_deleted_has_no_store(gone: dict[str, object]) -> None:
    found = invoice_of({**row(7), **gone})
    assert isinstance(found, Invoice)
    assert found.store_id is None
