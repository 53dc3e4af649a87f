"""Answers queries: looks names up and chooses records."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal

from daemon.sandbox.salesforce.http.records import record_url
from daemon.sandbox.salesforce.http.soql import Condition, Name, Operand, Pattern, Query, parse_query
from daemon.sandbox.salesforce.http.soql_tokens import query_error
from daemon.sandbox.salesforce.http.wire import wire_value
from daemon.sandbox.salesforce.org import ApiError, Field, Org, Row, SObject, Value
from daemon.sandbox.salesforce.org.ids import normal_id
from daemon.sandbox.salesforce.org.table import index_key

_HINT = (
    "If you are attempting to use a custom {what}, be sure to append the '__c' after the {place} name. "
    "Please reference your WSDL or the describe call for the appropriate names."
)


def run_query(org: Org, text: str, version: str) -> list[dict[str, object]] | int:
    """Return a query's records as JSON, or the number for COUNT()."""
    query = parse_query(text)
    with org.mutex:
        search = _Search(org, query, version)
        rows = search.rows()
        return len(rows) if not query.names else [search.shown(row) for row in rows]


class _Search:
    def __init__(self, org: Org, query: Query, version: str) -> None:
        self._org = org
        self._query = query
        self._version = version
        self._sobject = self._find_object(query.object)
        self._paths = [(name.path, self._path(name)) for name in query.names]
        self._tests = [self._test(condition) for condition in query.conditions]
        if self._sobject.name == "ContentDocumentLink":
            self._demand_link_filter()

    def rows(self) -> list[Row]:
        rows = [row for row in self._candidates() if all(test(row) for test in self._tests)]
        if self._query.order_by is not None:
            path = self._path(self._query.order_by)
            rows.sort(key=lambda row: _order_key(self._value(row, path)), reverse=self._query.descending)
        return rows[: self._query.limit]

    def shown(self, row: Row) -> dict[str, object]:
        shown: dict[str, object] = {"attributes": self._attributes(self._sobject, row)}
        for _, path in self._paths:
            inner, here, record = shown, self._sobject, row
            for field in path[:-1]:
                parent = self._parent(field, record)
                if parent is None:
                    inner[field.relationship] = None
                    break
                here, record = parent
                blank: dict[str, object] = {"attributes": self._attributes(here, record)}
                inner = inner.setdefault(field.relationship, blank)  # type: ignore[assignment]
            else:
                inner[path[-1].name] = wire_value(record.get(path[-1].name))
        return shown

    def _candidates(self) -> list[Row]:
        """Return the possible records: by index where a condition has one, else all."""
        for condition in self._query.conditions:
            field = self._sobject.field(condition.name.path)
            if field and (field.indexed or field.type == "id") and condition.operator in {"=", "IN"}:
                values = [value for value in condition.values if not isinstance(value, Pattern)]
                ids = dict.fromkeys(
                    found for value in values for found in self._org.ids_with(self._sobject.name, field.name, value)
                )
                rows = (self._org.row(self._sobject.name, record_id) for record_id in ids)
                return [row for row in rows if row is not None]
        return self._org.rows(self._sobject.name)

    def _find_object(self, name: Name) -> SObject:
        try:
            return self._org.sobject(name.path)
        except ApiError:
            hint = _HINT.format(what="object", place="entity")
            message = f"sObject type '{name.path}' is not supported. {hint}"
            raise query_error(self._query.text, name.place, message, "INVALID_TYPE") from None

    def _path(self, name: Name) -> list[Field]:
        """Return the reference fields to follow, then the field to read."""
        *relationships, last = name.path.split(".")
        sobject, path = self._sobject, []
        for relationship in relationships:
            step = sobject.by_relationship.get(relationship.lower())
            if step is None or not step.reference_to:
                message = f"Didn't understand relationship '{relationship}' in field path."
                raise query_error(self._query.text, name.place, message, "INVALID_FIELD")
            path.append(step)
            sobject = self._org.objects[step.reference_to[0]]
        field = sobject.field(last)
        if field is None:
            hint = _HINT.format(what="field", place="custom field")
            message = f"No such column '{last}' on entity '{sobject.name}'. {hint}"
            raise query_error(self._query.text, name.place, message, "INVALID_FIELD")
        return [*path, field]

    def _parent(self, field: Field, row: Row) -> tuple[SObject, Row] | None:
        record_id = row.get(field.name)
        parent = self._org.row(field.reference_to[0], str(record_id)) if record_id else None
        return None if parent is None else (self._org.objects[field.reference_to[0]], parent)

    def _value(self, row: Row, path: list[Field]) -> Value:
        for field in path[:-1]:
            parent = self._parent(field, row)
            if parent is None:
                return None
            row = parent[1]
        return row.get(path[-1].name)

    def _test(self, condition: Condition) -> Callable[[Row], bool]:
        path = self._path(condition.name)
        field = path[-1]
        if not field.filterable:
            message = f"field '{condition.name.path}' can not be filtered in a query call"
            raise query_error(self._query.text, condition.name.place, message, "INVALID_FIELD")
        for value in condition.values:
            self._demand_type(condition, field, value)
        matches = _matcher(field, condition)
        return lambda row: matches(self._value(row, path))

    def _demand_type(self, condition: Condition, field: Field, value: Operand) -> None:
        text, place = self._query.text, condition.name.place
        wanted = _LITERALS.get(field.type, (str, Pattern))
        if value is None or isinstance(value, wanted):
            if field.type in {"id", "reference"} and isinstance(value, str) and normal_id(value) is None:
                message = f"invalid ID field: {value}"
                raise query_error(text, place, message, "INVALID_QUERY_FILTER_OPERATOR")
            return
        rule = "and should be enclosed in quotes" if str in wanted else "and should not be enclosed in quotes"
        kind = "string" if str in wanted else field.type
        message = f"value of filter criterion for field '{condition.name.path}' must be of type {kind} {rule}"
        raise query_error(text, place, message, "INVALID_FIELD")

    def _demand_link_filter(self) -> None:
        """Refuse a query of links without a filter by record or document, as the platform does: links are too many."""
        keys = {"id", "contentdocumentid", "linkedentityid"}
        filtered = [c for c in self._query.conditions if c.name.path.lower() in keys and c.operator in {"=", "IN"}]
        if not filtered:
            message = (
                "Implementation restriction: ContentDocumentLink requires a filter by a single Id on ContentDocumentId "
                "or LinkedEntityId using the equals operator or multiple Id's using the IN operator."
            )
            raise query_error(self._query.text, self._query.object.place, message)

    def _attributes(self, sobject: SObject, row: Row) -> dict[str, str]:
        return {"type": sobject.name, "url": record_url(self._version, sobject.name, str(row["Id"]))}


