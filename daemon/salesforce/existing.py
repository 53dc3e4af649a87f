"""Asks Salesforce which of our records and notes exist."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from simple_salesforce.format import format_soql

from daemon.errors import Unreadable
from daemon.notes import marker_of
from daemon.salesforce.connection import Connection
from daemon.salesforce.ids import id_of
from daemon.settings.schema import Salesforce as SalesforceSettings

_USER = "005"  # the beginning of a user's ID: a note's author has a link of their own
_IDS_A_QUERY = 200  # keeps the URL, which holds the query, below the 16 KB that Salesforce takes


@dataclass(frozen=True, slots=True)
class Existing:
    """A record that Salesforce already has for one of our external IDs."""

    record_id: str
    fingerprint: str | None
    note_id: str | None = None


class ExistingRecords:
    """The records of one org that the settings name."""

    def __init__(self, connection: Connection, settings: SalesforceSettings) -> None:
        self.connection = connection
        self._settings = settings

    def existing_invoices(self, external_ids: Iterable[str]) -> dict[str, Existing]:
        """Return the existing records of these invoices, by external ID."""
        invoice = self._settings.invoice
        return self._existing(invoice.object, invoice.external_id, [], external_ids)

    def existing_items(self, external_ids: Iterable[str]) -> set[str]:
        """Return the external IDs of these items with an existing record."""
        item = self._settings.item
        assert item.object is not None, "items that are not sent are not asked for"
        return set(self._existing(item.object, item.external_id, [], external_ids))

    def existing_comments(self, external_ids: Iterable[str]) -> dict[str, Existing]:
        """Return the existing records of these comments, wherever they hang, without their text."""
        comment = self._settings.comment
        assert comment.object is not None, "without comment records, ask for marked notes"
        return self._existing(comment.object, comment.external_id, ["Note_Id__c", "Sync_Fingerprint__c"], external_ids)

    def marked_notes(self, invoice_ids: Iterable[str]) -> dict[str, Existing]:
        """Return the marked notes on these invoices (by Salesforce ID), by the external ID in their title."""
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
        """Return the ID of the link between each of these notes and its record; classic notes have no link."""
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
                raise _unreadable()  # not the query's address, or an address that leads to itself for ever
            followed.add(following)
            answer = self.connection.call(place[1])


def _unreadable() -> Unreadable:
    return Unreadable("Salesforce's answer to a query cannot be read", side="salesforce", sent=False)


def _id(row: dict[str, Any], name: str) -> str:
    try:
        return id_of(row.get(name))
    except ValueError:
        raise _unreadable() from None


def _title(document: object) -> str:
    return str(document.get("Title")) if isinstance(document, dict) else ""
