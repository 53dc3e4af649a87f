"""Compares an org with a shop: the org must hold every invoice, item and comment once, and nothing else."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from daemon.sandbox.comparison.sameness import amount_of, instant_of, normal_text, same_text, text_of
from daemon.sandbox.salesforce.org import NoteSeen, Org, Value

Wire: TypeAlias = Mapping[str, Any]

STATUSES = {1: "Open", 2: "Paid", 3: "Canceled"}
# The record's columns with Magento's names of the same values. An amount that Magento leaves out may be null or 0.
INVOICE_TEXTS = {
    "Name": "increment_id",
    "Currency__c": "order_currency_code",
    "Base_Currency__c": "base_currency_code",
}
INVOICE_NUMBERS = {
    "Grand_Total__c": "grand_total",
    "Subtotal__c": "subtotal",
    "Tax__c": "tax_amount",
    "Shipping__c": "shipping_amount",
    "Discount__c": "discount_amount",
    "Base_Grand_Total__c": "base_grand_total",
    "Total_Quantity__c": "total_qty",
    "Store_Id__c": "store_id",
}
ITEM_NUMBERS = {
    "Quantity__c": "qty",
    "Price__c": "price",
    "Row_Total__c": "row_total",
    "Tax__c": "tax_amount",
    "Discount__c": "discount_amount",
}


@dataclass
class Comparison:
    """The differences, each in a sentence with the name of its record."""

    in_magento: int = 0
    in_salesforce: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        """Return whether there is no difference."""
        return not (self.lost or self.doubled or self.orphans or self.differing)

    def __str__(self) -> str:
        parts = [f"{self.in_magento} invoices in Magento, {self.in_salesforce} in Salesforce"]
        for name in ("lost", "doubled", "orphans", "differing"):
            found: list[str] = getattr(self, name)
            parts.append(f"{len(found)} {name}" + (f": {'; '.join(found[:10])}" if found else ""))
        return ", ".join(parts)


def compare(shop_invoices: Iterable[Wire], org: Org, *, prefix: str = "main", notes: bool = True) -> Comparison:
    """Compare invoices from Magento's REST API with the records and notes of an org.

    The comparison knows the contract's list of fields, and nothing of the code that filled the org. It expects a
    comment on its own invoice, with its record and exactly one note; without `notes` it ignores comments.
    """
    return _Comparing(org, prefix).run(list(shop_invoices), notes=notes)


class _Comparing:
    def __init__(self, org: Org, prefix: str) -> None:
        self._org = org
        self._prefix = prefix
        self._result = Comparison()
        self._invoices = _by_external_id(org, "Magento_Invoice__c")
        self._items = _by_external_id(org, "Magento_Invoice_Item__c")
        self._comments = _by_external_id(org, "Magento_Invoice_Comment__c")

    def run(self, invoices: Sequence[Wire], *, notes: bool) -> Comparison:
        self._result.in_magento = len(invoices)
        self._result.in_salesforce = sum(map(len, self._invoices.values()))
        for invoice in invoices:
            self._compare_invoice(invoice, notes=notes)
        self._collect_left_over(notes=notes)
        return self._result

    def _compare_invoice(self, invoice: Wire, *, notes: bool) -> None:
        key = f"{self._prefix}-{invoice['entity_id']}"
        record = self._take(self._invoices, key)
        if record is None:
            return
        for column, name in INVOICE_TEXTS.items():
            self._expect(key, column, record, text_of(invoice.get(name)))
        for column, name in INVOICE_NUMBERS.items():
            self._expect_number(key, column, record, invoice.get(name))
        self._expect(key, "Status__c", record, STATUSES.get(int(invoice.get("state") or 0)))
        self._expect(key, "Invoice_Date__c", record, instant_of(invoice.get("created_at")))
        for item in invoice.get("items") or ():
            self._compare_item(item, record)
        if notes:
            self._compare_comments(key, invoice.get("comments") or (), record)

    def _compare_item(self, item: Wire, invoice: Mapping[str, Value]) -> None:
        key = f"{self._prefix}-item-{item['entity_id']}"
        record = self._take(self._items, key)
        if record is None:
            return
        self._expect(key, "Invoice__c", record, invoice["Id"])
        for column, name in ITEM_NUMBERS.items():
            self._expect_number(key, column, record, item.get(name))

    def _compare_comments(self, invoice_key: str, comments: Iterable[Wire], invoice: Mapping[str, Value]) -> None:
        unmatched = self._org.notes_of(str(invoice["Id"]))
        note_ids = set(self._org.note_ids_of(str(invoice["Id"])))
        wanted: list[str] = []
        for comment in comments:
            text = normal_text(str(comment.get("comment") or ""))
            if not text:
                continue
            wanted.append(text)
            key = f"{self._prefix}-comment-{comment['entity_id']}"
            record = self._take(self._comments, key)
            if record is not None:
                self._expect(key, "Invoice__c", record, invoice["Id"])
                note_id = record["Note_Id__c"]
                if str(note_id).startswith("069") and note_id not in note_ids:
                    self._result.differing.append(f"{key}: its note {note_id} is not on its invoice")
            match = _take_match(unmatched, text)
            if match is None:
                self._result.lost.append(f"{key}: no note on {invoice_key} with its text")
        for note in unmatched:
            again = any(same_text(text, note.text) for text in wanted)
            (self._result.doubled if again else self._result.orphans).append(
                f"{invoice_key}: a {'second' if again else 'foreign'} note {note.title!r}"
            )

    def _take(self, records: dict[str, list[Mapping[str, Value]]], key: str) -> Mapping[str, Value] | None:
        found = records.pop(key, [])
        if not found:
            self._result.lost.append(key)
            return None
        if len(found) > 1:
            self._result.doubled.append(f"{key}: {', '.join(str(record['Id']) for record in found)}")
        return found[0]

    def _expect(self, key: str, column: str, record: Mapping[str, Value], wanted: Value) -> None:
        if record.get(column) != wanted:
            self._result.differing.append(f"{key}: {column} is {record.get(column)!r}, not {wanted!r}")

    def _expect_number(self, key: str, column: str, record: Mapping[str, Value], raw: object) -> None:
        if record.get(column) is None and amount_of(raw) == 0:
            return
        self._expect(key, column, record, amount_of(raw))

    def _collect_left_over(self, *, notes: bool) -> None:
        left_over = [*self._invoices, *self._items]
        if notes:
            left_over += self._comments
            left_over += [f"note {note['Id']} {note['Title']!r}" for note in self._org.orphan_notes()]
        self._result.orphans.extend(left_over)


def _by_external_id(org: Org, name: str) -> dict[str, list[Mapping[str, Value]]]:
    found: dict[str, list[Mapping[str, Value]]] = {}
    for record in org.records(name):
        found.setdefault(str(record["Magento_Id__c"]), []).append(record)
    return found


def _take_match(notes: list[NoteSeen], text: str) -> NoteSeen | None:
    for place, note in enumerate(notes):
        if same_text(text, note.text):
            return notes.pop(place)
    return None
