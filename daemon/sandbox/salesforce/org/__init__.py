"""A small Salesforce org: its records, and the actions of people and tests on them behind the API's back."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

from daemon.sandbox.salesforce.org.errors import ApiError
from daemon.sandbox.salesforce.org.note_html import plain_text
from daemon.sandbox.salesforce.org.objects import DEFAULT_OBJECTS, STANDARD_OBJECTS
from daemon.sandbox.salesforce.org.schema import Field, Row, SObject, Value
from daemon.sandbox.salesforce.org.setup import Setup
from daemon.sandbox.salesforce.org.transactions import Change
from daemon.sandbox.salesforce.org.traps import Operation, Predicate, Trap

__all__ = ["STANDARD_OBJECTS", "ApiError", "Change", "Field", "NoteSeen", "Org", "Row", "SObject", "Trap", "Value"]


class NoteSeen(NamedTuple):
    """A note as people see it on a record; `html` of a classic note is its plain body."""

    title: str
    html: str
    text: str


class Org(Setup):
    """The org, with methods for tests to arrange records and to look them up.

    `Org(STANDARD_OBJECTS)` is a new org, without the objects for Magento's records.
    Records are dictionaries of typed values: `Decimal` for numbers, aware `datetime`, HTML for a note's Content.
    """

    def __init__(
        self,
        objects: Iterable[SObject] = DEFAULT_OBJECTS,
        *,
        name: str = "Sandbox",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(objects, clock)
        self.organization_id = self._install(
            "Organization", Name=name, InstanceName="SBX1", IsSandbox=True, OrganizationType="Enterprise Edition"
        )
        self.user_id = self._install("User", Name="Integration User", Username="integration@sandbox.example")

    def records(self, name: str) -> list[dict[str, Value]]:
        """Return all records of an object, oldest first."""
        return [dict(row) for row in self.rows(name)]

    def find(self, name: str, field: str, value: Value) -> dict[str, Value] | None:
        """Return the oldest record with this value, or None."""
        with self.mutex:
            found = self.ids_with(name, field, value)
            row = self.row(name, found[0]) if found else None
            return dict(row) if row is not None else None

    def delete(self, name: str, record_id: str) -> None:
        """Delete a record as a person does, with its details, links and classic notes."""
        self.erase(name, record_id)

    def notes_of(self, record_id: str) -> list[NoteSeen]:
        """Return the notes on a record, enhanced and classic, oldest first."""
        with self.mutex:
            notes = [self.row("ContentNote", note_id) for note_id in self.note_ids_of(record_id)]
            enhanced = [
                NoteSeen(str(note["Title"]), str(note["Content"] or ""), plain_text(str(note["Content"] or "")))
                for note in notes
                if note is not None
            ]
            classic = [
                NoteSeen(str(note["Title"]), str(note.get("Body") or ""), str(note.get("Body") or ""))
                for note in self.rows("Note")
                if note["ParentId"] == record_id
            ]
            return enhanced + classic

    def note_ids_of(self, record_id: str) -> list[str]:
        """Return the ids of the enhanced notes linked to a record."""
        with self.mutex:
            links = self.ids_with("ContentDocumentLink", "LinkedEntityId", record_id)
            rows = [self.row("ContentDocumentLink", link) for link in links]
            return [str(row["ContentDocumentId"]) for row in rows if row is not None]

    def orphan_notes(self) -> list[dict[str, Value]]:
        """Return the notes on no record any more: only their owner's own link is left."""
        with self.mutex:
            linked = {
                row["ContentDocumentId"]
                for row in self.rows("ContentDocumentLink")
                if row["LinkedEntityId"] != self.user_id
            }
            return [note for note in self.records("ContentNote") if note["Id"] not in linked]

    def counts(self) -> dict[str, int]:
        """Return the number of records of each object."""
        with self.mutex:
            return {name: len(self.rows(name)) for name in self.objects}

    def fail(
        self,
        name: str,
        predicate: Predicate,
        code: str,
        message: str,
        fields: Sequence[str] = (),
        *,
        times: int | None = None,
        operations: Sequence[Operation] = ("create", "update"),
    ) -> Trap:
        """Reject matching records with this error: a failing trigger, a full storage."""
        trap = Trap(name, predicate, lambda _: ApiError(code, message, fields=fields), operations, times)
        self._traps.append(trap)
        return trap

    def add_rule(self, name: str, predicate: Predicate, message: str, fields: Sequence[str] = ()) -> Trap:
        """Add a validation rule, as an administrator does: matching records are rejected."""
        return self.fail(name, predicate, "FIELD_CUSTOM_VALIDATION_EXCEPTION", message, fields)

    def lock(self, name: str, predicate: Predicate, *, times: int | None = 1) -> Trap:
        """Lock the row (of a detail: its master's) by another transaction, during the next `times` writes."""

        def locked(row: Row) -> ApiError:
            return ApiError(
                "UNABLE_TO_LOCK_ROW",
                f"unable to obtain exclusive access to this record or 1 records: {row.get('Invoice__c') or row['Id']}",
            )

        trap = Trap(name, predicate, locked, times=times)
        self._traps.append(trap)
        return trap

    def make_duplicate_external_id(self, name: str, value: str) -> str:
        """Give a second record the external ID of an existing one, as a field without uniqueness allows."""
        key = self.objects[name].external_id
        assert key is not None
        with self.transaction():
            found = self.find(name, key.name, value)
            assert found is not None, f"no {name} has the external ID {value}"
            return self._install(name, **{k: v for k, v in found.items() if k not in {"Id", "Name"}})

    def change_field(self, name: str, field: str, **traits: Any) -> None:
        """Change a field, as an administrator does: `length=40`, `unique=False`, `updateable=False` …"""
        changed = [replace(other, **traits) if other.name == field else other for other in self.objects[name].fields]
        self._change_fields(name, changed)

    def remove_field(self, name: str, field: str) -> None:
        """Remove a field, as an administrator does who deletes or hides it: describe does not show the field."""
        self._change_fields(name, [other for other in self.objects[name].fields if other.name != field])

    def add_field(self, name: str, field: Field) -> None:
        """Add a field, as an administrator does."""
        self._change_fields(name, [*self.objects[name].fields, field])

    def _change_fields(self, name: str, fields: Sequence[Field]) -> None:
        with self.mutex:
            self.objects[name] = replace(self.objects[name], fields=tuple(fields))
            self._tables[name].index_by(self.objects[name])
