"""Upserts invoices, attaches notes and asks what is there: Salesforce as the pass sees it."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from simple_salesforce.format import format_soql

from daemon.clock import Clock
from daemon.errors import InvoiceSyncError, Retriable, Unreadable
from daemon.mapping import InvoiceRecord
from daemon.notes import marker_of
from daemon.redaction import Redaction
from daemon.salesforce.connection import CallRejected, Connection
from daemon.salesforce.graphs import MAX_BYTES, Answer, Done, Graph, NotAttempted, Rejected, pack, read_answers
from daemon.salesforce.ids import id_of
from daemon.salesforce.remedies import RecordError, remedy_for
from daemon.salesforce.remedy import Next, Reach, Remedy
from daemon.salesforce.scrubbing import scrubbed
from daemon.salesforce.writes import INVOICE, NoteWrite, Writes, comment_of
from daemon.settings import Configuration
from daemon.spelling import units
from daemon.transport import Transport

__all__ = [
    "INVOICE",
    "MAX_COMMENTS_A_GRAPH",
    "Answer",
    "CallRejected",
    "Done",
    "Existing",
    "Next",
    "NotAttempted",
    "NoteWrite",
    "Reach",
    "RecordError",
    "Rejected",
    "Remedy",
    "Salesforce",
    "comment_of",
    "fitting",
    "remedy_for",
    "scrubbed",
    "without_values",
]  # fmt: skip

_USER = "005"  # how a user's ID begins: a note's author has a link of their own
_IDS_A_QUERY = 200  # keeps the URL, which holds the query, below the 16 KB that Salesforce takes
MAX_COMMENTS_A_GRAPH = 160  # three nodes each, and the invoice's
_BYTES_A_UNIT = 10  # at most, in JSON and once more as escaped HTML in base64
_BYTES_A_COMMENT = 1_500  # everything but its text and title


def fitting(writes: Iterable[NoteWrite]) -> int:
    """How many of these comments of one invoice, at least one, go in one graph and one call."""
    count = size = 0
    for count, write in enumerate(writes, 1):
        size += _BYTES_A_UNIT * (units(write.note.text) + units(write.note.title)) + _BYTES_A_COMMENT
        if size > MAX_BYTES or count > MAX_COMMENTS_A_GRAPH:
            return max(1, count - 1)
    return count


@dataclass(frozen=True, slots=True)
class Existing:
    """A record that Salesforce already has for one of our external IDs."""

    record_id: str
    fingerprint: str | None
    note_id: str | None = None


class Salesforce:
    """One org, by the settings in force."""

    def __init__(
        self,
        configuration: Configuration,
        clock: Clock,
        redaction: Redaction,
        transport: Transport,
        expected_organization: str | None = None,
    ) -> None:
        self.connection = Connection(configuration, clock, redaction, transport, expected_organization)
        self._redaction = redaction
        self._settings = configuration.settings.salesforce
        self._writes = Writes(self._settings, self.connection.root)

    def close(self) -> None:
        """Let go of the connections."""
        self.connection.close()

    def upsert_invoices(self, records: Sequence[InvoiceRecord], placed: Collection[str] = ()) -> dict[int, Answer]:
        """One call: each invoice with its items, all or nothing. More than fit in a call are left out of the answer.

        ``placed``: items, by external ID, whose parent is not to be named, because it may not be changed.
        CallRejected when Salesforce refuses the call as a whole.
        """
        graphs = [self._writes.invoice_graphs(record, placed) for record in records]
        if len(graphs[0]) > 1:  # beyond 500 nodes: alone, and in when the last of its graphs is
            return {records[0].entity_id: self._in_turn(graphs[0], records[0].private)}
        going = pack([parts[0] for parts in graphs if len(parts) == 1])[0]
        return self._send(going, {r.entity_id: r.private for r in records})

    def attach_notes(self, invoices: Sequence[tuple[int, str, list[NoteWrite]]]) -> dict[int, Answer]:
        """One call: for each (entity_id, external ID) its notes, all or nothing. What does not fit is left out."""
        graphs = [self._writes.note_graph(*invoice) for invoice in invoices]
        texts = {
            entity_id: tuple(text for write in writes for text in (write.note.text, write.note.title))
            for entity_id, _, writes in invoices
        }
        return self._send(pack(graphs)[0], texts)

    def existing_invoices(self, external_ids: Iterable[str]) -> dict[str, Existing]:
        """Which of these invoices are in Salesforce, with their IDs."""
        invoice = self._settings.invoice
        return self._existing(invoice.object, invoice.external_id, [], external_ids)

    def existing_items(self, external_ids: Iterable[str]) -> set[str]:
        """Which of these items have a record."""
        item = self._settings.item
        assert item.object is not None, "items that are not sent are not asked for"
        return set(self._existing(item.object, item.external_id, [], external_ids))

    def existing_comments(self, external_ids: Iterable[str]) -> dict[str, Existing]:
        """Which of these comments have a record, wherever it hangs; never their text."""
        comment = self._settings.comment
        assert comment.object is not None, "without comment records, ask for marked notes"
        return self._existing(comment.object, comment.external_id, ["Note_Id__c", "Sync_Fingerprint__c"], external_ids)

    def marked_notes(self, invoice_ids: Iterable[str]) -> dict[str, Existing]:
        """The notes that hang on these invoices (by Salesforce ID) and carry a comment's external ID in their title."""
        found: dict[str, Existing] = {}
        ids = sorted(set(invoice_ids))
        for start in range(0, len(ids), _IDS_A_QUERY):
            part = ids[start : start + _IDS_A_QUERY]
            for title, note_id in self._notes_on(part):
                external_id = marker_of(title)
                if external_id is not None:
                    found.setdefault(external_id, Existing("", None, note_id))
        return found

    def links_of(self, note_ids: Iterable[str]) -> dict[str, str]:
        """What hangs these notes on a record, by note: the link's ID. A classic note has none."""
        found: dict[str, str] = {}
        ids = sorted(set(note_ids)) if self._settings.note.type == "content_note" else []
        for start in range(0, len(ids), _IDS_A_QUERY):
            soql = "SELECT Id, ContentDocumentId, LinkedEntityId FROM ContentDocumentLink WHERE ContentDocumentId IN {}"
            for row in self._query(format_soql(soql, ids[start : start + _IDS_A_QUERY])):
                if not _id(row, "LinkedEntityId").startswith(_USER):
                    found.setdefault(_id(row, "ContentDocumentId"), _id(row, "Id"))
        return found

    def _notes_on(self, invoice_ids: list[str]) -> list[tuple[str, str]]:
        if self._settings.note.type == "note":
            rows = self._query(format_soql("SELECT Id, ParentId, Title FROM Note WHERE ParentId IN {}", invoice_ids))
            return [(str(row.get("Title")), _id(row, "Id")) for row in rows]
        soql = (
            "SELECT ContentDocumentId, LinkedEntityId, ContentDocument.Title FROM ContentDocumentLink "
            "WHERE LinkedEntityId IN {} AND ContentDocument.FileType = 'SNOTE'"
        )
        rows = self._query(format_soql(soql, invoice_ids))
        return [(_title(row.get("ContentDocument")), _id(row, "ContentDocumentId")) for row in rows]

    def _existing(self, name: str, key: str, fields: list[str], external_ids: Iterable[str]) -> dict[str, Existing]:
        found: dict[str, Existing] = {}
        ids = list(external_ids)
        for start in range(0, len(ids), _IDS_A_QUERY):
            names = ", ".join(["Id", key, *fields])
            part = ids[start : start + _IDS_A_QUERY]
            soql = f"SELECT {names} FROM {name} WHERE {key} IN {{}}"  # noqa: S608  (names are checked by the settings)
            for row in self._query(format_soql(soql, part)):
                if row.get(key) not in part:
                    raise _unreadable()
                fingerprint = row.get("Sync_Fingerprint__c")
                found[row[key]] = Existing(
                    _id(row, "Id"),
                    fingerprint if isinstance(fingerprint, str) else None,
                    _id(row, "Note_Id__c") if row.get("Note_Id__c") else None,
                )
        return found

    def _query(self, soql: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        answer = self.connection.call("query/", params={"q": soql})
        followed: set[str] = set()
        while True:
            try:
                rows += [dict(row) for row in answer["records"]]
                following = None if answer["done"] is True else answer["nextRecordsUrl"]
            except (KeyError, TypeError, ValueError):
                raise _unreadable() from None
            if following is None:
                return rows
            place = re.fullmatch(rf"{re.escape(self.connection.root)}/(query/[\w-]+)", str(following), re.ASCII)
            if place is None or following in followed:
                raise _unreadable()  # another address than the query's, or one that leads to itself for ever
            followed.add(following)
            answer = self.connection.call(place[1])

    def _in_turn(self, graphs: list[Graph], private: tuple[str, ...]) -> Answer:
        answer: Answer = NotAttempted()
        for graph in graphs:
            answer = self._send([graph], {int(graph.graph_id): private})[int(graph.graph_id)]
            if not isinstance(answer, Done):
                break
        return answer

    def _send(self, graphs: list[Graph], texts: dict[int, tuple[str, ...]]) -> dict[int, Answer]:
        body = {"graphs": [graph.spelled() for graph in graphs]}
        everybodys = [text for private in texts.values() for text in private]
        try:
            answers = read_answers(self.connection.call("composite/graph", method="POST", body=body), graphs)
        except CallRejected as error:
            message = scrubbed(error.code, error.message, everybodys, self._redaction)
            raise CallRejected(error.code, message, error.status) from None
        except InvoiceSyncError as error:  # a failure of the whole call may quote what was sent as well
            if isinstance(error, Retriable) and error.about is None:
                error.about = frozenset(int(graph.graph_id) for graph in graphs)
            error.args = (scrubbed("", str(error), everybodys, self._redaction),)
            raise
        return {
            int(graph_id): without_values(answer, texts.get(int(graph_id), ()), self._redaction)
            for graph_id, answer in answers.items()
        }


def _unreadable() -> Unreadable:
    return Unreadable("Salesforce's answer to a query cannot be read", side="salesforce", sent=False)


def _id(row: dict[str, Any], name: str) -> str:
    try:
        return id_of(row.get(name))
    except ValueError:
        raise _unreadable() from None


def _title(document: object) -> str:
    return str(document.get("Title")) if isinstance(document, dict) else ""


def without_values(answer: Answer, texts: tuple[str, ...], redaction: Redaction) -> Answer:
    """Return the answer, with the values that Salesforce quotes taken out of its message: they are a customer's."""
    if not isinstance(answer, Rejected):
        return answer
    message = scrubbed(answer.error.code, answer.error.message, texts, redaction)
    return Rejected(answer.ref, replace(answer.error, message=message))
