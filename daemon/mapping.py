"""Maps an invoice and its items to Salesforce records, with their fingerprint."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from daemon.invoice import Invoice, Item, Value
from daemon.settings.schema import Settings
from daemon.settings.sources import FieldSource
from daemon.spelling import Body, ObjectTraits, OrgTraits, cut, hash_of, spell_instant

INVOICE_FIELDS: Mapping[str, str] = {
    "Name": "invoice.increment_id",
    "Order_Number__c": "order.increment_id",
    "Status__c": "invoice.status",
    "Invoice_Date__c": "invoice.created_at",
    "Currency__c": "invoice.order_currency_code",
    "Grand_Total__c": "invoice.grand_total",
    "Subtotal__c": "invoice.subtotal",
    "Tax__c": "invoice.tax_amount",
    "Shipping__c": "invoice.shipping_amount",
    "Discount__c": "invoice.discount_amount",
    "Base_Currency__c": "invoice.base_currency_code",
    "Base_Grand_Total__c": "invoice.base_grand_total",
    "Total_Quantity__c": "invoice.total_qty",
    "Customer_Name__c": "order.customer_name",
    "Customer_Email__c": "order.customer_email",
    "Store_Id__c": "invoice.store_id",
    "Store_Name__c": "order.store_name",
    "Billing_Address__c": "order.billing_address",
    "Magento_URL__c": "invoice.admin_url",
    "Magento_Updated_At__c": "invoice.updated_at",
    "Sync_Fingerprint__c": "invoice.fingerprint",
}
ITEM_FIELDS: Mapping[str, str] = {
    "Name": "item.name",
    "SKU__c": "item.sku",
    "Product_Name__c": "item.name",
    "Quantity__c": "item.qty",
    "Price__c": "item.price",
    "Row_Total__c": "item.row_total",
    "Tax__c": "item.tax_amount",
    "Discount__c": "item.discount_amount",
}
# Room of our own fields for texts that people write freely. Longer texts are cut, with a mark, so that no invoice is
# rejected for a long product name; a Name has 80 characters in every Salesforce object.
ROOM = {"Name": 80, "Product_Name__c": 255, "Customer_Name__c": 255, "Store_Name__c": 255, "Billing_Address__c": 1000}
CURRENCY = "CurrencyIsoCode"
"""The platform's own field for a record's currency, in orgs with several currencies only."""
# Values that change with every version without any news, and the fingerprint itself.
_NOT_IN_FINGERPRINT = frozenset({"invoice.updated_at", "invoice.fingerprint"})
_NOT_PRIVATE = frozenset({"increment_id", "store_name"})
# Magento's fields that an order's derived values are made of.
_ORDER_PARTS = {
    "customer_name": (
        *(f"customer_{part}" for part in ("prefix", "firstname", "middlename", "lastname", "suffix")),
        "billing_address",
    ),
}


@dataclass(frozen=True, slots=True)
class InvoiceRecord:
    """An invoice's record for Salesforce. Keys are Salesforce's fields; external IDs stand apart.

    ``private``: the customer's data in the record, so that it can be kept out of the state and the log.
    """

    entity_id: int
    external_id: str
    body: Body
    items: tuple[tuple[str, Body], ...]
    fingerprint: str
    private: tuple[str, ...] = ()


class InvoiceMapping:
    """The default mapping with the settings' changes; ``traits``: the spelling that the org needs."""

    def __init__(self, settings: Settings, traits: OrgTraits | None = None) -> None:
        self.traits = traits or OrgTraits()
        self._prefix = settings.magento.name
        self._admin_url = settings.magento.admin_url
        self._invoice = _sources(INVOICE_FIELDS, settings.salesforce.invoice.fields, self.traits.invoice)
        self._items = settings.salesforce.item.object is not None
        self._item = _sources(ITEM_FIELDS, settings.salesforce.item.fields, self.traits.item) if self._items else {}

    @property
    def invoice_sources(self) -> Mapping[str, FieldSource]:
        """Return the source of each field of an invoice's record."""
        return self._invoice

    @property
    def item_sources(self) -> Mapping[str, FieldSource]:
        """Return the source of each field of an item's record; empty when items are not sent."""
        return self._item

    @cached_property
    def order_fields(self) -> frozenset[str]:
        """Return Magento's names of the order fields that the mapping needs; empty when no field needs an order."""
        names: set[str] = set()
        for source in [*self._invoice.values(), *self._item.values()]:
            root, _, name = (source.path or "").partition(".")
            if root == "order":
                names.update(_ORDER_PARTS.get(name, (name.split(".")[0],)))
        return frozenset(names)

    @property
    def digest(self) -> str:
        """Return a digest of the mapping: after a change, rejected records are worth another try."""
        spelled = [[sorted((f, s.model_dump()) for f, s in part.items())] for part in (self._invoice, self._item)]
        return hash_of(spelled if self.traits == OrgTraits() else [spelled, self.traits.spelled()])

    def record_of(self, invoice: Invoice) -> InvoiceRecord:
        """Return the invoice's record with its items' records."""
        body: Body = {}
        signed: Body = {}
        for field, source in self._invoice.items():
            if source.path == "invoice.fingerprint":
                continue
            value = _spell(field, self._value(source, invoice, None), self.traits.invoice)
            _put(body, field, value)
            if source.path not in _NOT_IN_FINGERPRINT:
                signed[field] = value
        items = tuple((self.item_id(item.entity_id), self._item_body(invoice, item)) for item in self._sent(invoice))
        fingerprint = hash_of([signed, items])
        for field, source in self._invoice.items():
            if source.path == "invoice.fingerprint":
                _put(body, field, fingerprint)
        return InvoiceRecord(
            invoice.entity_id, self.invoice_id(invoice.entity_id), body, items, fingerprint, _private(invoice)
        )

    def invoice_id(self, entity_id: int) -> str:
        """Return an invoice's external ID, made from entity_id: the number is unique only within a store."""
        return f"{self._prefix}-{entity_id}"

    def item_id(self, entity_id: int) -> str:
        """Return an item's external ID."""
        return f"{self._prefix}-item-{entity_id}"

    def comment_id(self, entity_id: int) -> str:
        """Return a comment's external ID."""
        return f"{self._prefix}-comment-{entity_id}"

    def _sent(self, invoice: Invoice) -> Iterable[Item]:
        return invoice.items if self._items else ()

    def _item_body(self, invoice: Invoice, item: Item) -> Body:
        body: Body = {}
        for field, source in self._item.items():
            _put(body, field, _spell(field, self._value(source, invoice, item), self.traits.item))
        return body

    def _value(self, source: FieldSource, invoice: Invoice, item: Item | None) -> Value | float:
        if source.path is None:
            return source.value
        root, _, name = source.path.partition(".")
        if root == "item":
            return item.values.get(name) if item else None
        if root == "order":
            return invoice.order.values.get(name) if invoice.order else None
        if name == "status":
            return invoice.state.capitalize()
        if name == "admin_url":
            # The order's page: the secret keys of Magento's admin break a link to the invoice.
            return self._admin_url and f"{self._admin_url}/sales/order/view/order_id/{invoice.order_id}/"
        typed: dict[str, Value] = {"created_at": invoice.created_at, "updated_at": invoice.updated_at}
        return typed.get(name, invoice.values.get(name))


