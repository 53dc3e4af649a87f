"""The graphs that we send: an invoice with its items, and the notes of an invoice."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from daemon.mapping import InvoiceRecord
from daemon.notes import NoteRecord
from daemon.salesforce.graphs import MAX_NODES, Graph, Node, Reference
from daemon.settings.schema import Salesforce as SalesforceSettings

INVOICE = "invoice"


@dataclass(frozen=True, slots=True)
class NoteWrite:
    """One comment's write: create it, or edit what is there.

    A comment record without a ``note_id``: somebody deleted the note, and it stays deleted. ``link_id`` hangs the note
    on the invoice, and says who may see it.
    """

    note: NoteRecord
    record_id: str | None = None
    note_id: str | None = None
    link_id: str | None = None

    @property
    def is_edit(self) -> bool:
        """Whether there is something already."""
        return self.record_id is not None or self.note_id is not None


class Writes:
    """Spells graphs by the settings' names of objects and fields."""

    def __init__(self, settings: SalesforceSettings, root: str) -> None:
        self._settings = settings
        self._root = root

    def invoice_graphs(self, record: InvoiceRecord, placed: Collection[str] = ()) -> list[Graph]:
        """The invoice and its items. More than 500 nodes go in several graphs, each with the invoice as its first.

        ``placed``: items, by external ID, that hang on it already and would be refused if their parent were named.
        """
        settings = self._settings
        header = Node(
            INVOICE,
            "PATCH",
            self._by_external_id(settings.invoice.object, settings.invoice.external_id, record.external_id),
            record.body,
        )
        items = [
            Node(
                f"item{index}",
                "PATCH",
                self._by_external_id(settings.item.object or "", settings.item.external_id, external_id),
                body if external_id in placed else {**body, settings.item.parent: Reference(f"@{{{INVOICE}.id}}")},
            )
            for index, (external_id, body) in enumerate(record.items)
        ]
        room = MAX_NODES - 1
        parts = [items[start : start + room] for start in range(0, len(items), room)] or [[]]
        return [Graph(str(record.entity_id), (header, *part)) for part in parts]

    def note_graph(self, entity_id: int, external_id: str, writes: list[NoteWrite]) -> Graph:
        """The notes of one invoice: it is read first, so that they hang on the record that is there now."""
        settings = self._settings.invoice
        nodes = [Node(INVOICE, "GET", self._by_external_id(settings.object, settings.external_id, external_id))]
        for write in writes:
            nodes += self._edit(write) if write.is_edit else self._create(write.note)
        return Graph(str(entity_id), tuple(nodes))

    def _create(self, note: NoteRecord) -> list[Node]:
        # The comment record is a plain create on a unique external ID: a second one is refused, and the note that
        # was made before it in the same graph goes back with it. That is what makes notes exactly-once.
        tag = note.comment_id
        parent = Reference(f"@{{{INVOICE}.Id}}")
        record = self._comment_record(note, parent)
        if self._settings.note.type == "note":
            fields = {**self._note_fields(note), "ParentId": parent}
            return [Node(f"note{tag}", "POST", f"{self._root}/sobjects/Note", fields), *record]
        link = {
            "ContentDocumentId": Reference(f"@{{note{tag}.id}}"),
            "LinkedEntityId": parent,
            "ShareType": "V",
            "Visibility": note.visibility,
        }
        return [
            Node(f"note{tag}", "POST", f"{self._root}/sobjects/ContentNote", self._note_fields(note)),
            *record,
            Node(f"link{tag}", "POST", f"{self._root}/sobjects/ContentDocumentLink", link),
        ]

    def _comment_record(self, note: NoteRecord, parent: Reference) -> list[Node]:
        comment, tag = self._settings.comment, note.comment_id
        if comment.object is None:
            return []
        record = Node(
            f"record{tag}",
            "POST",
            f"{self._root}/sobjects/{comment.object}",
            {
                **note.record,
                comment.external_id: note.external_id,
                comment.parent: parent,
                "Note_Id__c": Reference(f"@{{note{tag}.id}}"),
            },
        )
        return [record]

    def _edit(self, write: NoteWrite) -> list[Node]:
        tag = write.note.comment_id
        kind = "Note" if self._settings.note.type == "note" else "ContentNote"
        path = f"{self._root}/sobjects"
        nodes: list[Node] = []
        if write.record_id:
            record = f"{path}/{self._settings.comment.object}/{write.record_id}"
            nodes.append(Node(f"record{tag}", "PATCH", record, write.note.record))
        if write.note_id:
            fields = self._note_fields(write.note)
            nodes.append(Node(f"note{tag}", "PATCH", f"{path}/{kind}/{write.note_id}", fields))
            if write.link_id:
                link = f"{path}/ContentDocumentLink/{write.link_id}"
                nodes.append(Node(f"link{tag}", "PATCH", link, {"Visibility": write.note.visibility}))
        return nodes

    def _note_fields(self, note: NoteRecord) -> dict[str, Any]:
        if self._settings.note.type == "note":
            return {"Title": note.title, "Body": note.text}
        return {"Title": note.title, "Content": note.content()}

    def _by_external_id(self, name: str, field: str, value: str) -> str:
        # Nothing is safe in a value: a slash or ".." would name another resource.
        return f"{self._root}/sobjects/{name}/{field}/{quote(value, safe='')}"


def comment_of(ref: str) -> int | None:
    """Which comment a node is about; None for the invoice that is read first."""
    digits = ref.lstrip("abcdefghijklmnopqrstuvwxyz")
    return int(digits) if digits else None
