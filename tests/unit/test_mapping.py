"""An invoice is spelled in Salesforce's fields as the settings say, and its fingerprint covers all that is sent."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from daemon.invoice import Invoice, Value
from daemon.mapping import InvoiceMapping, InvoiceRecord
from tests import builders
from tests.builders import EARLIER

WHOLE: dict[str, Value] = {
    "increment_id": "000000007",
    "order_currency_code": "EUR",
    "grand_total": Decimal("45.6600"),
    "subtotal": Decimal("39.98"),
    "tax_amount": Decimal("0.6800"),
    "shipping_amount": 5,
    "discount_amount": Decimal("-0.0"),
    "base_currency_code": "USD",
    "base_grand_total": Decimal("49.98"),
    "total_qty": Decimal("2.0000"),
    "store_id": 1,
}


def invoice(**values: Value) -> Invoice:
    return builders.invoice(
        items=[
            builders.item(
                3,
                name="T-shirt",
                sku="TEE-1",
                qty=Decimal("2.0000"),
                price=Decimal("19.99"),
                row_total=Decimal("39.98"),
                tax_amount=Decimal("0.68"),
                discount_amount=None,
            )
        ],
        of=builders.order(
            increment_id="000000070",
            customer_name="Jane Doe",
            customer_email="jane@example.com",
            store_name="Main / English",
            billing_address="Jane Doe\n1 Main St",
            customer_id=12,
        ),
        values={**WHOLE, **values},
    )


def record(shown: Invoice | None = None, **changes: object) -> InvoiceRecord:
    settings = builders.settings({name.replace("__in__", "."): value for name, value in changes.items()})
    return InvoiceMapping(settings).record_of(shown or invoice())


def mapped(**fields: object) -> InvoiceRecord:
    """The record with these fields added to the invoice's mapping."""
    settings = builders.settings({"salesforce.invoice.fields": fields})
    return InvoiceMapping(settings).record_of(invoice())


def test_the_default_mapping_field_by_field() -> None:
    settings = builders.settings({"magento.admin_url": "https://shop.example.com/admin", "magento.name": "eu"})
    found = InvoiceMapping(settings).record_of(invoice())
    assert found.entity_id == 7
    assert found.external_id == "eu-7"
    assert found.body == {
        "Name": "000000007",
        "Order_Number__c": "000000070",
        "Status__c": "Paid",
        "Invoice_Date__c": "2026-11-22T08:00:00Z",
        "Currency__c": "EUR",
        "Grand_Total__c": Decimal("45.66"),
        "Subtotal__c": Decimal("39.98"),
        "Tax__c": Decimal("0.68"),
        "Shipping__c": 5,
        "Discount__c": 0,
        "Base_Currency__c": "USD",
        "Base_Grand_Total__c": Decimal("49.98"),
        "Total_Quantity__c": 2,
        "Customer_Name__c": "Jane Doe",
        "Customer_Email__c": "jane@example.com",
        "Store_Id__c": 1,
        "Store_Name__c": "Main / English",
        "Billing_Address__c": "Jane Doe\n1 Main St",
        "Magento_URL__c": "https://shop.example.com/admin/sales/order/view/order_id/70/",
        "Magento_Updated_At__c": "2026-11-22T08:00:00Z",
        "Sync_Fingerprint__c": found.fingerprint,
    }
    assert found.items == (
        (
            "eu-item-3",
            {
                "Name": "T-shirt",
                "SKU__c": "TEE-1",
                "Product_Name__c": "T-shirt",
                "Quantity__c": 2,
                "Price__c": Decimal("19.99"),
                "Row_Total__c": Decimal("39.98"),
                "Tax__c": Decimal("0.68"),
                "Discount__c": None,
            },
        ),
    )


def test_external_ids_name_the_shop_and_the_kind() -> None:
    mapping = InvoiceMapping(builders.settings({"magento.name": "eu"}))
    assert (mapping.invoice_id(7), mapping.item_id(7), mapping.comment_id(7)) == ("eu-7", "eu-item-7", "eu-comment-7")


def test_without_an_order_or_an_admin_url_their_fields_are_cleared() -> None:
    body = record(builders.invoice(values=WHOLE)).body
    for field in ("Order_Number__c", "Customer_Name__c", "Billing_Address__c", "Magento_URL__c"):
        assert body[field] is None


def test_a_field_can_be_replaced_removed_and_added() -> None:
    body = mapped(Name="order.increment_id", Tax__c=None, Tax_2__c={"path": "invoice.tax_amount"}).body
    assert body["Name"] == "000000070"
    assert "Tax__c" not in body
    assert body["Tax_2__c"] == Decimal("0.68")


@pytest.mark.parametrize("value", ["Magento", 5, 2.5, True, False, "", None])
def test_a_constant_is_sent_as_it_stands(value: object) -> None:
    assert mapped(Source__c={"value": value}).body["Source__c"] == value


def test_a_parent_is_named_by_its_external_id_and_left_alone_without_one() -> None:
    parents: dict[str, Any] = {"Account__r.Magento_Id__c": "order.customer_id", "Other__r.Key__c": "order.nothing"}
    body = mapped(**parents).body
    assert body["Account__r"] == {"Magento_Id__c": 12}
    assert not [field for field in body if "." in field or field.startswith("Other")]


def test_an_unknown_path_is_empty() -> None:
    body = mapped(A__c="invoice.nothing", B__c="order.nothing").body
    assert (body["A__c"], body["B__c"]) == (None, None)