_LITERALS: Mapping[str, tuple[type, ...]] = {"double": (Decimal,), "boolean": (bool,), "datetime": (datetime,)}


def _matcher(field: Field, condition: Condition) -> Callable[[Value], bool]:
    if isinstance(condition.values[0], Pattern):
        pattern = _like(condition.values[0])
        return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None
    keys = {index_key(field, value) for value in condition.values if not isinstance(value, Pattern)}
    match condition.operator:
        case "=" | "IN":
            return lambda value: index_key(field, value) in keys
        case "!=" | "NOT IN":
            return lambda value: index_key(field, value) not in keys
    bound = _order_key(next(iter(keys)))
    compare: Callable[[tuple[bool, str | Decimal | float]], bool] = {
        "<": bound.__gt__,
        ">": bound.__lt__,
        "<=": bound.__ge__,
        ">=": bound.__le__,
    }[condition.operator]
    return lambda value: value is not None and compare(_order_key(index_key(field, value)))


def _order_key(value: Value) -> tuple[bool, str | Decimal | float]:
    """Return a sort key: nulls first, as Salesforce sorts; all other values of a field are of one type."""
    if value is None:
        return (False, 0)
    return (True, value.timestamp() if isinstance(value, datetime) else value)


def _like(pattern: Pattern) -> re.Pattern[str]:
    parts = re.findall(r"\\(?:.|$)|[%_]|[^\\%_]+", pattern.text, re.DOTALL)
    wild = {"%": ".*", "_": "."}
    regex = "".join(wild.get(part) or re.escape(part.removeprefix("\\")) for part in parts)
    return re.compile(regex, re.IGNORECASE | re.DOTALL)
