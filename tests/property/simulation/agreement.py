"""Checks at the end of a run that Salesforce holds every record of Magento once, and that the ledger agrees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from daemon.sandbox.comparison import INVOICE_NUMBERS, INVOICE_TEXTS, ITEM_NUMBERS, STATUSES
from daemon.sandbox.comparison.sameness import amount_of, instant_of, normal_text, text_of
from daemon.sandbox.salesforce.org import Org
from daemon.sandbox.salesforce.org.note_html import plain_text
from state.ledger import LedgerRow
from state.notes import NoteRow
from tests.property.simulation.run import Run
from tests.property.simulation.witness import Broken

_INVOICE, _ITEM, _COMMENT = "Magento_Invoice__c", "Magento_Invoice_Item__c", "Magento_Invoice_Comment__c"
Record = Mapping[str, Any]


def note_counts(org: Org, *, but: Collection[str] = ()) -> Counter[int]:
    """Return the number of notes of each comment, without these notes (by Salesforce ID)."""
    titles = (str(note["Title"]) for note in org.records("ContentNote") if note["Id"] not in but)
    return Counter(int(title.split()[2]) for title in titles)


class Agreement:
    """Compares both sides and the ledger, after all due work."""

    def __init__(self, run: Run) -> None:
        assert run.life.store is not None
        self._shop = run.shop
        self._org = run.org.org
        self._witness = run.witness
        self._kept_id = run.org.kept_id
        self._skips = run.rates.skip
        self._rows = {row.entity_id: row for row in run.life.store.ledger.newest()}
        self._notes: dict[int, NoteRow] = run.life.store.notes.known(run.shop.comment_ids())
        self._counts = note_counts(self._org, but=run.witness.left_behind)
        self._marked = run.rates.marked
        self._unreadable = run.unreadable

    def check(self) -> None:
        """Raise Broken at the first fault."""
        for entity_id in self._shop.ids():
            if entity_id not in self._witness.reused:
                self._check_invoice(entity_id)
        self._check_nothing_foreign()

    def _check_invoice(self, entity_id: int) -> None:
        shown, row = self._shop.row(entity_id), self._rows.get(entity_id)
        record = self._org.find(_INVOICE, "Magento_Id__c", f"main-{entity_id}")
        if row is None:
            raise Broken("I1", f"invoice {entity_id} is not in the ledger")
        # A synced invoice stays in Salesforce, and a skipped one needs no order: neither is read again.
        is_decided = row.sync_status in {"synced", "skipped"} and entity_id not in self._shop.shop.invoices.broken
        if not self._unreadable.is_shown(entity_id) and not (is_decided and row.sync_status == "skipped"):
            if not is_decided and (row.sync_status != "failed" or not row.reason):
                raise Broken("I1", f"invoice {entity_id} cannot be shown, and is {row.sync_status}: {row.reason}")
            return
        if row.sync_status == "failed":
            if f"main-{entity_id}" != self._kept_id:
                raise Broken("I1", f"invoice {entity_id} is left failed: {row.reason}")
        elif row.sync_status == "skipped":
            if not (self._skips and (shown["state"] == 3 or amount_of(shown["grand_total"]) == 0)):
                raise Broken("I1", f"invoice {entity_id} is skipped, and no rule says so: {row.reason}")
            # A restored backup of the state does not know what was sent after its making.
            if record is not None and not self._witness.happened["put_back"]:
                raise Broken("I2", f"invoice {entity_id} is skipped, though it is in Salesforce")
        elif row.sync_status == "synced":
            self._check_synced(shown, row, record)
        else:
            raise Broken("L1", f"invoice {entity_id} is left {row.sync_status}: {row.reason}")

    def _check_synced(self, shown: Record, row: LedgerRow, record: Record | None) -> None:
        entity_id = row.entity_id
        if record is None:
            raise Broken("I1", f"invoice {entity_id} is synced, and not in Salesforce")
        if record["Id"] != row.salesforce_id:
            raise Broken("I6", f"invoice {entity_id} is kept as {row.salesforce_id}, and is {record['Id']}")
        wanted: dict[str, Any] = {column: text_of(shown.get(name)) for column, name in INVOICE_TEXTS.items()}
        wanted |= {column: amount_of(shown.get(name)) for column, name in INVOICE_NUMBERS.items()}
        wanted["Status__c"] = STATUSES.get(shown["state"])
        wanted["Invoice_Date__c"] = instant_of(shown["created_at"])
        self._expect(f"invoice {entity_id}", wanted, record)
        for item in shown["items"]:
            found = self._org.find(_ITEM, "Magento_Id__c", f"main-item-{item['entity_id']}")
            if found is None:
                raise Broken("I1", f"item {item['entity_id']} of invoice {entity_id} is not in Salesforce")
            numbers: dict[str, Any] = {column: amount_of(item.get(name)) for column, name in ITEM_NUMBERS.items()}
            self._expect(f"item {item['entity_id']}", {**numbers, "Invoice__c": record["Id"]}, found)
        for comment in shown["comments"]:
            if comment["entity_id"] not in self._witness.reused_comments:
                self._check_comment(comment, record)

    def _expect(self, name: str, wanted: Record, record: Record) -> None:
        for column, value in wanted.items():
            if record.get(column) != value and not (record.get(column) is None and value == 0):
                raise Broken("I2", f"{name}: {column} is {record.get(column)!r}, not {value!r}")

    def _check_comment(self, comment: Record, invoice: Record) -> None:
        comment_id, known = comment["entity_id"], self._witness
        row, text = self._notes.get(comment_id), normal_text(comment["comment"])
        if row is None:
            raise Broken("I3", f"comment {comment_id} was never seen")
        if not text:
            return
        if row.sync_status != "synced":
            if not self._unreadable.is_shown(row.entity_id) and row.reason:
                return
            raise Broken("I3", f"comment {comment_id} is left {row.sync_status}: {row.reason}")
        if self._marked:
            self._check_marked_note(row, text, invoice)
            return
        record = self._org.find(_COMMENT, "Magento_Id__c", f"main-comment-{comment_id}")
        moved = comment_id in known.moved
        if record is None:
            if comment_id not in known.deleted_comments and not (moved and known.deleted_records):
                raise Broken("I3", f"comment {comment_id} has no record in Salesforce")
            return
        self._check_note(comment_id, text, record, None if moved else invoice)

    def _check_note(self, comment_id: int, text: str, record: Record, invoice: Record | None) -> None:
        known = self._witness
        note = self._org.row("ContentNote", str(record["Note_Id__c"]))
        count = self._counts[comment_id]
        if comment_id in known.deleted_notes:
            if count > 1:
                raise Broken("I3", f"comment {comment_id} has {count} notes")
            return
        if comment_id in known.deleted_comments:
            return
        if note is None:
            raise Broken("I3", f"comment {comment_id} has no note")
        if count != 1:
            raise Broken("I3", f"comment {comment_id} has {count} notes")
        if _text_of(note) != text:
            raise Broken("I3", f"comment {comment_id}: its note says something else")
        hangs_on = None if invoice is None else str(invoice["Id"])
        if hangs_on and (record["Invoice__c"] != hangs_on or note["Id"] not in self._org.note_ids_of(hangs_on)):
            raise Broken("I3", f"comment {comment_id}: its note hangs elsewhere")

    def _check_marked_note(self, row: NoteRow, text: str, invoice: Record) -> None:
        """Require a note without a record at the ledger's place; its deletion allows a second one.

        A lost state allows a second note of a moved comment: notes are looked up by their mark at one invoice only.
        """
        comment_id, known = row.comment_id, self._witness
        if self._counts[comment_id] > 1 and not (known.cleared and comment_id in known.moved):
            raise Broken("I3", f"comment {comment_id} has {self._counts[comment_id]} notes")
        note = self._org.row("ContentNote", str(row.note_id))
        if note is None:
            if comment_id not in known.deleted_notes and not (comment_id in known.moved and known.deleted_records):
                raise Broken("I3", f"comment {comment_id} has no note")
            return
        if _text_of(note) != text:
            raise Broken("I3", f"comment {comment_id}: its note says something else")
        if comment_id not in known.moved and note["Id"] not in self._org.note_ids_of(str(invoice["Id"])):
            raise Broken("I3", f"comment {comment_id}: its note hangs elsewhere")

    def _check_nothing_foreign(self) -> None:
        """I4: require that Magento once showed each record in Salesforce."""
        shown = {
            _INVOICE: {f"main-{each}" for each in self._witness.ever_visible},
            _ITEM: {f"main-item-{each}" for each in self._witness.items_shown},
            _COMMENT: {f"main-comment-{each}" for each in self._witness.comments_shown},
        }
        for name, known in shown.items():
            for record in self._org.records(name):
                if record["Magento_Id__c"] not in known:
                    raise Broken("I4", f"{record['Magento_Id__c']} was never shown by Magento")


def _text_of(note: Record) -> str:
    return normal_text(plain_text(str(note["Content"] or ""))).replace("\u2060", "")
