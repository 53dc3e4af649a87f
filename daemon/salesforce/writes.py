"""Makes the graphs for Salesforce: an invoice with its items, and the notes of an invoice."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from daemon.mapping import InvoiceRecord
from daemon.notes import NoteRecord
from daemon.salesforce.graphs import MAX_BYTES, MAX_NODES, Graph, Node, Reference
from daemon.settings.schema import Salesforce as SalesforceSettings
from daemon.spelling import units

INVOICE = "invoice"
_MAX_COMMENTS_A_GRAPH = 160  # three nodes each, and the invoice's
_BYTES_A_UNIT = 10  # at most, in JSON and once more as escaped HTML in base64
_BYTES_A_COMMENT = 1_500  # everything but its text and title


@dataclass(frozen=True, slots=True)
class NoteWrite:
    """The write of one comment: a new note and record, or an edit of the old ones.

    A comment record without a ``note_id``: somebody deleted the note, and it stays deleted. ``link_id``: the link that
    hangs the note on the invoice, and says who may see it.
    """

    note: NoteRecord
    record_id: str | None = None
    note_id: str | None = None
    link_id: str | None = None

    @property
    def is_edit(self) -> bool:
        """Return whether Salesforce has the record or the note already."""
        return self.record_id is not None or self.note_id is not None


def fitting(writes: Iterable[NoteWrite]) -> int:
    """Return how many of these comments of one invoice, at least one, go in one graph and one call."""
    count = size = 0
    for count, write in enumerate(writes, 1):
        size += _BYTES_A_UNIT * (units(write.note.text) + units(write.note.title)) + _BYTES_A_COMMENT
        if size > MAX_BYTES or count > _MAX_COMMENTS_A_GRAPH:
            return max(1, count - 1)
    return count


class Writes:
    """Spells graphs with the settings' names of objects and fields."""

    def __init__(self, settings: SalesforceSettings, root: str) -> None:
        self._settings = settings
        self._root = root

    def invoice_graphs(self, record: InvoiceRecord, placed: Collection[str] = ()) -> list[Graph]:
        """Return the graphs of the invoice and its items: several where there are more than 500 nodes.

        The invoice is the first node of each graph. ``placed``: items, by external ID, that hang on the invoice
        already; Salesforce would reject them if their parent were named.
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
        """Return the graph of one invoice's notes.

        The graph reads the invoice first, so that the notes hang on the record that is there now.
        """
        settings = self._settings.invoice
        nodes = [Node(INVOICE, "GET", self._by_external_id(settings.object, settings.external_id, external_id))]
        for write in writes:
            nodes += self._edit(write) if write.is_edit else self._create(write.note)
        return Graph(str(entity_id), tuple(nodes))

    def _create(self, note: NoteRecord) -> list[Node]:
        # The comment record is a plain create on a unique external ID: Salesforce rejects a second one, and with it the
        # note that was made before it in the same graph. That is what makes notes exactly-once.
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
    """Return the comment's id in a node's name, if the node is not the invoice's."""
    digits = ref.lstrip("abcdefghijklmnopqrstuvwxyz")
    return int(digits) if digits else None
