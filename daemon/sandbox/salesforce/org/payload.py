"""Reads a record's body: names and values are checked against the object, parents found by external ID."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from daemon.sandbox.salesforce.org.errors import ApiError, invalid_reference
from daemon.sandbox.salesforce.org.schema import Field, SObject, Value
from daemon.sandbox.salesforce.org.values import parse_value


class Records(Protocol):
    """The questions of this check about other records of the org."""

    def ids_with(self, name: str, field_name: str, value: Value) -> list[str]:
        """Return the ids of the records of an object with this value."""

    def object_of(self, record_id: str) -> str | None:
        """Return the object of an existing record, or None."""


def parse_payload(
    records: Records, sobject: SObject, body: Mapping[str, object], *, creating: bool, key: Field | None = None
) -> dict[str, Value]:
    """Return the values to save. `key` is the external ID in the call's URL, which the body must not repeat."""
    values: dict[str, Value] = {}
    for name, raw in body.items():
        if name == "attributes":
            continue
        field = sobject.field(name)
        if field is None and isinstance(raw, dict):
            parent_field = sobject.by_relationship.get(name.lower())
            if parent_field is not None:
                values[parent_field.name] = _parent_id(records, parent_field, raw)
                _demand_writable(parent_field, creating=creating)
                continue
        if field is None:
            raise _no_such_column(name, sobject)
        if field.type == "id" or (key is not None and field.name == key.name):
            raise ApiError("INVALID_FIELD", f"The {field.name} field should not be specified in the sobject data.")
        _demand_writable(field, creating=creating)
        values[field.name] = parse_value(field, raw)
    _demand_required(sobject.required, values, creating=creating, key=key)
    for field_name, value in values.items():
        _demand_existing(records, sobject, field_name, value)
    return values


def _no_such_column(name: str, sobject: SObject) -> ApiError:
    return ApiError("INVALID_FIELD", f"No such column '{name}' on sobject of type {sobject.name}", fields=None)


def _parent_id(records: Records, field: Field, raw: Mapping[str, object]) -> str:
    parent = field.reference_to[0] if field.reference_to else ""
    keys = {name: value for name, value in raw.items() if name != "attributes"}
    name, value = next(iter(keys.items()), ("", None))
    if len(keys) != 1 or not isinstance(value, str):
        raise ApiError("INVALID_FIELD", f"{field.relationship}: exactly one external ID is needed", fields=None)
    found = records.ids_with(parent, name, value)
    if not found:
        raise ApiError(
            "INVALID_FIELD", f"Foreign key external ID: {value} not found for field {name} in entity {parent}"
        )
    if len(found) > 1:
        raise ApiError("DUPLICATE_EXTERNAL_ID", f"{name}: more than one record found for external id field: {found}")
    return found[0]


def _demand_writable(field: Field, *, creating: bool) -> None:
    if not (field.createable if creating else field.writable):
        raise ApiError(
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            f"Unable to create/update fields: {field.name}. Please check the security settings of this field and "
            "verify that it is read/write for your profile or permission set.",
            fields=[field.name],
        )


def _demand_required(
    required: Iterable[Field], values: Mapping[str, Value], *, creating: bool, key: Field | None
) -> None:
    given = None if key is None else key.name
    missing = [
        field.name
        for field in required
        if field.name != given and (creating or field.name in values) and values.get(field.name) is None
    ]
    if missing:
        raise ApiError("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(missing)}]", fields=missing)


def _demand_existing(records: Records, sobject: SObject, field_name: str, value: Value) -> None:
    field = sobject.by_name[field_name.lower()]
    if field.type != "reference" or value is None:
        return
    target = records.object_of(str(value))
    if target is None:
        raise invalid_reference()
    if field.reference_to and target not in field.reference_to:
        raise ApiError(
            "FIELD_INTEGRITY_EXCEPTION", f"{field.label}: id value of incorrect type: {value}", fields=[field.name]
        )
