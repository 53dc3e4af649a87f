"""The records of one object, by id and by indexed fields."""

from collections import defaultdict
from collections.abc import Iterator

from daemon.sandbox.salesforce.org.ids import ids_from, normal_id
from daemon.sandbox.salesforce.org.schema import Field, Row, SObject, Value


class Table:
    """Rows by id. A row is never changed in place but replaced, so that the old one can be put back."""

    def __init__(self, sobject: SObject) -> None:
        self.rows: dict[str, Row] = {}
        self.deleted: set[str] = set()
        self._ids = ids_from(sobject.key_prefix)
        self._indexed: list[Field] = []
        self._index: dict[str, dict[Value, dict[str, None]]] = {}
        self.index_by(sobject)

    def index_by(self, sobject: SObject) -> None:
        """Index all rows again, by the present fields of the object."""
        self._indexed = [field for field in sobject.fields if field.indexed]
        self._index = {field.name: defaultdict(dict) for field in self._indexed}
        for record_id, row in self.rows.items():
            for field in self._indexed:
                self._index[field.name][index_key(field, row.get(field.name))][record_id] = None

    def new_id(self) -> str:
        """Return an id that no record of this object ever had."""
        return next(self._ids)

    def put(self, record_id: str, row: Row | None) -> Row | None:
        """Replace a row (None: delete it) and return the old one."""
        before = self.rows.get(record_id)
        for field in self._indexed:
            if before is not None:
                self._index[field.name][index_key(field, before.get(field.name))].pop(record_id, None)
            if row is not None:
                self._index[field.name][index_key(field, row.get(field.name))][record_id] = None
        if row is None:
            self.rows.pop(record_id, None)
            self.deleted.add(record_id)
        else:
            self.rows[record_id] = row
            self.deleted.discard(record_id)
        return before

    def put_back(self, record_id: str, before: Row | None) -> None:
        """Undo a put; a record whose creation is undone never existed, so it is not deleted."""
        self.put(record_id, before)
        self.deleted.discard(record_id)

    def ids_with(self, field: Field, value: Value) -> list[str]:
        """Return the ids of the records with this value, by index where possible."""
        if value is None:
            return [record_id for record_id, row in self.rows.items() if row.get(field.name) is None]
        key = index_key(field, value)
        if field.type == "id":
            return [str(key)] if key in self.rows else []
        if field.name in self._index:
            return list(self._index[field.name].get(key, ()))
        return [record_id for record_id, row in self.rows.items() if index_key(field, row.get(field.name)) == key]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows.values())


def index_key(field: Field, value: Value) -> Value:
    """Return a key that is equal for values that Salesforce takes as equal.

    These are ids of either length, and texts in any case unless the field is case-sensitive.
    """
    if not isinstance(value, str):
        return value
    if field.type in {"id", "reference"}:
        return normal_id(value) or value
    return value if field.case_sensitive else value.casefold()
