"""The org's records: created, updated and deleted in transactions, as on the platform."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from daemon.sandbox.salesforce.org.defaults import default_values
from daemon.sandbox.salesforce.org.errors import ApiError, invalid_reference, not_found
from daemon.sandbox.salesforce.org.ids import normal_id
from daemon.sandbox.salesforce.org.payload import parse_payload
from daemon.sandbox.salesforce.org.permissions import Permissions
from daemon.sandbox.salesforce.org.schema import Field, Row, SObject, Value
from daemon.sandbox.salesforce.org.table import Table
from daemon.sandbox.salesforce.org.transactions import Change, Transactions
from daemon.sandbox.salesforce.org.traps import Operation, Trap
from daemon.sandbox.salesforce.org.values import parse_value


class Database(Transactions, Permissions):
    """Objects and their records, checked at each write.

    `hidden` has the names of objects that the user may not see: REST answers 404, as for unknown objects.
    """

    def __init__(self, objects: Iterable[SObject], clock: Callable[[], datetime]) -> None:
        super().__init__()
        Permissions.__init__(self)
        self.objects = {sobject.name: sobject for sobject in objects}
        self.hidden: set[str] = set()
        self.read_only = False
        self.user_id = ""
        self._clock = clock
        self._traps: list[Trap] = []
        self._tables = {name: Table(sobject) for name, sobject in self.objects.items()}
        if "ContentNote" in self._tables:  # a note and its document are one record under two names
            self._tables["ContentDocument"] = self._tables["ContentNote"]

    def sobject(self, name: str) -> SObject:
        """Return the object of that name, in any case, as far as the user may see it; else raise the 404."""
        found = self.objects.get(name) or next(
            (sobject for sobject in self.objects.values() if sobject.name.lower() == name.lower()), None
        )
        if found is None or found.name in self.hidden:
            raise not_found()
        assigned = self.assigned() if self.guarded else ()
        if not self.may(assigned, found.name, "allowRead"):
            raise not_found()
        return self.view(found, assigned)

    def assigned(self) -> list[str]:
        """Return the integration user's permission sets."""
        if "PermissionSetAssignment" not in self._tables:
            return []
        ids = [
            row["PermissionSetId"]
            for row in self._tables["PermissionSetAssignment"]
            if row["AssigneeId"] == self.user_id
        ]
        rows = [self.row("PermissionSet", str(one)) for one in ids]
        return [str(row["Name"]) for row in rows if row is not None]

    def row(self, name: str, record_id: str) -> Row | None:
        """Return one record by its 18-character id, or None."""
        return self._tables[name].rows.get(record_id)

    def rows(self, name: str) -> list[Row]:
        """Return every record of an object, in the order of creation."""
        with self.mutex:
            return list(self._tables[name])

    def was_deleted(self, name: str, record_id: str) -> bool:
        """Return whether such a record existed once."""
        return record_id in self._tables[name].deleted

    def ids_with(self, name: str, field_name: str, value: Value) -> list[str]:
        """Return the ids of the records with this value, compared as Salesforce compares."""
        sobject = self.objects.get(name)
        field = sobject.field(field_name) if sobject else None
        if sobject is None or field is None:
            raise ApiError("INVALID_FIELD", f"No such column '{field_name}' on sobject of type {name}", fields=None)
        with self.mutex:
            return self._tables[sobject.name].ids_with(field, value)

    def object_of(self, record_id: str) -> str | None:
        """Return the object of an existing record; of a note, ContentDocument."""
        prefix = record_id[:3]
        names = [name for name, sobject in self.objects.items() if sobject.key_prefix == prefix]
        found = [name for name in names if record_id in self._tables[name].rows]
        return found[-1] if found else None

    def create(self, name: str, body: Mapping[str, object], *, key: tuple[Field, str] | None = None) -> str:
        """Create a record and return its id; `key` is the external ID of an upsert without a match."""
        sobject = self.sobject(name)
        with self.transaction():
            self._demand_writes()
            values = parse_payload(self, sobject, body, creating=True, key=key[0] if key else None)
            if key:
                values[key[0].name] = parse_value(*key)
            record_id, blank = self._blank(self.objects[sobject.name])
            given = {name: value for name, value in values.items() if value is not None}
            self._save(self.objects[sobject.name], record_id, blank | given, "create")
            if sobject.name == "ContentNote":
                self._link_to_owner(record_id)
            return record_id

    def update(self, name: str, record_id: str, body: Mapping[str, object], *, key: Field | None = None) -> None:
        """Change the fields in the body and no others."""
        sobject = self.sobject(name)
        with self.transaction():
            self._demand_writes()
            before = self._existing(sobject, record_id)
            values = parse_payload(self, sobject, body, creating=False, key=key)
            stamps: dict[str, Value] = {"LastModifiedDate": self._now(), "SystemModstamp": self._now()}
            self._save(self.objects[sobject.name], str(before["Id"]), {**before, **values, **stamps}, "update")

    def erase(self, name: str, record_id: str) -> None:
        """Delete a record with its details; empty the lookups to it."""
        sobject = self.sobject(name)
        with self.transaction():
            self._demand_writes()
            self._delete(sobject, str(self._existing(sobject, record_id)["Id"]))

    def _install(self, name: str, **values: Value) -> str:
        """Store a record without any check and without a trace in the history; return its id."""
        with self.transaction():
            record_id, blank = self._blank(self.objects[name])
            self._put(self._tables[name], record_id, blank | values)
            return record_id

    def _existing(self, sobject: SObject, record_id: str) -> Row:
        normal = normal_id(record_id) or ""
        row = self.row(sobject.name, normal)
        if row is not None:
            return row
        if self.was_deleted(sobject.name, normal):
            raise ApiError("ENTITY_IS_DELETED", "entity is deleted", status=404)
        raise invalid_reference(status=404)

    def _save(self, sobject: SObject, record_id: str, row: Row, operation: Operation) -> None:
        for trap in self._traps:
            trap.spring(sobject.name, operation, row)
        table = self._tables[sobject.name]
        for field in sobject.unique:
            value = row.get(field.name)
            others = [other for other in table.ids_with(field, value) if other != record_id] if value else []
            if others:
                raise ApiError(
                    "DUPLICATE_VALUE",
                    f"duplicate value found: {field.name} duplicates value on record with id: {others[0][:15]}",
                )
        self._put(table, record_id, row)
        external_id = row.get(sobject.external_id.name) if sobject.external_id else None
        self._changes.append(Change(sobject.name, str(external_id or record_id), operation))

    def _delete(self, sobject: SObject, record_id: str) -> None:
        self._put(self._tables[sobject.name], record_id, None)
        for other in self.objects.values():
            for field in other.fields:
                if field.type != "reference":
                    continue
                for dependent in self._tables[other.name].ids_with(field, record_id):
                    if field.master:
                        self._delete(other, dependent)
                    else:
                        row = self._tables[other.name].rows[dependent]
                        self._put(self._tables[other.name], dependent, {**row, field.name: None})

    def _blank(self, sobject: SObject) -> tuple[str, dict[str, Value]]:
        """Return a new id, and the platform's own values of a new record."""
        table = self._tables[sobject.name]
        record_id = table.new_id()
        return record_id, default_values(sobject, record_id, number=len(table.rows) + 1, now=self._now())

    def _link_to_owner(self, note_id: str) -> None:
        """Add the platform's own link, which lets the creator see the note."""
        sobject = self.objects["ContentDocumentLink"]
        link_id, blank = self._blank(sobject)
        link: dict[str, Value] = {"ContentDocumentId": note_id, "LinkedEntityId": self.user_id, "ShareType": "I"}
        self._put(self._tables[sobject.name], link_id, blank | link)

    def _demand_writes(self) -> None:
        if self.read_only:
            raise ApiError(
                "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE",
                "Updates can't be made during maintenance. Try again when maintenance is complete.",
            )

    def _now(self) -> datetime:
        return self._clock().astimezone(UTC).replace(microsecond=0)