def test_an_item_may_take_from_its_invoice_and_order() -> None:
    fields = {"Number__c": "invoice.increment_id", "Order__c": "order.increment_id", "SKU__c": None}
    settings = builders.settings({"salesforce.item.fields": fields})
    ((_, body),) = InvoiceMapping(settings).record_of(invoice()).items
    assert (body["Number__c"], body["Order__c"]) == ("000000007", "000000070")
    assert "SKU__c" not in body


def test_items_are_not_sent_where_their_object_is_null() -> None:
    mapping = InvoiceMapping(builders.settings({"salesforce.item.object": None}))
    assert mapping.record_of(invoice()).items == ()


def test_free_texts_are_cut_to_the_room_that_they_have() -> None:
    body = record(
        builders.invoice(number="7" * 90, of=builders.order(customer_name=" x" * 200, billing_address="a" * 1001))
    ).body
    assert body["Name"] == "7" * 79 + "…"
    assert len(body["Customer_Name__c"]) <= 255
    assert body["Customer_Name__c"].endswith("…")
    assert body["Billing_Address__c"] == "a" * 999 + "…"


@pytest.mark.parametrize(("state", "word"), [("open", "Open"), ("paid", "Paid"), ("canceled", "Canceled")])
def test_the_status_is_spelled_as_the_picklist_has_it(state: str, word: str) -> None:
    assert record(builders.invoice(state=state)).body["Status__c"] == word


@pytest.mark.parametrize(
    "number", [Decimal("1E+40"), Decimal("1E+1000000"), Decimal("0.12345678901234567890123456789")]
)
def test_a_number_without_measure_is_sent_as_it_is_for_salesforce_to_judge(number: Decimal) -> None:
    assert record(invoice(grand_total=number)).body["Grand_Total__c"] == number


# --- the fingerprint


def test_the_fingerprint_does_not_see_the_change_stamp() -> None:
    later = builders.invoice(values=WHOLE, updated_at=EARLIER + timedelta(hours=1))
    assert record(later).fingerprint == record(builders.invoice(values=WHOLE)).fingerprint
    assert record(later).body["Magento_Updated_At__c"] == "2026-11-22T09:00:00Z"


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_the_fingerprint_sees_every_value_that_is_sent(name: str) -> None:
    assert record(invoice(**{name: "changed"})).fingerprint != record().fingerprint


def test_the_fingerprint_does_not_see_what_is_not_sent() -> None:
    assert record(invoice(transaction_id="ch_1")).fingerprint == record().fingerprint
    assert record(invoice(grand_total=Decimal("45.66"))).fingerprint == record().fingerprint


def test_the_fingerprint_sees_order_items_state_and_mapping() -> None:
    fingerprints = [
        record().fingerprint,
        record(builders.invoice(values=WHOLE)).fingerprint,
        record(builders.invoice(values=WHOLE, state="open")).fingerprint,
        record(builders.invoice(values=WHOLE, items=[builders.item(3)])).fingerprint,
        record(builders.invoice(values=WHOLE, items=[builders.item(4)])).fingerprint,
        record(builders.invoice(values=WHOLE, items=[builders.item(3, sku="A")])).fingerprint,
        mapped(Source__c={"value": 1}).fingerprint,
        mapped(Tax__c=None).fingerprint,
    ]
    assert len(set(fingerprints)) == len(fingerprints)


def test_the_fingerprint_goes_to_whatever_field_is_mapped_to_it() -> None:
    found = mapped(Sync_Fingerprint__c=None, Hash__c="invoice.fingerprint")
    assert found.body["Hash__c"] == found.fingerprint
    assert "Sync_Fingerprint__c" not in found.body


# --- what is needed, and what is private


def test_an_order_is_read_for_just_what_the_mapping_needs() -> None:
    assert InvoiceMapping(builders.settings()).order_fields == {
        "increment_id", "customer_prefix", "customer_firstname", "customer_middlename", "customer_lastname",
        "customer_suffix", "billing_address", "customer_email", "store_name",
    }  # fmt: skip


def test_no_order_is_read_where_no_field_needs_one() -> None:
    fields = ("Order_Number__c", "Customer_Name__c", "Customer_Email__c", "Store_Name__c", "Billing_Address__c")
    settings = builders.settings({"salesforce.invoice.fields": dict.fromkeys(fields)})
    assert InvoiceMapping(settings).order_fields == frozenset()


def test_an_item_can_need_the_order_too() -> None:
    settings = builders.settings({"salesforce.item.fields": {"City__c": "order.billing_address.city"}})
    assert "billing_address" in InvoiceMapping(settings).order_fields


def test_the_mapping_has_a_digest_that_changes_with_it() -> None:
    digests = [
        InvoiceMapping(builders.settings(changes)).digest
        for changes in (
            {},
            {"salesforce.invoice.fields": {"Tax__c": None}},
            {"salesforce.invoice.fields": {"Tax__c": "invoice.subtotal"}},
            {"salesforce.item.fields": {"SKU__c": None}},
            {"salesforce.item.object": None},
        )
    ]
    assert len(set(digests)) == 5
    assert InvoiceMapping(builders.settings({"schedule.overlap": "5m"})).digest == digests[0]


def test_what_is_a_customers_is_known_as_private() -> None:
    private = record().private
    assert {"Jane Doe", "jane@example.com", "1 Main St", "Jane Doe\n1 Main St"} <= set(private)
    assert not {"000000070", "Main / English"} & set(private)