def _private(invoice: Invoice) -> tuple[str, ...]:
    values = invoice.order.values if invoice.order else {}
    texts = [value for name, value in values.items() if name not in _NOT_PRIVATE and isinstance(value, str)]
    return tuple({part.strip() for text in texts for part in (text, *text.splitlines()) if len(part.strip()) > 2})


def _sources(
    default: Mapping[str, str], changes: Mapping[str, FieldSource | None], traits: ObjectTraits
) -> dict[str, FieldSource]:
    fields: dict[str, FieldSource | None] = {field: FieldSource(path=path) for field, path in default.items()}
    if traits.currency:
        fields[CURRENCY] = FieldSource(path="invoice.order_currency_code")
    fields.update(changes)
    return {field: source for field, source in fields.items() if source is not None}


def _put(body: Body, field: str, value: Any) -> None:
    """Put a value into the body; a key with a dot names a parent by its external ID, and needs a value."""
    parent, dot, key = field.partition(".")
    if not dot:
        body[field] = value
    elif value is not None:
        body[parent] = {key: value}


def _spell(field: str, value: Value | float, traits: ObjectTraits) -> Any:
    """Return the value for JSON: instants with their Z, numbers exact, texts cut to their room."""
    if isinstance(value, datetime):
        return traits.spell(field, spell_instant(value))
    if isinstance(value, str) and field in ROOM:
        return cut(value.strip(), min(ROOM[field], traits.rooms.get(field, ROOM[field])), "…")
    if isinstance(value, Decimal) and value == value.to_integral_value() and abs(value.adjusted()) < 30:
        value = int(value)
    return traits.spell(field, value)
