"""What the check of an org says of each way that it may differ from what is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from daemon.errors import Unreachable
from daemon.mapping import InvoiceMapping
from daemon.salesforce.fit import FieldShape, Finding, Fit, ObjectShape, OrgShape, check_org, shape_of
from daemon.salesforce.fit.shipped import SHIPPED
from daemon.salesforce.setup.components import shipped
from daemon.sandbox.salesforce.http.describe import describe_object
from daemon.sandbox.salesforce.org import Org
from tests.builders import settings

INVOICE, ITEM, COMMENT = "Magento_Invoice__c", "Magento_Invoice_Item__c", "Magento_Invoice_Comment__c"
Change = Callable[[OrgShape], OrgShape]


def ours() -> OrgShape:
    """The default objects, as the sandbox describes them."""
    org = Org()
    names = (INVOICE, ITEM, COMMENT, "ContentNote", "ContentDocumentLink", "Note")
    return OrgShape({name: shape_of(describe_object(org, name, "v66.0").body, name) for name in names})


def field(object_name: str, name: str, **traits: Any) -> Change:
    def change(shape: OrgShape) -> OrgShape:
        described = shape.get(object_name)
        assert described is not None
        assert described.field(name), name
        fields = tuple(replace(f, **traits) if f.name == name else f for f in described.fields)
        return OrgShape({**shape.objects, object_name: replace(described, fields=fields)})

    return change


def added(object_name: str, name: str, **traits: Any) -> Change:
    def change(shape: OrgShape) -> OrgShape:
        described = shape.get(object_name)
        assert described is not None
        fields = (*described.fields, FieldShape(name=name, **traits))
        return OrgShape({**shape.objects, object_name: replace(described, fields=fields)})

    return change


def gone(object_name: str, name: str) -> Change:
    def change(shape: OrgShape) -> OrgShape:
        described = shape.get(object_name)
        assert described is not None
        fields = tuple(f for f in described.fields if f.name != name)
        return OrgShape({**shape.objects, object_name: replace(described, fields=fields)})

    return change


def object_is(object_name: str, **traits: Any) -> Change:
    def change(shape: OrgShape) -> OrgShape:
        described = shape.get(object_name)
        assert described is not None
        return OrgShape({**shape.objects, object_name: replace(described, **traits)})

    return change


def no_object(name: str) -> Change:
    return lambda shape: OrgShape({**shape.objects, name: None})


def checked(*changes: Change, currencies: tuple[str, ...] = (), **values: object) -> Fit:
    shape = ours()
    for change in changes:
        shape = change(shape)
    chosen = settings({name.replace("__", "."): value for name, value in values.items()})
    return check_org(shape, chosen, InvoiceMapping(chosen), currencies=currencies)


def only(fit: Fit) -> Finding:
    assert len(fit.findings) == 1, [str(found) for found in fit.findings]
    return fit.findings[0]


def test_our_own_objects_take_all_that_is_sent() -> None:
    found = only(checked())
    assert (found.severity, found.object) == ("ok", INVOICE)


# What the org is like, what is said of it: severity, object, field, words of the sentence, words of what to do.
SHAPES: Mapping[str, tuple[Change, str, str, str | None, str, str]] = {
    "no invoice object": (no_object(INVOICE), "error", INVOICE, None, "cannot see it", "Permission Sets"),
    "no item object": (no_object(ITEM), "error", ITEM, None, "cannot see it", "salesforce setup"),
    "no right to create": (
        object_is(INVOICE, createable=False), "error", INVOICE, None, "may not create", "Object Settings"),
    "no right to change": (
        object_is(ITEM, updateable=False), "error", ITEM, None, "may not change", "Object Settings"),
    "no such field, or hidden": (
        gone(INVOICE, "Grand_Total__c"), "error", INVOICE, "Grand_Total__c", "cannot see it", "`Grand_Total__c: null`"),
    "read-only": (
        field(INVOICE, "Tax__c", createable=False, updateable=False), "error", INVOICE, "Tax__c", "read-only",
        "Permission Sets"),
    "on creation only": (
        field(INVOICE, "Tax__c", updateable=False), "error", INVOICE, "Tax__c", "new record only", "Permission Sets"),
    "auto-number": (
        field(INVOICE, "Name", createable=False, updateable=False, auto_number=True), "error", INVOICE, "Name",
        "auto-number", "`Name: null`"),
    "formula": (
        field(INVOICE, "Tax__c", createable=False, updateable=False, calculated=True), "error", INVOICE, "Tax__c",
        "formula", "`Tax__c: null`"),
    "no key": (gone(INVOICE, "Magento_Id__c"), "error", INVOICE, "Magento_Id__c", "tells records", "Permission Sets"),
    "key not an External ID": (
        field(INVOICE, "Magento_Id__c", external_id=False, id_lookup=False), "error", INVOICE, "Magento_Id__c",
        "not an External ID", "Tick External ID"),
    "key for look-ups only": (
        field(INVOICE, "Magento_Id__c", external_id=False), "error", INVOICE, "Magento_Id__c", "looked up",
        "Tick External ID"),
    "key not unique": (
        field(ITEM, "Magento_Id__c", unique=False), "error", ITEM, "Magento_Id__c", "not unique", "Tick Unique"),
    "key too short": (
        field(INVOICE, "Magento_Id__c", length=12), "error", INVOICE, "Magento_Id__c", "need 15", "longer"),
    "key a number": (
        field(INVOICE, "Magento_Id__c", type="double"), "error", INVOICE, "Magento_Id__c", "type double", "Text"),
    "required extra field": (
        added(INVOICE, "Region__c", nillable=False), "error", INVOICE, "Region__c", "nothing is mapped",
        "give it a default"),
    "number into a date": (
        field(INVOICE, "Grand_Total__c", type="date"), "error", INVOICE, "Grand_Total__c", "takes no numbers", "type"),
    "text into a number": (
        field(INVOICE, "Customer_Name__c", type="double"), "error", INVOICE, "Customer_Name__c", "takes no texts",
        "type"),
    "text into a lookup": (
        field(INVOICE, "Customer_Name__c", type="reference"), "error", INVOICE, "Customer_Name__c", "type reference",
        "external ID"),
    "instant into a number": (
        field(INVOICE, "Invoice_Date__c", type="double"), "error", INVOICE, "Invoice_Date__c", "dates", "type"),
    "fingerprint does not fit": (
        field(INVOICE, "Sync_Fingerprint__c", length=20), "error", INVOICE, "Sync_Fingerprint__c", "have 32", "longer"),
    "status not in the picklist": (
        field(INVOICE, "Status__c", values=("Open", "Paid"), restricted=True), "warning", INVOICE, "Status__c",
        "without Canceled (missing)", "activate"),
    "no status in the picklist": (
        field(INVOICE, "Status__c", values=("New",), restricted=True), "error", INVOICE, "Status__c",
        "without Open, Paid, Canceled", "activate"),
    "status inactive": (
        field(INVOICE, "Status__c", values=("Open", "Paid"), inactive=("Canceled",), restricted=True), "warning",
        INVOICE, "Status__c", "Canceled (inactive)", "activate"),
    "free texts in a restricted picklist": (
        field(INVOICE, "Store_Name__c", type="picklist", restricted=True, values=("A",)), "warning", INVOICE,
        "Store_Name__c", "other values", "take other values"),
    "shortened, cut": (
        field(ITEM, "Product_Name__c", length=40), "warning", ITEM, "Product_Name__c", "cut to it", "longer"),
    "shortened, refused": (
        field(ITEM, "SKU__c", length=40), "warning", ITEM, "SKU__c", "make their invoice fail", "longer"),
    "few digits": (
        field(INVOICE, "Grand_Total__c", precision=8, scale=4), "warning", INVOICE, "Grand_Total__c", "4 digits",
        "length"),
    "few decimals": (
        field(INVOICE, "Grand_Total__c", type="currency", precision=18, scale=2), "warning", INVOICE, "Grand_Total__c",
        "rounds", "decimal places"),
    "name into an e-mail field": (
        field(INVOICE, "Customer_Name__c", type="email", length=255), "warning", INVOICE, "Customer_Name__c",
        "addresses only", "text field"),
    "required, not always there": (
        field(INVOICE, "Customer_Email__c", nillable=False), "warning", INVOICE, "Customer_Email__c", "is required",
        "optional"),
    "item hangs on something else": (
        field(ITEM, "Invoice__c", reference_to=("Account",)), "error", ITEM, "Invoice__c", "but to Account",
        "settings.yaml"),
    "item's parent hidden": (gone(ITEM, "Invoice__c"), "error", ITEM, "Invoice__c", "hangs the record", "Permission"),
    "item's parent read-only": (
        field(ITEM, "Invoice__c", createable=False, updateable=False), "error", ITEM, "Invoice__c", "read-only",
        "Permission"),
    "item not reparentable": (
        field(ITEM, "Invoice__c", updateable=False), "warning", ITEM, "Invoice__c", "only new items", "reparenting"),
    "notes off": (no_object("ContentNote"), "error", "ContentNote", None, "enhanced notes are off", "Chatter"),
    "no comment object": (no_object(COMMENT), "error", COMMENT, None, "made twice", "Permission Sets"),
    "comment key not unique": (
        field(COMMENT, "Magento_Id__c", unique=False), "error", COMMENT, "Magento_Id__c", "not unique", "Tick Unique"),
    "comment field hidden": (
        gone(COMMENT, "Note_Id__c"), "error", COMMENT, "Note_Id__c", "cannot see it", "Permission Sets"),
    "comment text short": (
        field(COMMENT, "Body__c", length=32_768), "warning", COMMENT, "Body__c", "longer comments fail", "longer"),
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_each_shape_of_an_org_has_its_finding_with_what_to_do(name: str) -> None:
    change, severity, object_name, field_name, sentence, mend = SHAPES[name]
    found = only(checked(change))
    assert (found.severity, found.object, found.field) == (severity, object_name, field_name)
    assert sentence in found.sentence
    assert mend in found.hint
    assert found.part == ("notes" if object_name in {COMMENT, "ContentNote"} else "invoices")


def test_notes_that_are_off_are_told_apart_by_their_kind() -> None:
    found = only(checked(no_object("Note"), salesforce__note__type="note"))
    assert (found.severity, found.part) == ("error", "notes")
    assert "classic notes are off" in found.sentence
    assert "content_note" in found.hint
    link = only(checked(object_is("ContentDocumentLink", createable=False)))
    assert (link.object, link.part) == ("ContentDocumentLink", "notes")
    assert "may not create" in link.sentence


def test_all_is_said_at_once() -> None:
    fit = checked(gone(INVOICE, "Tax__c"), field(ITEM, "Magento_Id__c", unique=False), no_object(COMMENT))
    assert [found.object for found in fit.findings] == [INVOICE, ITEM, COMMENT]
    assert [found.object for found in fit.errors("invoices")] == [INVOICE, ITEM]
    assert [found.object for found in fit.errors("notes")] == [COMMENT]


def test_what_is_not_sent_is_not_asked_for() -> None:
    assert only(checked(no_object(ITEM), salesforce__item__object=None)).severity == "ok"
    assert only(checked(no_object(COMMENT), invoices__synchronize_notes=False)).severity == "ok"
    assert only(checked(no_object(COMMENT), salesforce__comment__object=None)).severity == "ok"
    assert only(checked(gone(INVOICE, "Tax__c"), salesforce__invoice__fields={"Tax__c": None})).severity == "ok"
    assert only(checked(no_object("ContentNote"), salesforce__note__type="note")).severity == "ok"


def test_a_comment_record_that_may_not_change_its_invoice_is_no_finding_since_it_never_does() -> None:
    assert only(checked(field(COMMENT, "Invoice__c", updateable=False))).severity == "ok"


def test_values_are_spelled_as_the_org_s_fields_take_them() -> None:
    fit = checked(
        field(INVOICE, "Store_Id__c", type="string", length=20),
        field(INVOICE, "Invoice_Date__c", type="date"),
        added(INVOICE, "Virtual__c", type="boolean", nillable=False),
        field(ITEM, "Product_Name__c", length=40),
        salesforce__invoice__fields={"Virtual__c": "order.is_virtual"},
    )
    assert not fit.errors("invoices")
    assert fit.traits.invoice.as_text == {"Store_Id__c"}
    assert fit.traits.invoice.as_date == {"Invoice_Date__c"}
    assert fit.traits.invoice.as_checkbox == {"Virtual__c"}
    assert fit.traits.item.rooms == {"Product_Name__c": 40}
    assert not fit.traits.fixed_parent


def test_an_item_s_parent_that_may_not_change_is_a_trait_only_where_an_item_cannot_be_without_one() -> None:
    assert checked(field(ITEM, "Invoice__c", updateable=False)).traits.fixed_parent
    loose = checked(field(ITEM, "Invoice__c", updateable=False, nillable=True))
    assert not loose.traits.fixed_parent
    assert loose.errors("invoices")


def test_the_order_s_currency_is_sent_where_records_have_one_and_an_inactive_code_is_said() -> None:
    picklist = {"type": "picklist", "length": 3, "restricted": True, "values": ("USD", "EUR"), "inactive": ("SEK",)}
    fit = checked(added(INVOICE, "CurrencyIsoCode", defaulted=True, **picklist), currencies=("USD", "SEK"))
    assert fit.traits.invoice.currency
    assert not fit.traits.item.currency
    found = only(fit)
    assert (found.severity, found.field) == ("warning", "CurrencyIsoCode")
    assert "SEK" in found.sentence
    assert "not active" in found.sentence
    assert "Manage Currencies" in found.hint
    sources = InvoiceMapping(settings(), fit.traits).invoice_sources
    assert sources["CurrencyIsoCode"].path == "invoice.order_currency_code"
    left_out = settings({"salesforce.invoice.fields": {"CurrencyIsoCode": None}})
    assert "CurrencyIsoCode" not in InvoiceMapping(left_out, fit.traits).invoice_sources


ACCOUNT = ObjectShape(name="Account", fields=(FieldShape(name="Number__c", external_id=True, length=20),))
LOOKUP = {"type": "reference", "relationship": "Account__r", "reference_to": ("Account",)}


def with_account(account: ObjectShape | None, **traits: Any) -> Change:
    lookup = added(INVOICE, "Account__c", **{**LOOKUP, **traits})
    return lambda shape: lookup(OrgShape({**shape.objects, "Account": account}))


def by_account(change: Change) -> Fit:
    return checked(change, salesforce__invoice__fields={"Account__r.Number__c": "order.customer_id"})


def test_a_parent_is_found_by_its_external_id_spelled_as_that_takes_it() -> None:
    fit = by_account(with_account(ACCOUNT))
    assert only(fit).severity == "ok"
    assert fit.traits.invoice.as_text == {"Account__r.Number__c"}


@pytest.mark.parametrize(
    ("change", "object_name", "sentence"),
    [
        (lambda shape: shape, INVOICE, "leads nowhere"),
        (with_account(None), INVOICE, "cannot see"),
        (with_account(replace(ACCOUNT, fields=(FieldShape(name="Name"),))), "Account", "does not exist"),
        (with_account(replace(ACCOUNT, fields=(FieldShape(name="Number__c", length=20),))), "Account", "External ID"),
        (with_account(ACCOUNT, createable=False, updateable=False), INVOICE, "read-only"),
        (with_account(ACCOUNT, reference_to=("Account", "Lead")), INVOICE, "2 objects"),
    ],
)
def test_a_parent_that_cannot_be_found_is_an_error(change: Change, object_name: str, sentence: str) -> None:
    found = only(by_account(change))
    assert (found.severity, found.object) == ("error", object_name)
    assert sentence in found.sentence


BODY: dict[str, Any] = {
    "name": "X__c", "createable": True, "updateable": True, "queryable": True,
    "fields": [{"name": "A__c", "type": "string", "nillable": True, "createable": True, "updateable": True,
                "defaultedOnCreate": False}],
}  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        None, [], "<html>", {}, {**BODY, "name": "Y__c"}, {**BODY, "fields": None}, {**BODY, "fields": []},
        {**BODY, "createable": "yes"}, {**BODY, "fields": [{"name": "A__c"}]}, {**BODY, "fields": ["A__c"]},
        {**BODY, "fields": [{**BODY["fields"][0], "length": "long"}]},
        {**BODY, "fields": [{**BODY["fields"][0], "picklistValues": [{"active": True}]}]},
    ],
)  # fmt: skip
def test_a_description_that_cannot_be_read_is_refused(body: object) -> None:
    assert shape_of(BODY, "X__c").field("a__C") is not None
    with pytest.raises(Unreachable, match="description of X__c cannot be read"):
        shape_of(body, "X__c")


def test_a_person_is_sent_to_setup_for_what_it_ships_and_for_nothing_else() -> None:
    assert {one.name for one in shipped() if one.type == "CustomObject"} == set(SHIPPED)
    for name, fields in SHIPPED.items():
        ships = {one.name.partition(".")[2] for one in shipped() if one.type == "CustomField" and one.object == name}
        assert fields == ships
    assert "salesforce setup" in only(checked(gone(ITEM, "SKU__c"))).hint
    assert "salesforce setup" in only(checked(field(INVOICE, "Tax__c", createable=False, updateable=False))).hint
    assert "salesforce setup" in only(checked(field(INVOICE, "Magento_Id__c", unique=False))).hint
    assert "salesforce setup" in only(checked(object_is(INVOICE, createable=False))).hint
    theirs = only(checked(salesforce__invoice__fields={"Region__c": "invoice.store_id"}))
    assert "salesforce setup" not in theirs.hint
    hidden = only(checked(no_object("Invoice"), salesforce__invoice__object="Invoice", salesforce__item__object=None,
                          invoices__synchronize_notes=False))  # fmt: skip
    assert "salesforce setup" not in hidden.hint
